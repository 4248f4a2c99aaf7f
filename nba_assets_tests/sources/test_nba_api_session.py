"""A session of the user's own makes the calls: also one that knows nothing of requests but `get` and `close`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from nba_assets.settings import load_settings
from nba_assets.sources.nba_api.cut_off import CutOffError
from nba_assets.sources.nba_api.fetch import fetch_season
from nba_assets.sources.nba_api.pace import SourceUnavailableError
from nba_assets.sources.nba_api.settings import NbaApiSettings
from nba_assets_tests.cli.command import nba_assets
from nba_assets_tests.sources.stats_server import Fault, StatsServer

SEASON = "2021-22"
DAY = date(2021, 11, 11)
NEXT_NOON = datetime(2021, 11, 12, 17, 0, tzinfo=UTC)
CALLS = 1 + 2 + 1 + 2 * 3

MODULE = '''
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import requests

opened = []


class OtherError(OSError):
    """An exception that requests does not know."""


class Response:
    def __init__(self, answer):
        with answer:
            self.text, self.url = answer.read().decode(), answer.url
            self.status_code, self.headers = answer.status, dict(answer.headers)


class Session:
    """No hooks, no adapters, no raise_for_status."""

    def __init__(self):
        self.calls, self.closed = 0, False
        opened.append(self)

    def get(self, url, params=(), headers=None, proxies=None, timeout=None):
        self.calls += 1
        try:
            query = urlencode(params)
            request = Request(f"{url}?{query}" if query else url, headers=headers or {})
            return Response(urlopen(request, timeout=timeout))
        except HTTPError as error:
            return Response(error)
        except (URLError, OSError) as error:
            raise OtherError(f"curl: (28) via http://user:secret@proxy.example: {error}") from error

    def close(self):
        self.closed = True


def session():
    return Session()


def of_requests():
    opened.append(requests.Session())
    return opened[-1]


def nothing():
    return None


def broken():
    raise ImportError("No module named 'curl_cffi'")


class Narrow:
    def get(self, url):
        return url


NUMBER = 5
'''


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    (tmp_path / "sessions_of_mine.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    import sessions_of_mine

    yield sessions_of_mine
    del sys.modules["sessions_of_mine"]


def settings(server: StatsServer, cache: Path, function: str, **changes: Any) -> NbaApiSettings:
    """As a user would set them, in the environment."""
    return load_settings(
        api_cache_dir=cache,
        api_base_url=server.url,
        api_schedule_url=server.schedule_url,
        api_calls_per_second="inf",
        api_session=f"sessions_of_mine:{function}",
        counting_types="002",
        **changes,
    ).nba_api()


def fetch(given: NbaApiSettings) -> Any:
    return fetch_season(SEASON, given, dates=[DAY], now=lambda: NEXT_NOON)


def test_it_makes_every_call_and_is_closed(server: StatsServer, tmp_path: Path, module: ModuleType) -> None:
    assert fetch(settings(server, tmp_path, "session")).games == 3
    (session,) = module.opened
    assert session.closed
    assert session.calls == len(server.calls()) == CALLS
    assert server.asked[-1].headers["Referer"] == "https://www.nba.com/"
    assert "None" not in {value for asked in server.asked for _, value in asked.query}


def test_a_session_of_requests_will_do(server: StatsServer, tmp_path: Path, module: ModuleType) -> None:
    assert fetch(settings(server, tmp_path, "of_requests")).games == 3
    assert len(module.opened) == 1
    module.opened[0].close()


def test_statuses_mean_the_same(server: StatsServer, tmp_path: Path, module: ModuleType) -> None:
    given = settings(server, tmp_path, "session")
    server.misbehave("scheduleleaguev2", [Fault(429, "", (("Retry-After", "1"),))])
    server.misbehave("boxscoretraditionalv3", [Fault(403, "no")])
    with pytest.raises(CutOffError, match="HTTP 403"):
        fetch(given)
    assert server.asked[1].at - server.asked[0].at >= 1.0
    assert server.calls()[-1][0] == "boxscoretraditionalv3"
    assert module.opened[0].closed


def test_the_static_file_is_read_by_it_too(server: StatsServer, tmp_path: Path, module: ModuleType) -> None:
    server.misbehave("scheduleleaguev2", [Fault(403, "no")])
    assert fetch(settings(server, tmp_path, "session")).games == 3
    assert module.opened[0].calls == len(server.calls()) == CALLS + 1


@pytest.mark.usefixtures("module")
def test_its_own_exceptions_are_told_without_credentials(server: StatsServer, tmp_path: Path) -> None:
    given = settings(server, tmp_path, "session", api_timeout_seconds=0.2, api_max_attempts=2)
    server.misbehave("scheduleleaguev2", [Fault(seconds=0.5)] * 2)
    server.misbehave("scheduleleaguev2.json", [Fault(seconds=0.5)])
    with pytest.raises(SourceUnavailableError) as raised:
        fetch(given)
    assert "127.0.0.1 cannot be reached (OtherError: curl: (28) via http://***@proxy.example" in str(raised.value)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("place", "status", "said"),
    [
        ("sessions_of_mine", 2, "write it like package.module:function"),
        (
            "no.such.module:function",
            2,
            "cannot be imported (ModuleNotFoundError: No module named 'no'). Is it installed",
        ),
        ("sessions_of_mine:missing", 2, "cannot be imported (AttributeError"),
        ("sessions_of_mine:NUMBER", 2, "is no function but int"),
        ("sessions_of_mine:nothing", 1, "its function returned NoneType, which has no get(): return a session like"),
        ("sessions_of_mine:broken", 1, "its function failed: ImportError: No module named 'curl_cffi'"),
        ("sessions_of_mine:Narrow", 1, "the session cannot be used like one of requests: TypeError"),
    ],
)
@pytest.mark.usefixtures("module")
def test_a_wrong_value_is_named(server: StatsServer, tmp_path: Path, place: str, status: int, said: str) -> None:
    given = {"NBA_API_SESSION": place, "NBA_API_BASE_URL": server.url, "NBA_API_CALLS_PER_SECOND": "inf"}
    result = nba_assets("fetch", SEASON, home=tmp_path, **given)
    assert result.exit_code == status
    assert "NBA_API_SESSION" in result.stderr
    assert said in result.stderr
    assert "Traceback" not in result.output
    assert server.calls() == []

    live = {"NBA_SOURCE": "nba_api", "NBA_PARTITIONS_START": "2021-10-01", **given}
    built = nba_assets("backfill", "2021-10-20", "2021-10-20", "--tables", "raw_schedule", home=tmp_path, **live)
    assert built.exit_code == status
    assert said in built.stderr
    assert "Traceback" not in built.output
