"""Dagster's event log on PostgreSQL, as ours on SQLite is: see bulk_events.py. Needs `nba-assets[postgres]`.

Only dagster.yaml names it, as those of deploy/ do; runs and schedules are Dagster's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dagster_postgres import PostgresEventLogStorage
from dagster_postgres.utils import get_token_provider_from_config, pg_url_from_config

from nba_assets.orchestration.bulk_events import BulkEvents


class EventLogStorage(BulkEvents, PostgresEventLogStorage):
    """Dagster's, with the same configuration."""

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Mapping[str, Any]) -> EventLogStorage:
        """The storage that dagster.yaml describes."""
        return cls(
            pg_url_from_config(config_value),
            config_value.get("should_autocreate_tables", True),
            inst_data,
            get_token_provider_from_config(config_value),
        )
