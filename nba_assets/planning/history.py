"""Which dates the pipeline has ever attempted: what "all history" means, on the command line and in jobs."""

from __future__ import annotations

from datetime import date

from nba_assets.league.calendar import days_between
from nba_assets.session import Session


def history(session: Session) -> list[date]:
    """Every date from the first to the last in the ledger that has a partition; none if nothing has been built."""
    session.warehouse.prepare()
    attempted = session.warehouse.ledger()["partition_date"]
    if attempted.empty:
        return []
    first = max(attempted.min().date(), session.settings.partitions_start)
    return days_between(first, min(attempted.max().date(), session.last_partition))
