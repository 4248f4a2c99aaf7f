"""What arrives late, in part, blank or corrected on stats.nba.com, through the commands that a user has."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from nba_assets.alerts.alert import Event
from nba_assets.alerts.evaluate import SILENCE
from nba_assets.alerts.notify import notify
from nba_assets.alerts.store import load
from nba_assets.engine.run_options import RunOptions
from nba_assets.league.calendar import EASTERN, days_between
from nba_assets.orchestration.launch import Launch
from nba_assets.orchestration.schedules import MORNING_TAG
from nba_assets.orchestration.sensors import repair_config
from nba_assets.partition import Partition, Status
from nba_assets.planning.load import load_state
from nba_assets.planning.pending_requests import dates_to_reread, dates_to_sweep
from nba_assets.planning.repair import repairable
from nba_assets.session import Session
from nba_assets.settings import SettingsError, load_settings
from nba_assets.sources.base import ResultSet
from nba_assets.sources.nba_api import NbaApiSource
from nba_assets.tables import RAW, TABLES
from nba_assets.warehouse.corrections import CORRECTIONS, corrections_of
from nba_assets_tests.cli.command import nba_assets
from nba_assets_tests.engine.warehouses import cell, files, healthy, session, stored
from nba_assets_tests.needs import real_data
from nba_assets_tests.orchestration.morning import QUIET, Morning, eastern
from nba_assets_tests.sources.stats_server import StatsServer, quick_settings

FIRST, LAST = "2021-10-19", "2021-10-24"
DAY, GAME = date(2021, 10, 22), "0022100025"
GAMES = 10
LONG_AFTER = datetime(2021, 12, 24, 12, tzinfo=EASTERN)
MORNING_AFTER = datetime(2021, 10, 23, 7, 30, tzinfo=EASTERN)
CALLS_OF_THE_DAY = {
    "scheduleleaguev2": 1,
    "leaguegamelog": 2,
    "shotchartdetail": 1,
    "boxscoretraditionalv3": GAMES,
    "boxscoresummaryv3": GAMES,
}


class Home:
    """A home with a live source, whose commands run at a moment of one's own."""

    def __init__(self, home: Path, server: StatsServer) -> None:
        self.path = home
        self._server = server

    def settings(self, now: datetime) -> dict[str, str]:
        return {
            "NBA_SOURCE": "nba_api",
            "NBA_API_BASE_URL": self._server.url,
            "NBA_API_CACHE_DIR": str(self.path / "cache"),
            "NBA_API_CALLS_PER_SECOND": "inf",
            "NBA_API_PROXY": "",
            "NBA_COUNTING_TYPES": "002",
            "NBA_NOW": now.isoformat(),
        }

    def run(self, *arguments: str, now: datetime = LONG_AFTER) -> Any:
        """A command, and how often each endpoint was asked meanwhile (`calls`)."""
        before = len(self._server.asked)
        result = nba_assets(*arguments, home=self.path, **self.settings(now))
        asked = pd.Series([one.endpoint for one in self._server.asked[before:]], dtype=object)
        result.calls = asked.value_counts().to_dict()
        return result

    def session(self, now: datetime = LONG_AFTER) -> Session:
        """What a process that starts now sees."""
        values = {name.removeprefix("NBA_").lower(): value for name, value in self.settings(now).items()}
        return Session(load_settings(home=self.path, **values))


@pytest.fixture
def home(server: StatsServer, tmp_path: Path) -> Home:
    return Home(tmp_path, server)


def _players(rows: list[list[Any]], headers: list[str], game: str) -> list[list[Any]]:
    """The rows of one team of a game, those with the fewest field goals first; none if it is not there."""
    of_game = [row for row in rows if row[headers.index("GAME_ID")] == game]
    if not of_game:
        return []
    own = [row for row in of_game if row[headers.index("TEAM_ID")] == of_game[0][headers.index("TEAM_ID")]]
    return sorted(own, key=lambda row: (row[headers.index("FGM")], row[headers.index("PLAYER_ID")]))


