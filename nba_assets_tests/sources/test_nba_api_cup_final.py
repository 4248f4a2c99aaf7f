"""The live source and the Cup final: one call for its box score, and none for anything else of it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from nba_assets.engine.materialize import RunInfo, materialize
from nba_assets.league.calendar import COUNTING_TYPES
from nba_assets.league.teams import CODE_BY_ID
from nba_assets.partition import Status
from nba_assets.planning.load import load_state
from nba_assets.planning.pending_requests import dates_to_reread, pending_requests
from nba_assets.session import Session
from nba_assets.settings import load_settings
from nba_assets.sources.base import ResultSet
from nba_assets.sources.files import FilesSource
from nba_assets.sources.nba_api.fetch import FetchIncompleteError, fetch_season
from nba_assets.sources.nba_api.settings import NbaApiSettings
from nba_assets_tests.cup_finals import (
    DAY,
    GAME,
    SEASON,
    Frames,
    box_score,
    season_with_final,
    write,
)
from nba_assets_tests.engine.warehouses import stored
from nba_assets_tests.sources.stats_server import Fault, StatsServer, quick_settings

EVE, NEXT = DAY - timedelta(days=1), DAY + timedelta(days=1)
MORNING_AFTER = datetime(2023, 11, 24, 12, 30, tzinfo=UTC)
LATER = datetime(2024, 7, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def frames() -> Frames:
    """The site has the final's box score."""
    found = season_with_final(NEXT + timedelta(days=2))
    box = pd.concat([found[ResultSet.BOX_SCORES], box_score(found)], ignore_index=True)
    return {**found, ResultSet.BOX_SCORES: box}


