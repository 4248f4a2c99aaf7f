"""A clock two days ahead during one refresh, then right again: what is published later counts all the same."""

from __future__ import annotations

import logging
import time
from datetime import date, datetime
from pathlib import Path

import pytest

from nba_assets.league.calendar import EASTERN
from nba_assets.partition import FINE
from nba_assets.sources.base import ResultSet
from nba_assets.warehouse import ledger
from nba_assets.warehouse.ledger import PROCESSOR_RUNS, attempt_id_at
from nba_assets_tests.engine.warehouses import OPENING_NIGHT, EditedSource, copy_of, healthy, session, stored
from nba_assets_tests.repair.season import days_from, repair, statuses

DAY, LAST = date(2021, 10, 27), date(2021, 11, 6)
DAYS = days_from(OPENING_NIGHT, LAST)
RIGHT = time.time_ns
AHEAD = 2 * 86_400 * 10**9


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A healthy warehouse, in a process that has not complained of its clock yet."""
    monkeypatch.setattr(ledger, "_warned", [])
    return copy_of(healthy(LAST), tmp_path)


def with_spread(spread: float) -> EditedSource:
    """The real files with other lines: facts that no other table contradicts."""
    return EditedSource({ResultSet.GAME_LINES: lambda frame: frame.assign(homeSpread=spread)})


def spreads(home: Path) -> set[float]:
    """What stands on the refreshed date."""
    return set(stored(session(home), "raw_game_lines", DAY)["home_spread"])


def newest(home: Path) -> str:
    """The greatest id of the whole ledger."""
    return str(session(home).warehouse.read_relation(PROCESSOR_RUNS)["attempt_id"].max())


def test_a_correction_after_a_clock_that_was_ahead_counts(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    before = spreads(home)
    monkeypatch.setattr(time, "time_ns", lambda: RIGHT() + AHEAD)
    repair(session(home, with_spread(-1.5)), DAYS, refresh=[DAY])
    ahead = newest(home)
    assert spreads(home) == {-1.5} != before
    monkeypatch.setattr(time, "time_ns", RIGHT)
    for spread in (-2.5, -3.5):
        repair(session(home, with_spread(spread)), DAYS, refresh=[DAY])
        assert spreads(home) == {spread}
        assert set(statuses(session(home), DAYS)) <= FINE
    assert newest(home) > ahead > attempt_id_at(datetime.now(EASTERN))
    [warning] = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert "the clock of this machine says" in warning
    assert "Set the clock of this machine right" in warning
