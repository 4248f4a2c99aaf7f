"""Taking back that a gap was accepted as it is: it is red again, and what is made of it waits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pandas as pd

from nba_assets.partition import ACCEPTANCES, Cause, Status, finding, sentence_of, to_json
from nba_assets.planning.ledger_rows import LedgerRow
from nba_assets.planning.state import Cell
from nba_assets.schema.changes import COUNTS
from nba_assets.session import Session
from nba_assets.tables import SCHEDULE
from nba_assets.warehouse.base import ledger_only
from nba_assets.warehouse.ledger import new_attempt_id


def unaccept(session: Session, cells: Sequence[Cell], *, by: str) -> None:
    """Record accepted partitions as the gaps that they are; their rows stand until somebody has built them again.

    Raises WarehouseError.
    """
    published = {cell.published.attempt_id: cell.published for cell in cells if cell.published is not None}
    days = [row.partition.day for row in published.values()]
    ledger = session.warehouse.ledger(min(days), max(days))
    rows = ledger[ledger["attempt_id"].isin(published)]
    texts = [_texts(published[attempt_id], by) for attempt_id in rows["attempt_id"]]
    taken_back = rows.assign(
        attempt_id=[new_attempt_id() for _ in texts],
        status=Status.GAP.value,
        started_at=pd.Timestamp(datetime.now(UTC)),
        reason=[reason for reason, _ in texts],
        causes=[causes for _, causes in texts],
        **dict.fromkeys(COUNTS),
    )
    session.warehouse.publish(ledger_only(SCHEDULE, taken_back))


def _texts(row: LedgerRow, by: str) -> tuple[str | None, str | None]:
    """Reason and causes of a gap that is no longer accepted."""
    kept = [one for one in row.findings if one.cause not in ACCEPTANCES]
    findings = [finding(Cause.TAKEN_BACK, by=by), *kept]
    return sentence_of(findings), to_json(findings)
