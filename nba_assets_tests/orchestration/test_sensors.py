"""The repair sensor: what it finds, what it leaves alone, and how often it tries."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import duckdb
import pandas as pd

from nba_assets.definitions import build_defs
from nba_assets.engine.refetch import request_refetch
from nba_assets.engine.run_options import RunOptions
from nba_assets.orchestration.resources import Pipeline
from nba_assets.orchestration.sensors import MOST_ATTEMPTS, Patience, repair_config
from nba_assets.partition import FINE, Status
from nba_assets.planning.history import history
from nba_assets.planning.holes import not_in_order
from nba_assets.planning.load import load_state
from nba_assets.planning.repair import repairable
from nba_assets.schema.table import Phase
from nba_assets.session import Session
from nba_assets.sources.base import ResultSet
from nba_assets.tables import TABLES
from nba_assets_tests.engine.warehouses import EditedSource, build_range, copy_of, healthy, session
from nba_assets_tests.orchestration.morning import QUIET, eastern

CORRECTED = date(2021, 11, 7)
LAST = date(2021, 11, 8)
NOW = eastern(2021, 11, 9, 5)


def one_more_steal(rows: pd.DataFrame) -> pd.DataFrame:
    """A correction of the league's: a steal more for one team of one game, and for one of its players."""
    of_date = rows[pd.to_datetime(rows["GAME_DATE"]).dt.date == CORRECTED].sort_values(["GAME_ID", "TEAM_ID"])
    return rows.assign(STL=rows["STL"].where(rows.index != of_date.index[0], rows["STL"] + 1))


def corrected(home: Path, options: RunOptions | None = None) -> Session:
    """A stored season into which a correction has come, and nothing has followed yet."""
    source = EditedSource({ResultSet.PLAYER_LOG: one_more_steal, ResultSet.TEAM_LOG: one_more_steal})
    opened = session(copy_of(healthy(LAST), home), source, now=NOW, partitions_start=date(2021, 10, 15))
    raw = ["raw_team_boxscores", "raw_player_boxscores", "raw_shots"]
    build_range(opened, CORRECTED, CORRECTED, tables=raw, options=options)
    return opened


def test_what_a_correction_made_stale_is_repaired(tmp_path: Path) -> None:
    opened = corrected(tmp_path)
    stale = repairable(opened)
    assert {cell.status for cell in stale} == {Status.STALE}
    assert {cell.partition.day for cell in stale} == {CORRECTED, LAST}
    defs = build_defs(pipeline=Pipeline(opened))
    with dg.DagsterInstance.ephemeral() as instance:
        done = defs.resolve_job_def("repair").execute_in_process(
            instance=instance, run_config=QUIET | repair_config(stale, [CORRECTED, LAST])
        )
        assert done.success
        runs = instance.get_runs()
    assert {run.job_name for run in runs} == {"repair", "__ASSET_JOB"}
    assert repairable(opened) == []
    state = load_state(opened, CORRECTED, LAST)
    computed = [name for name, table in TABLES.items() if table.phase != Phase.RAW]
    assert {state.cell(name, day).status for name in computed for day in (CORRECTED, LAST)} <= FINE


def test_a_refresh_that_did_not_come_to_its_end_is_finished(tmp_path: Path) -> None:
    source = EditedSource({ResultSet.PLAYER_LOG: one_more_steal, ResultSet.TEAM_LOG: one_more_steal})
    opened = session(copy_of(healthy(LAST), tmp_path), source, now=NOW, partitions_start=date(2021, 10, 15))
    request_refetch(opened, [CORRECTED])
    stale = repairable(opened)
    config = repair_config(stale, sorted({cell.partition.day for cell in stale}))
    job = build_defs(pipeline=Pipeline(opened)).resolve_job_def("repair")
    with dg.DagsterInstance.ephemeral() as instance:
        assert job.execute_in_process(instance=instance, run_config=QUIET | config).success
    assert repairable(opened) == []
    steals = opened.warehouse.read(TABLES["raw_team_boxscores"], start=CORRECTED, end=CORRECTED)["stl"].sum()
    before = session(healthy(LAST)).warehouse.read(TABLES["raw_team_boxscores"], start=CORRECTED, end=CORRECTED)
    assert steals == before["stl"].sum() + 1


def test_the_sensor_waits_until_the_ledger_is_quiet(tmp_path: Path) -> None:
    """Right after the correction automation goes first."""
    defs = build_defs(pipeline=Pipeline(corrected(tmp_path)))
    with dg.instance_for_test() as instance:
        answer = defs.resolve_sensor_def("repair_what_is_stale")(dg.build_sensor_context(instance=instance))
    assert "automation goes first" in str(answer)


def test_a_clock_that_ran_ahead_does_not_silence_the_sensor(tmp_path: Path) -> None:
    """Another machine wrote the ledger an hour from now."""
    opened = corrected(tmp_path)
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute("UPDATE nba_processing.processor_runs SET started_at = started_at + INTERVAL 1 HOUR")
    sensor = build_defs(pipeline=Pipeline(opened)).resolve_sensor_def("repair_what_is_stale")
    with dg.instance_for_test() as instance:
        assert isinstance(sensor(dg.build_sensor_context(instance=instance)), dg.RunRequest)


