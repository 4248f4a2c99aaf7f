"""Live data against a loopback server that replays real seasons: what is fetched is what the files have."""

from __future__ import annotations

import math
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from nba_assets.schema.table import Inputs
from nba_assets.sources.base import OPTIONAL_RESULT_SETS, ResultSet, Source
from nba_assets.sources.files import FilesSource
from nba_assets.sources.nba_api import NbaApiSource
from nba_assets.sources.nba_api.fetch import FetchDriftError, FetchProgress, fetch_season
from nba_assets.sources.nba_api.pace import SourceUnavailableError
from nba_assets.sources.nba_api.settings import NbaApiSettings
from nba_assets.tables.raw_game_lines import RAW_GAME_LINES
from nba_assets.tables.raw_player_boxscores import RAW_PLAYER_BOXSCORES
from nba_assets.tables.raw_schedule import RAW_SCHEDULE
from nba_assets.tables.raw_shots import RAW_SHOTS
from nba_assets.tables.raw_team_boxscores import RAW_TEAM_BOXSCORES
from nba_assets_tests.needs import real_data
from nba_assets_tests.sources.stats_server import IDLE_SECONDS, REGULAR, Fault, StatsServer, quick_settings

READ_AT = pd.Timestamp("2024-01-01", tz="UTC")
FETCHED = [result_set for result_set in ResultSet if result_set not in OPTIONAL_RESULT_SETS]

SEASON = "2021-22"
SIX_GAMES = date(2021, 11, 18)
THREE_GAMES = date(2021, 11, 11)
CALLS_OF_SIX_GAMES = 1 + 2 + 1 + 2 * 6
"""The schedule, both logs, the shots, and two calls for each game."""


def raw_tables(source: Source, season: str, dates: pd.DatetimeIndex) -> dict[str, pd.DataFrame]:
    """The raw tables of some dates, computed from a source, rows in the order of their keys."""
    frames = {result_set: source.read(result_set, season, list(dates.date)) for result_set in ResultSet}
    done: dict[str, pd.DataFrame] = {}
    for table in (RAW_SCHEDULE, RAW_TEAM_BOXSCORES, RAW_PLAYER_BOXSCORES, RAW_SHOTS, RAW_GAME_LINES):
        inputs = Inputs(on_date=done, source=frames, read_at=READ_AT, counting_types=REGULAR)
        rows = table.shape(table.compute(inputs, dates))
        done = done | {table.name: rows.sort_values(table.keys, ignore_index=True)}
    return done


def in_order(frame: pd.DataFrame | None) -> pd.DataFrame:
    """By game and person, team or event; the schedule is in the league's order."""
    assert frame is not None
    names = ("gameId", "GAME_ID", "personId", "PLAYER_ID", "GAME_EVENT_ID", "TEAM_ID")
    return frame.sort_values([name for name in names if name in frame], ignore_index=True)


def of_games_on(frame: pd.DataFrame, schedule: pd.DataFrame, days: set[date]) -> pd.DataFrame:
    listed = schedule[schedule["gameDateEst"].isin({str(day) for day in days})]
    return frame[frame["gameId" if "gameId" in frame else "GAME_ID"].isin(set(listed["gameId"]))]


@pytest.mark.soak
def test_a_whole_season_is_what_the_files_have(tmp_path: Path) -> None:
    with StatsServer(real_data()) as server:
        settings = quick_settings(server, tmp_path)
        told: list[FetchProgress] = []
        report = fetch_season("2022-23", settings, progress=told.append)
        calls = server.calls()

        assert report.games == 1230
        assert report.shortcomings == ()
        assert len(calls) == len(set(calls)) == report.calls
        assert (told[0].calls_done, told[0].seconds_left) == (0, None)
        assert (told[-1].calls_done, told[-1].games_done) == (told[-1].calls_total, 1230)
        assert told[-1].calls_total == report.calls - 1  # all but the schedule

        files, cached, live = FilesSource(real_data()), FilesSource(tmp_path), NbaApiSource(settings)
        for result_set in FETCHED:
            expected = in_order(files.read(result_set, "2022-23"))
            pd.testing.assert_frame_equal(in_order(cached.read(result_set, "2022-23")), expected)

        lines = f"2022-23/{ResultSet.GAME_LINES}.parquet"
        (tmp_path / lines).write_bytes((real_data() / lines).read_bytes())
        dates = pd.date_range("2022-10-01", "2023-06-30")
        expected_tables = raw_tables(files, "2022-23", dates)
        for name, rows in raw_tables(live, "2022-23", dates).items():
            assert len(rows) > 1000
            pd.testing.assert_frame_equal(rows, expected_tables[name])
        assert server.calls() == calls, "reading what is in the cache makes no call"


