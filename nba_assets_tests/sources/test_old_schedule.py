"""How far a schedule of the live source is believed: seven days from its fetch, unless its season is over."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from nba_assets.league.calendar import days_between
from nba_assets.overview.freshness import never_asked_for
from nba_assets.partition import Status
from nba_assets.planning.load import load_state
from nba_assets.planning.schedule_at_hand import ScheduleAtHand
from nba_assets.session import Session
from nba_assets.sources.base import ResultSet
from nba_assets.sources.files import FilesSource
from nba_assets.sources.nba_api import NbaApiSource
from nba_assets.tables import RAW
from nba_assets.tables.raw_schedule import reach, whole_schedule
from nba_assets_tests.engine.warehouses import build_range, cell, files, session, stored
from nba_assets_tests.orchestration.morning import eastern
from nba_assets_tests.sources.stats_server import StatsServer, as_of, quick_settings

FETCHED = eastern(2021, 11, 1, 9)
BELIEVED_TO, BEYOND = date(2021, 11, 8), date(2021, 11, 9)
A_MONTH = 31 * 24 * 60.0


class Lazy:
    """A live source that keeps its schedule for a month before it asks again, at moments of the test's."""

    def __init__(self, server: StatsServer, home: Path) -> None:
        self._server, self.home = server, home
        self._settings = quick_settings(server, home / "cache", cache_minutes=A_MONTH)

    def at(self, now: datetime) -> Session:
        self._server.edits["scheduleleaguev2"] = as_of(now)
        return session(self.home, NbaApiSource(self._settings, now=lambda: now), now=now)


@pytest.fixture
def lazy(server: StatsServer, tmp_path: Path) -> Lazy:
    return Lazy(server, tmp_path)


def test_a_schedule_that_is_fetched_reaches_seven_days_or_to_its_end() -> None:
    listed = files().read(ResultSet.SCHEDULE, "2021-22")
    schedule = whole_schedule({ResultSet.SCHEDULE: listed})
    running = schedule[schedule["game_date"] <= "2022-03-01"]
    assert reach(running, "2021-22", FETCHED.date()) == BELIEVED_TO
    assert reach(running, "2021-22", date(2022, 2, 27)) == date(2022, 3, 1)
    assert reach(running, "2021-22") == date(2022, 3, 1), "what nobody can be asked for again is believed"
    assert reach(schedule, "2021-22", date(2022, 4, 11)) == date(2022, 6, 30), "all teams have played"
    one_game_short = schedule[schedule["game_id"] != "0022101230"]
    assert reach(one_game_short, "2021-22", date(2023, 1, 1)) == date(2022, 6, 16), "fetched after its last entry"


def test_beyond_the_reach_nothing_is_taken_for_a_day_without_games(server: StatsServer, lazy: Lazy) -> None:
    build_range(lazy.at(FETCHED), date(2021, 10, 19), date(2021, 10, 31), tables=["raw_schedule"])
    later = lazy.at(eastern(2021, 11, 12, 9))
    build_range(later, BELIEVED_TO, BEYOND)
    assert len(server.calls("scheduleleaguev2")) == 1
    assert cell(later, "raw_schedule", BELIEVED_TO).status == Status.OK
    beyond = cell(later, "raw_schedule", BEYOND)
    assert beyond.status == Status.MISSING
    assert beyond.reason == (
        "the schedule of the source 'nba_api' was fetched on 2021-11-01, and is believed to 2021-11-08: ask for a "
        "newer one with nba-assets fetch 2021-22"
    )
    for name in ("raw_team_boxscores", "upcoming_team_game_context", "ml_feature_store_v2"):
        assert cell(later, name, BEYOND).status == Status.BLOCKED, name
    newer = session(
        lazy.home, NbaApiSource(quick_settings(server, lazy.home / "cache"), now=later.now), now=later.now()
    )
    build_range(newer, BEYOND, BEYOND, tables=["raw_schedule"])
    assert cell(newer, "raw_schedule", BEYOND).status == Status.OK