def _points_moved(payload: dict[str, Any], query: dict[str, str], game: str = GAME) -> dict[str, Any]:
    """The league's correction: a field goal of one player was another's."""
    if query["PlayerOrTeam"] == "P":
        log = payload["resultSets"][0]
        own = _players(log["rowSet"], log["headers"], game)
        for row, by in ((own[-1], -1), (own[-2], 1)) if own else ():
            for name, size in (("PTS", 2), ("FGM", 1), ("FGA", 1)):
                row[log["headers"].index(name)] += by * size
    return payload


def _points(home: Home) -> pd.Series:
    rows = stored(home.session(), "player_game_summary", DAY)
    return rows[rows["game_id"] == GAME].set_index("player_id")["points"]


@pytest.mark.long
def test_refresh_asks_the_site_for_its_dates_and_only_these(server: StatsServer, home: Home) -> None:
    assert home.run("backfill", FIRST, LAST).exit_code == 0
    before = _points(home)
    server.edits["leaguegamelog"] = _points_moved
    quiet = home.run("repair", FIRST, LAST)
    assert (quiet.exit_code, quiet.calls) == (0, {}), "nobody has asked, so nobody knows"

    refreshed = home.run("refresh", str(DAY), str(DAY))
    assert refreshed.exit_code == 0, refreshed.output
    assert refreshed.calls == CALLS_OF_THE_DAY
    asked = [dict(one.query) for one in server.asked[-sum(CALLS_OF_THE_DAY.values()) :]]
    assert {query["DateFrom"] for query in asked if "DateFrom" in query} == {"10/22/2021"}
    assert sorted((_points(home) - before).loc[lambda change: change.ne(0)]) == [-2, 2]
    again = home.run("refresh", str(DAY), str(DAY), "--dry-run")
    assert again.calls == {}, "a plan asks nobody"
    assert "unknown (known once the source is asked)" in again.output


@pytest.mark.long
def test_a_plan_says_what_it_cannot_know_without_asking(server: StatsServer, home: Home) -> None:  # noqa: ARG001
    planned = home.run("backfill", FIRST, LAST, "--dry-run", "--format", "json")
    assert (planned.exit_code, planned.calls) == (0, {})
    unknown = {step["table"]: step["dates"] for step in json.loads(planned.stdout)["plan"]}
    assert unknown["raw_schedule"] == unknown["ml_feature_store_v2"] == {"unknown": [[FIRST, LAST]]}
    assert home.run("backfill", FIRST, LAST).exit_code == 0
    planned = home.run("backfill", FIRST, LAST, "--dry-run")
    assert (planned.stdout, planned.calls) == ("nothing to do\n", {})


@pytest.mark.soak
def test_what_a_fetch_changes_in_the_cache_is_seen_by_everybody(server: StatsServer, home: Home) -> None:
    assert home.run("backfill", FIRST, LAST).exit_code == 0
    server.edits["leaguegamelog"] = _points_moved

    def up_to_the_last(payload: dict[str, Any], _: dict[str, str]) -> dict[str, Any]:
        for day in payload["leagueSchedule"]["gameDates"]:
            for game in day["games"]:
                game["gameStatus"] = 3 if game["gameDateEst"][:10] <= LAST else 1
        return payload

    server.edits["scheduleleaguev2"] = up_to_the_last
    fetched = home.run("fetch", "2021-22", "--refresh-days", "3", now=LONG_AFTER + timedelta(hours=1))
    assert fetched.exit_code == 0, fetched.output
    assert GAME in fetched.output
    stale = cell(home.session(), "raw_player_boxscores", DAY)
    assert stale.status == Status.STALE
    assert stale.reason == f"the source has changed: leaguegamelog_player of {GAME}"
    assert Partition("raw_player_boxscores", DAY) in {c.partition for c in repairable(home.session())}
    shown = home.run("coverage", FIRST, LAST)
    assert "STALE" in shown.stdout
    assert home.run("repair").exit_code == 0
    assert cell(home.session(), "raw_player_boxscores", DAY).status == Status.OK


def _without_three_players(payload: dict[str, Any], query: dict[str, str], game: str = GAME) -> dict[str, Any]:
    if query["PlayerOrTeam"] == "P":
        log = payload["resultSets"][0]
        late = [id(row) for row in _players(log["rowSet"], log["headers"], game)[-3:]]
        log["rowSet"] = [row for row in log["rowSet"] if id(row) not in late]
    return payload