def test_a_day_at_a_time_is_what_the_files_have(server: StatsServer, settings: NbaApiSettings) -> None:
    days = [THREE_GAMES + timedelta(days=n) for n in range(3)]
    live, files = NbaApiSource(settings), FilesSource(real_data())
    for day in days:
        only = pd.DatetimeIndex([day])
        expected = raw_tables(files, SEASON, only)
        for name, rows in raw_tables(live, SEASON, only).items():
            if name != RAW_GAME_LINES.name:
                pd.testing.assert_frame_equal(rows, expected[name])
    assert len(server.calls()) == len(set(server.calls()))
    schedule = files.read(ResultSet.SCHEDULE, SEASON)
    for result_set in FETCHED[1:]:
        expected_rows = of_games_on(files.read(result_set, SEASON), schedule, set(days))
        pd.testing.assert_frame_equal(in_order(live.read(result_set, SEASON, days)), in_order(expected_rows))


def test_playoffs_and_play_in_are_asked_for_by_their_own_names(server: StatsServer, tmp_path: Path) -> None:
    settings = quick_settings(server, tmp_path, game_types=frozenset({"002", "004", "005"}))
    day = date(2022, 4, 16)
    with pytest.raises(FetchDriftError, match=r"SeasonType=Playoffs.*no rows, though 4 games finished"):
        fetch_season(SEASON, settings, dates=[day])
    asked = {dict(query)["SeasonType"] for _, query in server.calls("leaguegamelog")}
    assert asked == {"Playoffs"}


def test_requests_look_as_those_of_nba_api(server: StatsServer, settings: NbaApiSettings) -> None:
    NbaApiSource(settings).read(ResultSet.SHOTS, SEASON, [SIX_GAMES])
    assert [asked.endpoint for asked in server.asked] == ["scheduleleaguev2", "shotchartdetail"]
    shots = server.asked[-1]
    assert shots.headers["Referer"] == "https://www.nba.com/"
    assert shots.headers["User-Agent"].startswith("Mozilla/5.0")
    assert dict(shots.query)["ContextMeasure"] == "FGA"
    assert dict(shots.query)["DateFrom"] == dict(shots.query)["DateTo"] == "11/18/2021"


def test_refresh_reads_the_last_days_again_and_names_corrected_games(
    server: StatsServer, settings: NbaApiSettings
) -> None:
    days = [SIX_GAMES - timedelta(days=1), SIX_GAMES]
    fetch_season(SEASON, settings, dates=days)
    before = len(server.asked)
    assert fetch_season(SEASON, settings, dates=days).calls == 0

    def corrected(payload: dict, query: dict) -> dict:
        log = payload["resultSets"][0]
        points, game = log["headers"].index("PTS"), log["headers"].index("GAME_ID")
        for row in log["rowSet"]:
            row[points] += 2 * (row[game] == "0022100225" and query["PlayerOrTeam"] == "P")
        return payload

    server.edits["leaguegamelog"] = corrected
    report = fetch_season(SEASON, settings, dates=days, refresh_days=1)
    again = server.calls()[before:]
    assert len(again) == report.calls == CALLS_OF_SIX_GAMES
    assert {dict(query)["DateFrom"] for endpoint, query in again if endpoint == "leaguegamelog"} == {"11/18/2021"}
    assert report.changed_games == ("0022100225",)


def test_a_game_listed_but_not_final_is_fetched_once_it_is(server: StatsServer, settings: NbaApiSettings) -> None:
    late_game = "0022100225"

    def not_final(payload: dict, _query: dict) -> dict:
        for day in payload["leagueSchedule"]["gameDates"]:
            for game in day["games"]:
                if game["gameId"] == late_game:
                    game |= {"gameStatus": 2, "gameStatusText": "Q4 5:02"}
        return payload

    server.edits["scheduleleaguev2"] = not_final
    evening = datetime(2021, 11, 19, 4, 0, tzinfo=UTC)
    report = fetch_season(SEASON, settings, dates=[SIX_GAMES], now=lambda: evening)
    assert report.games == 5
    assert not any(late_game in dict(query).values() for _, query in server.calls())
    log = FilesSource(settings.cache_dir).read(ResultSet.PLAYER_LOG, SEASON)
    assert late_game not in set(log["GAME_ID"])

    server.edits.clear()
    next_noon = datetime(2021, 11, 19, 17, 0, tzinfo=UTC)
    assert fetch_season(SEASON, settings, dates=[SIX_GAMES], now=lambda: next_noon).games == 6
    log = FilesSource(settings.cache_dir).read(ResultSet.PLAYER_LOG, SEASON)
    assert late_game in set(log["GAME_ID"])


def test_yesterdays_rows_are_read_again_until_the_league_has_corrected_them(settings: NbaApiSettings) -> None:
    def calls_at(moment: datetime) -> int:
        return fetch_season(SEASON, settings, dates=[SIX_GAMES], now=lambda: moment).calls

    midnight = datetime(2021, 11, 19, 5, 30, tzinfo=UTC)
    assert calls_at(midnight) == CALLS_OF_SIX_GAMES
    assert calls_at(midnight + timedelta(minutes=30)) == 0
    assert calls_at(midnight + timedelta(hours=7)) >= CALLS_OF_SIX_GAMES - 1
    assert calls_at(midnight + timedelta(days=3)) == 0


