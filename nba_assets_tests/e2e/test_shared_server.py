"""A shared server on PostgreSQL: backfills of its UI, commands of whoever works on it, and each of its parts killed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from nba_assets.league.calendar import days_between
from nba_assets.orchestration.instance import COMMAND_TAG
from nba_assets.partition import FINE
from nba_assets.session import Session
from nba_assets.settings import load_settings
from nba_assets_tests.e2e import bad_days, ui
from nba_assets_tests.e2e.bad_days import PATIENCE
from nba_assets_tests.e2e.shared_server import CODE, DAEMON, LEAGUE, WEB, SharedServer, shared_server
from nba_assets_tests.repair.cells import changed_cells, stored_cells
from nba_assets_tests.repair.season import contents, repair, statuses

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1800)]

DAYS = days_between(date(2021, 10, 19), date(2021, 10, 24))
AT_FIRST, LATER = DAYS[:4], DAYS[4:]
CHAIN = ("raw_schedule", "raw_team_boxscores", "raw_player_boxscores", "player_game_summary")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedServer]:
    with shared_server(tmp_path_factory.mktemp("server")) as running:
        running.stop_schedules()
        yield running


def test_a_backfill_of_the_ui_is_carried_out_by_the_daemon(server: SharedServer) -> None:
    backfill = ui.launch(server, AT_FIRST)
    assert ui.end_of(server, backfill, PATIENCE) == "COMPLETED_SUCCESS"
    assert bad_days.lacking(server, AT_FIRST) == []
    assert set(statuses(Session(server.settings), AT_FIRST)) <= FINE
    assert {run.status for run in server.runs_of(backfill)} == {"SUCCESS"}


def test_the_runs_of_a_command_are_seen_and_nothing_is_recorded_beside(server: SharedServer) -> None:
    before = {run.run_id for run in ui.runs(server)}
    server.command("repair", str(AT_FIRST[0]), str(AT_FIRST[-1]), "--rewrite", "--tables", "raw_schedule,raw_shots")
    new = [run for run in ui.runs(server) if run.run_id not in before and COMMAND_TAG in run.tags]
    assert {run.tables for run in new} == {("raw_schedule",), ("raw_shots",)}
    assert {run.status for run in new} == {"SUCCESS"}
    assert not list((server.directory / "home").rglob("dagster"))


def test_a_command_that_is_killed_leaves_no_run_unfinished_and_repair_goes_on(server: SharedServer) -> None:
    process, killed = server.stopped_at_work("repair", str(AT_FIRST[0]), str(AT_FIRST[-1]), "--rewrite")
    process.kill()
    process.wait()
    server.command("repair", str(AT_FIRST[0]), str(AT_FIRST[-1]))
    server.until("the run has failed", 180, lambda: ui.status_of(server, killed) == "FAILURE")
    assert set(statuses(Session(server.settings), AT_FIRST)) <= FINE


def test_sensors_and_daemon_are_well(server: SharedServer) -> None:
    assert bad_days.ticks_with_errors(server) == []
    assert {tick.sensor for tick in ui.ticks(server)} >= {"automation", "repair_what_is_stale", "coverage_after_work"}
    assert ui.ailing_daemons(server) == []


@pytest.fixture(scope="module")
def killed(server: SharedServer) -> str:
    """A backfill during which each part was killed, and started again; its id."""
    backfill = ui.launch(server, LATER, CHAIN)
    for part in (CODE, WEB, DAEMON):
        server.until("a run is at work", 120, lambda: "STARTED" in {run.status for run in server.runs_of(backfill)})
        server.kill(part)
        server.start_part(part)
        _goes_on(server, backfill)
    return backfill


def test_a_backfill_survives_the_death_of_each_part(server: SharedServer, killed: str) -> None:
    assert ui.end_of(server, killed, PATIENCE) == "COMPLETED_SUCCESS"
    server.until("no run is left unfinished", 120, lambda: all(run.is_over for run in ui.runs(server)))
    coloured = ui.partitions(server)
    assert {(name, day): coloured[name].get(day) for name in CHAIN for day in LATER} == {
        (name, day): "MATERIALIZED" for name in CHAIN for day in LATER
    }


def test_nothing_is_doubled_or_lost(server: SharedServer, killed: str, tmp_path: Path) -> None:
    assert killed
    server.command("backfill", str(DAYS[0]), str(DAYS[-1]))
    undisturbed, here = Session(load_settings(home=tmp_path, **LEAGUE)), Session(server.settings)
    undisturbed.warehouse.prepare()
    repair(undisturbed, DAYS)
    assert contents(here, DAYS) == contents(undisturbed, DAYS)
    assert changed_cells(stored_cells(undisturbed.warehouse), stored_cells(here.warehouse)) == set()


def test_sensors_and_daemon_are_well_again(server: SharedServer, killed: str) -> None:
    assert killed
    since = time.time()
    for sensor in ("automation", "repair_what_is_stale", "coverage_after_work", "alerts"):
        ui.evaluated(server, sensor, 1, since, 120)
    assert [tick for tick in bad_days.ticks_with_errors(server) if tick.at > since] == []
    assert ui.ailing_daemons(server) == []


def _goes_on(server: SharedServer, backfill: str) -> None:
    """Wait until another run of a backfill has succeeded, once the web server answers."""
    server.until("the web server answers", 90, lambda: server.graphql("{ version }"))
    done = _succeeded(server, backfill)
    server.until("it goes on", 300, lambda: _succeeded(server, backfill) > done)


def _succeeded(server: SharedServer, backfill: str) -> int:
    return sum(run.status == "SUCCESS" for run in server.runs_of(backfill))
