"""A range of the simulated league from nothing, as a newcomer meets it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import date
from importlib.metadata import version
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from nba_assets.definitions import build_defs
from nba_assets.orchestration.instance import open_instance
from nba_assets.settings import load_settings
from nba_assets.tables import TABLES
from nba_assets_tests.cli.command import nba_assets, printed_json

START, END = "2021-10-30", "2021-11-04"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Opening night … 2021-11-04 backfilled once."""
    directory = tmp_path_factory.mktemp("simulated") / ".nba"
    result = nba_assets("backfill", "2021-10-19", END, home=directory)
    assert result.exit_code == 0, result.output
    assert "0 GAP" not in result.stdout
    assert f"{17 * len(TABLES)} partitions built" in result.stdout
    return directory


def test_coverage_as_json_has_the_documented_shape(home: Path) -> None:
    rows = printed_json(nba_assets("coverage", START, END, "--format", "json", home=home))["dates"]
    assert [row["date"] for row in rows] == [
        f"2021-{day}" for day in ("10-30", "10-31", "11-01", "11-02", "11-03", "11-04")
    ]
    assert [row["status"] for row in rows] == ["Bootstrap"] * 3 + ["Complete"] * 3
    for row in rows:
        assert set(row["cells"]) == set(TABLES)
        for cell in row["cells"].values():
            assert {"status", "rows", "expected", "required", "share", "reason"} <= set(cell)
    features = rows[-1]["cells"]["ml_feature_store_v2"]
    assert features["status"] == "OK"
    assert features["rows"] == features["expected"] == features["required"] > 30
    assert features["share"] == 1.0


def test_coverage_as_table_and_markdown(home: Path) -> None:
    table = nba_assets("coverage", START, END, home=home, COLUMNS="200").stdout
    assert "2021-11-02" in table
    assert "MLFS" in table
    assert "LINES" in table, "a pipe has room for every table"
    assert not [line for line in table.splitlines() if line.endswith(" ")], "nothing is padded"
    assert "BOOTSTRAP [b]" in table
    markdown = nba_assets("coverage", START, END, "--format", "markdown", home=home).stdout
    assert markdown.startswith("| date | games |")
    assert markdown.count("| Complete |") == 3


def test_a_pipe_is_as_wide_as_columns_says(home: Path) -> None:
    command = [sys.executable, "-m", "nba_assets", "coverage", START, END]
    printed = subprocess.run(
        command, env={**os.environ, "NBA_HOME": str(home), "COLUMNS": "80"}, capture_output=True, text=True, check=True
    ).stdout
    assert max(map(len, printed.splitlines())) <= 80
    assert "not shown, for want of room: SCHED, TBOX" in " ".join(printed.split())


def test_the_name_of_the_file_says_which_dress_it_wears(home: Path, tmp_path: Path) -> None:
    for suffix, beginning in ((".html", "<!doctype html>"), (".json", "{"), (".md", "| date |"), (".txt", "date  ")):
        file = tmp_path / f"coverage{suffix}"
        assert nba_assets("coverage", START, END, "--out", str(file), home=home).exit_code == 0
        assert file.read_text().startswith(beginning)


def test_running_again_builds_nothing(home: Path) -> None:
    result = nba_assets("backfill", "2021-10-19", END, "--format", "json", home=home)
    told = printed_json(result)
    assert (result.exit_code, told["built"], told["changed"]) == (0, 0, 0)
    assert set(told["statuses"]) == {"OK", "BOOTSTRAP"}


def test_what_waits_for_a_date_that_is_missing_names_it_and_the_next_command(home: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(home, tmp_path / "home"))
    ended = nba_assets("backfill", "2021-11-06", "2021-11-06", "--tables", "SCHED,MLFS", home=copy)
    assert ended.exit_code == 1
    assert "1 partition built, 1 rewritten, 1 blocked" in ended.stdout
    assert "2021-11-06: 1 OK, 1 BLOCKED." in ended.stdout
    told = [
        "MISSING raw_schedule 2021-11-05: never computed; holds back: 1 date, 1 table",
        "Next: nba-assets backfill 2021-11-05 2021-11-06",
    ]
    assert ended.stderr.splitlines()[-2:] == told
    again = nba_assets("repair", "2021-11-06", "2021-11-06", "--tables", "MLFS", "--format", "json", home=copy)
    assert [root["table"] for root in printed_json(again)["roots"]] == ["raw_schedule"]
    assert again.stderr.splitlines()[-2:] == told
    healed = nba_assets("backfill", "2021-11-05", "2021-11-06", home=copy)
    assert healed.exit_code == 0, healed.output
    required = sum(not table.optional for table in TABLES.values())
    assert f"2021-11-05 … 2021-11-06: {2 * required} OK (optional tables left out)." in healed.stdout
    assert nba_assets("repair", "--dry-run", home=copy).stdout == "nothing to do\n"


def test_a_dry_run_plans_and_does_nothing(home: Path) -> None:
    result = nba_assets("backfill", "2021-11-05", "2021-11-06", "--dry-run", "--format", "json", home=home)
    plan = printed_json(result)["plan"]
    assert [step["table"] for step in plan] == list(TABLES)
    assert {tuple(step["dates"]) for step in plan} == {("build",)}
    assert all(step["partitions"] == 2 for step in plan)
    assert "raw_schedule: 2 computed" in result.stderr
    assert "built" not in result.stderr
    rows = printed_json(nba_assets("coverage", "2021-11-05", "2021-11-05", "--format", "json", home=home))["dates"]
    assert rows[0]["cells"]["raw_schedule"]["status"] == "MISSING"


