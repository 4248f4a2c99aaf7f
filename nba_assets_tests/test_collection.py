"""No test sleeps: every test file on disk is collected, and every test function in it."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

TESTS = Path(__file__).parent
EVERYTHING = "long or not long"
"""Also what is only run when it is asked for by its mark."""


@pytest.fixture(scope="module")
def collected() -> list[list[str]]:
    """The names of all tests, as two processes collect them at two moments, each with its own order of sets."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-o", "addopts=", "-m", EVERYTHING, str(TESTS)]
    return [_names(command, seed) for seed in ("1", "2")]


def _names(command: list[str], seed: str) -> list[str]:
    environment = os.environ | {"PYTHONHASHSEED": seed}
    run = subprocess.run(command, cwd=TESTS.parent, env=environment, capture_output=True, text=True, check=False)
    if names := [line for line in run.stdout.splitlines() if "::" in line]:
        return names
    raise AssertionError(f"pytest collected nothing: {run.stdout[-2000:]}{run.stderr[-2000:]}")


def _on_disk() -> dict[str, int]:
    """How many test functions each test file has."""
    return {
        str(path.relative_to(TESTS.parent)): sum(
            isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        )
        for path in sorted(TESTS.rglob("test_*.py"))
    }


def test_every_test_on_disk_is_collected(collected: list[list[str]]) -> None:
    functions = Counter(name.partition("::")[0] for name in {name.partition("[")[0] for name in collected[0]})
    asleep = {file: count for file, count in _on_disk().items() if functions[file] < count}
    assert asleep == {}, "files whose tests pytest does not collect, with the number of tests in them"


def test_two_processes_collect_the_same_tests(collected: list[list[str]]) -> None:
    """Several processes share the tests by their names: a name with a moment or the order of a set is two tests."""
    first, second = collected
    assert [(one, other) for one, other in zip(first, second, strict=True) if one != other] == []
