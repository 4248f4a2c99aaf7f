"""A backfill is cancelled, two people launch at once, and three gaps are left to the sensors: no harm comes of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date

import pytest

from nba_assets.league.calendar import days_between
from nba_assets_tests.e2e import bad_days, ui
from nba_assets_tests.e2e.bad_days import PATIENCE, ROOT
from nba_assets_tests.e2e.deployment import Deployment
from nba_assets_tests.e2e.gaps import mend

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1800)]

DAYS = days_between(date(2021, 10, 19), date(2021, 10, 30))
GAPS = {date(2021, 10, 19): "0022100001", date(2021, 10, 24): "0022100035", date(2021, 10, 30): "0022100078"}
"""Date -> the game that is missing: the first date, the last, and one between; more between cost a dozen runs each."""


@pytest.fixture(scope="module")
def confusion(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with bad_days.deployed_with_gaps(tmp_path_factory.mktemp("confusion"), GAPS, "2021-10-31T10:00") as running:
        yield running


def test_a_backfill_that_is_cancelled_leaves_nothing_half_done(confusion: Deployment) -> None:
    backfill = ui.launch(confusion, DAYS)
    confusion.until("box scores come in", PATIENCE, lambda: ui.days(ui.partitions(confusion)[ROOT], "MATERIALIZED"))
    ui.cancel(confusion, backfill)
    assert ui.end_of(confusion, backfill, PATIENCE) == "CANCELED"
    confusion.until("all runs are over", PATIENCE, lambda: all(run.is_over for run in ui.runs(confusion)))
    assert {status for found in ui.partitions(confusion).values() for status in found.values()} <= {
        "MATERIALIZED",
        "FAILED",
    }


def test_two_people_launch_at_once(confusion: Deployment) -> None:
    backfills = [ui.launch(confusion, DAYS[:7]), ui.launch(confusion, DAYS[5:])]
    for backfill in backfills:
        assert ui.end_of(confusion, backfill, PATIENCE) == "COMPLETED_FAILED"
    assert bad_days.failed(confusion) == {(ROOT, day) for day in GAPS}
    assert bad_days.unexplained(confusion, DAYS, GAPS) == []


def test_the_sensors_alone_repair_what_has_come(confusion: Deployment) -> None:
    mend(confusion.directory)
    started = time.monotonic()
    confusion.until("the whole graph is complete", PATIENCE, lambda: not bad_days.lacking(confusion, DAYS))
    print(f"complete {time.monotonic() - started:.0f} s after the data were mended")
    assert bad_days.failed(confusion) == set()
    assert bad_days.stuck(confusion) == []
    assert bad_days.ticks_with_errors(confusion) == []
