"""Which dates there are: those that have a partition, and those of them that were ever attempted."""

from __future__ import annotations

from datetime import date

from nba_assets.league.calendar import days_between
from nba_assets.session import Session


class NoPartitionError(ValueError):
    """A date has no partition; the message says why, and which setting to change."""


def require_partitions(session: Session, first: date, last: date) -> None:
    """NoPartitionError unless every date of a range has a partition."""
    earliest = session.settings.partitions_start
    if first < earliest:
        raise NoPartitionError(
            f"{first} is before the first partition, {earliest}. Set NBA_PARTITIONS_START to {first} or earlier."
        )
    if last > session.today():
        raise NoPartitionError(f"{last} is after today, {session.today()}: there is no partition for it yet")
    if last > session.last_partition:
        ends = "" if session.settings.partitions_end else f", where the source '{session.settings.source}' ends"
        raise NoPartitionError(
            f"{last} is after the last partition, {session.last_partition}{ends}. Set NBA_PARTITIONS_END to {last} or "
            "later."
        )


def history(session: Session) -> list[date]:
    """Every date from the first to the last in the ledger that has a partition; none if nothing has been built.

    What "all history" means, on the command line and in jobs.
    """
    attempted = session.warehouse.attempted()
    if attempted is None:
        return []
    first = max(attempted[0], session.settings.partitions_start)
    return days_between(first, min(attempted[1], session.last_partition))
