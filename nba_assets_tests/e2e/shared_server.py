"""The processes of a server that several people share, started apart: code server, web server and daemon, PostgreSQL.

Commands, environment and instance are those of deploy/, on other ports and in another directory, with shorter pauses.
"""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from nba_assets.orchestration.dead_runs import PROCESS_TAG
from nba_assets.settings import Settings, load_settings
from nba_assets_tests.e2e import ui
from nba_assets_tests.e2e.deployment import Deployment, hurry_the_daemon, variables
from nba_assets_tests.e2e.ui import Run
from nba_assets_tests.needs import absent
from nba_assets_tests.ports import free_port
from nba_assets_tests.postgres import PostgresUnavailableError, postgres_server

CODE, WEB, DAEMON = "code server", "web server", "daemon"
DEPLOY = Path(__file__).parents[2] / "deploy"
_UNITS = {CODE: "nba-code", WEB: "nba-webserver", DAEMON: "nba-daemon"}
_MODULES = {"dagster": "dagster", "dagster-webserver": "dagster_webserver", "dagster-daemon": "dagster._daemon"}
LEAGUE = {"partitions_start": "2021-10-19", "partitions_end": "2021-10-24"}
"""The settings of whoever works on the server."""


class SharedServer(Deployment):
    """Each part may be killed, and started again."""

    def __init__(self, directory: Path, postgres: str, instance: dict[str, Any], extra: Mapping[str, str]) -> None:
        self._ports = {CODE: free_port(), WEB: free_port()}
        self._instance = instance
        here = {"DAGSTER_HOME": str(directory / "dagster"), "DAGSTER_POSTGRES_URL": postgres, "NBA_SOURCE": "simulated"}
        league = {f"NBA_{name.upper()}": value for name, value in LEAGUE.items()}
        settings = {**_environment(), **league, **here, **extra}
        environment = variables(directory, directory / "home", settings | {"NBA_HOME": str(directory / "home")})
        super().__init__(f"http://127.0.0.1:{self._ports[WEB]}", directory, environment)

    @property
    def settings(self) -> Settings:
        """As a command on this server reads them."""
        return load_settings(home=self.directory / "home", DAGSTER_HOME=self.directory / "dagster", **LEAGUE)

    def start_part(self, part: str) -> None:
        """Start it, for the first time or again."""
        program, *arguments = _command(_UNITS[part])
        ports = {"4000": str(self._ports[CODE]), "3000": str(self._ports[WEB])}
        here = ports | {"/etc/nba/workspace.yaml": "workspace.yaml"}
        self.start(part, _MODULES[Path(program).name], *(here.get(word, word) for word in arguments))

    def code_answers(self) -> bool:
        """Whether the code is loaded: its server listens only then. A web server that is earlier shows an error."""
        socket.create_connection(("127.0.0.1", self._ports[CODE])).close()
        return True

    def configure(self) -> None:
        """The files of a deployment: what to load, the instance, and our hurry."""
        workspace = yaml.safe_load((DEPLOY / "systemd" / "workspace.yaml").read_text(encoding="utf-8"))
        workspace["load_from"][0]["grpc_server"]["port"] = self._ports[CODE]
        _write(self.directory / "workspace.yaml", workspace)
        (self.directory / "dagster").mkdir()
        self._instance["compute_logs"]["config"]["base_dir"] = str(self.directory / "logs")
        _write(self.directory / "dagster" / "dagster.yaml", _hurried(self._instance))
        hurry_the_daemon(self.directory)

    def kill(self, part: str) -> None:
        """Kill it without a word, and all that it has started, as the end of a container does."""
        os.killpg(self.processes[part].pid, signal.SIGKILL)
        self.processes.pop(part).wait()

    def runs_of(self, backfill: str) -> list[Run]:
        """The runs of a backfill."""
        return [run for run in ui.runs(self) if run.tags.get("dagster/backfill") == backfill]

    def stopped_at_work(self, *arguments: str) -> tuple[subprocess.Popen[bytes], str]:
        """A command stopped in the middle of a run, so that this cannot end before the command does; and the run."""
        command = [sys.executable, "-m", "nba_assets", *arguments]
        with (self.directory / "stopped.log").open("wb") as said:
            process = subprocess.Popen(command, env=self.environment, stdout=said, stderr=said)
        while process.poll() is None:
            process.send_signal(signal.SIGSTOP)
            for run in ui.runs(self):
                if run.status == "STARTED" and f" · {process.pid} · " in run.tags.get(PROCESS_TAG, ""):
                    return process, run.run_id
            process.send_signal(signal.SIGCONT)
            time.sleep(0.05)
        raise AssertionError(f"it ended before it could be stopped: {process.returncode}")


def instance_of(case: str) -> dict[str, Any]:
    """The dagster.yaml of a directory of deploy/."""
    config: dict[str, Any] = yaml.safe_load((DEPLOY / case / "dagster.yaml").read_text(encoding="utf-8"))
    return config


def _environment() -> dict[str, str]:
    """What deploy/systemd/environment sets."""
    lines = (DEPLOY / "systemd" / "environment").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if not line.startswith("#"))


def _command(unit: str) -> list[str]:
    """What a unit of deploy/systemd starts, in words."""
    lines = (DEPLOY / "systemd" / f"{unit}.service").read_text(encoding="utf-8").splitlines()
    (found,) = (line for line in lines if line.startswith("ExecStart="))
    return shlex.split(found.removeprefix("ExecStart="))


@contextmanager
def shared_server(directory: Path, case: str = "systemd", **extra: str) -> Iterator[SharedServer]:
    """All parts, ready, with the instance of a case and some variables more; they end with the context."""
    try:
        with postgres_server() as address:
            server = SharedServer(directory, address, instance_of(case), extra)
            server.configure()
            try:
                server.start_part(CODE)
                server.until("the code server answers", 90, server.code_answers)
                server.start_part(WEB)
                server.start_part(DAEMON)
                server.until("the web server answers", 90, lambda: server.graphql("{ version }"))
                yield server
            finally:
                for part in list(server.processes):
                    server.kill(part)
    except PostgresUnavailableError as error:
        absent(f"PostgreSQL: {error}")


def _hurried(config: dict[str, Any]) -> dict[str, Any]:
    """Without the pauses that a real server can afford."""
    config["run_coordinator"]["config"] |= {"dequeue_interval_seconds": 1, "user_code_failure_retry_delay": 2}
    config["run_monitoring"] |= {"start_timeout_seconds": 90, "poll_interval_seconds": 10}
    return config


def _write(file: Path, content: Any) -> None:
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
