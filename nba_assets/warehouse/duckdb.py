"""The embedded warehouse: one DuckDB file, opened for the moment of one read or one transaction.

While a process has the file open for writing no other can open it, so none keeps it open; readers and writers
retry for a few seconds. Writers queue behind a lock file besides, and who keeps books behind another.
"""

from __future__ import annotations

import time
import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd
import pyarrow as pa

from nba_assets.schema.contract import cast, empty, names_of
from nba_assets.schema.table import Table
from nba_assets.tables import TABLES
from nba_assets.text import joined, near
from nba_assets.warehouse.base import (
    NEWEST,
    Publication,
    WarehouseError,
    columns_to_read,
    in_contract,
)
from nba_assets.warehouse.corrections import CORRECTIONS, correction_rows
from nba_assets.warehouse.ddl import DUCKDB, Migration, Relation, arrow_schema, create_table, migrations, missing_table
from nba_assets.warehouse.duckdb_errors import cannot_open, cannot_use, is_held, not_done
from nba_assets.warehouse.ledger import ENTITY_FAILURES, PROCESSOR_RUNS, in_todays_columns, is_current, shifted
from nba_assets.warehouse.lock_file import holder_of, locked
from nba_assets.warehouse.relations import all_relations, relation_of
from nba_assets.warehouse.views import VIEWS, views

if TYPE_CHECKING:
    from nba_assets.settings import Settings

_MOST_NAMED = 3
_POLL_SECONDS = 0.05


