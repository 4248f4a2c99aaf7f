"""Seconds, process time and peak memory of a piece of work, in this process or in a child."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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
    started = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, "-m", "nba_assets", *arguments],
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    _, said = child.communicate()
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    if child.returncode:
        raise RuntimeError(f"nba-assets {' '.join(arguments)} ended with {child.returncode}: {said[-2000:]}")
    busy = usage.ru_utime + usage.ru_stime - command.so_far  # type: ignore[attr-defined]
    command.so_far += busy  # type: ignore[attr-defined]
    return Cost(time.perf_counter() - started, busy, usage.ru_maxrss / 1024)


command.so_far = 0.0  # type: ignore[attr-defined]
