"""A home that may only be read, and a full disk: what reads goes on working, what writes names place and next step."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from nba_assets_tests.cli.command import nba_assets
from nba_assets_tests.cli.nowhere_to_write import WAREHOUSE, Came, on_a_full_disk, read_only
from nba_assets_tests.cli.test_reading_creates_nothing import contents

DAY, NEXT = ("2021-11-01", "2021-11-01"), ("2021-11-02", "2021-11-02")
ONLY = ("--tables", "raw_schedule")
BUILD = ("backfill", *NEXT, *ONLY)
READING = (
    *(("coverage",), ("coverage", *DAY, "--out", "page.html")),
    *(("explain", "SCHED", DAY[0]), ("impact", "0022100086"), ("log",), ("verify",), ("alerts", "list")),
    *(("tables",), ("migrate", "--dry-run"), ("export", "SCHED", *DAY, "--out", "rows.parquet")),
    *((*BUILD, "--dry-run"), ("repair", *DAY, *ONLY, "--dry-run"), ("refresh", *DAY, "--dry-run")),
    *(("backfill", *DAY, *ONLY), ("repair", *ONLY)),
)
"""The last two have nothing to do."""
WRITING = (
    *(("migrate",), ("reinstate",), ("reinstate", "--anew"), ("refresh", *DAY), ("dev", "--port", "3981")),
    *(("fetch", "2021-22"), ("repair", *DAY, *ONLY, "--rewrite"), BUILD),
)
pytestmark = pytest.mark.long
NEXT_STEP = re.compile(r"Check (NBA_HOME|NBA_DUCKDB_PATH|the permissions|the disk)|Make room")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the schedule of one day; not to be changed."""
    home = tmp_path_factory.mktemp("built") / "home"
    assert nba_assets("backfill", *DAY, *ONLY, home=home).exit_code == 0
    return home


@pytest.fixture
def home(built: Path, tmp_path: Path) -> Path:
    """The same, for one test."""
    return Path(shutil.copytree(built, tmp_path / "home"))


def require_read(command: tuple[str, ...], came: Came) -> None:
    """The command has done what it does where it may write: `verify` misses box scores here as there."""
    assert (came.raised, came.status) == (None, 1 if command == ("verify",) else 0), (command, came.stderr)
    assert "error:" not in came.stderr, command


def require_told(command: tuple[str, ...], came: Came, home: Path) -> None:
    """The command has failed, and said in a line where and what to do."""
    assert came.raised is None, command
    assert came.status in (1, 2), command
    said = [line for line in came.stderr.splitlines() if str(home) in line and NEXT_STEP.search(line)]
    assert len(said) == 1, (command, came.stderr)
    assert "Traceback" not in came.stderr, command


def test_what_reads_works_in_a_home_that_may_only_be_read(home: Path) -> None:
    before = contents(home)
    commands = (*READING, ("doctor",))
    for command, came in zip(commands, read_only(home, commands=commands), strict=True):
        require_read(command, came)
        if command == ("log",):
            assert "raw_schedule 2021-11-01" in came.stdout
        if command == ("doctor",):
            assert came.stdout.count("cannot be written to") == 3, "home, warehouse and Dagster's"
    assert contents(home) == before


def test_what_writes_names_what_may_only_be_read(home: Path) -> None:
    before = contents(home)
    commands = (*WRITING, ("export", "SCHED", *DAY, "--out", str(home / "rows.csv")), ("unaccept", *DAY))
    for command, came in zip(commands, read_only(home, commands=commands), strict=True):
        if "export" not in command:
            require_told(command, came, home)
        else:
            assert (came.status, "rows.csv: cannot be written: Permission denied" in came.stderr) == (1, True)
    assert contents(home) == before
    assert nba_assets(*BUILD, home=home).exit_code == 0


@pytest.mark.soak
@pytest.mark.parametrize("part", [str(WAREHOUSE), "simulated/dagster"])
def test_one_part_that_may_only_be_read_keeps_nobody_from_reading(home: Path, part: str) -> None:
    commands = (("coverage",), ("log",), ("doctor",), ("repair", *ONLY), BUILD)
    *readers, build = read_only(home, part, commands=commands)
    assert [came.status for came in readers] == [0, 0, 0, 0], readers
    assert (build.raised, build.status in (1, 2)) == (None, True)
    last = build.stderr.splitlines()[-1]
    assert last.startswith("error: ")
    assert str(home / "simulated") in last
    assert NEXT_STEP.search(last)
    assert build.stderr.count(last.removeprefix("error: ")) == 1, "it is said once"
    assert nba_assets(*BUILD, home=home).exit_code == 0


def test_a_full_disk_loses_nothing_and_says_so(home: Path) -> None:
    commands = (*READING, ("doctor",), *WRITING)
    *came, with_room = on_a_full_disk(home, commands=commands)
    for command, one in zip(commands, came, strict=True):
        if command in READING:
            require_read(command, one)
        elif command == ("doctor",):
            assert (one.status, "Next: Make room" in one.stdout) == (1, True)
        else:
            require_told(command, one, home)
    assert (with_room.status, with_room.raised) == (0, None), with_room.stderr


def test_a_damaged_file_is_named_where_a_copy_of_it_would_be_read(home: Path) -> None:
    file = home / "simulated" / "dagster" / "history" / "runs.db"
    file.write_bytes(file.read_bytes()[:20_000])
    [came] = read_only(home, commands=[("log",)])
    assert (came.raised, came.status) == (None, 1)
    assert f"error: {file} is damaged" in came.stderr
