"""The page over HTTP: the one file, as it is at the moment, and nothing else."""

from __future__ import annotations

import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.message import Message
from pathlib import Path

import pytest

from nba_assets.overview.serve import CoveragePageError, coverage_page_served
from nba_assets.settings import Settings, load_settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(home=tmp_path)


@pytest.fixture
def url(settings: Settings) -> Iterator[str]:
    with coverage_page_served(settings, "127.0.0.1", 0) as address:
        yield address


def asked(url: str, method: str = "GET") -> tuple[int, str, Message]:
    request = urllib.request.Request(url, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode(), answer.headers
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode(), error.headers


def test_the_page_is_what_was_written_last(settings: Settings, url: str) -> None:
    status, text, _ = asked(url)
    assert status == 404
    assert "has not been computed yet" in text
    settings.coverage_page.parent.mkdir(parents=True, exist_ok=True)
    for written in ("first ✓", "second"):
        settings.coverage_page.write_text(written, encoding="utf-8")
        for path in ("", "/", "/coverage.html", "/?x=1"):
            status, text, headers = asked(url + path)
            assert (status, text) == (200, written)
            assert headers["Content-Type"] == "text/html; charset=utf-8"
            assert headers["Cache-Control"] == "no-cache"
            assert "default-src 'none'" in headers["Content-Security-Policy"]


def test_nothing_else_of_the_directory_is_there(settings: Settings, url: str) -> None:
    settings.coverage_page.parent.mkdir(parents=True, exist_ok=True)
    settings.coverage_page.write_text("page")
    (settings.coverage_page.parent / "warehouse.duckdb").write_text("secret")
    for path in ("/warehouse.duckdb", "/./warehouse.duckdb", "/..%2fwarehouse.duckdb", "//etc/passwd", "/coverage"):
        status, text, _ = asked(url + path)
        assert status == 404, path
        assert "secret" not in text


def test_it_can_be_read_and_nothing_else(settings: Settings, url: str) -> None:
    settings.coverage_page.parent.mkdir(parents=True, exist_ok=True)
    settings.coverage_page.write_text("page")
    status, text, headers = asked(url, "HEAD")
    assert (status, text, headers["Content-Length"]) == (200, "", "4")
    assert {asked(url, method)[0] for method in ("POST", "PUT", "DELETE")} == {501}
    assert settings.coverage_page.read_text() == "page"


def test_a_port_that_is_taken_is_named(settings: Settings) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with (
            pytest.raises(CoveragePageError, match=rf"127.0.0.1:{port} cannot be opened .*set NBA_COVERAGE_URL"),
            coverage_page_served(settings, "127.0.0.1", port),
        ):
            pass


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 65536), ("no.such.host.invalid", 3001)])
def test_an_address_that_cannot_be_is_named(settings: Settings, host: str, port: int) -> None:
    with (
        pytest.raises(CoveragePageError, match=f"{host}:{port} cannot be opened"),
        coverage_page_served(settings, host, port),
    ):
        pass


def test_the_port_is_free_afterwards(settings: Settings) -> None:
    with coverage_page_served(settings, "127.0.0.1", 0) as url:
        port = int(url.rpartition(":")[2])
    with coverage_page_served(settings, "127.0.0.1", port) as again:
        assert again == url


def test_a_host_that_is_all_of_them_is_called_by_one(settings: Settings) -> None:
    with coverage_page_served(settings, "0.0.0.0", 0) as url:
        assert url.startswith("http://127.0.0.1:")
        assert asked(url)[0] == 404


def test_it_is_bound_to_the_host_alone(settings: Settings) -> None:
    with coverage_page_served(settings, "127.0.0.2", 0) as url:
        port = int(url.rpartition(":")[2])
        assert asked(url)[0] == 404
        with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port), timeout=5):
            pass
