"""What some tests need beside the project itself. Absent, they are skipped with a reason; under CI=true they fail."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

_DATA_DIR = os.environ.setdefault("NBA_TEST_DATA_DIR", os.environ.get("NBA_DATA_DIR", ""))
"""Read once, and handed on to worker processes: the tests themselves run with a clean environment."""


def real_data() -> Path:
    """The directory of real seasons named by NBA_DATA_DIR (`<season>/<result set>.parquet`)."""
    if _DATA_DIR and (Path(_DATA_DIR) / "2021-22").is_dir():
        return Path(_DATA_DIR).resolve()
    return absent("real seasons: set NBA_DATA_DIR to a directory with 2021-22/, 2022-23/ and 2023-24/")


def needs_program(name: str) -> str:
    """The full path of a program that must be installed."""
    return shutil.which(name) or absent(f"the program {name}")


def absent(what: str) -> NoReturn:
    """Skip the test that needs it, or fail where nothing may be absent."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"this test needs {what}")
    pytest.skip(f"this test needs {what}")
