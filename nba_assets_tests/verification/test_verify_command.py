"""`nba-assets verify` on a real DuckDB warehouse: its report, its exit status, and that it writes nothing."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from nba_assets.cli.lazy import Command
from nba_assets.cli.verify import verify
from nba_assets.schema.contract import empty
from nba_assets.sources.simulated import SimulatedSource
from nba_assets.tables import TABLES
from nba_assets.verification.replay import POST_GAME_TABLES, raw_tables, replay
from nba_assets.verification.report import CHECKS
from nba_assets.warehouse.base import Publication
from nba_assets.warehouse.duckdb import DuckDBWarehouse
from nba_assets.warehouse.ledger import ENTITY_FAILURES, PROCESSOR_RUNS
from nba_assets_tests.verification.real_seasons import READ_AT

SEASON = "2021-22"
GAME_DATES = pd.date_range("2021-10-19", "2021-11-12")
FEATURE_DATES = GAME_DATES[-3:-2]


def publish(warehouse: DuckDBWarehouse, name: str, rows: pd.DataFrame) -> None:
    """Replace the partitions of the rows' dates."""
    table = TABLES[name]
    days = sorted(rows[table.partition].dt.date.unique())
    runs, failures = empty(PROCESSOR_RUNS.contract), empty(ENTITY_FAILURES.contract)
    warehouse.publish(Publication(table, days, rows, runs, failures, ()))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a warehouse of the first weeks of a simulated season, and features of one date."""
    folder = tmp_path_factory.mktemp("home")
    raw = raw_tables(SimulatedSource(today=date(2021, 11, 13)), [SEASON], read_at=READ_AT)
    warehouse = DuckDBWarehouse(folder / "nba.duckdb")
    warehouse.prepare()
    with warehouse.writer("a test"):
        after_games = replay(raw, GAME_DATES, tables=POST_GAME_TABLES)
        before_games = replay({**raw, **after_games}, FEATURE_DATES)
        for name, rows in {**raw, **after_games, **before_games}.items():
            publish(warehouse, name, rows)
    return folder


@pytest.fixture
def warehouse(home: Path, monkeypatch: pytest.MonkeyPatch) -> DuckDBWarehouse:
    """The warehouse that the settings of the environment name."""
    monkeypatch.chdir(home)
    for name, value in (("NBA_DUCKDB_PATH", "nba.duckdb"), ("NBA_SOURCE", "simulated"), ("COLUMNS", "200")):
        monkeypatch.setenv(name, value)
    return DuckDBWarehouse(home / "nba.duckdb")


def run(*arguments: str):
    app = typer.Typer()
    app.command(cls=Command)(verify)
    return CliRunner().invoke(app, list(arguments))


@pytest.mark.usefixtures("warehouse")
def test_a_sound_warehouse_passes():
    shown = run("--format", "json")
    assert shown.exit_code == 0, shown.output
    report = json.loads(shown.stdout)
    answers = report["seasons"][SEASON]
    assert report["passed"]
    assert len(answers) == len(CHECKS)
    assert all(answer["passed"] for answer in answers)


def test_a_broken_game_is_named_and_fails_the_command(warehouse: DuckDBWarehouse):
    rows = warehouse.read(TABLES["team_offense_game_summary"])
    day = rows[rows["game_date"] == rows["game_date"].max()]
    with warehouse.writer("a test"):
        publish(warehouse, "team_offense_game_summary", day.assign(won=True))
    shown = run(SEASON, "--quiet")
    with warehouse.writer("a test"):
        publish(warehouse, "team_offense_game_summary", day)
    assert shown.exit_code == 1
    (failed,) = [line for line in shown.output.splitlines() if "FAILED" in line]
    assert "one winner a game" in failed
    told = " ".join(shown.output.replace("│", " ").split())  # a narrow terminal folds the example
    assert f"{day['game_id'].min()}: 2 winners" in told


@pytest.mark.usefixtures("warehouse")
def test_a_season_is_written_in_full():
    shown = run("2021")
    assert shown.exit_code == 2
    assert "2021-22" in shown.stderr


def test_an_empty_warehouse_is_not_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    shown = run()
    assert shown.exit_code == 2
    assert "nba-assets backfill" in shown.stderr