_FETCH = """
import math, sys
from datetime import date
from pathlib import Path
from nba_assets.sources.nba_api.fetch import fetch_season
from nba_assets.sources.nba_api.settings import NbaApiSettings
url, cache, season, rate, *days = sys.argv[1:]
settings = NbaApiSettings(cache_dir=Path(cache), base_url=url, calls_per_second=float(rate), proxy="",
                          game_types=frozenset({"002"}))
fetch_season(season, settings, dates=[date.fromisoformat(day) for day in days])
"""


def fetch_elsewhere(server: StatsServer, cache: Path, season: str, *days: date, rate: float = math.inf) -> Any:
    """A fetch in a process of its own."""
    arguments = [server.url, str(cache), season, str(rate), *map(str, days)]
    return subprocess.Popen([sys.executable, "-c", _FETCH, *arguments], stderr=subprocess.PIPE, text=True)


def test_a_killed_fetch_goes_on_without_repeating_a_call(server: StatsServer, settings: NbaApiSettings) -> None:
    server.hold_after = 12
    process = fetch_elsewhere(server, settings.cache_dir, SEASON, SIX_GAMES, THREE_GAMES)
    deadline = time.monotonic() + 60
    while len(server.asked) <= 12 and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    answered = server.calls()[:12]
    assert len(server.calls()) == 13
    server.hold_after = None

    assert fetch_season(SEASON, settings, dates=[SIX_GAMES, THREE_GAMES]).games == 9
    assert not set(answered) & set(server.calls()[13:])
    files = FilesSource(real_data())
    schedule = files.read(ResultSet.SCHEDULE, SEASON)
    for result_set in FETCHED[1:]:
        expected = of_games_on(files.read(result_set, SEASON), schedule, {SIX_GAMES, THREE_GAMES})
        cached = FilesSource(settings.cache_dir).read(result_set, SEASON)
        pd.testing.assert_frame_equal(in_order(cached), in_order(expected))


def test_two_processes_at_once_share_the_work(server: StatsServer, settings: NbaApiSettings) -> None:
    processes = [fetch_elsewhere(server, settings.cache_dir, SEASON, SIX_GAMES) for _ in range(2)]
    for process in processes:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    assert len(server.calls()) == len(set(server.calls())) == CALLS_OF_SIX_GAMES
    assert fetch_season(SEASON, settings, dates=[SIX_GAMES]).calls == 0


def test_two_processes_together_keep_to_the_calls_a_second(server: StatsServer, settings: NbaApiSettings) -> None:
    rate = 10
    processes = [
        fetch_elsewhere(server, settings.cache_dir, SEASON, THREE_GAMES, rate=rate),
        fetch_elsewhere(server, settings.cache_dir, "2022-23", date(2022, 11, 10), rate=rate),
    ]
    for process in processes:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    times = sorted(asked.at for asked in server.asked)
    assert len({dict(query).get("Season") for _, query in server.calls()} - {None}) == 2
    assert len(times) > 2 * rate
    windows = [later - earlier for earlier, later in zip(times, times[rate:], strict=False)]
    assert min(windows) > 0.95  # `rate` + 1 calls need a second; a request may be a moment on its way


def test_no_thread_and_no_connection_is_left_behind(server: StatsServer, settings: NbaApiSettings) -> None:
    before = set(threading.enumerate())
    fetch_season(SEASON, settings, dates=[THREE_GAMES])
    NbaApiSource(settings).read(ResultSet.SHOTS, SEASON, [SIX_GAMES])
    server.misbehave("scheduleleaguev2", [Fault(403, "no")])
    with pytest.raises(SourceUnavailableError):
        NbaApiSource(settings).read(ResultSet.SHOTS, "2022-23", [SIX_GAMES])
    started = time.monotonic()
    server.close()  # waits for its connections to be closed from the other side
    assert time.monotonic() - started < IDLE_SECONDS / 2
    assert set(threading.enumerate()) <= before


def test_reports_and_lines_come_from_files_beside_the_others(server: StatsServer, settings: NbaApiSettings) -> None:
    source = NbaApiSource(settings)
    assert source.read(ResultSet.INJURY_REPORTS, SEASON) is None
    folder = settings.cache_dir / SEASON
    folder.mkdir(parents=True)
    name = "injury_report.parquet"
    (folder / name).write_bytes((real_data() / SEASON / name).read_bytes())
    expected = FilesSource(real_data()).read(ResultSet.INJURY_REPORTS, SEASON)
    pd.testing.assert_frame_equal(source.read(ResultSet.INJURY_REPORTS, SEASON), expected)
    assert source.read(ResultSet.GAME_LINES, SEASON) is None
    assert server.asked == []
