"""A DuckDB file that is damaged, or a stranger's, is nowhere taken for ours, and every command says what to do."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest

from nba_assets_tests.cli.command import nba_assets
from nba_assets_tests.engine.warehouses import copy_of, healthy, session
from nba_assets_tests.needs import real_data

LAST = date(2021, 11, 6)
HEADER, BLOCK = 12_288, 262_144
"""How DuckDB lays out its files."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A season's first three weeks."""
    return session(copy_of(healthy(LAST), tmp_path_factory.mktemp("damaged"))).settings.home


def said(home: Path, *command: str) -> tuple[int, str]:
    """Status and text of a command there."""
    settings = {"NBA_SOURCE": "files", "NBA_DATA_DIR": str(real_data()), "COLUMNS": "2000"}
    result = nba_assets(*command, home=home, **settings)
    return result.exit_code, " ".join((result.stdout + result.stderr).split())


@pytest.mark.parametrize("share", [0.2, 0.4, 0.6, 0.8])
def test_whatever_is_damaged_is_told_or_nobody_reads_it(home: Path, share: float) -> None:
    file = home / "warehouse.duckdb"
    whole = file.read_bytes()
    place = HEADER + int(share * len(whole) // BLOCK) * BLOCK + 1_000
    before = said(home, "coverage")
    try:
        file.write_bytes(whole[:place] + b"\xff" * 2_000 + whole[place + 2_000 :])
        for command in (("coverage",), ("backfill", str(LAST), str(LAST), "--force"), ("coverage", "--check")):
            status, text = said(home, *command)
            assert status == 1 or said(home, "coverage") == before, command
            assert ("is damaged" in text) == ("move it away and build anew" in text)
    finally:
        file.write_bytes(whole)


def test_damage_in_the_middle_is_told_as_such(home: Path) -> None:
    file = home / "warehouse.duckdb"
    whole = file.read_bytes()
    damaged = bytearray(whole)
    for place in range(HEADER + 4 * BLOCK + 1_000, len(whole) - 2 * BLOCK, BLOCK):
        damaged[place : place + 2_000] = b"\xff" * 2_000
    try:
        file.write_bytes(damaged)
        status, text = said(home, "coverage")
    finally:
        file.write_bytes(whole)
    assert status == 1
    assert f"error: {file} is damaged in its middle: Corrupt database file" in text
    assert "put a copy in its place, or move it away and build anew: nba-assets backfill START END." in text
    assert said(home, "coverage")[0] == 0


COMMANDS = (("migrate",), ("migrate", "--dry-run"), ("coverage",), ("backfill", str(LAST), str(LAST)), ("doctor",))


def told_of(file: Path, command: tuple[str, ...], home: Path) -> tuple[int, str]:
    """What a command says that is sent to a file by mistake."""
    result = nba_assets(*command, home=home, NBA_DUCKDB_PATH=str(file), COLUMNS="2000")
    return result.exit_code, " ".join((result.stdout + result.stderr).split())


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_strangers_database_is_refused_and_left_as_it_is(tmp_path: Path, command: tuple[str, ...]) -> None:
    file = tmp_path / "theirs.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("CREATE TABLE customers AS SELECT 1 AS number")
    before = file.read_bytes()
    status, text = told_of(file, command, tmp_path / "home")
    assert status == 1
    assert f"{file} is no warehouse of nba_assets: it has main.customers, and no ledger" in text
    assert "Check NBA_DUCKDB_PATH" in text
    assert file.read_bytes() == before


def test_an_empty_database_is_nobodys(tmp_path: Path) -> None:
    file = tmp_path / "new.duckdb"
    duckdb.connect(str(file)).close()
    assert told_of(file, ("migrate",), tmp_path / "home")[0] == 0
