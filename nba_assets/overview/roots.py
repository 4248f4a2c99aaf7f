"""What keeps partitions from being in order: the roots, what waits behind them or is degraded by them, what to run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from types import MappingProxyType

from nba_assets.partition import (
    FAILED,
    FINE,
    MEANING,
    THRESHOLDS,
    Cause,
    Finding,
    Partition,
    Status,
    sentence_of,
)
from nba_assets.planning.state import Cell, State
from nba_assets.planning.weak_inputs import WeakInputs, dates_to_refresh
from nba_assets.text import counted, joined, span

_WORST_FIRST = (
    *(Status.GAP, Status.ERROR, Status.BLOCKED, Status.MISSING, Status.STALE),
    *(Status.DEGRADED, Status.BOOTSTRAP, Status.NO_GAMES, Status.OK, Status.NOT_DUE),
)
_MOST_TEAMS = 5
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Root:
    """A partition in which trouble began, and the others of those asked about that are in trouble because of it.

    What waits for several roots is counted to each. `degraded` are published without what it lacks, `games_by_team`
    the finished games that it lacks. `since` is the first date to be built with it: of a stale partition, also of what
    it is made of. `refreshed` are the dates of which the source has to be asked again; None if a repair asks by itself.
    """

    partition: Partition
    status: Status
    reason: str
    behind: frozenset[Partition]
    since: date
    findings: tuple[Finding, ...] = ()
    degraded: frozenset[Partition] = frozenset()
    games_by_team: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    refreshed: tuple[date, date] | None = None

    @property
    def others(self) -> int:
        """How many others wait with it."""
        return len(self.behind)


@dataclass(frozen=True)
class Trouble:
    """What keeps partitions from being in order: a root, or those of a table that have one cause, in order of date."""

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
    def dates(self) -> str:
        """ "2021-11-12", "2021-11-16 … 2021-11-28, 7 dates" """
        days = f", {counted(len(self.roots), 'date')}" if len(self.roots) > 1 else ""
        return span(self.first.day, self.last) + days

    @property
    def where(self) -> str:
        """ "raw_team_boxscores 2021-11-12", "raw_schedule 2021-11-17 … 2021-11-20, 4 dates" """
        return f"{self.first.table} {self.dates}"

    @property
    def reason(self) -> str:
        """What is wrong; of several dates what their games and teams have in common."""
        if len(self.roots) == 1:
            return self.roots[0].reason
        teams = Counter[str]()
        for root in self.roots:
            teams.update(root.games_by_team)
        most_first = sorted(teams.items(), key=lambda of_team: (-of_team[1], of_team[0]))
        named = joined([f"{team} {games}" for team, games in most_first], _MOST_TEAMS)
        reason = joint_reason([root.findings for root in self.roots]) or self.roots[0].reason
        return f"{reason}; finished games missing: {named}" if teams else reason

    @property
    def how_many(self) -> str:
        """How much is concerned beside the roots themselves; empty if nothing is."""
        roots = {root.partition for root in self.roots}
        behind = frozenset[Partition]().union(*(root.behind for root in self.roots)) - roots
        degraded = frozenset[Partition]().union(*(root.degraded for root in self.roots)) - roots
        relation = "likewise" if self.status == Status.STALE else "holds back"
        parts = {relation: behind, "degrades": degraded}
        return "; ".join(f"{name}: {extent(partitions)}" for name, partitions in parts.items() if partitions)

    @property
    def command(self) -> str:
        """What repairs it, and what waits for it."""
        refreshed = [day for root in self.roots for day in root.refreshed or ()]
        if refreshed:
            return f"nba-assets refresh {min(refreshed)} {max(refreshed)}"
        first = min(root.since for root in self.roots)
        until = max([self.last, *(partition.day for root in self.roots for partition in root.behind)])
        if self.status in FAILED and not _needs_schedule(self.roots[0]):
            return f"nba-assets repair {first} {until}"
        return str(next_step(self.roots, until))

    def __str__(self) -> str:
        """ "MISSING raw_schedule 2021-10-19 … 2021-10-21, 3 dates: never computed; holds back: 3 dates, 15 tables" """
        return "; ".join(filter(None, [f"{self.status} {self.where}: {self.reason}", self.how_many]))


def together(roots: Sequence[Root]) -> list[Trouble]:
    """The roots in their order; those of one table that have the same cause are one trouble."""
    found: dict[object, list[Root]] = {}
    for root in roots:
        cause = frozenset(one.cause for one in root.findings) or root.reason
        found.setdefault((root.partition.table, root.status, cause), []).append(root)
    return [Trouble(tuple(alike)) for alike in found.values()]


def joint_reason(reasons: Iterable[Iterable[Finding]]) -> str | None:
    """What several partitions have in common: "no box score: 0022100212 SAS@LAC, …"; not how much is missing."""
    joint: dict[object, Finding] = {}
    for one in (one for findings in reasons for one in findings if one.cause not in THRESHOLDS):
        key = (one.cause, str({name: value for name, value in one.numbers.items() if name != "date"}))
        known = joint.get(key)
        joint[key] = replace(known, entities=(*known.entities, *one.entities)) if known else one
    return sentence_of(joint.values())


def extent(partitions: Collection[Partition]) -> str:
    """ "13 dates, 9 tables" """
    dates, tables = {partition.day for partition in partitions}, {partition.table for partition in partitions}
    return f"{counted(len(dates), 'date')}, {counted(len(tables), 'table')}"


def roots_of(state: State, cells: Iterable[Cell], *, of_degraded: bool = False) -> list[Root]:
    """The roots of the cells that are not in order, and of those that are degraded: the worst first, then by date."""
    behind: dict[Partition, set[Partition]] = {}
    degraded: dict[Partition, set[Partition]] = {}
    stale: dict[tuple[object, ...], Partition] = {}
    weak = WeakInputs(state)
    for cell in cells:
        if cell.status == Status.STALE:
            # Staleness has one beginning and many that share it: the findings name it.
            beginning = tuple((found.cause, found.entities) for found in cell.findings)
            behind.setdefault(stale.setdefault(beginning, cell.partition), set()).add(cell.partition)
        elif cell.status not in FINE:
            for partition in _roots_of(state, cell):
                behind.setdefault(partition, set()).add(cell.partition)
        elif cell.status == Status.DEGRADED and of_degraded:
            for partition in weak.roots(cell.partition):
                degraded.setdefault(partition, set()).add(cell.partition)
    found = [
        _root(state, partition, behind.get(partition, set()), degraded.get(partition, set()))
        for partition in {**behind, **degraded}
    ]
    return sorted(found, key=lambda root: (_WORST_FIRST.index(root.status), root.partition.day))


def _root(state: State, partition: Partition, waiting: set[Partition], degraded: set[Partition]) -> Root:
    cell = state.cell(partition.table, partition.day)
    since = state.stale_since(partition) if cell.status == Status.STALE else partition.day
    return Root(
        partition,
        cell.status,
        cell.reason or MEANING[cell.status],
        frozenset(waiting - {partition}),
        since,
        cell.findings,
        frozenset(degraded - {partition}),
        state.waits.games_by_team([partition], partition.day + _DAY) if cell.status in FAILED else {},
        dates_to_refresh(state, cell) if cell.status == Status.DEGRADED else None,
    )


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


def next_step(roots: Sequence[Root], last: date) -> str | None:
    """What to do about the worst of the roots, for partitions up to `last`."""
    if not roots:
        return None
    worst = roots[0]
    first = min(root.since for root in roots if root.status == worst.status)
    if _needs_schedule(worst):
        return f"get a newer schedule, then nba-assets repair {first} {last}"
    if worst.status == Status.MISSING:
        return f"nba-assets backfill {first} {last}"
    if worst.status == Status.STALE:
        return f"nba-assets repair {first} {last}"
    if worst.status == Status.NOT_DUE:
        return "the same command again, once the results are due"
    return f"nba-assets explain {worst.partition.table} {worst.partition.day}"


def _needs_schedule(root: Root) -> bool:
    return any(one.cause in (Cause.BEYOND_SCHEDULE, Cause.SCHEDULE_TOO_OLD) for one in root.findings)
