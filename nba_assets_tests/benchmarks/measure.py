"""Seconds, process time and peak memory of a piece of work, in this process or in a child."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Cost:
    """What a piece of work took; `peak_mib` is the process's highest resident size so far."""

    seconds: float
    process_seconds: float
    peak_mib: float

    def __str__(self) -> str:
        return (
            f"{self.seconds:7.2f} s elapsed, {self.process_seconds:7.2f} s process time, peak {self.peak_mib:,.0f} MiB"
        )


def here(work: Callable[[], T]) -> tuple[T, Cost]:
    """The result of some work in this process, and what it took."""
    started, busy = time.perf_counter(), time.process_time()
    result = work()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return result, Cost(time.perf_counter() - started, time.process_time() - busy, peak)


def command(arguments: Sequence[str], environment: Mapping[str, str]) -> Cost:
    """What `nba-assets …` takes as a whole process; raises if it fails."""
    return process(["-m", "nba_assets", *arguments], environment)


def process(arguments: Sequence[str], environment: Mapping[str, str], folder: Path | None = None) -> Cost:
    """What a Python process takes; raises if it fails."""
    started = time.perf_counter()
    with tempfile.TemporaryFile("w+") as said:
        child = subprocess.Popen(
            [sys.executable, *arguments],
            env={**os.environ, **environment, "PYTHONDONTWRITEBYTECODE": ""},  # as users have it: compiled once
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=said,
        )
        _, status, usage = os.wait4(child.pid, 0)  # its own peak of memory, and not that of all children so far
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            said.seek(0)
            raise RuntimeError(f"{' '.join(arguments)} ended with {child.returncode}: {said.read()[-2000:]}")
    return Cost(time.perf_counter() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
