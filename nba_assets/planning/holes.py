"""What was asked for and is not there: between the dates on which a table was ever tried nothing may be missing.

What a range was asked for is written down nowhere; attempts are. Of a season in which a table was never tried nothing
is missing, nor of its dates after the last attempt, unless everything that a partition is made of is there, or waits
for something else that was asked for; of a raw table, unless what is made of it was published without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from nba_assets.league.calendar import season_of
from nba_assets.partition import IN_ORDER, Partition, Status
from nba_assets.planning.state import Cell, State
from nba_assets.schema.table import Input, Phase, TimeRule
from nba_assets.tables import TABLES


def not_in_order(state: State, days: Sequence[date]) -> dict[Partition, Cell]:
    """The partitions that were asked for and are not published, or not up to date; nothing that is not due.

    By partition, date by date, in the order of the graph.
    """
    tried = _tried(state, days)
    lacking: dict[Partition, Cell] = {}
    for day in days:
        for name in TABLES:
            cell = state.cell(name, day)
            span = tried.get((name, season_of(day)))
            if span is not None and cell.status not in IN_ORDER and _is_lacking(state, cell, span, lacking):
                lacking[cell.partition] = cell
    return lacking


def waits_for(state: State, cell: Cell) -> Partition | None:
    """What a partition waits for: the root of a block, or the nearest input that is missing; None if for nothing."""
    obstacle = state.obstacle(cell.partition.table, cell.partition.day)
    return None if obstacle is None else obstacle.origin


def _tried(state: State, days: Sequence[date]) -> dict[tuple[str, str], tuple[date, date]]:
    """The first and the last date of each table and season that were attempted when they were due."""
    found: dict[tuple[str, str], tuple[date, date]] = {}
    for day in days:
        for name in TABLES:
            newest = state.newest(name, day)
            if newest is not None and newest.status != Status.NOT_DUE:
                first, _ = found.get((name, season_of(day)), (day, day))
                found[name, season_of(day)] = (first, day)
    return found


def _is_lacking(state: State, cell: Cell, tried: tuple[date, date], lacking: dict[Partition, Cell]) -> bool:
    first, last = tried
    if cell.status != Status.MISSING or first <= cell.partition.day <= last:
        return True
    if cell.partition.day < first:
        return False
    if TABLES[cell.partition.table].phase == Phase.RAW:
        return _is_wanting_below(state, cell.partition)
    awaited = waits_for(state, cell)
    return awaited is None or awaited in lacking


def _is_wanting_below(state: State, partition: Partition) -> bool:
    """Whether a table that reads a raw partition of the date was published without it; nobody waits for an optional."""
    if TABLES[partition.table].optional:
        return False
    readers = (t for t in TABLES.values() if any(_is_read(i, partition.table) for i in t.inputs))
    return any(state.published(table.name, partition.day) is not None for table in readers)


def _is_read(input_: Input, table: str) -> bool:
    return input_.table == table and input_.rule is TimeRule.SAME_DATE
