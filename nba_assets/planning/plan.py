"""What a range still needs: which partitions to build, in which order, and why. Nothing is computed here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from nba_assets.league.calendar import days_between, season_of
from nba_assets.partition import FINE, Partition, Status
from nba_assets.planning.state import Cell, State, date_read
from nba_assets.schema.table import Phase, TimeRule
from nba_assets.tables import RAW, TABLES, TIERS, place_of, with_upstream

_TO_BUILD = frozenset({Status.MISSING, Status.GAP, Status.ERROR, Status.STALE})
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Step:
    """The dates of one table that are to be built, those that wait behind a root, and why each is in the plan."""

    table: str
    build: tuple[date, ...]
    blocked: tuple[date, ...]
    why: Mapping[Status, int]

    @property
    def tier(self) -> int:
        """The table's distance from the sources."""
        return TIERS[self.table]


def plan_step(state: State, table: str, days: Sequence[date], *, force: bool = False, rewrite: bool = False) -> Step:
    """What one table needs, given what is published upstream of it right now."""
    cells = {day: state.cell(table, day) for day in days}
    blocked = {day: cell for day, cell in cells.items() if cell.status == Status.BLOCKED or _waits(state, cell)}
    wanted = {day: cell for day, cell in cells.items() if _is_wanted(cell, force=force, rewrite=rewrite)}
    build = {day: cell for day, cell in wanted.items() if day not in blocked}
    return Step(table, tuple(build), tuple(blocked), Counter(cell.status for cell in build.values()))


def is_new(state: State, tables: Collection[str], day: date) -> bool:
    """Whether none of the tables has been attempted on the date, and all wait for nothing but each other there."""
    cells = [state.cell(table, day) for table in tables]
    if any(cell.status != Status.MISSING or cell.newest is not None for cell in cells):
        return False
    obstacles = (found.partition for table in tables for found in state.obstacles(table, day))
    return all(partition.day == day and partition.table in tables for partition in obstacles)


def _is_wanted(cell: Cell, *, force: bool = False, rewrite: bool = False) -> bool:
    early = force and cell.status == Status.BOOTSTRAP and TABLES[cell.partition.table].phase == Phase.PRE_GAME
    return cell.status in _TO_BUILD or early or (rewrite and cell.status in FINE)


def _waits(state: State, cell: Cell) -> bool:
    """A missing partition behind a missing one: nothing has failed, but it cannot be built."""
    if cell.status != Status.MISSING:
        return False
    obstacle = state.obstacle(cell.partition.table, cell.partition.day)
    return obstacle is not None and obstacle.status != Status.NOT_DUE


def read_of_the_day_before(days: Collection[date]) -> set[Partition]:
    """The raw partitions of other dates that tables of these dates are made of: the injury report of the day before."""
    inputs = {i for table in TABLES.values() for i in table.inputs if i.rule == TimeRule.DAY_BEFORE and i.table in RAW}
    found = {Partition(input_.table, date_read(input_, day)) for input_ in inputs for day in days}
    return {partition for partition in found if partition.day not in days}


def dependents(partitions: Collection[Partition], last: date) -> dict[Partition, Partition]:
    """Everything up to `last` that is made of one of the partitions, directly or not, and the first that it may be."""
    roots = sorted(partitions, key=place_of)
    days = days_between(roots[0].day, last)
    coming: dict[str, set[date]] = {}
    found = {}
    for name in TABLES:
        following = [day for day in days if _follows(name, day, coming)]
        coming[name] = {*following, *(root.day for root in roots if root.table == name)}
        upstream = with_upstream([name]) - {name}
        for day in following:
            before = (r for r in roots if r.table in upstream and r.day <= day and season_of(r.day) == season_of(day))
            found[Partition(name, day)] = next(before)
    return found


def _follows(table: str, day: date, coming: dict[str, set[date]]) -> bool:
    """Whether an input of the partition is about to be rebuilt."""
    for input_ in TABLES[table].inputs:
        dates = coming.get(input_.table, set())
        if input_.rule == TimeRule.BEFORE_DATE:
            if any(season_of(other) == season_of(day) for other in dates if other < day):
                return True
        elif date_read(input_, day) in dates:
            return True
    return False


def ranges(days: Sequence[date]) -> list[tuple[date, date]]:
    """Runs of consecutive days."""
    found: list[tuple[date, date]] = []
    for day in sorted(days):
        if found and day - found[-1][1] == _DAY:
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found
