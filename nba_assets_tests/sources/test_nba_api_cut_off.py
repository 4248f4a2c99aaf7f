"""The site cuts an address off: no call more, one message, and with patience the fetch goes on by itself."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import pairwise, repeat
from pathlib import Path
from typing import Any

import pytest

from nba_assets.sources.base import ResultSet
from nba_assets.sources.nba_api import NbaApiSource
from nba_assets.sources.nba_api.cut_off import CutOffError
from nba_assets.sources.nba_api.fetch import FetchCutOffError, fetch_season
from nba_assets.sources.nba_api.pace import SourceUnavailableError
from nba_assets.sources.nba_api.settings import NbaApiSettings
from nba_assets_tests.cli.command import nba_assets, printed_json
from nba_assets_tests.needs import real_data
from nba_assets_tests.sources.stats_server import Fault, StatsServer, quick_settings

SEASON = "2021-22"
DAY = date(2021, 11, 11)
NEXT_NOON = datetime(2021, 11, 12, 17, 0, tzinfo=UTC)
CALLS = 1 + 2 + 1 + 2 * 3
FIRST_DAYS = {"2021-10-19", "2021-10-20"}
CALLS_OF_FIRST_DAYS = 1 + 2 + 1 + 2 * 13


@pytest.fixture
def server() -> Iterator[StatsServer]:
    with StatsServer(real_data()) as running:
        running.season(SEASON).load()
        yield running


def fetch(settings: NbaApiSettings, **options: Any) -> Any:
    return fetch_season(SEASON, settings, dates=[DAY], **({"now": lambda: NEXT_NOON} | options))


def test_a_403_after_good_answers_is_the_last_call(server: StatsServer, settings: NbaApiSettings) -> None:
    server.refuse_after = 6
    with pytest.raises(FetchCutOffError) as raised:
        fetch(settings)
    assert len(server.calls()) == 7
    said = str(raised.value)
    assert f"{SEASON}: 5 of {CALLS - 1} planned calls are done; missing: 4, for games of {DAY}:" in said
    assert said.count("has cut this address off (HTTP 403 Forbidden, after good answers until ") == 1
    assert raised.value.dates == [DAY]

    server.refuse_after = None
    with pytest.raises(FetchCutOffError, match=r"has cut this address off \(HTTP 403") as again:
        fetch(settings)
    assert len(server.calls()) == 7, "nobody knocks before the time"
    assert again.value.until == raised.value.until
    assert 290 < (again.value.until - datetime.now(UTC)).total_seconds() <= 300

    (settings.cache_dir / ".cut_off").unlink()
    assert fetch(settings).calls == CALLS - 6
    assert not (settings.cache_dir / ".cut_off").exists()
    assert len(set(server.calls())) == CALLS


def test_a_403_long_after_the_last_good_answer_is_a_plain_refusal(
    server: StatsServer, settings: NbaApiSettings
) -> None:
    fetch(settings)
    (settings.cache_dir / ".last_answer").write_text(repr(time.time() - 601))
    server.refuse_after = 0
    with pytest.raises(SourceUnavailableError, match=r"scheduleleaguev2\(.*\): HTTP 403 .*proxy") as raised:
        fetch(settings, refresh_days=1)
    assert not isinstance(raised.value, CutOffError)
    assert len(server.calls()) == CALLS + 1
    assert not (settings.cache_dir / ".cut_off").exists()


def test_three_calls_without_an_answer_after_good_ones_are_a_cut_off(server: StatsServer, tmp_path: Path) -> None:
    settings = quick_settings(server, tmp_path, timeout_seconds=0.5)
    server.refuse_after, server.refusals = 6, repeat(Fault(seconds=1.0))
    with pytest.raises(FetchCutOffError, match=r"cut this address off \(127.0.0.1 did not answer in 0.5 s, after good"):
        fetch(settings)
    assert len(server.calls()) == 6 + 3
    assert len(set(server.calls()[6:])) == 1, "one call, and no other game"


def test_silence_from_the_start_is_no_cut_off(server: StatsServer, tmp_path: Path) -> None:
    settings = quick_settings(server, tmp_path, timeout_seconds=0.3)
    server.refuse_after, server.refusals = 0, repeat(Fault(seconds=0.6))
    with pytest.raises(SourceUnavailableError, match=r"did not answer in 0.3 s \(5 attempts\)") as raised:
        fetch(settings)
    assert not isinstance(raised.value, CutOffError)


def test_an_answer_that_is_none_ends_the_silence(server: StatsServer, tmp_path: Path) -> None:
    settings = quick_settings(server, tmp_path, timeout_seconds=0.5)
    silence = Fault(seconds=1.0)
    server.misbehave("boxscoretraditionalv3", [silence, silence, Fault(500, "oops"), silence])
    assert fetch(settings).games == 3
    assert len(server.calls()) == CALLS + 4


def test_a_second_429_for_a_call_is_a_cut_off(server: StatsServer, settings: NbaApiSettings) -> None:
    too_many = Fault(429, "", (("Retry-After", "1"),))
    server.misbehave("boxscoretraditionalv3", [too_many, too_many])
    with pytest.raises(FetchCutOffError, match="HTTP 429"):
        fetch(settings)
    asked = [asked for asked in server.asked if asked.endpoint == "boxscoretraditionalv3"]
    assert len(asked) == 2
    assert asked[1].at - asked[0].at >= 1.0, "as long as Retry-After said"
    assert server.asked[-1] is asked[1]


def test_a_429_says_that_it_is_tried_once_more_and_no_number_of_attempts(
    server: StatsServer, settings: NbaApiSettings, caplog: pytest.LogCaptureFixture
) -> None:
    server.misbehave("boxscoretraditionalv3", [Fault(429, "", (("Retry-After", "1"),)), Fault(503, "busy")])
    fetch(settings)
    said = [record.getMessage() for record in caplog.records if record.name.endswith("client")]
    assert said[0] == "boxscoretraditionalv3: HTTP 429 Too Many Requests; once more in 1 s"
    assert said[1].startswith("boxscoretraditionalv3: HTTP 503 Service Unavailable; attempt 3 of 5 in ")


def test_a_429_that_asks_for_an_hour_is_obeyed_by_ending(server: StatsServer, settings: NbaApiSettings) -> None:
    server.misbehave("shotchartdetail", [Fault(429, "", (("Retry-After", "3600"),))])
    with pytest.raises(FetchCutOffError) as raised:
        fetch(settings)
    assert len(server.calls()) == 4
    assert 3590 < (raised.value.until - datetime.now(UTC)).total_seconds() <= 3600


def test_patience_waits_twice_as_long_each_time_and_begins_anew_after_a_good_answer(
    server: StatsServer, tmp_path: Path
) -> None:
    settings = quick_settings(server, tmp_path, cut_off_seconds=0.4)
    waited: list[CutOffError] = []

    def patience(error: CutOffError) -> None:
        waited.append(error)
        time.sleep(max((error.until - datetime.now(UTC)).total_seconds(), 0))

    refused = Fault(403, "no")
    server.refuse_after, server.refusals = 3, iter([refused] * 3)
    server.misbehave("boxscoresummaryv3", [refused])
    report = fetch(settings, patience=patience)
    assert report.calls == len(server.calls()) == CALLS + 4
    assert report.games == 3
    assert len(waited) == 4
    of_shots = [asked.at for asked in server.asked if asked.endpoint == "shotchartdetail"]
    pauses = [later - earlier for earlier, later in pairwise(of_shots)]
    assert [pause >= least for pause, least in zip(pauses, (0.4, 0.8, 1.6), strict=True)] == [True] * 3
    of_summary = [asked.at for asked in server.asked if asked.endpoint == "boxscoresummaryv3"]
    assert 0.4 <= of_summary[1] - of_summary[0] < 0.8


def test_patience_does_not_read_again_what_was_read_again_before_the_cut_off(
    server: StatsServer, settings: NbaApiSettings
) -> None:
    fetch(settings, now=lambda: NEXT_NOON)
    before = len(server.calls())

    def corrected(payload: dict, query: dict) -> dict:
        log = payload["resultSets"][0]
        points = log["headers"].index("PTS")
        for row in log["rowSet"]:
            row[points] += query["PlayerOrTeam"] == "P"
        return payload

    server.edits["leaguegamelog"] = corrected
    server.refuse_after, server.refusals = 5, iter([Fault(403, "no")])
    later = iter(range(1000))

    def now() -> datetime:
        return NEXT_NOON.replace(day=13, second=0) + next(later) * (NEXT_NOON - NEXT_NOON.replace(minute=59, hour=16))

    def patience(_error: CutOffError) -> None:
        (settings.cache_dir / ".cut_off").unlink()

    report = fetch(settings, refresh_days=1, patience=patience, now=now)
    again = [endpoint for endpoint, _ in server.calls()[before:]]
    assert again.count("leaguegamelog") == 2
    assert again.count("boxscoretraditionalv3") + again.count("boxscoresummaryv3") == 6 + 1
    assert len(report.changed_games) == 3, "also what changed before the cut-off"


def two_days(payload: dict, _query: dict) -> dict:
    """A league that has played two days only."""
    for day in payload["leagueSchedule"]["gameDates"]:
        for game in day["games"]:
            if game["gameDateEst"][:10] not in FIRST_DAYS:
                game["gameStatus"] = 1
    return payload


def environment(server: StatsServer, tmp_path: Path, **more: str) -> dict[str, str]:
    server.edits["scheduleleaguev2"] = two_days
    return {
        "NBA_SOURCE": "nba_api",
        "NBA_API_BASE_URL": server.url,
        "NBA_API_CACHE_DIR": str(tmp_path / "cache"),
        "NBA_API_CALLS_PER_SECOND": "inf",
        "NBA_API_PROXY": "",
        "NBA_COUNTING_TYPES": "002",
        **more,
    }


def test_fetch_ends_with_75_and_says_once_what_is_there_and_what_is_next(server: StatsServer, tmp_path: Path) -> None:
    given = environment(server, tmp_path)
    server.refuse_after = 10
    result = nba_assets("fetch", SEASON, home=tmp_path, **given)
    assert result.exit_code == 75
    assert len(server.calls()) == 11
    assert result.stderr.count("has cut this address off") == 1
    done = f"9 of {CALLS_OF_FIRST_DAYS - 1} planned calls are done; missing: 20, for games of 2021-10-20:"
    assert done in result.stderr
    assert "nba-assets fetch SEASON --patient" in result.stderr
    assert "INCOMPLETE" in result.stdout

    again = nba_assets("fetch", SEASON, "--format", "json", "--quiet", home=tmp_path, **given)
    assert again.exit_code == 75
    assert len(server.calls()) == 11
    report = printed_json(again)
    assert datetime.fromisoformat(report["cut_off_until"]) > datetime.now(UTC)
    assert report["missing_dates"] == ["2021-10-20"]

    server.refuse_after = None
    (tmp_path / "cache" / ".cut_off").unlink()
    assert nba_assets("fetch", SEASON, "--quiet", home=tmp_path, **given).exit_code == 0
    assert len(server.calls()) == CALLS_OF_FIRST_DAYS + 1


def test_fetch_that_is_cut_off_at_the_schedule_says_that_nothing_was_fetched(
    server: StatsServer, tmp_path: Path
) -> None:
    given = environment(server, tmp_path)
    NbaApiSource(quick_settings(server, tmp_path / "cache")).read(ResultSet.SCHEDULE, "2022-23", [DAY])
    server.refuse_after = 0
    result = nba_assets("fetch", SEASON, home=tmp_path, **given)
    assert result.exit_code == 75
    assert f"{SEASON}: nothing was fetched, not even the schedule: stats.nba.com has cut" in result.stderr


def test_patient_goes_on_until_done(server: StatsServer, tmp_path: Path) -> None:
    given = environment(server, tmp_path, NBA_API_CUT_OFF_SECONDS="0.3")
    server.refuse_after, server.refusals = 10, iter([Fault(403, "no")] * 2)
    result = nba_assets("fetch", SEASON, "--patient", home=tmp_path, **given)
    assert result.exit_code == 0, result.output
    assert len(server.calls()) == CALLS_OF_FIRST_DAYS + 2
    assert result.stderr.count("cut off (HTTP 403 Forbidden, after good answers until ") == 2
    assert "every finished game is fetched" in result.stdout

    server.refuse_after, server.refusals = 10, iter([Fault(403, "no")])
    quiet = nba_assets("fetch", SEASON, "--refresh-days", "2", "--patient", "--quiet", home=tmp_path, **given)
    assert (quiet.exit_code, quiet.output) == (0, "")


def test_control_c_ends_a_patient_wait_and_keeps_what_was_fetched(server: StatsServer, tmp_path: Path) -> None:
    given = environment(server, tmp_path)
    server.refuse_after = 10
    command = [sys.executable, "-m", "nba_assets", "fetch", SEASON, "--patient"]
    process = subprocess.Popen(
        command, env=os.environ | given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    record, deadline = tmp_path / "cache" / ".cut_off", time.monotonic() + 60
    while not record.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130, errors
    assert "interrupted" in errors
    assert "Traceback" not in errors
    assert len(server.calls()) == 11
    assert json.loads(record.read_text())["times"] == 1

    record.unlink()
    server.refuse_after = None
    assert nba_assets("fetch", SEASON, "--quiet", home=tmp_path, **given).exit_code == 0
    assert len(server.calls()) == CALLS_OF_FIRST_DAYS + 1


@pytest.mark.long
def test_a_backfill_that_is_cut_off_makes_no_other_call(server: StatsServer, tmp_path: Path) -> None:
    given = environment(server, tmp_path)
    days, raw = ("2021-10-19", "2021-10-20"), ("--tables", "raw_schedule,raw_team_boxscores,raw_player_boxscores")
    server.refuse_after = 6
    result = nba_assets("backfill", *days, *raw, home=tmp_path, **given)
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    assert len(server.calls()) == 7, "neither the other games nor the other date"
    assert "ERROR raw_player_boxscores 2021-10-19 … 2021-10-20, 2 dates: " in result.stderr
    assert "has cut this address off (HTTP 403" in result.stderr

    for command in (("repair", *days, *raw), ("refresh", *days)):
        again = nba_assets(*command, home=tmp_path, **given)
        assert again.exit_code == 1
        assert "has cut this address off (HTTP 403" in again.stderr
        assert len(server.calls()) == 7, f"{command} does not knock"

    server.refuse_after = None
    (tmp_path / "cache" / ".cut_off").unlink()
    assert nba_assets("repair", *days, *raw, home=tmp_path, **given).exit_code == 0
    boxes = [dict(query)["GameID"] for _, query in server.calls("boxscoretraditionalv3")]
    assert len(boxes) == 13 + 4, "those of before the cut-off once more, because of the refresh, and all others once"
