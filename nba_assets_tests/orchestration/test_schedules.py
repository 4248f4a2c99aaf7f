"""The morning schedule: what it asks the source for, when it asks again, and a morning replayed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import pandas as pd

from nba_assets.definitions import build_defs
from nba_assets.orchestration.resources import Pipeline
from nba_assets.orchestration.schedules import MORNING_TAG, next_attempt
from nba_assets.partition import Partition, Status
from nba_assets.planning.load import load_state
from nba_assets.planning.pending_requests import next_request_at, pending_requests
from nba_assets.session import Session
from nba_assets.sources.base import ResultSet
from nba_assets.tables import RAW, TABLES
from nba_assets_tests.engine.warehouses import EditedSource, build_range, session
from nba_assets_tests.orchestration.morning import POST_GAME, PRE_GAME, QUIET, Morning, eastern

TODAY, YESTERDAY = date(2021, 11, 10), date(2021, 11, 9)
THANKSGIVING = date(2021, 11, 25)


def test_the_morning_of_november_10_computes_itself(tmp_path: Path) -> None:
    """The schedule's run loads; the ten tables follow by automation alone, tier by tier."""
    morning = Morning(tmp_path, loaded_to=date(2021, 11, 8), now=eastern(2021, 11, 10, 9, 30))
    assert morning.tick() == {}
    request = next_attempt(morning.session, morning.instance)
    assert isinstance(request, dg.RunRequest)
    assert request.tags[MORNING_TAG] == str(TODAY)
    loaded = morning.defs.resolve_job_def("daily").execute_in_process(
        instance=morning.instance, run_config=QUIET, tags=request.tags
    )
    assert loaded.success
    assert {morning.status(name, YESTERDAY) for name in RAW} == {"MATERIALIZED"}
    assert morning.status("raw_schedule", TODAY) == "MATERIALIZED"

    morning.carry_on()
    assert {morning.status(name, YESTERDAY) for name in POST_GAME} == {"MATERIALIZED"}
    assert {morning.status(name, TODAY) for name in PRE_GAME} == {"MATERIALIZED"}
    features = morning.session.warehouse.read(TABLES["ml_feature_store_v2"], start=TODAY, end=TODAY)
    assert len(features) == 434
    assert isinstance(next_attempt(morning.session, morning.instance), dg.SkipReason)


def test_the_source_is_asked_again_until_it_has_the_results(tmp_path: Path) -> None:
    """Unfinished games yesterday: the attempt fails, the next one is made after a pause, and then they are there."""
    early = _without_results_of(YESTERDAY)
    morning = Morning(tmp_path, loaded_to=date(2021, 11, 8), now=eastern(2021, 11, 10, 6), source=early)
    job = morning.defs.resolve_job_def("daily")
    tags = {MORNING_TAG: str(TODAY)}
    first = job.execute_in_process(instance=morning.instance, run_config=QUIET, tags=tags, raise_on_error=False)
    assert not first.success
    waiting = next_attempt(morning.session, morning.instance)
    assert isinstance(waiting, dg.SkipReason)
    assert "waits until" in str(waiting.skip_message)

    morning.use(None)
    second = morning.defs.resolve_job_def("daily")
    assert second.execute_in_process(instance=morning.instance, run_config=QUIET, tags=tags).success
    assert {morning.status(name, YESTERDAY) for name in RAW} == {"MATERIALIZED"}
    assert "loaded" in str(next_attempt(morning.session, morning.instance))
    state, eve = load_state(morning.session, YESTERDAY, TODAY), YESTERDAY - timedelta(days=1)
    stale = [p for name in RAW for day in (eve, YESTERDAY) if (p := state.cell(name, day)).status == Status.STALE]
    assert stale == [], "the report of the evening before is read again as well, not only asked for"


def test_it_asks_often_at_first_and_then_rarely() -> None:
    """Minutes after the first attempt at which the next ones are made, if none of them helps."""
    started = datetime(2021, 11, 10, 11, tzinfo=UTC)

    def made(youngest: date) -> list[float]:
        attempts = [started]
        for minute in range(15, 8 * 60, 15):
            now = started + timedelta(minutes=minute)
            if now >= next_request_at(attempts, youngest, TODAY):
                attempts.append(now)
        return [(at - started) / timedelta(minutes=1) for at in attempts]

    assert made(YESTERDAY) == made(TODAY) == [*range(0, 121, 15), 180, 240, 300, 360, 420]
    assert made(YESTERDAY - timedelta(days=1)) == [0]
    assert next_request_at([], TODAY, TODAY) < started


