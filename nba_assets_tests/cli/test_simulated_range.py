"""A range of the simulated league from nothing, as a newcomer meets it."""

from __future__ import annotations

from datetime import date
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
    rows = printed_json(nba_assets("coverage", START, END, "--format", "json", home=home))
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
    table = nba_assets("coverage", START, END, home=home).stdout
    assert "2021-11-02" in table
    assert "MLFS" in table
    assert "BOOTSTRAP [b]" in table
    markdown = nba_assets("coverage", START, END, "--format", "markdown", home=home).stdout
    assert markdown.startswith("| date | games |")
    assert markdown.count("| Complete |") == 3


def test_running_again_builds_nothing(home: Path) -> None:
    result = nba_assets("backfill", "2021-10-19", END, "--format", "json", home=home)
    told = printed_json(result)
    assert (result.exit_code, told["built"], told["changed"]) == (0, 0, 0)
    assert set(told["statuses"]) == {"OK", "BOOTSTRAP"}


def test_a_dry_run_plans_and_does_nothing(home: Path) -> None:
    result = nba_assets("backfill", "2021-11-05", "2021-11-06", "--dry-run", "--format", "json", home=home)
    plan = printed_json(result)
    assert [step["table"] for step in plan] == list(TABLES)
    assert all(step["partitions"] == 2 and step["why"] == {"MISSING": 2} for step in plan)
    rows = printed_json(nba_assets("coverage", "2021-11-05", "2021-11-05", "--format", "json", home=home))
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


def test_tables_lists_what_exists(home: Path) -> None:
    listed = printed_json(nba_assets("tables", "--format", "json", home=home))
    assert [table["table"] for table in listed] == list(TABLES)
    shown = nba_assets("tables", "player_daily_cache", home=home).stdout
    assert "points_avg_last_5" in shown
    assert "cache_date (key)" in shown