@pytest.mark.long
def test_a_log_that_was_served_in_part_is_asked_for_again(server: StatsServer, home: Home) -> None:
    server.edits["leaguegamelog"] = _without_three_players
    first = home.run("backfill", FIRST, str(DAY), now=MORNING_AFTER)
    assert first.exit_code == 1
    assert cell(home.session(MORNING_AFTER), "raw_player_boxscores", DAY).status == Status.GAP
    server.edits.clear()

    soon = home.run("repair", FIRST, str(DAY), now=MORNING_AFTER + timedelta(minutes=5))
    assert (soon.exit_code, soon.calls) == (1, {}), "it was asked a moment ago"
    later = home.run("repair", FIRST, str(DAY), now=MORNING_AFTER + timedelta(minutes=20))
    assert later.exit_code == 0, later.output
    assert later.calls["leaguegamelog"] == 2
    assert set(later.calls) <= set(CALLS_OF_THE_DAY)
    assert all(count <= CALLS_OF_THE_DAY[endpoint] for endpoint, count in later.calls.items())
    right = load_state(session(healthy(DAY)), DAY, DAY)
    state = load_state(home.session(MORNING_AFTER), DAY, DAY)
    for name in ("raw_team_boxscores", "raw_player_boxscores", "raw_shots", "player_game_summary"):
        found, expected = state.published(name, DAY), right.published(name, DAY)
        assert found is not None
        assert expected is not None
        assert found.content_hash == expected.content_hash, name


def _shots_of_one_player_lost(payload: dict[str, Any], _query: dict[str, str]) -> dict[str, Any]:
    chart = payload["resultSets"][0]
    game, player = chart["headers"].index("GAME_ID"), chart["headers"].index("PLAYER_ID")
    lost = next((row[player] for row in chart["rowSet"] if row[game] == GAME), None)
    chart["rowSet"] = [row for row in chart["rowSet"] if (row[game], row[player]) != (GAME, lost)]
    return payload


def test_of_a_night_that_lacks_shots_alone_only_the_shots_are_asked_for_again(server: StatsServer, home: Home) -> None:
    server.edits["shotchartdetail"] = _shots_of_one_player_lost
    raw = ("--tables", "raw_schedule,raw_team_boxscores,raw_player_boxscores,raw_shots")
    home.run("backfill", FIRST, str(DAY), *raw, now=MORNING_AFTER)
    assert cell(home.session(MORNING_AFTER), "raw_shots", DAY).status == Status.DEGRADED
    server.edits.clear()
    twenty_minutes_later = MORNING_AFTER + timedelta(minutes=20)
    repaired = home.run("backfill", FIRST, str(DAY), *raw, now=twenty_minutes_later)
    assert (repaired.exit_code, repaired.calls) == (0, {"shotchartdetail": 1})
    assert cell(home.session(twenty_minutes_later), "raw_shots", DAY).status == Status.OK


def test_of_a_night_with_one_short_box_score_only_that_game_is_asked_for_again(server: StatsServer, home: Home) -> None:
    def short(payload: dict[str, Any], query: dict[str, str]) -> dict[str, Any]:
        if query["GameID"] == GAME:
            team = payload["boxScoreTraditional"]["homeTeam"]
            team["players"] = team["players"][:6]
        return payload

    server.edits["boxscoretraditionalv3"] = short
    raw = ("--tables", "raw_schedule,raw_team_boxscores,raw_player_boxscores,raw_shots")
    assert home.run("backfill", FIRST, str(DAY), *raw, now=MORNING_AFTER).exit_code == 1
    found = cell(home.session(MORNING_AFTER), "raw_player_boxscores", DAY)
    assert found.status == Status.GAP
    assert GAME in (found.reason or "")
    server.edits.clear()
    repaired = home.run("repair", FIRST, str(DAY), *raw, now=MORNING_AFTER + timedelta(minutes=20))
    assert repaired.exit_code == 0, repaired.output
    assert repaired.calls == {"leaguegamelog": 2, "boxscoretraditionalv3": 1, "boxscoresummaryv3": 1}


