"""Partitions that are to be read from the source again.

The request is written into the ledger first, so that an interruption cannot forget it: until a partition has been
read again it is STALE, and any repair reads it. How it is read does not belong here.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime

from nba_assets.partition import FINE, Cause, Status, finding, to_json
from nba_assets.planning.load import load_state
from nba_assets.session import Session
from nba_assets.tables import RAW, SCHEDULE
from nba_assets.warehouse.base import ledger_only
from nba_assets.warehouse.ledger import PROCESSOR_RUNS, new_attempt_id, rows_of, warn_if_clock_is_behind


def request_refetch(session: Session, days: Collection[date]) -> None:
    """Make the raw partitions of the dates STALE, unless they are to be built anyway. Raises WarehouseError."""
    if not days:
        return
    session.warehouse.prepare()
    state = load_state(session, min(days), max(days), RAW)
    warn_if_clock_is_behind(state.newest_attempt)
    settled = [(name, day) for day in sorted(days) for name in RAW if state.cell(name, day).status in _SETTLED]
    if not settled:
        return
    now = datetime.now(UTC)
    requested = finding(Cause.REFETCH_REQUESTED, since=f"{now:%Y-%m-%d %H:%M}")
    rows = [
        {
            "partition_date": day,
            "table_name": name,
            "attempt_id": new_attempt_id(),
            "status": Status.STALE.value,
            "published": False,
            "reason": str(requested),
            "causes": to_json([requested]),
            "started_at": now,
        }
        for name, day in settled
    ]
    session.warehouse.publish(ledger_only(SCHEDULE, rows_of(PROCESSOR_RUNS, rows)))


_SETTLED = FINE | {Status.NOT_DUE}
"""What no repair would look at by itself."""
