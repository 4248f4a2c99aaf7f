"""`nba-assets fetch`: what it prints, and with which status it ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from nba_assets.cli.fetch import fetch
from nba_assets.cli.lazy import Command
from nba_assets.sources.base import ResultSet
from nba_assets.sources.files import FilesSource
from nba_assets_tests.cli.command import require_described
from nba_assets_tests.needs import real_data
from nba_assets_tests.sources.stats_server import Fault, StatsServer

SEASON = "2021-22"
FIRST_DAYS = {"2021-10-19", "2021-10-20"}
GAMES = 13


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StatsServer]:
    """A league that has played two days only; settings from the environment, as a user would set them."""

    def two_days(payload: dict, _query: dict) -> dict:
        for day in payload["leagueSchedule"]["gameDates"]:
            for game in day["games"]:
                if game["gameDateEst"][:10] not in FIRST_DAYS:
                    game["gameStatus"] = 1
        return payload

    with StatsServer(real_data()) as running:
        running.edits["scheduleleaguev2"] = two_days
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("NBA_API_BASE_URL", running.url)
        monkeypatch.setenv("NBA_API_CACHE_DIR", str(tmp_path / "elsewhere"))
        monkeypatch.setenv("NBA_API_CALLS_PER_SECOND", "inf")
        monkeypatch.setenv("NBA_API_PROXY", "")
        monkeypatch.setenv("NBA_API_MAX_ATTEMPTS", "1")
        yield running


def run(*arguments: str) -> Result:
    app = typer.Typer()
    app.command(cls=Command)(fetch)
    return CliRunner().invoke(app, list(arguments))


def test_a_season_is_fetched_to_where_the_settings_say(server: StatsServer, tmp_path: Path) -> None:
    result = run(SEASON, "--format", "json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    require_described(report, "fetch")
    assert (report["season"], report["complete"], report["games"]) == (SEASON, True, GAMES)
    assert report["calls"] == len(server.calls()) == 1 + 2 + 1 + 2 * GAMES
    cached = FilesSource(tmp_path / "elsewhere").read(ResultSet.TEAM_LOG, SEASON)
    assert len(cached) == 2 * GAMES

    again = run(SEASON, "--quiet")
    assert (again.exit_code, again.output) == (0, "")
    assert len(server.calls()) == report["calls"]


def test_progress_names_games_and_calls_and_the_table_the_rest(server: StatsServer) -> None:
    result = run(SEASON)
    assert result.exit_code == 0
    calls = len(server.calls()) - 1
    assert f"{GAMES}/{GAMES} games, {calls}/{calls} calls, done" in result.stderr
    assert "2021-22: every finished game is fetched" in result.stdout


def test_the_first_line_says_from_where_to_where_and_verbose_names_each_call(server: StatsServer) -> None:
    result = run(SEASON, "-v")
    assert result.exit_code == 0
    lines = result.stderr.splitlines()
    assert lines[0] == "stats.nba.com, cache elsewhere"
    answered = [line for line in lines if " answered in " in line]
    assert len(answered) == len(server.calls())
    assert any(line.startswith("boxscoretraditionalv3(GameID=0022100001") for line in answered)
    assert "answered in" not in run(SEASON, "--refresh").output
    assert run(SEASON, "--format", "json", "--refresh").stderr.find("cache elsewhere") == -1


def test_refresh_reads_the_last_days_again(server: StatsServer) -> None:
    run(SEASON)
    first = len(server.calls())
    assert run(SEASON, "--refresh-days", "1").exit_code == 0
    assert len(server.calls()) - first == 1 + 2 + 1 + 2 * 11
    assert run(SEASON, "--refresh").exit_code == 0
    assert len(server.calls()) - first == (1 + 2 + 1 + 2 * 11) + (1 + 2 + 1 + 2 * 13)


def test_anything_missing_means_status_1_and_is_named(server: StatsServer) -> None:
    server.misbehave("boxscoresummaryv3", [Fault(500, "oops")])
    result = run(SEASON, "--format", "json", "--quiet")
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    require_described(report, "fetch")
    assert report["complete"] is False
    assert report["missing_dates"] == ["2021-10-19"]
    assert "boxscoresummaryv3(GameID=0022100001): HTTP 500" in report["problems"][0]
    assert result.stderr == f"{report['problems'][0]}\n", "on standard error too, whatever is printed"

    server.misbehave("boxscoresummaryv3", [Fault(500, "oops")])
    result = run(SEASON, "--quiet")
    assert result.exit_code == 1
    assert "INCOMPLETE" in result.stdout
    assert "boxscoresummaryv3(GameID=0022100001): HTTP 500" in result.stderr
    assert run(SEASON, "--quiet").exit_code == 0


def test_what_the_league_never_delivered_is_named_and_no_reason_to_fail(server: StatsServer) -> None:
    def drop_a_game(payload: dict, _query: dict) -> dict:
        shots = payload["resultSets"][0]
        shots["rowSet"] = [row for row in shots["rowSet"] if row[1] != "0022100002"]
        return payload

    server.edits["shotchartdetail"] = drop_a_game
    for _ in range(2):
        result = run(SEASON)
        assert result.exit_code == 0
        said = "shotchartdetail of game 0022100002: no rows of LAL and no rows of GSW; not coming any more"
        assert said in result.stderr
    report = json.loads(run(SEASON, "--format", "json").stdout)
    assert (report["complete"], report["problems"], report["late"]) == (True, [], [f"2021-22: {said}"])
    quiet = run(SEASON, "--quiet")
    assert (quiet.stdout, quiet.stderr) == ("", f"2021-22: {said}\n")


def test_a_game_that_never_got_its_box_score_is_kept_as_it_is(server: StatsServer) -> None:
    """Years after the game two empty lists are all there is."""

    def without_players(payload: dict, query: dict) -> dict:
        if query["GameID"] == "0022100003":
            for side in ("homeTeam", "awayTeam"):
                payload["boxScoreTraditional"][side]["players"] = []
        return payload

    server.edits["boxscoretraditionalv3"] = without_players
    result = run(SEASON)
    assert result.exit_code == 0
    assert "boxscore_players of game 0022100003: no rows of" in result.stderr
    calls = len(server.calls())
    assert run(SEASON).exit_code == 0
    assert len(server.calls()) == calls, "it is not asked for again"


def test_mistakes_are_explained(server: StatsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    result = run("2021")
    assert result.exit_code == 2
    assert "'2021' is not a season" in result.output
    assert "calls" not in result.output, "no progress is shown of what is refused"
    monkeypatch.setenv("NBA_API_CALLS_PER_SECOND", "-1")
    result = run(SEASON)
    assert result.exit_code == 2
    assert "NBA_API_CALLS_PER_SECOND=-1" in result.output
    assert server.calls() == []


@pytest.mark.usefixtures("server")
def test_the_season_that_is_running_has_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBA_NOW", "2021-10-21T12:00:00-04:00")
    for arguments in (("--season", "current"), ("current",), ("--season", SEASON)):
        report = json.loads(run(*arguments, "--format", "json", "--quiet").stdout)
        assert (report["season"], report["games"]) == (SEASON, GAMES)
    for arguments in ((), (SEASON, "--season", "current")):
        refused = run(*arguments)
        assert refused.exit_code == 2
        assert "name one season: nba-assets fetch 2021-22" in refused.output
