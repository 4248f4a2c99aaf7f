"""Days on which the source, and then people, do what they should not; the graph comes out complete all the same.

Two deployments. In the first, thirty dates lack three games; a person looks for the reason, and launches three dates
again. In the second a backfill is cancelled, two people launch at once, and the three gaps are left to the sensors.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By

from nba_assets.league.calendar import days_between
from nba_assets.tables import TABLES
from nba_assets_tests.e2e import ui
from nba_assets_tests.e2e.deployment import Deployment, browser, deployed
from nba_assets_tests.e2e.gaps import data_with_gaps, mend
from nba_assets_tests.e2e.pages import click, picture, seen
from nba_assets_tests.e2e.ui import Run, Tick
from nba_assets_tests.needs import needs_program

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

ROOT = "raw_team_boxscores"
DAYS = days_between(date(2021, 10, 18), date(2021, 11, 16))
GAPS = {date(2021, 10, 22): "0022100017", date(2021, 10, 30): "0022100078", date(2021, 11, 8): "0022100147"}
"""Date -> the game that is missing. The day after the last date has games, and its schedule is not loaded."""
FEW_DAYS = days_between(date(2021, 10, 19), date(2021, 10, 30))
FEW_GAPS = {date(2021, 10, 19): "0022100001", date(2021, 10, 24): "0022100035", date(2021, 10, 30): "0022100078"}
"""The first and the last date, and one between them: each gap between others costs a dozen runs."""
PATIENCE = 600.0
"""Seconds that a backfill or its consequences may take on a busy machine; what they took is printed."""
STUCK = {"IN_PROGRESS", "EXECUTION_FAILED", "SKIPPED"}
AUTOMATION_TAG = "dagster/from_automation_condition"
_SCROLL_DOWN = """
for (const part of document.querySelectorAll('div'))
  if (part.scrollHeight > part.clientHeight + 1 && getComputedStyle(part).overflowY.match(/auto|scroll/))
    part.scrollBy(0, 200);
