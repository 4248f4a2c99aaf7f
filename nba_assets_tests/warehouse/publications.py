"""Publications as a build would hand them over: rows of a table, and a ledger row per date."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

import pandas as pd

from nba_assets.schema.contract import empty, shape
from nba_assets.schema.fingerprint import partition_hashes
from nba_assets.tables import TABLES
from nba_assets.warehouse.base import Publication
from nba_assets.warehouse.ledger import ENTITY_FAILURES, ID_DIGITS, PROCESSOR_RUNS

LINES = TABLES["raw_game_lines"]


def lines(day: date, totals: Sequence[float | None]) -> pd.DataFrame:
    """Rows of raw_game_lines, the smallest table: one game per total."""
    rows = {
        "game_date": [pd.Timestamp(day)] * len(totals),
        "season": "2021-22",
        "game_id": [f"00221{day:%m%d}{number}" for number in range(len(totals))],
        "home_spread": -3.5,
        "total": [float("nan") if total is None else total for total in totals],
    }
    return LINES.shape(pd.DataFrame(rows))


def ledger_rows(
    table: str, rows: pd.DataFrame, dates: Sequence[date], *, attempt: str = "1", published: bool = True
) -> pd.DataFrame:
    """One ledger row per date."""
    contract = TABLES[table].contract
    hashes = partition_hashes(rows, contract, dates)
    counts = rows[TABLES[table].partition].dt.date.value_counts()
    frame = pd.DataFrame(
        {
            "partition_date": list(dates),
            "table_name": table,
            "attempt_id": attempt.zfill(ID_DIGITS),
            "status": "OK" if published else "GAP",
            "published": published,
            "rows": [int(counts.get(day, 0)) for day in dates],
            "share": 1 / 3,
            "content_hash": [hashes[day] for day in dates],
            "started_at": datetime(2021, 12, 1, 6, 30, tzinfo=UTC),
        }
    )
    return shape(frame.reindex(columns=list(PROCESSOR_RUNS.contract.to_schema().columns)), PROCESSOR_RUNS.contract)


def failure_rows(table: str, day: date, entities: Sequence[str]) -> pd.DataFrame:
    """Entity failures of one partition."""
    rows = {"partition_date": day, "table_name": table, "entity": list(entities), "category": "ERROR", "details": "?"}
    return shape(pd.DataFrame(rows), ENTITY_FAILURES.contract)


def publication(
    rows: pd.DataFrame,
    dates: Sequence[date],
    *,
    table: str = LINES.name,
    attempt: str = "1",
    failures: pd.DataFrame | None = None,
    seen: str | None = "9" * ID_DIGITS,
) -> Publication:
    """Rows that replace dates, with their ledger rows; entity failures of the dates, if any.

    They were computed knowing of everything, unless `seen` says of how much.
    """
    return Publication(
        table=TABLES[table],
        dates=dates,
        rows=rows,
        runs=ledger_rows(table, rows, dates, attempt=attempt),
        failures=empty(ENTITY_FAILURES.contract) if failures is None else failures,
        failure_dates=dates,
        seen=seen,
    )


def unpublished(day: date, *, attempt: str = "1", table: str = LINES.name) -> Publication:
    """A gap: a ledger row and nothing else."""
    nothing = TABLES[table].empty()
    runs = ledger_rows(table, nothing, [day], attempt=attempt, published=False)
    return Publication(TABLES[table], [], nothing, runs, empty(ENTITY_FAILURES.contract), [])
