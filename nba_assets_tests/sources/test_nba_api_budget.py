"""The budget: so many calls in any ten minutes, whoever makes them, beside the rate."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from nba_assets.settings import SettingsError, load_settings
from nba_assets.sources.nba_api.fetch import fetch_season
from nba_assets_tests.needs import real_data
from nba_assets_tests.sources.stats_server import StatsServer, quick_settings

CALLS = 1 + 2 + 1 + 2 * 3
BUDGET, SECONDS = 6, 1.5


@pytest.fixture
def server() -> Iterator[StatsServer]:
    with StatsServer(real_data()) as running:
        for season in ("2021-22", "2022-23"):
            running.season(season).load()
        yield running


def test_no_window_has_more_calls_than_the_budget_and_one_line_says_so(
    server: StatsServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = quick_settings(server, tmp_path, calls_per_ten_minutes=BUDGET, budget_seconds=SECONDS)
    assert fetch_season("2021-22", settings, dates=[date(2021, 11, 11)]).calls == CALLS
    said = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(said) == 1
    assert said[0].startswith("the budget of 6 calls")
    assert "NBA_API_CALLS_PER_TEN_MINUTES" in said[0]

    fetch_season("2022-23", settings, dates=[date(2022, 11, 10)])  # another client, as another process would have
    times = [asked.at for asked in server.asked]
    assert len(times) > 2 * BUDGET
    windows = [later - earlier for earlier, later in zip(times, times[BUDGET:], strict=False)]
    assert min(windows) > SECONDS - 0.05  # a request may be a moment on its way
    assert times[BUDGET - 1] - times[0] < SECONDS, "until it is used up, nobody waits"


def test_it_is_the_default_rate_unless_set(monkeypatch: pytest.MonkeyPatch) -> None:
    default = load_settings().nba_api()
    assert default.budget == 360 == 600 * default.calls_per_second
    monkeypatch.setenv("NBA_API_CALLS_PER_SECOND", "inf")
    assert math.isinf(load_settings().nba_api().budget)
    monkeypatch.setenv("NBA_API_CALLS_PER_TEN_MINUTES", "100")
    assert load_settings().nba_api().budget == 100
    monkeypatch.setenv("NBA_API_CALLS_PER_TEN_MINUTES", "0")
    with pytest.raises(SettingsError, match="NBA_API_CALLS_PER_TEN_MINUTES=0"):
        load_settings()
