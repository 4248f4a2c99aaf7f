"""The production warehouse: BigQuery datasets, tables partitioned by day and clustered by key.

A publication is loaded into staging tables by name and then replaces its partitions, with their ledger rows, in
one transaction. The statements are in `bigquery_sql.py`, the connection is in `bigquery_client.py`.
"""

from __future__ import annotations

import os
import socket
import sys
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
from google.api_core import exceptions as api
from google.cloud import bigquery

from nba_assets.schema.contract import cast, columns_of, empty, names_of
from nba_assets.schema.table import Table
from nba_assets.text import span
from nba_assets.warehouse import bigquery_sql as sql
from nba_assets.warehouse.base import (
    LedgerInMemory,
    OvertakenError,
    Publication,
    WarehouseError,
    columns_to_read,
    in_contract,
)
from nba_assets.warehouse.bigquery_client import METADATA, Connection, Limits
from nba_assets.warehouse.bigquery_errors import Target, describe, explained
from nba_assets.warehouse.bigquery_fields import changed, new_field, sql_type
from nba_assets.warehouse.bigquery_memory import Memory
from nba_assets.warehouse.corrections import CORRECTIONS, correction_rows
from nba_assets.warehouse.cuts import cut, dates_of
from nba_assets.warehouse.ddl import (
    BIGQUERY,
    Migration,
    Relation,
    arrow_schema,
    bigquery_create_table,
    bigquery_layout_migrations,
    is_required,
    migrations,
)
from nba_assets.warehouse.ledger import DATASET, ENTITY_FAILURES, PROCESSOR_RUNS, in_todays_columns, is_published
from nba_assets.warehouse.relations import all_relations, relation_of
from nba_assets.warehouse.views import VIEWS, views

if TYPE_CHECKING:
    from nba_assets.settings import Settings

_STAGING_LIFETIME = timedelta(hours=6)
_SOURCES: dict[tuple[Target, str], frozenset[str]] = {}
"""Whose data the datasets hold, once they hold any: each tick of a sensor opens a warehouse, and a query is billed."""

_MEMORY = Memory()


