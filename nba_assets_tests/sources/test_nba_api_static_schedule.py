"""The league's static file stands in for a schedule that the API does not give."""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from nba_assets.settings import load_settings
from nba_assets.sources.base import ResultSet, SourceError, SourceSchemaError
from nba_assets.sources.files import FilesSource
from nba_assets.sources.nba_api import NbaApiSource
from nba_assets.sources.nba_api.client import NoAnswerError
from nba_assets.sources.nba_api.cut_off import CutOffError
from nba_assets.sources.nba_api.fetch import FetchCutOffError, fetch_season
from nba_assets.sources.nba_api.pace import SourceUnavailableError
from nba_assets.sources.nba_api.settings import STATIC_SCHEDULE, NbaApiSettings
from nba_assets_tests.needs import real_data
from nba_assets_tests.sources.stats_server import Fault, StatsServer, quick_settings

SEASON = "2021-22"
DAY = date(2021, 11, 11)
NEXT_NOON = datetime(2021, 11, 12, 17, 0, tzinfo=UTC)
CALLS = 1 + 2 + 1 + 2 * 3
API, FILE = "scheduleleaguev2", "scheduleleaguev2.json"


@pytest.fixture
def settings(server: StatsServer, tmp_path: Path) -> NbaApiSettings:
    return quick_settings(server, tmp_path / "cache", schedule_url=server.schedule_url)


def fetch(settings: NbaApiSettings) -> Any:
    return fetch_season(SEASON, settings, dates=[DAY], now=lambda: NEXT_NOON)


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The warnings about the file; those of repeated attempts are left out."""
    messages = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    return [message for message in messages if "static" in message.lower()]


def nothing(_payload: dict, _query: dict) -> dict:
    return {}


def without_games(payload: dict, _query: dict) -> dict:
    payload["leagueSchedule"]["gameDates"] = []
    return payload


@pytest.mark.parametrize("trouble", ["refused", "broken", "nothing", "empty"])
def test_the_file_stands_in_and_one_warning_says_so(
    server: StatsServer, settings: NbaApiSettings, caplog: pytest.LogCaptureFixture, trouble: str
) -> None:
    if trouble in ("refused", "broken"):
        server.misbehave(API, [Fault(403 if trouble == "refused" else 500, "no")] * settings.max_attempts)
    else:
        server.edits[API] = nothing if trouble == "nothing" else without_games
    assert fetch(settings).games == 3
    assert len(server.calls(FILE)) == 1
    assert len(said(caplog)) == 1
    assert said(caplog)[0].endswith(f"Read instead: {server.schedule_url}")

    cached = FilesSource(settings.cache_dir).read(ResultSet.SCHEDULE, SEASON)
    pd.testing.assert_frame_equal(cached, FilesSource(real_data()).read(ResultSet.SCHEDULE, SEASON))
    assert {asked.headers.get("Host") for asked in server.asked if asked.endpoint == FILE} != {"stats.nba.com"}


def test_the_file_of_another_season_is_refused(
    server: StatsServer, settings: NbaApiSettings, caplog: pytest.LogCaptureFixture
) -> None:
    server.static_season = "2022-23"
    server.edits[API] = nothing
    with pytest.raises(NoAnswerError, match=r"no answer for scheduleleaguev2\(.*Season=2021-22\): the answer is {}"):
        fetch(settings)
    assert said(caplog) == [
        "the league's static file cannot stand in for the schedule: "
        f"{server.schedule_url}: is about 2022-23, not {SEASON}"
    ]
    assert FilesSource(settings.cache_dir).find(ResultSet.SCHEDULE, SEASON) is None


@pytest.mark.parametrize("fault", [Fault(403, "no"), Fault(), Fault(cut=True), Fault(body="{}")])
def test_a_file_that_cannot_be_had_is_asked_for_once(
    server: StatsServer, settings: NbaApiSettings, fault: Fault
) -> None:
    server.misbehave(API, [Fault(403, "no")] * 9)
    server.misbehave(FILE, [fault] * 9)
    source = NbaApiSource(settings, now=lambda: NEXT_NOON)
    for _ in range(3):
        with pytest.raises(SourceUnavailableError, match="HTTP 403"):
            source.read(ResultSet.TEAM_LOG, SEASON, [DAY])
    assert len(server.calls(FILE)) == 1


def test_a_cut_off_of_the_api_does_not_keep_the_file_from_being_read(
    server: StatsServer, settings: NbaApiSettings
) -> None:
    NbaApiSource(settings).read(ResultSet.SCHEDULE, "2022-23", [DAY])
    server.refuse_after = 0
    with pytest.raises(FetchCutOffError, match=f"0 of {CALLS - 1} planned calls are done"):
        fetch(settings)
    assert [endpoint for endpoint, _ in server.calls()[1:]] == [API, FILE]
    assert len(FilesSource(settings.cache_dir).read(ResultSet.SCHEDULE, SEASON)) > 1230

    server.static_season = "2023-24"
    with pytest.raises(CutOffError):
        fetch_season("2022-23", settings, refresh_days=1)
    assert [endpoint for endpoint, _ in server.calls()[3:]] == [FILE]


def test_a_new_format_of_the_schedule_is_not_hidden_by_the_file(server: StatsServer, settings: NbaApiSettings) -> None:
    def renamed(payload: dict, _query: dict) -> dict:
        return {"schedule": payload["leagueSchedule"]}

    server.edits[API] = renamed
    with pytest.raises(SourceSchemaError, match="lacks leagueSchedule"):
        fetch(settings)
    assert server.calls(FILE) == []


def test_no_other_host_is_asked_in_place_of_a_server_of_ones_own(server: StatsServer, tmp_path: Path) -> None:
    assert NbaApiSettings(cache_dir=tmp_path).static_schedule_url == STATIC_SCHEDULE
    assert NbaApiSettings(cache_dir=tmp_path, schedule_url="").static_schedule_url is None
    assert load_settings(api_schedule_url="https://x/y.json").nba_api().static_schedule_url == "https://x/y.json"
    settings = quick_settings(server, tmp_path)
    assert settings.static_schedule_url is None
    server.misbehave(API, [Fault(403, "no")])
    with pytest.raises(SourceError, match="HTTP 403"):
        fetch(settings)
    assert len(server.calls()) == 1
