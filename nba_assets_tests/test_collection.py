"""No test sleeps: every test file on disk is collected, and every test function in it."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import Counter
from pathlib import Path

TESTS = Path(__file__).parent
EVERYTHING = "long or not long"
"""Also what is only run when it is asked for by its mark."""


def _collected() -> Counter[str]:
    """How many test functions pytest collects from each file, parameters aside."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-o", "addopts=", "-m", EVERYTHING]
    run = subprocess.run([*command, str(TESTS)], cwd=TESTS.parent, capture_output=True, text=True, check=False)
    lines = run.stdout.splitlines()
    functions = {line.partition("[")[0] for line in lines if "::" in line}
    if functions:
        return Counter(line.partition("::")[0] for line in functions)
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


def test_every_test_on_disk_is_collected() -> None:
    collected = _collected()
    asleep = {file: count for file, count in _on_disk().items() if collected[file] < count}
    assert asleep == {}, "files whose tests pytest does not collect, with the number of tests in them"
