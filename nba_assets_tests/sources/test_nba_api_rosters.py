"""Birth dates from the teams' rosters: off by default, one call per team and season, and nothing waits for them."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from nba_assets.settings import load_settings
from nba_assets.sources.base import ResultSet
from nba_assets.sources.files import FilesSource
from nba_assets.sources.nba_api import NbaApiSource
from nba_assets.sources.nba_api.fetch import FetchReport, fetch_season
from nba_assets.sources.nba_api.settings import NbaApiSettings
from nba_assets_tests.sources.stats_server import Fault, Payload, Query, StatsServer, birth_date_of, quick_settings

SEASON = "2021-22"
DAY = date(2021, 11, 11)
CALLS = 1 + 2 + 1 + 2 * 3
TEAMS = 6
NEXT_NOON = datetime(2021, 11, 12, 17, 0, tzinfo=UTC)
ROSTER = "commonteamroster"


@pytest.fixture
def settings(server: StatsServer, tmp_path: Path) -> NbaApiSettings:
    return quick_settings(server, tmp_path / "cache", birth_dates=True)


def fetch(settings: NbaApiSettings, at: datetime = NEXT_NOON) -> FetchReport:
    return fetch_season(SEASON, settings, dates=[DAY], now=lambda: at)


def birth_dates(settings: NbaApiSettings, at: datetime = NEXT_NOON) -> pd.DataFrame | None:
    return NbaApiSource(settings, now=lambda: at).read(ResultSet.BIRTH_DATES, SEASON, [DAY])


def players(known: pd.DataFrame | None) -> int:
    return 0 if known is None else len(known)


def test_they_are_asked_for_only_if_the_settings_say_so(server: StatsServer, tmp_path: Path) -> None:
    assert load_settings().nba_api().birth_dates is False
    assert load_settings(api_birth_dates=True).nba_api().birth_dates is True
    without = quick_settings(server, tmp_path)
    assert fetch(without).calls == CALLS
    assert birth_dates(without) is None
    assert NbaApiSource(without).would_ask(ResultSet.BIRTH_DATES, SEASON, [DAY]) is False


def test_one_call_per_team_and_none_when_all_are_there(server: StatsServer, settings: NbaApiSettings) -> None:
    assert fetch(settings).calls == CALLS + TEAMS
    assert fetch(settings).calls == 0
    asked = len(server.calls(ROSTER))
    source = NbaApiSource(settings, now=lambda: NEXT_NOON)
    source.renew([DAY])
    assert source.read(ResultSet.BIRTH_DATES, SEASON, [DAY]) is not None
    assert len(server.calls(ROSTER)) == asked == TEAMS, "a date that is asked for again is not its rosters"


def test_the_file_is_what_a_directory_of_files_may_have(settings: NbaApiSettings) -> None:
    fetch(settings)
    frame = FilesSource(settings.cache_dir).read(ResultSet.BIRTH_DATES, SEASON)
    assert frame is not None
    assert list(frame.columns) == ["TeamID", "PLAYER", "PLAYER_ID", "BIRTH_DATE"]
    assert frame["PLAYER_ID"].is_unique
    told = dict(zip(frame["PLAYER_ID"], pd.to_datetime(frame["BIRTH_DATE"], format="%b %d, %Y"), strict=True))
    assert told == {player: birth_date_of(player) for player in told}


def test_they_are_brought_in_by_whoever_reads_first(server: StatsServer, settings: NbaApiSettings) -> None:
    fetch(replace(settings, birth_dates=False))
    source = NbaApiSource(settings, now=lambda: NEXT_NOON)
    assert source.read(ResultSet.BIRTH_DATES, SEASON, ()) is None, "of no dates nobody is asked"
    assert source.would_ask(ResultSet.BIRTH_DATES, SEASON, [DAY]) is True
    found = source.read(ResultSet.BIRTH_DATES, SEASON, [DAY])
    assert (found is not None, len(server.calls(ROSTER))) == (True, TEAMS)
    assert source.would_ask(ResultSet.BIRTH_DATES, SEASON, [DAY]) is False


def test_a_roster_that_cannot_be_had_holds_nobody_up(
    server: StatsServer, settings: NbaApiSettings, caplog: pytest.LogCaptureFixture
) -> None:
    server.misbehave(ROSTER, [Fault(500)] * settings.max_attempts)
    with caplog.at_level(logging.WARNING):
        report = fetch(settings)
    assert (report.games, "player_age stays NULL" in caplog.text) == (3, True)
    calls = settings.max_attempts + TEAMS - 1
    assert players(birth_dates(settings)) > 0, "of the other teams"
    assert len(server.calls(ROSTER)) == calls, "nor is it tried again at once"
    few = players(birth_dates(settings))
    assert players(birth_dates(settings, NEXT_NOON + settings.cache_age)) > few
    assert len(server.calls(ROSTER)) == calls + 1, "and then that team's alone"


@pytest.mark.parametrize("change", ["BIRTH_DATE", "rows"])
def test_an_answer_without_what_it_is_asked_for_holds_nobody_up(
    server: StatsServer, settings: NbaApiSettings, change: str
) -> None:
    def edit(payload: Payload, _: Query) -> Payload:
        roster = payload["resultSets"][0]
        if change == "rows":
            return {**payload, "resultSets": [{**roster, "rowSet": []}, payload["resultSets"][1]]}
        headers = ["BORN" if name == change else name for name in roster["headers"]]
        return {**payload, "resultSets": [{**roster, "headers": headers}, payload["resultSets"][1]]}

    server.edits[ROSTER] = edit
    assert fetch(settings).games == 3
    assert birth_dates(settings) is None


def test_who_comes_in_a_season_that_is_on_is_known_a_month_later(server: StatsServer, settings: NbaApiSettings) -> None:
    fetch(settings)
    soon, later, over = (NEXT_NOON + timedelta(days=days) for days in (29, 30, 365))
    birth_dates(settings, soon)
    assert len(server.calls(ROSTER)) == TEAMS
    known = birth_dates(settings, soon)
    assert known is not None
    gone = int(known["PLAYER_ID"].iloc[0])

    def edit(payload: Payload, _: Query) -> Payload:
        roster = payload["resultSets"][0]
        at = roster["headers"].index("PLAYER_ID")
        rows = [row for row in roster["rowSet"] if row[at] != gone]
        return {**payload, "resultSets": [{**roster, "rowSet": rows}, payload["resultSets"][1]]}

    server.edits[ROSTER] = edit
    found = birth_dates(settings, later)
    assert len(server.calls(ROSTER)) == 2 * TEAMS
    assert found is not None
    assert gone in set(found["PLAYER_ID"]), "who has left was here"
    birth_dates(settings, over)
    birth_dates(settings, over + timedelta(days=300))
    assert len(server.calls(ROSTER)) == 3 * TEAMS, "a season that is over is asked for once more, and then never"
