"""What stands in the tables, compared with what the ledger says was published.

Numbers of rows are compared whenever the ledger is read (`planning/load.py`). Rows that were altered and are as many as
before are found here, by their content, and made STALE with whatever may have been computed from them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from nba_assets.engine.mark_stale import mark_stale
from nba_assets.partition import Cause, Finding, Partition, finding
from nba_assets.planning.history import history
from nba_assets.planning.load import load_state, miscounted, published_contents
from nba_assets.planning.plan import dependents
from nba_assets.planning.state import State
from nba_assets.schema.fingerprint import are_other_rows, partition_hashes
from nba_assets.schema.table import Table
from nba_assets.session import Session
from nba_assets.tables import TABLES
from nba_assets.warehouse.base import OutOfContractError, Warehouse


def standing_hashes(warehouse: Warehouse, table: Table, days: Sequence[date]) -> dict[date, str]:
    """The content hash of what stands on each of the dates; none for dates whose rows break the table's contract."""
    if not days:
        return {}
    days = sorted(days)
    try:
        rows = warehouse.read(table, start=days[0], end=days[-1])
    except OutOfContractError:
        half = len(days) // 2
        if not half:
            return {}
        return standing_hashes(warehouse, table, days[:half]) | standing_hashes(warehouse, table, days[half:])
    hashes = partition_hashes(rows, table.contract, days)
    return {day: hashes[day] for day in days}


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
            for day, content in standing_hashes(warehouse, table, days).items()
        }
        different = {p for p, content in before.items() if _is_altered(content, stands.get(p))}
        if different:
            different -= miscounted(ledger, warehouse.row_counts([*TABLES.values()], days[0], days[-1])).keys()
            after = published_contents(warehouse.ledger(days[0], days[-1]))
            different = {p for p in different if after.get(p) == before[p]}
    return {p: finding(Cause.CONTENT_ALTERED, found_by=found_by) for p in sorted(different, key=_in_order)}


def _is_altered(published: str, stands: str | None) -> bool:
    return stands is None or are_other_rows(stands, published)


def _in_order(partition: Partition) -> tuple[date, int]:
    return partition.day, [*TABLES].index(partition.table)


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
