"""Dagster's event log in one SQLite file, with one engine per process.

The stock storage makes a new engine for every event, which compiles every statement anew, opens the file, waits
for the disk and writes the whole log back on close: two thirds of the time of a season's backfill. Same file, same
tables, same locking; only the connections are kept. Nothing about what is stored belongs here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import sqlalchemy
from dagster._core.storage.event_log import ConsolidatedSqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS


class PooledSqliteEventLogStorage(ConsolidatedSqliteEventLogStorage):
    """The consolidated SQLite event log; named in dagster.yaml."""

    @cached_property
    def _engine(self) -> sqlalchemy.Engine:
        engine = sqlalchemy.create_engine(
            self._conn_string, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False}
        )
        sqlalchemy.event.listen(engine, "connect", _do_not_wait_for_the_disk)
        return engine

    @contextmanager
    def _connect(self) -> Iterator[sqlalchemy.Connection]:
        with self._engine.begin() as connection:
            yield connection

    def has_table(self, table_name: str) -> bool:
        """Whether the schema has a table; asked for every event, so remembered once it is there."""
        known: set[str] = self.__dict__.setdefault("_known_tables", set())
        if table_name not in known and sqlalchemy.inspect(self._engine).has_table(table_name):
            known.add(table_name)
        return table_name in known

    def dispose(self) -> None:
        """Close the connections."""
        self._engine.dispose()
        super().dispose()


def _do_not_wait_for_the_disk(connection: Any, _: Any) -> None:
    """In WAL mode this cannot corrupt the file; a power cut may lose the last events, and the ledger has them."""
    connection.execute("PRAGMA synchronous=NORMAL")