@pytest.mark.long
def test_what_was_incomplete_is_asked_for_once_more_however_late_and_then_never_again(
    server: StatsServer, home: Home
) -> None:
    server.edits["leaguegamelog"] = _without_three_players
    assert home.run("backfill", FIRST, str(DAY), now=MORNING_AFTER).exit_code == 1
    once = home.run("repair", FIRST, str(DAY), now=LONG_AFTER)
    assert once.exit_code == 1
    assert once.calls["leaguegamelog"] == 2
    never = home.run("repair", FIRST, str(DAY), now=LONG_AFTER + timedelta(days=3))
    assert (never.exit_code, never.calls) == (1, {}), "after the late limit the verdict stays"
    advice = home.run("explain", "raw_player_boxscores", str(DAY), now=LONG_AFTER + timedelta(days=3)).stdout
    assert f"nba-assets refresh {DAY} {DAY}" in advice
    assert f"nba-assets repair {DAY} {DAY}" not in advice, "which would ask nobody"
    server.edits.clear()
    asked = home.run("refresh", str(DAY), str(DAY), now=LONG_AFTER + timedelta(days=3))
    assert (asked.exit_code, asked.calls) == (0, CALLS_OF_THE_DAY), "except where somebody wants to know"


@pytest.mark.long
def test_what_says_nothing_is_asked_for_three_times_in_one_command(server: StatsServer, home: Home) -> None:
    """Every step of a backfill wants the schedule."""
    server.edits["scheduleleaguev2"] = lambda _payload, _query: {}
    first = home.run("backfill", FIRST, LAST)
    assert (first.exit_code, first.calls) == (1, {"scheduleleaguev2": 3})
    found = cell(home.session(), "raw_schedule", DAY)
    assert found.status == Status.ERROR
    assert "no answer for scheduleleaguev2(" in (found.reason or "")
    assert "the answer is {} (3 attempts); run again later" in (found.reason or "")
    assert home.run("backfill", FIRST, LAST).calls == {"scheduleleaguev2": 3}, "another command asks again"
    server.edits.clear()
    raw = ("--tables", "raw_schedule,raw_team_boxscores")
    assert home.run("backfill", FIRST, LAST, *raw).exit_code == 0


@pytest.mark.long
def test_blank_lists_are_named_and_not_kept_for_good(server: StatsServer, home: Home) -> None:
    def blank(payload: dict[str, Any], query: dict[str, str]) -> dict[str, Any]:
        if query["GameID"] in of_last_night:
            for side in ("homeTeam", "awayTeam"):
                payload["boxScoreSummary"][side]["inactives"] = []
        return payload

    last = date(2021, 11, 3)
    schedule = files().read(ResultSet.SCHEDULE, "2021-22")
    assert schedule is not None
    of_last_night = set(schedule.loc[schedule["gameDateEst"].str[:10].eq(str(last)), "gameId"])
    server.edits["boxscoresummaryv3"] = blank
    now = datetime(2021, 11, 4, 8, tzinfo=EASTERN)
    raw = ("--tables", "raw_schedule,raw_team_boxscores,raw_player_boxscores")
    first = home.run("backfill", FIRST, str(last), *raw, now=now)
    assert first.exit_code == 1
    found = cell(home.session(now), "raw_player_boxscores", last)
    assert found.status == Status.GAP
    assert "no inactive player" in (found.reason or "")
    server.edits.clear()
    later = home.run("repair", FIRST, str(last), *raw, now=now + timedelta(hours=1))
    assert later.exit_code == 0, later.output
    assert later.calls["boxscoresummaryv3"] == len(of_last_night)


def _without_rows(payload: dict[str, Any], _: dict[str, str]) -> dict[str, Any]:
    payload["resultSets"][0]["rowSet"] = []
    return payload


