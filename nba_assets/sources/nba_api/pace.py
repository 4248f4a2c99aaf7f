"""When the next call may go out, and whether any may: the rate limit and the circuit breaker."""

from __future__ import annotations

import time
from pathlib import Path

from filelock import FileLock

from nba_assets.sources.base import SourceError


class SourceUnavailableError(SourceError):
    """The source did not answer, or refuses to; asking for something else would not help."""


class CircuitOpenError(SourceUnavailableError):
    """No call was made, because the last ones all failed."""


class Pace:
    """Keeps calls at least `seconds_between` apart, over all processes that share `directory`.

    The time of the last call is kept in a file; whoever holds its lock is the next to call.
    """

    def __init__(self, directory: Path, seconds_between: float) -> None:
        self._stamp = directory / ".last_call"
        self._seconds_between = seconds_between

    def wait(self) -> None:
        """Return as soon as a call may be made, having taken note that it is."""
        if not self._seconds_between:
            return
        self._stamp.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self._stamp.with_suffix(".lock")):
            due = self._last_call() + self._seconds_between
            # A clock that was set back must not stop the calls for hours.
            time.sleep(min(max(due - time.time(), 0.0), self._seconds_between))
            self._stamp.write_text(repr(time.time()))

    def _last_call(self) -> float:
        try:
            return float(self._stamp.read_text())
        except (FileNotFoundError, ValueError):
            return 0.0


class CircuitBreaker:
    """After so many failed calls in a row, no call is made for a while; then one may try."""

    def __init__(self, failures: int, seconds: float) -> None:
        self._limit = failures
        self._seconds = seconds
        self._failures = 0
        self._open_until = 0.0

    def check(self) -> None:
        """Raise CircuitOpenError while the circuit is open."""
        left = self._open_until - time.monotonic()
        if left > 0:
            raise CircuitOpenError(
                f"stats.nba.com: the last {self._failures} calls failed, so none is made for another {left:.0f} s. "
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
