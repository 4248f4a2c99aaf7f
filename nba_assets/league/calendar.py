"""Seasons, opening nights, game types and Eastern dates.

A game date is the Eastern calendar date of tip-off; a game's type and season are read off its id,
never off a label. Nothing here knows where a schedule is stored.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

import pandas as pd

# Fails at import on a machine without time-zone data, instead of computing dates a day off.
EASTERN = ZoneInfo("America/New_York")

BOOTSTRAP_DAYS = 14


class GameType(StrEnum):
    """The first three digits of a game id."""

    PRESEASON = "001"
    REGULAR = "002"
    ALL_STAR = "003"
    PLAYOFFS = "004"
    PLAY_IN = "005"
    CUP_FINAL = "006"


COUNTING_TYPES: frozenset[str] = frozenset({GameType.REGULAR, GameType.PLAYOFFS, GameType.PLAY_IN})
REST_TYPES: frozenset[str] = frozenset({GameType.CUP_FINAL})
"""Games that tire, and count for nothing else."""

OPENING_NIGHTS: dict[str, date] = {
    "2015-16": date(2015, 10, 27),
    "2016-17": date(2016, 10, 25),
    "2017-18": date(2017, 10, 17),
    "2018-19": date(2018, 10, 16),
    "2019-20": date(2019, 10, 22),
    "2020-21": date(2020, 12, 22),
    "2021-22": date(2021, 10, 19),
    "2022-23": date(2022, 10, 18),
    "2023-24": date(2023, 10, 24),
    "2024-25": date(2024, 10, 22),
    "2025-26": date(2025, 10, 21),
}

# Games that every team played in seasons that were cut short: fewest of any team, where they were not equal.
_SHORT_SEASONS: dict[str, int] = {"2019-20": 64, "2020-21": 72}
_GAMES_PER_TEAM = 82

# The first day that belongs to the season starting in that year, where July 1 would be wrong:
# 2019-20 ended on 2020-10-11 and 2020-21 on 2021-07-20.
_SEASON_TURNS: dict[int, date] = {2020: date(2020, 10, 12), 2021: date(2021, 7, 21)}


def days_between(first: date, last: date) -> list[date]:
    """All dates from the first to the last, both included."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def games_per_team(season: str) -> int:
    """How many regular-season games each team has played at least when a season's last one is over."""
    return _SHORT_SEASONS.get(season, _GAMES_PER_TEAM)


def season_turn(start_year: int) -> date:
    """The first calendar day of the season that starts in `start_year`."""
    return _SEASON_TURNS.get(start_year, date(start_year, 7, 1))


def season_name(start_year: int) -> str:
    """2021 -> "2021-22"."""
    return f"{start_year}-{(start_year + 1) % 100:02d}"


def season_start_year(season: str) -> int:
    """ "2021-22" -> 2021; raises ValueError with the expected form for anything else."""
    try:
        start_year = int(season[:4])
    except ValueError:
        start_year = -1
    if season != season_name(start_year):
        raise ValueError(f"'{season}' is not a season; write it like 2021-22")
    return start_year


def season_of(day: date) -> str:
    """The season that a calendar day belongs to, also in the summer and in the two shifted seasons."""
    start_year = day.year if day >= season_turn(day.year) else day.year - 1
    return season_name(start_year)


def season_first_day(season: str) -> date:
    """The first calendar day of a season, long before its opening night."""
    return season_turn(season_start_year(season))


def season_last_day(season: str) -> date:
    """The last calendar day of a season."""
    return season_turn(season_start_year(season) + 1) - timedelta(days=1)


def opening_at_the_latest(season: str) -> date:
    """The opening night if it is known; else a day by which every season's schedule has been published."""
    return OPENING_NIGHTS.get(season, date(season_start_year(season), 10, 15))


def season_days(season: str) -> list[date]:
    """Every calendar day of a season."""
    return days_between(season_first_day(season), season_last_day(season))


def seasons_of(days: pd.Series) -> pd.Series:
    """`season_of` over a column of dates (datetime64)."""
    by_day = {day: season_of(day.date()) for day in days.dropna().unique()}
    return days.map(by_day)


def seasons_between(days: Iterable[date]) -> list[str]:
    """The seasons that the days belong to, oldest first."""
    return sorted({season_of(day) for day in days})


def game_types(game_ids: pd.Series) -> pd.Series:
    """The type of each game: the first three digits of a ten-digit id; NULL for anything else."""
    return game_ids.where(_is_game_id(game_ids)).str[:3]


def seasons_of_games(game_ids: pd.Series) -> pd.Series:
    """The season of each game, from digits four and five of its id; NULL for anything else."""
    years = game_ids.where(_is_game_id(game_ids)).str[3:5]
    return years.map({yy: season_name(_four_digits(int(yy))) for yy in years.dropna().unique()}).astype(object)


def eastern_dates(tipoff_utc: pd.Series) -> pd.Series:
    """The Eastern calendar date of each tip-off (UTC in, datetime64 midnight out); NULL stays NULL."""
    return tipoff_utc.dt.tz_convert(EASTERN).dt.tz_localize(None).dt.normalize()


def _is_game_id(game_ids: pd.Series) -> pd.Series:
    return game_ids.str.fullmatch(r"\d{10}").eq(True)


def _four_digits(yy: int) -> int:
    return 1900 + yy if yy >= 46 else 2000 + yy  # the league's first season was 1946-47
