"""A ledger with hand-raised code versions is carried over: nothing becomes STALE by it, nothing stops being STALE."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from nba_assets.engine.carry_over import carry_over
from nba_assets.partition import Status
from nba_assets.planning.load import load_state
from nba_assets.planning.plan import plan_step
from nba_assets.tables import RAW, TABLES
from nba_assets_tests.cli.command import nba_assets, printed_json
from nba_assets_tests.engine.warehouses import OPENING_NIGHT, copy_of, healthy, session
from nba_assets_tests.needs import real_data

DAYS = [OPENING_NIGHT + timedelta(days=n) for n in range(4)]
RUNS = "nba_processing.processor_runs"
STALE, FAILED = ("player_game_summary", DAYS[1]), ("team_offense_game_summary", DAYS[2])


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A home with four dates as the version before left them: one partition STALE, one whose last attempt failed."""
    home = copy_of(healthy(DAYS[-1]), tmp_path)
    now = session(home)
    state, types = load_state(now, DAYS[0], DAYS[-1]), ",".join(sorted(now.counting_types))
    hashes = []
    for name in TABLES:
        policy = str(now.policies[name]).replace(", accept_gap_after_days=None", "")  # there was no such field
        parameters = f"{policy} {now.settings.completeness} {types}"
        hashes += [(state.inputs_hash_with("1", parameters, name, day), name, day) for day in DAYS]
    with duckdb.connect(str(home / "warehouse.duckdb")) as connection:
        connection.execute(f"UPDATE {RUNS} SET code_version = '1', inputs_hash = 'of no input'")
        connection.executemany(
            f"UPDATE {RUNS} SET inputs_hash = ? WHERE table_name = ? AND partition_date = ?",
            [row for row in hashes if row[1:] != STALE],
        )
        connection.execute(
            f"INSERT INTO {RUNS} BY NAME SELECT * REPLACE ('99' || substr(attempt_id, 3) AS attempt_id, "
            f"'GAP' AS status, FALSE AS published) FROM {RUNS} WHERE table_name = ? AND partition_date = ?",
            list(FAILED),
        )
        connection.execute("DROP VIEW nba_processing.coverage")
        connection.execute(f"ALTER TABLE {RUNS} DROP COLUMN causes")
    return home


def migrate(home: Path, *arguments: str) -> Any:
    return nba_assets("migrate", *arguments, home=home, NBA_SOURCE="files", NBA_DATA_DIR=str(real_data()))


def ledger(home: Path) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute(f"SELECT * FROM {RUNS} ORDER BY ALL").fetchall()


def statuses(home: Path) -> dict[tuple[str, date], Status]:
    state = load_state(session(home), DAYS[0], DAYS[-1])
    return {(name, day): state.cell(name, day).status for name in TABLES for day in DAYS}


def test_nothing_is_stale_that_was_not_and_nothing_is_to_be_built_besides(old: Path) -> None:
    before = {cell: Status(status) for cell, status in statuses(healthy(DAYS[-1])).items()}
    expected = 4 * len(TABLES) - 1
    told = migrate(old)
    assert told.exit_code == 0, told.output
    assert f"applied: {RUNS}: {expected} partitions carried over" in told.stdout
    after = statuses(old)
    assert after[STALE] == Status.STALE
    assert after[FAILED] == Status.GAP
    independent = {cell for cell in before if TABLES[cell[0]].result_sets}
    assert {after[cell] for cell in independent} == {before[cell] for cell in independent}
    state = load_state(session(old), DAYS[0], DAYS[-1])
    own = {cell for cell in before if (row := state.published(*cell)) and row.inputs_hash != state.inputs_hash(*cell)}
    assert own == {STALE}, "whatever else is STALE is so because of it"
    assert not any(plan_step(state, table, DAYS).build for table in RAW), "raw tables are not asked of the source"


def test_the_rows_are_those_of_before_with_other_hashes(old: Path) -> None:
    stands = {(row.table_name, row.partition_date): row for row in session(old).warehouse.stored_ledger().itertuples()}
    migrate(old)
    renewed = [row for row in session(old).warehouse.stored_ledger().itertuples() if row.code_version != "1"]
    assert len(renewed) == 4 * len(TABLES) - 1
    for row in renewed:
        was = stands[row.table_name, row.partition_date]
        assert (row.content_hash, row.rows, row.run_id) == (was.content_hash, was.rows, was.run_id)
        assert row.code_version == TABLES[row.table_name].code_version
        assert row.inputs_hash != was.inputs_hash


def test_a_second_time_nothing_is_done(old: Path) -> None:
    migrate(old)
    once = ledger(old)
    assert "nothing to do" in migrate(old).stdout
    assert ledger(old) == once
    assert carry_over(session(old), dry_run=True) == []


def test_a_dry_run_says_how_many_and_writes_nothing(old: Path) -> None:
    before = ledger(old)
    told = migrate(old, "--dry-run")
    assert f"would apply: {RUNS}: {4 * len(TABLES) - 1} partitions carried over" in told.stdout
    shown = printed_json(migrate(old, "--dry-run", "--format", "json"))["differences"]
    assert [row["why"].split(" ")[1] for row in shown if row["statement"] == ""] == ["partitions"]
    assert ledger(old) == before


def test_with_other_settings_what_they_change_stays_stale(old: Path) -> None:
    nba_assets(
        *("migrate", "--quiet"),
        home=old,
        NBA_SOURCE="files",
        NBA_DATA_DIR=str(real_data()),
        NBA_COMPLETENESS="absolute",
    )
    assert {row.code_version for row in session(old).warehouse.stored_ledger().itertuples()} == {"1"}


def test_a_ledger_of_this_version_is_left_alone(tmp_path: Path) -> None:
    home = copy_of(healthy(DAYS[-1]), tmp_path)
    before = ledger(home)
    assert "nothing to do" in migrate(home).stdout
    assert ledger(home) == before


def test_without_a_warehouse_there_is_nothing_to_carry_over(tmp_path: Path) -> None:
    assert carry_over(session(tmp_path), dry_run=True) == []