def test_what_was_published_with_games_stands(lazy: Lazy) -> None:
    """The cache was replaced by an older copy."""
    build_range(session(lazy.home), BEYOND, BEYOND, tables=["raw_schedule"])
    before = stored(session(lazy.home), "raw_schedule", BEYOND)
    lazy.at(FETCHED).source.read(ResultSet.SCHEDULE, "2021-22", [FETCHED.date()])
    build_range(lazy.at(eastern(2021, 11, 12, 9)), BEYOND, BEYOND, tables=["raw_schedule"])
    assert stored(session(lazy.home), "raw_schedule", BEYOND).equals(before)
    assert len(before) > 0


def test_a_season_that_is_over_reaches_as_before_however_old_the_cache(server: StatsServer, lazy: Lazy) -> None:
    lazy.at(eastern(2022, 4, 12, 9)).source.read(ResultSet.SCHEDULE, "2021-22")
    asked = len(server.calls())
    late = lazy.at(eastern(2022, 5, 2, 9))
    build_range(late, date(2022, 4, 8), date(2022, 5, 1), tables=["raw_schedule"])
    assert cell(late, "raw_schedule", date(2022, 4, 10)).status == Status.OK
    found = {cell(late, "raw_schedule", day).status for day in days_between(date(2022, 4, 20), date(2022, 5, 1))}
    assert found == {Status.NO_GAMES}
    assert len(server.calls()) == asked


def test_files_are_as_they_are(lazy: Lazy) -> None:
    """The same cache, read as a directory of files."""
    lazy.at(FETCHED).source.read(ResultSet.SCHEDULE, "2021-22", [FETCHED.date()])
    copied = session(lazy.home, FilesSource(lazy.home / "cache"), now=eastern(2021, 11, 26, 9))
    build_range(copied, date(2021, 11, 24), date(2021, 11, 25), tables=["raw_schedule"])
    assert cell(copied, "raw_schedule", date(2021, 11, 24)).status == Status.OK
    assert cell(copied, "raw_schedule", date(2021, 11, 25)).status == Status.NO_GAMES


def test_a_silent_day_beyond_the_reach_may_have_had_games(lazy: Lazy) -> None:
    """The daemon stopped on the 20th and is back after Thanksgiving; or on the 10th, and is back three weeks later."""
    for last, expected in ((date(2021, 11, 20), False), (date(2021, 11, 10), True)):
        home = lazy.home / str(last)
        home.mkdir()
        asked_at = Lazy(lazy._server, home)
        stopped = asked_at.at(datetime.combine(last, FETCHED.timetz()))
        build_range(stopped, last - timedelta(days=1), last - timedelta(days=1), tables=RAW)
        build_range(stopped, last, last, tables=["raw_schedule"])
        back = asked_at.at(eastern(2021, 11, 26, 12))
        calls = len(lazy._server.calls())
        silent = [found.day for found in never_asked_for(back, load_state(back, last, date(2021, 11, 26)))]
        assert silent == [d for d in days_between(last, date(2021, 11, 25)) if expected or d.day != 25], "Thanksgiving"
        assert ScheduleAtHand(back).may_have_games(date(2021, 11, 25)) is expected
        assert len(lazy._server.calls()) == calls, "nobody is asked"


def test_a_schedule_that_is_not_published_yet_is_no_gap_in_summer(server: StatsServer, tmp_path: Path) -> None:
    def without_games(payload: dict[str, Any], _query: dict[str, str]) -> dict[str, Any]:
        payload["leagueSchedule"]["gameDates"] = []
        return payload

    server.edits["scheduleleaguev2"] = without_games
    july = eastern(2022, 7, 10, 9)
    source = NbaApiSource(quick_settings(server, tmp_path / "cache"), now=lambda: july)
    summer = session(tmp_path, source, now=july)
    build_range(summer, date(2022, 7, 9), date(2022, 7, 10), tables=RAW)
    assert {cell(summer, name, date(2022, 7, 9)).status for name in ("raw_schedule", "raw_team_boxscores")} == {
        Status.NO_GAMES
    }
