"""The processes of a server that several people share, started apart: code server, web server and daemon, PostgreSQL.

The instance is as docs/dagster.md has it, in a DAGSTER_HOME of its own, with shorter pauses.
"""

from __future__ import annotations

import os
import re
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from nba_assets.settings import Settings, load_settings
from nba_assets_tests.e2e.deployment import Deployment, free_port, hurry_the_daemon, variables
from nba_assets_tests.needs import absent
from nba_assets_tests.postgres import PostgresUnavailableError, postgres_server

CODE, WEB, DAEMON = "code server", "web server", "daemon"
_DOCS = Path(__file__).parents[2] / "docs" / "dagster.md"
LEAGUE = {"partitions_start": "2021-10-19", "partitions_end": "2021-10-24"}
"""The settings of whoever works on the server."""


class SharedServer(Deployment):
    """Each part may be killed, and started again."""

    def __init__(self, directory: Path, postgres: str) -> None:
        self._ports = {CODE: free_port(), WEB: free_port()}
        dagster = {
            "DAGSTER_HOME": str(directory / "dagster"),
            "DAGSTER_POSTGRES_URL": postgres,
            "DAGSTER_BACKFILL_RETRY_DEFINITION_CHANGED_ERROR": "1",
        }
        league = {f"NBA_{name.upper()}": value for name, value in LEAGUE.items()}
        environment = variables(directory, directory / "home", league | dagster)
        super().__init__(f"http://127.0.0.1:{self._ports[WEB]}", directory, environment)

    @property
    def settings(self) -> Settings:
        """As a command on this server reads them."""
        return load_settings(home=self.directory / "home", DAGSTER_HOME=self.directory / "dagster", **LEAGUE)

    def start_part(self, part: str) -> None:
        """Start it, for the first time or again."""
        port = str(self._ports.get(part))
        address = ("-h", "127.0.0.1", "-p", port)
        module = {
            CODE: ("dagster", "api", "grpc", "-m", "nba_assets.definitions", *address),
            WEB: ("dagster_webserver", "-w", "workspace.yaml", *address),
            DAEMON: ("dagster._daemon", "run", "-w", "workspace.yaml"),
        }
        self.start(part, *module[part])

    def code_answers(self) -> bool:
        """Whether the code is loaded: its server listens only then. A web server that is earlier shows an error."""
        socket.create_connection(("127.0.0.1", self._ports[CODE])).close()
        return True

    def configure(self) -> None:
        """The files of a deployment: what to load, the instance, and our hurry."""
        where = {"host": "127.0.0.1", "port": self._ports[CODE], "location_name": "nba_assets"}
        _write(self.directory / "workspace.yaml", {"load_from": [{"grpc_server": where}]})
        (self.directory / "dagster").mkdir()
        _write(self.directory / "dagster" / "dagster.yaml", _hurried(documented_instance()))
        hurry_the_daemon(self.directory)

    def kill(self, part: str) -> None:
        """Kill it without a word, and all that it has started, as the end of a container does."""
        os.killpg(self.processes[part].pid, signal.SIGKILL)
        self.processes.pop(part).wait()


def documented_instance() -> dict[str, Any]:
    """The dagster.yaml of docs/dagster.md."""
    (found,) = re.findall(r"^```yaml\n(storage:.*?)^```", _DOCS.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    config: dict[str, Any] = yaml.safe_load(found)
    return config


@contextmanager
def shared_server(directory: Path) -> Iterator[SharedServer]:
    """All parts, ready; they end with the context."""
    try:
        with postgres_server() as address:
            server = SharedServer(directory, address)
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
