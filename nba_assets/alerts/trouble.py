"""Cells become troubles: the partitions at the root of something wrong, each with all that suffers from it.

Pure. Whether a trouble is news, and who is told, does not belong here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from nba_assets.alerts.tiers import Tier
from nba_assets.coverage.freshness import DEADLINE, Freshness
from nba_assets.league.calendar import season_of
from nba_assets.partition import FAILED, Cause, Finding, Partition, Status
from nba_assets.planning.state import Cell, State
from nba_assets.schema.table import TimeRule
from nba_assets.tables import TABLES

RUN_FAILED = "RUN FAILED"
QUIET = frozenset({Status.NO_GAMES, Status.BOOTSTRAP, Status.NOT_DUE, Status.MISSING})
"""Statuses of dates that neither prove nor disprove a trouble: a cause goes on across them."""

_ACROSS_TABLES = (Status.STALE.value, RUN_FAILED)
_CONTRACT = frozenset({Cause.CONTRACT_VIOLATED, Cause.DUPLICATE_KEYS})
_NOT_A_KIND = frozenset(
    {Cause.BELOW_SHARE, Cause.BELOW_GAMES, Cause.BELOW_ROWS, Cause.BELOW_ENTITIES, Cause.ENTITIES_COUNTED}
)
"""How much is missing, rather than what."""


@dataclass(frozen=True)
class Trouble:
    """One partition at the root. `kind` is its reason without names and numbers; `touched` suffers from it.

    `lacking` counts the expected entities that are not complete; `attempt` is the newest attempt's id.
    """

    partition: Partition
    status: str
    kind: str
    tier: Tier
    reason: str
    lacking: int = 0
    attempt: str = ""
    backfill_id: str | None = None
    touched: tuple[Partition, ...] = ()

    @property
    def family(self) -> tuple[str, str]:
        """Troubles of one family have one cause: the same table and kind, or the same kind across tables."""
        return family_of(self.partition.table, self.status, self.kind)


def family_of(table: str, status: str, kind: str) -> tuple[str, str]:
    """Staleness and failed runs come from outside the graph, whatever table they hit."""
    return ("" if status in _ACROSS_TABLES else table, kind)


def find_troubles(
    state: State, days: Sequence[date], *, today: date, forgotten: Sequence[Freshness] = ()
) -> list[Trouble]:
    """The troubles of the days, given in order; each cell in trouble is a root, or counted to its root.

    A cell that was never computed is no trouble by itself, but the results that nobody asked for (`forgotten`) are.
    """
    roots = _roots(state, days)
    overdue = {results.never_computed[0] for results in forgotten}
    for results in forgotten:
        roots |= dict.fromkeys(results.never_computed, results.never_computed[0])
    touched: dict[Partition, list[Partition]] = defaultdict(list)
    for partition, root in roots.items():
        touched[root] += [partition] if partition != root else []
    found = dict.fromkeys(roots.values())
    troubles = [_trouble(state.cell(root.table, root.day), touched[root], today) for root in found]
    return [_forgotten(t) if t.partition in overdue else t for t in troubles]


def _forgotten(trouble: Trouble) -> Trouble:
    due = f"{DEADLINE:%H:%M} Eastern on {trouble.partition.day + timedelta(days=1)}"
    reason = f"its results were due by {due}, and nobody has asked the source for them: do the schedules run?"
    return replace(trouble, tier=Tier.CRITICAL, reason=reason)


def _roots(state: State, days: Sequence[date]) -> dict[Partition, Partition]:
    """The root of every cell in trouble."""
    roots: dict[Partition, Partition] = {}
    latest: dict[tuple[str, str], Partition] = {}  # the newest trouble of (season, table) before the day
    for day in days:
        of_day: dict[str, Partition] = {}
        for table in TABLES:
            cell = state.cell(table, day)
            root = _root(cell, of_day, latest)
            if root is not None:
                roots[cell.partition] = of_day[table] = root
        latest |= {(season_of(day), table): root for table, root in of_day.items()}
    return roots


def _root(cell: Cell, of_day: dict[str, Partition], latest: dict[tuple[str, str], Partition]) -> Partition | None:
    if cell.status == Status.BLOCKED:
        return cell.root
    if cell.status in FAILED or cell.status == Status.STALE:
        return cell.partition
    if cell.status != Status.DEGRADED:
        return None
    for input_ in TABLES[cell.partition.table].inputs:
        is_history = input_.rule in (TimeRule.BEFORE_DATE, TimeRule.DAY_BEFORE)
        earlier = latest.get((season_of(cell.partition.day), input_.table))
        root = earlier if is_history else of_day.get(input_.table)
        if root is not None:
            return root
    return cell.partition


def _trouble(cell: Cell, touched: Iterable[Partition], today: date) -> Trouble:
    newest, numbers = cell.newest, cell.numbers
    kind = kind_of(cell)
    lacking = (numbers.expected or 0) - (numbers.complete or 0) if numbers else 0
    return Trouble(
        partition=cell.partition,
        status=cell.status.value,
        kind=kind,
        tier=_tier(cell, today),
        reason=cell.reason or cell.status.value,
        lacking=lacking,
        attempt=newest.attempt_id if newest else "",
        backfill_id=newest.backfill_id if newest else None,
        touched=tuple(touched),
    )


def _tier(cell: Cell, today: date) -> Tier:
    if _breaks_contract(cell):
        return Tier.CRITICAL
    is_recent = cell.partition.day >= today - timedelta(days=1)
    is_needed = not TABLES[cell.partition.table].optional
    return Tier.CRITICAL if cell.status in FAILED and is_recent and is_needed else Tier.WARNING


def _breaks_contract(cell: Cell) -> bool:
    return any(found.cause in _CONTRACT for found in cell.findings)


def kind_of(cell: Cell) -> str:
    """The status with its causes, without entities and numbers: "GAP: no_box_score", "STALE: code_changed"."""
    return f"{cell.status.value}: {', '.join(sorted(_marks(cell.findings)))}".removesuffix(": ")


def _marks(findings: Iterable[Finding]) -> Iterator[str]:
    """What of the findings tells one kind of trouble from another: neither the threshold nor how far it spreads."""
    for found in findings:
        if found.cause in _NOT_A_KIND:
            continue
        broken = ", ".join(found.numbers.get("broken", ()))
        yield f"{found.cause.value} ({broken})" if broken else found.cause.value
