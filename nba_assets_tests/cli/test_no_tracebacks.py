"""What the system refuses, and what is damaged or too far away, is told in a line or two, and loses nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from nba_assets_tests.cli.command import nba_assets
from nba_assets_tests.cli.test_reading_creates_nothing import contents

DAY = ("2021-11-01", "2021-11-01")
SCHEDULE = ("backfill", *DAY, "--tables", "raw_schedule")
AGAIN = ("repair", *DAY, "--rewrite", "--tables", "raw_schedule")
FULL = Path("/dev/full")
_INTERRUPTED = """
import os, signal, sys
module = sys.argv[1]
class Interrupts:
    def find_spec(self, name, *_):
        if name == module:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupts())
from nba_assets.__main__ import main
sys.argv[:] = ["nba-assets", "coverage"]
main()
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the schedule of one day; not to be changed."""
    home = tmp_path_factory.mktemp("built") / "home"
    assert nba_assets(*SCHEDULE, home=home).exit_code == 0
    return home


@pytest.fixture
def home(built: Path, tmp_path: Path) -> Path:
    """The same, to be damaged."""
    return Path(shutil.copytree(built, tmp_path / "home"))


def process(*arguments: str, home: Path, cwd: Path, **options: object) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    environment = {**os.environ, "NBA_HOME": str(home), **options.pop("env", {})}  # type: ignore[dict-item]
    command = [sys.executable, "-m", "nba_assets", *arguments]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.run(command, env=environment, cwd=cwd, text=True, check=False, **streams)  # type: ignore[call-overload,no-any-return]


@pytest.mark.parametrize(
    "command", [("coverage", *DAY, "--format", "json"), ("export", "SCHED", *DAY)], ids=["coverage", "export"]
)
def test_a_file_that_cannot_be_written_is_named_and_the_old_one_stays(
    built: Path, tmp_path: Path, command: Sequence[str]
) -> None:
    (tmp_path / "folder.csv").mkdir()
    result = nba_assets(*command, "--out", "folder.csv", home=built)
    assert (result.exit_code, "--out folder.csv: is a directory" in result.stderr) == (2, True)
    result = nba_assets(*command, "--out", f"{'x' * 300}.csv", home=built)
    assert (result.exit_code, "File name too long" in result.stderr) == (2, True)
    old = tmp_path / "old.csv"
    old.write_text("what was there")
    (tmp_path / "link.csv").symlink_to(old)
    assert nba_assets(*command, "--out", "link.csv", home=built).exit_code == 0
    assert (tmp_path / "link.csv").is_symlink()
    assert old.read_text() != "what was there"


def test_a_device_is_written_to_and_a_full_one_is_a_failure(built: Path, tmp_path: Path) -> None:
    as_json = ("coverage", *DAY, "--format", "json")
    assert nba_assets(*as_json, "--out", os.devnull, home=built).exit_code == 0
    assert not Path(os.devnull).is_file()
    result = nba_assets(*as_json, "--out", str(FULL), home=built)
    assert (result.exit_code, "cannot be written: No space left on device" in result.stderr) == (1, True)
    assert nba_assets(*as_json, "--out", "-", home=built).stdout == nba_assets(*as_json, home=built).stdout
    assert contents(tmp_path) == {}


def test_a_result_that_cannot_be_printed_is_a_failure_and_a_message_is_not(built: Path, tmp_path: Path) -> None:
    with FULL.open("w") as full:
        for command in (("coverage", *DAY), ("doctor",), ("tables", "--format", "json"), ("--version",), ("--help",)):
            lost = process(*command, home=built, cwd=tmp_path, stdout=full)
            assert (lost.returncode, "Traceback" in lost.stderr) == (1, False), command
            assert "No space left on device" in lost.stderr, command
        assert process("coverage", *DAY, home=built, cwd=tmp_path, stderr=full).returncode == 0


def test_what_the_terminals_encoding_lacks_ends_no_command(built: Path, tmp_path: Path) -> None:
    for command in (("coverage", *DAY), ("tables",), ("coverage", "--help")):
        shown = process(*command, home=built, cwd=tmp_path, env={"PYTHONIOENCODING": "ascii"})
        assert (shown.returncode, shown.stdout.isascii()) == (0, True), command


@pytest.mark.parametrize("module", ["typer", "pandas"])
def test_an_interruption_while_importing_is_quiet(built: Path, tmp_path: Path, module: str) -> None:
    environment = {**os.environ, "NBA_HOME": str(built)}
    command = [sys.executable, "-c", _INTERRUPTED, module]
    ended = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (130, "")


def test_a_working_directory_that_is_gone_is_told(built: Path, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    code = "import os, runpy; os.rmdir(os.getcwd()); runpy.run_module('nba_assets', run_name='__main__')"
    command = [sys.executable, "-c", code, "coverage", *DAY]
    environment = {**os.environ, "NBA_HOME": str(built)}
    ended = subprocess.run(command, env=environment, cwd=gone, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "error: the working directory is no longer there" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"NBA_PARTITIONS_START": "0001-01-01"}, "must be in the years 1946 to 2099"),
        ({"NBA_PARTITIONS_END": "9999-12-31"}, "must be in the years 1946 to 2099"),
        ({"NBA_NOW": "9999-12-31T23:59"}, "must be in the years 1946 to 2099"),
        ({"NBA_PUBLISHING_DELAY_HOURS": "inf"}, "finite number"),
        ({"NBA_PUBLISHING_DELAY_HOURS": "1e300"}, "less than or equal to 876000"),
        ({"NBA_LATE_LIMIT_DAYS": "99999999999"}, "less than or equal to 36500"),
        ({"NBA_REREAD_DAYS": "99999999999"}, "numbers of days"),
        ({"NBA_HOME": "\udcff"}, "must be UTF-8"),
        ({"NBA_API_BASE_URL": "http://host/stats"}, "must contain {endpoint}"),
        ({"NBA_API_BASE_URL": "http://host/{}/{endpoint}"}, "must contain {endpoint}"),
    ],
)
def test_a_setting_beyond_reckoning_is_refused(tmp_path: Path, settings: dict[str, str], said: str) -> None:
    result = nba_assets("coverage", *DAY, **{"home": tmp_path / "home", **settings})  # type: ignore[arg-type]
    if "NBA_HOME" in settings:
        result = nba_assets("coverage", *DAY, home=None, **settings)
    assert result.exit_code == 2
    [(name, _)] = settings.items()
    assert name in result.stderr
    assert said in result.stderr


@pytest.mark.parametrize("season", ["9999-00", "1900-01"])
def test_a_season_that_no_calendar_has_is_refused(built: Path, season: str) -> None:
    for command in (("backfill", "--season", season), ("coverage", "--season", season), ("fetch", season)):
        result = nba_assets(*command, home=built)
        assert (result.exit_code, f"there is no season {season}" in result.stderr) == (2, True), command


@pytest.mark.parametrize("file", ["event_log.db", "history/runs.db"])
def test_damaged_files_of_dagster_are_told_and_moving_them_away_helps(home: Path, file: str) -> None:
    dagster = home / "simulated" / "dagster"
    for place in (dagster / file, *dagster.glob(f"{file}-*")):
        place.unlink()
    (dagster / file).write_text("what is this\n" * 100)
    assert nba_assets(*SCHEDULE, home=home).exit_code == 0, "there is nothing to do, and nothing for Dagster"
    result = nba_assets(*AGAIN, home=home)
    assert result.exit_code == 1
    assert f"error: {dagster / file} is damaged: file is not a database" in result.stderr
    assert nba_assets("coverage", *DAY, home=home).exit_code == 0
    dagster.rename(home / "away")
    assert nba_assets(*AGAIN, home=home).exit_code == 0


def test_a_damaged_warehouse_is_told_and_left_as_it_is(home: Path) -> None:
    file = home / "simulated" / "warehouse.duckdb"
    file.write_bytes(file.read_bytes()[:100_000])
    before = file.read_bytes()
    for command in (("coverage",), SCHEDULE, ("verify",), ("migrate",)):
        result = nba_assets(*command, home=home)
        assert (result.exit_code, "it is damaged or no warehouse" in result.stderr) == (1, True), command
    assert file.read_bytes() == before


def test_doctor_tells_a_misspelt_setting_once_and_a_file_in_the_way(home: Path) -> None:
    result = nba_assets("doctor", home=home, NBA_SURCE="files")
    assert (result.stdout + result.stderr).count("NBA_SURCE is not a setting") == 1
    shutil.rmtree(home / "simulated" / "dagster")
    (home / "simulated" / "dagster").write_text("not a directory")
    result = nba_assets("doctor", home=home)
    assert (result.exit_code, "dagster is no directory" in result.stdout) == (1, True)
