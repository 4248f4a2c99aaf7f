"""What goes wrong on the way to stats.nba.com, or changes there: repeated, refused or kept, and always said."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from nba_assets.schema.table import Inputs
from nba_assets.sources.base import ResultSet, SourceError, SourceSchemaError
from nba_assets.sources.files import FilesSource
from nba_assets.sources.nba_api import NbaApiSource
from nba_assets.sources.nba_api.cache import CacheError
from nba_assets.sources.nba_api.fetch import FetchDriftError, FetchIncompleteError, fetch_season
from nba_assets.sources.nba_api.pace import CircuitOpenError, SourceUnavailableError
from nba_assets.sources.nba_api.settings import NbaApiSettings
from nba_assets.tables.raw_player_boxscores import RAW_PLAYER_BOXSCORES
from nba_assets.tables.raw_schedule import RAW_SCHEDULE
from nba_assets.tables.raw_shots import RAW_SHOTS
from nba_assets_tests.needs import real_data
from nba_assets_tests.sources.stats_server import REGULAR, Fault, StatsServer, quick_settings

SEASON = "2021-22"
DAY = date(2021, 11, 11)
GAMES = ["0022100171", "0022100172", "0022100173"]
FIRST = GAMES[0]
NEXT_NOON = datetime(2021, 11, 12, 17, 0, tzinfo=UTC)
CALLS = 1 + 2 + 1 + 2 * 3

TEAM_LOG, PLAYER_LOG, SHOTS = ResultSet.TEAM_LOG, ResultSet.PLAYER_LOG, ResultSet.SHOTS


def fetch(settings: NbaApiSettings, **options: Any) -> Any:
    return fetch_season(SEASON, settings, dates=[DAY], **({"now": lambda: NEXT_NOON} | options))


def cached(settings: NbaApiSettings, result_set: ResultSet) -> pd.DataFrame | None:
    return FilesSource(settings.cache_dir).find(result_set, SEASON)


def games_in(settings: NbaApiSettings, result_set: ResultSet) -> list[str]:
    frame = cached(settings, result_set)
    return [] if frame is None else sorted(set(frame["gameId" if "gameId" in frame else "GAME_ID"]))


def edit_rows(server: StatsServer, endpoint: str, change: Any, *, only: str | None = None) -> None:
    """Change headers and rows of the first result set; `only` is a mode of the game log, P or T."""

    def edit(payload: dict, query: dict) -> dict:
        if only in (None, query.get("PlayerOrTeam")):
            change(payload["resultSets"][0])
        return payload

    server.edits[endpoint] = edit


TRANSIENT = {
    "429": Fault(429, "", (("Retry-After", "1"),)),
    "500": Fault(500, "oops"),
    "503": Fault(503, "oops"),
    "HTML": Fault(),
    "an error in words": Fault(body='{"Message":"An error has occurred."}'),
    "cut": Fault(cut=True, body='{"resultSets": []}'),
    "silence": Fault(seconds=3.0),
}


@pytest.mark.parametrize("endpoint", ["scheduleleaguev2", "shotchartdetail", "boxscoretraditionalv3"])
@pytest.mark.parametrize("fault", TRANSIENT)
def test_a_passing_fault_costs_one_more_call(server: StatsServer, tmp_path: Path, fault: str, endpoint: str) -> None:
    settings = quick_settings(server, tmp_path, timeout_seconds=1 if fault == "silence" else 30)
    source = NbaApiSource(settings, now=lambda: NEXT_NOON)
    wanted = ResultSet.BOX_SCORES if endpoint.startswith("box") else SHOTS
    server.season(SEASON).load()
    server.misbehave(endpoint, [TRANSIENT[fault]])
    source.read(wanted, SEASON, [DAY])
    assert games_in(settings, wanted) == GAMES
    asked = [asked for asked in server.asked if asked.endpoint == endpoint]
    assert asked[0].call == asked[1].call
    assert len(server.calls()) == len(set(server.calls())) + 1
    if fault == "429":
        assert asked[1].at - asked[0].at >= 1.0, "as long as Retry-After said"


def test_what_does_not_pass_is_named_and_everything_else_is_kept(server: StatsServer, settings: NbaApiSettings) -> None:
    server.misbehave("boxscoresummaryv3", [Fault(500, "oops")] * settings.max_attempts)
    with pytest.raises(FetchIncompleteError) as raised:
        fetch(settings)
    assert not isinstance(raised.value, SourceSchemaError)
    assert f"boxscoresummaryv3(GameID={FIRST}" in str(raised.value)
    assert "HTTP 500" in str(raised.value)
    assert raised.value.dates == [DAY]
    assert games_in(settings, ResultSet.BOX_SCORES) == GAMES
    before = len(server.calls())
    assert fetch(settings).games == 3
    assert [dict(query)["GameID"] for _, query in server.calls()[before:]] == [FIRST]


def test_a_refusal_is_not_repeated(server: StatsServer, settings: NbaApiSettings) -> None:
    server.misbehave("scheduleleaguev2", [Fault(403, "no")])
    with pytest.raises(SourceUnavailableError, match=r"scheduleleaguev2\(.*Season=2021-22.*\): HTTP 403 .*proxy"):
        fetch(settings)
    assert len(server.calls()) == 1
    assert cached(settings, ResultSet.SCHEDULE) is None


def test_without_a_way_to_the_site_lines_are_short_and_the_end_says_what_to_check(
    server: StatsServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = replace(quick_settings(server, tmp_path, max_attempts=3), base_url="http://127.0.0.1:9/{endpoint}")
    with pytest.raises(SourceUnavailableError) as raised:
        fetch(settings)
    lines = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    why = "127.0.0.1 cannot be reached (Connection refused)"
    assert [line.rpartition(" in ")[0] for line in lines] == [
        f"scheduleleaguev2: {why}; attempt {k} of 3" for k in (2, 3)
    ]
    assert f": {why} (3 attempts). Is there a network here, and does it need a proxy (NBA_API_PROXY)?" in str(
        raised.value
    )
    assert len(str(raised.value)) < 300


def test_after_some_failures_in_a_row_no_more_calls_are_made(server: StatsServer, tmp_path: Path) -> None:
    settings = quick_settings(server, tmp_path, max_attempts=2, breaker_failures=3)
    for endpoint in ("leaguegamelog", "shotchartdetail", "boxscoretraditionalv3", "boxscoresummaryv3"):
        server.misbehave(endpoint, [Fault(500, "oops")] * 100)
    with pytest.raises(FetchIncompleteError) as raised:
        fetch(settings)
    assert len(server.calls()) == 1 + 3 * 2
    assert len(raised.value.failures) == CALLS - 1
    assert isinstance(raised.value.failures[-1].error, CircuitOpenError)

    source = NbaApiSource(settings, now=lambda: NEXT_NOON)
    for _ in range(3):
        with pytest.raises(SourceError):
            source.read(PLAYER_LOG, SEASON, [DAY])
    before = len(server.calls())
    with pytest.raises(SourceError, match="none is made for another"):
        source.read(PLAYER_LOG, SEASON, [DAY])
    assert len(server.calls()) == before


def renamed(old: str, new: str) -> Any:
    def change(result: dict) -> None:
        result["headers"] = [new if name == old else name for name in result["headers"]]

    return change


def emptied(result: dict) -> None:
    result["rowSet"] = []


def texts_for(column: str) -> Any:
    def change(result: dict) -> None:
        position = result["headers"].index(column)
        for row in result["rowSet"]:
            row[position] = str(row[position])

    return change


def without(key: str) -> Any:
    return lambda result: result.pop(key)


DRIFTS = {
    "a renamed column": ("leaguegamelog", renamed("PTS", "POINTS"), "lacks the column.* PTS"),
    "a text for a number": ("leaguegamelog", texts_for("AST"), "leaguegamelog_player.AST: expected int"),
    "no rows": ("leaguegamelog", emptied, "no rows, though 3 games finished: 0022100171"),
    "no rows of shots": ("shotchartdetail", emptied, "shotchartdetail.*no rows, though 3 games finished"),
    "another name": ("shotchartdetail", lambda r: r.update(name="Shots"), "lacks the result set Shot_Chart_Detail"),
    "no headers": ("shotchartdetail", without("headers"), "no readable result sets"),
    "no zones": ("shotchartdetail", renamed("SHOT_ZONE_BASIC", "ZONE"), "SHOT_ZONE_BASIC"),
}


@pytest.mark.parametrize("drift", DRIFTS)
def test_drift_is_named_and_nothing_of_it_is_kept(server: StatsServer, settings: NbaApiSettings, drift: str) -> None:
    endpoint, change, message = DRIFTS[drift]
    edit_rows(server, endpoint, change, only="P" if endpoint == "leaguegamelog" else None)
    with pytest.raises(FetchDriftError, match=message) as raised:
        fetch(settings)
    assert isinstance(raised.value, SourceSchemaError)
    assert f"{endpoint}(" in str(raised.value)
    assert games_in(settings, PLAYER_LOG if endpoint == "leaguegamelog" else SHOTS) == []
    assert games_in(settings, TEAM_LOG) == GAMES, "the other answers are good"
    server.edits.clear()
    assert fetch(settings).games == 3


def test_a_member_that_has_gone_from_a_nested_answer_is_drift(server: StatsServer, tmp_path: Path) -> None:
    settings = quick_settings(server, tmp_path, breaker_failures=2)

    def edit(payload: dict, _query: dict) -> dict:
        for player in payload["boxScoreTraditional"]["homeTeam"]["players"]:
            player["pos"] = player.pop("position")
        return payload

    server.edits["boxscoretraditionalv3"] = edit
    with pytest.raises(FetchDriftError, match=r"boxscoretraditionalv3\(GameID=0022100171.*lacks position") as raised:
        fetch(settings)
    assert len(server.calls("boxscoretraditionalv3")) == 2, "after two in a row the others are not asked for"
    assert len(raised.value.failures) == 3
    assert cached(settings, ResultSet.BOX_SCORES) is None
    assert games_in(settings, TEAM_LOG) == GAMES


def test_a_box_score_of_another_game_or_without_starters_is_refused(
    server: StatsServer, settings: NbaApiSettings
) -> None:
    def edit(payload: dict, query: dict) -> dict:
        box = payload["boxScoreTraditional"]
        if query["GameID"] == GAMES[0]:
            box["gameId"] = GAMES[1]
        if query["GameID"] == GAMES[2]:
            for player in box["homeTeam"]["players"] + box["awayTeam"]["players"]:
                player["position"] = ""
        return payload

    server.edits["boxscoretraditionalv3"] = edit
    with pytest.raises(FetchDriftError) as raised:
        fetch(settings)
    assert f"the answer is about game {GAMES[1]}" in str(raised.value)
    assert "nobody has a position" in str(raised.value)
    assert games_in(settings, ResultSet.BOX_SCORES) == [GAMES[1]]


def test_an_empty_schedule_never_replaces_one_with_games(server: StatsServer, settings: NbaApiSettings) -> None:
    fetch(settings)

    def edit(payload: dict, _query: dict) -> dict:
        payload["leagueSchedule"]["gameDates"] = []
        return payload

    server.edits["scheduleleaguev2"] = edit
    with pytest.raises(SourceSchemaError, match="has no games, though the one before had"):
        fetch(settings, refresh_days=1)
    assert len(cached(settings, ResultSet.SCHEDULE)) > 1230
    summer = datetime(2023, 8, 1, tzinfo=UTC)
    assert fetch_season("2023-24", settings, now=lambda: summer).games == 0


def test_columns_that_nobody_reads_may_come(server: StatsServer, settings: NbaApiSettings) -> None:
    def add_column(result: dict) -> None:
        result["headers"].append("NEW")
        result["rowSet"] = [[*row, 1] for row in result["rowSet"]]

    edit_rows(server, "leaguegamelog", add_column)
    assert fetch(settings).games == 3
    assert "NEW" not in cached(settings, PLAYER_LOG)


def test_the_row_cap_is_an_error_and_never_data(server: StatsServer, tmp_path: Path) -> None:
    settings = quick_settings(server, tmp_path, shots_window_days=400)
    with pytest.raises(SourceError, match=r"shotchartdetail\(.*102,400 rows.*smaller shots_window_days"):
        NbaApiSource(settings).read(SHOTS, SEASON)
    assert len(server.calls("shotchartdetail")) == 1
    assert cached(settings, SHOTS) is None


def test_shots_that_the_source_does_not_have_are_named_by_game(server: StatsServer, settings: NbaApiSettings) -> None:
    days = [date(2022, 1, 5), date(2022, 1, 6), date(2022, 1, 7)]
    source = NbaApiSource(settings)
    assert len(source.read(SHOTS, SEASON, days)) > 0
    before = len(server.calls())
    report = fetch_season(SEASON, settings, dates=days)
    assert len(server.calls("shotchartdetail")) == 1, "what is not coming any more is not asked for again"
    assert len(server.calls()) > before
    assert "2021-22: shotchartdetail of game 0022100585: no rows of" in "\n".join(report.shortcomings)
    assert not any("0022100580" in shortcoming for shortcoming in report.shortcomings)


def test_half_a_day_is_refused_by_game_and_the_other_half_kept(server: StatsServer, settings: NbaApiSettings) -> None:
    def drop_a_game(result: dict) -> None:
        position = result["headers"].index("GAME_ID")
        result["rowSet"] = [row for row in result["rowSet"] if row[position] != FIRST]

    edit_rows(server, "leaguegamelog", drop_a_game, only="P")
    with pytest.raises(FetchIncompleteError, match=rf"1 of 3 games not all there yet: {FIRST} \(no rows of") as raised:
        fetch(settings)
    assert not isinstance(raised.value, SourceSchemaError)
    assert raised.value.dates == [DAY]
    assert games_in(settings, PLAYER_LOG) == GAMES[1:]

    weeks_later = NEXT_NOON + timedelta(days=20)
    report = fetch(settings, now=lambda: weeks_later)
    assert [what for what in report.shortcomings if FIRST in what] == list(report.shortcomings)
    assert len(report.shortcomings) == 1


def test_rows_that_came_twice_are_there_once(
    server: StatsServer, settings: NbaApiSettings, caplog: pytest.LogCaptureFixture
) -> None:
    def double(result: dict) -> None:
        result["rowSet"] = result["rowSet"] * 2

    edit_rows(server, "leaguegamelog", double)
    edit_rows(server, "shotchartdetail", double)
    with caplog.at_level(logging.WARNING):
        fetch(settings)
    assert "came twice" in caplog.text
    files = FilesSource(real_data())
    for result_set in (PLAYER_LOG, TEAM_LOG, SHOTS):
        expected = files.read(result_set, SEASON)
        expected = expected[expected["GAME_ID"].isin(GAMES)]
        assert len(cached(settings, result_set)) == len(expected)


def test_of_two_versions_the_newest_counts_and_the_table_says_so(server: StatsServer, settings: NbaApiSettings) -> None:
    changed: dict[str, Any] = {}

    def add_version(result: dict) -> None:
        row = list(result["rowSet"][0])
        points = result["headers"].index("PTS")
        row[points] += 7
        changed.update(zip(result["headers"], row, strict=True))
        result["rowSet"].append(row)

    edit_rows(server, "leaguegamelog", add_version, only="P")
    source, dates = NbaApiSource(settings, now=lambda: NEXT_NOON), pd.DatetimeIndex([DAY])
    frames = {result_set: source.read(result_set, SEASON, [DAY]) for result_set in ResultSet}
    schedule = RAW_SCHEDULE.compute(Inputs(source=frames), dates)
    inputs = Inputs(on_date={"raw_schedule": schedule}, source=frames, counting_types=REGULAR)
    rows = RAW_PLAYER_BOXSCORES.compute(inputs, dates)
    of_him = rows["game_id"].eq(changed["GAME_ID"]) & rows["player_id"].eq(changed["PLAYER_ID"])
    assert rows.loc[of_him, "points"].tolist() == [changed["PTS"]]
    rejected = RAW_PLAYER_BOXSCORES.reject(inputs, dates)
    assert rejected["entity"].tolist() == [str(changed["PLAYER_ID"])]
    assert "two versions disagree" in rejected["details"].iloc[0]


def test_shots_under_an_unknown_game_id_reach_the_table_that_names_them(
    server: StatsServer, settings: NbaApiSettings
) -> None:
    def misfile(result: dict) -> None:
        position = result["headers"].index("GAME_ID")
        for row in result["rowSet"][:40]:
            row[position] = "0022000000"

    edit_rows(server, "shotchartdetail", misfile)
    source, dates = NbaApiSource(settings, now=lambda: NEXT_NOON), pd.DatetimeIndex([DAY])
    frames = {result_set: source.read(result_set, SEASON, [DAY]) for result_set in (ResultSet.SCHEDULE, SHOTS)}
    schedule = RAW_SCHEDULE.compute(Inputs(source=frames), dates)
    rejected = RAW_SHOTS.reject(Inputs(on_date={"raw_schedule": schedule}, source=frames), dates)
    assert rejected["details"].tolist() == ["40 shots under a game id not in the schedule"]


def test_a_cache_that_cannot_be_written_ends_the_fetch_at_once(server: StatsServer, settings: NbaApiSettings) -> None:
    settings.cache_dir.mkdir()
    (settings.cache_dir / SEASON).write_text("in the way")
    with pytest.raises(CacheError, match=r"cannot be written.*choose another cache directory"):
        fetch(settings)
    assert server.calls() == []


def test_a_torn_entry_costs_its_own_call_only(server: StatsServer, settings: NbaApiSettings) -> None:
    fetch(settings)
    whole = cached(settings, ResultSet.INACTIVES)
    folder = settings.cache_dir / SEASON
    (folder / "pending.jsonl").write_text('{"result_set": "boxscore_players", "game": "00221')
    (folder / "inactive_players.parquet").unlink()
    before = len(server.calls())
    fetch(settings)
    assert {endpoint for endpoint, _ in server.calls()[before:]} == {"boxscoresummaryv3"}
    pd.testing.assert_frame_equal(cached(settings, ResultSet.INACTIVES), whole)
    assert not (folder / "pending.jsonl").exists()
