"""The list of commands tells the truth without importing any of them."""

from __future__ import annotations

import inspect
import json
import os
import pkgutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import get_type_hints

import pytest
import typer
from typer.models import ParameterInfo

import nba_assets.cli
from nba_assets.cli import COMMANDS
from nba_assets_tests.cli.command import nba_assets as run

HEAVY = {"pandas", "numpy", "pandera", "duckdb", "dagster", "pydantic", "nba_api", "google", "boto3"}
LOADED_BY = """
import json, sys
from nba_assets.cli import app
try:
    app(sys.argv[1:], prog_name="nba-assets")
finally:
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""
OUTSIDE = {"nba_assets", "nba_assets.cli", "nba_assets.cli.lazy"}
NOT_SETTINGS = {"NBA_SURCE": "files"}


@pytest.mark.parametrize(("arguments", "status"), [(["--help"], 0), (["--version"], 0), ([], 2)])
def test_what_runs_no_command_loads_no_library_of_the_work(arguments: list[str], status: int, tmp_path: Path) -> None:
    process = _python("-c", LOADED_BY, *arguments, cwd=tmp_path)
    loaded = set(json.loads(process.stderr.splitlines()[-1]))
    assert process.returncode == status
    assert loaded & HEAVY == set()
    assert _of_ours(loaded) == OUTSIDE


def test_a_misspelt_command_is_answered_with_the_nearest_and_loads_no_other(tmp_path: Path) -> None:
    process = _python("-c", LOADED_BY, "coverge", cwd=tmp_path)
    assert process.returncode == 2
    assert "No such command 'coverge'. Did you mean 'coverage'?" in process.stderr
    assert _of_ours(set(json.loads(process.stderr.splitlines()[-1]))) == OUTSIDE


def test_a_command_loads_its_own_module_only(tmp_path: Path) -> None:
    process = _python("-c", LOADED_BY, "migrate", "--help", cwd=tmp_path)
    loaded = _of_ours(set(json.loads(process.stderr.splitlines()[-1])))
    listed = {command.place.split(":")[0] for command in COMMANDS.values()}
    assert loaded & listed == {"nba_assets.cli.migrate"}


@pytest.mark.parametrize("again", [("backfill", "2021-10-19", "2021-10-19"), ("repair",)], ids=lambda words: words[0])
def test_where_there_is_nothing_to_do_dagster_is_not_even_imported(again: tuple[str, ...], tmp_path: Path) -> None:
    assert (
        run("backfill", "2021-10-19", "2021-10-19", home=tmp_path / ".nba", NBA_PARTITIONS_END="2021-10-19").exit_code
        == 0
    )
    process = _python("-c", LOADED_BY, *again, cwd=tmp_path, NBA_PARTITIONS_END="2021-10-19")
    assert (process.returncode, "nothing to do" in process.stdout) == (0, True)
    assert "dagster" not in json.loads(process.stderr.splitlines()[-1])


def test_the_package_itself_imports_nothing() -> None:
    process = _python(
        "-c", "import sys; before = set(sys.modules); import nba_assets; print(set(sys.modules) - before)"
    )
    assert process.stdout == "{'nba_assets'}\n"


def test_python_dash_m_is_the_command_line(tmp_path: Path) -> None:
    process = _python("-m", "nba_assets", "--version", cwd=tmp_path)
    assert (process.returncode, process.stdout) == (0, f"nba-assets {nba_assets.__version__}\n")


@pytest.mark.parametrize("name", COMMANDS)
def test_a_summary_is_the_first_line_of_what_the_command_says_of_itself(name: str, tmp_path: Path) -> None:
    found = pkgutil.resolve_name(COMMANDS[name].place)
    told = found.info.help if isinstance(found, typer.Typer) else inspect.getdoc(found)
    assert told.splitlines()[0] == COMMANDS[name].summary
    own_help = run(name, "--help", home=tmp_path, **NOT_SETTINGS)
    assert (own_help.exit_code, own_help.stderr) == (0, ""), "nothing runs: nothing is to be warned of"
    assert COMMANDS[name].summary in " ".join(own_help.stdout.split())


def test_every_command_of_the_package_is_listed() -> None:
    modules = [import_module(found.name) for found in pkgutil.iter_modules(nba_assets.cli.__path__, "nba_assets.cli.")]
    defined = {f"{module.__name__}:{name}" for module in modules for name in _commands_in(module)}
    assert defined == {command.place for command in COMMANDS.values()}


def test_all_commands_and_their_summaries_are_in_the_help(tmp_path: Path) -> None:
    told = run("--help", home=tmp_path, COLUMNS="200", **NOT_SETTINGS)
    lines = [" ".join(line.strip("│ ").split()) for line in told.stdout.splitlines()]
    assert [line for line in lines if line.split(" ")[0] in COMMANDS] == [
        f"{name} {command.summary}" for name, command in COMMANDS.items()
    ]
    assert told.stderr == ""


def _of_ours(modules: set[str]) -> set[str]:
    return {name for name in modules if name.split(".")[0] == "nba_assets"}


def _commands_in(module: ModuleType) -> list[str]:
    """The Typer app of a module, which has its commands in it, or the functions that take arguments or options."""
    own = {name: value for name, value in vars(module).items() if not name.startswith("_")}
    apps = [name for name, value in own.items() if isinstance(value, typer.Typer)]
    functions = [name for name, value in own.items() if getattr(value, "__module__", None) == module.__name__]
    return apps or [name for name in functions if inspect.isfunction(own[name]) and _takes_parameters(own[name])]


def _takes_parameters(function: object) -> bool:
    hints = get_type_hints(function, include_extras=True).values()
    return any(isinstance(note, ParameterInfo) for hint in hints for note in getattr(hint, "__metadata__", ()))


def _python(*arguments: str, cwd: Path | None = None, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | settings | {"PYTHONPATH": str(Path(nba_assets.__file__).parents[1])}
    return subprocess.run([sys.executable, *arguments], env=environment, cwd=cwd, capture_output=True, text=True)
