"""Rows altered behind the ledger: `verify` finds them, and the command that it names writes them again."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from nba_assets.cli import app
from nba_assets.planning.load import load_state
from nba_assets.planning.plan import plan_step
from nba_assets.tables import TABLES
from nba_assets.verification.recomputed import stored_rows_are_what_the_code_computes
from nba_assets.verification.season import StoredSeason
from nba_assets_tests.engine.warehouses import stored
from nba_assets_tests.needs import real_data
from nba_assets_tests.repair.conftest import Month

TABLE = "player_daily_cache"


def test_the_command_that_verify_names_heals(month: Month, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = month()
    season = StoredSeason(opened.warehouse, "2023-24", opened.counting_types)
    day = season.sample()[0]
    before = stored(opened, TABLE, day)
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        sql = f"UPDATE nba_precompute.{TABLE} SET points_avg_season = points_avg_season + 1 WHERE cache_date = ?"
        connection.execute(sql, [day])
    assert not stored(opened, TABLE, day).equals(before)
    found = stored_rows_are_what_the_code_computes(StoredSeason(opened.warehouse, "2023-24", opened.counting_types))
    [advice] = found.examples
    assert f"{TABLE} {day}" in advice
    command = advice.partition("run: nba-assets ")[2].split()

    for name, value in {"HOME": tmp_path, "SOURCE": "files", "DATA_DIR": real_data(), "NOW": "2024-07-01"}.items():
        monkeypatch.setenv(f"NBA_{name}", str(value))
    ran = CliRunner().invoke(app, [*command, "--quiet"])
    assert ran.exit_code == 0, ran.output
    assert stored(opened, TABLE, day).equals(before)
    again = StoredSeason(opened.warehouse, "2023-24", opened.counting_types)
    assert stored_rows_are_what_the_code_computes(again).passed


def test_a_plan_to_rewrite_has_every_table_of_the_date_and_an_ordinary_one_none(month: Month) -> None:
    day = date(2023, 11, 20)
    state = load_state(month(), day, day)
    assert not any(plan_step(state, table, [day]).build for table in TABLES)
    assert all(plan_step(state, table, [day], rewrite=True).build == (day,) for table in TABLES)


def test_all_of_history_is_not_rewritten_by_mistake() -> None:
    ran = CliRunner().invoke(app, ["repair", "--rewrite"])
    assert ran.exit_code == 2
    assert "needs START and END" in ran.stderr
