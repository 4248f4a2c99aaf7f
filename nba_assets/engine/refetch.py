"""Partitions that are to be read from the source again.

The request is written into the ledger first, so that an interruption cannot forget it: until a partition has been
read again it is STALE, and any repair reads it. How it is read does not belong here.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime

from nba_assets.engine.mark_stale import mark_stale
from nba_assets.partition import FINE, Cause, Partition, Status, finding
from nba_assets.planning.load import load_state
from nba_assets.session import Session
from nba_assets.tables import RAW
from nba_assets.warehouse.ledger import warn_if_clock_is_behind


def request_refetch(session: Session, days: Collection[date]) -> None:
    """Make the raw partitions of the dates STALE, unless they are to be built anyway. Raises WarehouseError."""
    if not days:
        return
    session.warehouse.prepare()
    state = load_state(session, min(days), max(days), RAW)
    warn_if_clock_is_behind(state.newest_attempt)
    partitions = [Partition(name, day) for day in sorted(days) for name in RAW]
    settled = [one for one in partitions if state.cell(one.table, one.day).status in _SETTLED]
    if settled:
        requested = finding(Cause.REFETCH_REQUESTED, since=f"{datetime.now(UTC):%Y-%m-%d %H:%M}")
        mark_stale(session, dict.fromkeys(settled, (requested,)))


_SETTLED = FINE | {Status.NOT_DUE}
"""What no repair would look at by itself."""
