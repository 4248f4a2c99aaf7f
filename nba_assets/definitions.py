"""The only place where Dagster's Definitions are put together. Importing it opens nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

import dagster as dg

from nba_assets.orchestration.alert_sensor import alert_sensor
from nba_assets.orchestration.assets import OWNERS, table_assets
from nba_assets.orchestration.automation import automation_sensor, conditions
from nba_assets.orchestration.bigquery_resource import bigquery_resource, with_resource
from nba_assets.orchestration.coverage_asset import coverage_asset
from nba_assets.orchestration.dead_runs import sign
from nba_assets.orchestration.drift_asset import drift_asset
from nba_assets.orchestration.executor import IN_PROCESS, executor_of
from nba_assets.orchestration.jobs import coverage_job, daily, drift_job, repair_job, reread_job, verify_job
from nba_assets.orchestration.partitions import daily_partitions
from nba_assets.orchestration.ranges_refused import refuse_range
from nba_assets.orchestration.resources import Pipeline
from nba_assets.orchestration.schedules import fixed_schedules, load_every_morning, reread_results
from nba_assets.orchestration.sensors import coverage_sensor, repair_sensor
from nba_assets.session import Session, partitions_end
from nba_assets.settings import Settings, load_settings
from nba_assets.tables import TABLES
from nba_assets.tables.rehearsal import rehearse

if TYPE_CHECKING:
    from dagster_gcp import BigQueryResource


def build_defs(
    settings: Settings | None = None,
    *,
    pipeline: Pipeline | None = None,
    bigquery: BigQueryResource | None = None,
    **overrides: Any,
) -> dg.Definitions:
    """All definitions. `pipeline` replaces source and warehouse; `overrides` replace parts of Definitions.

    `bigquery` says where BigQuery is, by default the settings do.
    """
    rehearse(TABLES)
    given = settings
    settings = settings or (pipeline.session.settings if pipeline else load_settings())
    partitions = daily_partitions(settings.partitions_start, partitions_end(settings))

    def open_session(resource: BigQueryResource | None = bigquery) -> Session:
        # Read again each time: credentials count as they are when a client is made, not when this was imported.
        if pipeline:
            return pipeline.session
        current = given or load_settings()
        return Session(with_resource(current, resource) if resource else current)

    resources: dict[str, BigQueryResource] = {}
    if settings.warehouse == "bigquery":
        resources["bigquery"] = bigquery or bigquery_resource(settings)

    def open_pipeline(resource: BigQueryResource | None) -> Pipeline:
        return pipeline or Pipeline(open_session(resource))

    parts: dict[str, Any] = {
        "assets": [
            *table_assets(settings, partitions, conditions(settings.policies)),
            coverage_asset(OWNERS),
            drift_asset(OWNERS),
        ],
        "jobs": [daily, reread_job, repair_job, verify_job, coverage_job, drift_job],
        "schedules": [
            load_every_morning(open_session, daily),
            reread_results(open_session, reread_job),
            *fixed_schedules(),
        ],
        "sensors": [
            automation_sensor(),
            repair_sensor(open_session, repair_job),
            coverage_sensor(open_session, coverage_job),
            alert_sensor(open_session),
        ],
        "resources": {"pipeline": _pipeline_resource(settings, open_pipeline, resources), **resources},
        "executor": executor_of(settings),
    }
    return dg.Definitions(**(parts | overrides))


def _pipeline_resource(
    settings: Settings, open_pipeline: Callable[[BigQueryResource | None], Pipeline], beside: Collection[str]
) -> dg.ResourceDefinition:
    @dg.resource(description="Source, warehouse and policies, from the settings", required_resource_keys={*beside})
    def from_settings(context: dg.InitResourceContext) -> Pipeline:
        # Of other executors every step is a process of its own: none of them is the run.
        if settings.executor == IN_PROCESS and context.instance and context.run:
            sign(context.instance, context.run)
        # The attribute of that name would be a client; this is the resource, as the run's configuration has it.
        configured: Any = context.resources.original_resource_dict.get("bigquery")
        return open_pipeline(configured)

    return from_settings


refuse_range(sys.argv)
defs = build_defs()
