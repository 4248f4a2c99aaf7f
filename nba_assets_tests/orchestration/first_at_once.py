"""Six processes that are the first to open one instance, all in the same moment."""

from __future__ import annotations

import multiprocessing
from multiprocessing.synchronize import Barrier

from nba_assets.orchestration.instance import open_instance
from nba_assets.settings import Settings


def open_six_at_once(settings: Settings) -> None:
    """AssertionError unless each of them finds an instance without runs, and ends well."""
    processes = multiprocessing.get_context("fork")
    start = processes.Barrier(6)
    commands = [processes.Process(target=_open_together, args=(settings, start)) for _ in range(6)]
    for command in commands:
        command.start()
    for command in commands:
        command.join()
    assert [command.exitcode for command in commands] == [0] * 6


def _open_together(settings: Settings, start: Barrier) -> None:
    start.wait()
    with open_instance(settings) as instance:
        assert instance.get_runs() == []
