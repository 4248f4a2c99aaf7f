"""Root causes of everything wrong: of the ledger's cells with all that suffers from them, of sources, of failed runs.

Pure. Whether a root cause is news, and who is to know, does not belong here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from nba_assets.alerts.alert import OUT_OF_REACH, RUN_FAILED, RootCause, Tier
from nba_assets.league.calendar import season_of
from nba_assets.overview.freshness import DEADLINE, Freshness
from nba_assets.partition import FAILED, THRESHOLDS, Cause, Finding, Partition, Status
from nba_assets.planning.holes import not_in_order, waits_for
from nba_assets.planning.state import Cell, State
from nba_assets.planning.weak_inputs import dates_to_refresh
from nba_assets.schema.table import TimeRule
from nba_assets.sources.base import OutOfReach
from nba_assets.tables import TABLES
from nba_assets.text import joined
from nba_assets.warehouse.ledger import attempt_id_at, moment_of

QUIET = frozenset({Status.NO_GAMES, Status.BOOTSTRAP, Status.NOT_DUE, Status.MISSING})
"""Statuses of dates that neither prove nor disprove anything: a cause goes on across them."""

_NEVER_COMPUTED = (
    "never computed, though it was asked for and everything that it is made of is there: do the sensors run?"
)
_A_DAY = timedelta(days=1)
_MOST_DATES = 60
_DIGITS = 10  # of a game id
_RECORDED = FAILED | {Status.BLOCKED, Status.NOT_DUE}
_CONTRACT = frozenset({Cause.CONTRACT_VIOLATED, Cause.DUPLICATE_KEYS})
_HOW_MUCH = THRESHOLDS | {Cause.INPUT_STALE}


def find_root_causes(
    state: State, days: Sequence[date], *, today: date, forgotten: Sequence[Freshness] = ()
) -> list[RootCause]:
    """The root causes of the days, given in order; each cell that is not in order is a root, or counted to its root.

    A cell that was never computed is no root by itself, but what was left out between others is (`holes.py`), and the
    results that nobody asked for (`forgotten`) are.
    """
    roots = _roots(state, days)
    left_out = dict.fromkeys(_left_out(state, days))
    if left_out:  # nobody asks for them, nor for results: that is one trouble
        first = forgotten[0].never_asked[0] if forgotten else next(iter(left_out))
        roots |= {partition: first for partition, root in roots.items() if root in left_out}
        roots |= dict.fromkeys(left_out, first)
    for results in forgotten:
        roots |= dict.fromkeys(results.never_asked, results.never_asked[0])
    affected: dict[Partition, list[Partition]] = {root: [] for root in roots.values()}
    for partition, root in roots.items():
        affected[root] += [partition] if partition != root else []
    overdue = {results.never_asked[0] for results in forgotten}
    found = [_root_cause(state, root, affected[root], today) for root in affected]
    reason = _forgotten([results.day for results in forgotten])
    return [
        replace(cause, tier=Tier.CRITICAL, reason=reason, findings=()) if cause.partition in overdue else cause
        for cause in found
    ]


def _forgotten(days: Sequence[date]) -> str:
    """One reason for all silent dates, with each of them: they have the same cause."""
    if len(days) == 1:
        due = f"{DEADLINE:%H:%M} Eastern on {days[0] + timedelta(days=1)}"
        return f"its results were due by {due}, and nobody has asked the source for them: do the schedules run?"
    return (
        f"the results of {len(days)} dates were due by {DEADLINE:%H:%M} Eastern of the day after, and nobody has asked "
        f"the source for them: do the schedules run? {joined([str(day) for day in days], _MOST_DATES)}"
    )


def _roots(state: State, days: Sequence[date]) -> dict[Partition, Partition]:
    """The root of every cell that is not in order."""
    roots: dict[Partition, Partition] = {}
    latest: dict[tuple[str, str], Partition] = {}  # the newest root of (season, table) before the day
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


def _left_out(state: State, days: Sequence[date]) -> list[Partition]:
    """What was never computed though it was asked for, date by date; what is behind others after these."""
    missing = [cell for cell in not_in_order(state, days).values() if cell.status == Status.MISSING]
    return [cell.partition for cell in sorted(missing, key=lambda cell: waits_for(state, cell) is not None)]


def _root_cause(state: State, root: Partition, affected: Iterable[Partition], today: date) -> RootCause:
    cell = state.cell(root.table, root.day)
    newest, numbers = cell.newest, cell.numbers
    return RootCause(
        partition=cell.partition,
        status=cell.status.value,
        kind=kind_of(cell),
        tier=_tier(cell, today),
        reason=_NEVER_COMPUTED if cell.status == Status.MISSING else cell.reason or cell.status.value,
        findings=cell.findings,
        missing=(numbers.expected or 0) - (numbers.complete or 0) if numbers else 0,
        attempt=newest.attempt_id if newest else "",
        backfill_id=newest.backfill_id if newest else None,
        affected=tuple(affected),
        refreshed=dates_to_refresh(state, cell) if cell.status == Status.DEGRADED else (),
    )


def _tier(cell: Cell, today: date) -> Tier:
    if any(found.cause in _CONTRACT for found in cell.findings):
        return Tier.CRITICAL
    is_recent = cell.partition.day >= today - timedelta(days=1)
    is_needed = not TABLES[cell.partition.table].optional
    return Tier.CRITICAL if cell.status in FAILED and is_recent and is_needed else Tier.WARNING


def kind_of(cell: Cell) -> str:
    """The status with its causes, without entities and counts: "GAP: no_box_score", "STALE: code_changed"."""
    marks = sorted({_mark(found) for found in essential(cell.findings)})
    return f"{cell.status.value}: {', '.join(marks)}" if marks else cell.status.value


def _mark(found: Finding) -> str:
    """A cause with what makes it another one: the checks that a contract violation broke, the class of an error."""
    numbers = found.numbers
    detail = ", ".join(numbers.get("broken", ())) or numbers.get("kind", "")
    return f"{found.cause.value} ({detail})" if detail else found.cause.value


def essential(findings: Iterable[Finding]) -> list[Finding]:
    """What is wrong, without the threshold that it falls below and without how staleness came to a partition."""
    return [found for found in findings if found.cause not in _HOW_MUCH]


def with_teams(found: Finding, teams_of: Callable[[str], str | None]) -> Finding:
    """A finding with the teams ("LAC@UTA") of every game that it names by its id alone."""

    def named(entity: Any) -> Any:
        """ "0022100221 (2021-11-16)" -> "0022100221 LAC@UTA (2021-11-16)" """
        game_id, _, rest = str(entity).partition(" ")
        is_alone = len(game_id) == _DIGITS and game_id.isdigit() and "@" not in rest
        teams = teams_of(game_id) if is_alone else None
        return f"{game_id} {teams} {rest}".rstrip() if teams else entity

    lists = {name: [named(one) for one in value] for name, value in found.numbers.items() if isinstance(value, list)}
    return replace(found, entities=tuple(map(named, found.entities)), numbers={**found.numbers, **lists})


# --- a source that does not answer -----------------------------------------------------------------------------


def unanswered(silence: OutOfReach | None, *, is_missed: bool) -> list[RootCause]:
    """A root cause if a source has given no good answer for a day, though it was asked; `is_missed`: results wait."""
    if silence is None or silence.tried - silence.since < _A_DAY:
        return []
    since, tried = (f"{moment:%Y-%m-%d %H:%M}" for moment in (silence.since, silence.tried))
    return [
        RootCause(
            partition=Partition(silence.site, silence.since.date()),
            status=OUT_OF_REACH,
            kind=OUT_OF_REACH,
            tier=Tier.CRITICAL if is_missed else Tier.WARNING,
            reason=f"no good answer since {since} UTC, though it was asked until {tried} UTC: {silence.why}. "
            f"{silence.advice}",
            commands=silence.commands,
        )
    ]


# --- failed runs that left no row in the ledger ----------------------------------------------------------------


@dataclass(frozen=True)
class FailedRun:
    """A step that failed, or a run that failed outside its steps: what it was to build, and when.

    `is_outcome` says that our own code ended it because of a partition's outcome, which is in the ledger.
    """

    job: str
    run_id: str
    tables: tuple[str, ...]
    days: tuple[date, ...]
    error: str
    error_class: str
    is_outcome: bool
    started_at: datetime
    failed_at: datetime


def unrecorded(
    failures: Iterable[FailedRun], state: State, *, job_recovered: Callable[[str, str], bool]
) -> list[RootCause]:
    """A root cause for every partition of the failures that the ledger has nothing of.

    A failure without partitions is one of its job, until the job has succeeded since.
    """
    found: dict[Partition, RootCause] = {}
    for failure in failures:
        if failure.is_outcome and not failure.tables:
            continue  # a job that built several tables itself: each of its outcomes is in the ledger
        targets = [Partition(table, day) for table in failure.tables if table in TABLES for day in failure.days]
        failed = attempt_id_at(failure.failed_at)
        is_over = any(_is_recorded(failure, state, target) for target in targets)
        if is_over or (not targets and job_recovered(failure.job, failed)):
            continue
        for partition in targets or [Partition(failure.job, failure.failed_at.date())]:
            found[partition] = RootCause(
                partition=partition,
                status=RUN_FAILED,
                kind=f"{RUN_FAILED}: {failure.error_class}",
                tier=Tier.CRITICAL,
                reason=f"run {failure.run_id[:8]} of {failure.job} left nothing in the ledger: {failure.error}",
                attempt=failed,
            )
    return list(found.values())


def _is_recorded(failure: FailedRun, state: State, target: Partition) -> bool:
    cell = state.cell(target.table, target.day)
    newest = cell.newest
    # Ids run ahead of the clock where the ledger has been written by a clock that did.
    if newest is not None and (newest.started_at or moment_of(newest.attempt_id)) >= failure.started_at:
        return True
    return failure.is_outcome and cell.status in _RECORDED
