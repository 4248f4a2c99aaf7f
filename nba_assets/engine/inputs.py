"""What a table may read for some dates: its inputs by their time rules, from the warehouse and the source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pandas as pd

from nba_assets.league.calendar import season_first_day, season_of, seasons_between
from nba_assets.schema.table import Input, Inputs, Table, TimeRule
from nba_assets.session import Session
from nba_assets.sources.base import ResultSet, SourceError
from nba_assets.sources.fingerprints import CHANGED_MEANWHILE
from nba_assets.tables import TABLES
from nba_assets.tables.games import ANNOUNCED_COLUMNS, announced_games

_DAY = timedelta(days=1)


def read_stored(session: Session, table: Table, days: Sequence[date]) -> Inputs:
    """What a table reads of other tables: of the dates themselves, and of the season before the last of them."""
    on_date: dict[str, pd.DataFrame] = {}
    before: dict[str, pd.DataFrame] = {}
    for input_ in table.inputs if days else ():
        rows = _read(session, input_, min(days), max(days))
        is_history = input_.rule in (TimeRule.BEFORE_DATE, TimeRule.DAY_BEFORE)
        (before if is_history else on_date)[input_.table] = rows
    if days and table.own_history:
        since, last = season_first_day(season_of(min(days))), max(days) - _DAY
        before[table.name] = session.warehouse.read(table, columns=table.own_history, start=since, end=last)
    return Inputs(
        on_date=on_date,
        before=before,
        read_at=pd.Timestamp(session.now()),
        min_games=session.policies[table.name].min_games,
        counting_types=session.counting_types,
    )


def with_source(
    session: Session, table: Table, stored: Inputs, days: Sequence[date]
) -> tuple[Inputs, dict[tuple[ResultSet, str], str]]:
    """The same inputs with the source's result sets for the dates, and which versions these are. Raises SourceError."""
    versions: dict[tuple[ResultSet, str], str] = {}
    source = {str(result_set): _read_source(session, result_set, days, versions) for result_set in table.result_sets}
    evidence = {str(result_set): _what_there_is(session, result_set, days, versions) for result_set in table.evidence}
    looks_at_lists = ResultSet.INACTIVES in (*table.result_sets, *table.evidence)
    settled = session.settled_games(days) if looks_at_lists else frozenset()
    return replace(stored, source=evidence | source, settled_games=settled), versions


def _read(session: Session, input_: Input, first: date, last: date) -> pd.DataFrame:
    table, warehouse = TABLES[input_.table], session.warehouse
    if input_.rule == TimeRule.ANNOUNCED:
        return announced_games(warehouse.read(table, columns=[*ANNOUNCED_COLUMNS, "status"], start=first, end=last))
    if input_.rule == TimeRule.SAME_DATE:
        return warehouse.read(table, columns=input_.columns, start=first, end=last)
    if input_.rule == TimeRule.DAY_BEFORE:
        return warehouse.read(table, columns=input_.columns, start=first - _DAY, end=last - _DAY)
    since = season_first_day(season_of(first))
    return warehouse.read(table, columns=input_.columns, start=since, end=last - _DAY)


def _read_source(
    session: Session, result_set: ResultSet, days: Sequence[date], versions: dict[tuple[ResultSet, str], str]
) -> pd.DataFrame | None:
    by_season = {season: [d for d in days if season_of(d) == season] for season in seasons_between(days)}
    return _joined([_versioned(session, result_set, *item, versions) for item in by_season.items()])


def _versioned(
    session: Session,
    result_set: ResultSet,
    season: str,
    days: Sequence[date],
    versions: dict[tuple[ResultSet, str], str],
) -> pd.DataFrame | None:
    """A result set of a season, whose version is written down."""
    frame = session.source.read(result_set, season, days)
    snapshot = session.source.snapshot(result_set, season)
    if snapshot is not None:
        versions[result_set, season] = snapshot.version if snapshot.frame is frame else CHANGED_MEANWHILE
    return frame


def _joined(frames: Sequence[pd.DataFrame | None]) -> pd.DataFrame | None:
    present = [frame for frame in frames if frame is not None]
    return pd.concat(present, ignore_index=True) if len(present) > 1 else present[0] if present else None


def _what_there_is(
    session: Session, result_set: ResultSet, days: Sequence[date], versions: dict[tuple[ResultSet, str], str]
) -> pd.DataFrame | None:
    """The rows of the seasons that the source has without asking for any date; None where it has none, or fails.

    Whatever is made of the result set fails of itself.
    """
    try:
        return _joined([_versioned(session, result_set, season, (), versions) for season in seasons_between(days)])
    except SourceError:
        return None
