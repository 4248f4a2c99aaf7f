"""Backfill and repair from the command line: tier by tier, in this process, as Dagster runs of this instance."""

from __future__ import annotations

import getpass
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from types import MappingProxyType
from typing import Any, NamedTuple

import dagster as dg

from nba_assets.engine.in_order import Progress, build_in_order
from nba_assets.engine.materialize import PartitionResult, RunInfo, materialize
from nba_assets.engine.run_options import RunOptions
from nba_assets.orchestration.assets import BACKFILL_TAG, USER_TAG, table_assets
from nba_assets.orchestration.automation import FOLLOWED_TAG
from nba_assets.orchestration.dead_runs import JOB_RUN_TAG, PROCESS_TAG, this_process
from nba_assets.orchestration.failing_runs import AT_ONCE_TAG, SPARED_TAG, answer_for
from nba_assets.orchestration.instance import COMMAND_TAG
from nba_assets.orchestration.interrupts import interrupts_heard
from nba_assets.orchestration.partitions import daily_partitions, tags_of_range
from nba_assets.orchestration.resources import Pipeline
from nba_assets.partition import Status
from nba_assets.planning.load import compare, load_state
from nba_assets.planning.plan import Step, is_new
from nba_assets.planning.state import State
from nba_assets.session import Session
from nba_assets.tables import TIERS, downstream_of
from nba_assets.text import span

_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


class _Ran(NamedTuple):
    """A Dagster run, and what came of it."""

    run_id: str
    results: list[PartitionResult]


@dataclass
class Launch:
    """A backfill or repair of some tables over some dates.

    `command` is what is recorded as having launched it; `job_run` the run of a job that does so in its own process.
    """

    session: Session
    instance: dg.DagsterInstance
    days: Sequence[date]
    tables: Collection[str]
    options: RunOptions
    backfill_id: str | None = None
    command: str | None = None
    progress: Progress = lambda _, __: None
    job_run: str | None = None
    _results: list[PartitionResult] = field(default_factory=list, init=False)
    _state: State | None = field(default=None, init=False)
    _tells: bool = field(default=False, init=False)
    _check_interrupt: Callable[[], None] = field(default=lambda: None, init=False)

    def run(self) -> list[PartitionResult]:
        """Build what the range needs, table after table; running again continues.

        A second launch waits until this one has ended. Raises KeyboardInterrupt after Control-C.
        """
        purpose = f"building {span(self.days[0], self.days[-1])}"
        with interrupts_heard() as self._check_interrupt, self.session.warehouse.writer(purpose):
            if len(self.days) > 1:
                return self._in_order()
            state = load_state(self.session, self.days[0], self.days[0], self.tables)
            return self._at_once(state) if is_new(state, self.tables, self.days[0]) else self._in_order(state)

    def _at_once(self, state: State) -> list[PartitionResult]:
        """A date of which nothing has been tried, in a single run: one for each table takes twice the time.

        What stands behind a step that failed gets runs of its own afterwards, when all is there that it may be made of.
        """
        # Where others may write meanwhile, each table reads the state for itself.
        self._state = state if self.session.warehouse.locks_out_others else None
        self._tells = True
        run_id, results = self._execute(self.tables, self.days, {AT_ONCE_TAG: "true"})
        left = set(self.tables) - {result.outcome.partition.table for result in results}
        for table in sorted(left, key=TIERS.__getitem__):
            apart = self._built(table, self.days, self._state, {SPARED_TAG: run_id})
            answer_for(self.instance, run_id, table, apart.run_id)
            results += apart.results
        self._tells = False
        return results

    def _in_order(self, known: State | None = None) -> list[PartitionResult]:
        """A run for each table and range of dates."""

        def build(table: str, days: Sequence[date], state: State) -> list[PartitionResult]:
            self._state = state
            return self._built(table, days, state).results

        return build_in_order(self.session, self.days, self.tables, self._run_info(), build, self.progress, known)

    def _built(
        self, table: str, days: Sequence[date], state: State | None, tags: Mapping[str, str] = MappingProxyType({})
    ) -> _Ran:
        ran = self._execute([table], days, tags)
        # A step that did not get as far as an outcome is built outside Dagster, so that the error is seen.
        results = ran.results or materialize(self.session, table, days, self._run_info(ran.run_id), state)
        return _Ran(ran.run_id, results)

    def state_afterwards(self) -> State | None:
        """The state of the range after `run`; None where it is not known, because others could write meanwhile."""
        if self._state is None or not self.session.warehouse.locks_out_others:
            return None
        compare(self.session, self._state)
        return self._state

    @cached_property
    def _job(self) -> dg.JobDefinition:
        return assets_alone(Pipeline(self.session, self._hear, lambda: self._state))

    def _hear(self, results: Sequence[PartitionResult]) -> None:
        """What came of a table; of a run of several tables it is told as it comes."""
        self._results.extend(results)
        if self._tells and results:
            partition = results[0].outcome.partition
            self.progress(Step(partition.table, (partition.day,), (), {Status.MISSING: 1}), results)

    def _execute(self, tables: Collection[str], days: Sequence[date], more_tags: Mapping[str, str]) -> _Ran:
        tags = {**tags_of_range(days[0], days[-1]), **more_tags}
        if self.backfill_id:
            tags[BACKFILL_TAG] = self.backfill_id
        if self.command:
            tags[COMMAND_TAG] = self.command
        if self.job_run:
            tags[JOB_RUN_TAG] = self.job_run
        if all(downstream_of(table) <= set(self.tables) for table in tables):
            # This launch computes what follows: automation need not repeat it.
            tags[FOLLOWED_TAG] = "true"
        self._results.clear()
        executed = execute(self._job, self.instance, tables, tags, self.options.given())
        self._check_interrupt()
        return _Ran(executed.run_id, list(self._results))

    def _run_info(self, run_id: str | None = None) -> RunInfo:
        return RunInfo(run_id or str(uuid.uuid4()), self.backfill_id, self.options)


def execute(
    job: dg.JobDefinition,
    instance: dg.DagsterInstance,
    assets: Collection[str],
    tags: Mapping[str, str],
    options: Mapping[str, Any] | None = None,
) -> dg.ExecuteInProcessResult:
    """A run of some assets in this process, all with the same options; it says who executes it."""
    return job.execute_in_process(
        run_config=_QUIET | ({} if options is None else {"ops": {asset: {"config": options} for asset in assets}}),
        instance=instance,
        asset_selection=[dg.AssetKey(asset) for asset in assets],
        tags={PROCESS_TAG: this_process(), USER_TAG: getpass.getuser(), **tags},
        raise_on_error=False,
    )


def assets_alone(pipeline: Pipeline, *others: dg.AssetsDefinition) -> dg.JobDefinition:
    """The assets of a session, and others: schedules and sensors have no part in a launch."""
    session = pipeline.session
    partitions = daily_partitions(session.settings.partitions_start, session.partitions_end)
    return dg.Definitions(
        assets=[*table_assets(session.settings, partitions, {}), *others],
        resources={"pipeline": pipeline},
        executor=dg.in_process_executor,
    ).resolve_implicit_global_asset_job_def()
