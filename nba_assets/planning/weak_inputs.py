"""What degrades partitions: inputs of which something is missing and which are read all the same, where that began,
and of which dates the source would have to be asked again.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cached_property

from nba_assets.league.calendar import season_first_day, season_of
from nba_assets.partition import STOPS_DEPENDENTS, WAITING, Cause, Partition, Status
from nba_assets.planning.histories import Histories
from nba_assets.planning.state import Cell, State, date_read
from nba_assets.schema.table import Input, TimeRule
from nba_assets.tables import TABLES

_DAY = timedelta(days=1)
_NONE: frozenset[Partition] = frozenset()
_WEAK = STOPS_DEPENDENTS | {Status.DEGRADED}
_OF_DAY_BEFORE = frozenset({Cause.NAMES_IN_DOUBT})
"""What the source would have to correct is a fact of the day before the partition's."""
_OF_LISTS = frozenset({Cause.SLATE_OF_DOUBTFUL_LIST, Cause.SLATE_LOST})
"""It is the list of an earlier game, which the finding names as its number `game`."""


class WeakInputs:
    """The weak inputs of the partitions of a state."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._began: dict[Partition, frozenset[Partition]] = {}
        self._histories = Histories(self._roots_at)

    def is_weak(self, table: str, day: date) -> bool:
        """Whether something is missing in a table's partition, and its readers are published all the same."""
        if TABLES[table].optional:
            return False
        weak = {Status.DEGRADED} if self._state.is_critical(table) else _WEAK
        if self._state.cell(table, day).status in weak:
            return True
        # Complete in itself, but made of box scores of which a person has accepted that one is missing.
        return day in self._accepted and any(self.is_weak(i.table, day) for i in TABLES[table].inputs)

    def may_degrade(self, partition: Partition) -> bool:
        """Whether weak inputs explain what a partition is."""
        status = self._state.cell(partition.table, partition.day).status
        return status == Status.DEGRADED or partition.day in self._accepted

    def roots(self, partition: Partition) -> frozenset[Partition]:
        """The partitions that degrade one, without those that others degrade; itself, if nothing else does."""
        if partition not in self._began:
            found = _NONE
            if self._state.cell(partition.table, partition.day).status in WAITING:
                found = frozenset(self._state.waits.roots(partition))
            elif self.may_degrade(partition):
                found = _NONE.union(*(self._of_input(i, partition.day) for i in TABLES[partition.table].inputs))
            self._began[partition] = found or frozenset({partition})
        return self._began[partition]

    def _of_input(self, input_: Input, day: date) -> frozenset[Partition]:
        if input_.rule == TimeRule.BEFORE_DATE:
            return self._of_history(input_.table, day)
        return self._roots_at(Partition(input_.table, date_read(input_, day)))

    def _of_history(self, table: str, day: date) -> frozenset[Partition]:
        """Of the dates of the season before `day`."""
        first = self._state.opening_night(day) or season_first_day(season_of(day))
        return self._histories.before(table, first, day)

    def _roots_at(self, partition: Partition) -> frozenset[Partition]:
        return self.roots(partition) if self.is_weak(partition.table, partition.day) else _NONE

    @cached_property
    def _accepted(self) -> frozenset[date]:
        return self._state.accepted_dates()


def dates_to_refresh(state: State, cell: Cell) -> tuple[date, date]:
    """The first and the last date of which the source has to be asked again, to put right what a partition lacks."""
    day, days = cell.partition.day, set[date]()
    for one in cell.findings:
        if one.cause in _OF_LISTS:
            days.update(state.waits.nights_of(str(one.numbers["game"]).partition(" ")[0]))
        else:
            days.update({day - _DAY, day} if one.cause in _OF_DAY_BEFORE else {day})
    return min(days, default=day), max(days, default=day)
