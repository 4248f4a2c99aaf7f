"""Ledgers as builds leave them, written row by row: for tests that need outcomes and no data."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from nba_assets.partition import FINE, Partition, Status
from nba_assets.schema.contract import empty, names_of, shape
from nba_assets.session import Session
from nba_assets.settings import load_settings
from nba_assets.tables import TABLES
from nba_assets.warehouse.base import Publication
from nba_assets.warehouse.ledger import ENTITY_FAILURES, PROCESSOR_RUNS

NO_BOX_SCORE = "8/9 games (16/18 complete, 18 required); 00221001{number:02d} IND@POR: no box score"


def bare_session(home: Path, *, now: str = "2021-11-08T09:00", **settings: Any) -> Session:
    """A session on an empty warehouse in `home`."""
    return Session(load_settings(home=home, now=now, **settings))


def gap_reason(day: date) -> str:
    """A reason like the audit's, different for each date."""
    return NO_BOX_SCORE.format(number=day.day)


def record(
    session: Session,
    table: str,
    days: Iterable[date],
    status: Status = Status.GAP,
    *,
    reason: str | None = None,
    backfill_id: str | None = None,
    run_id: str = "run",
) -> None:
    """One attempt at each date, with the outcome given."""
    record_all(session, [(Partition(table, day), status, reason) for day in days], backfill_id, run_id)


def record_all(
    session: Session,
    outcomes: Sequence[tuple[Partition, Status, str | None]],
    backfill_id: str | None = None,
    run_id: str = "run",
) -> None:
    """Attempts at any partitions, in one transaction."""
    table = TABLES[outcomes[0][0].table]
    rows = [
        {
            "partition_date": partition.day,
            "table_name": partition.table,
            "attempt_id": f"{time.time_ns() + number:020d}",
            "run_id": run_id,
            "backfill_id": backfill_id,
            "status": status.value,
            "published": status in FINE,
            "reason": reason or (gap_reason(partition.day) if status == Status.GAP else None),
            "rows": 0,
            "expected": 18,
            "complete": 16 if status == Status.GAP else 18,
        }
        for number, (partition, status, reason) in enumerate(outcomes)
    ]
    frame = shape(pd.DataFrame(rows).reindex(columns=names_of(PROCESSOR_RUNS.contract)), PROCESSOR_RUNS.contract)
    session.warehouse.prepare()
    session.warehouse.publish(Publication(table, [], table.empty(), frame, empty(ENTITY_FAILURES.contract), []))


def days_from(first: date, count: int, step: int = 1) -> list[date]:
    """`count` dates, `step` days apart."""
    return [first + timedelta(days=step * n) for n in range(count)]
