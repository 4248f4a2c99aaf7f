"""The ledger: one row per attempt at a partition, and the entities that a partition left out.

`processor_runs` is append-only; what a partition is now is its newest row, what it holds its newest published
row. Every column but the keys is nullable.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from nba_assets.schema.contract import (
    Contract,
    Date,
    Number,
    OptionalFlag,
    OptionalInteger,
    Text,
    Timestamp,
    cast,
    column,
    names_of,
    shape,
)
from nba_assets.warehouse.ddl import Relation

DATASET = "nba_processing"


class ProcessorRuns(Contract):
    """One row per (table, partition date, attempt)."""

    partition_date: Date = column("The partition that was attempted", partition=True)
    table_name: Text = column("Table", key=True)
    attempt_id: Text = column("Orders the attempts at a partition; newest is greatest", key=True)
    run_id: Text = column("Run that made the attempt", nullable=True)
    backfill_id: Text = column("Backfill that the run belonged to", nullable=True)
    status: Text = column("Status, from the closed vocabulary", nullable=True)
    published: OptionalFlag = column("The partition's rows were replaced, or confirmed unchanged", nullable=True)
    reason: Text = column("Why the status is not OK, in words", nullable=True)
    causes: Text = column("The reason as causes with entities and numbers, JSON", nullable=True)
    label: Text = column("The reason in a few characters, for the coverage matrix", nullable=True)
    root_table: Text = column("Table at the root of a BLOCKED status", nullable=True)
    root_date: Date = column("Date at the root of a BLOCKED status", nullable=True)
    rows: OptionalInteger = column("Rows of the partition", nullable=True)
    expected: OptionalInteger = column("Entities that the schedule says there must be", nullable=True)
    complete: OptionalInteger = column("Entities that are complete", nullable=True)
    required: OptionalInteger = column("Complete entities needed to publish", nullable=True)
    games: OptionalInteger = column("Counting games of the date by the schedule of the moment", nullable=True)
    share: Number = column("complete / expected", nullable=True)
    production_ready_share: Number = column("Share of rows that are production-ready", nullable=True)
    content_hash: Text = column("Hash of the rows", nullable=True)
    announced_hash: Text = column("Hash of what was known before tip-off (raw_schedule)", nullable=True)
    inputs_hash: Text = column("Hash of everything the partition was allowed to read", nullable=True)
    code_version: Text = column("Fingerprint of the code that the table's numbers and checks depend on", nullable=True)
    source: Text = column("Source that was asked (raw tables)", nullable=True)
    opening_night: Date = column("The season's opening night by the schedule (raw_schedule)", nullable=True)
    options: Text = column("Run options, JSON", nullable=True)
    started_at: Timestamp = column("Start of the attempt, UTC", nullable=True)
    duration_s: Number = column("Seconds that the attempt's step took", nullable=True)


class EntityFailures(Contract):
    """Entities that a partition left out or could not complete; replaced with their partition."""

    partition_date: Date = column("Partition", partition=True)
    table_name: Text = column("Table", key=True)
    entity: Text = column("Game, team or player", key=True)
    category: Text = column("INSUFFICIENT_HISTORY, UPSTREAM_GAP, UNKNOWN_TEAM, ERROR or NOTE", nullable=True)
    details: Text = column("What is wrong with it", nullable=True)


PROCESSOR_RUNS = Relation(DATASET, "processor_runs", ProcessorRuns)
ENTITY_FAILURES = Relation(DATASET, "entity_failures", EntityFailures)


def is_newest(quote: Callable[[str], str], *alike: str) -> str:
    """In SQL: a row is the newest attempt at its partition, of those that have the same values in `alike`."""
    same = ", ".join(map(quote, ("table_name", "partition_date", *alike)))
    return f"ROW_NUMBER() OVER (PARTITION BY {same} ORDER BY {quote('attempt_id')} DESC) = 1"


def is_current(quote: Callable[[str], str]) -> str:
    """In SQL: a row is the newest attempt at its partition, or the newest of those that published."""
    return f"{is_newest(quote)} OR ({quote('published')} AND {is_newest(quote, 'published')})"


def rows_of(relation: Relation, rows: Sequence[Mapping[str, object]]) -> pd.DataFrame:
    """Rows of a bookkeeping table in its contract's types; what a row does not say is NULL."""
    return shape(pd.DataFrame(rows, columns=names_of(relation.contract)), relation.contract)


def in_todays_columns(rows: pd.DataFrame) -> pd.DataFrame:
    """Ledger rows as an older version stored them: columns that it did not have are NULL, others are dropped."""
    names = names_of(ProcessorRuns)
    return cast(rows.reindex(columns=names), ProcessorRuns, names)