@pytest.mark.soak
@pytest.mark.parametrize(
    ("endpoint", "table", "verdict"),
    [("shotchartdetail", "raw_shots", Status.DEGRADED), ("leaguegamelog", "raw_team_boxscores", Status.GAP)],
)
def test_a_window_that_stays_empty_is_not_asked_for_after_the_late_limit(
    server: StatsServer, home: Home, endpoint: str, table: str, verdict: Status
) -> None:
    tables = ("--tables", "raw_schedule,raw_team_boxscores,raw_player_boxscores,raw_shots")
    day = str(DAY)
    server.edits[endpoint] = _without_rows
    for hours in (0, 2):
        home.run("repair", day, day, *tables, now=MORNING_AFTER + timedelta(hours=hours))
        assert cell(home.session(MORNING_AFTER), table, DAY).status == Status.ERROR
    late = home.run("repair", day, day, *tables, now=LONG_AFTER)
    assert late.calls[endpoint] >= 1
    assert cell(home.session(), table, DAY).status == verdict
    never = home.run("repair", day, day, *tables, now=LONG_AFTER + timedelta(hours=2))
    assert never.calls == {}
    assert cell(home.session(), table, DAY).status == verdict
    server.edits.clear()
    asked = home.run("refresh", day, day, now=LONG_AFTER + timedelta(days=3))
    assert asked.calls == CALLS_OF_THE_DAY, "except where somebody wants to know"
    assert cell(home.session(), table, DAY).status == Status.OK


@pytest.mark.soak
def test_one_answer_without_rows_is_not_believed_however_late(server: StatsServer, home: Home) -> None:
    """Nor does it take the place of rows that are there."""
    day = str(DAY)
    shots = ("--tables", "raw_schedule,raw_team_boxscores,raw_shots")
    server.edits["shotchartdetail"] = _without_rows
    first = home.run("backfill", day, day, *shots)
    assert first.exit_code == 1
    assert "the answer has no rows, though 10 games finished" in first.output
    server.edits.clear()
    assert home.run("repair", day, day, *shots).exit_code == 0
    server.edits["shotchartdetail"] = _without_rows
    for _ in range(3):
        home.run("refresh", day, day)
    assert len(stored(home.session(), "raw_shots", DAY)) > 0
    server.edits.clear()
    assert home.run("repair", day, day, *shots).exit_code == 0
    assert cell(home.session(), "raw_shots", DAY).status == Status.OK


LISTS = ("--tables", "raw_schedule,raw_team_boxscores,raw_player_boxscores")
QUIET_NIGHT, AT_SIX = date(2021, 11, 3), datetime(2021, 11, 4, 6, 10, tzinfo=EASTERN)


def _one_blank_list(server: StatsServer) -> str:
    """From now on the home team of the first game of the night has no inactive player; returns the game."""
    game = min(files_games(QUIET_NIGHT))

    def blank(payload: dict[str, Any], query: dict[str, str]) -> dict[str, Any]:
        if query["GameID"] == game:
            payload["boxScoreSummary"]["homeTeam"]["inactives"] = []
        return payload

    server.edits["boxscoresummaryv3"] = blank
    return game


def _quiet_night(home: Home, now: datetime) -> tuple[Status, str | None]:
    found = cell(home.session(now), "raw_player_boxscores", QUIET_NIGHT)
    return found.status, found.reason


def test_one_blank_list_is_believed_once_it_was_answered_three_times(server: StatsServer, home: Home) -> None:
    game = _one_blank_list(server)
    built = home.run("backfill", FIRST, str(QUIET_NIGHT), *LISTS, now=AT_SIX)
    assert built.exit_code == 0, built.output
    assert {_quiet_night(home, AT_SIX)[0], _quiet_night(home, AT_SIX + timedelta(days=1))[0]} == {Status.DEGRADED}
    assert game in (_quiet_night(home, AT_SIX)[1] or "")
    for minutes, expected in ((20, Status.DEGRADED), (40, Status.OK)):
        asked = home.run("repair", *LISTS, now=AT_SIX + timedelta(minutes=minutes))
        assert asked.calls["boxscoresummaryv3"] == 1, "of the game in doubt alone"
        assert _quiet_night(home, AT_SIX + timedelta(minutes=minutes))[0] == expected
    notes = home.session().warehouse.failures("raw_player_boxscores", QUIET_NIGHT)
    assert [row.category for row in notes.itertuples() if game in row.entity] == ["NOTE"]
    assert home.run("repair", *LISTS, now=AT_SIX + timedelta(minutes=60)).calls == {}, "a note is not asked again"


