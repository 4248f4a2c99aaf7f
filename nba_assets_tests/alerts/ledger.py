"""Ledgers as builds leave them, written row by row: for tests that need outcomes and no data."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from nba_assets.partition import FINE, Cause, Finding, Partition, Status, finding, sentence_of, to_json
from nba_assets.schema.contract import empty, names_of, shape
from nba_assets.session import Session
from nba_assets.settings import load_settings
from nba_assets.tables import TABLES
from nba_assets.warehouse.base import Publication
from nba_assets.warehouse.ledger import ENTITY_FAILURES, PROCESSOR_RUNS


def bare_session(home: Path, *, now: str = "2021-11-08T09:00", **settings: Any) -> Session:
    """A session on an empty warehouse in `home`."""
    return Session(load_settings(home=home, now=now, **settings))


def no_box_score(day: date) -> tuple[Finding, ...]:
    """What the audit finds on a date of which one box score is missing."""
    numbers = {"complete_games": 8, "games": 9, "complete": 16, "expected": 18, "required": 18}
    game = f"00221001{day.day:02d} IND@POR"
    return finding(Cause.BELOW_GAMES, **numbers), finding(Cause.NO_BOX_SCORE, game)


def gap_reason(day: date) -> str:
    """The reason of such a date, different for each."""
    return sentence_of(no_box_score(day)) or ""


def record(
    session: Session,
    table: str,
    days: Iterable[date],
    status: Status = Status.GAP,
    *findings: Finding,
    reason: str | None = None,
    backfill_id: str | None = None,
    run_id: str = "run",
) -> None:
    """One attempt at each date, with the outcome given; a GAP without findings has one box score too few.

    With a `reason` the rows are as older versions wrote them: a sentence, and no causes.
    """
    outcomes = [(Partition(table, day), status, findings) for day in days]
    record_all(session, outcomes, backfill_id, run_id, reason=reason)


def record_all(
    session: Session,
    outcomes: Sequence[tuple[Partition, Status, Sequence[Finding]]],
    backfill_id: str | None = None,
    run_id: str = "run",
    *,
    reason: str | None = None,
) -> None:
    """Attempts at any partitions, in one transaction."""
    table, rows = TABLES[outcomes[0][0].table], []
    for number, (partition, status, given) in enumerate(outcomes):
        findings = given or (no_box_score(partition.day) if status == Status.GAP else ())
        rows.append(
            {
                "partition_date": partition.day,
                "table_name": partition.table,
                "attempt_id": f"{time.time_ns() + number:020d}",
                "run_id": run_id,
                "backfill_id": backfill_id,
                "status": status.value,
                "published": status in FINE,
                "reason": reason or sentence_of(findings),
                "causes": None if reason else to_json(findings),
                "rows": 0,
                "expected": 18,
                "complete": 16 if status == Status.GAP else 18,
            }
        )
    frame = shape(pd.DataFrame(rows).reindex(columns=names_of(PROCESSOR_RUNS.contract)), PROCESSOR_RUNS.contract)
    session.warehouse.prepare()
    session.warehouse.publish(Publication(table, [], table.empty(), frame, empty(ENTITY_FAILURES.contract), []))


def days_from(first: date, count: int, step: int = 1) -> list[date]:
    """`count` dates, `step` days apart."""
    return [first + timedelta(days=step * n) for n in range(count)]