def test_dagster_shows_the_state_of_the_command_line(home: Path) -> None:
    settings = load_settings(home=home)
    partitions = build_defs(settings).resolve_assets_def("ml_feature_store_v2").partitions_def
    assert partitions is not None
    with open_instance(settings) as instance:
        keys = ["2021-10-19", "2021-11-04", "2021-11-05"]
        statuses = instance.get_status_by_partition(dg.AssetKey("ml_feature_store_v2"), keys, partitions)
        assert statuses is not None
        shown = {day: status.name if status else None for day, status in statuses.items()}
        assert shown == {"2021-10-19": "MATERIALIZED", "2021-11-04": "MATERIALIZED", "2021-11-05": None}
        event = instance.fetch_materializations(
            dg.AssetRecordsFilter(dg.AssetKey("ml_feature_store_v2"), asset_partitions=["2021-11-04"]), limit=1
        ).records[0]
        metadata = event.asset_materialization.metadata  # type: ignore[union-attr]
        assert metadata["dagster/partition_row_count"].value == metadata["nba/expected"].value > 30
        assert metadata["nba/share"].value == 1.0


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_export_writes_the_rows_of_a_range(home: Path, tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"features{suffix}"
    result = nba_assets("export", "ml_feature_store_v2", "2021-11-02", END, "--out", str(file), home=home)
    assert result.exit_code == 0, result.output
    rows = pd.read_parquet(file) if suffix == ".parquet" else pd.read_csv(file, parse_dates=["game_date"])
    assert {day.date() for day in rows["game_date"]} == {date(2021, 11, 2), date(2021, 11, 3), date(2021, 11, 4)}
    assert len(rows.columns) == 39
    assert list(tmp_path.iterdir()) == [file]


def test_export_of_dates_that_are_not_there_writes_nothing_or_says_what_lacks(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "features.csv"
    export = ("export", "MLFS", "2021-11-04", "2021-11-06", "--out", str(file))
    refused = nba_assets(*export, home=home)
    assert refused.exit_code == 1
    lacks = "ml_feature_store_v2 has nothing for 2 of 3 dates (2021-11-05 MISSING, 2021-11-06 MISSING)"
    assert lacks in refused.stderr
    assert "Next: nba-assets backfill 2021-11-05 2021-11-06" in refused.stderr
    assert not file.exists()
    partial = nba_assets(*export, "--partial", "--quiet", home=home)
    assert partial.exit_code == 0
    assert f"warning: {lacks}" in partial.stderr
    assert set(pd.read_csv(file)["game_date"]) == {"2021-11-04"}


def test_export_of_rows_that_are_stale_says_so(home: Path, tmp_path: Path) -> None:
    policy = '{"raw_schedule": {"bootstrap_days": 15}}'  # another setting: computed under the old one
    file = tmp_path / "schedule.parquet"
    result = nba_assets("export", "SCHED", END, END, "--out", str(file), home=home, NBA_POLICY=policy)
    assert result.exit_code == 0, result.output
    assert f"warning: the rows of 1 of 1 date ({END} STALE) are out of date" in result.stderr
    assert f"Next: nba-assets repair {END} {END}" in result.stderr
    assert len(pd.read_parquet(file)) > 0


def test_a_season_that_is_not_stored_is_not_verified(home: Path) -> None:
    result = nba_assets("verify", "2022-23", home=home)
    assert result.exit_code == 2
    assert "season 2022-23 is not stored; stored: 2021-22. Run: nba-assets backfill --season 2022-23" in result.stderr


def test_the_first_days_of_a_season_are_verified_without_what_cannot_have_rows_yet(tmp_path: Path) -> None:
    assert nba_assets("backfill", "2021-10-19", "2021-10-21", home=tmp_path).exit_code == 0
    verified = nba_assets("verify", "2021-22", "--format", "json", home=tmp_path)
    (filled,) = [one for one in printed_json(verified)["seasons"]["2021-22"] if one["name"] == "no table empty"]
    assert (verified.exit_code, filled["passed"]) == (0, True)
    assert filled["note"].startswith("no games, or not enough of them yet: ")
    assert {"player_daily_cache", "ml_feature_store_v2"} <= set(filled["note"].partition(": ")[2].split(", "))


def test_a_season_without_partitions_is_not_offered(home: Path) -> None:
    result = nba_assets("verify", "1946-47", home=home)
    assert (result.exit_code, "backfill" in result.stderr) == (2, False)
    assert "season 1946-47 has no partitions: they reach from" in result.stderr


def test_a_reader_that_leaves_early_is_no_error(home: Path) -> None:
    for arguments in (("coverage", START, END), ("tables",), ("tables", "--format", "json")):
        command = [sys.executable, "-m", "nba_assets", *arguments]
        environment = {"NBA_HOME": str(home), "PATH": "/usr/bin:/bin"}
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        told = [line for line in process.stderr if not line.startswith("simulated league (seed 2021) · DuckDB ")]
        assert (told, process.wait()) == ([], 0)


def test_the_version() -> None:
    assert nba_assets("--version", home=Path("nowhere")).stdout == f"nba-assets {version('nba-assets')}\n"


def test_tables_lists_what_exists(home: Path) -> None:
    listed = printed_json(nba_assets("tables", "--format", "json", home=home))["tables"]
    assert [table["table"] for table in listed] == list(TABLES)
    narrow = nba_assets("tables", home=home, COLUMNS="80").stdout
    assert all(name in narrow for name in TABLES), "no name is broken"
    shown = nba_assets("tables", "pdc", home=home).stdout
    assert "points_avg_last_5" in shown
    assert "cache_date (key)" in shown
