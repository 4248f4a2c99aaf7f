"""Dagster's event log in one SQLite file, with one engine per process.

The stock storage makes a new engine for every event, which compiles every statement anew, opens the file, waits
for the disk and writes the whole log back on close: two thirds of the time of a season's backfill. Same file, same
tables, same locking; only the connections are kept, and the events of a batch are one transaction. Nothing about
what is stored belongs here.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cached_property
from pathlib import Path
from typing import Any

import dagster as dg
import sqlalchemy
from dagster._core.storage.event_log import ConsolidatedSqliteEventLogStorage
from dagster._serdes import ConfigurableClassData

from nba_assets.orchestration.local_storage import created_alone, instance_directory, kept_engine


class PooledSqliteEventLogStorage(ConsolidatedSqliteEventLogStorage):
    """The consolidated SQLite event log; named in dagster.yaml.

    Without `base_dir` it lies beside the runs and schedules (`local_storage.py`).
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        with created_alone(Path(base_dir)):
            super().__init__(base_dir, inst_data)
            if not self.has_table("alembic_version"):  # whoever created the file was killed before its schema was there
                self._init_db()  # type: ignore[no-untyped-call]  # Dagster gives it no types

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """`base_dir` is optional."""
        return {"base_dir": dg.Field(dg.StringSource, is_required=False)}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> PooledSqliteEventLogStorage:
        """The storage that dagster.yaml describes."""
        return cls(base_dir=config_value.get("base_dir") or str(instance_directory()), inst_data=inst_data)

    @cached_property
    def _engine(self) -> sqlalchemy.Engine:
        return kept_engine(self._conn_string)

    @contextmanager
    def _connect(self) -> Iterator[sqlalchemy.Connection]:
        if (shared := getattr(self._shared, "connection", None)) is not None:
            yield shared
            return
        with self._engine.begin() as connection:
            yield connection

    @contextmanager
    def one_transaction(self) -> Iterator[None]:
        """What this thread stores meanwhile is stored at the end, all of it or nothing."""
        with self._connect() as connection:
            outer, self._shared.connection = getattr(self._shared, "connection", None), connection
            try:
                yield
            finally:
                self._shared.connection = outer

    @cached_property
    def _shared(self) -> threading.local:
        return threading.local()

    def store_event_batch(self, events: Sequence[dg.EventLogEntry]) -> None:
        """Store the events as one transaction."""
        with self.one_transaction():
            super().store_event_batch(events)

    def _has_asset_key_col_on_connection(self, conn: sqlalchemy.Connection, column_name: str) -> bool:
        known: dict[str, bool] = self.__dict__.setdefault("_known_columns", {})
        if column_name not in known:
            known[column_name] = super()._has_asset_key_col_on_connection(conn, column_name)
        return known[column_name]

    def has_table(self, table_name: str) -> bool:
        """Whether the schema has a table; asked for every event, so remembered once it is there."""
        known: set[str] = self.__dict__.setdefault("_known_tables", set())
        if table_name not in known and sqlalchemy.inspect(self._engine).has_table(table_name):
            known.add(table_name)
        return table_name in known

    def dispose(self) -> None:
        """Close the connections."""
        self._engine.dispose()
        super().dispose()  # type: ignore[no-untyped-call]  # Dagster gives it no types


def one_transaction(instance: dg.DagsterInstance) -> AbstractContextManager[None]:
    """Events that are stored meanwhile are one transaction, where the instance's event log can do that."""
    storage = instance.event_log_storage
    return storage.one_transaction() if isinstance(storage, PooledSqliteEventLogStorage) else nullcontext()