@pytest.mark.soak
def test_an_answer_that_changes_is_counted_from_the_start(server: StatsServer, home: Home) -> None:
    game = _one_blank_list(server)
    home.run("backfill", FIRST, str(QUIET_NIGHT), *LISTS, now=AT_SIX)
    home.run("repair", *LISTS, now=AT_SIX + timedelta(minutes=20))
    blank = server.edits["boxscoresummaryv3"]

    def another(payload: dict[str, Any], query: dict[str, str]) -> dict[str, Any]:
        if query["GameID"] == game:
            del payload["boxScoreSummary"]["awayTeam"]["inactives"][0]
        return blank(payload, query)

    server.edits["boxscoresummaryv3"] = another
    for minutes, expected in ((40, Status.DEGRADED), (60, Status.DEGRADED), (80, Status.OK)):
        home.run("repair", *LISTS, now=AT_SIX + timedelta(minutes=minutes))
        assert _quiet_night(home, AT_SIX + timedelta(minutes=minutes))[0] == expected, minutes


@pytest.mark.soak
def test_a_newer_night_does_not_settle_a_blank_list_of_the_site_but_the_late_limit_does(
    server: StatsServer, home: Home
) -> None:
    game = _one_blank_list(server)
    home.run("backfill", FIRST, str(QUIET_NIGHT), *LISTS, now=AT_SIX)
    next_morning = AT_SIX + timedelta(days=1)
    newer = home.run("backfill", "2021-11-04", "2021-11-04", *LISTS, now=next_morning)
    assert newer.exit_code == 0, newer.output
    assert _quiet_night(home, next_morning)[0] == Status.DEGRADED
    assert _quiet_night(home, LONG_AFTER) == (Status.STALE, f"what was doubtful waited for {game}: settled by now")
    late = home.run("repair", *LISTS, now=LONG_AFTER)
    assert late.calls["boxscoresummaryv3"] == 1, "once more, as of whatever is incomplete"
    assert _quiet_night(home, LONG_AFTER) == (Status.OK, None)
    assert home.run("repair", *LISTS, now=LONG_AFTER).calls == {}


@pytest.mark.soak
def test_one_game_that_never_gets_its_box_score_is_a_gap_that_can_be_accepted(server: StatsServer, home: Home) -> None:
    def without_players(payload: dict[str, Any], query: dict[str, str]) -> dict[str, Any]:
        if query["GameID"] == GAME:
            for side in ("homeTeam", "awayTeam"):
                payload["boxScoreTraditional"][side]["players"] = []
        return payload

    server.edits["boxscoretraditionalv3"] = without_players
    assert home.run("backfill", FIRST, LAST).exit_code == 1
    found = cell(home.session(), "raw_player_boxscores", DAY)
    assert found.status == Status.GAP
    assert GAME in (found.reason or "")
    forced = home.run("backfill", str(DAY), str(DAY), "--force")
    assert forced.exit_code == 0, forced.output
    assert cell(home.session(), "raw_player_boxscores", DAY).status == Status.DEGRADED
    rest = home.run("backfill", FIRST, LAST)
    assert (rest.exit_code, rest.calls) == (0, {}), rest.output
    assert {cell(home.session(), name, date(2021, 10, 24)).status for name in TABLES} <= {
        *(Status.OK, Status.DEGRADED, Status.BOOTSTRAP),
    }


@pytest.mark.soak
def test_a_cache_that_is_filled_from_some_date_on_says_nothing_of_the_dates_before(home: Home) -> None:
    """A warehouse built from files goes on with the live source, or somebody has deleted the cache."""
    built = nba_assets("backfill", FIRST, str(DAY), home=home.path, NBA_SOURCE="files", NBA_DATA_DIR=str(real_data()))
    assert built.exit_code == 0
    on = home.run("backfill", "2021-10-23", LAST)
    assert on.exit_code == 0, on.output
    assert set(on.calls) == set(CALLS_OF_THE_DAY)
    state = load_state(home.session(), date.fromisoformat(FIRST), date.fromisoformat(LAST))
    days = [date(2021, 10, 19) + timedelta(days=n) for n in range(6)]
    stale = [str(c.partition) for name in TABLES for day in days if (c := state.cell(name, day)).status == Status.STALE]
    assert stale == []