class DuckDBWarehouse:
    """A DuckDB file. `patience` is how long to wait for another process to close it, `queue` for its turn to write."""

    locks_out_others = True

    def __init__(self, path: Path, *, patience: float = 10.0, queue: float = 600.0) -> None:
        self.path = path
        self.patience = patience
        self.queue = queue
        self._was_whole = False
        self._writers = 0
        self._reader: duckdb.DuckDBPyConnection | None = None

    @property
    def _lock_file(self) -> Path:
        return self.path.with_name(self.path.name + ".lock")

    def writer_at_work(self) -> str | None:
        """Who holds the right to write at this moment; None if nobody does. Changes nothing."""
        return holder_of(self._lock_file)

    def describe(self) -> str:
        """The file."""
        return f"DuckDB {near(self.path)}"

    def prepare(self) -> None:
        """Create schemas, tables and views that are not there; without a lock if all are."""
        if not self._is_whole():
            with self._transaction("creating tables") as connection:
                _create_tables(connection)
                for statement in views():
                    connection.execute(statement)
            self._was_whole = True

    def _is_whole(self) -> bool:
        """Whether every table and view is there; looked up until it is so.

        Raises WarehouseError if tables are those of an older version.
        """
        if not self._is_there():
            return False
        if not self._was_whole:
            with self._connect(read_only=True) as connection:
                query = "SELECT table_schema || '.' || table_name, column_name FROM information_schema.columns"
                found = connection.execute(query).fetchall()
                _refuse_a_strangers(connection, self.path)
            present: dict[str, set[str]] = defaultdict(set)
            for table, column in found:
                present[table].add(column)
            self._refuse_old_tables(present)
            self._was_whole = set(present) >= {relation.qualified for relation in all_relations()} | {*VIEWS}
        return self._was_whole

    def _is_there(self) -> bool:
        """Whether there is such a file. Raises WarehouseError where there can be none."""
        try:
            self.path.stat()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise WarehouseError(cannot_use(self.path, error)) from error
        return True

    def _refuse_old_tables(self, present: dict[str, set[str]]) -> None:
        for relation in all_relations():
            missing = sorted(set(names_of(relation.contract)) - present.get(relation.qualified, set()))
            if missing and relation.qualified in present:
                raise WarehouseError(
                    f"{self.path}: {relation.qualified} is missing the column(s) {', '.join(missing)} of its contract. "
                    "Nothing was written; run: nba-assets migrate"
                )

    @contextmanager
    def writer(self, purpose: str) -> Iterator[None]:
        """Hold the lock file; nested calls of one process share it."""
        with nullcontext() if self._writers else locked(self._lock_file, purpose, self.queue):
            self._writers += 1
            try:
                yield
            finally:
                self._writers -= 1

    @contextmanager
    def bookkeeping(self) -> Iterator[None]:
        """Hold a lock file of its own: a build may take hours, and its alerts are due before it ends."""
        self.prepare()
        with locked(self.path.with_name(self.path.name + ".books.lock"), "keeping books", self.queue):
            yield

    def read(
        self, table: Table, *, columns: Sequence[str] | None = None, start: date | None = None, end: date | None = None
    ) -> pd.DataFrame:
        """Rows of the partitions start … end in the contract's types, ordered by key."""
        names = columns_to_read(table, columns)
        where, values = _between(table.partition, start, end)
        query = f"SELECT {', '.join(names)} FROM {relation_of(table).qualified}{where} ORDER BY {', '.join(table.keys)}"
        return in_contract(self._fetch(query, values), table, names)

    def row_counts(self, tables: Sequence[Table], start: date, end: date) -> pd.DataFrame:
        """How many rows stand in the partitions start … end: table_name, partition_date, rows."""
        parts, values = [], []
        for table in tables:
            where, bounds = _between(table.partition, start, end)
            parts.append(
                f"SELECT '{table.name}' AS table_name, CAST({table.partition} AS TIMESTAMP) AS partition_date, "
                f"count(*) AS rows FROM {relation_of(table).qualified}{where} GROUP BY {table.partition}"
            )
            values += bounds
        return self._fetch(" UNION ALL ".join(parts), values)

    def publish(self, publication: Publication) -> None:
        """One transaction: delete the dates, insert by name, entity failures, corrections, ledger rows."""
        relation = relation_of(publication.table)
        self.prepare()
        with self._transaction(f"publishing {relation.name}") as connection:
            if publication.dates:
                _delete(connection, relation, publication.table.partition, publication.dates)
                _insert(connection, relation, publication.rows)
            if publication.failure_dates:
                of_table = f"table_name = '{relation.name}'"
                _delete(connection, ENTITY_FAILURES, "partition_date", publication.failure_dates, and_=of_table)
                _insert(connection, ENTITY_FAILURES, publication.failures)
            _insert(connection, CORRECTIONS, correction_rows(publication.corrections))
            _insert(connection, PROCESSOR_RUNS, _numbered(connection, publication))

    def ledger(
        self, start: date | None = None, end: date | None = None, *, tables: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """The newest attempt at each partition, and the newest published one if it is another."""
        where, values = _between("partition_date", start, end)
        if tables is not None:
            where += f"{' AND' if where else ' WHERE'} list_contains(?, table_name)"
            values.append(list(tables))
        names = names_of(PROCESSOR_RUNS.contract)
        query = (
            f"SELECT {', '.join(names)} FROM {PROCESSOR_RUNS.qualified}{where} "
            f"QUALIFY {is_current(DUCKDB.quote)} ORDER BY partition_date, table_name, attempt_id"
        )
        return cast(self._fetch(query, values), PROCESSOR_RUNS.contract, names)

    def marks(self) -> dict[date, str]:
        """Of each date of the ledger a text that changes with every attempt at it, and with its numbers of rows."""
        counts = " UNION ALL ".join(
            f"SELECT {table.partition} AS day, hash('{table.name}', count(*)) AS mark, false AS is_attempt "
            f"FROM {relation_of(table).qualified} GROUP BY day"
            for table in TABLES.values()
        )
        rows = self._fetch(
            "SELECT CAST(day AS TIMESTAMP) AS day, CAST(sum(mark) AS VARCHAR) AS mark FROM ("
            "SELECT partition_date AS day, hash(attempt_id) AS mark, true AS is_attempt "
            f"FROM {PROCESSOR_RUNS.qualified} UNION ALL {counts}) GROUP BY day HAVING bool_or(is_attempt)",
            [],
        )
        return {day.date(): mark for day, mark in zip(rows["day"], rows["mark"], strict=True)}

    def attempted(self) -> tuple[date, date] | None:
        """The first and the last date of the ledger; None if it is empty."""
        query = f"SELECT min(partition_date) AS first, max(partition_date) AS last FROM {PROCESSOR_RUNS.qualified}"
        first, last = self._fetch(query, []).loc[0]
        return None if pd.isna(first) else (pd.Timestamp(first).date(), pd.Timestamp(last).date())

    def newest_attempts(self) -> pd.DataFrame:
        """attempt_id and started_at of the attempts that were recorded last, the newest first; a hundred at most."""
        query = f"SELECT attempt_id, started_at FROM {PROCESSOR_RUNS.qualified} ORDER BY attempt_id DESC LIMIT {NEWEST}"
        return cast(self._fetch(query, []), PROCESSOR_RUNS.contract, ["attempt_id", "started_at"])

    def stored_ledger(self) -> pd.DataFrame:
        """All attempts, whatever columns the ledger has."""
        if not self._is_there():
            return empty(PROCESSOR_RUNS.contract)
        with self._connect(read_only=True) as connection:
            if not _stored_columns(connection, PROCESSOR_RUNS):
                return empty(PROCESSOR_RUNS.contract)
            rows = connection.sql(f"SELECT * FROM {PROCESSOR_RUNS.qualified}").to_arrow_table().to_pandas()
        return in_todays_columns(rows)

    def sources(self) -> frozenset[str]:
        """The sources that raw tables were built from, whatever columns the ledger has."""
        if not self._is_there():
            return frozenset()
        with self._connect(read_only=True) as connection:
            _refuse_a_strangers(connection, self.path)
            if "source" not in _stored_columns(connection, PROCESSOR_RUNS):
                return frozenset()
            query = f"SELECT DISTINCT source FROM {PROCESSOR_RUNS.qualified} WHERE source IS NOT NULL"
            return frozenset(name for (name,) in connection.execute(query).fetchall())

    def failures(self, table: str, day: date) -> pd.DataFrame:
        """The entity failures of one partition."""
        query = f"SELECT * FROM {ENTITY_FAILURES.qualified} WHERE table_name = ? AND partition_date = ? ORDER BY entity"
        rows = self._fetch(query, [table, day])
        return cast(rows, ENTITY_FAILURES.contract, names_of(ENTITY_FAILURES.contract))

    def read_relation(self, relation: Relation) -> pd.DataFrame:
        """All rows of a bookkeeping table."""
        names = names_of(relation.contract)
        return cast(self._fetch(f"SELECT {', '.join(names)} FROM {relation.qualified}", []), relation.contract, names)

    def replace_relation(self, relation: Relation, rows: pd.DataFrame) -> None:
        """Replace all rows of a bookkeeping table."""
        self.prepare()
        with self._connect(read_only=False) as connection, _transaction(connection):
            connection.execute(f"DELETE FROM {relation.qualified}")
            _insert(connection, relation, rows)

    def migrate(self, *, dry_run: bool) -> list[Migration]:
        """Create what is missing and apply the safe differences between contracts and stored tables."""
        if dry_run and not self._is_there():
            return [missing_table(relation) for relation in all_relations()]
        opened = self._connect(read_only=True) if dry_run else self._transaction("migrating")
        with opened as connection:
            _refuse_a_strangers(connection, self.path)
            found = [m for relation in all_relations() for m in _differences(connection, relation)]
            if not dry_run:
                for migration in found:
                    if migration.is_safe:
                        connection.execute(migration.statement)
                for statement in views() if all(m.is_safe for m in found) else []:
                    connection.execute(statement)
        return found

    def cost(self) -> str | None:
        """Nothing is billed."""
        return None

    @contextmanager
    def reading(self) -> Iterator[None]:
        """One connection for several reads in a row; closed at the end, so that the next writer can begin."""
        if self._reader is not None:
            yield
            return
        with self._as_if_whole() as connection:
            self._reader = connection
            try:
                yield
            finally:
                self._reader = None

    def _fetch(self, query: str, values: list[Any]) -> pd.DataFrame:
        if self._reader is not None:
            return self._reader.sql(query, params=values).to_arrow_table().to_pandas()
        with self._as_if_whole() as connection:
            return connection.sql(query, params=values).to_arrow_table().to_pandas()

    @contextmanager
    def _as_if_whole(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """For reading: what the file does not have, or all if there is no file, is an empty table in memory."""
        if self._is_whole():
            with self._connect(read_only=True) as connection:
                yield connection
            return
        with self._engine.cursor() as memory:
            _create_tables(memory)
            if not self._is_there():
                yield memory
                return
        with self._connect(read_only=True) as connection:
            # A table is looked for in these schemas one after the other.
            datasets = sorted({relation.dataset for relation in all_relations()})
            query = (
                "SELECT database_name || '.' || schema_name FROM duckdb_schemas() WHERE list_contains(?, schema_name) "
                "AND database_name IN (current_database(), 'memory') ORDER BY database_name = 'memory'"
            )
            places = [place for (place,) in connection.execute(query, [datasets]).fetchall()]
            connection.execute(f"SET search_path = '{','.join(places)}'")
            yield connection

    @contextmanager
    def _transaction(self, purpose: str) -> Iterator[duckdb.DuckDBPyConnection]:
        with self.writer(purpose), self._connect(read_only=False) as connection, _transaction(connection):
            yield connection

    @contextmanager
    def _connect(self, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
        """The file, attached for the moment to an engine that is kept: a new engine costs seven times more."""
        connection, alias = self._engine.cursor(), f"warehouse_{uuid.uuid4().hex}"
        path = str(self.path).replace("'", "''")
        attach = f"ATTACH '{path}' AS {alias}{' (READ_ONLY)' if read_only else ''}"
        deadline = time.monotonic() + self.patience
        while True:
            try:
                connection.execute(attach)
                break
            except duckdb.Error as error:
                if not is_held(error) or time.monotonic() > deadline:
                    raise cannot_open(self.path, error, self.patience) from error
                time.sleep(_POLL_SECONDS)
        try:
            connection.execute(f"USE {alias}")
            yield connection
        except duckdb.Error as error:
            raise WarehouseError(not_done(self.path, error)) from error
        finally:
            self._let_go(connection, alias)

    @cached_property
    def _engine(self) -> duckdb.DuckDBPyConnection:
        return duckdb.connect()

    def _let_go(self, connection: duckdb.DuckDBPyConnection, alias: str) -> None:
        try:
            connection.execute("USE memory")
            connection.execute(f"DETACH {alias}")
            connection.close()
        except duckdb.Error:
            # After a failure that it cannot recover from (a full disk) only a new engine lets go of the file.
            connection.close()
            self._engine.close()
            del self._engine


def open_warehouse(settings: Settings) -> DuckDBWarehouse:
    """The DuckDB file of the settings; nothing is opened before use."""
    return DuckDBWarehouse(settings.warehouse_path)


@contextmanager
def _transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    connection.execute("BEGIN TRANSACTION")
    try:
        yield
    except BaseException:
        # A commit that failed (disk full) has already ended the transaction.
        with suppress(duckdb.Error):
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _refuse_a_strangers(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """WarehouseError for a file that has tables, and none of ours: whoever made it does not expect us there."""
    query = "SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE database_name = current_database()"
    names = sorted(name for (name,) in connection.execute(query).fetchall())
    if names and not {relation.qualified for relation in all_relations()}.intersection(names):
        raise WarehouseError(
            f"{path} is no warehouse of nba_assets: it has {joined(names, _MOST_NAMED)}, and no ledger. "
            "It is left as it is. Check NBA_DUCKDB_PATH"
        )


def _create_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """The tables that are not there."""
    for relation in all_relations():
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {relation.dataset}")
        connection.execute(create_table(relation))


def _insert(connection: duckdb.DuckDBPyConnection, relation: Relation, rows: pd.DataFrame) -> None:
    if rows.empty:
        return
    names = ", ".join(names_of(relation.contract))
    staging = pa.Table.from_pandas(rows, schema=_naive(arrow_schema(relation.contract)), preserve_index=False)
    connection.register("staging", staging)
    connection.execute(f"INSERT INTO {relation.qualified} ({names}) SELECT {names} FROM staging")
    connection.unregister("staging")


def _numbered(connection: duckdb.DuckDBPyConnection, publication: Publication) -> pd.DataFrame:
    """The ledger rows of a publication, after all that the ledger has."""
    runs = publication.runs
    if publication.keeps_ids or runs["attempt_id"].isna().any():  # the latter is refused by the ledger
        return runs
    newest = connection.sql(f"SELECT max(attempt_id) FROM {PROCESSOR_RUNS.qualified}").fetchall()[0][0]
    return runs.assign(attempt_id=shifted(runs["attempt_id"], newest))


def _naive(schema: pa.Schema) -> pa.Schema:
    """DuckDB's TIMESTAMP has no zone; ours are UTC by declaration."""
    naive = pa.timestamp("us")
    return pa.schema([f.with_type(naive) if pa.types.is_timestamp(f.type) else f for f in schema])


def _delete(
    connection: duckdb.DuckDBPyConnection, relation: Relation, column: str, dates: Sequence[date], *, and_: str = "TRUE"
) -> None:
    connection.execute(f"DELETE FROM {relation.qualified} WHERE list_contains(?, {column}) AND {and_}", [list(dates)])


def _between(column: str, start: date | None, end: date | None) -> tuple[str, list[Any]]:
    bounds = [(f"{column} >= ?", start), (f"{column} <= ?", end)]
    given = [(text, value) for text, value in bounds if value is not None]
    where = " AND ".join(text for text, _ in given)
    return (f" WHERE {where}" if where else ""), [value for _, value in given]


def _differences(connection: duckdb.DuckDBPyConnection, relation: Relation) -> list[Migration]:
    found = _stored_columns(connection, relation)
    return migrations(relation, found) if found else [missing_table(relation)]


def _stored_columns(connection: duckdb.DuckDBPyConnection, relation: Relation) -> dict[str, tuple[str, bool]]:
    """Column -> (type, whether it is REQUIRED); empty if there is no such table."""
    query = (
        "SELECT column_name, data_type, is_nullable = 'NO' FROM information_schema.columns "
        "WHERE table_schema = ? AND table_name = ?"
    )
    found = connection.execute(query, [relation.dataset, relation.name]).fetchall()
    return {name: (type_, not_null) for name, type_, not_null in found}
