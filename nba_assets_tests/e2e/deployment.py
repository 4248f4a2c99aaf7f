"""`nba-assets dev` on a free port, and its GraphQL endpoint."""

from __future__ import annotations

import json
import os
import signal
import socket
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

    def __init__(
        self, url: str, process: subprocess.Popen[bytes], directory: Path, environment: Mapping[str, str]
    ) -> None:
        self.url, self._process, self.directory, self._environment = url, process, directory, environment
        self.log = directory / "dev.log"
        self.process_id = process.pid

    def command(self, *arguments: str) -> str:
        """What `nba-assets …` prints on the same state."""
        command = [sys.executable, "-m", "nba_assets", *arguments]
        run = subprocess.run(command, env=self._environment, capture_output=True, text=True, check=False)
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
            if self._process.poll() is not None:
                raise AssertionError(f"the deployment ended: {self.log.read_text()[-2000:]}")
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
        (directory / "sitecustomize.py").write_text(_FASTER_DAEMON)
    port = _free_port()
    path = os.pathsep.join(filter(None, [str(directory), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": path, "NBA_HOME": str(home), **settings}
    with (directory / "dev.log").open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "nba_assets", "dev", "--port", str(port)],
            cwd=directory,
            env=environment,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deployment = Deployment(f"http://127.0.0.1:{port}", process, directory, environment)
    try:
        deployment.until("the web server answers", 90, lambda: deployment.graphql("{ version }"))
        yield deployment
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """As by Control-C, and again if that takes too long: then it ends at once, with all that it started."""
    for seconds in (45, 15):
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=seconds)
            return
    process.kill()
    process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
