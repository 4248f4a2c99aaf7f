"""Places that cannot be used, or must not: a home that is no directory, a taken port, another league's tables."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from nba_assets_tests.cli.command import nba_assets, printed_json
from nba_assets_tests.needs import real_data


@pytest.mark.parametrize(
    "command", [("backfill", "2021-11-01", "2021-11-02"), ("coverage", "2021-11-01", "2021-11-02")]
)
def test_a_home_that_is_a_file_is_named(tmp_path: Path, command: tuple[str, ...]) -> None:
    home = tmp_path / "notes.txt"
    home.write_text("not a directory")
    result = nba_assets(*command, home=home)
    assert result.exit_code == 1
    assert "notes.txt" in result.stderr
    assert "Check NBA_HOME" in result.stderr
    assert home.read_text() == "not a directory"


def test_a_misspelt_setting_is_pointed_out(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("NBA_POLICYY={}\n")
    result = nba_assets("tables", home=tmp_path / "home", NBA_SURCE="files")
    assert result.exit_code == 0
    assert "NBA_POLICYY is not a setting; did you mean NBA_POLICY?" in result.stderr
    assert "NBA_SURCE is not a setting; did you mean NBA_SOURCE?" in result.stderr
    assert "NBA_HOME" not in result.stderr


def test_a_port_that_is_taken_is_named_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = nba_assets("dev", "--port", str(port), home=tmp_path)
    assert result.exit_code == 2
    assert f"127.0.0.1:{port} cannot be opened" in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.long
def test_the_simulated_league_never_replaces_the_real_one(tmp_path: Path) -> None:
    real = {"NBA_SOURCE": "files", "NBA_DATA_DIR": str(real_data())}
    schedule = ("backfill", "2021-11-01", "2021-11-02", "--tables", "raw_schedule")
    assert nba_assets(*schedule, home=tmp_path, **real).exit_code == 0
    assert nba_assets(*schedule, home=tmp_path).exit_code == 0, "without NBA_SOURCE it has a place of its own"
    assert (tmp_path / "simulated" / "warehouse.duckdb").exists()
    shared = tmp_path / "warehouse.duckdb"
    rows = ("coverage", "2021-11-01", "2021-11-03", "--format", "json")
    before = printed_json(nba_assets(*rows, home=tmp_path, **real))
    day = "2021-11-03"
    for command in (
        ("backfill", day, day),
        ("backfill", day, day, "--dry-run"),
        ("backfill", day, day, "--tables", "TBOX"),
        ("repair", "--dry-run"),
        ("refresh", day, day, "--dry-run"),
        ("coverage",),
        ("explain", "MLFS", day),
        ("impact", "0022100111"),
        ("verify",),
        ("export", "SCHED", day, day, "--out", str(tmp_path / "rows.csv")),
        ("alerts", "list"),
        ("migrate", "--dry-run"),
        ("dev", "--port", "3977"),
    ):
        result = nba_assets(*command, home=tmp_path, NBA_DUCKDB_PATH=str(shared))
        assert result.exit_code == 2, command
        assert "holds data of the source 'files', and the source is now 'simulated'" in result.stderr, command
        assert "Set NBA_SOURCE" in result.stderr, command
    assert printed_json(nba_assets(*rows, home=tmp_path, **real)) == before


def test_the_first_line_says_where_and_is_left_out_of_json_and_silence(tmp_path: Path) -> None:
    home = tmp_path / "home"
    line = "simulated league (seed 2021) · DuckDB home/simulated/warehouse.duckdb"
    plan = ("backfill", "2021-11-01", "2021-11-01", "--tables", "SCHED", "--dry-run")
    for command in (plan, ("coverage",), ("verify",), ("alerts", "list"), ("migrate", "--dry-run")):
        assert nba_assets(*command, home=home).stderr.splitlines()[0] == line, command
    for options in (("--quiet",), ("--format", "json")):
        assert line not in nba_assets(*plan, *options, home=home).stderr
