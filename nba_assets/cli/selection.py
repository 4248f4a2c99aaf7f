"""What a command is asked about: tables by name or expression, dates by range, by number, or by season."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated, Any

import typer

from nba_assets.api.asked import days_of_season, read_season
from nba_assets.cli import completion
from nba_assets.cli.console import UsageError, read_optional_range
from nba_assets.league.calendar import days_between
from nba_assets.session import Session
from nba_assets.tables import TABLES
from nba_assets.tables.named import table_named
from nba_assets.tables.selection import select_tables, tables_named

OnlyTables = Annotated[
    str | None,
    typer.Option(
        "--tables", metavar="A,B,…", autocompletion=completion.tables, help="Only these tables, by name or short name."
    ),
]


def _expression(name: str, help_: str) -> Any:
    return typer.Option(name, metavar="EXPRESSION", autocompletion=completion.selection, help=help_)


def season_option(help_: str) -> Any:
    """--season, with those that are there completed."""
    return typer.Option("--season", metavar="SEASON", autocompletion=completion.season, help=help_)


Select = Annotated[
    str | None, _expression("--select", 'Only these tables: "+MLFS", "raw_shots+", "group:raw", "pregame", …')
]
Exclude = Annotated[str | None, _expression("--exclude", "Not these tables, written like --select.")]
Last = Annotated[
    int | None, typer.Option("--last", metavar="N", min=1, help="The last N dates, instead of START and END.")
]
OfSeason = Annotated[str | None, season_option("A season so far, from its opening night on, like 2021-22.")]


def tables_asked(tables: str | None, select: str | None, exclude: str | None) -> tuple[str, ...]:
    """The tables that the options name, in the order of the graph; all of them by default."""
    if tables is None:
        return select_tables("*" if select is None else select, exclude or "")
    if select is not None or exclude is not None:
        raise UsageError("give --tables, or --select and --exclude: not both")
    names = {table_named(name).name for name in listed_in(tables) or ()}
    if not names:
        raise UsageError(f"--tables {tables} names no table; write it like raw_shots,player_daily_cache")
    return tuple(name for name in TABLES if name in names)


def listed_in(names: str | None) -> list[str] | None:
    """The names of an option like A,B; None where it is not given."""
    return None if names is None else [name.strip() for name in names.split(",") if name.strip()]


def tables_typed(names: Sequence[str], tables: str | None, select: str | None) -> frozenset[str]:
    """Those of the tables asked for that were named one by one, or all if no other than optional ones were asked for.

    Where an optional table fails that only came along with others, the command has done what it was asked.
    """
    if tables is not None or all(TABLES[name].optional for name in names):
        return frozenset(names)
    return tables_named(select or "")


def dates_asked(
    session: Session, start: str | None, end: str | None, last: int | None, season: str | None
) -> list[date]:
    """The dates that are named, by START and END or by an option; none where nothing is. All have partitions."""
    if sum(given is not None for given in (start, last, season)) > 1:
        raise UsageError("give START and END, --last or --season: one of them")
    if last is not None:
        return _last(session, last)
    if season is not None:
        return days_of_season(session, read_season(season))
    return read_optional_range(session, start, end)


def required_dates(
    session: Session, start: str | None, end: str | None, last: int | None, season: str | None
) -> list[date]:
    """The same; UsageError where nothing is named."""
    days = dates_asked(session, start, end, last, season)
    if not days:
        raise UsageError("say which dates: START and END, --last N, or --season like 2021-22")
    return days


def _last(session: Session, number: int) -> list[date]:
    """The last dates that have partitions; all, where there are fewer."""
    first, newest = session.settings.partitions_start, session.last_partition
    return days_between(max(first, newest - timedelta(days=min(number, (newest - first).days + 1) - 1)), newest)
