"""A few dates of the simulated league, built once for the tests of the room."""

from __future__ import annotations

from pathlib import Path

import pytest

from nba_assets_tests.cli.command import nba_assets

START, END = "2021-10-30", "2021-11-04"


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Opening night … 2021-11-04; nothing is written to it by a test."""
    directory = tmp_path_factory.mktemp("simulated") / ".nba"
    result = nba_assets("backfill", "2021-10-19", END, "--quiet", home=directory)
    assert result.exit_code == 0, result.output
    return directory
