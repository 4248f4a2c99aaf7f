"""Saying in the ledger that partitions are out of date, where nothing in it shows that they are.

Nothing is replaced; the rows that stand stay published until a repair has built them again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from nba_assets.partition import Finding, Partition, Status, to_json
from nba_assets.session import Session
from nba_assets.tables import SCHEDULE
from nba_assets.warehouse.base import ledger_only
from nba_assets.warehouse.ledger import PROCESSOR_RUNS, new_attempt_id, rows_of


def mark_stale(session: Session, why: Mapping[Partition, Sequence[Finding]]) -> None:
    """Record partitions as STALE, each with its reason and what that comes of; in one go. Raises WarehouseError."""
    now = datetime.now(UTC)
    rows = [
        {
            "partition_date": partition.day,
            "table_name": partition.table,
            "attempt_id": new_attempt_id(),
            "status": Status.STALE.value,
            "published": False,
            "reason": str(findings[0]),
            "causes": to_json(findings),
            "started_at": now,
        }
        for partition, findings in why.items()
    ]
    session.warehouse.publish(ledger_only(SCHEDULE, rows_of(PROCESSOR_RUNS, rows)))