@pytest.fixture(scope="module")
def site(frames: Frames, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, schedule = tmp_path_factory.mktemp("site"), frames[ResultSet.SCHEDULE]
    ids = {code: number for number, code in CODE_BY_ID.items()}
    sides = {f"{side}_teamId": schedule[f"{side}_teamTricode"].map(ids).fillna(0) for side in ("homeTeam", "awayTeam")}
    listed = schedule.assign(arenaState="", **{name: of_side.astype("int64") for name, of_side in sides.items()})
    write(folder, {**frames, ResultSet.SCHEDULE: listed})
    return folder / "data"


@pytest.fixture
def server(site: Path) -> Iterator[StatsServer]:
    with StatsServer(site) as running:
        yield running


@pytest.fixture
def settings(server: StatsServer, tmp_path: Path) -> NbaApiSettings:
    return quick_settings(server, tmp_path / "cache", game_types=COUNTING_TYPES)


def _to_come(payload: dict[str, Any], _query: dict[str, str]) -> dict[str, Any]:
    """The schedule of the final's own morning."""
    for day in payload["leagueSchedule"]["gameDates"]:
        for game in day["games"]:
            if game["gameId"] == GAME:
                game |= {"gameStatus": 1, "gameStatusText": "8:30 pm ET"}
    return payload


def _asked_of_final(server: StatsServer) -> list[str]:
    return [endpoint for endpoint, query in server.calls() if dict(query).get("GameID") == GAME]


def test_the_box_score_of_the_final_is_one_call_more(server: StatsServer, settings: NbaApiSettings) -> None:
    report = fetch_season(SEASON, settings, dates=[DAY], now=lambda: LATER)
    assert report.games == 1
    assert [endpoint for endpoint, _ in server.calls()] == ["scheduleleaguev2", "boxscoretraditionalv3"]
    assert _asked_of_final(server) == ["boxscoretraditionalv3"]
    assert fetch_season(SEASON, settings, dates=[DAY], now=lambda: LATER).calls == 0
    assert report.shortcomings == ()


def test_beside_other_dates_nothing_is_asked_of_it_but_its_box_score(
    server: StatsServer, settings: NbaApiSettings, frames: Frames
) -> None:
    report = fetch_season(SEASON, settings, dates=[EVE, DAY, NEXT], now=lambda: LATER)
    log = frames[ResultSet.TEAM_LOG]
    games = log.loc[log["GAME_DATE"].str[:10].isin([str(EVE), str(NEXT)]), "GAME_ID"].nunique()
    assert report.games == games + 1
    calls = Counter(endpoint for endpoint, _ in server.calls())
    assert calls == {
        "scheduleleaguev2": 1,
        "leaguegamelog": 2,
        "shotchartdetail": 1,
        "boxscoretraditionalv3": games + 1,
        "boxscoresummaryv3": games,
    }
    cached = FilesSource(settings.cache_dir).read(ResultSet.BOX_SCORES, SEASON)
    assert cached is not None
    of_final = cached[cached["gameId"].eq(GAME)]
    assert set(of_final["personId"]) == set(box_score(frames)["personId"])


def test_one_that_is_not_over_is_not_asked_for(server: StatsServer, settings: NbaApiSettings) -> None:
    server.edits["scheduleleaguev2"] = _to_come
    assert fetch_season(SEASON, settings, dates=[DAY], now=lambda: LATER).games == 0
    assert _asked_of_final(server) == []


def test_one_that_is_not_there_yet_is_named_until_it_is_late(server: StatsServer, settings: NbaApiSettings) -> None:
    def nobody(payload: dict[str, Any], query: dict[str, str]) -> dict[str, Any]:
        for side in ("homeTeam", "awayTeam") if query["GameID"] == GAME else ():
            payload["boxScoreTraditional"][side]["players"] = []
        return payload

    server.edits["boxscoretraditionalv3"] = nobody
    with pytest.raises(FetchIncompleteError, match=f"{GAME}|boxscoretraditionalv3"):
        fetch_season(SEASON, settings, dates=[DAY], now=lambda: MORNING_AFTER)
    report = fetch_season(SEASON, settings, dates=[DAY], now=lambda: LATER)
    assert [GAME in text for text in report.shortcomings] == [True]
    assert fetch_season(SEASON, settings, dates=[DAY], now=lambda: LATER).calls == 0


def _session(home: Path, server: StatsServer, now: datetime) -> Session:
    values: dict[str, Any] = {
        "source": "nba_api",
        "api_base_url": server.url,
        "api_cache_dir": home / "cache",
        "api_calls_per_second": math.inf,
        "api_proxy": "",
        "api_max_attempts": 1,
        "now": now.isoformat(),
    }
    return Session(load_settings(home=home, **values))


_BUILT = ("raw_schedule", "raw_team_boxscores", "raw_player_boxscores")


def _build(at: Session, *days: date) -> dict[str, list[Status]]:
    built = {name: materialize(at, name, days, RunInfo()) for name in _BUILT}
    return {name: [one.outcome.status for one in results] for name, results in built.items()}


def test_its_date_has_no_games_and_those_who_played(server: StatsServer, tmp_path: Path, frames: Frames) -> None:
    at = _session(tmp_path, server, LATER)
    assert {(name, *statuses) for name, statuses in _build(at, DAY).items()} == {(n, Status.NO_GAMES) for n in _BUILT}
    rows = stored(at, "raw_player_boxscores", DAY)
    assert set(rows["player_id"]) == set(box_score(frames)["personId"])
    assert rows["minutes_are_exact"].all()


def test_a_site_without_it_stops_nothing_and_what_it_has_later_is_news(server: StatsServer, tmp_path: Path) -> None:
    server.misbehave("boxscoretraditionalv3", [Fault(404, "no such game")] * 50)
    at = _session(tmp_path, server, MORNING_AFTER)
    assert set(map(tuple, _build(at, DAY).values())) == {(Status.NO_GAMES,)}
    assert stored(at, "raw_player_boxscores", DAY).empty
    assert load_state(at, DAY, DAY).cell("raw_player_boxscores", DAY).status == Status.NO_GAMES

    server.misbehave("boxscoretraditionalv3", [])
    fetch_season(SEASON, at.settings.nba_api(), dates=[DAY], now=lambda: LATER)
    later = _session(tmp_path, server, LATER)
    cell = load_state(later, DAY, DAY).cell("raw_player_boxscores", DAY)
    assert cell.status == Status.STALE
    assert GAME in str(cell.reason)
    _build(later, DAY)
    assert len(stored(later, "raw_player_boxscores", DAY))


def test_the_morning_after_asks_for_it(server: StatsServer, tmp_path: Path, frames: Frames) -> None:
    """On the final's own morning the schedule has it still to come."""
    server.edits["scheduleleaguev2"] = _to_come
    _build(_session(tmp_path, server, datetime(2023, 11, 23, 13, tzinfo=UTC)), EVE, DAY)
    server.edits.clear()
    at = _session(tmp_path, server, MORNING_AFTER)
    assert pending_requests(at).outdated == {DAY}
    assert DAY in dates_to_reread(at)
    _build(at, DAY)
    assert len(stored(at, "raw_player_boxscores", DAY)) == len(box_score(frames))
    assert pending_requests(at).outdated == frozenset()
