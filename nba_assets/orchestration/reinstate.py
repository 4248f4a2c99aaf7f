"""What the ledger says, shown again where Dagster has lost it: what is published is there, a gap has failed.

The events are those of real runs, by the same functions, made of ledger rows instead of builds: nothing is computed but
the coverage asset, and nobody is asked for anything.
"""

from __future__ import annotations

import getpass
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import dagster as dg
import pandas as pd

from nba_assets.engine.materialize import PartitionResult, RunInfo
from nba_assets.orchestration.assets import OWNERS, USER_TAG
from nba_assets.orchestration.automation import FOLLOWED_TAG
from nba_assets.orchestration.coverage_asset import coverage_asset
from nba_assets.orchestration.dead_runs import PROCESS_TAG, this_process
from nba_assets.orchestration.instance import COMMAND_TAG
from nba_assets.orchestration.launch import QUIET, assets_alone
from nba_assets.orchestration.partitions import daily_partitions, tags_of_range
from nba_assets.orchestration.resources import Pipeline
from nba_assets.partition import FAILED, Outcome, Partition
from nba_assets.planning.history import history
from nba_assets.planning.ledger_rows import LedgerRow, newest_and_published
from nba_assets.planning.plan import ranges
from nba_assets.planning.state import State
from nba_assets.session import Session
from nba_assets.settings import StateError
from nba_assets.tables import TABLES

COMMAND = "reinstate"


@dataclass(frozen=True)
class Shown:
    """How many partitions were shown again, and how many of them as failed."""

    partitions: int
    failed: int


@dataclass(frozen=True)
class _Ledger:
    """The rows that Dagster's pages show: what was published last, and what has failed since."""

    published: dict[Partition, LedgerRow]
    failed: dict[Partition, LedgerRow]

    @classmethod
    def read(cls, session: Session) -> _Ledger:
        """Of all dates that have a partition."""
        newest, published = newest_and_published(session.warehouse.ledger())
        days = set(history(session))
        return cls(
            {one: row for one, row in published.items() if one.day in days},
            {one: row for one, row in newest.items() if one.day in days and row.status in FAILED},
        )


def reinstate(
    session: Session, instance: dg.DagsterInstance, progress: Callable[[int, str], None] = lambda _, __: None
) -> Shown:
    """Show everything that Dagster knows nothing of; StateError if it then still does not."""
    with session.warehouse.writer("showing Dagster what the ledger says"):
        ledger = _Ledger.read(session)
        unknown = _unknown(session, instance, ledger)
        for table in TABLES:
            of_table = [one for one in unknown if one.table == table]
            for rows in (ledger.published, ledger.failed):
                _show(session, instance, table, {one: rows[one] for one in of_table if one in rows})
            progress(1, table)
        if unknown:
            _execute(assets_alone(Pipeline(session), coverage_asset(OWNERS)), instance, "coverage", {})
    if still := _unknown(session, instance, ledger):
        raise StateError(f"Dagster has not taken what the ledger says of {still[0]}; see nba-assets log")
    return Shown(len(unknown), sum(one in ledger.failed for one in unknown))


def _unknown(session: Session, instance: dg.DagsterInstance, ledger: _Ledger) -> list[Partition]:
    """The partitions of which Dagster knows no outcome, though the ledger has one."""
    definition = daily_partitions(session.settings.partitions_start, session.partitions_end)
    found = []
    for table in TABLES:
        ours = sorted({one.day for one in (*ledger.published, *ledger.failed) if one.table == table})
        keys = [day.isoformat() for day in ours]
        known = instance.get_status_by_partition(dg.AssetKey(table), keys, definition) if keys else None
        found += [Partition(table, day) for day, key in zip(ours, keys, strict=True) if not (known or {}).get(key)]
    return found


def _show(session: Session, instance: dg.DagsterInstance, table: str, rows: dict[Partition, LedgerRow]) -> None:
    def as_recorded(
        _: Session, table: str, days: Sequence[date], __: RunInfo, ___: State | None
    ) -> list[PartitionResult]:
        return [_result(rows[Partition(table, day)]) for day in days]

    if not rows:
        return
    job = assets_alone(Pipeline(session, build=as_recorded))
    for first, last in ranges([one.day for one in rows]):
        _execute(job, instance, table, tags_of_range(first, last))


def _execute(job: dg.JobDefinition, instance: dg.DagsterInstance, asset: str, tags: dict[str, str]) -> None:
    # Whatever was to follow from these partitions has followed, or is for the repair sensor: they are no news.
    ours = {PROCESS_TAG: this_process(), USER_TAG: getpass.getuser(), COMMAND_TAG: COMMAND, FOLLOWED_TAG: "true"}
    job.execute_in_process(
        run_config=QUIET,
        instance=instance,
        asset_selection=[dg.AssetKey(asset)],
        tags=tags | ours,
        raise_on_error=False,
    )


def _result(row: LedgerRow) -> PartitionResult:
    """A ledger row as what the run that wrote it made of it; the rows themselves stay where they are."""
    outcome = Outcome(
        row.partition,
        row.status,
        findings=row.findings,
        label=row.label,
        rows=row.rows or 0,
        expected=row.expected,
        complete=row.complete,
        required=row.required,
        games=row.games,
        production_ready_share=row.production_ready_share,
        root=row.root,
    )
    return PartitionResult(outcome, changed=False, rows=pd.DataFrame(), content_hash=row.content_hash)
