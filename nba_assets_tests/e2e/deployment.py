"""A running web server with all that belongs to it, and its GraphQL endpoint: `nba-assets dev` on a free port."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Any

from nba_assets.orchestration.instance import instance_config
from nba_assets_tests.ports import free_port

_FASTER_QUEUE = "\nrun_coordinator:\n  module: dagster.core.run_coordinator\n  class: QueuedRunCoordinator\n"
_FASTER_QUEUE += "  config:\n    dequeue_interval_seconds: 1\n"
_FASTER_DAEMON = """
import sys
if "dagster._daemon" in sys.orig_argv:
    import dagster._daemon.controller as controller
    controller.DEFAULT_DAEMON_INTERVAL_SECONDS = 2
"""
"""A backfill goes tier by tier, a tier per turn of Dagster's daemon; nothing sets the half minute between two turns."""

_LOCATION = "{ repositoriesOrError { ... on RepositoryConnection { nodes { location { name } } } } }"
_SCHEDULES = """
query($selector: RepositorySelector!) {
  schedulesOrError(repositorySelector: $selector) { ... on Schedules { results { id scheduleState { status } } } }
}"""
_STOP = """
mutation($id: String!) {
  stopRunningSchedule(id: $id) { ... on ScheduleStateResult { scheduleState { status } } }
}"""


class Deployment:
    """A running web server, daemon and code server."""

    def __init__(self, url: str, directory: Path, environment: Mapping[str, str]) -> None:
        self.url, self.directory, self.environment = url, directory, environment
        self.log = directory / "dev.log"
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, *module: str) -> None:
        """Start a part of it, a module of Python with its arguments; it leads a group of its own."""
        with self.log.open("ab") as out:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", *module],
                cwd=self.directory,
                env=self.environment,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def command(self, *arguments: str) -> str:
        """What `nba-assets …` prints on the same state."""
        command = [sys.executable, "-m", "nba_assets", *arguments]
        run = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        if run.returncode:
            raise AssertionError(f"nba-assets {' '.join(arguments)} ended with {run.returncode}: {run.stderr[-2000:]}")
        return run.stdout

    def graphql(self, query: str, **variables: Any) -> dict[str, Any]:
        """The `data` of an answer; errors raise."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(f"{self.url}/graphql", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            told = json.load(answer)
        if told.get("errors"):
            raise AssertionError(told["errors"])
        return told["data"]

    @cached_property
    def location(self) -> str:
        """The name of the one code location."""
        (repository,) = self.graphql(_LOCATION)["repositoriesOrError"]["nodes"]
        return str(repository["location"]["name"])

    def stop_schedules(self) -> None:
        """So that what happens does not depend on the hour: the schedules follow the machine's clock, not NBA_NOW."""
        selector = {"repositoryName": "__repository__", "repositoryLocationName": self.location}
        for schedule in self.graphql(_SCHEDULES, selector=selector)["schedulesOrError"]["results"]:
            self.graphql(_STOP, id=schedule["id"])

    def until(self, what: str, seconds: float, found: Any) -> Any:
        """The first true answer of `found`; asked every second."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for name, process in self.processes.items():
                if process.poll() is not None:
                    raise AssertionError(f"{name} ended: {self.log.read_text()[-2000:]}")
            with suppress(OSError):
                answer = found()
                if answer:
                    return answer
            time.sleep(1)
        raise AssertionError(f"not within {seconds:g} s: {what}\n{self.log.read_text()[-2000:]}")


@contextmanager
def deployed(directory: Path, settings: Mapping[str, str], *, faster: bool = True) -> Iterator[Deployment]:
    """The one command of the README, on a free loopback port; ends with everything that it started.

    `faster` is the harness's own hurry: turns of two seconds instead of half a minute.
    """
    home = directory / "home"
    if faster:
        (home / "dagster").mkdir(parents=True)
        (home / "dagster" / "dagster.yaml").write_text(instance_config() + _FASTER_QUEUE)
        hurry_the_daemon(directory)
    port = free_port()
    deployment = Deployment(f"http://127.0.0.1:{port}", directory, variables(directory, home, settings))
    deployment.start("dev", "nba_assets", "dev", "--port", str(port))
    try:
        deployment.until("the web server answers", 90, lambda: deployment.graphql("{ version }"))
        yield deployment
    finally:
        _end(deployment.processes["dev"])


def hurry_the_daemon(directory: Path) -> None:
    """For what has `variables(directory, …)`: turns of two seconds."""
    (directory / "sitecustomize.py").write_text(_FASTER_DAEMON)


def variables(directory: Path, home: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """The environment of what is deployed in a directory."""
    path = os.pathsep.join(filter(None, [str(directory), os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path, "NBA_HOME": str(home), **settings}


def _end(process: subprocess.Popen[bytes]) -> None:
    """As by Control-C, and again if that takes too long: then it ends at once, with all that it started."""
    for seconds in (45, 15):
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=seconds)
            return
    process.kill()
    process.wait()