"""


@pytest.fixture(scope="module")
def bad_day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    yield from _deployment(tmp_path_factory.mktemp("bad_day"), GAPS, "2021-11-17T10:00")


@pytest.fixture(scope="module")
def confusion(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    yield from _deployment(tmp_path_factory.mktemp("confusion"), FEW_GAPS, "2021-10-31T10:00")


def _deployment(directory: Path, gaps: dict[date, str], now: str) -> Iterator[Deployment]:
    needs_program("chromium")
    assert data_with_gaps(directory, gaps) == gaps
    settings = {
        "NBA_SOURCE": "files",
        "NBA_DATA_DIR": str(directory / "data"),
        "NBA_NOW": now,
        "NBA_PARTITIONS_START": "2021-10-15",
    }
    with deployed(directory, settings) as running:
        running.stop_schedules()
        yield running


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebDriver]:
    with browser(tmp_path_factory.mktemp("chromium")) as driver:
        yield driver


def test_exactly_the_three_gaps_fail(bad_day: Deployment) -> None:
    started = time.monotonic()
    assert ui.end_of(bad_day, ui.launch(bad_day, DAYS), PATIENCE) == "COMPLETED_FAILED"
    print(f"{len(DAYS)} dates with three gaps: {len(ui.runs(bad_day))} runs, {time.monotonic() - started:.0f} s")
    assert _failed(bad_day) == {(ROOT, day) for day in GAPS}


def test_every_date_behind_a_gap_names_its_root(bad_day: Deployment) -> None:
    _explained(bad_day, DAYS, GAPS)


@pytest.mark.parametrize("day", GAPS)
def test_two_clicks_lead_from_the_red_day_to_the_game(bad_day: Deployment, page: WebDriver, day: date) -> None:
    _open_partitions(bad_day, page, ROOT)
    click(page, "Events")
    _click_event(page, day)
    shown = seen(page, f"{ROOT} {day} GAP", 15)
    assert GAPS[day] in shown
    picture(page, "red_day", wait=2)


@pytest.mark.parametrize("day", [date(2021, 10, 23), date(2021, 11, 5), DAYS[-1]])
def test_two_clicks_lead_from_a_grey_day_to_the_game(bad_day: Deployment, page: WebDriver, day: date) -> None:
    _open_partitions(bad_day, page, "player_daily_cache")
    click(page, "Events")
    _click_event(page, day)
    shown = seen(page, f"player_daily_cache {day} BLOCKED", 15)
    assert f"{ROOT} {min(GAPS)}" in shown
    assert GAPS[min(GAPS)] in shown
    picture(page, "grey_day", wait=2)


def test_the_log_of_a_red_day_is_two_clicks_away_too(bad_day: Deployment, page: WebDriver) -> None:
    day = min(GAPS)
    _open_partitions(bad_day, page, ROOT)
    _click_day(page, day)
    click(page, "View logs")
    seen(page, GAPS[day], 15)


def test_nothing_that_waits_is_tried_in_vain(bad_day: Deployment) -> None:
    (ended,) = ui.backfills(bad_day).values()
    ui.evaluated(bad_day, "automation", 2, since=ended, seconds=180)
    assert _automatic(ui.runs(bad_day)) == []


def test_three_dates_launched_again_and_the_rest_follows(bad_day: Deployment) -> None:
    mend(bad_day.directory)
    started = time.monotonic()
    backfill = ui.launch(bad_day, sorted(GAPS), [ROOT])
    assert ui.end_of(bad_day, backfill, PATIENCE) == "COMPLETED_SUCCESS"
    launched = [run for run in ui.runs(bad_day) if run.tags.get("dagster/backfill") == backfill]
    assert sorted(_range_of(run) for run in launched) == [(str(day), str(day)) for day in sorted(GAPS)]
    bad_day.until("the whole graph is complete", PATIENCE, lambda: not _lacking(bad_day, DAYS))
    print(f"complete {time.monotonic() - started:.0f} s after three dates were launched again")
    assert _failed(bad_day) == set()


def test_no_check_is_stuck(bad_day: Deployment) -> None:
    assert _stuck(bad_day) == []


def test_the_standing_checks_turn_green_by_themselves(bad_day: Deployment) -> None:
    bad_day.until("the coverage is computed anew", 300, lambda: not _red_standing_checks(bad_day))


def test_the_alerts_are_resolved(bad_day: Deployment) -> None:
    bad_day.until("no alert is open", 300, lambda: not _open_alerts(bad_day))
    everything = json.loads(bad_day.command("alerts", "list", "--all", "--format", "json"))
    assert [alert["state"] for alert in everything if alert["table"] == ROOT] == ["resolved"]


def test_a_backfill_of_what_is_complete_starts_nothing_else(bad_day: Deployment) -> None:
    runs_before, backfills_before = {run.run_id for run in ui.runs(bad_day)}, set(ui.backfills(bad_day))
    backfill = ui.launch(bad_day, DAYS)
    ended = ui.end_of(bad_day, backfill, PATIENCE)
    ui.evaluated(bad_day, "automation", 3, since=time.time(), seconds=240)
    new = [run for run in ui.runs(bad_day) if run.run_id not in runs_before]
    print(f"a backfill of what is complete: {sum('dagster/backfill' in run.tags for run in new)} runs, {ended}")
    assert _automatic(new) == []
    assert set(ui.backfills(bad_day)) - backfills_before == {backfill}
    assert _lacking(bad_day, DAYS) == []
    assert _stuck(bad_day) == []
    assert _ticks_with_errors(bad_day) == []


def test_a_backfill_that_is_cancelled_leaves_nothing_half_done(confusion: Deployment) -> None:
    backfill = ui.launch(confusion, FEW_DAYS)
    confusion.until("box scores come in", PATIENCE, lambda: ui.days(ui.partitions(confusion)[ROOT], "MATERIALIZED"))
    ui.cancel(confusion, backfill)
    assert ui.end_of(confusion, backfill, 120) == "CANCELED"
    confusion.until("all runs are over", 120, lambda: all(run.is_over for run in ui.runs(confusion)))
    assert {status for found in ui.partitions(confusion).values() for status in found.values()} <= {
        "MATERIALIZED",
        "FAILED",
    }


def test_two_people_launch_at_once(confusion: Deployment) -> None:
    backfills = [ui.launch(confusion, FEW_DAYS[:7]), ui.launch(confusion, FEW_DAYS[5:])]
    for backfill in backfills:
        assert ui.end_of(confusion, backfill, PATIENCE) == "COMPLETED_FAILED"
    assert _failed(confusion) == {(ROOT, day) for day in FEW_GAPS}
    _explained(confusion, FEW_DAYS, FEW_GAPS)


def test_the_sensors_alone_repair_what_has_come(confusion: Deployment) -> None:
    mend(confusion.directory)
    started = time.monotonic()
    confusion.until("the whole graph is complete", PATIENCE, lambda: not _lacking(confusion, FEW_DAYS))
    print(f"complete {time.monotonic() - started:.0f} s after the data were mended")
    assert _failed(confusion) == set()
    assert _stuck(confusion) == []
    assert _ticks_with_errors(confusion) == []


def _failed(deployment: Deployment) -> set[tuple[str, date]]:
    return {(name, day) for name, found in ui.partitions(deployment).items() for day in ui.days(found, "FAILED")}


def _lacking(deployment: Deployment, days: Sequence[date]) -> list[str]:
    """What is not materialised, and what is but without a passed check."""
    coloured, checked = ui.partitions(deployment), ui.checks(deployment)
    return [
        f"{name} {day}: {coloured[name].get(day)}, complete: {checked[name, 'complete'].get(day)}"
        for name in TABLES
        for day in days
        if (coloured[name].get(day), checked[name, "complete"].get(day)) != ("MATERIALIZED", "SUCCEEDED")
    ]


def _explained(deployment: Deployment, days: Sequence[date], gaps: Iterable[date]) -> None:
    """Also what Dagster never requested gets its check, once coverage has followed."""
    started = time.monotonic()
    with suppress(AssertionError):
        deployment.until("every grey date has a red check", 240, lambda: not _without_a_red_check(deployment, days))
    assert _without_a_red_check(deployment, days) == []
    print(f"every grey date has a red check after {time.monotonic() - started:.0f} s")
    assert _not_naming_a_root(deployment, days, gaps) == []


def _grey(deployment: Deployment, days: Sequence[date]) -> set[tuple[str, date]]:
    """What is neither materialised nor failed."""
    coloured = ui.partitions(deployment)
    return {(name, day) for name in TABLES for day in days if day not in coloured[name]}


def _without_a_red_check(deployment: Deployment, days: Sequence[date]) -> list[tuple[str, date]]:
    checked = ui.checks(deployment)
    return [
        (name, day) for name, day in sorted(_grey(deployment, days)) if checked[name, "complete"].get(day) != "FAILED"
    ]


def _not_naming_a_root(deployment: Deployment, days: Sequence[date], gaps: Iterable[date]) -> list[str]:
    """The grey dates whose check names no gap on or before them, and what it says instead."""
    found = []
    for name, day in sorted(_grey(deployment, days)):
        told = ui.text_of_check(deployment, name, "complete", day)
        if not any(f"{ROOT} {gap}" in told for gap in gaps if gap <= day):
            found.append(f"{name} {day}: {told or 'no check'}")
    return found


def _stuck(deployment: Deployment) -> list[str]:
    """Checks that were announced and have no result."""
    return [
        f"{check} of {name} {day}: {status}"
        for (name, check), found in ui.checks(deployment).items()
        for day, status in found.items()
        if status in STUCK
    ]


def _ticks_with_errors(deployment: Deployment) -> list[Tick]:
    return [tick for tick in ui.ticks(deployment) if tick.error]


def _red_standing_checks(deployment: Deployment) -> list[str]:
    return [f"{check}: {status}" for check, status in ui.standing_checks(deployment).items() if status != "SUCCEEDED"]


def _open_alerts(deployment: Deployment) -> list[str]:
    return json.loads(deployment.command("alerts", "list", "--format", "json"))


def _automatic(runs: Iterable[Run]) -> list[Run]:
    """What was started by a condition or by the sensor that repairs."""
    return [run for run in runs if AUTOMATION_TAG in run.tags or run.job == "repair"]


def _range_of(run: Run) -> tuple[str, str]:
    day = run.tags.get("dagster/partition", "")
    return (
        run.tags.get("dagster/asset_partition_range_start", day),
        run.tags.get("dagster/asset_partition_range_end", day),
    )


def _open_partitions(deployment: Deployment, page: WebDriver, table: str) -> None:
    """The page of a table's partitions on the dates at hand; no click counts before it."""
    page.get(f"{deployment.url}/assets/{table}?view=partitions&default_range=[{DAYS[0]}...{DAYS[-1]}]")
    seen(page, f"{len(DAYS)} Partitions Selected", 60)


def _click_day(page: WebDriver, day: date) -> None:
    """The list draws only what is in sight: filter it to the date, then one click."""
    filter_ = page.find_element(By.XPATH, "//input[contains(@placeholder, 'Filter by name')]")
    filter_.send_keys(str(day))
    time.sleep(1)
    click(page, str(day))


def _click_event(page: WebDriver, day: date) -> None:
    """Scroll down the list of events, of which only those in sight are drawn, to the newest of a date, and click."""
    seen(page, "Filter", 20)
    shown = f"//*[text()='{day}']"
    deadline = time.monotonic() + 30
    while not page.find_elements(By.XPATH, shown):
        assert time.monotonic() < deadline, f"no event of {day} in the list"
        page.execute_script(_SCROLL_DOWN)
        time.sleep(0.3)
    page.execute_script("arguments[0].click()", page.find_element(By.XPATH, shown))
