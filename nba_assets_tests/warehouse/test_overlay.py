"""An overlay reads like the warehouse that would have been written, and leaves the one below as it is."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from nba_assets.engine.materialize import RunInfo, materialize
from nba_assets.engine.run_options import RunOptions
from nba_assets.session import Session
from nba_assets.sources.base import ResultSet
from nba_assets.tables import TABLES
from nba_assets.warehouse.base import WarehouseError
from nba_assets.warehouse.corrections import CORRECTIONS
from nba_assets.warehouse.overlay import Overlay
from nba_assets_tests.engine.warehouses import EditedSource, copy_of, healthy, session

LAST = date(2021, 10, 22)
DAYS = [LAST - timedelta(days=1), LAST, LAST + timedelta(days=1)]
_OF_ATTEMPT = ["table_name", "partition_date", "status", "published", "rows", "content_hash", "inputs_hash", "reason"]


def _lose_a_game(log: pd.DataFrame) -> pd.DataFrame:
    """Without the first game of the second of the dates."""
    game = "GAME_ID" if "GAME_ID" in log else "gameId"
    return log[log[game] != "0022100018"]


def _build(at: Session) -> None:
    """Some dates again with a game less, by force, and one more."""
    run = RunInfo(options=RunOptions(force=True))
    for name in TABLES:
        materialize(at, name, DAYS, run)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Session, Session, Path]:
    """The same built for good and on top of what stands, and a copy of what stands."""
    sets = (ResultSet.TEAM_LOG, ResultSet.PLAYER_LOG, ResultSet.BOX_SCORES, ResultSet.INACTIVES)
    source = EditedSource(dict.fromkeys(sets, _lose_a_game))
    homes = [copy_of(healthy(LAST), tmp_path_factory.mktemp(name)) for name in ("written", "below")]
    written, below = (session(home, source) for home in homes)
    before = tmp_path_factory.mktemp("before") / "warehouse.duckdb"
    shutil.copy(homes[1] / "warehouse.duckdb", before)
    over = Session(below.settings, given_source=source, given_warehouse=Overlay(below.warehouse))
    _build(written)
    _build(over)
    return written, over, before


def _ledger(at: Session, **asked: object) -> pd.DataFrame:
    return at.warehouse.ledger(**asked)[_OF_ATTEMPT].reset_index(drop=True)  # type: ignore[arg-type]


@pytest.mark.parametrize("table", TABLES)
def test_rows_are_those_that_would_have_been_written(both: tuple[Session, Session, Path], table: str) -> None:
    written, over, _ = both
    whole = TABLES[table]
    asked = [
        {},
        {"start": DAYS[1]},
        {"end": DAYS[0]},
        {"columns": [whole.keys[-1]]},
        {"start": DAYS[1], "end": DAYS[1]},
    ]
    for given in asked:
        pd.testing.assert_frame_equal(over.warehouse.read(whole, **given), written.warehouse.read(whole, **given))


def test_the_ledger_and_the_counts_are_those_that_would_have_been_written(both: tuple[Session, Session, Path]) -> None:
    written, over, _ = both
    for asked in ({}, {"start": DAYS[0], "end": DAYS[1]}, {"tables": ["raw_shots", "ml_feature_store_v2"]}):
        pd.testing.assert_frame_equal(_ledger(over, **asked), _ledger(written, **asked))
    order = ["table_name", "partition_date"]
    counts = [
        at.warehouse.row_counts([*TABLES.values()], DAYS[0], DAYS[2]).sort_values(order) for at in (over, written)
    ]
    pd.testing.assert_frame_equal(*(one.reset_index(drop=True) for one in counts), check_dtype=False)
    failures = [at.warehouse.failures("raw_team_boxscores", DAYS[1]) for at in (over, written)]
    pd.testing.assert_frame_equal(*failures)
    assert len(over.warehouse.stored_ledger()) == len(written.warehouse.stored_ledger())


def test_what_is_below_stays_as_it_is(both: tuple[Session, Session, Path]) -> None:
    _, over, before = both
    stands, was = session(Path(over.settings.home)).warehouse, session(before.parent).warehouse
    pd.testing.assert_frame_equal(stands.stored_ledger(), was.stored_ledger())
    for table in TABLES.values():
        pd.testing.assert_frame_equal(stands.read(table), was.read(table))


def test_it_keeps_bookkeeping_tables_and_migrates_nothing(both: tuple[Session, Session, Path]) -> None:
    _, over, _ = both
    rows = over.warehouse.read_relation(CORRECTIONS)
    over.warehouse.replace_relation(CORRECTIONS, rows.head(0))
    assert over.warehouse.read_relation(CORRECTIONS).empty
    assert over.warehouse.migrate(dry_run=True) == []
    with pytest.raises(WarehouseError, match="nothing is migrated in a dry run"):
        over.warehouse.migrate(dry_run=False)
    assert over.warehouse.describe() == session(Path(over.settings.home)).warehouse.describe()
    assert over.warehouse.cost() is None
