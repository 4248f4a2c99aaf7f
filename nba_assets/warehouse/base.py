"""What a warehouse is: partitions replaced whole, with their ledger rows, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import pandas as pd

from nba_assets.schema.contract import cast, empty, names_of, shape
from nba_assets.schema.table import Table
from nba_assets.tables import TABLES
from nba_assets.warehouse.corrections import Correction
from nba_assets.warehouse.ddl import Migration, Relation
from nba_assets.warehouse.ledger import ENTITY_FAILURES, PROCESSOR_RUNS


class WarehouseError(Exception):
    """The warehouse cannot do what was asked; what was published before is untouched."""


class AnotherVersionError(WarehouseError):
    """The warehouse was written by a version of the database that the one installed here cannot read."""


class DisturbedError(WarehouseError):
    """Another writer changed the same tables at the same moment; nothing was written, and it may be repeated."""


class OvertakenError(WarehouseError):
    """A newer attempt at the partition was published while this one was computed; nothing was written."""


class OutOfContractError(WarehouseError):
    """Stored rows are not what their table's contract says."""


def columns_to_read(table: Table, columns: Sequence[str] | None) -> list[str]:
    """The asked columns (None: all) in table order; WarehouseError names those that the table does not have."""
    names = names_of(table.contract)
    unknown = sorted(set(columns or ()).difference(names))
    if unknown:
        raise WarehouseError(f"{table.name} has no column {', '.join(unknown)}; its columns: {', '.join(names)}")
    return names if columns is None else [name for name in names if name in columns]


def in_contract(rows: pd.DataFrame, table: Table, names: Sequence[str]) -> pd.DataFrame:
    """Stored rows in the contract's types; WarehouseError where a column has been added and is not filled yet."""
    try:
        return cast(rows, table.contract, names)
    except ValueError as error:
        raise OutOfContractError(
            f"{table.name}: {error}. Rows that an older version wrote have nothing there; run: nba-assets repair"
        ) from error


@dataclass(frozen=True)
class Publication:
    """What one step hands over: rows that replace `dates`, ledger rows, and the entities left out.

    `dates` may be fewer than the ledger rows cover: unchanged partitions and gaps are recorded, not rewritten.
    `failures` replaces the entity failures of `failure_dates`. `corrections` are added to those that are known.

    The attempt ids of `runs` order them among each other. Publishing moves them all up, in one step, if the ledger has
    got further than they have: order is that of publication, not of clocks. With `keeps_ids` they stay as they are: the
    rows repeat older ones, and are to stand right after those, before whatever came later.

    `seen` is the ledger's newest attempt when the rows were computed (None: there was none, or they are computed from
    nothing). What was published after it has overtaken them.
    """

    table: Table
    dates: Sequence[date]
    rows: pd.DataFrame
    runs: pd.DataFrame
    failures: pd.DataFrame
    failure_dates: Sequence[date]
    seen: str | None = None
    keeps_ids: bool = False
    corrections: Sequence[Correction] = ()


def ledger_only(table: Table, runs: pd.DataFrame, *, seen: str | None = None, keeps_ids: bool = False) -> Publication:
    """Ledger rows about a table of which nothing is replaced."""
    failures, runs = empty(ENTITY_FAILURES.contract), shape(runs, PROCESSOR_RUNS.contract)
    return Publication(table, (), table.empty(), runs, failures, (), seen, keeps_ids)


NEWEST = 100
"""So many attempts are the newest ones: more than one run records in the moment that it is asked about."""


