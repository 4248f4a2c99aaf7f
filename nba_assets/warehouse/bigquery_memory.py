"""What was read of the ledger on BigQuery, kept for as long as the ledger has not changed.

Whether it has is asked of its table's description, which costs nothing; a query is billed 10 MB for each table at
least. Kept for the whole process: each tick of a sensor opens a warehouse of its own.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from threading import Lock

import pandas as pd

_MOST = 16
"""So many answers are kept: a command asks about few ranges, and sensors always about the same ones."""


@dataclass(frozen=True)
class _Answer:
    version: Hashable
    read_at: float
    rows: pd.DataFrame

    def holds(self, version: Hashable, seconds: float | None) -> bool:
        return self.version == version and (seconds is None or time.monotonic() - self.read_at < seconds)


class Memory:
    """The answers to the questions that were asked last, each with the version of the ledger that it was read from."""

    def __init__(self) -> None:
        self._answers: OrderedDict[tuple[Hashable, str], _Answer] = OrderedDict()
        self._lock = Lock()

    def recalled(
        self,
        place: Hashable,
        query: str,
        version: Hashable,
        read: Callable[[], pd.DataFrame],
        seconds: float | None = None,
    ) -> pd.DataFrame:
        """The answer to a query at a place; read again if it is of another version, or that many seconds old.

        The version is to be asked for before the call: then no answer is older than its version says.
        """
        question, now = (place, query), time.monotonic()
        with self._lock:
            answer = self._answers.get(question)
        if answer is None or not answer.holds(version, seconds):
            answer = _Answer(version, now, read())
        with self._lock:
            self._answers[question] = answer
            self._answers.move_to_end(question)
            while len(self._answers) > _MOST:
                self._answers.popitem(last=False)
        return answer.rows.copy()

    def forget(self, place: Hashable) -> None:
        """All answers of a place: this process has just published there."""
        with self._lock:
            for question in [one for one in self._answers if one[0] == place]:
                del self._answers[question]
