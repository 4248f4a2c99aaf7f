"""What a command would do, found by doing it: on the tables as they are, with what the source has at hand.

Rows are computed as the command would compute them, and nothing is kept. Nobody is asked: what depends on an answer is
unknown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from nba_assets.engine.materialize import PartitionResult
from nba_assets.partition import FAILED, Outcome, Partition, Status
from nba_assets.planning.load import load_state
from nba_assets.planning.plan import Step, dependents
from nba_assets.session import Session
from nba_assets.sources.unasked import Unasked
from nba_assets.tables import RAW, TABLES, TIERS
from nba_assets.warehouse.overlay import Overlay


class Verdict(StrEnum):
    """What a command would make of a partition."""

    BUILD = "build"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    BLOCKED = "blocked"
    NOT_DUE = "not due"
    MISSING = "missing"
    UNKNOWN = "unknown"


VERDICT_MEANS = {
    Verdict.BUILD: "rows are written",
    Verdict.UNCHANGED: "computed again, and found as it stands",
    Verdict.FAILED: "a gap or an error",
    Verdict.BLOCKED: "waits for a gap or an error",
    Verdict.NOT_DUE: "results are not to be expected yet",
    Verdict.MISSING: "beyond the schedule",
    Verdict.UNKNOWN: "known once the source is asked",
}


@dataclass(frozen=True)
class TablePlan:
    """What a command would do with one table: its dates by verdict, why each is in the plan, and what would fail.

    `degraded` are the dates that would be published DEGRADED. Dates that it would leave alone are not in it, but those
    that were asked for by name and are not due.
    """

    table: str
    days: Mapping[Verdict, tuple[date, ...]]
    why: Mapping[Status, int]
    failures: Sequence[Outcome]
    degraded: tuple[date, ...] = ()

    @property
    def tier(self) -> int:
        """The table's distance from the sources."""
        return TIERS[self.table]


def without_effect(session: Session) -> Session:
    """The same session for a dry run: a source that is not asked, and a warehouse that keeps nothing."""
    return replace(session, given_source=Unasked(session.source), given_warehouse=Overlay(session.warehouse))


def plans_of(
    session: Session,
    days: Sequence[date],
    steps: Sequence[Step],
    results: Sequence[PartitionResult],
    not_due: Collection[Partition] = (),
) -> list[TablePlan]:
    """What came of a range in a session without effect, tier by tier: its steps and results.

    `not_due` are partitions that were asked for by name, and would be left alone.
    """
    touched = sorted({*days, *(result.day for result in results)})
    stepped = {step.table for step in steps}
    tables = {name: Counter[Status]() for name in sorted(TABLES, key=TIERS.__getitem__) if name in stepped}
    for step in steps:
        tables[step.table].update(step.why)
    unknown = _unknown(session, touched, tables)
    left_alone = dict.fromkeys(not_due, Verdict.NOT_DUE) | dict.fromkeys(unknown, Verdict.UNKNOWN)
    plans = [_plan(table, why, results, left_alone) for table, why in tables.items()]
    return [plan for plan in plans if plan.days]


def _plan(
    table: str, why: Mapping[Status, int], results: Sequence[PartitionResult], left_alone: Mapping[Partition, Verdict]
) -> TablePlan:
    of_table = [result for result in results if result.outcome.partition.table == table]
    verdicts = {result.day: _verdict(result) for result in of_table}
    verdicts |= {partition.day: verdict for partition, verdict in left_alone.items() if partition.table == table}
    days = {v: tuple(sorted(day for day, found in verdicts.items() if found is v)) for v in Verdict}
    failures = [result.outcome for result in of_table if verdicts[result.day] is Verdict.FAILED]
    degraded = tuple(sorted(result.day for result in of_table if result.outcome.status is Status.DEGRADED))
    return TablePlan(table, {v: found for v, found in days.items() if found}, why, failures, degraded)


def _verdict(result: PartitionResult) -> Verdict:
    outcome = result.outcome
    if outcome.is_published:
        return Verdict.BUILD if result.changed else Verdict.UNCHANGED
    others = {Status.BLOCKED: Verdict.BLOCKED, Status.NOT_DUE: Verdict.NOT_DUE, Status.MISSING: Verdict.MISSING}
    return others.get(outcome.status, Verdict.FAILED)


def _unknown(session: Session, days: Sequence[date], tables: Collection[str]) -> frozenset[Partition]:
    """The partitions of which only the source's answer will decide; not those that wait for something else as well."""
    unread = set(_unread(session, days, tables))
    if not unread:
        return frozenset()
    state = load_state(session, days[0], days[-1])
    undecided = {*unread, *dependents(unread, days[-1])}
    waiting = {
        partition
        for partition in undecided
        if any(root not in undecided and state.own_cell(root).status in FAILED for root in state.waits.roots(partition))
    }
    return frozenset(p for p in undecided - waiting if p.day in days and p.table in tables)


def _unread(session: Session, days: Sequence[date], tables: Collection[str]) -> Iterator[Partition]:
    """The raw partitions for which the source would have been asked."""
    source = session.source
    refused = source.refused if isinstance(source, Unasked) else {}
    for name in (name for name in RAW if name in tables):
        of_table = {day for result_set in TABLES[name].result_sets for day in refused.get(result_set, ())}
        yield from (Partition(name, day) for day in days if day in of_table)
