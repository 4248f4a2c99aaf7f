"""The first weeks of two simulated seasons, built once for the tests of the room."""

from __future__ import annotations

from pathlib import Path

import pytest

from nba_assets_tests.cli.command import nba_assets
from nba_assets_tests.evaluation.made_up import NOW, WEEKS


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nineteen days from the opening night of two seasons; nothing is written to it by a test."""
    directory = tmp_path_factory.mktemp("two_seasons") / ".nba"
    for first, last in WEEKS.values():
        built = nba_assets("backfill", first, last, "--quiet", home=directory, **NOW)
        assert built.exit_code == 0, built.output
    return directory
