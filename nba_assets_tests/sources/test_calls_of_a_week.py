"""What the schedules of an ordinary week cost in calls, and a whole season by the same count: what the docs say."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, datetime, timedelta
from itertools import repeat
from pathlib import Path

import dagster as dg
import pytest

from nba_assets.league.calendar import days_between
from nba_assets.orchestration.schedules import MORNING_TAG, next_attempt
from nba_assets.partition import Status
from nba_assets.planning.pending_requests import pending_requests
from nba_assets.sources.base import ResultSet
from nba_assets.sources.nba_api import NbaApiSource
from nba_assets.sources.nba_api.cache import SeasonCache
from nba_assets.sources.nba_api.fetch import fetch_season
from nba_assets.sources.nba_api.plan import Scope, calls_for, fetched_result_sets, finished_games
from nba_assets.sources.nba_api.settings import NbaApiSettings
from nba_assets_tests.engine.warehouses import cell, files
from nba_assets_tests.orchestration.morning import QUIET, Morning, eastern
from nba_assets_tests.sources.live_home import Home
from nba_assets_tests.sources.stats_server import REGULAR, Fault, StatsServer, as_of, quick_settings

BEFORE = date(2021, 11, 6)
WEEK = days_between(date(2021, 11, 8), date(2021, 11, 14))
OPENING, LAST = date(2021, 10, 19), date(2022, 4, 10)
PAGE = Path(__file__).parents[2] / "docs" / "live-data.md"
_DAY = timedelta(days=1)


@pytest.fixture
def home(server: StatsServer, tmp_path: Path) -> Home:
    return Home(tmp_path, server)


def games() -> Counter[date]:
    """Date -> games of the regular season."""
    schedule = files().read(ResultSet.SCHEDULE, "2021-22")
    assert schedule is not None
    played = schedule[schedule["gameId"].str.startswith("002", na=False) & schedule["gameStatus"].eq(3)]
    return Counter(played["gameDateEst"].str[:10].map(date.fromisoformat))


def calls_of(day: date, played: Counter[date]) -> int:
    """The morning's schedule and the night before; at eleven the schedule and the games of 1, 3 and 7 days ago.

    On Mondays the season's logs besides.
    """
    night = played[day - _DAY]
    again = sum(played[day - n * _DAY] for n in (1, 3, 7))
    swept = 2 if day.weekday() == 0 and any(played[day - n * _DAY] for n in range(1, 15)) else 0
    return 1 + (2 + 1 + 2 * night if night else 0) + (1 + 2 + 1 + 2 * again if again else 0) + swept


class Week:
    """A machine on which the schedules run; the site has what it had at every moment."""

    def __init__(self, server: StatsServer, home: Path) -> None:
        self._server = server
        self._settings = quick_settings(server, home / "cache")
        start = eastern(2021, 11, 7, 10)
        server.edits["scheduleleaguev2"] = as_of(start)
        fetch_season("2021-22", self._settings, now=lambda: start)
        self.morning = Morning(home, loaded_to=BEFORE, now=start, source=self._live(start))

    def calls_on(self, day: date) -> int:
        """What a day costs: the morning's ticks, and eleven o'clock."""
        before = len(self._server.calls())
        for hour, minute in ((6, 0), (6, 15), (8, 0), (14, 45)):
            self._at(day, hour, minute)
            request = next_attempt(self.morning.session, self.morning.instance)
            if isinstance(request, dg.RunRequest):
                self._run("daily", request.tags)
            if (hour, minute) == (8, 0):
                self._at(day, 11)
                self._run("reread", {})
        return len(self._server.calls()) - before

    def _at(self, day: date, hour: int, minute: int = 0) -> None:
        now = eastern(day.year, day.month, day.day, hour, minute)
        self._server.edits["scheduleleaguev2"] = as_of(now)
        self.morning.now = now
        self.morning.use(self._live(now))

    def _run(self, job: str, tags: dict[str, str]) -> None:
        run = self.morning.defs.resolve_job_def(job)
        assert run.execute_in_process(instance=self.morning.instance, run_config=QUIET, tags=tags).success

    def _live(self, now: datetime) -> NbaApiSource:
        return NbaApiSource(self._settings, now=lambda: now)


@pytest.mark.soak
def test_a_day_costs_what_is_counted(server: StatsServer, tmp_path: Path) -> None:
    """And at most four calls more: on some mornings one game's list is in doubt, and asked for again."""
    played, week = games(), Week(server, tmp_path)
    week.calls_on(date(2021, 11, 7))
    more = {day: week.calls_on(day) - calls_of(day, played) for day in WEEK}
    assert set(more.values()) <= {0, 4}
    assert sum(more.values()) <= 16
    found = {cell(week.morning.session, "raw_player_boxscores", day - _DAY).status for day in WEEK[2:]}
    assert found == {Status.OK}


