"""`export`: the rows that Python reads, as a file."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pandas as pd
import pytest

import nba_assets as nba
from nba_assets_tests.api.conftest import END, START
from nba_assets_tests.cli.command import nba_assets


def test_csv_has_a_line_per_row_and_lists_as_json(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "features.csv"
    assert nba_assets("export", "MLFS", START, END, "--out", str(file), home=home).exit_code == 0
    rows = nba.open(home).read("MLFS", START, END)
    assert len(file.read_text().splitlines()) == len(rows) + 1
    with file.open(newline="") as lines:
        written = [json.loads(row["missing_features"]) for row in csv.DictReader(lines)]
    assert written == list(rows["missing_features"])
    assert any(written)


def test_parquet_is_read_again_as_it_was(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "features.parquet"
    assert nba_assets("export", "PSZA", START, END, "--out", str(file), home=home).exit_code == 0
    rows = nba.open(home).read("PSZA", START, END)
    pd.testing.assert_frame_equal(pd.read_parquet(file), rows)
    assert (rows["game_date"] == rows["analysis_date"]).all()


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_columns_are_written_in_the_order_in_which_they_are_named(home: Path, tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"rows{suffix}"
    asked = ("export", "PDC", START, END, "--columns", "points_avg_last_10, game_date,player_id", "--out", str(file))
    assert nba_assets(*asked, home=home).exit_code == 0
    rows = pd.read_parquet(file) if suffix == ".parquet" else pd.read_csv(file, parse_dates=["game_date"])
    assert list(rows.columns) == ["points_avg_last_10", "game_date", "player_id"]
    assert rows["game_date"].max() == pd.Timestamp(END)


def test_a_column_that_is_not_there_is_refused_with_the_nearest(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    for columns, told in (
        ("point_avg_last_5", "did you mean 'points_avg_last_5'?"),
        (" ,", "name at least one column"),
    ):
        refused = nba_assets("export", "PDC", START, END, "--columns", columns, "--out", str(file), home=home)
        assert (refused.exit_code, told in refused.stderr) == (2, True), refused.stderr
    assert not file.exists()


def test_a_season_is_exported_as_far_as_it_is_due(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "rows.parquet"
    asked = ("export", "PGS", "--season", "2021-22", "--out", str(file))
    assert nba_assets(*asked, home=home, NBA_NOW="2021-11-05T12:00").exit_code == 0
    assert pd.read_parquet(file)["game_date"].max() == pd.Timestamp(END)
    refused = nba_assets(*asked, home=home, NBA_NOW="2021-11-20T12:00")
    assert (refused.exit_code, "has nothing for" in refused.stderr) == (1, True)