class Warehouse(Protocol):
    """Where tables live. Implementations: duckdb, bigquery.

    `locks_out_others`: while somebody holds `writer`, nobody else publishes.
    """

    locks_out_others: bool

    def describe(self) -> str:
        """Where it is, for messages."""
        ...

    def prepare(self) -> None:
        """Create what does not exist yet: datasets, tables, views. Raises WarehouseError if it cannot be used.

        For whoever writes. Reading creates nothing: a table that does not exist is read as an empty one.
        """
        ...

    def writer(self, purpose: str) -> AbstractContextManager[None]:
        """Hold the right to write; waits for another holder, then raises WarehouseError naming it."""
        ...

    def bookkeeping(self) -> AbstractContextManager[None]:
        """Hold the right to `replace_relation`; waits for another who keeps books, and for nobody who builds."""
        ...

    def reading(self) -> AbstractContextManager[None]:
        """Several reads in a row, without a connection for each. Nothing is written inside."""
        ...

    def read(
        self, table: Table, *, columns: Sequence[str] | None = None, start: date | None = None, end: date | None = None
    ) -> pd.DataFrame:
        """Rows of the partitions start … end (inclusive) in the contract's types, ordered by key.

        Raises WarehouseError for a column that the table's contract does not have.
        """
        ...

    def row_counts(self, tables: Sequence[Table], start: date, end: date) -> pd.DataFrame:
        """How many rows stand in the partitions start … end: table_name, partition_date, rows; in one query.

        Partitions without rows are left out.
        """
        ...

    def publish(self, publication: Publication) -> None:
        """Replace partitions and write their ledger rows, all or nothing."""
        ...

    def ledger(
        self, start: date | None = None, end: date | None = None, *, tables: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """Per (table_name, partition_date): the newest attempt, and the newest published one if it is another."""
        ...

    def marks(self) -> dict[date, str]:
        """Of each date of the ledger a text that changes with every attempt at it, and with its numbers of rows."""
        ...

    def attempted(self) -> tuple[date, date] | None:
        """The first and the last date of the ledger; None if it is empty."""
        ...

    def newest_attempts(self) -> pd.DataFrame:
        """attempt_id and started_at of the attempts that were recorded last, the newest first; a hundred at most."""
        ...

    def stored_ledger(self) -> pd.DataFrame:
        """All attempts, also of a ledger that still has to be migrated, or is not there."""
        ...

    def sources(self) -> frozenset[str]:
        """The sources that raw tables were built from, whatever columns the ledger has."""
        ...

    def failures(self, table: str, day: date) -> pd.DataFrame:
        """The entity failures of one partition."""
        ...

    def read_relation(self, relation: Relation) -> pd.DataFrame:
        """All rows of a bookkeeping table (alert state and the like)."""
        ...

    def replace_relation(self, relation: Relation, rows: pd.DataFrame) -> None:
        """Replace all rows of a bookkeeping table that no partition depends on, all or nothing."""
        ...

    def migrate(self, *, dry_run: bool) -> list[Migration]:
        """Bring stored tables to their contracts where that is safe; returns what was found."""
        ...

    def cost(self) -> str | None:
        """What the work of this process has cost so far, as a line for a person; None where nothing is billed."""
        ...


class LedgerInMemory:
    """Mixed into a warehouse that has its ledger at hand anyway: short questions are answered from the whole."""

    def marks(self: Warehouse) -> dict[date, str]:
        """Of each date of the ledger a text that changes with every attempt at it, and with its numbers of rows."""
        span = self.attempted()
        if span is None:
            return {}
        counts = self.row_counts([*TABLES.values()], *span).sort_values(["table_name", "partition_date"])
        of_day = counts.groupby("partition_date")[["table_name", "rows"]]
        known = {day: _hash(rows) for day, rows in of_day}
        attempts = self.ledger().groupby("partition_date")["attempt_id"]
        return {pd.Timestamp(day).date(): f"{_hash(ids)}/{known.get(day)}" for day, ids in attempts}

    def attempted(self: Warehouse) -> tuple[date, date] | None:
        """The first and the last date of the ledger; None if it is empty."""
        days = self.ledger()["partition_date"]
        return None if days.empty else (days.min().date(), days.max().date())

    def newest_attempts(self: Warehouse) -> pd.DataFrame:
        """attempt_id and started_at of the attempts that were recorded last, the newest first; a hundred at most."""
        attempts = self.ledger()[["attempt_id", "started_at"]]
        return attempts.sort_values("attempt_id", ascending=False, ignore_index=True).head(NEWEST)


def _hash(values: pd.Series | pd.DataFrame) -> int:
    return int(pd.util.hash_pandas_object(values, index=False).sum())
