"""What commands print with --format json is what docs/json.md and its schema say, member by member.

`nba_assets` of `command.py` holds each output that it sees to the schema, whatever it is tested for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pandas as pd
import pytest

from nba_assets.cli import COMMANDS as LISTED
from nba_assets.cli.console import print_json
from nba_assets.partition import Status
from nba_assets_tests.cli.command import DOCS, SCHEMA, definition_of, nba_assets, printed_json, require_described

ENDS = {"NBA_PARTITIONS_END": "2021-10-22"}
NO_SCHEDULE = ("2021-10-19", "2021-10-20", "--tables", "TBOX")
"""Waits for a schedule that nobody has loaded."""

COMMANDS = (
    ("backfill", "2021-10-19", "2021-10-19"),
    ("repair", "--tables", "SCHED"),
    ("refresh", "2021-10-19", "2021-10-19", "--diff"),
    ("backfill", "--last", "2", "--dry-run"),
    ("repair", "--dry-run", "--diff"),
    ("coverage", "--last", "2", "--select", "+MLFS"),
    ("explain", "MLFS", "2021-10-22"),
    ("explain", "MLFS", "2021-10-19"),
    ("impact", "0022100001"),
    ("verify",),
    ("tables",),
    ("tables", "MLFS"),
    ("migrate", "--dry-run"),
    ("log",),
    ("reinstate",),
    ("doctor",),
    ("alerts", "list", "--all"),
)
ELSEWHERE = {
    "evaluate": "evaluation/test_commands.py, with two seasons",
    "drift": "evaluation/test_commands.py, with two seasons",
    "fetch": "sources/test_nba_api_command.py, with a server to fetch from",
    "unaccept": "engine/test_accepted_gaps.py, with a gap that was accepted",
}


EVERY = (
    *COMMANDS,
    ("evaluate",),
    ("drift", "--baseline", "2021-22", "--current", "2021-22"),
    ("fetch", "2021-22"),
    ("unaccept", "2021-10-19", "2021-10-19"),
)


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """A home whose warehouse is no database."""
    file = tmp_path / "simulated" / "warehouse.duckdb"
    file.parent.mkdir()
    file.write_bytes(b"no warehouse" * 1000)
    return tmp_path


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Opening night, and a date of which nothing is computed after it."""
    directory = tmp_path_factory.mktemp("json") / ".nba"
    assert nba_assets("backfill", "2021-10-19", "2021-10-19", "--quiet", home=directory, **ENDS).exit_code == 0
    return directory


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_it_is_as_described(home: Path, arguments: tuple[str, ...]) -> None:
    result = nba_assets(*arguments, "--format", "json", home=home, **ENDS)
    require_described(printed_json(result), definition_of(arguments))


def test_every_command_that_prints_json_is_tried() -> None:
    tried = {arguments[0] for arguments in COMMANDS} | ELSEWHERE.keys()
    beneath = {"alerts": ["list"]}
    helps = {name: nba_assets(name, *beneath.get(name, []), "--help", home=None).stdout for name in LISTED}
    assert {name for name, text in helps.items() if re.search(r"--format\b.*json", text)} == tried


@pytest.mark.parametrize(
    "arguments",
    [
        ("backfill", "2021-10-20", "2021-10-19"),
        ("repair", "--rewrite"),
        ("refresh", "2021-10-20", "soon", "--dry-run"),
        ("coverage", "2021-13-01", "2021-13-02"),
        ("coverage", "--last", "1", "--allow", "GAP"),
        ("explain", "NOSUCH", "2021-10-19"),
        ("impact", "12"),
        ("verify", "1999-00"),
        ("fetch",),
        ("tables", "NOSUCH"),
        *((*arguments, "--nosuch") for arguments in EVERY),
    ],
    ids=" ".join,
)
def test_a_usage_error_leaves_standard_output_empty(home: Path, arguments: tuple[str, ...]) -> None:
    result = nba_assets(*arguments, "--format", "json", home=home, **ENDS)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "error" in result.stderr.lower()


@pytest.mark.parametrize("arguments", [one for one in EVERY if one[0] not in ("tables", "doctor")], ids=" ".join)
def test_so_does_a_setting_that_cannot_be(home: Path, arguments: tuple[str, ...]) -> None:
    result = nba_assets(*arguments, "--format", "json", home=home, **ENDS, NBA_WAREHOUSE="sqlite")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: NBA_WAREHOUSE=sqlite")


