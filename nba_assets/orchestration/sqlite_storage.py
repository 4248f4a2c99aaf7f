"""Dagster's SQLite storages with connections that are kept; chosen by dagster.yaml, and known to nothing else.

The stock storages make a new engine for every event, which compiles every statement anew, opens the file, waits for
the disk and writes the whole log back on close: two thirds of the time of a season's backfill. Same files, same
tables, same locking; only the connections are kept, the events of a batch are stored at once, and a storage is created
by one process at a time. Nothing about what is stored belongs here.

Without DAGSTER_HOME the storages lie where `nba-assets` keeps Dagster's instance, so that a `dagster` command in a
checkout records what the UI shows.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import dagster as dg
import sqlalchemy
from filelock import FileLock

from nba_assets.orchestration.bulk_events import BulkEvents
from nba_assets.orchestration.dagster_private import (
    ConsolidatedSqliteEventLogStorage,
    SqliteRunStorage,
    SqliteScheduleStorage,
)
from nba_assets.settings import load_settings

_BUSY_TIMEOUT_SECONDS = 30


def _instance_directory() -> Path:
    """DAGSTER_HOME, else where `nba-assets` keeps Dagster's instance."""
    return load_settings().dagster_home


@contextmanager
def _created_alone(directory: Path) -> Iterator[None]:
    """For creating a storage: two processes at once would spoil each other's schema."""
    directory.mkdir(parents=True, exist_ok=True)
    with FileLock(directory / "creation.lock"):
        yield


def _do_not_wait_for_the_disk(connection: Any, _: Any) -> None:
    """In WAL mode this cannot corrupt the file; a power cut may lose the last events, and the ledger has them."""
    connection.execute("PRAGMA synchronous=NORMAL")


class _KeepsConnections:
    """A storage with one engine per process, which keeps its connections."""

    _conn_string: str

    @cached_property
    def _engine(self) -> sqlalchemy.Engine:
        arguments = {"timeout": _BUSY_TIMEOUT_SECONDS, "check_same_thread": False}
        engine = sqlalchemy.create_engine(self._conn_string, connect_args=arguments)
        sqlalchemy.event.listen(engine, "connect", _do_not_wait_for_the_disk)
        return engine

    def dispose(self) -> None:
        """Close the connections."""
        self._engine.dispose()
        super().dispose()  # type: ignore[misc]


class _InFolder(_KeepsConnections):
    """A storage in a folder of the instance's directory, which needs no configuration."""

    _folder: ClassVar[str]

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """Nothing to configure."""
        return {}

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: object) -> Any:  # noqa: ARG003
        """The storage that dagster.yaml describes."""
        directory = _instance_directory() / cls._folder
        with _created_alone(directory):
            return cls.from_local(str(directory), inst_data)  # type: ignore[attr-defined]

    @property
    def directory(self) -> Path:
        """The directory that has the folder; the instance has its own."""
        return Path(str(self._engine.url.database)).parents[1]

    @contextmanager
    def connect(self) -> Iterator[sqlalchemy.Connection]:
        """A transaction on a connection that is kept."""
        with self._engine.begin() as connection:
            yield connection


class LocalRunStorage(_InFolder, SqliteRunStorage):
    """The runs."""

    _folder = "history"


class LocalScheduleStorage(_InFolder, SqliteScheduleStorage):
    """The ticks of schedules and sensors."""

    _folder = "schedules"


class PooledSqliteEventLogStorage(_KeepsConnections, BulkEvents, ConsolidatedSqliteEventLogStorage):
    """The event log, all runs in one file; without `base_dir` it lies beside the runs and schedules."""

    def __init__(self, base_dir: str, inst_data: Any = None) -> None:
        self._known_columns: dict[str, bool] = {}
        self._known_tables: set[str] = set()
        with _created_alone(Path(base_dir)):
            super().__init__(base_dir, inst_data)
            if not self.has_table("alembic_version"):  # the process that created the file was killed before its schema
                self._init_db()

    def _init_db(self) -> None:
        with closing(sqlite3.connect(self.get_db_path())) as file:  # type: ignore[no-untyped-call]
            # Of the usual pages of 4 KiB, events of one or two waste a quarter. An existing file stays as it is.
            file.execute("PRAGMA page_size=8192")
            file.execute("PRAGMA journal_mode=WAL")
        super()._init_db()  # type: ignore[no-untyped-call]

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """`base_dir` is optional."""
        return {"base_dir": dg.Field(dg.StringSource, is_required=False)}

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Mapping[str, Any]) -> PooledSqliteEventLogStorage:
        """The storage that dagster.yaml describes."""
        return cls(config_value.get("base_dir") or str(_instance_directory()), inst_data)

    @contextmanager
    def _connect(self) -> Iterator[sqlalchemy.Connection]:
        with self._engine.begin() as connection:
            yield connection

    def _has_asset_key_col_on_connection(self, conn: sqlalchemy.Connection, column_name: str) -> bool:
        if column_name not in self._known_columns:
            self._known_columns[column_name] = super()._has_asset_key_col_on_connection(conn, column_name)
        return self._known_columns[column_name]

    def has_table(self, table_name: str) -> bool:
        """Whether the schema has a table; asked for every event, so remembered once it is there."""
        if table_name not in self._known_tables and sqlalchemy.inspect(self._engine).has_table(table_name):
            self._known_tables.add(table_name)
        return table_name in self._known_tables
