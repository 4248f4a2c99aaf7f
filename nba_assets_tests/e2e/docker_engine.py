"""What answers in the place of a Docker engine: containers are processes, each in a process-number space of its own.

They have the environment that they were given, and of this machine only where programs and modules are.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

_OF_THIS_MACHINE = ("PATH", "PYTHONPATH", "LANG")
_NUMBERS_OF_ITS_OWN = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")


@dataclass
class Container:
    """One that was asked for, and its process once it was started."""

    asked: dict[str, Any]
    process: subprocess.Popen[bytes] | None = None

    @property
    def name(self) -> str:
        """Its image, and the run that it is for."""
        return f"{self.asked['Image']} {self.asked['Labels']['dagster/run_id']}"

    @property
    def runs(self) -> bool:
        """Whether it was started and has not ended."""
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """As by `docker kill`, or by a machine without memory."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@dataclass
class DockerEngine:
    """All containers by id, in the order in which they were made."""

    directory: Path
    containers: dict[str, Container] = field(default_factory=dict)

    def create(self, asked: dict[str, Any]) -> str:
        """The id of a new container."""
        name = uuid.uuid4().hex
        self.containers[name] = Container(asked)
        return name

    def start(self, name: str) -> None:
        """Start its command, a program of Python's."""
        container = self.containers[name]
        program, *arguments = container.asked["Cmd"]
        here = {known: os.environ[known] for known in _OF_THIS_MACHINE if known in os.environ}
        with (self.directory / "containers.log").open("ab") as out:
            container.process = subprocess.Popen(
                [*_NUMBERS_OF_ITS_OWN, sys.executable, "-m", program, *arguments],
                cwd=self.directory,
                env=here | dict(each.split("=", 1) for each in container.asked["Env"]),
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    def stop(self, name: str) -> None:
        """End its command; only then is it stopped."""
        process = self.containers[name].process
        if process is not None and process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()

    def told(self, name: str) -> dict[str, Any] | None:
        """What an engine tells of it; None once it has ended, for all are removed then."""
        container = self.containers.get(name)
        if container is None or (container.process is not None and not container.runs):
            return None
        status = "running" if container.runs else "created"
        return {"Id": name, "Name": f"/{name}", "State": {"Status": status}, "Config": {"Labels": {}}}


@contextmanager
def docker_engine(directory: Path) -> Iterator[tuple[str, DockerEngine]]:
    """What DOCKER_HOST has to be, and the engine there."""
    engine = DockerEngine(directory)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(engine))
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"tcp://127.0.0.1:{server.server_port}", engine
    finally:
        server.shutdown()
        server.server_close()
        for container in engine.containers.values():
            if container.runs:
                container.kill()


def _handler(engine: DockerEngine) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.path.endswith("/version"):
                return self._answer(200, {"ApiVersion": "1.44", "MinAPIVersion": "1.24", "Version": "27"})
            told = engine.told(self._name())
            return self._answer(404, {"message": "No such container"}) if told is None else self._answer(200, told)

        def do_POST(self) -> None:
            asked = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if "/containers/create" in self.path:
                return self._answer(201, {"Id": engine.create(json.loads(asked)), "Warnings": []})
            (engine.start if "/start" in self.path else engine.stop)(self._name())
            return self._answer(204, None)

        def log_message(self, *_: Any) -> None:
            """Nothing: the tests ask the engine."""

        def _name(self) -> str:
            found = re.search(r"/containers/([0-9a-f]+)/", self.path)
            return found[1] if found else ""

        def _answer(self, status: int, content: Any) -> None:
            body = b"" if content is None else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler
