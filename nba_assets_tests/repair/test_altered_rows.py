"""Rows that somebody alters in the warehouse itself: never green, named by every command, restored by a repair."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from typer.testing import Result

from nba_assets.engine.materialize import RunInfo, materialize
from nba_assets.partition import Cause, Status
from nba_assets.schema.contract import columns_of
from nba_assets.tables import TABLES
from nba_assets_tests.cli.command import nba_assets, printed_json
from nba_assets_tests.engine.warehouses import OPENING_NIGHT, copy_of, healthy, session
from nba_assets_tests.needs import real_data
from nba_assets_tests.repair.season import contents, days_from
from nba_assets_tests.turns import marked

LAST = date(2021, 11, 6)
DAYS = days_from(OPENING_NIGHT, LAST)
DAY = date(2021, 10, 27)
OF_DAY = f"game_date = DATE '{DAY}'"
TABLE = "raw_player_boxscores"
STORED = f"nba_raw.{TABLE}"

DAMAGES = {
    "rows deleted": f"DELETE FROM {STORED} WHERE {OF_DAY}",
    "one row deleted": f"DELETE FROM {STORED} WHERE rowid = (SELECT min(rowid) FROM {STORED} WHERE {OF_DAY})",
    "a value altered": f"UPDATE {STORED} SET points = points + 1 WHERE rowid = "
    f"(SELECT min(rowid) FROM {STORED} WHERE {OF_DAY} AND points > 0)",
    "a table emptied": f"DELETE FROM {STORED}",
    "rows added": f"INSERT INTO {STORED} BY NAME SELECT * REPLACE (player_id + 9000000 AS player_id) FROM {STORED} "
    f"WHERE {OF_DAY} LIMIT 3",
}
COUNTED = [name for name in DAMAGES if name != "a value altered"]
"""What the numbers of rows betray."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Nineteen healthy dates of one's own."""
    return copy_of(healthy(LAST), tmp_path)


def alter(home: Path, damage: str) -> None:
    """Do it with a shell of DuckDB, as a person would."""
    with duckdb.connect(str(home / "warehouse.duckdb")) as connection:
        connection.execute(DAMAGES.get(damage, damage))


def run(home: Path, *arguments: str) -> Result:
    """A command on the warehouse, long after the season."""
    return nba_assets(
        *arguments, home=home, NBA_SOURCE="files", NBA_DATA_DIR=str(real_data()), NBA_NOW="2024-07-01T12:00"
    )


def over(home: Path, command: str, first: date = DAYS[0], last: date = LAST, *options: str) -> Result:
    """A command over a range."""
    return run(home, command, str(first), str(last), *options)


def coverage(home: Path) -> dict[tuple[str, date], Any]:
    """(table, date) -> the cell that `coverage --format json` shows."""
    shown = over(home, "coverage", DAYS[0], LAST, "--format", "json")
    assert shown.exit_code == 0, shown.output
    rows = printed_json(shown)["dates"]
    return {(name, date.fromisoformat(row["date"])): cell for row in rows for name, cell in row["cells"].items()}


def stale(home: Path) -> set[tuple[str, date]]:
    """What coverage shows as STALE."""
    return {key for key, cell in coverage(home).items() if cell["status"] == Status.STALE}


def rows(home: Path) -> dict[str, pd.DataFrame]:
    """Everything that stands."""
    warehouse = session(home).warehouse
    return {name: warehouse.read(table) for name, table in TABLES.items()}


def assert_whole(home: Path) -> None:
    """Every row stands as it was built, the ledger claims the same, and nothing is to be done."""
    whole = healthy(LAST)
    assert stale(home) == set()
    assert contents(session(home), DAYS) == contents(session(whole), DAYS)
    before = rows(whole)
    for name, after in rows(home).items():
        table = TABLES[name]
        keep = [column.name for column in columns_of(table.contract) if column.is_business]
        pd.testing.assert_frame_equal(after[keep], before[name][keep])


@pytest.mark.parametrize("damage", [COUNTED[0], *marked("long", COUNTED[1:])])
def test_another_number_of_rows_is_stale_with_its_numbers_and_a_plain_repair_restores_it(
    home: Path, damage: str
) -> None:
    alter(home, damage)
    cells = coverage(home)
    cell = cells[TABLE, DAY]
    assert cell["status"] == Status.STALE
    assert [cause["cause"] for cause in cell["causes"]] == [Cause.ROWS_ALTERED]
    numbers = cell["causes"][0]["numbers"]
    assert cell["reason"].startswith(f"{numbers['published']} rows published, {numbers['standing']} row")
    assert numbers["published"] != numbers["standing"]
    behind = cells["player_game_summary", DAY]
    assert behind["status"] == Status.STALE
    assert behind["reason"] == f"{TABLE} {DAY} is stale: {cell['reason']}"
    assert cells["raw_schedule", DAY]["status"] == Status.OK
    explained = run(home, "explain", TABLE, str(DAY))
    assert "altered outside the pipeline" in explained.stdout
    assert "nba-assets repair" in explained.stdout
    repaired = run(home, "repair", "--format", "json")
    assert repaired.exit_code == 0, repaired.output
    assert printed_json(repaired)["changed"] == (len(DAYS) if damage == "a table emptied" else 1)
    assert_whole(home)


