"""Dagster's own BigQuery resource: where its UI shows, and a run's configuration changes, what the settings say."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import dagster as dg
from pydantic import SecretStr

from nba_assets.settings import Settings, variable

if TYPE_CHECKING:
    from dagster_gcp import BigQueryResource


def bigquery_resource(settings: Settings) -> BigQueryResource:
    """The resource of the settings. What the environment sets is given by the variable's name, a key only so."""
    from dagster_gcp import BigQueryResource  # loads Google's client: only where BigQuery is used

    return BigQueryResource(
        project=_named("bigquery_project") or settings.bigquery_project,
        location=_named("bigquery_location") or settings.bigquery_location,
        gcp_credentials=_named("bigquery_credentials"),
    )


def with_resource(settings: Settings, resource: BigQueryResource) -> Settings:
    """The settings with what a resource says of project, location and credentials; what it does not say stays."""
    resource = resource.process_config_and_initialize()
    key = resource.gcp_credentials
    said = {
        "bigquery_project": resource.project,
        "bigquery_location": resource.location,
        "bigquery_credentials": SecretStr(key) if key else None,
    }
    return settings.model_copy(update={name: value for name, value in said.items() if value is not None})


def _named(field: str) -> str | None:
    name = variable(field)
    return dg.EnvVar(name) if os.environ.get(name) else None
