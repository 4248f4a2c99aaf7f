"""Failed runs that left no row in the ledger: a crash, a worker that died, a warehouse that could not be written."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from nba_assets.alerts.evaluate import attempt_id_at
from nba_assets.alerts.tiers import Tier
from nba_assets.alerts.trouble import RUN_FAILED, Trouble
from nba_assets.partition import FAILED, Partition, Status
from nba_assets.planning.state import State
from nba_assets.tables import TABLES

_RECORDED = FAILED | {Status.BLOCKED, Status.NOT_DUE}


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
) -> list[Trouble]:
    """A trouble for every partition of the failures that the ledger has nothing of.

    A failure without partitions is one of its job, until the job has succeeded since.
    """
    found: dict[Partition, Trouble] = {}
    for failure in failures:
        if failure.is_outcome and not failure.tables:
            continue  # a job that built several tables itself: each of its outcomes is in the ledger
        targets = [Partition(table, day) for table in failure.tables if table in TABLES for day in failure.days]
        failed = attempt_id_at(failure.failed_at)
        is_over = any(_is_recorded(failure, state, target) for target in targets)
        if is_over or (not targets and job_recovered(failure.job, failed)):
            continue
        for partition in targets or [Partition(failure.job, failure.failed_at.date())]:
            found[partition] = Trouble(
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
    if cell.newest is not None and cell.newest.attempt_id >= attempt_id_at(failure.started_at):
        return True
    return failure.is_outcome and cell.status in _RECORDED
