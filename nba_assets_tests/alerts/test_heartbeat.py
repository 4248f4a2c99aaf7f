"""A sign of life at every healthy tick, in a file and at an address; none where something is wrong."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import dagster as dg
import pytest

from nba_assets.alerts.heartbeat import beat
from nba_assets.orchestration.alert_sensor import alert_sensor
from nba_assets.session import Session
from nba_assets.settings import SettingsError, load_settings
from nba_assets_tests.alerts.ledger import bare_session


class Listener:
    """A server that counts the calls it gets, and answers with a status."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.status = 200
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                listener.paths.append(self.path)
                self.send_response(listener.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/ping/secret"


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()
    made.thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    made.thread.join()


def _tick(session: Session) -> None:
    with dg.DagsterInstance.ephemeral() as instance, dg.build_sensor_context(instance) as context:
        alert_sensor(lambda: session).evaluate_tick(context)


def _moment(session: Session) -> datetime:
    return datetime.fromisoformat(session.settings.heartbeat_file.read_text().strip())


def test_a_healthy_tick_leaves_a_sign(tmp_path: Path, listener: Listener) -> None:
    session = bare_session(tmp_path, heartbeat_url=listener.url)
    for n in (1, 2):
        _tick(session)
        assert datetime.now(UTC) - _moment(session) < timedelta(minutes=1)
        assert listener.paths == ["/ping/secret"] * n
    assert [path.name for path in session.settings.state.glob(".heartbeat*")] == []


def test_a_tick_that_could_not_be_remembered_leaves_none(tmp_path: Path, listener: Listener) -> None:
    session = bare_session(tmp_path, heartbeat_url=listener.url)
    session.settings.warehouse_path.parent.mkdir(parents=True, exist_ok=True)
    session.settings.warehouse_path.write_text("no database")
    _tick(Session(session.settings))
    assert not session.settings.heartbeat_file.exists()
    assert listener.paths == []


@pytest.mark.parametrize("status", [404, 500])
def test_an_address_that_fails_is_logged_without_its_secret(
    tmp_path: Path, listener: Listener, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    listener.status = status
    session = bare_session(tmp_path, heartbeat_url=listener.url)
    with caplog.at_level(logging.WARNING, "nba_assets"):
        beat(session.settings)
    assert "NBA_HEARTBEAT_URL cannot be called: HTTPError" in caplog.text
    assert "secret" not in caplog.text
    assert session.settings.heartbeat_file.exists()


def test_nobody_there_and_no_place_for_the_file_are_no_reason_to_fail(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    session = bare_session(tmp_path, heartbeat_url="http://127.0.0.1:9/ping")
    session.settings.heartbeat_file.mkdir(parents=True)
    with caplog.at_level(logging.WARNING, "nba_assets"):
        beat(session.settings)
    assert "the heartbeat cannot be written" in caplog.text
    assert "NBA_HEARTBEAT_URL cannot be called: URLError" in caplog.text


def test_what_is_no_address_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"NBA_HEARTBEAT_URL.*http"):
        load_settings(home=tmp_path, heartbeat_url="file:///etc/passwd")
