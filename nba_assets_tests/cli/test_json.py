"""What commands print with --format json is what docs/json.md and its schema say, member by member.

`nba_assets` of `command.py` holds each output that it sees to the schema, whatever it is tested for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from nba_assets.cli import COMMANDS as LISTED
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
    ("doctor",),
    ("alerts", "list", "--all"),
)
ELSEWHERE = {
    "fetch": "sources/test_nba_api_command.py, with a server to fetch from",
    "unaccept": "engine/test_accepted_gaps.py, with a gap that was accepted",
}


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
        ("coverage", "2021-13-01", "2021-13-02"),
        ("explain", "NOSUCH", "2021-10-19"),
        ("impact", "12"),
        ("verify", "1999-00"),
        ("tables", "NOSUCH"),
        ("unaccept", "2021-10-19", "2021-10-19"),
    ],
    ids=" ".join,
)
def test_an_error_leaves_standard_output_empty(home: Path, arguments: tuple[str, ...]) -> None:
    result = nba_assets(*arguments, "--format", "json", home=home, **ENDS)
    assert result.exit_code in (1, 2)
    assert result.stdout == ""
    assert "error: " in result.stderr


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
