"""Dagster's SQLite storages of runs and schedules, in the one place where every command on this machine looks.

Without DAGSTER_HOME they lie where `nba-assets` keeps Dagster's instance, so that a `dagster` command in a checkout
records what the UI shows. They are created by one process at a time, and keep their connections. Nothing about what
is stored belongs here; the event log has a module of its own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import sqlalchemy
from dagster._core.storage.runs import SqliteRunStorage
from dagster._core.storage.schedules import SqliteScheduleStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData
from filelock import FileLock

from nba_assets.settings import load_settings


def instance_directory() -> Path:
    """DAGSTER_HOME, else where `nba-assets` keeps Dagster's instance."""
    return Path(os.environ.get("DAGSTER_HOME") or load_settings().dagster_home)


@contextmanager
def created_alone(directory: Path) -> Iterator[None]:
    """For creating a storage: two processes at once would spoil each other's schema."""
    directory.mkdir(parents=True, exist_ok=True)
    with FileLock(directory / "creation.lock"):
        yield


def kept_engine(conn_string: str) -> sqlalchemy.Engine:
    """An engine that keeps its connections and does not wait for the disk at every commit."""
    arguments = {"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False}
    engine = sqlalchemy.create_engine(conn_string, connect_args=arguments)
    sqlalchemy.event.listen(engine, "connect", _do_not_wait_for_the_disk)
    return engine


def _do_not_wait_for_the_disk(connection: Any, _: Any) -> None:
    """In WAL mode this cannot corrupt the file; a power cut may lose the last events, and the ledger has them."""
    connection.execute("PRAGMA synchronous=NORMAL")


class _Local:
    """A storage in a folder of the instance's directory, which needs no configuration."""

    _folder: ClassVar[str]
    _conn_string: str

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """Nothing to configure."""
        return {}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: object) -> Any:  # noqa: ARG003
        """The storage that dagster.yaml describes."""
        directory = instance_directory() / cls._folder
        with created_alone(directory):
            return cls.from_local(str(directory), inst_data)  # type: ignore[attr-defined]

    @cached_property
    def _engine(self) -> sqlalchemy.Engine:
        return kept_engine(self._conn_string)

    @contextmanager
    def connect(self) -> Iterator[sqlalchemy.Connection]:
        """A transaction on a connection that is kept."""
        with self._engine.begin() as connection:
            yield connection

    def dispose(self) -> None:
        """Close the connections."""
        self._engine.dispose()
        super().dispose()  # type: ignore[misc]


class LocalRunStorage(_Local, SqliteRunStorage):
    """The runs; named in dagster.yaml."""

    _folder = "history"


class LocalScheduleStorage(_Local, SqliteScheduleStorage):
    """The ticks of schedules and sensors; named in dagster.yaml."""

    _folder = "schedules"
