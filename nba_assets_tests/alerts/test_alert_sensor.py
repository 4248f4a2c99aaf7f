"""The sensor on a real instance: outcomes are told from the ledger, crashes from Dagster."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.assets.graph.asset_graph_subset import AssetGraphSubset
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill

from nba_assets.orchestration.alert_sensor import alert_sensor
from nba_assets.partition import Status
from nba_assets.session import Session
from nba_assets.warehouse.base import WarehouseError
from nba_assets_tests.alerts.conftest import CRITICAL, Mailbox
from nba_assets_tests.alerts.ledger import bare_session, record

DAY = date(2021, 11, 7)
PARTITIONS = dg.DailyPartitionsDefinition(start_date="2021-11-01", end_date="2021-11-09")


@pytest.fixture
def session(tmp_path: Path, mailbox: Mailbox) -> Session:
    return bare_session(tmp_path, **mailbox.settings)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def run(instance: dg.DagsterInstance, session: Session, end: str, *, name: str = "raw_shots") -> bool:
    """A run of one partition of one asset that ends as told: with a recorded outcome, or without."""

    @dg.asset(name=name, partitions_def=PARTITIONS)
    def asset(context) -> None:  # type: ignore[no-untyped-def]  # Dagster cannot read a postponed annotation here
        if end == "crash":
            raise MemoryError("out of memory after 1234 rows")
        if end == "unwritable":
            error = WarehouseError("warehouse.duckdb cannot be opened: disk full")
            raise dg.Failure(f"{name}: {error}", allow_retries=False) from error
        record(session, name, [DAY], Status.GAP if end == "gap" else Status.NO_GAMES, run_id=context.run.run_id)
        if end == "gap":
            raise dg.Failure(f"{name} {DAY} GAP", allow_retries=False)

    return dg.materialize([asset], instance=instance, partition_key=DAY.isoformat(), raise_on_error=False).success


def tick(instance: dg.DagsterInstance, session: Session, cursor: str | None = None) -> str | None:
    """One evaluation of the sensor; returns its cursor."""
    sensor = alert_sensor(lambda: session)
    with dg.build_sensor_context(instance, cursor=cursor) as context:
        data = sensor.evaluate_tick(context)
    assert data.run_requests == []
    return data.cursor


def test_it_runs_unless_somebody_stops_it():
    sensor = alert_sensor(lambda: pytest.fail("opened before it was evaluated"))
    assert sensor.default_status is dg.DefaultSensorStatus.RUNNING


def test_a_recorded_gap_is_told_once_and_not_as_a_failed_run_too(
    instance: dg.DagsterInstance, session: Session, mailbox: Mailbox
):
    assert not run(instance, session, "gap", name="raw_team_boxscores")
    cursor = tick(instance, session)
    tick(instance, session, cursor)
    (mail,) = mailbox.mails()
    assert "raw_team_boxscores 2021-11-07 GAP" in mail.subject


@pytest.mark.parametrize(("end", "told"), [("crash", "out of memory"), ("unwritable", "disk full")])
def test_a_run_that_left_nothing_in_the_ledger_is_critical_until_it_is_repeated(
    instance: dg.DagsterInstance, session: Session, mailbox: Mailbox, end: str, told: str
):
    assert not run(instance, session, end)
    cursor = tick(instance, session)
    cursor = tick(instance, session, cursor)
    assert not run(instance, session, end)
    cursor = tick(instance, session, cursor)
    (mail,) = mailbox.mails()
    assert mail.to == (CRITICAL,)
    assert "raw_shots 2021-11-07 RUN FAILED" in mail.subject
    assert told in mail.subject
    assert run(instance, session, "fine")
    cursor = tick(instance, session, cursor)
    tick(instance, session, cursor)
    assert mailbox.subjects()[1:] == ["[nba_assets] RESOLVED: raw_shots 2021-11-07 RUN FAILED"]


def test_a_run_that_died_outside_its_steps_is_told(instance: dg.DagsterInstance, session: Session, mailbox: Mailbox):
    @dg.job
    def nightly_report() -> None:
        return

    dead = instance.create_run_for_job(nightly_report)
    instance.report_run_failed(dead, message="the worker was killed")
    tick(instance, session)
    (mail,) = mailbox.mails()
    assert "nightly_report" in mail.subject
    assert "the worker was killed" in mail.subject
    assert nightly_report.execute_in_process(instance=instance).success
    tick(instance, session)
    assert len(mailbox.mails()) == 2
    assert mailbox.subjects()[1].startswith("[nba_assets] RESOLVED: nightly_report")


def test_a_backfill_names_the_gap_that_its_own_runs_never_reached(
    instance: dg.DagsterInstance, session: Session, mailbox: Mailbox
):
    assert not run(instance, session, "gap", name="raw_team_boxscores")
    tick(instance, session)
    days = ["2021-11-06", "2021-11-07"]
    asked = {
        dg.AssetKey(name): PARTITIONS.subset_with_partition_keys(days)
        for name in ("raw_schedule", "raw_team_boxscores")
    }
    backfill = PartitionBackfill.from_asset_graph_subset(
        "inthe_ui", 1.0, {}, instance, AssetGraphSubset(asked), None, None, None
    )
    record(session, "raw_schedule", map(date.fromisoformat, days), Status.NO_GAMES, backfill_id="inthe_ui")
    record(session, "raw_team_boxscores", [date(2021, 11, 6)], Status.NO_GAMES, backfill_id="inthe_ui")
    instance.add_backfill(backfill.with_status(BulkActionStatus.REQUESTED))
    tick(instance, session)
    assert len(mailbox.mails()) == 1, "it is not over"
    instance.update_backfill(backfill.with_status(BulkActionStatus.COMPLETED_FAILED))
    tick(instance, session)
    (_, digest) = mailbox.mails()
    assert "Backfill inthe_ui of 2021-11-06 … 2021-11-07: 1 failed" in digest.subject
    assert "all is well" not in digest.subject
    assert "raw_team_boxscores GAP 2021-11-07: " in digest.body[digest.body.index("Still open") :]


def test_failures_wait_while_the_ledger_cannot_be_used(
    instance: dg.DagsterInstance, session: Session, mailbox: Mailbox, tmp_path: Path
):
    run(instance, session, "crash")
    held = Session(session.settings, given_warehouse=session.warehouse)
    file = session.settings.warehouse_path
    session.warehouse.prepare()
    file.rename(tmp_path / "away")
    file.mkdir()
    cursor = tick(instance, held, None)
    assert cursor is None
    file.rmdir()
    (tmp_path / "away").rename(file)
    tick(instance, session, cursor)
    assert len(mailbox.mails()) == 1
