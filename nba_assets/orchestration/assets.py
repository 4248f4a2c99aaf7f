"""The factory: a table module becomes an asset. Every asset has the same body; only its table differs."""

from __future__ import annotations

import getpass
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import dagster as dg

from nba_assets.engine.materialize import RunInfo, materialize
from nba_assets.engine.run_options import RunOptionsError, parse_options
from nba_assets.orchestration.automation import SKIP_DOWNSTREAM_TAG
from nba_assets.orchestration.catalogue import freshness_of, metadata_of, tags_of
from nba_assets.orchestration.failing_runs import SPARED_TAG, spare_the_others
from nba_assets.orchestration.instance import unseen
from nba_assets.orchestration.partitions import asset_deps
from nba_assets.orchestration.reporting import (
    DAGSTER_BACKFILL_TAG,
    Events,
    Verdict,
    check_specs,
    report,
    report_unasked,
)
from nba_assets.orchestration.resources import Pipeline
from nba_assets.schema.table import Phase, Table
from nba_assets.session import Session
from nba_assets.settings import Settings, SettingsError
from nba_assets.tables import SCHEDULE, TABLES, TIERS
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
        "accept_gaps": dg.Field(
            bool, is_required=False, description="Publish raw and post-game gaps past the late limit as they are."
        ),
        "forced_by": dg.Field(str, is_required=False, description="Who accepts what is missing; goes to the ledger."),
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
        _read_the_schedule_after(context, table, days, run)
        results = pipeline.build(pipeline.session, table.name, days, run, pipeline.state())
    except (WarehouseError, SettingsError) as error:
        raise dg.Failure(f"{table.name}: {error}", allow_retries=False) from error
    pipeline.listener(results)
    asked = [result for result in results if result.day in days]
    report_unasked(context, table, [result for result in results if result.day not in days])
    verdict = Verdict(asked, blocked_fails=_is_asked_for_by_name(context.run.tags))
    try:
        yield from report(context, table, verdict)
    except dg.Failure:
        spare_the_others(context, table, verdict, {BACKFILL_TAG: run.backfill_id} if run.backfill_id else {})
        raise


def _read_the_schedule_after(
    context: dg.AssetExecutionContext, table: Table, days: Sequence[date], run: RunInfo
) -> None:
    """The schedule of a backfill's last date, if it is the day after what was asked for.

    Dagster follows the arrows: it asks for the day after a range of every table that reads the day before, but not of
    the schedule, without which that day cannot be built, and the backfill would end as failed.
    """
    if DAGSTER_BACKFILL_TAG not in context.run.tags or table.phase != Phase.PRE_GAME:
        return
    session: Session = context.resources.pipeline.session
    last, before = days[-1], days[-1] - timedelta(days=1)
    schedule = session.warehouse.ledger(before, last, tables=[SCHEDULE.name])
    if {day.date() for day in schedule["partition_date"]} == {before}:
        context.log.info(f"the schedule of {last} is read: the backfill goes on to the day after its range")
        report_unasked(context, SCHEDULE, materialize(session, SCHEDULE.name, [last], run))


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
    if options.force or options.accept_gaps:
        options = replace(options, forced_by=who_forces(options.forced_by, tags))
    return RunInfo(context.run.run_id, backfill, options)


def who_forces(named: str | None, tags: Mapping[str, str]) -> str:
    """Who accepts what is missing: the name in the configuration, else the run's tag, else whose Dagster it is.

    The open-source UI has no users: on a shared server the last says only where the run came from.
    """
    return named or tags.get(USER_TAG) or tags.get("user") or f"{getpass.getuser()}, who runs Dagster"


def _is_asked_for_by_name(tags: Mapping[str, str]) -> bool:
    """Neither part of a backfill, which skips what is behind a gap, nor requested by automation, nor spared."""
    return not {DAGSTER_BACKFILL_TAG, BACKFILL_TAG, _AUTOMATION_TAG, SPARED_TAG} & set(tags)
