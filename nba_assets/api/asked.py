"""What is asked for, as people write it: dates, seasons, columns, players, teams; what cannot be raises AskedError."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from difflib import get_close_matches

import numpy as np
import pandas as pd

from nba_assets.league.calendar import (
    OPENING_NIGHTS,
    days_between,
    season_first_day,
    season_last_day,
    season_start_year,
)
from nba_assets.league.names import player_lookup
from nba_assets.league.teams import CODES, NAME_BY_CODE, canonical_codes
from nba_assets.overview.player_names import player_names
from nba_assets.planning.history import require_partitions
from nba_assets.schema.contract import Column, columns_of
from nba_assets.schema.table import Table
from nba_assets.session import Session
from nba_assets.settings import YEARS
from nba_assets.tables import LISTING
from nba_assets.text import joined

GAME_DATE = "game_date"
"""The date by which all tables can be joined, whatever their own column is called."""

_MOST_NAMED = 5
_ALIKE = 0.65
"""How alike a name must be to be what was meant: "pts" is like "points", "minutes" is not."""


class AskedError(ValueError):
    """What was asked for cannot be; the message says what can."""


class NotThereError(ValueError):
    """What was asked for is not there, or not as it was published; names the dates and the next step."""


def read_date(value: date | str, name: str = "date") -> date:
    """A date as typed; AskedError names it and the form."""
    if isinstance(value, datetime | np.datetime64):  # pandas' moments are such, too
        found: date = pd.Timestamp(value).date()
        return found
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise AskedError(f"{name} '{value}' is not a date; write it like 2021-11-01") from None


def read_range(
    session: Session, start: date | str, end: date | str, *, names: tuple[str, str] = ("START", "END")
) -> list[date]:
    """The dates of a range that has partitions; `names` is what its ends are called where it was typed."""
    first, last = read_date(start, names[0]), read_date(end, names[1])
    if first > last:
        raise AskedError(f"{names[0]} {first} is after {names[1]} {last}")
    require_partitions(session, first, last)
    return days_between(first, last)


def read_season(text: str) -> str:
    """A season as typed; AskedError says how to write it."""
    try:
        year = season_start_year(text)
    except (TypeError, ValueError):
        raise AskedError(f"'{text}' is not a season; write it like 2021-22") from None
    if year not in YEARS:
        raise AskedError(f"there is no season {text}: the first year of one is {YEARS[0]} to {YEARS[-1]}")
    return text


def days_of_season(session: Session, season: str) -> list[date]:
    """A season's dates that have partitions by now, from its opening night on."""
    opening = OPENING_NIGHTS.get(season, season_first_day(season))
    first = max(opening, session.settings.partitions_start)
    last = min(season_last_day(season), session.last_partition)
    if first > last:
        raise AskedError(
            f"season {season} has no partitions: they reach from {session.settings.partitions_start} to "
            f"{session.last_partition} (NBA_PARTITIONS_START, NBA_PARTITIONS_END)"
        )
    return days_between(first, last)


def days_asked(
    session: Session, start: date | str | None, end: date | str | None, season: str | Iterable[str] | None
) -> list[date]:
    """The dates of start … end, or of one season or several, in order; none where nothing is named."""
    if season is not None:
        if start is not None or end is not None:
            raise AskedError("give start and end, or season: not both")
        seasons = [read_season(one) for one in listed(season)]
        return sorted({day for one in seasons for day in days_of_season(session, one)})
    if start is None and end is None:
        return []
    if start is None or end is None:
        raise AskedError("give start and end, or neither")
    return read_range(session, start, end, names=("start", "end"))


def required_days(
    session: Session, start: date | str | None, end: date | str | None, season: str | Iterable[str] | None
) -> list[date]:
    """The same; AskedError where nothing is named."""
    days = days_asked(session, start, end, season)
    if not days:
        raise AskedError('say which dates: start and end like "2021-11-01", or season="2021-22"')
    return days


