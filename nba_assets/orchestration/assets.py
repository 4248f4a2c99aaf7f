"""The factory: a table module becomes an asset. Every asset has the same body; only its table differs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import dagster as dg

from nba_assets.engine.materialize import RunInfo, materialize
from nba_assets.engine.run_options import RunOptionsError, parse_options
from nba_assets.orchestration.automation import SKIP_DOWNSTREAM_TAG
from nba_assets.orchestration.catalogue import freshness_of, metadata_of, tags_of
from nba_assets.orchestration.instance import unseen
from nba_assets.orchestration.partitions import asset_deps
from nba_assets.orchestration.reporting import DAGSTER_BACKFILL_TAG, Events, check_specs, report, report_unasked
from nba_assets.orchestration.resources import Pipeline
from nba_assets.schema.table import Table
from nba_assets.settings import Settings, SettingsError
from nba_assets.tables import TABLES, TIERS
from nba_assets.warehouse.base import WarehouseError

BACKFILL_TAG = "nba/backfill"
"""The id of a backfill launched by our own command line; Dagster's own backfills carry dagster/backfill."""

_AUTOMATION_TAG = "dagster/from_automation_condition"

USER_TAG = "nba/user"
"""Who started a run from the command line: a forced partition says in the ledger who accepted it."""

POOL = "nba_warehouse_writer"
OWNERS = ("team:data-engineering",)
_RUN_OPTIONS = dg.Permissive(
    {
        "backfill_mode": dg.Field(bool, is_required=False, description="Relax two thresholds, digest alerts."),
        "force": dg.Field(bool, is_required=False, description="Publish below the threshold and in bootstrap."),
        "rewrite": dg.Field(bool, is_required=False, description="Write the rows again, also if they are unchanged."),
        "skip_downstream_trigger": dg.Field(
            bool, is_required=False, description="Automation does not go on from this run; implies backfill mode."
        ),
        "bootstrap_days": dg.Field(int, is_required=False, description="Replaces the policy's days."),
    }
)
"""Permissive, so that a misspelt option gets an error of ours that names the right one."""


def table_assets(
    settings: Settings, partitions: dg.DailyPartitionsDefinition, conditions: Mapping[str, dg.AutomationCondition[Any]]
) -> list[dg.AssetsDefinition]:
    """One asset per table. `conditions` holds the automation condition of those that have one."""
    return [_asset(table, settings, partitions, conditions.get(table.name)) for table in TABLES.values()]


def _asset(
    table: Table,
    settings: Settings,
    partitions: dg.DailyPartitionsDefinition,
    condition: dg.AutomationCondition[Any] | None,
) -> dg.AssetsDefinition:
    @dg.asset(
        name=table.name,
        deps=asset_deps(table),
        partitions_def=partitions,
        description=table.description,
        group_name=table.group,
        owners=OWNERS,
        kinds={"pandas", settings.warehouse},
        tags=tags_of(table, settings),
        metadata=metadata_of(table, settings),
        freshness_policy=freshness_of(table, settings),
        code_version=table.code_version,
        config_schema=_RUN_OPTIONS,
        check_specs=check_specs(table, partitions),
        # Different policies never share a run: a UI backfill goes tier by tier, around the gaps.
        backfill_policy=dg.BackfillPolicy.multi_run(max_partitions_per_run=400 + TIERS[table.name]),
        automation_condition=condition,
        required_resource_keys={"pipeline"},
        pool=POOL,
        output_required=False,
    )
    def body(context) -> Any:  # type: ignore[no-untyped-def]  # Dagster cannot read a postponed annotation here
        yield from _build(context, table)

    return body


def _build(context: dg.AssetExecutionContext, table: Table) -> Events:
    """Build the partitions that a run is for, and report what became of them."""
    pipeline: Pipeline = context.resources.pipeline
    if notice := unseen(context.instance, context.run, pipeline.session.settings):
        context.log.warning(notice)
    run = _run_info(context)
    days = [date.fromisoformat(key) for key in context.partition_keys]
    try:
        results = materialize(pipeline.session, table.name, days, run, pipeline.state())
    except (WarehouseError, SettingsError) as error:
        raise dg.Failure(f"{table.name}: {error}", allow_retries=False) from error
    pipeline.listener(results)
    asked = [result for result in results if result.day in days]
    report_unasked(context, table, [result for result in results if result.day not in days])
    yield from report(context, table, asked, blocked_fails=_is_asked_for_by_name(context.run.tags))


def _run_info(context: dg.AssetExecutionContext) -> RunInfo:
    tags = context.run.tags
    backfill = tags.get(DAGSTER_BACKFILL_TAG) or tags.get(BACKFILL_TAG)
    # Automation asks for several dates by a backfill, too, but not for its relaxed thresholds.
    asked_for = None if _AUTOMATION_TAG in tags else backfill
    try:
        parsed = parse_options(context.op_execution_context.op_config or {}, backfill_tag=asked_for)
    except RunOptionsError as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    for warning in parsed.warnings:
        context.log.warning(warning)
    context.log.info(parsed.mode_line)
    options = parsed.options
    if options.skip_downstream_trigger:
        context.instance.add_run_tags(context.run.run_id, {SKIP_DOWNSTREAM_TAG: "true"})
    if options.force:
        options = replace(options, forced_by=tags.get(USER_TAG) or tags.get("user") or "unknown")
    return RunInfo(context.run.run_id, backfill, options)


def _is_asked_for_by_name(tags: Mapping[str, str]) -> bool:
    """Neither part of a backfill, which skips what is behind a gap, nor requested by automation."""
    return not {DAGSTER_BACKFILL_TAG, BACKFILL_TAG, _AUTOMATION_TAG} & set(tags)
