"""Killed and interrupted: what was published stays, and the same command again comes to the same end."""

from __future__ import annotations

import random
import shutil
import signal
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from nba_assets.engine.materialize import RunInfo, materialize
from nba_assets.engine.refetch import request_refetch
from nba_assets.partition import FINE
from nba_assets.planning.load import load_state
from nba_assets.planning.plan import plan_step
from nba_assets.sources.base import ResultSet
from nba_assets.sources.files import FilesSource
from nba_assets.tables import TABLES
from nba_assets_tests.engine.warehouses import OPENING_NIGHT as OPENING_NIGHT_2021
from nba_assets_tests.engine.warehouses import EditedSource, copy_of, healthy, session
from nba_assets_tests.repair.cells import changed_cells, stored_cells
from nba_assets_tests.repair.conftest import LAST_DAY
from nba_assets_tests.repair.corrections import as_files, one_basket_more
from nba_assets_tests.repair.processes import Command, built_with_little_room, killed_while_publishing
from nba_assets_tests.repair.season import OPENING_NIGHT, contents, days_from, repair, statuses

pytestmark = pytest.mark.long

END = date(2023, 11, 12)
DAYS = days_from(OPENING_NIGHT, END)
BACKFILL = ("backfill", str(OPENING_NIGHT), str(END))


def with_everything_corrected(home: Path, day: date) -> Path:
    """Files of 2021-22 in which every result set says something else about a day than it did."""

    def reports(frame: pd.DataFrame) -> pd.DataFrame:
        out = frame["reportDate"].str[:10].eq(day.isoformat()) & frame["playerStatus"].eq("Out")
        frame.loc[frame.index[out][:3], "playerStatus"] = "Questionable"
        return frame

    def lines(frame: pd.DataFrame) -> pd.DataFrame:
        frame.loc[frame["gameId"].eq("0022100112"), "total"] += 1
        return frame

    edits = one_basket_more("0022100112", 1628384, "TOR")  # Anunoby, 21 points at WAS
    source = EditedSource({**edits, ResultSet.INJURY_REPORTS: reports, ResultSet.GAME_LINES: lines})
    return as_files(source, "2021-22", home / "corrected")


def test_killed_between_delete_and_insert_of_any_table_the_next_run_repairs(tmp_path: Path) -> None:
    day, last = date(2021, 11, 3), date(2021, 11, 5)
    days = days_from(OPENING_NIGHT_2021, last)
    home = copy_of(healthy(last), tmp_path)
    corrected = with_everything_corrected(tmp_path, day)
    now = session(home, FilesSource(corrected))
    request_refetch(now, [day])
    for name, table in TABLES.items():
        doomed = plan_step(load_state(now, days[0], days[-1]), name, days).build
        before, rows = contents(now, days), now.warehouse.read(table)
        assert killed_while_publishing(home, corrected, name, doomed) == -signal.SIGKILL, name
        pd.testing.assert_frame_equal(now.warehouse.read(table), rows)
        assert contents(now, days) == before, name
        assert set(statuses(now, days)[name].loc[list(doomed)]) & FINE == set(), name
        assert any(b.changed for b in materialize(now, name, doomed, RunInfo())), name
        assert set(statuses(now, days)[name]) <= FINE, name


def test_a_full_disk_is_named_what_was_published_stays_and_the_next_run_repairs(
    tmp_path: Path, built_month: Path
) -> None:
    shutil.copy(built_month / "warehouse.duckdb", tmp_path)
    day, source = date(2023, 11, 8), EditedSource(one_basket_more("0022300160", 1629022, "BKN"))
    corrected = as_files(source, "2023-24", tmp_path / "corrected")
    now, days = session(tmp_path, FilesSource(corrected)), days_from(OPENING_NIGHT, LAST_DAY)
    before, cells = contents(now, days), stored_cells(now.warehouse)
    said = built_with_little_room(tmp_path, corrected, "raw_shots", [day])
    assert "warehouse.duckdb" in said
    assert "What was published before is untouched" in said or "free space" in said
    assert contents(now, days) == before
    assert changed_cells(cells, stored_cells(now.warehouse)) == set()
    assert any(b.changed for b in repair(now, days, {day}))
    assert set(statuses(now, days)) <= FINE


def _fresh(directory: Path, number: int) -> Path:
    home = directory / f"home {number}"
    home.mkdir()
    return home


def test_killed_at_ten_random_moments_the_same_command_ends_as_if_undisturbed(
    tmp_path: Path, built_month: Path
) -> None:
    moments, undisturbed = random.Random(2023), contents(session(built_month), DAYS)
    homes, kills = [_fresh(tmp_path, 1)], 0
    while kills < 10:
        command = Command(homes[-1], *BACKFILL)
        command.kill_after(moments.uniform(0.1, 1.5))
        ended = command.wait()
        assert ended in (-signal.SIGKILL, 0), command.said()
        kills += ended != 0
        if ended == 0:  # the kill came too late: the next one begins from nothing
            assert contents(session(homes[-1]), DAYS) == undisturbed
            homes.append(_fresh(tmp_path, len(homes) + 1))
    last = Command(homes[-1], *BACKFILL)
    assert last.wait() == 0, last.said()
    assert contents(session(homes[-1]), DAYS) == undisturbed


def test_a_refresh_that_is_killed_is_remembered_and_repair_finishes_it(tmp_path: Path, built_month: Path) -> None:
    shutil.copy(built_month / "warehouse.duckdb", tmp_path)
    day, source = date(2023, 11, 8), EditedSource(one_basket_more("0022300160", 1629022, "BKN"))
    files_now = {"NBA_DATA_DIR": str(as_files(source, "2023-24", tmp_path / "corrected"))}
    undisturbed = shutil.copytree(tmp_path, tmp_path / "undisturbed")
    assert Command(undisturbed, "refresh", str(day), str(day), settings=files_now).wait() == 0
    doomed = Command(tmp_path, "refresh", str(day), str(day), settings=files_now)
    doomed.wait_until("raw_schedule")
    doomed.process.kill()
    assert doomed.wait() == -signal.SIGKILL
    left = statuses(session(tmp_path), days_from(OPENING_NIGHT, LAST_DAY))
    assert set(left.loc[["raw_player_boxscores", "raw_shots"], day]) == {"STALE"}
    assert left.loc["ml_feature_store_v2", LAST_DAY] == "STALE"
    last = Command(tmp_path, "repair", settings=files_now)
    assert last.wait() == 0, last.said()
    days = days_from(OPENING_NIGHT, LAST_DAY)
    assert contents(session(tmp_path), days) == contents(session(undisturbed), days)


def test_control_c_ends_with_130_and_a_word_and_the_same_command_goes_on(tmp_path: Path, built_month: Path) -> None:
    first = Command(tmp_path, *BACKFILL)
    first.wait_until("raw_team_boxscores")
    first.interrupt()
    assert first.wait() == 130, first.said()
    assert "interrupted: what was finished is published; run the same command again" in first.said()
    assert "ml_feature_store_v2" not in first.said()
    second = Command(tmp_path, *BACKFILL)
    assert second.wait() == 0, second.said()
    assert contents(session(tmp_path), DAYS) == contents(session(built_month), DAYS)
