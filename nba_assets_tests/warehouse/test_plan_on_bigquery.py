"""A plan on BigQuery, typed as on any warehouse: it creates nothing there, and comes true."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nba_assets.warehouse.bigquery import BigQueryWarehouse
from nba_assets_tests.cli.command import nba_assets, printed_json
from nba_assets_tests.emulator import Emulator

pytestmark = pytest.mark.soak

PREFIX = "planned_"
OF_GAMES = ("--select", "+team_offense_game_summary")


def on_bigquery(emulator: Emulator, home: Path, *arguments: str) -> Any:
    """What a command prints as JSON, on the emulator's datasets."""
    result = nba_assets(
        *arguments,
        "--format",
        "json",
        home=home,
        NBA_SOURCE="simulated",
        NBA_WAREHOUSE="bigquery",
        NBA_BIGQUERY_PROJECT=emulator.project,
        NBA_BIGQUERY_ENDPOINT=emulator.endpoint,
        NBA_BIGQUERY_DATASET_PREFIX=PREFIX,
    )
    assert result.exit_code == 0, result.output
    return printed_json(result)


def planned(plan: Any) -> dict[str, Any]:
    """What a plan does to the rows of each table."""
    return {step["table"]: step["changes"] for step in plan["plan"]}


def done(summary: Any) -> dict[str, Any]:
    """What a command has done to the rows of each table."""
    return {one.pop("table"): one for one in summary["changes"]["tables"]}


def test_a_plan_creates_nothing_and_comes_true(
    emulator: Emulator, connect: Callable[..., BigQueryWarehouse], tmp_path: Path
) -> None:
    days = ("2021-10-19", "2021-10-21")
    plan = on_bigquery(emulator, tmp_path, "backfill", *days, *OF_GAMES, "--dry-run")
    client = connect(PREFIX).connection.client
    assert not [one.dataset_id for one in client.list_datasets() if one.dataset_id.startswith(PREFIX)]
    summary = on_bigquery(emulator, tmp_path, "backfill", *days, *OF_GAMES)
    assert summary["built"] == 12
    assert planned(plan) == done(summary)
    assert planned(on_bigquery(emulator, tmp_path, "backfill", *days, *OF_GAMES, "--dry-run")) == {}