def test_the_docs_say_what_a_day_costs() -> None:
    text, played = PAGE.read_text(encoding="utf-8"), games()
    of_week = [calls_of(day, played) for day in WEEK]
    season = sum(calls_of(day, played) for day in days_between(OPENING, LAST + 7 * _DAY))
    nights = [played[day - _DAY] for day in WEEK]
    assert f"| {' | '.join(map(str, nights))} | {sum(nights)} |" in text
    assert f"| {' | '.join(map(str, of_week))} | {sum(of_week)} |" in text
    (said,) = re.findall(r"in a whole regular season ([\d,]+)", text)
    assert said == f"{season:,}"


def test_the_docs_say_what_a_running_season_costs(tmp_path: Path) -> None:
    """By the calls that would be planned for the real schedule, had it ended there."""
    schedule = files().read(ResultSet.SCHEDULE, "2021-22")
    assert schedule is not None
    settings = NbaApiSettings(cache_dir=tmp_path, game_types=REGULAR)
    rows = re.findall(r"\| (2\d{3}-\d\d-\d\d) \| ([\d,]+) \| ([\d,]+) \| (\d+) \|", PAGE.read_text(encoding="utf-8"))
    assert len(rows) == 5
    for last, *said in rows:
        scope = Scope(None, None, datetime.fromisoformat(f"{last}T12:00-05:00") + _DAY)
        played = finished_games(schedule[schedule["gameDateEst"].str[:10] <= last], scope, settings)
        cache = SeasonCache(tmp_path, "2021-22")
        calls = 1 + len(calls_for(played, cache, fetched_result_sets(settings), scope, settings))
        minutes = calls * settings.seconds_between_calls / 60
        assert said == [f"{len(played):,}", f"{calls:,}", f"{minutes:.0f}"], last


@pytest.mark.long
def test_from_nothing_to_tonight(server: StatsServer, home: Home) -> None:
    """The commands of the quick start; `backfill` finds everything in the cache."""
    now = eastern(2021, 10, 22, 9)
    server.edits["scheduleleaguev2"] = as_of(now)
    server.refuse_after, server.refusals = 20, iter([Fault(500, "oops")] * 5)
    assert home.run("fetch", "current", now=now).exit_code == 1
    fetched = home.run("fetch", "current", now=now)
    assert fetched.exit_code == 0, fetched.output
    assert len(set(server.calls())) == 1 + 2 + 1 + 2 * 16
    assert len(server.calls()) == 1 + 2 + 1 + 2 * 16 + 5, "what was there was not asked for again"
    built = home.run("backfill", "2021-10-19", "2021-10-22", now=now)
    assert (built.exit_code, built.calls) == (1, {}), built.output
    assert "NOT_DUE raw_team_boxscores 2021-10-22: results are not due yet" in built.stderr
    assert cell(home.session(now), "ml_feature_store_v2", now.date()).status == Status.BOOTSTRAP
    assert cell(home.session(now), "player_game_summary", now.date() - _DAY).status == Status.OK


@pytest.mark.soak
def test_a_site_that_was_down_in_the_morning_is_asked_again(server: StatsServer, tmp_path: Path) -> None:
    """The cache has the schedule of the day before, by which last night's games are not over."""
    yesterday, today = date(2021, 11, 7), date(2021, 11, 8)
    week = Week(server, tmp_path)
    server.refuse_after, server.refusals = 0, repeat(Fault(503, "busy"))
    week._at(today, 6)
    job = week.morning.defs.resolve_job_def("daily")
    tags = {MORNING_TAG: str(today)}
    failed = job.execute_in_process(instance=week.morning.instance, run_config=QUIET, tags=tags, raise_on_error=False)
    assert not failed.success
    assert cell(week.morning.session, "raw_schedule", today).status == Status.ERROR
    server.refuse_after = None
    week._at(today, 8)
    pending = pending_requests(week.morning.session)
    assert {"raw_schedule", "raw_team_boxscores"} <= {one.table for one in pending.must_be_there}
    week._run("daily", tags)
    for name in ("raw_schedule", "raw_team_boxscores", "raw_player_boxscores"):
        assert cell(week.morning.session, name, yesterday).status in (Status.OK, Status.DEGRADED), name
    assert cell(week.morning.session, "raw_schedule", today).status == Status.OK
