"""What a row is short of: "ready", or reasons, made of the columns that it has."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow
import pytest

import nba_assets as nba
from nba_assets_tests.api.conftest import END

NOW = "2021-11-05T12:00"
HISTORY = ["points_avg_last_10", "usage_spike_score", "pct_paint", "pct_free_throw"]


def row(missing: list[str], issues: list[str] | None = None, *, ready: bool = True) -> pd.DataFrame:
    """One row of the store, with no more than its readiness is made of."""
    return pd.DataFrame(
        {"missing_features": [missing], "data_quality_issues": [issues or []], "is_production_ready": [ready]}
    )


@pytest.mark.parametrize(
    ("rows", "reasons"),
    [
        (row([]), "ready"),
        (row(["injury_risk"]), "report missing"),
        (row(HISTORY, ready=False), "history short"),
        (row([*HISTORY, "injury_risk"], ready=False), "history short, report missing"),
        (row(["pct_paint", "pct_mid_range", "pct_three"], ["SHOTS_MISSING"]), "zones unknown"),
        (row(["shot_zone_mismatch_score"]), "zones unknown"),
        (row(["pct_free_throw"]), "no points"),
        (row([], ["GAMES_NOT_LOADED"], ready=False), "games missing"),
        (row([], ["GAMES_NOT_LOADED", "SHOTS_MISSING"], ready=False), "games missing, zones unknown"),
        (row([], ["REST_FROM_TEAM"]), "rest by team"),
        (row([], ready=False), "gap accepted"),
        (row(["injury_risk"], ready=False), "report missing, gap accepted"),
    ],
)
def test_reasons(rows: pd.DataFrame, reasons: str) -> None:
    assert list(nba.readiness(rows)) == [reasons]


def test_rows_as_they_are_read(home: Path) -> None:
    rows = nba.open(home, now=NOW).read("MLFS", "2021-10-30", END)
    rows = rows.set_index(rows["player_id"])
    found = nba.readiness(rows)
    assert (found.index.equals(rows.index), found.name, str(found.dtype)) == (True, "readiness", "string")
    is_whole = rows["missing_features"].map(len).eq(0) & rows["data_quality_issues"].map(len).eq(0)
    assert list(found.eq("ready")) == list(is_whole)
    assert list(found.str.contains("history short")) == list(~rows["is_production_ready"])
    assert 0 < is_whole.sum() < len(rows)


def test_no_rows_and_columns_that_lack(home: Path) -> None:
    assert len(nba.readiness(row([]).head(0))) == 0
    rows = nba.open(home, now=NOW).read("MLFS", END, END, columns=["player_id", "missing_features"])
    with pytest.raises(nba.AskedError, match=r"data_quality_issues, is_production_ready is not there: read it, too"):
        nba.readiness(rows)


def test_a_csv_file_has_lists_as_json(home: Path, tmp_path: Path) -> None:
    rows = nba.open(home, now=NOW).read("MLFS", "2021-10-30", END)
    lists = ["missing_features", "data_quality_issues"]
    rows.assign(**{name: rows[name].map(json.dumps) for name in lists}).to_csv(tmp_path / "rows.csv", index=False)
    assert list(nba.readiness(pd.read_csv(tmp_path / "rows.csv"))) == list(nba.readiness(rows))


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (pyarrow.table(row([])), "a DataFrame of pandas, not Table"),
        (None, "not NoneType"),
        (row([]).assign(missing_features="pct_paint"), "a list in every row, or a list as JSON, not 'pct_paint'"),
        (row([]).assign(data_quality_issues="1"), "data_quality_issues is to be a list"),
        (row([]).assign(missing_features=None), "missing_features is NULL in some rows"),
        (row([]).assign(is_production_ready=pd.NA), "is_production_ready is NULL in some rows"),
        (pd.concat([row([]), row([])[["missing_features"]]], axis=1), "missing_features is there twice"),
    ],
)
def test_what_is_no_row_of_the_store_is_refused(rows: Any, said: str) -> None:
    with pytest.raises(nba.AskedError, match=said):
        nba.readiness(rows)


def test_a_training_set_counts_its_rows_by_reason(home: Path) -> None:
    reader = nba.open(home, now=NOW)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", nba.NoWholeRowWarning)
        made: Any = reader.training_set(features=["points_avg_last_5"], split=END)
    store = reader.read("MLFS", END, END).set_index("player_id")
    expected = nba.readiness(store)[list(made.test["player_id"])]
    assert list(made.readiness["test"]) == list(expected)
    assert made.readiness["test"].index.equals(made.test.index)
    assert f"{expected.eq('ready').sum()} ready" in repr(made)
    assert made.manifest["splits"]["test"]["readiness"]["ready"] == expected.eq("ready").sum()
    assert "readiness" not in made.test