def test_after_an_outage_every_date_since_is_wanted(tmp_path: Path) -> None:
    """The daemon was off for three weeks, over Thanksgiving; today and yesterday may well be without games."""
    back = _loaded_raw(tmp_path, date(2021, 11, 4), date(2021, 11, 4), eastern(2021, 11, 26, 9))
    asked = pending_requests(back)
    wanted = [date(2021, 11, 5) + timedelta(days=n) for n in range(22)]
    assert asked.days == wanted
    assert {p.table for p in asked.partitions if p.day < wanted[-1]} == set(RAW)
    build_range(back, wanted[-1], wanted[-1], tables=["raw_schedule"])
    assert pending_requests(back).days[0] == wanted[0], "also once today's schedule is there"


def test_a_silent_day_is_wanted_on_a_morning_without_games(tmp_path: Path) -> None:
    """Thanksgiving: no games today; yesterday was never loaded, not even its schedule."""
    quiet = _loaded_raw(tmp_path, date(2021, 11, 11), date(2021, 11, 23), eastern(2021, 11, 25, 9))
    build_range(quiet, THANKSGIVING, THANKSGIVING, tables=["raw_schedule"])
    assert {p.day for p in pending_requests(quiet).must_be_there} == {date(2021, 11, 24)}


def test_in_the_all_star_break_a_gap_before_it_is_wanted(tmp_path: Path) -> None:
    gone = EditedSource({ResultSet.TEAM_LOG: lambda rows: rows[rows["GAME_DATE"].str[:10].ne("2022-02-17")]})
    in_break = session(tmp_path, gone, now=eastern(2022, 2, 21, 9))
    build_range(in_break, date(2022, 2, 17), date(2022, 2, 21), tables=list(RAW))
    assert {p.day for p in pending_requests(in_break).must_be_there} >= {date(2022, 2, 17)}


def test_days_without_games_are_no_reason_to_run(tmp_path: Path) -> None:
    """In August nothing is wanted but the schedule of the day."""
    summer = _loaded_raw(tmp_path, date(2022, 7, 31), date(2022, 7, 31), eastern(2022, 8, 1, 9), ["raw_schedule"])
    assert pending_requests(summer).partitions == (Partition("raw_schedule", date(2022, 8, 1)),)
    build_range(summer, date(2022, 8, 1), date(2022, 8, 1), tables=["raw_schedule"])
    assert not pending_requests(summer).partitions
    with dg.instance_for_test() as instance:
        assert "loaded" in str(next_attempt(summer, instance))


def test_a_day_without_games_is_filled_when_the_next_games_need_it(tmp_path: Path) -> None:
    """On the morning after Thanksgiving its empty partitions are wanted: history has no holes."""
    black_friday = _loaded_raw(tmp_path, date(2021, 11, 12), date(2021, 11, 24), eastern(2021, 11, 26, 9))
    build_range(black_friday, THANKSGIVING, date(2021, 11, 26), tables=["raw_schedule"])
    asked = pending_requests(black_friday)
    assert {p.day for p in asked.must_be_there} == {THANKSGIVING}
    assert not asked.outdated


def test_without_any_history_nothing_starts_by_itself(tmp_path: Path) -> None:
    """The schedule itself, as the daemon evaluates it."""
    defs = build_defs(pipeline=Pipeline(session(tmp_path, now=eastern(2021, 11, 10, 9))))
    schedule = defs.resolve_schedule_def("every_morning")
    with dg.instance_for_test() as instance:
        answer = schedule(dg.build_schedule_context(instance=instance))
    assert "nba-assets backfill" in str(answer)
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("*/15 6-14 * * *", "America/New_York")


def _without_results_of(day: date) -> EditedSource:
    def scheduled(rows: pd.DataFrame) -> pd.DataFrame:
        of_day = rows["gameDateEst"].str[:10].eq(str(day))
        return rows.assign(gameStatus=rows["gameStatus"].mask(of_day, 1))

    def unplayed(rows: pd.DataFrame) -> pd.DataFrame:
        return rows[pd.to_datetime(rows["GAME_DATE"]).dt.date != day]

    return EditedSource({ResultSet.SCHEDULE: scheduled, ResultSet.TEAM_LOG: unplayed, ResultSet.PLAYER_LOG: unplayed})


def _loaded_raw(home: Path, first: date, last: date, now: datetime, tables: list[str] | None = None) -> Session:
    opened = session(home, now=now, partitions_start=date(2021, 10, 15))
    build_range(opened, first, last, tables=tables or list(RAW))
    return opened
