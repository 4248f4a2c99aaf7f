"""A server whose daemon starts a container for each run, and that watches them: deploy/compose, without its Docker."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import pytest

from nba_assets.league.calendar import days_between
from nba_assets.settings import known_variables
from nba_assets_tests.e2e import ui
from nba_assets_tests.e2e.bad_days import PATIENCE
from nba_assets_tests.e2e.docker_engine import Container, DockerEngine, docker_engine
from nba_assets_tests.e2e.shared_server import SharedServer, shared_server
from nba_assets_tests.e2e.ui import Run
from nba_assets_tests.needs import absent, needs_program

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]

DAYS = days_between(date(2021, 10, 19), date(2021, 10, 21))
CHAIN = ("raw_schedule", "raw_team_boxscores", "team_offense_game_summary")
IMAGE = "nba-assets:latest"


@dataclass(frozen=True)
class Place:
    """A server, and the engine that it starts containers on."""

    server: SharedServer
    engine: DockerEngine

    def of(self, run: str) -> list[Container]:
        """The containers of a run."""
        return [each for each in self.engine.containers.values() if each.name == f"{IMAGE} {run}"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    needs_program("unshare")
    if os.geteuid() != 0:
        absent("process numbers of one's own: unshare --pid as root")
    directory = tmp_path_factory.mktemp("containers")
    with docker_engine(directory) as (host, engine):
        extra = {"DOCKER_HOST": host, "DAGSTER_CURRENT_IMAGE": IMAGE}
        with shared_server(directory, "compose", **extra) as server:
            server.stop_schedules()
            yield Place(server, engine)


@pytest.fixture(scope="module")
def killed(place: Place) -> tuple[str, str]:
    """A backfill of the UI, and a run of it whose container was killed."""
    server = place.server
    backfill = ui.launch(server, DAYS, CHAIN)

    def at_work() -> Run | None:
        return next((run for run in server.runs_of(backfill) if run.status == "STARTED"), None)

    run = server.until("a run is at work", 240, at_work)
    place.of(run.run_id)[0].kill()
    return backfill, run.run_id


def test_a_container_that_is_killed_is_noticed_and_its_run_tried_again(place: Place, killed: tuple[str, str]) -> None:
    backfill, run = killed
    server = place.server
    server.until("the run has failed", 60, lambda: ui.status_of(server, run) == "FAILURE")
    assert ui.end_of(server, backfill, PATIENCE) == "COMPLETED_SUCCESS"
    retried = [each for each in ui.runs(server) if each.tags.get("dagster/parent_run_id") == run]
    assert [each.status for each in retried] == ["SUCCESS"]


def test_every_run_of_the_daemon_has_a_container_of_its_own(place: Place, killed: tuple[str, str]) -> None:
    launched = [run for run in ui.runs(place.server) if run.is_over and "docker/container_id" in run.tags]
    assert {run.run_id for run in place.server.runs_of(killed[0])} <= {run.run_id for run in launched}
    assert [len(place.of(run.run_id)) for run in launched] == [1] * len(launched)


def test_a_run_has_the_settings_of_the_daemon_though_none_is_listed(place: Place, killed: tuple[str, str]) -> None:
    assert killed
    (container, *_) = place.engine.containers.values()
    given = dict(each.split("=", 1) for each in container.asked["Env"])
    ours = {name: value for name, value in place.server.environment.items() if name in known_variables()}
    assert {name: given.get(name) for name in ours} == ours
    assert given["DAGSTER_POSTGRES_URL"] == place.server.environment["DAGSTER_POSTGRES_URL"]


@pytest.mark.soak
def test_the_watch_over_containers_leaves_a_command_alone_and_notices_when_it_dies(place: Place) -> None:
    server = place.server
    process, run = server.stopped_at_work("repair", str(DAYS[0]), str(DAYS[-1]), "--rewrite")
    time.sleep(25)  # two rounds of the watch
    assert ui.status_of(server, run) == "STARTED"
    process.kill()
    process.wait()
    server.until("the run has failed", 60, lambda: ui.status_of(server, run) == "FAILURE")


def test_the_daemon_is_well(place: Place) -> None:
    assert ui.ailing_daemons(place.server) == []
