"""What lies behind the dates of a history, date by date: many partitions read the same one, each up to its own day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from nba_assets.partition import Partition

_NONE: frozenset[Partition] = frozenset()


class Histories:
    """The partitions behind the dates of each table; `behind` gives those of one of its partitions."""

    def __init__(self, behind: Callable[[Partition], frozenset[Partition]]) -> None:
        self._behind = behind
        self._known: dict[tuple[str, date], list[frozenset[Partition]]] = {}

    def before(self, table: str, first: date, day: date) -> frozenset[Partition]:
        """Those of the dates from `first` up to the one before `day`."""
        known = self._known.setdefault((table, first), [_NONE])
        while len(known) <= (day - first).days:
            known.append(known[-1] | self._behind(Partition(table, first + timedelta(days=len(known) - 1))))
        return known[max((day - first).days, 0)]
