"""What some tests need beside the project itself. Absent, they are skipped with a reason; under CI=true they fail."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
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


def needs_python(version: str) -> str:
    """A Python of the version ("3.12") that runs: this one, one on PATH, or one of pyenv's."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    known = [sys.executable, shutil.which(f"python{version}"), *pyenv.glob(f"versions/{version}.*/bin/python")]
    asks = ["-c", f"import sys; sys.exit(sys.version_info[:2] != tuple(map(int, '{version}'.split('.'))))"]
    for program in filter(None, known):
        if subprocess.run([program, *asks], capture_output=True, check=False).returncode == 0:
            return str(program)
    return absent(f"Python {version}, on PATH or among pyenv's versions")


def absent(what: str) -> NoReturn:
    """Skip the test that needs it, or fail where nothing may be absent."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"this test needs {what}")
    pytest.skip(f"this test needs {what}")
