"""Three weeks of a real season, built into both warehouses by the same engine: a range, a gap, force, a late game."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from nba_assets.engine.materialize import RunInfo, materialize
from nba_assets.engine.run_options import RunOptions
from nba_assets.planning.load import load_state
from nba_assets.planning.plan import plan_step
from nba_assets.schema.fingerprint import partition_hashes
from nba_assets.session import Session
from nba_assets.settings import Settings, load_settings
from nba_assets.sources.base import ResultSet, Unversioned
from nba_assets.sources.files import FilesSource
from nba_assets.tables import TABLES
from nba_assets.warehouse.base import Warehouse
from nba_assets.warehouse.bigquery import BigQueryWarehouse
from nba_assets.warehouse.duckdb import DuckDBWarehouse
from nba_assets.warehouse.ledger import PROCESSOR_RUNS
from nba_assets_tests.needs import real_data

pytestmark = pytest.mark.long

RANGE = [day.date() for day in pd.date_range("2021-10-15", "2021-11-07")]
LAST = date(2021, 11, 8)
LATE_GAME = "0022100147"
OF_LAST = ("raw_schedule", "raw_team_boxscores", "team_offense_game_summary")
AFTER = ("raw_shots", "team_offense_game_summary")
# What differs between two builds of the same facts, in whatever warehouse.
OF_THE_ATTEMPT = ["attempt_id", "run_id", "started_at", "duration_s"]


class WithoutGames(Unversioned):
    """Files from which games are missing, as if their box scores had not come yet."""

    name = "files"

    def __init__(self, directory: Path) -> None:
        self._files = FilesSource(directory)
        self.counting_types = self._files.counting_types
        self.missing: tuple[str, ...] = ()

    def read(self, result_set: ResultSet, season: str, dates: Sequence[date] | None = None) -> pd.DataFrame | None:
        """The season, without the box scores of the missing games."""
        rows = self._files.read(result_set, season, dates)
        if rows is None or result_set is ResultSet.SCHEDULE or "GAME_ID" not in rows:
            return rows
        return rows[~rows["GAME_ID"].isin(self.missing)]


def settings() -> Settings:
    """A morning in December, on real data."""
    return load_settings(source="files", data_dir=real_data(), now=datetime(2021, 12, 2, 12, tzinfo=UTC))


def run(session: Session, table: str, days: Sequence[date], *, force: bool = False) -> set[str]:
    """Build what a table lacks on some days; the statuses that came out."""
    options = RunOptions(backfill_mode=True, force=force, forced_by="a test" if force else None)
    step = plan_step(load_state(session, days[0], days[-1]), table, days)
    if not step.build:
        return {"BLOCKED"} if step.blocked else set()
    return {str(b.outcome.status.value) for b in materialize(session, table, step.build, RunInfo(options=options))}


def with_a_late_game(warehouse: Warehouse) -> list[set[str]]:
    """A range in one go, then a last day whose late game is a gap, is forced, and comes in the end."""
    source = WithoutGames(real_data())
    session = Session(settings(), source, warehouse)
    for name in TABLES:
        materialize(session, name, RANGE, RunInfo(options=RunOptions(backfill_mode=True)))
    source.missing = (LATE_GAME,)
    gap = [run(session, name, [LAST]) for name in OF_LAST]
    forced = [run(session, name, [LAST], force=True) for name in OF_LAST[1:]]
    source.missing = ()
    late = materialize(session, OF_LAST[1], [LAST], RunInfo())  # as `refresh` does: what stands is asked for again
    return [*gap, *forced, {str(late[0].outcome.status.value)}, *(run(session, name, [LAST]) for name in AFTER)]


@pytest.fixture(scope="module")
def told(duckdb: DuckDBWarehouse, bigquery: BigQueryWarehouse) -> list[list[set[str]]]:
    """What became of the last day in either warehouse; both are built by then."""
    return [with_a_late_game(warehouse) for warehouse in (duckdb, bigquery)]


def test_a_gap_blocks_force_publishes_and_the_late_game_repairs(told: list[list[set[str]]]) -> None:
    gap = [{"OK"}, {"GAP"}, {"BLOCKED"}]
    assert told == [[*gap, {"DEGRADED"}, {"DEGRADED"}, {"OK"}, {"OK"}, {"OK"}]] * 2


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize("name", TABLES)
def test_rows_nulls_and_hashes_are_equal(duckdb: DuckDBWarehouse, bigquery: BigQueryWarehouse, name: str) -> None:
    table = TABLES[name]
    left, right = (warehouse.read(table, start=RANGE[0], end=LAST) for warehouse in (duckdb, bigquery))
    assert len(left) > 80
    assert_frame_equal(left, right, check_exact=True)
    ledger = bigquery.ledger(RANGE[0], LAST)
    stands = ledger[(ledger["table_name"] == name) & ledger["published"]].set_index("partition_date")["content_hash"]
    hashes = partition_hashes(right, table.contract, [day.date() for day in stands.index])
    assert stands.tolist() == list(hashes.values())


@pytest.mark.usefixtures("told")
def test_the_ledgers_say_the_same(duckdb: DuckDBWarehouse, bigquery: BigQueryWarehouse) -> None:
    left, right = (warehouse.ledger(RANGE[0], LAST) for warehouse in (duckdb, bigquery))
    assert len(left) == len(TABLES) * len(RANGE) + len({*OF_LAST, *AFTER})
    assert_frame_equal(left.drop(columns=OF_THE_ATTEMPT), right.drop(columns=OF_THE_ATTEMPT), check_exact=True)
    attempts = bigquery.read_relation(PROCESSOR_RUNS)
    of_game = attempts[(attempts["table_name"] == OF_LAST[1]) & (attempts["partition_date"] == pd.Timestamp(LAST))]
    assert of_game.sort_values("attempt_id")["status"].tolist() == ["GAP", "DEGRADED", "OK"]


@pytest.mark.usefixtures("told")
def test_a_second_run_has_nothing_to_do(bigquery: BigQueryWarehouse) -> None:
    session = Session(settings(), given_warehouse=bigquery)
    state = load_state(session, RANGE[0], RANGE[-1])
    assert [name for name in TABLES if plan_step(state, name, RANGE).build] == []


def test_the_late_game_is_one_of_the_last_day() -> None:
    log = FilesSource(Path(real_data())).read(ResultSet.TEAM_LOG, "2021-22")
    assert log is not None
    assert log.loc[log["GAME_ID"] == LATE_GAME, "GAME_DATE"].tolist() == [str(LAST)] * 2
