"""Which scheduled games count, and each of them seen from both teams. Shared by every table module."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from nba_assets.league import distinct
from nba_assets.league.calendar import REST_TYPES, season_of

FINAL = "final"
SCHEDULED = "scheduled"
POSTPONED = "postponed"


def counting_games(schedule: pd.DataFrame, counting_types: frozenset[str]) -> pd.DataFrame:
    """The games of a schedule that count and were not postponed."""
    return schedule[schedule["game_type"].isin(counting_types) & (schedule["status"] != POSTPONED)]


def finished_games(schedule: pd.DataFrame, counting_types: frozenset[str]) -> pd.DataFrame:
    """The counting games of a schedule that have been played."""
    return schedule[schedule["game_type"].isin(counting_types) & (schedule["status"] == FINAL)]


def without_cup_finals(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows (with game_id) of games that count: those of a Cup final say who played, and are read for rest alone."""
    is_final = distinct.where(rows["game_id"], lambda game_id: game_id.startswith(tuple(REST_TYPES)))
    return rows[~is_final] if is_final.any() else rows


def team_games(games: pd.DataFrame) -> pd.DataFrame:
    """Two rows per game, one for each team: `team`, `opponent`, `is_home` beside the schedule's columns."""
    home = games.assign(team=games["home_team"], opponent=games["away_team"], is_home=True)
    away = games.assign(team=games["away_team"], opponent=games["home_team"], is_home=False)
    if "home_score" in games:
        home["score"] = games["home_score"]
        away["score"] = games["away_score"]
    return pd.concat([home, away], ignore_index=True)


def is_listed(game_ids: pd.Series, dates: pd.Series, schedule: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Whether the schedule has each game on its date."""
    listed = pd.MultiIndex.from_frame(schedule[["game_id", "game_date"]])
    found: npt.NDArray[np.bool_] = pd.MultiIndex.from_arrays([game_ids, dates]).isin(listed)
    return found


def finished_sides_on(dates: pd.DatetimeIndex, schedule: pd.DataFrame, counting_types: frozenset[str]) -> pd.DataFrame:
    """`team_games` of the finished counting games of the dates."""
    games = finished_games(schedule, counting_types)
    return team_games(games[games["game_date"].isin(dates)])


def seasons_of_dates(dates: pd.Series) -> pd.Series:
    """The season of each date (datetime64)."""
    names = {day: season_of(day.date()) for day in dates.unique()}
    return dates.map(names).astype(object)


RESULT_COLUMNS = ("game_date", "season", "game_id", "game_type", "status", "home_team", "away_team")
"""What has to be read of past schedules to know which games were finished."""

ANNOUNCED_COLUMNS = ["game_date", "season", "game_id", "game_type", "tipoff_utc", "home_team", "away_team"]


def announced_games(schedule: pd.DataFrame) -> pd.DataFrame:
    """What is known of a schedule before tip-off: the games that are on, without status and score."""
    return schedule.loc[schedule["status"] != POSTPONED, ANNOUNCED_COLUMNS]


def tonight(announced: pd.DataFrame, counting_types: frozenset[str], dates: pd.DatetimeIndex) -> pd.DataFrame:
    """`team_games` of the announced counting games of the dates."""
    counts = announced["game_type"].isin(counting_types) & announced["game_date"].isin(dates)
    return team_games(announced[counts])


def game_name(game: object) -> str:
    """ "0022100111 LAC@LAL", of a row with game_id, away_team and home_team."""
    return f"{game.game_id} {game.away_team}@{game.home_team}"  # type: ignore[attr-defined]