@pytest.mark.long
@pytest.mark.parametrize("command", ["repair", *marked("soak", ["refresh"])])
def test_a_named_range_restores_an_altered_value_without_being_told(home: Path, command: str) -> None:
    alter(home, "a value altered")
    assert stale(home) == set(), "as many rows as before: it takes a look at each"
    planned = over(home, command, DAY, DAY, "--dry-run", "--format", "json")
    assert TABLE in {step["table"] for step in printed_json(planned)["plan"]}
    assert stale(home) == set(), "a plan writes nothing"
    done = over(home, command, DAY, DAY, "--format", "json")
    assert done.exit_code == 0, done.output
    assert f"warning: rows altered outside the pipeline: {TABLE} {DAY}" in done.stderr
    assert printed_json(done)["changed"] == 1
    assert over(home, "repair").exit_code == 0
    assert_whole(home)


@pytest.mark.long
def test_verify_finds_an_altered_value_records_it_and_a_plain_repair_restores_it(home: Path) -> None:
    alter(home, "a value altered")
    assert run(home, "repair").exit_code == 0
    shown = run(home, "verify", "--format", "json")
    assert shown.exit_code == 1
    failed = {r["name"]: r for r in printed_json(shown)["seasons"]["2021-22"] if not r["passed"]}
    assert failed["stored = published"]["violations"] == 1
    assert failed["stored = published"]["examples"][0].startswith(f"{TABLE} {DAY}: the rows are not those")
    assert (
        f"recorded as STALE, with what was computed from them: {TABLE} {DAY}. Next: nba-assets repair" in shown.stderr
    )
    cells = coverage(home)
    assert cells[TABLE, DAY]["reason"] == "rows altered outside the pipeline: found by verify"
    assert cells["player_game_summary", DAY]["reason"] == f"{TABLE} {DAY} is stale: {cells[TABLE, DAY]['reason']}"
    assert cells["ml_feature_store_v2", LAST]["status"] == Status.STALE
    assert cells["player_game_summary", DAYS[0]]["status"] == Status.OK
    repaired = run(home, "repair", "--format", "json")
    assert (repaired.exit_code, printed_json(repaired)["changed"]) == (0, 1)
    assert_whole(home)


@pytest.mark.long
def test_what_was_computed_from_altered_rows_is_computed_again_once_they_are_restored(home: Path) -> None:
    """The content hash of restored rows is that of before: nothing would look changed."""
    alter(home, f"UPDATE {STORED} SET points = points + 40 WHERE {OF_DAY} AND points > 0")
    over(home, "repair", DAY, DAY, "--tables", "player_game_summary", "--rewrite")
    assert session(home).warehouse.read(TABLES["player_game_summary"], start=DAY, end=DAY)["points"].max() > 60
    for _ in range(2):
        over(home, "repair")
    assert run(home, "repair").exit_code == 0
    assert_whole(home)


@pytest.mark.long
@pytest.mark.parametrize("damage", [COUNTED[0], *marked("soak", COUNTED[1:])])
def test_what_was_computed_from_holes_is_computed_again_once_they_are_filled(home: Path, damage: str) -> None:
    alter(home, damage)
    over(home, "repair", DAY, DAY, "--tables", "player_game_summary", "--rewrite")
    assert run(home, "repair").exit_code == 0
    assert_whole(home)


@pytest.mark.parametrize("damage", ["a value altered", *marked("long", COUNTED)])
def test_export_of_altered_rows_is_an_error_and_writes_nothing_unless_partial(home: Path, damage: str) -> None:
    alter(home, damage)
    file = home / "rows.parquet"
    asked = ("export", TABLE, str(DAY), str(LAST), "--out", str(file))
    refused = run(home, *asked)
    assert refused.exit_code == 1
    assert not file.exists()
    of = 11 if damage == "a table emptied" else 1
    assert f"error: {TABLE} has other rows than were published for {of} of 11 dates ({DAY} " in refused.stderr
    assert "Nothing is written. Next: nba-assets repair 2021-10-27 2021-1" in refused.stderr
    partial = run(home, *asked, "--partial")
    assert partial.exit_code == 0
    assert f"warning: {TABLE} has other rows than were published for {of} of" in partial.stderr
    assert len(pd.read_parquet(file)) == len(session(home).warehouse.read(TABLES[TABLE], start=DAY, end=LAST))
    assert over(home, "repair").exit_code == 0
    assert run(home, *asked).exit_code == 0


def test_a_build_is_skipped_only_if_its_rows_stand(home: Path) -> None:
    opened = session(home)
    [unchanged] = materialize(opened, TABLE, [DAY], RunInfo())
    alter(home, "a value altered")
    [restored] = materialize(opened, TABLE, [DAY], RunInfo())
    assert (unchanged.changed, restored.changed) == (False, True)
    alter(home, f"UPDATE {STORED} SET points = NULL WHERE {OF_DAY}")
    [restored] = materialize(opened, TABLE, [DAY], RunInfo())
    assert restored.changed, "rows that break the contract are replaced, not complained about"
    assert_whole(home)
