"""What raw and post-game tables must have: the games of their date, side by side, player by player."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from nba_assets.league import teams
from nba_assets.league.calendar import seasons_of_games
from nba_assets.quality.expectation import Evidence, Expect, Expectation, by_date, game_name, none_expected, some
from nba_assets.sources.base import ResultSet
from nba_assets.tables.games import counting_games, finished_games, team_games
from nba_assets.tables.raw_player_boxscores import PLAYED
from nba_assets.tables.statistics import COUNTING_STATISTICS

MIN_PLAYERS_PLAYED = 5


def _schedule(evidence: Evidence) -> dict[date, Expectation]:
    found = none_expected(evidence)
    for day, games in by_date(evidence.rows, "game_date"):
        counting = games[games["game_type"].isin(evidence.inputs.counting_types)]
        result = found[day] = Expectation(expected=len(games))
        for game in counting.itertuples():
            unknown = [str(code) for code in (game.home_team, game.away_team) if code not in teams.CODES]
            if unknown:
                result.lacking[game_name(game)] = f"unknown team {' and '.join(unknown)}"
    return found


def _team_boxscores(evidence: Evidence) -> dict[date, Expectation]:
    found = _unfinished(evidence)
    sides = _finished_sides(evidence)
    rows = evidence.rows[["game_id", "team", "points"]]
    sides = sides.merge(rows, on=["game_id", "team"], how="left")
    for day, of_day in by_date(sides, "game_date"):
        found[day].expect_sides(of_day)
        for side in of_day.itertuples():
            if pd.isna(side.points):
                found[day].lack_side(game_name(side), side.team, "no box score")
            elif pd.notna(side.score) and side.score != side.points:
                what = f"box score has {side.points:g} points, the schedule {side.score:g}"
                found[day].lack_side(game_name(side), side.team, what)
    return found


def _player_boxscores(evidence: Evidence) -> dict[date, Expectation]:
    found = _unfinished(evidence)
    played = evidence.rows[evidence.rows["listing"] == PLAYED]
    summed = ["seconds_played", *COUNTING_STATISTICS]
    totals = played.groupby(["game_id", "team"])[summed].sum().astype("int64")
    totals["played"] = played.groupby(["game_id", "team"]).size()
    team = evidence.inputs.on_date["raw_team_boxscores"][["game_id", "team", *summed]]
    sides = _finished_sides(evidence).merge(team, on=["game_id", "team"], how="left")
    sides = sides.merge(totals.reset_index(), on=["game_id", "team"], how="left", suffixes=("", "_of_players"))
    for day, of_day in by_date(sides, "game_date"):
        found[day].expect_sides(of_day)
        for side in of_day.itertuples():
            short = _player_shortcoming(side._asdict())
            if short:
                entity = found[day].lack_side(game_name(side), side.team, short)
                if pd.isna(side.points) and day in evidence.accepted_dates:  # accepted at raw_team_boxscores
                    found[day].accepted.add(entity)
    return found


def _player_shortcoming(side: dict[str, object]) -> str | None:
    number = {key: float(value) for key, value in side.items() if isinstance(value, (int, float))}
    played = number.get("played", np.nan)
    if not played >= MIN_PLAYERS_PLAYED:
        return "no players' box score" if np.isnan(played) else f"only {played:g} players played"
    if np.isnan(number["points"]):
        return "no team box score to compare with"
    for name in COUNTING_STATISTICS:
        if number[f"{name}_of_players"] != number[name]:
            return f"{name} of the players sum to {number[f'{name}_of_players']:g}, the team has {number[name]:g}"
    seconds, length = number["seconds_played_of_players"], number["seconds_played"]
    if abs(seconds - length) > 0.01 * length:
        return f"the players' time sums to {seconds / 60:.0f} minutes, the game has {length / 60:.0f}"
    return None


def _shots(evidence: Evidence) -> dict[date, Expectation]:
    found = _unfinished(evidence)
    shots = evidence.rows
    taken = shots.groupby(["game_id", "team"], sort=False)["made"].agg(attempts="size", makes="sum").reset_index()
    sides = _finished_sides(evidence)
    sides = sides.merge(taken, on=["game_id", "team"], how="left")
    box = evidence.inputs.on_date["raw_team_boxscores"][["game_id", "team", "fga", "fgm"]]
    sides = sides.merge(box, on=["game_id", "team"], how="left").fillna({"attempts": 0, "makes": 0})
    agrees = (sides["attempts"] - sides["fga"]).abs().le(1) & (sides["makes"].astype(float) - sides["fgm"]).abs().le(1)
    seasons = _seasons_with_shots(evidence)
    for day, of_day in by_date(sides.assign(agrees=agrees), "game_date"):
        found[day].expected += of_day["game_id"].nunique()
        for _, game in of_day.groupby("game_id"):
            if not game["agrees"].all():
                found[day].lacking[game_name(next(game.itertuples()))] = _shot_shortcoming(game, seasons)
    return found


def _seasons_with_shots(evidence: Evidence) -> set[str]:
    charted = evidence.inputs.source[ResultSet.SHOTS]
    return set() if charted is None else set(seasons_of_games(charted["GAME_ID"].drop_duplicates()))


def _shot_shortcoming(sides: pd.DataFrame, seasons: set[str]) -> str:
    if not sides["attempts"].any():
        season = sides["season"].iloc[0]
        return "no shots" if season in seasons else f"the source has no {ResultSet.SHOTS} of {season}"
    if sides["fga"].isna().any():
        return "no team box score to compare with"
    return ", ".join(
        f"{side.team} {side.attempts:g} shots ({side.makes:g} made), the box score {side.fga:g} ({side.fgm:g})"
        for side in sides[~sides["agrees"]].itertuples()
    )


def _player_summary(evidence: Evidence) -> dict[date, Expectation]:
    found = _unfinished(evidence)
    listed = evidence.inputs.on_date["raw_player_boxscores"]
    listed = listed[(listed["listing"] == PLAYED) & listed["game_date"].isin(evidence.dates)]
    present = evidence.rows[["game_date", "player_id"]].assign(present=True)
    listed = listed.merge(present, on=["game_date", "player_id"], how="left")
    for day, of_day in by_date(listed, "game_date"):
        found[day].expected += len(of_day)
        for player in of_day[of_day["present"].isna()].itertuples():
            found[day].lacking[f"{player.player_name} ({player.player_id})"] = "played, but has no row"
    _add_unknown_shots(evidence, found, "paint_attempts")
    return found


def _team_summary(evidence: Evidence) -> dict[date, Expectation]:
    found = _unfinished(evidence)
    present = evidence.rows[["game_id", "team"]].assign(present=True)
    raw = evidence.inputs.on_date["raw_team_boxscores"][["game_id", "team"]].assign(has_raw=True)
    sides = _finished_sides(evidence).merge(present, on=["game_id", "team"], how="left")
    sides = sides.merge(raw, on=["game_id", "team"], how="left")
    for day, of_day in by_date(sides, "game_date"):
        found[day].expect_sides(of_day)
        for side in of_day[of_day["present"].isna()].itertuples():
            entity = found[day].lack_side(game_name(side), side.team, "no row")
            if pd.isna(side.has_raw) and day in evidence.accepted_dates:
                found[day].accepted.add(entity)
    if "won" in evidence.rows:
        winners = evidence.rows.groupby(["game_date", "game_id"])["won"].sum()
        for (day, game_id), count in winners[winners != 1].items():
            found[day.date()].lacking[game_id] = f"{count} winners"
    column = "paint_attempts" if "won" in evidence.rows else "opp_paint_attempts"
    _add_unknown_shots(evidence, found, column)
    return found


def _add_unknown_shots(evidence: Evidence, found: dict[date, Expectation], column: str) -> None:
    unknown = evidence.rows[evidence.rows[column].isna()]
    names = {side.game_id: game_name(side) for side in _finished_sides(evidence).itertuples()} if len(unknown) else {}
    for day, of_day in by_date(unknown, "game_date"):
        games = [names.get(game_id, game_id) for game_id in sorted(of_day["game_id"].unique())]
        found[day].degraded.append(f"shots unknown of {some(games, 'game')}")


def _unfinished(evidence: Evidence) -> dict[date, Expectation]:
    """Games of a past date that the schedule still does not call final."""
    found = none_expected(evidence)
    games = counting_games(evidence.inputs.on_date["raw_schedule"], evidence.inputs.counting_types)
    games = games[games["game_date"].isin(evidence.dates) & (games["status"] != "final")]
    for game in games.itertuples():
        result = found[game.game_date.date()]
        result.expected += 1
        result.games += 1
        result.lacking[game_name(game)] = "not final in the schedule"
        result.game_of[game_name(game)] = game_name(game)
    return found


def _finished_sides(evidence: Evidence) -> pd.DataFrame:
    games = finished_games(evidence.inputs.on_date["raw_schedule"], evidence.inputs.counting_types)
    return team_games(games[games["game_date"].isin(evidence.dates)]).sort_values(["game_date", "game_id", "team"])


EXPECT: dict[str, Expect] = {
    "raw_schedule": _schedule,
    "raw_team_boxscores": _team_boxscores,
    "raw_player_boxscores": _player_boxscores,
    "raw_shots": _shots,
    "raw_injury_reports": none_expected,
    "raw_game_lines": none_expected,
    "player_game_summary": _player_summary,
    "team_offense_game_summary": _team_summary,
    "team_defense_game_summary": _team_summary,
}
