"""Backfill and repair from the command line: tier by tier, in this process, as Dagster runs of this instance."""

from __future__ import annotations

import getpass
import os
import uuid
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby

import dagster as dg

from nba_assets.engine.materialize import PartitionResult, RunInfo, materialize
from nba_assets.engine.refetch import ask_again
from nba_assets.engine.run_options import RunOptions
from nba_assets.orchestration.assets import BACKFILL_TAG, USER_TAG, table_assets
from nba_assets.orchestration.automation import FOLLOWED_TAG
from nba_assets.orchestration.instance import CLI_TAG
from nba_assets.orchestration.interrupts import interrupts_heard
from nba_assets.orchestration.partitions import daily_partitions, tags_of_range
from nba_assets.orchestration.resources import Pipeline
from nba_assets.planning.load import load_state
from nba_assets.planning.plan import Step, plan_step, ranges
from nba_assets.planning.state import State
from nba_assets.session import Session
from nba_assets.tables import RAW, TABLES, TIERS, downstream_of
from nba_assets.text import span

Progress = Callable[[Step, Sequence[PartitionResult]], None]
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass
class Launch:
    """A backfill or repair of some tables over some dates."""

    session: Session
    instance: dg.DagsterInstance
    days: Sequence[date]
    tables: Collection[str]
    options: RunOptions
    backfill_id: str | None = None
    progress: Progress = lambda _, __: None
    results: list[PartitionResult] = field(default_factory=list)
    _state: State | None = field(default=None, init=False)

    def run(self) -> None:
        """Build what the range needs, table after table; running again continues.

        A second launch waits until this one has ended. Raises KeyboardInterrupt after Control-C.
        """
        purpose = f"building {span(self.days[0], self.days[-1])}"
        with interrupts_heard() as check, self.session.warehouse.writer(purpose):
            self._ask_again()
            job = self._job()
            for step in self._steps():
                before = len(self.results)
                if step.blocked:
                    # What waits behind a gap is recorded, not run: Dagster shows it as missing, the ledger says why.
                    self.results += materialize(self.session, step.table, step.blocked, self._run_info())
                for first, last in ranges(step.build):
                    self._execute(job, step.table, first, last, check)
                self.progress(step, self.results[before:])

    def _ask_again(self) -> None:
        """For what raw tables lacked so far: what has come since then is seen by the plan."""
        raw = [name for name in RAW if name in self.tables]
        if raw:
            state = load_state(self.session, self.days[0], self.days[-1], raw)
            ask_again(self.session, state, self.days, raw)

    def _steps(self) -> Iterator[Step]:
        """Tier by tier, each planned on what the tiers before it have come to."""
        wanted = sorted((name for name in TABLES if name in self.tables), key=TIERS.__getitem__)
        for _, of_tier in groupby(wanted, key=TIERS.__getitem__):
            tables = list(of_tier)
            # Tables of one tier do not read each other: what the ledger says now holds until the last of them is built.
            self._state = state = load_state(self.session, self.days[0], self.days[-1], tables)
            for table in tables:
                yield plan_step(state, table, self.days, force=self.options.force, rewrite=self.options.rewrite)

    def _job(self) -> dg.JobDefinition:
        """The assets alone, on this session: schedules and sensors have no part in a launch."""
        settings = self.session.settings
        partitions = daily_partitions(settings.partitions_start, self.session.partitions_end)
        pipeline = Pipeline(self.session, self.results.extend, lambda: self._state)
        return dg.Definitions(
            assets=table_assets(settings, partitions, {}),
            resources={"pipeline": pipeline},
            executor=dg.in_process_executor,
        ).resolve_implicit_global_asset_job_def()

    def _execute(
        self, job: dg.JobDefinition, table: str, first: date, last: date, check_interrupt: Callable[[], None]
    ) -> None:
        tags = {CLI_TAG: str(os.getpid()), USER_TAG: getpass.getuser()} | tags_of_range(first, last)
        if self.backfill_id:
            tags[BACKFILL_TAG] = self.backfill_id
        if downstream_of(table) <= set(self.tables):
            # This launch computes what follows: automation need not repeat it.
            tags[FOLLOWED_TAG] = "true"
        before = len(self.results)
        job.execute_in_process(
            run_config=_QUIET | {"ops": {table: {"config": self.options.given()}}},
            instance=self.instance,
            asset_selection=[dg.AssetKey(table)],
            tags=tags,
            raise_on_error=False,
        )
        check_interrupt()
        if len(self.results) == before:
            # The step did not get as far as an outcome: build outside Dagster, so that the error is seen.
            days = [day for day in self.days if first <= day <= last]
            self.results += materialize(self.session, table, days, self._run_info())

    def _run_info(self) -> RunInfo:
        return RunInfo(str(uuid.uuid4()), self.backfill_id, self.options)