class BigQueryWarehouse(LedgerInMemory):
    """One project's datasets, in one location.

    `credentials` are a service account's key, base64-encoded; by default they are looked for as Google's tools do.
    """

    locks_out_others = False

    def __init__(
        self,
        project: str | None,
        *,
        location: str = "US",
        prefix: str = "",
        endpoint: str | None = None,
        credentials: str | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.target = Target(project, location, endpoint)
        self.prefix = prefix
        self.limits = limits or Limits()
        self.connection = Connection(self.target, self.limits, credentials)
        self._is_prepared = False
        self._seen: set[str] = set()
        self._looked_at: float | None = None
        self._checked: set[str] = set()

    @cached_property
    def _names(self) -> sql.Names:
        return sql.Names(self.connection.project, self.prefix)

    def describe(self) -> str:
        """Project, location and datasets."""
        return f"{describe(self.target)}, datasets {self.prefix}nba_*"

    def cost(self) -> str:
        """What this object has asked of BigQuery so far."""
        return f"BigQuery: {self.connection.jobs:,} jobs, {self.connection.bytes_billed / 1e6:,.0f} MB billed"

    def prepare(self) -> None:
        """Check access and location, then create datasets, tables and views that are not there; once per process."""
        if self._is_prepared:
            return
        wanted = {*VIEWS, sql.LOCK, *(relation.qualified for relation in all_relations())}
        if not wanted <= self._seen:  # by a reader, who has checked access
            self._create_what_is_missing()
        self._is_prepared = True

    def _create_what_is_missing(self) -> None:
        """Somebody else may be doing the same: what has failed is tried again for as long as less is missing."""
        with explained(self.target):
            self._check_access()
        missing_before: list[Relation] | None = None
        while True:
            with explained(self.target):
                present = self._present(create=True)
            missing = [relation for relation in all_relations() if relation.qualified not in present]
            try:
                return self._create(missing, lock=sql.LOCK not in present, with_views=not present.issuperset(VIEWS))
            except WarehouseError:
                if missing == missing_before:
                    raise
                missing_before = missing

    @contextmanager
    def writer(self, purpose: str) -> Iterator[None]:  # noqa: ARG002
        """Nothing to hold: publications exclude each other.

        Every one changes the row of the lock table, so BigQuery cancels one of two that overlap, and it is repeated.
        One that was computed before another attempt at the same partition was published is refused.
        """
        yield

    def bookkeeping(self) -> AbstractContextManager[None]:
        """Nothing to hold."""
        return nullcontext()

    def reading(self) -> AbstractContextManager[None]:
        """Nothing to keep open: every read is a job of its own."""
        return nullcontext()

    def read(
        self, table: Table, *, columns: Sequence[str] | None = None, start: date | None = None, end: date | None = None
    ) -> pd.DataFrame:
        """Rows of the partitions start … end in the contract's types, ordered by key."""
        wanted = columns_to_read(table, columns)
        if self._lacks(relation_of(table)):
            return table.empty()[wanted]
        where = sql.between(table.partition, start, end)
        rows = self._fetch(sql.select(self._names, relation_of(table), wanted, where, table.keys))
        return in_contract(rows, table, wanted)

    def row_counts(self, tables: Sequence[Table], start: date, end: date) -> pd.DataFrame:
        """How many rows stand in the partitions start … end: table_name, partition_date, rows."""
        stored = [table for table in tables if not self._lacks(relation_of(table))]
        if not stored:
            nothing = pd.DataFrame({"table_name": [], "partition_date": [], "rows": []})
            return nothing.astype({"table_name": object, "partition_date": "datetime64[us]", "rows": "int64"})
        query = sql.row_counts(self._names, stored, start, end)
        rows = self._fetch(query) if self._lacks(PROCESSOR_RUNS) else self._recalled(query, self.limits.counts_seconds)
        return rows.assign(partition_date=pd.to_datetime(rows["partition_date"]))

    def publish(self, publication: Publication) -> None:
        """Load into staging tables, then one transaction: delete the dates, insert by name, the ledger's rows.

        More dates than BigQuery lets a job change are several such publications, one after the other: if one fails,
        those before it stand.
        """
        if publication.runs.empty and not publication.dates and not publication.failure_dates:
            return
        self.prepare()
        done: list[date] = []
        for part in cut(publication, self.limits.partitions_per_job):
            days = dates_of(part)
            try:
                self._publish(part)
            except WarehouseError as error:
                if not done:
                    raise
                about = f"This is about {span(days[0], days[-1])}; {span(done[0], done[-1])} is published and stands."
                raise type(error)(f"{error} {about}") from error
            done += days

    def _publish(self, publication: Publication) -> None:
        """All or nothing."""
        relation = relation_of(publication.table)
        frames = {PROCESSOR_RUNS: publication.runs}
        if publication.dates:
            frames[relation] = publication.rows
        if publication.failure_dates:
            frames[ENTITY_FAILURES] = publication.failures
        if publication.corrections:
            frames[CORRECTIONS] = correction_rows(publication.corrections)
        self._check_columns([*frames])
        with self._staged(frames) as staged:
            statements = sql.publication(
                self._names,
                relation,
                partition=publication.table.partition,
                dates=publication.dates,
                failure_dates=publication.failure_dates,
                recorded=_published_dates(publication.runs),
                staged=staged,
                seen=publication.seen,
                keeps_ids=publication.keeps_ids,
            )
            try:
                self._commit(statements, f"publishing {relation.name}")
            finally:
                _MEMORY.forget(self._place)

    def ledger(
        self, start: date | None = None, end: date | None = None, *, tables: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """The newest attempt at each partition, and the newest published one if it is another."""
        if self._lacks(PROCESSOR_RUNS):
            return empty(PROCESSOR_RUNS.contract)
        # Of all tables, whichever are asked for: the next question is about others, and then the answer is known.
        rows = self._recalled(sql.newest_attempts(self._names, start, end))
        rows = cast(rows, PROCESSOR_RUNS.contract, names_of(PROCESSOR_RUNS.contract))
        return rows if tables is None else rows[rows["table_name"].isin(tables)].reset_index(drop=True)

    def stored_ledger(self) -> pd.DataFrame:
        """All attempts, whatever columns the ledger has."""
        with explained(self.target):
            present = self._present(create=False)
        if PROCESSOR_RUNS.qualified not in present:
            return empty(PROCESSOR_RUNS.contract)
        return in_todays_columns(self._fetch(sql.select_all(self._names, PROCESSOR_RUNS)))

    def sources(self) -> frozenset[str]:
        """The sources that raw tables were built from, whatever columns the ledger has; asked once per process."""
        place = self._place
        if place not in _SOURCES:
            with explained(self.target):
                if self._lacks(PROCESSOR_RUNS) or "source" not in {f.name for f in self._table(PROCESSOR_RUNS).schema}:
                    return frozenset()
            found = frozenset(self._recalled(sql.sources(self._names))["source"])
            if not found:
                return found
            _SOURCES[place] = found
        return _SOURCES[place]

    def failures(self, table: str, day: date) -> pd.DataFrame:
        """The entity failures of one partition."""
        if self._lacks(ENTITY_FAILURES):
            return empty(ENTITY_FAILURES.contract)
        names = names_of(ENTITY_FAILURES.contract)
        where = sql.about(table, [day])
        rows = self._fetch(sql.select(self._names, ENTITY_FAILURES, names, where, ["entity"]))
        return cast(rows, ENTITY_FAILURES.contract, names)

    def read_relation(self, relation: Relation) -> pd.DataFrame:
        """All rows of a bookkeeping table."""
        if self._lacks(relation):
            return empty(relation.contract)
        names = names_of(relation.contract)
        return cast(self._fetch(sql.select(self._names, relation, names, "TRUE", [])), relation.contract, names)

    def replace_relation(self, relation: Relation, rows: pd.DataFrame) -> None:
        """Replace all rows of a bookkeeping table."""
        self.prepare()
        self._check_columns([relation])
        with self._staged({relation: rows}) as staged:
            self.connection.execute(sql.replacement(self._names, relation, staged.get(relation)))

    def migrate(self, *, dry_run: bool) -> list[Migration]:
        """Apply the safe differences between contracts and stored tables, each table's in one metadata update."""
        with explained(self.target):
            self._check_access()
            present = self._present(create=not dry_run)
            missing = [relation for relation in all_relations() if relation.qualified not in present]
            stored = {r: self._table(r) for r in all_relations() if r.qualified in present}
        found = [self._creation(relation) for relation in missing]
        for relation, table in stored.items():
            of_table = self._differences(relation, table)
            found.extend(of_table)
            if not dry_run and any(m.is_safe for m in of_table):
                self._apply(relation, table)
        if not dry_run:
            self._create(missing, lock=True, with_views=all(m.is_safe for m in found))
            self._checked.clear()
        return found

    def _check_access(self) -> None:
        """Fail now, not after a computation, if the account may not run jobs."""
        config = bigquery.QueryJobConfig(dry_run=True)
        self.connection.client.query("SELECT 1", job_config=config, **METADATA)

    def _present(self, *, create: bool) -> set[str]:
        """The tables and views that exist, as dataset.name; datasets that do not are created, if asked."""
        client = self.connection.client
        found = set()
        for dataset in sorted({relation.dataset for relation in all_relations()}):
            name = f"{self._names.project}.{self._names.dataset(dataset)}"
            try:
                location = client.get_dataset(name, **METADATA).location
            except api.NotFound:
                if create:
                    self._create_dataset(name)
                continue
            if location.casefold() != self.target.location.casefold():
                raise WarehouseError(
                    f"The dataset {name} is in {location}, but NBA_BIGQUERY_LOCATION is {self.target.location}, and "
                    f"a query cannot span both. Set NBA_BIGQUERY_LOCATION={location}, or choose other datasets with "
                    "NBA_BIGQUERY_DATASET_PREFIX."
                )
            found |= {f"{dataset}.{t.table_id}" for t in client.list_tables(name, **METADATA)}
        return found

    def _lacks(self, relation: Relation) -> bool:
        """Whether a table does not exist, for a reader. All are looked for at once, and one that was seen no more;
        one that was not seen after a moment, because somebody else may have created it.
        """
        if self._is_prepared or relation.qualified in self._seen:
            return False
        if self._looked_at is None or time.monotonic() - self._looked_at >= self.limits.absence_seconds:
            with explained(self.target):
                if self._looked_at is None:
                    self._check_access()  # a project that does not exist has no datasets either
                self._seen = self._present(create=False)
            self._looked_at = time.monotonic()
        return relation.qualified not in self._seen

    def _create_dataset(self, name: str) -> None:
        """Somebody else may be doing the same at this moment."""
        dataset = bigquery.Dataset(name)
        dataset.location = self.target.location
        dataset.labels = {"application": "nba_assets"}
        create = self.connection.client.create_dataset
        self.connection.repeated(lambda: create(dataset, exists_ok=True, **METADATA))

    def _create(self, missing: Sequence[Relation], *, lock: bool, with_views: bool) -> None:
        """Create tables, the lock and views; what exists by now is left alone, but views are replaced."""
        statements = [self._creation(relation).statement for relation in missing]
        statements += [sql.create_lock(self._names)] if lock else []
        statements += views(self._names.sql, BIGQUERY) if with_views else []
        if statements:
            self.connection.execute(";\n".join(statements) + ";")

    def _creation(self, relation: Relation) -> Migration:
        statement = bigquery_create_table(relation, name=self._names.sql(relation.qualified))
        return Migration(relation.qualified, statement, True, "the table does not exist")

    def _table(self, relation: Relation) -> bigquery.Table:
        return self.connection.client.get_table(self._names.api(relation.qualified), **METADATA)

    def _differences(self, relation: Relation, table: bigquery.Table) -> list[Migration]:
        layout = bigquery_layout_migrations(
            relation,
            name=self._names.sql(relation.qualified),
            partitioned_by=table.time_partitioning.field if table.time_partitioning else None,
            descriptions={field.name: field.description or "" for field in table.schema},
        )
        return [*self._column_differences(relation, table), *layout]

    def _column_differences(self, relation: Relation, table: bigquery.Table) -> list[Migration]:
        stored = {field.name: (sql_type(field), field.mode == "REQUIRED") for field in table.schema}
        return migrations(relation, stored, dialect=BIGQUERY, name=self._names.sql(relation.qualified))

    def _apply(self, relation: Relation, table: bigquery.Table) -> None:
        """Add, relax and describe columns in one update: BigQuery allows a table few metadata changes a minute."""
        declared = {column.name: column for column in columns_of(relation.contract)}
        kept = [changed(field, declared.pop(field.name, None)) for field in table.schema]
        new = [column for column in declared.values() if not is_required(column)]
        added = [changed(new_field(column.name, BIGQUERY.types[column.type]), column) for column in new]
        table.schema = [*kept, *added]
        with explained(self.target):
            self.connection.client.update_table(table, ["schema"], **METADATA)

    def _check_columns(self, relations: Sequence[Relation]) -> None:
        """Fail before anything is loaded if a stored table cannot take the contract's rows."""
        for relation in relations:
            if relation.qualified in self._checked:
                continue
            with explained(self.target):
                differences = self._column_differences(relation, self._table(relation))
            if differences:
                raise WarehouseError(
                    f"{self._names.api(relation.qualified)} differs from its contract: "
                    f"{'; '.join(m.why for m in differences[:5])}. Run `nba-assets migrate --dry-run`, then "
                    "`nba-assets migrate`. Nothing was written."
                )
            self._checked.add(relation.qualified)

    @contextmanager
    def _staged(self, frames: Mapping[Relation, pd.DataFrame]) -> Iterator[dict[Relation, str]]:
        """Load the frames that have rows into staging tables, all at once; dropped afterwards, or they expire."""
        made: list[str] = []
        try:
            yield self.connection.repeated(lambda: self._load(frames, made), blame=self._last_writer)
        finally:
            for staging in made:
                with suppress(Exception):
                    self.connection.client.delete_table(self._names.api(staging), not_found_ok=True, **METADATA)

    def _load(self, frames: Mapping[Relation, pd.DataFrame], made: list[str]) -> dict[Relation, str]:
        """New staging tables with the frames in them; their names are added to `made` before they exist."""
        staged: dict[Relation, str] = {}
        loads = []
        for relation, rows in frames.items():
            if not rows.empty:
                staged[relation] = f"{DATASET}.staging_{relation.name}_{uuid.uuid4().hex[:12]}"
                made.append(staged[relation])
                loads.append(self._start_load(relation, rows, self._names.api(staged[relation])))
        for load in loads:
            load.result()
        return staged

    def _start_load(self, relation: Relation, rows: pd.DataFrame, staging: str) -> bigquery.LoadJob:
        contract = relation.contract
        schema = [new_field(column.name, BIGQUERY.types[column.type]) for column in columns_of(contract)]
        table = bigquery.Table(staging, schema=schema)
        table.expires = datetime.now(UTC) + _STAGING_LIFETIME
        self.connection.client.create_table(table, **METADATA)
        columns = pa.Table.from_pandas(rows, schema=arrow_schema(contract), preserve_index=False)
        return self.connection.start_load(columns, staging, schema)

    def _commit(self, statements: Sequence[str], purpose: str) -> None:
        """Run a transaction; again, while BigQuery cancels or loses it. Whether it was lost before or after it was
        committed is not known: the lock's row then says who was the last to write, and no two transactions are called
        the same.
        """
        command = Path(sys.argv[0]).name
        process = f"process {os.getpid()}, {purpose}, {uuid.uuid4().hex[:12]}"
        holder = f"{command} on {socket.gethostname()} ({process})"
        script = sql.transaction([sql.take_lock(self._names, holder), *statements])
        was_sent = False

        def send() -> None:
            nonlocal was_sent
            if not (was_sent and self._is_last_writer(holder)):
                was_sent = True
                self.connection.run(script)

        try:
            self.connection.repeated(send, blame=self._last_writer)
        except OvertakenError as error:
            if self._is_last_writer(holder):
                return
            raise OvertakenError(
                f"{purpose}: {sql.OVERTAKEN}, published while this one was computed. Nothing was written. Run the "
                "same command again: it computes what is still missing."
            ) from error

    def _is_last_writer(self, holder: str) -> bool:
        return holder in set(self._fetch(sql.lock_holder(self._names))["holder"])

    def _last_writer(self) -> str:
        rows = self._fetch(sql.lock_holder(self._names))
        return "; ".join(
            f"the last to write: {row.holder}, {row.since:%Y-%m-%d %H:%M:%S} UTC" for row in rows.itertuples()
        )

    def _fetch(self, query: str) -> pd.DataFrame:
        return self.connection.query(query).to_pandas()

    def _recalled(self, query: str, seconds: float | None = None) -> pd.DataFrame:
        """What a query returns, asked again if the ledger has changed since, or after so many seconds."""
        with explained(self.target):
            ledger = self._table(PROCESSOR_RUNS)
        version = (ledger.created, ledger.modified, ledger.num_rows)
        return _MEMORY.recalled(self._place, query, version, lambda: self._fetch(query), seconds)

    @property
    def _place(self) -> tuple[Target, str]:
        return self.target, self.prefix


def open_warehouse(settings: Settings) -> BigQueryWarehouse:
    """The BigQuery warehouse of the settings; nothing is connected before use."""
    key = settings.bigquery_credentials
    return BigQueryWarehouse(
        settings.bigquery_project,
        location=settings.bigquery_location,
        prefix=settings.bigquery_dataset_prefix,
        endpoint=settings.bigquery_endpoint,
        credentials=key.get_secret_value() if key else None,
        limits=Limits(
            load_jobs_per_day=settings.bigquery_load_jobs_per_day,
            job_seconds=settings.bigquery_job_seconds,
            maximum_bytes_billed=settings.bigquery_maximum_bytes_billed,
        ),
    )


def _published_dates(runs: pd.DataFrame) -> list[date]:
    return [pd.Timestamp(day).date() for day in runs.loc[is_published(runs), "partition_date"].unique()]
