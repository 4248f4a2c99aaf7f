"""A date of which nothing has been tried is built in a single run; what comes of it is what comes of a run a table."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest
from click.testing import Result
from typer.testing import CliRunner

from nba_assets.cli import app
from nba_assets.definitions import build_defs
from nba_assets.engine.in_order import build_in_order
from nba_assets.engine.materialize import RunInfo, materialize
from nba_assets.engine.run_options import RunOptions
from nba_assets.orchestration.assets import BACKFILL_TAG
from nba_assets.orchestration.instance import open_instance
from nba_assets.orchestration.partitions import daily_partitions, tags_of_range
from nba_assets.orchestration.resources import Pipeline
from nba_assets.partition import Status
from nba_assets.sources.base import ResultSet
from nba_assets.sources.files import FilesSource
from nba_assets.tables import TABLES
from nba_assets_tests.engine.warehouses import EditedSource, cells, copy_of, healthy, session
from nba_assets_tests.orchestration.morning import QUIET
from nba_assets_tests.repair.corrections import as_files
from nba_assets_tests.repair.processes import environment
from nba_assets_tests.repair.season import contents
from nba_assets_tests.turns import marked

SEASON = "2021-22"
EVE, NEW, AFTER = date(2021, 10, 22), date(2021, 10, 23), date(2021, 10, 24)
LOST = "0022100029"
"""A game of the new date."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The season up to the evening before."""
    place = tmp_path / "home"
    place.mkdir()
    return copy_of(healthy(EVE), place)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The season's files."""
    return as_files(EditedSource({}), SEASON, tmp_path_factory.mktemp("whole"))


ROOTS = {
    "raw_team_boxscores": (ResultSet.TEAM_LOG, ResultSet.PLAYER_LOG),
    "raw_player_boxscores": (ResultSet.PLAYER_LOG,),
}