def listed(value: str | int | Iterable[str | int]) -> list[str]:
    """One thing or several as a list of texts, each once."""
    several = value if isinstance(value, Iterable) and not isinstance(value, str) else [value]
    return list(dict.fromkeys(map(str, several)))


def some(value: str | int | Iterable[str | int], noun: str) -> list[str]:
    """The same; AskedError if it is none: what is left away is everything, an empty list is a slip."""
    found = listed(value)
    if not found:
        raise AskedError(f"an empty list of {noun}s: name at least one {noun}, or leave it away for all")
    return found


def columns_offered(table: Table) -> tuple[Column, ...]:
    """The columns of a table, and its date by the name that it has in all others."""
    columns = columns_of(table.contract)
    if any(column.name == GAME_DATE for column in columns):
        return columns
    own = next(column for column in columns if column.is_partition)
    description = f"The same as {own.name}: the name by which all tables can be joined"
    alias = replace(own, name=GAME_DATE, description=description, is_partition=False, is_key=False)
    return (own, alias, *(column for column in columns if column is not own))


def columns_asked(table: Table, columns: str | Iterable[str] | None) -> tuple[Column, ...]:
    """The columns of that name, in the order in which they are named; all where none is."""
    offered = {column.name: column for column in columns_offered(table)}
    if columns is None:
        return tuple(offered.values())
    names = some(columns, "column")
    return tuple(offered[one_of(name, offered, f"{table.name} has no column '{name}'")] for name in names)


def one_of(name: str, known: Iterable[str], wrong: str) -> str:
    """The name, if it is known; else AskedError with what is wrong and the nearest name, or all."""
    names = list(known)
    if name in names:
        return name
    near = get_close_matches(str(name).lower(), [one.lower() for one in names], n=1, cutoff=_ALIKE)
    meant = next((one for one in names if near and one.lower() == near[0]), None)
    raise AskedError(f"{wrong}; did you mean '{meant}'?" if meant else f"{wrong}. There are: {', '.join(names)}")


def players_asked(session: Session, days: Sequence[date], players: str | int | Iterable[str | int]) -> list[int]:
    """The ids of players, given by id or by name; AskedError for who was never listed in the seasons of the dates."""
    names = player_names(session.warehouse, days[0], days[-1])
    if not names:
        raise AskedError(f"no players are known there: {LISTING.name}, which names them, has no rows")
    ids: dict[str, list[str]] = {}
    for player_id, name in names.items():
        ids.setdefault(player_lookup(name), []).append(player_id)
    return [int(_player(text, ids, names)) for text in some(players, "player")]


def _player(text: str, ids: dict[str, list[str]], names: dict[str, str]) -> str:
    if text in names:
        return text
    found = ids.get(player_lookup(text), [])
    if len(found) > 1:
        raise AskedError(f"there are {len(found)} players called '{text}': give one of their ids, {', '.join(found)}")
    if found:
        return found[0]
    near = get_close_matches(player_lookup(text), ids, n=1)
    meant = f"; did you mean '{names[ids[near[0]][0]]}'?" if near else ""
    raise AskedError(f"no player '{text}' was with a team in these seasons{meant}")


def teams_asked(teams: str | Iterable[str]) -> list[str]:
    """The codes of teams, given by code in any spelling or by full name; AskedError for what is none of the thirty."""
    return [_team(text) for text in some(teams, "team")]


def _team(text: str) -> str:
    code = str(canonical_codes(pd.Series([text.upper()])).iloc[0])
    names = {name.lower(): code for code, name in NAME_BY_CODE.items()} | {one.lower(): one for one in CODES}
    if code in CODES or text.lower() in names:
        return code if code in CODES else names[text.lower()]
    near = get_close_matches(text.lower(), names, n=1)
    meant = f"did you mean '{names[near[0]]}'?" if near else f"codes are like {joined(CODES, _MOST_NAMED)}"
    raise AskedError(f"there is no team '{text}'; {meant}")