@pytest.mark.parametrize(
    "arguments", [one for one in EVERY if one[0] not in ("tables", "doctor", "fetch", "log")], ids=" ".join
)
def test_so_does_a_warehouse_that_cannot_be_read(damaged: Path, arguments: tuple[str, ...]) -> None:
    result = nba_assets(*arguments, "--format", "json", home=damaged, **ENDS)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "error: " in result.stderr


@pytest.mark.parametrize("warehouse", ["duckdb", "sqlite"])
def test_doctor_says_in_json_what_is_wrong(damaged: Path, warehouse: str) -> None:
    result = nba_assets("doctor", "--format", "json", home=damaged, NBA_WAREHOUSE=warehouse)
    assert (result.exit_code, printed_json(result)["ok"]) == (1, False)


def test_a_gap_that_nobody_has_accepted_is_an_error(home: Path) -> None:
    result = nba_assets("unaccept", "2021-10-19", "2021-10-19", "--format", "json", home=home, **ENDS)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "error: no gap is accepted" in result.stderr


def test_dates_and_moments_are_written_in_one_way(capsys: pytest.CaptureFixture[str]) -> None:
    moment = datetime(2021, 11, 1, 9, 30, tzinfo=UTC)
    print_json({"date": moment.date(), "of_frame": pd.Timestamp("2021-11-01"), "at": moment})
    assert json.loads(capsys.readouterr().out) == {
        "version": 1,
        "date": "2021-11-01",
        "of_frame": "2021-11-01",
        "at": "2021-11-01T09:30:00+00:00",
    }


def test_what_fails_is_as_described(tmp_path: Path) -> None:
    for arguments in (("backfill", *NO_SCHEDULE, "--dry-run"), ("backfill", *NO_SCHEDULE)):
        printed = printed_json(nba_assets(*arguments, "--format", "json", home=tmp_path))
        assert {root["table"] for root in printed["roots"]} == {"raw_schedule"}
    shown = printed_json(nba_assets("coverage", *NO_SCHEDULE, "--check", "--format", "json", home=tmp_path))
    cell = shown["dates"][0]["cells"]["raw_team_boxscores"]
    assert (cell["table"], cell["date"], cell["status"]) == ("raw_team_boxscores", "2021-10-19", "BLOCKED")
    assert cell["root"] == {"table": "raw_schedule", "date": "2021-10-19"}
    listed = printed_json(nba_assets("alerts", "list", "--all", "--format", "json", home=tmp_path))
    assert {alert["table"] for alert in listed["alerts"]} == {"raw_schedule", "backfill"}


def test_a_member_that_is_not_described_is_noticed(home: Path) -> None:
    printed = printed_json(nba_assets("coverage", "--last", "1", "--format", "json", home=home, **ENDS))
    with pytest.raises(jsonschema.ValidationError, match="colour"):
        require_described({**printed, "colour": "red"}, "coverage")
    printed["dates"][0]["cells"]["raw_schedule"]["colour"] = "red"
    with pytest.raises(jsonschema.ValidationError, match="colour"):
        require_described(printed, "coverage")
    del printed["dates"][0]["cells"]["raw_schedule"]["colour"], printed["dates"][0]["cells"]["raw_schedule"]["share"]
    with pytest.raises(jsonschema.ValidationError, match="share"):
        require_described(printed, "coverage")


def test_every_status_is_in_the_schema() -> None:
    assert SCHEMA["$defs"]["status"]["enum"] == [*Status]


@pytest.mark.parametrize("definition", SCHEMA["$defs"])
def test_every_member_is_in_the_page(definition: str) -> None:
    page = (DOCS / "json.md").read_text(encoding="utf-8")
    described = set(re.findall(r"`(\w+)`", page))
    assert set(_members(SCHEMA["$defs"][definition])) <= described


def _members(schema: Any) -> Iterator[str]:
    """The names of all properties, however deep."""
    if isinstance(schema, dict):
        yield from schema.get("properties", ())
        for part in schema.values():
            yield from _members(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from _members(part)
