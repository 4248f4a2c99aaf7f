"""Every help ends with examples, and every example can be typed."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperGroup

from nba_assets.cli import COMMANDS, app
from nba_assets.cli.selection import tables_asked
from nba_assets.tables.named import table_named
from nba_assets_tests.cli.command import nba_assets

EXAMPLES = [one for listed in COMMANDS.values() for one in listed.examples]


def _leaves() -> Iterator[tuple[str, ...]]:
    """Every command that runs: ("backfill",), ("alerts", "test"), …"""
    root: Any = typer.main.get_command(app)
    with root.make_context("nba-assets", ["tables"]) as ctx:
        for name in COMMANDS:
            _, command, _ = root.resolve_command(ctx, [name])
            yield from [(name, one) for one in command.commands] if isinstance(command, TyperGroup) else [(name,)]


def _parsed(example: str) -> dict[str, Any]:
    """What the command of an example would be called with; raises a usage error where it would not be called."""
    command: Any = typer.main.get_command(app)
    words = shlex.split(example)
    ctx = command.make_context("nba-assets", words.copy())
    while isinstance(command, TyperGroup):
        name, command, words = command.resolve_command(ctx, words)
        ctx = command.make_context(name, words.copy(), parent=ctx)
    return dict(ctx.params)


@pytest.mark.parametrize("command", list(_leaves()), ids=" ".join)
def test_the_help_of_a_command_ends_with_examples_of_it(command: tuple[str, ...], tmp_path: Path) -> None:
    told = nba_assets(*command, "--help", home=tmp_path, COLUMNS="40")
    text, _, examples = told.stdout.partition("\nExamples:\n")
    assert told.exit_code == 0
    assert "Usage:" in text
    begin = "  nba-assets " + " ".join(command)
    assert examples.strip()
    assert all(f"{line} ".startswith(f"{begin} ") for line in examples.rstrip("\n").splitlines())


def test_a_command_that_has_commands_shows_the_examples_of_all(tmp_path: Path) -> None:
    shown = nba_assets("alerts", "--help", home=tmp_path).stdout
    assert all(f"  nba-assets {one}\n" in shown for one in COMMANDS["alerts"].examples)
    assert "Examples:" not in nba_assets("--help", home=tmp_path).stdout


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_can_be_typed(example: str) -> None:
    given = _parsed(example)
    if table := given.get("table"):
        assert table_named(table)
    assert tables_asked(given.get("tables"), given.get("select"), given.get("exclude"))


@pytest.mark.parametrize("wrong", ["backfill --lats 3", "alerts tset", "backfil 2021-10-19 2021-10-20", "log --last x"])
def test_what_cannot_be_typed_would_be_noticed(wrong: str) -> None:
    with pytest.raises(Exception, match=r"No such|valid integer"):
        _parsed(wrong)
