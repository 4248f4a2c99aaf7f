"""A run that fails marks as FAILED what has failed itself, and nothing else.

Dagster holds for failed whatever a failed run was to materialise and no later run was to: also dates behind a gap that
shared the run with it, and tables behind the one that failed. These get runs of their own before the run fails, which
build what can be built, and leave the rest missing with a check that names the root.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import dagster as dg

from nba_assets.orchestration.dead_runs import PROCESS_TAG, this_process
from nba_assets.orchestration.event_batch import store, store_in
from nba_assets.orchestration.partitions import tags_of_range
from nba_assets.orchestration.reporting import Verdict
from nba_assets.planning.plan import ranges
from nba_assets.schema.table import Table
from nba_assets.tables import TABLES, TIERS, downstream_of, with_upstream

SPARED_TAG = "nba/spared_by"
"""The id of the failing run that this one was taken out of."""

AT_ONCE_TAG = "nba/at_once"
"""Of a run whose launch itself runs afterwards, one by one, what stands behind a step that failed."""


def spare_the_others(context: dg.AssetExecutionContext, table: Table, verdict: Verdict, tags: dict[str, str]) -> None:
    """Run what a step that is about to fail would take along: its dates that only wait, and the tables behind it."""
    if AT_ONCE_TAG in context.run.tags:
        return
    _run_apart(context, table.name, [r.day for r in verdict.waiting], tags)
    selected = {*TABLES} if context.run.asset_selection is None else {k.path[-1] for k in context.run.asset_selection}
    behind = downstream_of(table.name) & selected
    # They are made of others, too, which this run has not come to yet.
    begun = {step.step_key for step in context.instance.get_run_step_stats(context.run.run_id)}
    others = (with_upstream(behind) & selected) - behind - begun if behind else set()
    for name in sorted({*behind, *others}, key=TIERS.__getitem__):
        _run_apart(context, name, [r.day for r in verdict.results], tags)


def _run_apart(context: dg.AssetExecutionContext, table: str, days: Sequence[date], tags: dict[str, str]) -> None:
    job = context.op_execution_context.job_def
    given: Mapping[str, Any] = context.run.run_config
    config = {**given, "ops": {table: given.get("ops", {}).get(table, {})}}
    for first, last in ranges(days):
        apart = job.execute_in_process(
            run_config=config,
            instance=context.instance,
            asset_selection=[dg.AssetKey(table)],
            tags=tags | tags_of_range(first, last) | {SPARED_TAG: context.run.run_id, PROCESS_TAG: this_process()},
            raise_on_error=False,
        )
        store(context, _evaluated(context.instance, apart.run_id))


def answer_for(instance: dg.DagsterInstance, run_id: str, table: str, apart: str) -> None:
    """Give a run that has failed the results of a table's checks in a run that was taken out of it."""
    run = instance.get_run_by_id(run_id)
    assert run is not None
    store_in(instance, run, table, _evaluated(instance, apart))


def _evaluated(instance: dg.DagsterInstance, run_id: str) -> list[dg.AssetCheckEvaluation]:
    """The results of a run's checks: those that it was taken out of planned them as well, and would leave them so."""
    logged = instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    return [one.get_dagster_event().asset_check_evaluation_data for one in logged]
