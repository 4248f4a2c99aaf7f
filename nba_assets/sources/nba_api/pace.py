"""When the next call may go out, and whether any may: the rate, the budget and the circuit breaker.

Whether the site has cut this address off is noticed in `cut_off`.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from nba_assets.sources.base import SourceError

log = logging.getLogger(__name__)


class SourceUnavailableError(SourceError):
    """The source did not answer, or refuses to; asking for something else would not help."""


class CircuitOpenError(SourceUnavailableError):
    """No call was made, because the last ones all failed."""


class NotWrittenDownError(SourceUnavailableError):
    """A file beside the cache cannot be written; whatever the source answered could not be kept."""


class Pace:
    """Keeps calls at least `seconds_between` apart, and to `budget` calls in any `budget_seconds`.

    Both hold over all processes that share `directory`: the times of the last calls are kept in a file, and whoever
    holds its lock is the next to call. `math.inf` is no budget.
    """

    def __init__(self, directory: Path, seconds_between: float, *, budget: float, budget_seconds: float) -> None:
        self._record = directory / ".calls"
        self._seconds_between = seconds_between
        self._budget = budget
        self._budget_seconds = budget_seconds
        self._has_said_so = False

    def wait(self) -> None:
        """Return as soon as a call may be made, having taken note that it is."""
        if not self._seconds_between and math.isinf(self._budget):
            return
        # Nobody sleeps with the lock: others would wait for it without knowing what for.
        while (seconds := self._take()) > 0:
            time.sleep(seconds)

    def _take(self) -> float:
        """0 if a call may be made, which is then noted down; else the seconds until one may."""
        with written(self._record):
            self._record.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self._record.with_suffix(".lock")):
                now = time.time()
                # A clock that was set back must not stop the calls for hours: what is yet to come does not count.
                oldest = now - max(self._budget_seconds, self._seconds_between)
                calls = [at for at in self._calls() if oldest < at <= now]
                seconds = max(self._until_rate(calls, now), self._until_budget(calls, now))
                if seconds <= 0:
                    self._record.write_text("\n".join(map(repr, [*calls, now])))
                return seconds

    def _calls(self) -> Iterator[float]:
        if self._record.is_file():
            for line in self._record.read_text().splitlines():
                try:
                    yield float(line)
                except ValueError:  # written by a process that was killed
                    continue

    def _until_rate(self, calls: list[float], now: float) -> float:
        return calls[-1] + self._seconds_between - now if calls else 0.0

    def _until_budget(self, calls: list[float], now: float) -> float:
        if len(calls) < self._budget:
            return 0.0
        seconds = calls[-int(self._budget)] + self._budget_seconds - now
        if seconds > self._seconds_between and not self._has_said_so:
            self._has_said_so = True
            log.warning(
                "the budget of %d calls in %.0f minutes (NBA_API_CALLS_PER_TEN_MINUTES) is used up: "
                "going on in %.0f s, and from then on at its pace",
                self._budget,
                self._budget_seconds / 60,
                seconds,
            )
        return seconds


class CircuitBreaker:
    """After so many failed calls in a row, no call is made for a while; then one may try."""

    def __init__(self, failures: int, seconds: float, *, site: str) -> None:
        self._limit = failures
        self._seconds = seconds
        self._site = site
        self._failures = 0
        self._open_until = 0.0

    def check(self) -> None:
        """Raise CircuitOpenError while the circuit is open."""
        left = self._open_until - time.monotonic()
        if left > 0:
            raise CircuitOpenError(
                f"{self._site}: the last {self._failures} calls failed, so none is made for another {left:.0f} s. "
                "What was fetched is kept; run again later."
            )

    def succeeded(self) -> None:
        """The source answers."""
        self._failures = 0

    def failed(self) -> None:
        """A call failed for good; the circuit opens at the limit, and at every further failure."""
        self._failures += 1
        if self._failures >= self._limit:
            self._open_until = time.monotonic() + self._seconds


@contextmanager
def written(path: Path) -> Iterator[None]:
    """Turns an OSError about a file beside the cache into an error that names it."""
    try:
        yield
    except OSError as error:
        raise NotWrittenDownError(
            f"{path}: cannot be written ({error}). Make room, or choose another cache directory (NBA_API_CACHE_DIR)."
        ) from error
