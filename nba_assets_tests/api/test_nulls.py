"""What is NULL, in which season and why: declared once beside the column, shown wherever somebody trains."""

from __future__ import annotations

import csv
import json
import shutil
import warnings
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

import nba_assets as nba
from nba_assets.schema.contract import NEVER, columns_of
from nba_assets.schema.fingerprint import partition_hashes
from nba_assets.session import open_session
from nba_assets.settings import load_settings
from nba_assets.tables import TABLES
from nba_assets_tests.api.conftest import END, START
from nba_assets_tests.cli.command import nba_assets

CUTS = ("2021-11-03", "2021-11-04")
NOW = "2021-11-05T12:00"
STORE = TABLES["ml_feature_store_v2"]


@pytest.fixture(scope="module")
def made(home: Path) -> Any:
    """Points, by date."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", nba.NoWholeRowWarning)
        return nba.open(home, now=NOW).training_set(split=CUTS)


@pytest.mark.parametrize("table", TABLES)
def test_every_column_that_may_be_null_says_when(table: str) -> None:
    for column in columns_of(TABLES[table].contract):
        assert (column.null_when is not None) == column.nullable, column.name
        assert column.null_when in (None, NEVER) or column.description.endswith(f"; NULL {column.null_when}")


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.filterwarnings("ignore::nba_assets.api.reader.OutOfDateWarning")
def test_what_is_said_never_to_be_null_never_is(home: Path, table: str) -> None:
    rows = nba.open(home, now=NOW).read(table, START, END, missing="skip")
    described = nba.dictionary(table).set_index("column")["null_when"]
    never = [name for name in rows.columns if pd.isna(described[name]) or described[name] == NEVER]
    assert not rows[never].isna().any().any(), rows[never].isna().sum()


def test_the_dictionary_says_why() -> None:
    described = nba.dictionary("UPGC").set_index("column")
    assert described.loc["player_age", "null_when"] == "if his birth date is not known"
    assert described.loc["player_age", "description"] == "Age at D; NULL if his birth date is not known"
    assert described["null_when"].notna().equals(described["nullable"])


def test_shares_are_by_season_with_the_reason(made: Any) -> None:
    assert list(made.nulls.columns) == ["2021-22", "null_when"]
    assert list(made.nulls.index) == made.features
    rows = pd.concat([made.train, made.validation, made.test])
    for name in made.features:
        assert made.nulls.loc[name, "2021-22"] == pytest.approx(rows[name].isna().mean())
    assert "injury report" in made.nulls.loc["injury_risk", "null_when"]
    assert made.nulls.loc["home_away", "null_when"] == NEVER


def test_a_report_has_what_is_null_and_why_some_are_always_the_same(made: Any) -> None:
    told = repr(made)
    share = made.nulls.loc["points_avg_last_10", "2021-22"]
    assert f"{share:.3f}  with fewer than 5 games this season" in next(
        line for line in told.splitlines() if "points_avg_last_10 " in line
    )
    assert not any(line.startswith("  home_away") for line in told.splitlines()), "never NULL"
    assert "playoff_game (outside the playoffs)" in told


def test_files_say_so_too(made: Any, tmp_path: Path) -> None:
    made.write(tmp_path / "set")
    found = json.loads((tmp_path / "set" / "manifest.json").read_text())["seasons"]["2021-22"]
    assert found["rows"] == len(made.all_rows)
    assert found["nulls"]["injury_risk"] == made.all_rows["injury_risk"].isna().sum()
    assert "home_away" not in found["nulls"]
    with (tmp_path / "set" / "dictionary.csv").open(newline="") as lines:
        described = {row["column"]: row for row in csv.DictReader(lines)}
    share = float(described["recent_trend"]["null_share_2021-22"])
    assert share == pytest.approx(made.nulls.loc["recent_trend", "2021-22"], abs=1e-4)
    assert described["recent_trend"]["null_when"] == "with fewer than 5 games this season"


def test_dropna_never_leaves_nothing_without_a_word(home: Path, tmp_path: Path) -> None:
    place = tmp_path / "home"
    shutil.copytree(home, place)
    without_reports(place)
    reader = nba.open(place, now=NOW)
    message = (
        r"in no row of test all of 25 features are known: dropna would leave nothing\. "
        r"Fill what is NULL, or leave out what never is: injury_risk"
    )
    with pytest.warns(nba.NoWholeRowWarning, match=message) as warned:
        made = reader.training_set(split=CUTS)
    assert {one.filename for one in warned} == {__file__}
    assert made.test.dropna(subset=made.features).empty
    assert "injury_risk" not in made.live
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        reader.training_set(features=made.live, split=CUTS)
    told = nba_assets(
        "training-set", "--split", ",".join(CUTS), "--out", str(tmp_path / "set"), home=place, NBA_NOW=NOW
    )
    assert (told.exit_code, "warning: in no row of test all of 25 features" in told.stderr) == (0, True), told.stderr


def without_reports(home: Path) -> None:
    """The injury risk of the last date is not known, as it would have been published without a report."""
    day, stored = date.fromisoformat(END), f"{STORE.dataset}.{STORE.name}"
    database = str(home / "simulated" / "warehouse.duckdb")
    with duckdb.connect(database) as connection:
        connection.execute(f"UPDATE {stored} SET injury_risk = NULL WHERE game_date = '{day}'")
    rows = open_session(load_settings(home=home)).warehouse.read(STORE, start=day, end=day)
    content = partition_hashes(rows, STORE.contract, [day])[day]
    of_day = f"WHERE table_name = '{STORE.name}' AND partition_date = '{day}'"
    with duckdb.connect(database) as connection:
        connection.execute(f"UPDATE nba_processing.processor_runs SET content_hash = ? {of_day}", [content])
