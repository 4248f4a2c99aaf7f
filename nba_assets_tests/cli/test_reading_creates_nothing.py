"""Commands that only look leave every place as it is: one that is not there, and one that is."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from nba_assets_tests.cli.command import nba_assets, printed_json
from nba_assets_tests.needs import real_data

RANGE = ("2021-11-01", "2021-11-02")
READING = {
    "coverage": ("coverage",),
    "coverage of a range": ("coverage", *RANGE),
    "explain": ("explain", "MLFS", RANGE[0]),
    "impact": ("impact", "0022100111"),
    "verify": ("verify",),
    "tables": ("tables",),
    "alerts": ("alerts", "list"),
    "log": ("log",),
    "plan of a backfill": ("backfill", *RANGE, "--dry-run"),
    "plan of a repair": ("repair", *RANGE, "--dry-run"),
    "plan of a refresh": ("refresh", *RANGE, "--dry-run"),
    "plan of a migration": ("migrate", "--dry-run"),
}


def contents(directory: Path) -> dict[str, tuple[int, bytes]]:
    """Everything below a directory: when it was changed, and what is in it."""
    return {
        str(path.relative_to(directory)): (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
        for path in directory.rglob("*")
    }


def with_a_schedule(home: Path) -> None:
    """A home with a warehouse alone: Dagster's files of this process may close at any later time, which changes them.

    What only reads does not make them again.
    """
    assert nba_assets("backfill", *RANGE, "--tables", "raw_schedule", home=home).exit_code == 0
    shutil.rmtree(home / "simulated" / "dagster")


@pytest.mark.parametrize("command", READING.values(), ids=READING.keys())
def test_a_home_that_is_not_there_is_not_made(tmp_path: Path, command: tuple[str, ...]) -> None:
    result = nba_assets(*command, home=tmp_path / "home")
    assert result.exit_code in (0, 1, 2)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert contents(tmp_path) == {}


def test_an_export_of_nothing_makes_neither_a_home_nor_a_file(tmp_path: Path) -> None:
    result = nba_assets("export", "MLFS", *RANGE, "--out", str(tmp_path / "rows.parquet"), home=tmp_path / "home")
    assert result.exit_code == 1
    assert "has nothing for 2 of 2 dates" in result.stderr
    assert contents(tmp_path) == {}


def test_files_of_a_league_are_planned_in_a_home_without_a_warehouse(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    before = contents(tmp_path)
    real = {"NBA_SOURCE": "files", "NBA_DATA_DIR": str(real_data())}
    result = nba_assets("backfill", *RANGE, "--dry-run", home=home, **real)
    assert result.exit_code == 0
    assert contents(tmp_path) == before


def test_what_is_said_of_a_place_that_is_not_there(tmp_path: Path) -> None:
    nothing = nba_assets("coverage", home=tmp_path / "home")
    assert nothing.exit_code == 2
    assert "nothing has been built yet: run `nba-assets backfill START END`" in nothing.stderr
    plan = printed_json(nba_assets("backfill", *RANGE, "--dry-run", "--format", "json", home=tmp_path / "home"))["plan"]
    raw = {one["table"]: one for one in plan}["raw_schedule"]
    assert raw["dates"] == {"build": [list(RANGE)]}
    assert "No open alerts" in nba_assets("alerts", "list", home=tmp_path / "home").stdout


def test_a_warehouse_that_is_there_is_read_and_not_touched(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with_a_schedule(home)
    before = contents(tmp_path)
    for name, command in READING.items():
        assert isinstance(nba_assets(*command, home=home).exception, (SystemExit, type(None))), name
    assert contents(tmp_path) == before


def test_what_a_warehouse_lacks_is_read_as_empty_and_made_by_the_next_backfill(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with_a_schedule(home)
    with duckdb.connect(str(home / "simulated" / "warehouse.duckdb")) as connection:
        connection.execute("DROP TABLE nba_processing.alerts")
        connection.execute("DROP SCHEMA nba_predictions CASCADE")
    before = contents(tmp_path)
    assert "No open alerts" in nba_assets("alerts", "list", home=home).stdout
    [row, _] = printed_json(nba_assets("coverage", *RANGE, "--format", "json", home=home))["dates"]
    assert row["cells"]["raw_schedule"]["status"] == "OK"
    assert row["cells"]["ml_feature_store_v2"]["status"] == "MISSING"
    assert contents(tmp_path) == before
    assert nba_assets("backfill", *RANGE, "--select", "raw", home=home).exit_code == 0
    with duckdb.connect(str(home / "simulated" / "warehouse.duckdb"), read_only=True) as connection:
        assert connection.sql("SELECT count(*) FROM nba_processing.alerts").fetchall()
        assert connection.sql("SELECT count(*) FROM nba_predictions.ml_feature_store_v2").fetchall() == [(0,)]
