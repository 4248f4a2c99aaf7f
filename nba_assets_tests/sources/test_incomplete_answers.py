"""What arrives late, in part or blank on stats.nba.com, through the commands that a user has."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from nba_assets.league.calendar import EASTERN
from nba_assets.orchestration.schedules import MORNING_TAG
from nba_assets.partition import Status
from nba_assets.planning.load import load_state
from nba_assets.sources.base import ResultSet
from nba_assets.sources.nba_api import NbaApiSource
from nba_assets.tables import TABLES
from nba_assets_tests.engine.warehouses import cell, files, healthy, session, stored
from nba_assets_tests.orchestration.morning import QUIET, Morning, eastern
from nba_assets_tests.sources.live_home import (
    CALLS_OF_THE_DAY,
    DAY,
    FIRST,
    GAME,
    LAST,
    LONG_AFTER,
    MORNING_AFTER,
    Home,
    files_games,
    players,
)
from nba_assets_tests.sources.stats_server import StatsServer, quick_settings


def _without_three_players(payload: dict[str, Any], query: dict[str, str], game: str = GAME) -> dict[str, Any]:
    if query["PlayerOrTeam"] == "P":
        log = payload["resultSets"][0]
        late = [id(row) for row in players(log["rowSet"], log["headers"], game)[-3:]]
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
