"""What stands in the tables, compared with what the ledger says was published.

Numbers of rows are compared whenever the ledger is read (`planning/load.py`). Rows that were altered and are as many as
before are found here, by their content, and made STALE with whatever may have been computed from them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd

from nba_assets.engine.mark_stale import mark_stale
from nba_assets.partition import Cause, Finding, Partition, finding
from nba_assets.planning.history import history
from nba_assets.planning.load import load_state, miscounted, published_contents
from nba_assets.planning.plan import dependents
from nba_assets.planning.state import State
from nba_assets.schema.changes import Changes, compare
from nba_assets.schema.fingerprint import are_other_rows, partition_hashes
from nba_assets.schema.table import Table
from nba_assets.session import Session
from nba_assets.tables import TABLES, place_of
from nba_assets.warehouse.base import OutOfContractError, Warehouse


@dataclass(frozen=True)
class StandingRows:
    """What stands of a table on some dates; dates whose rows break its contract, and cannot be read, are left out."""

    table: Table
    rows: pd.DataFrame
    days: frozenset[date]

    def hashes(self, days: Collection[date]) -> dict[date, str]:
        """The content hash of what stands on each of the dates."""
        known = self.days.intersection(days)
        hashes = partition_hashes(self.of(known), self.table.contract, known)
        return {day: hashes[day] for day in known}

    def of(self, days: Collection[date]) -> pd.DataFrame:
        """The rows that stand on the dates."""
        return of_dates(self.rows, self.table, days)

    def changes(self, rows: pd.DataFrame, days: Collection[date]) -> dict[date, Changes]:
        """How the rows that replace those of the dates differ from them."""
        known = self.days.intersection(days)
        if not known:
            return {}
        return compare(self.of(known), of_dates(rows, self.table, known), self.table.contract).by_date(known)


def of_dates(rows: pd.DataFrame, table: Table, days: Collection[date]) -> pd.DataFrame:
    """Those of a table's rows that are of the dates."""
    return rows[rows[table.partition].isin(pd.DatetimeIndex(list(days)))]


def standing_rows(warehouse: Warehouse, table: Table, days: Sequence[date]) -> StandingRows:
    """What stands on the dates; nothing is read for none. Raises WarehouseError."""
    if not days:
        return StandingRows(table, table.empty(), frozenset())
    days = sorted(days)
    try:
        return StandingRows(table, warehouse.read(table, start=days[0], end=days[-1]), frozenset(days))
    except OutOfContractError:
        half = len(days) // 2
        if not half:
            return StandingRows(table, table.empty(), frozenset())
        parts = [standing_rows(warehouse, table, some) for some in (days[:half], days[half:])]
        filled = [part.rows for part in parts if len(part.rows)]
        rows = pd.concat(filled, ignore_index=True) if filled else table.empty()
        return StandingRows(table, rows, parts[0].days | parts[1].days)


def find_altered(session: Session, days: Sequence[date], *, found_by: str) -> dict[Partition, Finding]:
    """The published partitions of the dates whose rows are as many as were published, and others.

    Not those of a table whose columns have changed since, nor those that somebody publishes meanwhile. Raises
    WarehouseError.
    """
    warehouse = session.warehouse
    with warehouse.reading():
        ledger = warehouse.ledger(days[0], days[-1])
        before = published_contents(ledger)
        stands = {
            Partition(table.name, day): content
            for table in TABLES.values()
            for day, content in standing_rows(warehouse, table, days).hashes(days).items()
        }
        different = {p for p, content in before.items() if _is_altered(content, stands.get(p))}
        if different:
            different -= miscounted(ledger, warehouse.row_counts([*TABLES.values()], days[0], days[-1])).keys()
            after = published_contents(warehouse.ledger(days[0], days[-1]))
            different = {p for p in different if after.get(p) == before[p]}
    return {p: finding(Cause.CONTENT_ALTERED, found_by=found_by) for p in sorted(different, key=place_of)}


def _is_altered(published: str, stands: str | None) -> bool:
    return stands is None or are_other_rows(stands, published)


def record_altered(session: Session, days: Sequence[date], *, found_by: str) -> dict[Partition, Finding]:
    """Make the altered partitions of the dates STALE, and whatever was computed since they were published.

    Nobody knows when rows were altered: what came after them may be computed from the wrong ones, and its inputs will
    look unchanged when they are restored. Raises WarehouseError.
    """
    with session.warehouse.writer("comparing rows with the ledger"):
        altered = find_altered(session, days, found_by=found_by)
        if altered:
            _record(session, altered)
    return altered


def _record(session: Session, altered: Mapping[Partition, Finding]) -> None:
    days = [partition.day for partition in altered]
    state = load_state(session, min(days), max(*days, *history(session)))
    since = min(row.attempt_id for p in altered if (row := state.published(p.table, p.day)) is not None)
    stale: dict[Partition, tuple[Finding, ...]] = {partition: (found,) for partition, found in altered.items()}
    for partition, root in dependents(altered, state.end).items():
        if _was_computed_after(state, partition, since):
            found = altered[root]
            stale.setdefault(partition, (finding(Cause.INPUT_STALE, root, why=str(found)), found))
    mark_stale(session, stale)


def _was_computed_after(state: State, partition: Partition, since: str) -> bool:
    """Whether a partition's rows are newer than that, and a repair would not look at them by itself."""
    published, newest = state.published(partition.table, partition.day), state.newest(partition.table, partition.day)
    return published is not None and published.attempt_id > since and published == newest