@pytest.mark.long
def test_a_night_that_is_in_part_there_at_six_is_whole_by_noon(server: StatsServer, tmp_path: Path) -> None:
    """Two attempts of the morning schedule's job; nobody does anything by hand."""

    def live(now: datetime) -> NbaApiSource:
        return NbaApiSource(quick_settings(server, tmp_path / "cache"), now=lambda: now)

    yesterday, six, noon = date(2021, 11, 9), eastern(2021, 11, 10, 6), eastern(2021, 11, 10, 12)
    log = files().read(ResultSet.TEAM_LOG, "2021-22")
    assert log is not None
    game = log.loc[log["GAME_DATE"].str[:10].eq(str(yesterday)), "GAME_ID"].iloc[0]

    def in_part(payload: dict[str, Any], query: dict[str, str]) -> dict[str, Any]:
        return _without_three_players(payload, query, game)

    server.edits["leaguegamelog"] = in_part
    morning = Morning(tmp_path, loaded_to=date(2021, 11, 8), now=six, source=live(six))
    assert morning.tick() == {}
    tags = {MORNING_TAG: "2021-11-10"}
    early = morning.defs.resolve_job_def("daily").execute_in_process(
        instance=morning.instance, run_config=QUIET, tags=tags, raise_on_error=False
    )
    assert not early.success
    assert cell(morning.session, "raw_player_boxscores", yesterday).status == Status.GAP
    server.edits.clear()
    morning.now = noon
    morning.use(live(noon))
    later = morning.defs.resolve_job_def("daily").execute_in_process(
        instance=morning.instance, run_config=QUIET, tags=tags, raise_on_error=False
    )
    assert later.success
    morning.carry_on()
    right = load_state(session(healthy(yesterday)), yesterday, yesterday)
    state = load_state(morning.session, yesterday, yesterday)
    for name in ("raw_team_boxscores", "raw_player_boxscores", "raw_shots", "player_game_summary"):
        found, expected = state.published(name, yesterday), right.published(name, yesterday)
        assert found is not None
        assert expected is not None
        assert found.content_hash == expected.content_hash, name


def test_a_correction_on_the_third_day_arrives_by_itself(server: StatsServer, tmp_path: Path) -> None:
    """Nobody does anything by hand: the schedule of corrections asks, the repair sensor's job does the rest."""

    def live(now: datetime) -> NbaApiSource:
        return NbaApiSource(quick_settings(server, tmp_path / "cache"), now=lambda: now)

    third_day = eastern(2021, 11, 9, 11)
    corrected, game = date(2021, 11, 6), "0022100136"

    def correction(payload: dict[str, Any], query: dict[str, str]) -> dict[str, Any]:
        return _points_moved(payload, query, game)

    morning = Morning(tmp_path, loaded_to=date(2021, 11, 8), now=third_day, source=live(third_day))
    assert dates_to_reread(morning.session) == [date(2021, 11, 2), corrected, date(2021, 11, 8)]
    schedule = morning.defs.resolve_schedule_def("reread_at_eleven")
    with dg.build_schedule_context(instance=morning.instance) as context:
        [request] = schedule.evaluate_tick(context).run_requests or []
    assert request.run_key == "2021-11-09"
    before = stored(morning.session, "player_game_summary", corrected).set_index(["game_id", "player_id"])["points"]
    server.edits["leaguegamelog"] = correction
    done = morning.defs.resolve_job_def("reread").execute_in_process(instance=morning.instance, run_config=QUIET)
    assert done.success
    games = {day: len(files_games(day)) for day in dates_to_reread(morning.session)}
    assert len(server.calls()) == 1 + 2 + 1 + 2 * sum(games.values()), "one window each for logs and shots"
    cells = repairable(morning.session)
    assert Partition("player_game_summary", corrected) in {one.partition for one in cells}
    config = QUIET | repair_config(cells, sorted({one.partition.day for one in cells}))
    assert (
        morning.defs.resolve_job_def("repair").execute_in_process(instance=morning.instance, run_config=config).success
    )
    points = stored(morning.session, "player_game_summary", corrected).set_index(["game_id", "player_id"])["points"]
    assert sorted((points - before).loc[lambda change: change.ne(0)]) == [-2, 2]
    assert repairable(morning.session) == []
    notify(morning.session, now=datetime.now(UTC) + SILENCE + timedelta(minutes=1))
    [told] = [m for m in load(morning.session.warehouse).messages if m.event is Event.CORRECTED]
    assert f"the source has corrected {corrected}: " in told.subject
    assert told.text.count(": points ") == 2
    assert told.text.count(": fgm ") == 2
    state = load_state(morning.session, date(2021, 11, 1), date(2021, 11, 8))
    for day in (date(2021, 11, 2), date(2021, 11, 8)):
        row = state.published("raw_player_boxscores", day)
        expected = load_state(session(healthy(date(2021, 11, 8))), day, day).published("raw_player_boxscores", day)
        assert row is not None
        assert expected is not None
        assert row.content_hash == expected.content_hash, "what was not corrected is as it was"


