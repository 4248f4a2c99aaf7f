"""The reverse proxy before Dagster's UI, a real one: nobody passes it without the password."""

from __future__ import annotations

import base64
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from string import Template
from threading import Thread
from typing import Any

import pytest

from nba_assets_tests.needs import needs_program
from nba_assets_tests.ports import free_port

TEMPLATE = Path(__file__).parents[2] / "deploy" / "nginx.conf.template"
ALONE = (
    "daemon off; pid {0}/pid; error_log {0}/log; worker_processes 1;\nevents {{}}\nhttp {{ access_log off;\n{1}\n}}\n"
)
NAME, PASSWORD = "analyst", "a good one"


class Ui(BaseHTTPRequestHandler):
    """In the place of Dagster's web server: tells which headers it was given."""

    def do_GET(self) -> None:
        body = "\n".join(f"{name}: {value}" for name, value in self.headers.items()).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a proxy before a UI, with a coverage page."""
    directory = tmp_path_factory.mktemp("proxy")
    directory.chmod(0o755)
    (directory / "coverage.html").write_text("all dates")
    secret = subprocess.run(
        [needs_program("openssl"), "passwd", "-apr1", PASSWORD], capture_output=True, text=True, check=True
    )
    (directory / "passwords").write_text(f"{NAME}:{secret.stdout}")
    with _ui() as ui, _nginx(directory, ui) as port:
        yield port


@contextmanager
def _ui() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Ui)
    Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@contextmanager
def _nginx(directory: Path, ui: int) -> Iterator[int]:
    port = free_port()
    values = {
        "NBA_LISTEN": f"127.0.0.1:{port}",
        "NBA_WEBSERVER": f"127.0.0.1:{ui}",
        "NBA_STATE": str(directory),
        "NBA_PASSWORDS": str(directory / "passwords"),
    }
    site = Template(TEMPLATE.read_text(encoding="utf-8")).safe_substitute(values)
    (directory / "nginx.conf").write_text("user root;\n" + ALONE.format(directory, site))
    process = subprocess.Popen([_program(), "-p", str(directory), "-c", str(directory / "nginx.conf")])
    try:
        _wait_for(process, port, directory / "log")
        yield port
    finally:
        process.terminate()
        process.wait()


def _program() -> str:
    """Debian keeps it where only root's PATH looks."""
    beside = Path("/usr/sbin/nginx")
    return str(beside) if beside.exists() else needs_program("nginx")


def _wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError):
            _asked(port, "/")
            return
        time.sleep(0.05)
    raise AssertionError(f"nginx does not answer: {log.read_text() if log.exists() else process.poll()}")


def _asked(port: int, path: str, password: str | None = None, **headers: str) -> tuple[int, str]:
    """Status and text of an answer."""
    if password is not None:
        headers["Authorization"] = "Basic " + base64.b64encode(f"{NAME}:{password}".encode()).decode()
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


@pytest.mark.parametrize("path", ["/", "/graphql", "/coverage.html", "/assets/raw_shots"])
@pytest.mark.parametrize("password", [None, "", "a bad one"])
def test_nobody_passes_without_the_password(proxy: int, path: str, password: str | None) -> None:
    status, text = _asked(proxy, path, password)
    assert status == 401
    assert "all dates" not in text


def test_the_ui_is_reached_with_it_and_may_open_a_websocket(proxy: int) -> None:
    status, text = _asked(proxy, "/graphql", PASSWORD, Upgrade="websocket", Connection="Upgrade")
    assert status == 200
    assert "Upgrade: websocket" in text.splitlines()
    assert "Connection: upgrade" in text.splitlines()
    assert f"Host: 127.0.0.1:{proxy}" in text.splitlines()


def test_the_coverage_page_is_served_beside_it(proxy: int) -> None:
    assert _asked(proxy, "/coverage.html", PASSWORD) == (200, "all dates")
