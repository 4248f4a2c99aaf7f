"""What the ledger says, shown again where Dagster has lost it: what is published is there, a gap has failed.

The events are those of real runs, by the same functions, made of ledger rows instead of builds: nothing is computed but
the coverage asset, and nobody is asked for anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import dagster as dg
import pandas as pd

from nba_assets.engine.materialize import PartitionResult, RunInfo
from nba_assets.orchestration.assets import OWNERS
from nba_assets.orchestration.automation import FOLLOWED_TAG
from nba_assets.orchestration.coverage_asset import coverage_asset
from nba_assets.orchestration.instance import COMMAND_TAG
from nba_assets.orchestration.launch import assets_alone, execute
from nba_assets.orchestration.partitions import daily_partitions, tags_of_range
from nba_assets.orchestration.resources import Build, Pipeline
from nba_assets.partition import FAILED, Outcome, Partition
from nba_assets.planning.history import history
from nba_assets.planning.ledger_rows import Attempts, LedgerRow
from nba_assets.planning.plan import ranges
from nba_assets.planning.state import State
from nba_assets.session import Session
from nba_assets.settings import StateError
from nba_assets.tables import TABLES

_NO_NEWS = {COMMAND_TAG: "reinstate", FOLLOWED_TAG: "true"}
"""Whatever was to follow from these partitions has followed, or is for the repair sensor."""


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
        attempts = Attempts(session.warehouse.ledger())
        newest, published = attempts.newest, attempts.published
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
        shown = [
            (rows, assets_alone(Pipeline(session, build=_recorded_as(rows))))
            for rows in (ledger.published, ledger.failed)
        ]
        for table in TABLES:
            for rows, job in shown:
                days = [one.day for one in unknown if one.table == table and one in rows]
                for first, last in ranges(days):
                    execute(job, instance, [table], _NO_NEWS | tags_of_range(first, last))
            progress(1, table)
        if unknown:
            execute(assets_alone(Pipeline(session), coverage_asset(OWNERS)), instance, ["coverage"], _NO_NEWS)
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


def _recorded_as(rows: Mapping[Partition, LedgerRow]) -> Build:
    """What builds nothing: the results are those that rows of the ledger tell of."""

    def build(_: Session, table: str, days: Sequence[date], __: RunInfo, ___: State | None) -> list[PartitionResult]:
        return [_result(rows[Partition(table, day)]) for day in days]

    return build


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
