"""What the sensors ask of BigQuery while nothing happens: they look every minute, and a query is billed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import pytest

from nba_assets.orchestration.alert_sensor import alert_sensor
from nba_assets.orchestration.sensors import coverage_sensor, repair_sensor
from nba_assets.session import Session
from nba_assets.settings import load_settings
from nba_assets.warehouse.bigquery import BigQueryWarehouse
from nba_assets_tests.emulator import Emulator
from nba_assets_tests.warehouse.faulty_bigquery import FaultyBigQuery, faulty_bigquery
from nba_assets_tests.warehouse.publications import lines, publication


@dg.op
def nothing() -> None:
    """What the sensors would ask for."""


@dg.job
def job() -> None:
    """The sensors'."""
    nothing()


SENSORS = {
    "coverage_after_work": lambda opened: coverage_sensor(opened, job),
    "repair_what_is_stale": lambda opened: repair_sensor(opened, job),
    "alerts": lambda opened: alert_sensor(opened),
}


def tick(server: FaultyBigQuery, settings: dict[str, str], home: Path, name: str, cursor: str) -> list[str]:
    """The statements of one evaluation, of a session of its own."""
    server.asked.clear()
    sensor = SENSORS[name](lambda: Session(load_settings(home=home, **settings)))
    with dg.DagsterInstance.ephemeral() as instance, dg.build_sensor_context(instance, cursor=cursor) as context:
        assert sensor.evaluate_tick(context).run_requests == []
    return [request.sql for request in server.asked if request.sql]


@pytest.mark.soak
@pytest.mark.parametrize("name", SENSORS)
def test_a_sensor_reads_no_history_while_nobody_publishes(
    connect: Callable[..., BigQueryWarehouse], emulator: Emulator, day: date, tmp_path: Path, name: str
) -> None:
    bigquery = connect("sensors_")  # in which no other test has left anything to repair
    bigquery.publish(publication(lines(day, [210.5]), [day]))
    cursor = "9" * 20 if name == "coverage_after_work" else ""
    with faulty_bigquery([], emulator.endpoint) as server:
        settings = {"source": "simulated", "warehouse": "bigquery", "now": f"{day + timedelta(days=1)}T12:00:00Z"}
        settings |= {"bigquery_project": emulator.project, "bigquery_endpoint": server.endpoint}
        settings["bigquery_dataset_prefix"] = "sensors_"
        first, *later = (tick(server, settings, tmp_path, name, cursor) for _ in range(3))
        assert any("processor_runs" in statement for statement in first)
        for statements in later:
            assert [one for one in statements if "processor_runs" in one or "UNION ALL" in one] == []
        bigquery.publish(publication(lines(day, [211.0]), [day], attempt="2"))
        assert any("processor_runs" in one for one in tick(server, settings, tmp_path, name, cursor))
