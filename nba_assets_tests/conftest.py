"""Every test starts from the defaults: no setting of the person who runs them, and a directory of its own."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import pytest

import nba_assets_tests.needs  # noqa: F401  reads NBA_DATA_DIR before it is taken away

for _name in [name for name in os.environ if name.startswith(("NBA_", "AWS_SES_", "DAGSTER_"))]:
    if not _name.startswith("NBA_TEST_"):
        del os.environ[_name]

hypothesis.settings.register_profile("ci", derandomize=True, deadline=None)
hypothesis.settings.load_profile("ci")


@pytest.fixture(autouse=True)
def _own_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test writes with relative paths lands in its temporary directory, and no .env is read."""
    monkeypatch.chdir(tmp_path)
