"""What the source said of partitions of an older version: filled in where it still says it, once, and nothing else."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from nba_assets.engine.first_fingerprints import record_first_fingerprints
from nba_assets.partition import FINE, Status
from nba_assets.planning.load import load_state
from nba_assets.sources.base import ResultSet
from nba_assets.sources.files import FilesSource
from nba_assets.tables import RAW, TABLES
from nba_assets.text import near
from nba_assets_tests.cli.command import nba_assets
from nba_assets_tests.engine.warehouses import OPENING_NIGHT, build_range, cell, files, session
from nba_assets_tests.needs import real_data
from nba_assets_tests.repair.season import days_from

SEASON, LAST = "2021-22", date(2021, 10, 24)
DAYS = days_from(OPENING_NIGHT, LAST)
CHANGED = date(2021, 10, 22)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A warehouse as the version before left it: without the column."""
    shutil.copytree(real_data() / SEASON, tmp_path / "data" / SEASON)
    build_range(session(tmp_path, FilesSource(tmp_path / "data")), OPENING_NIGHT, LAST)
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute("ALTER TABLE nba_processing.processor_runs DROP COLUMN source_fingerprint")
    return tmp_path


def test_after_the_migration_nothing_is_stale_and_changes_are_noticed(home: Path) -> None:
    settings = {"NBA_SOURCE": "files", "NBA_DATA_DIR": str(home / "data")}
    told = nba_assets("migrate", "--dry-run", home=home, **settings)
    assert "source_fingerprint" in told.stdout
    done = nba_assets("migrate", home=home, **settings)
    assert done.exit_code == 0
    assert f"what the source said of {len(RAW) * len(DAYS)} raw partitions is recorded" in done.stdout
    assert f"{len(RAW) * len(DAYS)}/{len(RAW) * len(DAYS)} {RAW[-1]} {SEASON}" in done.stderr, "how far it is"
    again = nba_assets("migrate", home=home, **settings)
    assert "nothing to do" in again.stdout
    assert again.stderr.splitlines() == [f"files in {home / 'data'} · DuckDB {near(home / 'warehouse.duckdb')}"]

    now = session(home, FilesSource(home / "data"))
    state = load_state(now, DAYS[0], DAYS[-1])
    assert all(state.cell(name, day).status in FINE for name in TABLES for day in DAYS)
    path = home / "data" / SEASON / f"{ResultSet.SHOTS}.parquet"
    shots = pd.read_parquet(path)
    first = shots.index[pd.to_datetime(shots["GAME_DATE"]).dt.date.eq(CHANGED)][0]
    shots.loc[first, "LOC_X"] += 1
    shots.to_parquet(path, index=False)
    assert cell(session(home, FilesSource(home / "data")), "raw_shots", CHANGED).status == Status.STALE


def test_a_quiet_migration_shows_nothing(home: Path) -> None:
    done = nba_assets("migrate", "--quiet", home=home, NBA_SOURCE="files", NBA_DATA_DIR=str(home / "data"))
    assert (done.exit_code, done.output) == (0, "")
    ledger = session(home).warehouse.ledger(tables=RAW)
    assert ledger["source_fingerprint"].notna().sum() >= len(RAW) * len(DAYS)


def test_what_has_changed_before_stays_without_and_is_counted(home: Path) -> None:
    path = home / "data" / SEASON / f"{ResultSet.TEAM_LOG}.parquet"
    log = pd.read_parquet(path)
    log.loc[log["GAME_DATE"].str[:10].eq(str(CHANGED)), "STL"] += 1
    log.to_parquet(path, index=False)
    now = session(home, FilesSource(home / "data"))
    now.warehouse.migrate(dry_run=False)
    would = record_first_fingerprints(now, dry_run=True)
    assert now.warehouse.ledger()["source_fingerprint"].isna().all(), "nothing is written by a rehearsal"
    recorded = record_first_fingerprints(now, dry_run=False)
    assert (recorded.partitions, recorded.different) == (len(RAW) * len(DAYS) - 1, 1)
    assert would == recorded
    row = load_state(now, CHANGED, CHANGED).published("raw_team_boxscores", CHANGED)
    assert row is not None
    assert row.source_fingerprint is None
    assert cell(now, "raw_team_boxscores", CHANGED).status == Status.OK


def test_a_source_that_cannot_tell_leaves_everything_as_it_is(home: Path) -> None:
    settings = {"NBA_SOURCE": "files", "NBA_DATA_DIR": str(home / "data")}
    assert nba_assets("migrate", home=home, **settings).exit_code == 0
    elsewhere = session(home, FilesSource(home / "nowhere"))
    assert record_first_fingerprints(elsewhere, dry_run=False).partitions == 0
    assert record_first_fingerprints(session(home, files()), dry_run=False).partitions == 0
