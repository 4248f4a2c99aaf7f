"""A DuckDB file that is damaged, a stranger's or another DuckDB's is nowhere taken for ours; every command tells."""

from __future__ import annotations

import struct
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest

from nba_assets.warehouse.duckdb import DuckDBWarehouse
from nba_assets_tests.cli.command import nba_assets
from nba_assets_tests.engine.warehouses import copy_of, healthy, session
from nba_assets_tests.needs import real_data
from nba_assets_tests.warehouse.publications import LINES, lines, publication

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


DAY = str(LAST)
COMMANDS = (
    *(("migrate",), ("migrate", "--dry-run"), ("coverage",), ("backfill", DAY, DAY), ("doctor",)),
    *(("backfill", DAY, DAY, "--dry-run"), ("repair",), ("refresh", DAY, DAY), ("unaccept", DAY, DAY)),
    *(("explain", "MLFS", DAY), ("impact", "0022100147"), ("verify",), ("export", "SCHED", DAY, DAY, "--out", "x.csv")),
    *(("reinstate",), ("alerts", "list"), ("dev", "--port", "3979")),
)


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


def of_storage_version(number: int, made_by: str) -> Callable[[Path], None]:
    """Makes a file as another DuckDB would leave it: its header says so, and has the checksum of what it says."""

    def make(file: Path) -> None:
        duckdb.connect(str(file)).close()
        header = bytearray(file.read_bytes()[8:4096])
        header[4:12] = struct.pack("<Q", number)
        header[44:76] = made_by.encode().ljust(32, b"\0")
        checksum = 5381
        for (word,) in struct.iter_unpack("<Q", header):
            checksum ^= word * 0xBF58476D1CE4E5B9 % 2**64
        file.write_bytes(struct.pack("<Q", checksum) + header + file.read_bytes()[4096:])

    return make


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(
    ("made", "wrote"),
    [
        (of_storage_version(1_000, "v9.1.0"), "DuckDB v9.1.0"),
        (of_storage_version(1_000, ""), "newer version of DuckDB"),
        (of_storage_version(51, ""), "DuckDB v0.8.0 or v0.8.1"),
    ],
    ids=["of a later version", "of a later one without a name", "of an earlier version"],
)
def test_what_another_duckdb_wrote_is_left_as_it_is(
    tmp_path: Path, made: Callable[[Path], None], wrote: str, command: tuple[str, ...]
) -> None:
    file = tmp_path / "warehouse.duckdb"
    made(file)
    before = file.read_bytes()
    status, text = told_of(file, command, tmp_path / "home")
    assert status == (1 if command == ("doctor",) else 2)
    assert f"{file} was written by {wrote}, which DuckDB v{duckdb.__version__}, installed here, cannot read" in text
    assert "Install the version that wrote it" in text
    assert "or move it away and build anew: nba-assets backfill START END" in text
    assert file.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == [file.name]


@pytest.mark.parametrize("version", ["v1.0.0", "v1.4.0", "latest"])
def test_a_storage_version_that_this_duckdb_reads_is_worked_with(tmp_path: Path, version: str) -> None:
    file = tmp_path / "warehouse.duckdb"
    duckdb.connect().execute(f"ATTACH '{file}' AS made (STORAGE_VERSION '{version}')").close()
    warehouse = DuckDBWarehouse(file)
    warehouse.publish(publication(lines(LAST, [210.5]), [LAST]))
    assert warehouse.read(LINES)["total"].to_list() == [210.5]
