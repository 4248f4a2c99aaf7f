"""What keeps partitions from being in order: the roots, how many partitions wait behind each, and what to run next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from nba_assets.partition import FAILED, FINE, MEANING, Cause, Finding, Partition, Status
from nba_assets.planning.state import Cell, State
from nba_assets.text import counted, span

_WORST_FIRST = (Status.GAP, Status.ERROR, Status.BLOCKED, Status.MISSING, Status.STALE, Status.NOT_DUE)
_ALIKE = frozenset({Status.MISSING, Status.STALE})
"""Trouble that many partitions have for the same reason, none of them being its root."""


@dataclass(frozen=True)
class Root:
    """A partition in which trouble began, and the others of those asked about that are in the same trouble.

    What waits for several roots is counted to each. `since` is the first date to be built with it: of a stale
    partition, also of what it is made of.
    """

    partition: Partition
    status: Status
    reason: str
    behind: frozenset[Partition]
    since: date
    findings: tuple[Finding, ...] = ()

    @property
    def others(self) -> int:
        """How many others there are."""
        return len(self.behind)


@dataclass(frozen=True)
class Trouble:
    """What keeps partitions from being in order: a root, or several that are alike, in order of date."""

    roots: tuple[Root, ...]

    @property
    def status(self) -> Status:
        """That of all its roots."""
        return self.roots[0].status

    @property
    def first(self) -> Partition:
        """Where it began."""
        return self.roots[0].partition

    @property
    def last(self) -> date:
        """The last date of a root."""
        return self.roots[-1].partition.day

    @property
    def where(self) -> str:
        """ "raw_team_boxscores 2021-11-12", "raw_schedule 2021-11-17 … 2021-11-20" """
        return f"{self.first.table} {span(self.first.day, self.last)}"

    @property
    def how_many(self) -> str:
        """How much is concerned beside the partition itself; empty if nothing is."""
        more = len(self.roots) - 1
        alike = f"likewise: {counted(more, 'partition')}" if more else ""
        return "; ".join(filter(None, [alike, concerned(self.roots)]))

    @property
    def command(self) -> str:
        """What to do about it."""
        return str(next_step(self.roots, self.last))

    def __str__(self) -> str:
        """ "MISSING raw_schedule 2021-10-19 … 2021-10-21: never computed; likewise: 2 partitions" """
        return "; ".join(filter(None, [f"{self.status} {self.where}: {self.roots[0].reason}", self.how_many]))


def together(roots: Sequence[Root]) -> list[Trouble]:
    """The roots in their order; of those that are alike, one trouble."""
    found: dict[object, list[Root]] = {}
    for root in roots:
        key = (root.status, root.reason) if root.status in _ALIKE else root.partition
        found.setdefault(key, []).append(root)
    return [Trouble(tuple(alike)) for alike in found.values()]


def roots_of(state: State, cells: Iterable[Cell]) -> list[Root]:
    """The roots of the cells that are not in order, the worst first, then the oldest."""
    behind: dict[Partition, set[Partition]] = {}
    stale: dict[tuple[object, ...], Partition] = {}
    for cell in cells:
        if cell.status == Status.STALE:
            # Staleness has one beginning and many that share it: the findings name it.
            beginning = tuple((found.cause, found.entities) for found in cell.findings)
            behind.setdefault(stale.setdefault(beginning, cell.partition), set()).add(cell.partition)
        elif cell.status not in FINE:
            for partition in _roots_of(state, cell):
                behind.setdefault(partition, set()).add(cell.partition)
    found = [_root(state, partition, waiting) for partition, waiting in behind.items()]
    return sorted(found, key=lambda root: (_WORST_FIRST.index(root.status), root.partition.day))


def _root(state: State, partition: Partition, waiting: set[Partition]) -> Root:
    cell = state.cell(partition.table, partition.day)
    since = state.stale_since(partition) if cell.status == Status.STALE else partition.day
    reason = cell.reason or MEANING[cell.status]
    return Root(partition, cell.status, reason, frozenset(waiting - {partition}), since, cell.findings)


def _roots_of(state: State, cell: Cell) -> list[Partition]:
    """Where a cell's trouble began: in several places, if each of them would keep it waiting alone."""
    found = [] if cell.status in FAILED else state.waits.roots(cell.partition)
    return found or [_root_of(state, cell)]


def _root_of(state: State, cell: Cell) -> Partition:
    """Where a cell's trouble began. A root that was recorded as missing may itself wait for another."""
    if cell.status in FAILED:
        return cell.partition
    if cell.root is not None:
        return _root_of(state, state.cell(cell.root.table, cell.root.day))
    obstacle = state.obstacle(cell.partition.table, cell.partition.day)
    return cell.partition if obstacle is None else _root_of(state, obstacle)


def concerned(roots: Sequence[Root]) -> str:
    """How many others roots that are alike concern: "waiting for it: 7 partitions"; empty for none."""
    behind = {partition for root in roots for partition in root.behind}
    others = len(behind.difference(root.partition for root in roots))
    relation = "likewise" if roots[0].status == Status.STALE else "waiting for it"
    return f"{relation}: {counted(others, 'partition')}" if others else ""


def next_step(roots: Sequence[Root], last: date) -> str | None:
    """What to do about the worst of the roots, for partitions up to `last`."""
    if not roots:
        return None
    worst = roots[0]
    first = min(root.since for root in roots if root.status == worst.status)
    if any(one.cause in (Cause.BEYOND_SCHEDULE, Cause.SCHEDULE_TOO_OLD) for one in worst.findings):
        return f"get a newer schedule, then nba-assets repair {first} {last}"
    if worst.status == Status.MISSING:
        return f"nba-assets backfill {first} {last}"
    if worst.status == Status.STALE:
        return f"nba-assets repair {first} {last}"
    if worst.status == Status.NOT_DUE:
        return "the same command again, once the results are due"
    return f"nba-assets explain {worst.partition.table} {worst.partition.day}"
