"""What changes on stats.nba.com once it has been fetched, through the commands that a user has."""

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
from nba_assets.league.calendar import days_between
from nba_assets.orchestration.launch import Launch
from nba_assets.orchestration.sensors import repair_config
from nba_assets.partition import Partition, Status
from nba_assets.planning.load import load_state
from nba_assets.planning.pending_requests import dates_to_reread, dates_to_sweep
from nba_assets.planning.repair import repairable
from nba_assets.settings import SettingsError, load_settings
from nba_assets.sources.nba_api import NbaApiSource
from nba_assets.tables import RAW, TABLES
from nba_assets.warehouse.corrections import CORRECTIONS, corrections_of
from nba_assets_tests.cli.command import nba_assets
from nba_assets_tests.engine.warehouses import cell, healthy, session, stored
from nba_assets_tests.needs import real_data
from nba_assets_tests.orchestration.morning import QUIET, Morning, eastern
from nba_assets_tests.sources.live_home import (
    CALLS_OF_THE_DAY,
    DAY,
    FIRST,
    GAME,
    LAST,
    LONG_AFTER,
    Home,
    files_games,
    players,
)
from nba_assets_tests.sources.stats_server import StatsServer, quick_settings


def _points_moved(payload: dict[str, Any], query: dict[str, str], game: str = GAME) -> dict[str, Any]:
    """The league's correction: a field goal of one player was another's."""
    if query["PlayerOrTeam"] == "P":
        log = payload["resultSets"][0]
        own = players(log["rowSet"], log["headers"], game)
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
