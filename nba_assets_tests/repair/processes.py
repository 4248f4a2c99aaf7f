"""Processes of our own to be killed: commands of `nba-assets`, and single builds, forked from a warm server."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import date
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import pandas as pd

from nba_assets.cli import main
from nba_assets.engine.materialize import RunInfo, materialize
from nba_assets.session import Session
from nba_assets.settings import load_settings
from nba_assets.warehouse import duckdb
from nba_assets.warehouse.base import WarehouseError
from nba_assets.warehouse.ddl import Relation
from nba_assets_tests.engine.warehouses import LONG_AFTER
from nba_assets_tests.needs import real_data

_warm = multiprocessing.get_context("forkserver")
_warm.set_forkserver_preload(
    ["nba_assets.definitions", "nba_assets.orchestration.launch", "nba_assets.cli.backfill", __name__]
)


def environment(home: Path) -> dict[str, str]:
    """The settings of a command on the real files, long after their season."""
    return {
        "NBA_HOME": str(home),
        "NBA_SOURCE": "files",
        "NBA_DATA_DIR": str(real_data()),
        "NBA_NOW": LONG_AFTER.isoformat(),
    }


class Command:
    """`nba-assets …` in a process of its own; what it says goes to files in `home`."""

    def __init__(self, home: Path, *arguments: str, settings: Mapping[str, str] | None = None) -> None:
        self._said = home / f"said-{time.monotonic_ns()}"
        self.process: ForkServerProcess = _warm.Process(
            target=_command, args=(arguments, environment(home) | dict(settings or {}), self._said)
        )
        self.process.start()

    def wait(self, seconds: float = 120) -> int:
        """The exit status; negative, the signal that ended it."""
        self.process.join(seconds)
        assert self.process.exitcode is not None, f"still running after {seconds} s"
        return self.process.exitcode

    def said(self) -> str:
        """Everything on standard output and standard error."""
        return self._said.read_text() if self._said.exists() else ""

    def wait_until(self, text: str, seconds: float = 60) -> None:
        """Until it has said something."""
        deadline = time.monotonic() + seconds
        while text not in self.said():
            assert self.process.is_alive(), self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.01)

    def kill_after(self, seconds: float) -> None:
        """Kill it, without a chance to say anything, some time after it began its work."""
        self.wait_until_it_works()
        time.sleep(seconds)
        self.process.kill()

    def wait_until_it_works(self, seconds: float = 60) -> None:
        """Until it holds the warehouse for writing, or has ended because there was nothing to do."""
        lock = self._said.parent / "warehouse.duckdb.lock"
        deadline = time.monotonic() + seconds
        while self.process.is_alive() and not (lock.exists() and f'"pid": {self.process.pid}' in lock.read_text()):
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.01)

    def interrupt(self) -> None:
        """As Control-C does."""
        assert self.process.pid is not None
        os.kill(self.process.pid, signal.SIGINT)


def killed_while_publishing(home: Path, data_dir: Path, table: str, days: Sequence[date]) -> int:
    """The exit status of a process that kills itself in the middle of a build: rows deleted, none inserted yet."""
    process = _warm.Process(target=_build_and_die, args=(home, data_dir, table, days))
    process.start()
    process.join(60)
    assert process.exitcode is not None
    return process.exitcode


def _build_and_die(home: Path, data_dir: Path, table: str, days: Sequence[date]) -> None:
    insert = duckdb._insert

    def insert_or_die(connection: Any, relation: Relation, rows: pd.DataFrame) -> None:
        if relation.name == table:
            os.kill(os.getpid(), signal.SIGKILL)
        insert(connection, relation, rows)

    duckdb._insert = insert_or_die
    settings = load_settings(home=home, source="files", data_dir=data_dir, now=LONG_AFTER)
    materialize(Session(settings), table, days, RunInfo())


def built_with_little_room(home: Path, data_dir: Path, table: str, days: Sequence[date]) -> str:
    """What a build says in a process that no file may grow beyond 64 KB."""
    said = home / "said-without-room"
    process = _warm.Process(target=_build_without_room, args=(home, data_dir, table, days, said))
    process.start()
    process.join(60)
    assert process.exitcode == 0
    return said.read_text()


def _build_without_room(home: Path, data_dir: Path, table: str, days: Sequence[date], said: Path) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**16, 2**16))
    settings = load_settings(home=home, source="files", data_dir=data_dir, now=LONG_AFTER)
    try:
        materialize(Session(settings), table, days, RunInfo())
    except WarehouseError as error:
        said.write_text(str(error))


def _command(arguments: tuple[str, ...], settings: Mapping[str, str], said: Path) -> None:
    os.environ.update(settings)
    # A test run in the background of a script is deaf to Control-C, and its children would be too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    output = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.argv = ["nba-assets", *arguments]
    main()
