"""Reading in Python is the same on BigQuery as on DuckDB: rows, types, and what is said of dates that are not there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

import nba_assets as nba
from nba_assets.warehouse.bigquery import BigQueryWarehouse
from nba_assets.warehouse.duckdb import DuckDBWarehouse
from nba_assets_tests.emulator import Emulator
from nba_assets_tests.warehouse.publications import LINES, lines, publication

pytestmark = pytest.mark.long

PREFIX = "read_in_python_"


@pytest.mark.filterwarnings("ignore::nba_assets.api.reader.OutOfDateWarning")
def test_what_is_read_in_python_is_the_same_in_both(
    emulator: Emulator, connect: Callable[..., BigQueryWarehouse], day: date, tmp_path: Path
) -> None:
    stored = publication(lines(day, [210.5, None]), [day])
    file = tmp_path / "warehouse.duckdb"
    for warehouse in (connect(PREFIX), DuckDBWarehouse(file)):
        warehouse.publish(stored)
    place = {"bigquery_project": emulator.project, "bigquery_endpoint": emulator.endpoint}
    bigquery = nba.open(tmp_path, warehouse="bigquery", bigquery_dataset_prefix=PREFIX, **place)
    duckdb = nba.open(tmp_path, warehouse=file)
    asked = ("raw_game_lines", day, day)
    rows = bigquery.read(*asked)
    pd.testing.assert_frame_equal(rows, duckdb.read(*asked))
    assert list(rows["total"].isna()) == [False, True]
    assert bigquery.read(*asked, columns=["game_id", "total"], as_="arrow").num_rows == 2
    with pytest.raises(nba.NotThereError, match=rf"{LINES.name} has nothing for 1 of 2 dates .*BigQuery"):
        bigquery.read("raw_game_lines", day, day + timedelta(days=1))
    assert list(bigquery.coverage(day, day, tables="LINES")["rows"]) == [2]