@pytest.mark.soak
def test_a_correction_of_long_ago_is_found_on_monday(server: StatsServer, tmp_path: Path) -> None:
    """More than two weeks later, which no rereading of single dates would see."""
    monday, tuesday = eastern(2021, 11, 8, 11), eastern(2021, 11, 9, 11)
    source = NbaApiSource(quick_settings(server, tmp_path / "cache"), now=lambda: monday)
    first = date(2021, 10, 19)
    built = session(tmp_path, source, now=monday, partitions_start=first)
    Launch(built, dg.DagsterInstance.ephemeral(), days_between(first, date(2021, 11, 7)), RAW, RunOptions()).run()
    server.edits["leaguegamelog"] = _points_moved
    before = len(server.calls())
    morning = Morning(tmp_path, loaded_to=None, now=monday, source=source)
    job = morning.defs.resolve_job_def("reread")
    assert job.execute_in_process(instance=morning.instance, run_config=QUIET).success
    days = {DAY, *dates_to_reread(morning.session)}
    asked = [endpoint for endpoint, _ in server.calls()[before:]]
    assert asked.count("boxscoretraditionalv3") == sum(len(files_games(day)) for day in days)
    assert asked.count("leaguegamelog") == 2 + 2
    [correction] = corrections_of(morning.session.warehouse.read_relation(CORRECTIONS))
    assert (correction.partition, correction.games) == (Partition("raw_player_boxscores", DAY), (GAME,))
    assert dates_to_sweep(session(tmp_path, source, now=tuesday)) == []
    assert dates_to_sweep(session(tmp_path, source, now=monday))[0] == first
    assert dates_to_sweep(session(tmp_path, source, now=monday, reread_days="")) == []
    assert dates_to_sweep(session(tmp_path, source, now=eastern(2022, 8, 8, 11))) == [], "long after the last game"
    assert dates_to_sweep(session(tmp_path, now=monday)) == [], "files are not asked"


def test_nothing_is_reread_of_files_or_if_nobody_wants_it(tmp_path: Path, server: StatsServer) -> None:
    of_files = session(tmp_path, now=eastern(2021, 11, 9, 11))
    assert dates_to_reread(of_files) == []
    source = NbaApiSource(quick_settings(server, tmp_path / "cache"))
    unwanted = session(tmp_path, source, now=eastern(2021, 11, 9, 11), reread_days="")
    assert dates_to_reread(unwanted) == []
    with pytest.raises(SettingsError, match="NBA_REREAD_DAYS"):
        load_settings(reread_days="1,0")


def files_games(day: date) -> set[str]:
    """The games of a date."""
    schedule = files().read(ResultSet.SCHEDULE, "2021-22")
    assert schedule is not None
    return set(schedule.loc[schedule["gameDateEst"].str[:10].eq(str(day)), "gameId"])
