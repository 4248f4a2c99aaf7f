"""A season with a Cup final on a date of its own, and what such a game may change: for the tests of all rooms."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import pandas as pd

from nba_assets.league.clocks import clock_seconds
from nba_assets.schema.contract import names_of
from nba_assets.sources.base import ResultSet
from nba_assets.sources.simulated import SimulatedSource
from nba_assets.tables import TABLES

SEASON, GAME, DAY = "2023-24", "0062300001", date(2023, 11, 23)
Frames = Mapping[ResultSet, pd.DataFrame]

_OF_PLAYER = ("days_rest", "back_to_back", "games_last_7_days", "games_last_14_days", "back_to_backs_last_14_days")
_MINUTES = ("minutes_last_7_days", "minutes_last_14_days")
REST: Mapping[str, tuple[str, ...]] = {
    "upcoming_team_game_context": (
        *("days_rest", "back_to_back", "opponent_days_rest", "rest_advantage"),
        *("games_last_7_days", "games_last_14_days"),
    ),
    "upcoming_player_game_context": (*_OF_PLAYER, *_MINUTES, "opponent_days_rest"),
    "player_daily_cache": (*_OF_PLAYER, *_MINUTES),
    "player_composite_factors": ("fatigue_score", "total_composite_adjustment", "warnings"),
    "ml_feature_store_v2": (
        *("games_in_last_7_days", "fatigue_score", "rest_advantage", "back_to_back", "data_quality_issues"),
    ),
}
"""The columns of each table that a Cup final can change; those of all other tables stay what they are."""


def changed_columns(left: pd.DataFrame, right: pd.DataFrame, name: str) -> set[str]:
    """The columns in which two versions of a table's rows differ. They must have the same keys."""
    keys = TABLES[name].keys
    left, right = (rows.sort_values(keys, ignore_index=True) for rows in (left, right))
    pd.testing.assert_frame_equal(left[keys], right[keys])
    return {column for column in names_of(TABLES[name].contract) if not left[column].equals(right[column])}


def changed_entities(left: pd.DataFrame, right: pd.DataFrame, name: str) -> set[object]:
    """Whose rows differ."""
    keys, entity = TABLES[name].keys, TABLES[name].entity
    left, right = (rows.sort_values(keys, ignore_index=True).astype(str) for rows in (left, right))
    return set(left.loc[left.ne(right).any(axis=1), entity])


def beyond_rest(left: Mapping[str, pd.DataFrame], right: Mapping[str, pd.DataFrame]) -> dict[str, Collection[str]]:
    """Table -> columns that differ though they are not about rest; none, if all is well."""
    found = {name: changed_columns(left[name], right[name], name) - {*REST.get(name, ())} for name in left}
    return {name: columns for name, columns in found.items() if columns}


@cache
def season_with_final(today: date) -> Frames:
    """The simulated season so far, with the final on DAY, when nobody else plays, and without its box score.

    It is between two teams that play on both days beside it.
    """
    source = SimulatedSource(today=today, cup_final_box_score=False)
    read = {result_set: source.read(result_set, SEASON) for result_set in ResultSet}
    found = {result_set: frame for result_set, frame in read.items() if frame is not None}
    return {**found, ResultSet.SCHEDULE: scheduled(found[ResultSet.SCHEDULE], *finalists(found), status=3)}


def finalists(frames: Frames) -> tuple[str, str]:
    """Two teams that play on the eve of the date and on the day after it."""
    schedule = frames[ResultSet.SCHEDULE]
    days = [schedule["gameDateEst"].str[:10].eq(str(DAY + timedelta(days=n))) for n in (-1, 1)]
    sides = [set(schedule.loc[d, ["homeTeam_teamTricode", "awayTeam_teamTricode"]].to_numpy().ravel()) for d in days]
    both = sorted(sides[0] & sides[1])
    return both[0], both[-1]


def scheduled(schedule: pd.DataFrame, home: str, away: str, *, status: int, postponed: str = "N") -> pd.DataFrame:
    """The schedule with the final of these teams on the date."""
    values = {
        "gameDateEst": str(DAY),
        "gameDateTimeUTC": f"{DAY + timedelta(days=1)}T01:30:00Z",
        "gameStatus": status,
        "postponedStatus": postponed,
        "homeTeam_teamTricode": home,
        "awayTeam_teamTricode": away,
    }
    schedule = schedule.copy()
    for column, value in values.items():
        schedule.loc[schedule["gameId"].eq(GAME), column] = value
    return schedule


def box_score(frames: Frames) -> pd.DataFrame:
    """Of either team those who played on the eve, but for the one who is called first: another plays in his place."""
    box, of_eve = frames[ResultSet.BOX_SCORES], _on_the_eve(frames[ResultSet.TEAM_LOG], frames)
    listed = box.merge(of_eve[["GAME_ID", "TEAM_ID"]], left_on=["gameId", "teamId"], right_on=["GAME_ID", "TEAM_ID"])
    played = listed[listed["minutes"].ne("")]
    seconds = played["minutes"].map(clock_seconds)
    for _, of_team in played.groupby("teamId"):
        first, *others = of_team.index
        least = seconds[others].idxmin()
        minutes, rest = divmod(int(seconds[least] + seconds[first]), 60)
        played.loc[least, "minutes"] = f"{minutes}:{rest:02d}"
    return played[played.duplicated("teamId")].assign(gameId=GAME)[box.columns]


def _on_the_eve(log: pd.DataFrame, frames: Frames) -> pd.DataFrame:
    """The finalists' lines of the day before."""
    is_eve = log["GAME_DATE"].str[:10].eq(str(DAY - timedelta(days=1)))
    return log[is_eve & log["TEAM_ABBREVIATION"].isin(finalists(frames))]


def write(home: Path, frames: Frames) -> None:
    """The frames as the files of the season in `home`/data."""
    directory = home / "data" / SEASON
    directory.mkdir(parents=True, exist_ok=True)
    for result_set, frame in frames.items():
        frame.to_parquet(directory / f"{result_set}.parquet")


def absent(frames: Frames) -> list[int]:
    """Who played on the eve and not in the final, as `box_score` has it."""
    of_eve = _on_the_eve(frames[ResultSet.PLAYER_LOG], frames)
    return sorted(set(of_eve["PLAYER_ID"]) - set(box_score(frames)["personId"]))
