"""Why a partition is not there, told on its own page also where no run was ever for it.

A backfill never requests what is behind a failed partition, and Dagster records nothing of it. Whenever coverage is
computed, each such partition gets an observation and a failed check that name the root; once.
"""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg

from nba_assets.orchestration.event_batch import store
from nba_assets.orchestration.reporting import (
    COMPLETE,
    cell_numbers,
    evaluation_of,
    observation_of,
    status_line,
)
from nba_assets.partition import Status
from nba_assets.planning.state import Cell

_LEFT_OUT = frozenset({Status.BLOCKED, Status.MISSING})


def explain_what_was_left_out(context: dg.AssetExecutionContext, table: str, cells: Sequence[Cell]) -> None:
    """Tell why partitions of a table are not there, as far as it is news."""
    left_out = [cell for cell in cells if cell.status in _LEFT_OUT]
    told = _told(context.instance, table, [cell.partition.day.isoformat() for cell in left_out]) if left_out else {}
    news = [cell for cell in left_out if told.get(cell.partition.day.isoformat()) != status_line(cell)]
    observations = [observation_of(cell, cell_numbers(cell)) for cell in news]
    failed = [evaluation_of(cell, cell_numbers(cell), COMPLETE, passed=False, blocking=True) for cell in news]
    store(context, [*observations, *failed])


def _told(instance: dg.DagsterInstance, table: str, days: Sequence[str]) -> dict[str, str | None]:
    """What was last said of each date; a date of which something was said long before others may be left out."""
    filter_ = dg.AssetRecordsFilter(asset_key=dg.AssetKey(table), asset_partitions=days)
    told: dict[str, str | None] = {}
    for record in instance.fetch_observations(filter_, limit=5 * len(days)).records:
        if record.partition_key is not None and record.asset_observation is not None:
            told.setdefault(record.partition_key, record.asset_observation.description)
    return told