@pytest.fixture(scope="module", params=[*marked("long", [*ROOTS][:1]), *marked("soak", [*ROOTS][1:])])
def gap(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """The season's files without one game in some of them, and the table that lacks it."""

    def drop(frame: pd.DataFrame) -> pd.DataFrame:
        assert frame["GAME_ID"].eq(LOST).any()
        return frame[frame["GAME_ID"].ne(LOST)]

    edited = EditedSource(dict.fromkeys(ROOTS[request.param], drop))
    return request.param, as_files(edited, SEASON, tmp_path_factory.mktemp("without"))


def backfill(home: Path, data: Path, day: date, *more: str) -> Result:
    settings = environment(home) | {"COLUMNS": "200", "NBA_DATA_DIR": str(data)}
    return CliRunner().invoke(app, ["backfill", str(day), str(day), *more], env=settings)


def built_apart(home: Path, data: Path, day: date, to: Path) -> Path:
    """A copy of the home on which the date was built by the engine, without Dagster."""
    place = Path(shutil.copytree(home, to))
    apart = session(place, FilesSource(data), data_dir=data)
    run = RunInfo(options=RunOptions(backfill_mode=True))
    build_in_order(
        apart, [day], tuple(TABLES), run, lambda table, days, state: materialize(apart, table, days, run, state)
    )
    return place


def shown(home: Path, day: date) -> tuple[dict[str, str | None], int]:
    """What Dagster shows of the date, by table, and how many runs there were."""
    settings = session(home).settings
    partitions = daily_partitions(settings.partitions_start)
    with open_instance(settings) as instance:
        found = {
            name: instance.get_status_by_partition(dg.AssetKey(name), [str(day)], partitions) or {} for name in TABLES
        }
        runs = instance.get_runs_count()
    return {name: of_day[str(day)].value if of_day.get(str(day)) else None for name, of_day in found.items()}, runs


def test_it_takes_one_run(home: Path, data: Path, tmp_path: Path) -> None:
    apart = built_apart(home, data, NEW, tmp_path / "apart")
    done = backfill(home, data, NEW)
    assert done.exit_code == 0, done.output
    assert "16 partitions built, 16 rewritten" in done.output
    assert shown(home, NEW) == (dict.fromkeys(TABLES, "MATERIALIZED"), 1)
    assert contents(session(home), [EVE, NEW]) == contents(session(apart), [EVE, NEW])
    again = backfill(home, data, NEW)
    assert "nothing to do" in again.output
    assert shown(home, NEW)[1] == 1


def test_its_gap_alone_has_failed(home: Path, gap: tuple[str, Path], tmp_path: Path) -> None:
    """Ledger and exit status are those of a run a table; Dagster shows the gap red, and what waits as missing."""
    root, data = gap
    apart = built_apart(home, data, NEW, tmp_path / "apart")
    done = backfill(home, data, NEW)
    assert done.exit_code == 1, done.output
    assert f"GAP {root} {NEW}" in done.output
    waiting = the_same_as(apart, home, data)
    assert {"raw_shots"} <= waiting if root == "raw_team_boxscores" else waiting
    statuses, _ = shown(home, NEW)
    assert {name for name, status in statuses.items() if status == "FAILED"} == {root}
    assert {name for name, status in statuses.items() if status is None} == waiting
    checked(home, data, root)


def test_so_it_is_of_a_run_that_somebody_launches_over_all_tables(
    home: Path, gap: tuple[str, Path], tmp_path: Path
) -> None:
    """What stands behind the failed step is built of tables that the run has not come to yet."""
    root, data = gap
    apart = built_apart(home, data, NEW, tmp_path / "apart")
    ours = session(home, FilesSource(data), data_dir=data)
    job = build_defs(pipeline=Pipeline(ours)).resolve_implicit_global_asset_job_def()
    with open_instance(ours.settings) as instance:
        ran = job.execute_in_process(
            instance=instance,
            run_config=QUIET,
            asset_selection=[dg.AssetKey(name) for name in TABLES],
            tags=tags_of_range(NEW, NEW) | {BACKFILL_TAG: "by hand"},
            raise_on_error=False,
        )
    assert not ran.success
    the_same_as(apart, home, data)
    statuses, _ = shown(home, NEW)
    assert {name for name, status in statuses.items() if status == "FAILED"} == {root}


def the_same_as(apart: Path, home: Path, data: Path) -> set[str]:
    """Statuses, reasons and rows of the new date are the same in both homes; the tables that wait."""
    now, expected = (session(place, FilesSource(data), data_dir=data) for place in (home, apart))
    found, other = cells(now, NEW), cells(expected, NEW)
    assert {name: (cell.status, cell.reason) for name, cell in found.items()} == {
        name: (cell.status, cell.reason) for name, cell in other.items()
    }
    assert contents(now, [NEW]) == contents(expected, [NEW])
    return {name for name, cell in found.items() if cell.status == Status.BLOCKED}


def checked(home: Path, data: Path, root: str) -> None:
    """No check of the date is left planned, and the newest result of each says what the partition is."""
    with open_instance(session(home).settings) as instance:
        for name, cell in cells(session(home, FilesSource(data), data_dir=data), NEW).items():
            key = dg.AssetCheckKey(dg.AssetKey(name), "complete")
            history = instance.event_log_storage.get_asset_check_execution_history(key, limit=10)
            assert {one.status.value for one in history} <= {"SUCCEEDED", "FAILED"}, name
            newest = next(one for one in history if one.partition == str(NEW))
            assert (newest.status.value == "SUCCEEDED") == (name != root and cell.status != Status.BLOCKED), name


@pytest.mark.long
def test_a_date_behind_one_that_is_missing_is_built_in_order(home: Path, data: Path) -> None:
    """What needs the history is not run at all."""
    done = backfill(home, data, AFTER)
    assert done.exit_code == 1, done.output
    statuses, runs = shown(home, AFTER)
    assert runs > 1
    assert statuses["raw_shots"] == "MATERIALIZED"
    assert statuses["ml_feature_store_v2"] is None


def test_progress_is_told_table_by_table(home: Path, data: Path) -> None:
    done = backfill(home, data, NEW, "--tables", "raw_schedule,raw_team_boxscores", "--verbose")
    assert done.exit_code == 0, done.output
    assert "1/2 raw_schedule: 1 built" in done.output
    assert "2/2 raw_team_boxscores: 1 built" in done.output
    assert shown(home, NEW)[1] == 1