def test_what_became_possible_is_repaired_however_old_it_is(tmp_path: Path) -> None:
    """A date that a backfill left out behind a gap, long ago: raw tables and computed ones, once the gap is gone."""
    gap = date(2021, 10, 22)

    def lose(rows: pd.DataFrame) -> pd.DataFrame:
        return rows[rows["GAME_ID"] != "0022100017"]

    faulty = session(tmp_path, EditedSource({ResultSet.TEAM_LOG: lose}), now=NOW, partitions_start=date(2021, 10, 15))
    build_range(faulty, date(2021, 10, 15), date(2021, 10, 27))
    assert repairable(faulty) == []
    healed = session(tmp_path, now=NOW, partitions_start=date(2021, 10, 15))
    build_range(healed, gap, gap, tables=["raw_team_boxscores"])
    found = repairable(healed)
    # What is possible by now, what waits for that, and so on to the end: the pre-game tables read the day before.
    of_gap = {cell.partition.table for cell in found if cell.partition.day == gap}
    summaries = {name for name, table in TABLES.items() if table.phase == Phase.POST_GAME}
    assert of_gap == {"raw_player_boxscores", "raw_shots", *summaries}
    pre_game = {name for name, table in TABLES.items() if table.phase == Phase.PRE_GAME}
    for day in (gap + timedelta(days=n) for n in range(1, 6)):
        assert {cell.partition.table for cell in found if cell.partition.day == day} == pre_game
    job = build_defs(pipeline=Pipeline(healed)).resolve_job_def("repair")
    with dg.DagsterInstance.ephemeral() as instance:
        config = repair_config(found, sorted({cell.partition.day for cell in found}))
        assert job.execute_in_process(instance=instance, run_config=QUIET | config).success
    assert repairable(healed) == []
    state = load_state(healed, date(2021, 10, 15), date(2021, 10, 27))
    assert not_in_order(state, history(healed)) == {}


def test_a_raw_table_that_what_is_made_of_it_was_published_without_is_repaired(tmp_path: Path) -> None:
    """A backfill was cancelled before it came to the shots of its last date, and what reads them went on without."""
    first, last = date(2021, 10, 19), date(2021, 10, 20)
    opened = session(tmp_path, now=NOW, partitions_start=first)
    build_range(opened, first, first)
    build_range(opened, last, last, tables=[name for name in TABLES if name != "raw_shots"])
    state = load_state(opened, first, last)
    assert state.cell("player_game_summary", last).status == Status.DEGRADED
    assert "raw_shots" in {partition.table for partition in not_in_order(state, [first, last])}
    found = repairable(opened)
    assert {cell.partition.table for cell in found if cell.status == Status.MISSING} == {"raw_shots"}
    job = build_defs(pipeline=Pipeline(opened)).resolve_job_def("repair")
    with dg.DagsterInstance.ephemeral() as instance:
        assert job.execute_in_process(instance=instance, run_config=QUIET | repair_config(found, [last])).success
    assert load_state(opened, first, last).cell("raw_shots", last).status == Status.OK
    stale = repairable(opened)
    with dg.DagsterInstance.ephemeral() as instance:
        assert job.execute_in_process(instance=instance, run_config=QUIET | repair_config(stale, [last])).success
    assert load_state(opened, first, last).cell("player_game_summary", last).status == Status.OK
    assert repairable(opened) == []


def test_coverage_follows_whatever_has_been_at_work(tmp_path: Path) -> None:
    opened = corrected(tmp_path)
    sensor = build_defs(pipeline=Pipeline(opened)).resolve_sensor_def("coverage_after_work")
    with dg.instance_for_test() as instance:
        assert "a moment ago" in str(sensor(dg.build_sensor_context(instance=instance)))
        with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
            connection.execute("UPDATE nba_processing.processor_runs SET started_at = started_at - INTERVAL 1 HOUR")
        context = dg.build_sensor_context(instance=instance)
        request = sensor(context)
        assert isinstance(request, dg.RunRequest)
        assert request.tags["dagster/priority"] == "-1"
        again = dg.build_sensor_context(instance=instance, cursor=context.cursor)
        assert "nothing has been built since" in str(sensor(again))


def test_what_was_built_without_trigger_is_left_alone(tmp_path: Path) -> None:
    assert repairable(corrected(tmp_path, RunOptions(skip_downstream_trigger=True))) == []


def test_patience_ends() -> None:
    patience, now, tried = Patience.read(None), 0.0, []
    for minute in range(24 * 60):
        now = minute * 60.0
        due = list(patience.due([CORRECTED], now))
        tried += [minute] if due else []
        patience = Patience.read(patience.after([CORRECTED], due, now))
    assert tried == [0, 10, 30, 70, 150, 310]
    assert len(tried) == MOST_ATTEMPTS
    assert json.loads(patience.after([], [], now)) == {}, "what is in order again is forgotten"


def test_an_unreadable_cursor_starts_afresh() -> None:
    assert Patience.read("not JSON").attempts == {}
    assert Patience.read('{"2021-11-01": 5}').attempts == {}
