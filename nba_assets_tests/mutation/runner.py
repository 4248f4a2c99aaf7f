"""Runs the fast tests against a copy of the package with a fault in it, and says which of them notice.

`python -m nba_assets_tests.mutation` prints the table of docs/correctness.md.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from nba_assets_tests.mutation.faults import FAULTS, Fault

ROOT = Path(__file__).parents[2]
FAST_TESTS = (
    "league",
    "tables/test_hand_checked.py",
    "tables/test_raw_tables.py",
    "oracle/test_random_leagues.py",
    "verification/test_leak.py",
)


def caught_by(fault: Fault | None, folder: Path) -> list[str]:
    """The tests that fail when the fault is in the package (None: none is), as "file::test" without parameters."""
    for package in ("nba_assets", "nba_assets_tests"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    if fault is not None:
        source = folder / "nba_assets" / fault.file
        source.write_text(fault.applied_to(source.read_text()))
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-W", "ignore", "--tb=no", "-rfE"]
        + [f"nba_assets_tests/{name}" for name in FAST_TESTS],
        cwd=folder,
        env=_without_real_data() | {"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
    )
    if run.returncode not in (0, 1):
        raise RuntimeError(f"the tests did not run: {run.stdout[-2000:]}{run.stderr[-2000:]}")
    failed = re.findall(r"^(?:FAILED|ERROR) nba_assets_tests/(\S+?)(?:[\[ ].*)?$", run.stdout, re.MULTILINE)
    return list(Counter(failed))


def main() -> int:
    """Print which tests caught which fault; 1 if a fault survived."""
    print("| fault | where | caught by |\n|---|---|---|")
    survivors = 0
    for fault in FAULTS:
        with tempfile.TemporaryDirectory() as folder:
            tests = caught_by(fault, Path(folder))
        survivors += not tests
        shown = ", ".join(f"`{test}`" for test in tests) or "**survived**"
        print(f"| {fault.name} | `{fault.file}` | {shown} |", flush=True)
    return 1 if survivors else 0


def _without_real_data() -> dict[str, str]:
    """The fast tests do without real seasons, also where those may not be absent."""
    return {name: value for name, value in os.environ.items() if name not in ("NBA_DATA_DIR", "CI")}
