"""What the expectations of raw and post-game tables share: the finished games of a date, seen from both teams."""

from __future__ import annotations

from datetime import date

import pandas as pd

from nba_assets.partition import Cause
from nba_assets.schema.evidence import Evidence, Expectation, by_date, none_expected
from nba_assets.tables.games import FINAL, counting_games, finished_sides_on, game_name

PLAYERS_ON_THE_FLOOR = 5


def unfinished(evidence: Evidence) -> dict[date, Expectation]:
    """Expectations that begin with the games of a past date that the schedule still does not call final."""
    found = none_expected(evidence)
    games = counting_games(evidence.inputs.on_date["raw_schedule"], evidence.inputs.counting_types)
    games = games[games["game_date"].isin(evidence.dates) & (games["status"] != FINAL)]
    for game in games.itertuples():
        result, name = found[game.game_date.date()], game_name(game)
        result.expected += 1
        result.games += 1
        result.game_of[result.lack(name, Cause.NOT_FINAL)] = name
    return found


def finished_sides(evidence: Evidence) -> pd.DataFrame:
    """`team_games` of the finished counting games of the dates, in order."""
    schedule, counting_types = evidence.inputs.on_date["raw_schedule"], evidence.inputs.counting_types
    return finished_sides_on(evidence.dates, schedule, counting_types).sort_values(["game_date", "game_id", "team"])


def expect_team_rows(evidence: Evidence) -> dict[date, Expectation]:
    """Both teams of every finished game have a row."""
    found = unfinished(evidence)
    present = evidence.rows[["game_id", "team"]].assign(present=True)
    raw = evidence.inputs.on_date["raw_team_boxscores"][["game_id", "team"]].assign(has_raw=True)
    sides = finished_sides(evidence).merge(present, on=["game_id", "team"], how="left")
    sides = sides.merge(raw, on=["game_id", "team"], how="left")
    for day, of_day in by_date(sides, "game_date"):
        found[day].expect_sides(of_day)
        for side in of_day[of_day["present"].isna()].itertuples():
            entity = found[day].lack_side(game_name(side), side.team, Cause.NO_ROW)
            if pd.isna(side.has_raw) and day in evidence.accepted_dates:
                found[day].accepted.add(entity)
    return found


def add_unknown_shots(evidence: Evidence, found: dict[date, Expectation], column: str) -> None:
    """Degrade the dates with games whose zone column is NULL."""
    unknown = evidence.rows[evidence.rows[column].isna()]
    names = {side.game_id: game_name(side) for side in finished_sides(evidence).itertuples()} if len(unknown) else {}
    for day, of_day in by_date(unknown, "game_date"):
        games = [names.get(game_id, game_id) for game_id in sorted(of_day["game_id"].unique())]
        found[day].degrade(Cause.SHOTS_UNKNOWN, *games, games=len(games))
