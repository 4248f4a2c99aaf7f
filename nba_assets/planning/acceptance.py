"""Which gaps are accepted by now: by the clock, by a policy, by a person who says so."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, timedelta

from nba_assets.partition import Cause, Finding, Partition, Status
from nba_assets.planning.history import history
from nba_assets.planning.ledger_rows import LedgerRow
from nba_assets.planning.load import load_state
from nba_assets.planning.state import Cell
from nba_assets.quality.acceptance import may_be_accepted
from nba_assets.schema.table import Phase
from nba_assets.session import Session
from nba_assets.tables import TABLES


def is_past_late_limit(session: Session, day: date, *, days: int = 0) -> bool:
    """Whether what is missing of a date is not waited for any more: the late limit is over, and so many days."""
    return session.today() - day > max(session.settings.late_limit, timedelta(days=days))


def is_not_asked_again(session: Session, partition: Partition) -> bool:
    """Whether a repair leaves the source in peace: what a raw table lacks is past the late limit."""
    is_raw = TABLES[partition.table].phase is Phase.RAW
    return is_raw and session.source.is_asked and is_past_late_limit(session, partition.day)


def accepting_policy(session: Session, partition: Partition, published: LedgerRow | None) -> str | None:
    """The policy that accepts a gap of a partition, as the ledger names it; None if none does.

    `published` is what stands of it: what a person has taken back, a person accepts again.
    """
    days = session.policies[partition.table].accept_gap_after_days
    if days is None or not is_past_late_limit(session, partition.day, days=days):
        return None
    is_taken_back = published is not None and any(one.cause is Cause.TAKEN_BACK for one in published.findings)
    return None if is_taken_back else f"the policy accept_gap_after_days = {days}"


def is_accepted_by_policy(session: Session, cell: Cell) -> bool:
    """Whether a gap would be published as it is, were it built now."""
    table = cell.partition.table
    return (
        may_be_accepted(TABLES[table].phase, cell.status, cell.findings)
        and cell.newest is not None
        and bool(cell.newest.rows)
        and accepting_policy(session, cell.partition, cell.published) is not None
    )


def can_be_accepted(session: Session, partition: Partition, status: Status, findings: Iterable[Finding]) -> bool:
    """Whether `--accept-gaps` would publish a partition as it is."""
    phase = TABLES[partition.table].phase
    return may_be_accepted(phase, status, findings) and is_past_late_limit(session, partition.day)


def accepted_gaps(session: Session, days: Collection[date] = ()) -> list[Cell]:
    """The gaps that somebody has accepted, date by date; of all history, if no dates are given."""
    days = sorted(days) or history(session)
    state = load_state(session, days[0], days[-1]) if days else None
    cells = (state.cell(name, day) for day in days for name in TABLES) if state else ()
    return [cell for cell in cells if cell.accepted_by is not None]
