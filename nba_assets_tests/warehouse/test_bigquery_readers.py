"""Whoever may only read: commands that only look ask BigQuery for nothing else, whether or not anything is there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from nba_assets.warehouse.bigquery import BigQueryWarehouse
from nba_assets_tests.cli.command import nba_assets
from nba_assets_tests.emulator import Emulator
from nba_assets_tests.warehouse.faulty_bigquery import Fault, Request, faulty_bigquery, refusal
from nba_assets_tests.warehouse.publications import LINES, lines, publication


def writes(request: Request) -> bool:
    """Whether Job User and Data Viewer are not enough for it."""
    if request.method == "GET" or request.job.get("configuration", {}).get("dryRun"):
        return False
    return not request.sql.startswith("SELECT ") or ";" in request.sql


DENIED = Fault(writes, refusal(403, "accessDenied", "Access Denied: it takes another role"), is_lasting=True)


@pytest.mark.parametrize(
    "prefix",
    [
        pytest.param("nothing_", id="nothing is there", marks=pytest.mark.long),
        pytest.param("looked_at_", id="something is", marks=pytest.mark.soak),
    ],
)
def test_commands_that_look_only_read(
    connect: Callable[..., BigQueryWarehouse], emulator: Emulator, day: date, tmp_path: Path, prefix: str
) -> None:
    bigquery = connect("looked_at_")  # in which there is no other league of another test
    bigquery.publish(publication(lines(day, [210.5]), [day]))
    commands = [
        ("coverage", f"{day}", f"{day}"),
        ("explain", LINES.name, f"{day}"),
        ("migrate", "--dry-run"),
        ("doctor",),
        ("alerts", "list"),
        ("backfill", f"{day}", f"{day}", "--select", "raw_schedule", "--dry-run"),
    ]
    with faulty_bigquery([DENIED], emulator.endpoint) as server:
        settings = {"NBA_WAREHOUSE": "bigquery", "NBA_BIGQUERY_PROJECT": emulator.project}
        settings |= {"NBA_BIGQUERY_ENDPOINT": server.endpoint, "NBA_BIGQUERY_DATASET_PREFIX": prefix}
        for command in commands:
            server.asked.clear()
            result = nba_assets(*command, home=tmp_path, **settings)
            assert (result.exit_code, [request for request in server.asked if writes(request)]) == (0, []), command
            assert server.asked, command
    datasets = {one.dataset_id for one in bigquery.connection.client.list_datasets()}
    assert not [name for name in datasets if name.startswith("nothing_")]
