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
from nba_assets.orchestration.event_batch import store
from nba_assets.orchestration.partitions import tags_of_range
from nba_assets.orchestration.reporting import Verdict
from nba_assets.planning.plan import ranges
from nba_assets.schema.table import Table
from nba_assets.tables import TIERS, downstream_of

SPARED_TAG = "nba/spared_by"
"""The id of the failing run that this one was taken out of."""


def spare_the_others(context: dg.AssetExecutionContext, table: Table, verdict: Verdict, tags: dict[str, str]) -> None:
    """Run what a step that is about to fail would take along: its dates that only wait, and the tables behind it."""
    _run_apart(context, table.name, [r.day for r in verdict.waiting], tags)
    selected = context.run.asset_selection
    behind = [name for name in downstream_of(table.name) if selected is None or dg.AssetKey(name) in selected]
    for name in sorted(behind, key=TIERS.__getitem__):
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
        # This run planned the same checks, and would leave them so.
        logged = context.instance.all_logs(apart.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
        store(context, [one.get_dagster_event().asset_check_evaluation_data for one in logged])
