"""The ledger: one row per attempt at a partition, and the entities that a partition left out.

`processor_runs` is append-only; what a partition is now is its newest row, what it holds its newest published
row. Every column but the keys is nullable.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

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

log = logging.getLogger(__name__)

DATASET = "nba_processing"
ID_DIGITS = 20
ID_ROOM = 1000
"""Left free behind the newest id where ids are moved up: for rows that are to stand right after others."""
_CLOCK_TOLERANCE = timedelta(seconds=5)


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
    rows_added: OptionalInteger = column("Rows of the partition that were not there before", nullable=True)
    rows_removed: OptionalInteger = column("Rows of the partition that are no longer there", nullable=True)
    rows_changed: OptionalInteger = column("Rows with the same key and other values than before", nullable=True)
    cells_changed: OptionalInteger = column("Values of these rows that are others than before", nullable=True)
    content_hash: Text = column("Hash of the rows", nullable=True)
    announced_hash: Text = column("Hash of what was known before tip-off (raw_schedule)", nullable=True)
    inputs_hash: Text = column("Hash of everything the partition was allowed to read", nullable=True)
    code_version: Text = column("Fingerprint of the code that the table's numbers and checks depend on", nullable=True)
    source: Text = column("Source that was asked (raw tables)", nullable=True)
    source_fingerprint: Text = column("What the source said of the date: a hash per game (raw)", nullable=True)
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


def numbered(nanoseconds: int) -> str:
    """The attempt id of a number: as text they sort like numbers."""
    return f"{nanoseconds:0{ID_DIGITS}d}"


def new_attempt_id() -> str:
    """The nanosecond of this machine's clock. It orders the rows of one publication; publishing may shift them all."""
    return numbered(time.time_ns())


def shifted(attempt_ids: pd.Series, newest: str | None) -> pd.Series:
    """Ids of one publication, in their order, all after the ledger's newest: as they are, if they are already.

    What is published later is newer, whatever the clock of the machine that computed it says.
    """
    if newest is None or attempt_ids.empty or attempt_ids.min() > newest:
        return attempt_ids
    distance = int(newest) + ID_ROOM - int(attempt_ids.min())
    return attempt_ids.map(lambda attempt_id: numbered(int(attempt_id) + distance))


def moment_of(attempt_id: str) -> datetime:
    """When an attempt was recorded, by the clock of who recorded it: ids are nanoseconds."""
    return datetime.fromtimestamp(int(attempt_id or 0) / 1e9, UTC)


def attempt_id_at(moment: datetime) -> str:
    """The id that an attempt recorded at a moment would have."""
    return numbered(int(moment.timestamp() * 1e9))


def warn_if_clock_is_behind(newest: str | None) -> None:
    """Say so, once per process, if the ledger has an attempt from this clock's future."""
    now = datetime.now(UTC)
    if _warned or newest is None or newest <= attempt_id_at(now + _CLOCK_TOLERANCE):
        return
    _warned.append(newest)
    log.warning(
        "the clock of this machine says %s UTC, but the ledger's newest attempt is of %s UTC: one of the two clocks is "
        "wrong. Set the clock of this machine right, and that of whichever machine wrote the attempt. Until then "
        "attempts are numbered on from the ledger's newest: what is published later counts as newer.",
        f"{now:%Y-%m-%d %H:%M:%S}",
        f"{moment_of(newest):%Y-%m-%d %H:%M:%S}",
    )


_warned: list[str] = []


def is_published(rows: pd.DataFrame) -> pd.Series:
    """Which ledger rows are of attempts that published; NULL is none."""
    return rows["published"].astype("boolean").fillna(False).astype(bool)


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
