"""Reading in Python: typed rows of dates, seasons, players and teams, and plain errors for what cannot be."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pytest

import nba_assets as nba
from nba_assets.tables import TABLES
from nba_assets_tests.api.conftest import END, START
from nba_assets_tests.cli.test_reading_creates_nothing import contents
from nba_assets_tests.needs import absent


@pytest.fixture(scope="module")
def reader(home: Path) -> nba.Reader:
    """What was built."""
    return nba.open(home)


def test_the_names_are_seen_and_nothing_is_imported_before_they_are_used() -> None:
    told = (
        "import sys, nba_assets as nba; before = {m for m in sys.modules if m.startswith('nba_assets.')};"
        "assert set(nba.__all__) <= set(dir(nba)); assert not before, before; help(nba); help(nba.read)"
    )
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, env=_environment(), check=False)
    assert done.returncode == 0, done.stderr
    for name in ("read(", "coverage(", "explain(", "dictionary(", "open(", "missing: 'Missing' = 'error'"):
        assert name in done.stdout, name


@pytest.mark.long
def test_reading_imports_no_dagster_and_uses_the_settings_of_the_environment(home: Path) -> None:
    asked = (
        f"import sys, nba_assets as nba; print(len(nba.read('MLFS', '{END}', '{END}')));"
        f"nba.coverage(); nba.explain('MLFS', '{END}'); nba.dictionary('MLFS');"
        "print('dagster' in sys.modules, callable(nba.coverage))"
    )
    environment = _environment() | {"NBA_HOME": str(home)}
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, env=environment, check=False)
    rows, rest = done.stdout.split("\n", 1)
    assert (int(rows) > 30, rest, done.stderr) == (True, "False True\n", "")


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(nba.__file__).parents[1])}


def test_coverage_is_the_function_whatever_was_imported_before() -> None:
    from nba_assets.overview.matrix import matrix

    assert callable(matrix)
    assert callable(nba.coverage)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.filterwarnings("ignore::nba_assets.api.reader.OutOfDateWarning")
def test_the_types_are_those_of_the_contract_with_rows_and_without(reader: nba.Reader, table: str) -> None:
    rows, none = reader.read(table, END, END), reader.read(table, "2021-10-18", "2021-10-18", missing="skip")
    assert len(none) == 0
    assert list(rows.dtypes.items()) == list(none.dtypes.items())
    described = reader.dictionary(table).set_index("column")
    assert list(rows.columns) == list(described.index)
    names = {
        "integer": "Int64",
        "float": "float64",
        "boolean": "boolean",
        "string": "string",
        "date": "datetime64[ns]",
        "timestamp": "datetime64[ns, UTC]",
        "list of strings": "object",
    }
    assert {name: str(dtype) for name, dtype in rows.dtypes.items()} == {
        name: names[type_] for name, type_ in described["type"].items()
    }
    assert (rows["game_date"] == pd.Timestamp(END)).all() or table == "raw_injury_reports"


def test_lists_are_lists_and_what_is_unknown_is_na(reader: nba.Reader) -> None:
    rows = reader.read("MLFS", START, END)
    assert {type(value) for value in rows["missing_features"]} == {list}
    assert rows["points_avg_last_10"].isna().sum() == sum("points_avg_last_10" in m for m in rows["missing_features"])
    unknown = reader.read("INJ", START, END)["reason"]
    assert unknown[unknown.isna()].map(type).isin([type(pd.NA)]).all()


def test_columns_come_as_they_are_named_and_the_date_by_one_name(reader: nba.Reader) -> None:
    rows = reader.read("player_daily_cache", END, END, columns=["points_avg_last_5", "game_date", "player_id"])
    assert list(rows.columns) == ["points_avg_last_5", "game_date", "player_id"]
    features = reader.read("MLFS", END, END, columns=["game_date", "player_id", "points_avg_last_5"])
    both = features.merge(rows, on=["game_date", "player_id"], suffixes=("", "_cached"))
    assert len(both) == len(rows) > 30
    pd.testing.assert_series_equal(both["points_avg_last_5"], both["points_avg_last_5_cached"], check_names=False)
    assert list(reader.read("MLFS", END, END, columns="team").columns) == ["team"]


def test_dates_can_be_what_a_frame_has_in_it(reader: nba.Reader) -> None:
    typed = reader.read("MLFS", END, END)
    newest = typed["game_date"].max()
    for day in (newest, newest.date(), newest.to_datetime64()):
        pd.testing.assert_frame_equal(reader.read("MLFS", day, day), typed)


def test_players_by_id_or_name_and_teams_by_code_or_name(reader: nba.Reader) -> None:
    rows = reader.read("PGS", START, END)
    one = rows.iloc[0]
    by_id = reader.read("PGS", START, END, players=one["player_id"])
    by_name = reader.read("PGS", START, END, players=[one["player_name"].upper(), str(one["player_id"])])
    assert set(by_id["player_id"]) == set(by_name["player_id"]) == {one["player_id"]}
    assert len(by_id) == len(by_name) == (rows["player_id"] == one["player_id"]).sum()
    of_team = reader.read("PGS", START, END, teams=["phoenix suns", "BRK"])
    assert set(of_team["team"]) == {"PHX", "BKN"}
    games = reader.read("SCHED", START, END, teams="PHX")
    assert len(games) > 0
    assert (games["home_team"].eq("PHX") | games["away_team"].eq("PHX")).all()


def test_a_season_is_what_there_is_of_it_by_now(home: Path) -> None:
    now = nba.open(home, now="2021-11-05T12:00")
    so_far = now.read("PGS", season="2021-22")
    assert so_far["game_date"].max() == pd.Timestamp(END), "nobody has named the 5th, whose results are not due yet"
    assert so_far.attrs["statuses"] == {"OK": 17}
    with pytest.raises(nba.NotThereError, match=r"2021-11-05 NOT_DUE.* Next: nba-assets backfill 2021-11-05"):
        now.read("PGS", END, "2021-11-05")
    with pytest.raises(nba.NotThereError, match=r"2021-11-05 MISSING.* Next: nba-assets backfill 2021-11-05"):
        nba.open(home, now="2021-11-20T12:00").read("PGS", season=["2021-22"])


def test_dates_that_are_not_there_are_named_or_left_out(reader: nba.Reader) -> None:
    with pytest.raises(nba.NotThereError) as refused:
        reader.read("MLFS", END, "2021-11-08")
    named = "ml_feature_store_v2 has nothing for 4 of 5 dates (2021-11-05 MISSING, 2021-11-06 MISSING, 2021-11-07 "
    assert str(refused.value).startswith(f"{named}MISSING and 1 more). Next: nba-assets backfill 2021-11-05 2021-11-08")
    assert "simulated league" in str(refused.value), "which place it is about"
    with pytest.warns(nba.OutOfDateWarning, match="has nothing for 4 of 5 dates") as warned:
        rows = reader.read("MLFS", END, "2021-11-08", missing="skip")
    assert warned[0].filename == __file__
    assert set(rows["game_date"]) == {pd.Timestamp(END)}
    assert rows.attrs == {"table": "ml_feature_store_v2", "statuses": {"OK": 1, "MISSING": 4}}


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda r: r.read("MLF", END, END), "there is no table 'MLF'; did you mean 'ml_feature_store_v2'?"),
        (lambda r: r.read("MLFS", END, END, columns=["point_avg_last_5"]), "did you mean 'points_avg_last_5'?"),
        (lambda r: r.read("MLFS", END, END, columns=[]), "an empty list of columns: name at least one column"),
        (lambda r: r.read("MLFS", END, END, players=[]), "an empty list of players: name at least one player"),
        (lambda r: r.read("MLFS", END, END, teams=()), "an empty list of teams"),
        (lambda r: r.read("MLFS", END, START), f"start {END} is after end {START}"),
        (lambda r: r.read("MLFS", END), "give start and end, or neither"),
        (lambda r: r.read("MLFS"), "say which dates: start and end"),
        (lambda r: r.read("MLFS", END, END, season="2021-22"), "start and end, or season: not both"),
        (lambda r: r.read("MLFS", "yesterday", END), "start 'yesterday' is not a date; write it like 2021-11-01"),
        (lambda r: r.read("MLFS", 20211101, END), "start '20211101' is not a date"),
        (lambda r: r.read("MLFS", season="2021"), "'2021' is not a season; write it like 2021-22"),
        (lambda r: r.read("MLFS", season=2021), "'2021' is not a season"),
        (lambda r: r.read("MLFS", season="2031-32"), "season 2031-32 has no partitions"),
        (lambda r: r.read("MLFS", "2021-09-01", "2021-09-02"), "2021-09-01 is before the first partition"),
        (lambda r: r.read("MLFS", END, END, players="Nobody Atall"), "no player 'Nobody Atall' was with a team"),
        (lambda r: r.read("MLFS", END, END, players=12), "no player '12' was with a team"),
        (lambda r: r.read("TOGS", END, END, players=12), "team_offense_game_summary has no column player_id"),
        (lambda r: r.read("PDC", END, END, teams="PHX"), "player_daily_cache has no column team"),
        (
            lambda r: r.read("MLFS", END, END, teams="Phenix Suns"),
            "there is no team 'Phenix Suns'; did you mean 'PHX'?",
        ),
        (lambda r: r.read("MLFS", END, END, missing="ignore"), "missing='ignore' is not possible. There are: error"),
        (lambda r: r.read("MLFS", END, END, as_="numpy"), "as_='numpy': allowed are pandas, arrow, polars"),
        (lambda r: r.explain("MLF", END), "there is no table 'MLF'"),
        (lambda r: r.coverage(END, START), "is after"),
        (
            lambda r: r.dictionary("no such thing at all"),
            "no table 'no such thing at all'. There are: raw_sch",
        ),
        (lambda _: nba.open("no/such/home"), "no/such/home: nothing has been built there"),
        (lambda _: nba.open(warehouse="bigqery"), "bigqery: nothing has been built there"),
        (lambda _: nba.open(datadir="x"), "there is no setting 'datadir'; did you mean 'data_dir'?"),
        (lambda _: nba.open(source="file"), "NBA_SOURCE=file: allowed: simulated, files, nba_api"),
    ],
)
def test_what_cannot_be_is_a_value_error_that_says_so(
    reader: nba.Reader, ask: Callable[[nba.Reader], object], message: str
) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011  the message is asserted below
        ask(reader)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_arrow_has_the_types_of_the_warehouse(reader: nba.Reader) -> None:
    rows = reader.read("MLFS", END, END)
    table = reader.read("MLFS", END, END, as_="arrow")
    assert table.schema.field("missing_features").type == pa.list_(pa.string())
    assert table.schema.field("game_date").type == pa.date32()
    assert table.schema.field("player_id").type == pa.int64()
    assert table.num_rows == len(rows)
    assert table["points_avg_last_10"].null_count == rows["points_avg_last_10"].isna().sum()
    empty = reader.read("MLFS", "2021-10-19", "2021-10-19", as_="arrow")
    assert (empty.num_rows, empty.schema) == (0, table.schema)


def test_polars_where_it_is_installed_and_how_to_get_it_where_not(
    reader: nba.Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        import polars
    except ImportError:
        absent("the package polars")
    frame = reader.read("MLFS", END, END, as_="polars")
    assert isinstance(frame, polars.DataFrame)
    assert frame.height == len(reader.read("MLFS", END, END))
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(ImportError, match=r"pip install 'nba-assets\[polars\]'"):
        reader.read("MLFS", END, END, as_="polars")


def test_rows_that_are_out_of_date_are_warned_of(home: Path) -> None:
    other = nba.open(home, policy={"raw_schedule": {"bootstrap_days": 15}})
    with pytest.warns(nba.OutOfDateWarning, match=rf"SCHED|raw_schedule: the rows .* Next: nba-assets repair {END}"):
        rows = other.read("SCHED", END, END)
    assert len(rows) > 0
    assert rows.attrs["statuses"] == {"STALE": 1}


def test_rows_that_were_altered_are_an_error(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "copy.duckdb"
    shutil.copy(home / "simulated" / "warehouse.duckdb", file)
    with duckdb.connect(str(file)) as connection:
        connection.execute(
            f"UPDATE nba_analytics.player_game_summary SET points = points + 1 WHERE game_date = '{END}'"
        )
    altered = nba.open(warehouse=file)
    for asked in ({}, {"columns": "player_id"}, {"teams": "PHX"}):
        with pytest.raises(nba.NotThereError, match=rf"has other rows than were published .* repair {END} {END}"):
            altered.read("PGS", END, END, **asked)  # type: ignore[arg-type]
    assert len(altered.read("PGS", START, "2021-11-03")) > 0, "the other dates are as they were"


def test_coverage_has_a_row_for_every_table_and_date(reader: nba.Reader) -> None:
    found = reader.coverage(END, "2021-11-05", tables=["MLFS", "raw_schedule"])
    assert list(found["table"]) == ["raw_schedule", "ml_feature_store_v2"] * 2
    assert list(found["status"]) == ["OK", "OK", "MISSING", "MISSING"]
    assert found.loc[1, "rows"] == len(reader.read("MLFS", END, END))
    assert set(reader.coverage()["game_date"]) == set(pd.date_range("2021-10-19", END))


def test_coverage_of_nothing_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(nba.NotThereError, match="nothing has been built yet: run nba-assets backfill"):
        nba.open(tmp_path).coverage()
    with pytest.raises(nba.NotThereError, match="has nothing for 1 of 1 date"):
        nba.open(tmp_path).read("MLFS", END, END)
    assert list(tmp_path.iterdir()) == []


def test_an_explanation_is_a_tree_when_it_is_printed(reader: nba.Reader) -> None:
    explained = reader.explain("MLFS", "2021-11-05")
    assert "nba-assets backfill 2021-11-05 2021-11-05" in repr(explained)
    assert explained.as_dict()["status"] == "MISSING"


def test_reading_leaves_the_place_as_it_is(home: Path) -> None:
    before = contents(home)
    reader = nba.open(home)
    reader.read("MLFS", START, END, players=reader.read("PGS", END, END)["player_name"].iloc[0])
    reader.coverage()
    reader.explain("MLFS", END)
    assert contents(home) == before


def test_the_other_league_is_refused_by_name(home: Path) -> None:
    file = home / "simulated" / "warehouse.duckdb"
    with pytest.raises(ValueError, match=r"holds data of the source 'simulated', and the source is now 'files'"):
        nba.open(warehouse=file, source="files", data_dir=".").read("MLFS", END, END)
