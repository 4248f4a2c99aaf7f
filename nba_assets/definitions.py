"""The only place where Dagster's Definitions are put together. Importing it opens nothing."""

from __future__ import annotations

from typing import Any

import dagster as dg

from nba_assets.build.session import Session
from nba_assets.orchestration.assets import table_assets
from nba_assets.orchestration.partitions import daily_partitions
from nba_assets.orchestration.resources import Pipeline
from nba_assets.settings import Settings, load_settings


def build_defs(
    settings: Settings | None = None, *, pipeline: Pipeline | None = None, **overrides: Any
) -> dg.Definitions:
    """All definitions. `pipeline` replaces source and warehouse; `overrides` replace parts of Definitions."""
    settings = settings or (pipeline.session.settings if pipeline else load_settings())
    partitions = daily_partitions(settings.partitions_start)

    @dg.resource(description="Source, warehouse and policies, from the settings")
    def from_settings(_: dg.InitResourceContext) -> Pipeline:
        return pipeline or Pipeline(Session(settings))

    parts: dict[str, Any] = {
        "assets": table_assets(settings, partitions, {}),
        "resources": {"pipeline": from_settings},
        "executor": dg.in_process_executor,
    }
    return dg.Definitions(**(parts | overrides))


defs = build_defs()
