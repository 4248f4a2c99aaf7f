"""What the expectations of pre-game tables share: who has enough history, and which finished games are not loaded."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pandas as pd

from nba_assets.league.calendar import season_of
from nba_assets.partition import Cause
from nba_assets.schema.evidence import Evidence, Expectation, by_date, none_expected
from nba_assets.schema.reads import judged
from nba_assets.schema.table import Input, before_date
from nba_assets.tables.games import finished_games, team_games

LEAGUE_DAYS = 30
"""The league's average is that of the games of D−30 … D−1."""


def finished_sides_before(evidence: Evidence) -> pd.DataFrame:
    """`team_games` of the finished counting games before the dates."""
    return team_games(finished_games(evidence.inputs.before["raw_schedule"], evidence.inputs.counting_types))


def entitled(
    evidence: Evidence, games: pd.DataFrame, entity: str, date_column: str
) -> Iterator[tuple[date, set[Any], set[Any]]]:
    """Per date: the entities with at least min_games games of the season before it, and those that have a row."""
    ordered = games.sort_values(["game_date", "game_id"])
    nth = ordered.groupby(["season", entity], sort=False).nth(evidence.policy.min_games - 1)
    present = {day: set(of_day[entity]) for day, of_day in by_date(evidence.rows, date_column)}
    for day in evidence.dates:
        has_enough = nth["season"].eq(season_of(day.date())) & (nth["game_date"] < day)
        yield day.date(), set(nth.loc[has_enough, entity]), present.get(day.date(), set())


def lack_games(result: Expectation, entity: object, games: pd.DataFrame, accepted_dates: frozenset[date]) -> None:
    """An entity lacks finished games (rows with game_id and game_date)."""
    named = [f"{game.game_id} ({game.game_date:%Y-%m-%d})" for game in games.itertuples()]
    result.lack(entity, Cause.GAMES_NOT_LOADED, games=len(named), named=named)
    result.accept(entity, games["game_date"], accepted_dates)


def expect_slate(evidence: Evidence) -> dict[date, Expectation]:
    """Everybody on the slate has a row; unknown shots of the players' and the opponents' windows degrade.

    That the league's average lacks games is a note.
    """
    found = none_expected(evidence)
    context = evidence.inputs.on_date["upcoming_player_game_context"]
    slate = context.loc[context["game_date"].isin(evidence.dates), ["game_date", "player_id", "opponent"]]
    slate = slate.merge(evidence.rows[["game_date", "player_id"]].assign(present=True), how="left")
    for day, of_day in by_date(slate, "game_date"):
        found[day].expected = len(of_day)
        for player_id in of_day.loc[of_day["present"].isna(), "player_id"]:
            found[day].lack(player_id, Cause.NO_ROW)
    zones = evidence.inputs.on_date["player_shot_zone_analysis"]
    zones = zones[zones["total_shots_last_10"].isna()].rename(columns={"analysis_date": "game_date"})
    unknown = evidence.rows[["game_date", "player_id"]].merge(zones[["game_date", "player_id"]])
    for day, of_day in by_date(unknown, "game_date"):
        found[day].degrade(Cause.PLAYER_WINDOW_SHOTS_UNKNOWN, players=len(of_day))
    defense = evidence.inputs.on_date["team_defense_zone_analysis"]
    defense = defense[defense["games_with_shots"] < defense["games_in_sample"]]
    defense = defense.rename(columns={"analysis_date": "game_date", "team": "opponent"})
    opponents = slate[["game_date", "opponent"]].drop_duplicates().merge(defense[["game_date", "opponent"]])
    for day, of_day in by_date(opponents, "game_date"):
        found[day].degrade(Cause.OPPONENT_WINDOW_SHOTS_UNKNOWN, *sorted(of_day["opponent"]), teams=len(of_day))
    note_league_average(evidence, found)
    return found


def note_league_average(evidence: Evidence, found: dict[date, Expectation]) -> None:
    """Note how many games of the month before a date the league's average lacks, their shots being unknown."""
    games = evidence.inputs.before["team_defense_game_summary"]
    unknown = games.loc[games["opp_paint_attempts"].isna(), ["season", "game_date", "game_id"]]
    unknown = unknown.drop_duplicates("game_id")
    for day in evidence.dates if len(unknown) else ():
        of_month = unknown["game_date"].lt(day) & unknown["game_date"].ge(day - pd.Timedelta(days=LEAGUE_DAYS))
        number = int((of_month & unknown["season"].eq(season_of(day.date()))).sum())
        if number:
            found[day.date()].note(Cause.LEAGUE_SHOTS_UNKNOWN, games=number)


def shots_known_before() -> Input:
    """What `note_league_average` asks."""
    columns = ("game_date", "season", "game_id", "opp_paint_attempts")
    return before_date("team_defense_game_summary", *columns, reads=(judged(),))
