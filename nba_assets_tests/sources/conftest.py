"""The replay server, and settings for fetching from it; a module that wants either otherwise has its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nba_assets.sources.nba_api.settings import NbaApiSettings
from nba_assets_tests.needs import real_data
from nba_assets_tests.sources.live_home import Home
from nba_assets_tests.sources.stats_server import StatsServer, quick_settings


@pytest.fixture
def server() -> Iterator[StatsServer]:
    """Answers with the real seasons."""
    with StatsServer(real_data()) as running:
        yield running


@pytest.fixture
def settings(server: StatsServer, tmp_path: Path) -> NbaApiSettings:
    """Quick, with a cache of its own."""
    return quick_settings(server, tmp_path / "cache")


@pytest.fixture
def home(server: StatsServer, tmp_path: Path) -> Home:
    """A home whose source is the replay server."""
    return Home(tmp_path, server)
