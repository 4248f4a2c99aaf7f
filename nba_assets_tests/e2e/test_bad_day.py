"""A bad day: ten dates lack three games. A person finds out why and launches three dates again; the rest follows."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import date

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By

from nba_assets.league.calendar import days_between
from nba_assets_tests.e2e import bad_days, ui
from nba_assets_tests.e2e.bad_days import PATIENCE, ROOT
from nba_assets_tests.e2e.deployment import Deployment
from nba_assets_tests.e2e.gaps import mend
from nba_assets_tests.e2e.pages import click, picture, seen
from nba_assets_tests.e2e.ui import Run
from nba_assets_tests.needs import needs_program

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]

DAYS = days_between(date(2021, 10, 18), date(2021, 10, 27))
GAPS = {date(2021, 10, 20): "0022100003", date(2021, 10, 22): "0022100017", date(2021, 10, 25): "0022100041"}
"""Date -> the game that is missing. The day after the last date has games, and its schedule is not loaded."""
_SCROLL_DOWN = """
for (const part of document.querySelectorAll('div'))
  if (part.scrollHeight > part.clientHeight + 1 && getComputedStyle(part).overflowY.match(/auto|scroll/))
    part.scrollBy(0, 200);
"""


@pytest.fixture(scope="module")
def bad_day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    needs_program("chromium")
    with bad_days.deployed_with_gaps(tmp_path_factory.mktemp("bad_day"), GAPS, "2021-10-28T10:00") as running:
        yield running


def test_exactly_the_three_gaps_fail(bad_day: Deployment) -> None:
    started = time.monotonic()
    assert ui.end_of(bad_day, ui.launch(bad_day, DAYS), PATIENCE) == "COMPLETED_FAILED"
    print(f"{len(DAYS)} dates with three gaps: {len(ui.runs(bad_day))} runs, {time.monotonic() - started:.0f} s")
    assert bad_days.failed(bad_day) == {(ROOT, day) for day in GAPS}


def test_every_date_behind_a_gap_names_its_root(bad_day: Deployment) -> None:
    assert bad_days.unexplained(bad_day, DAYS, GAPS) == []


@pytest.mark.parametrize("day", GAPS)
def test_two_clicks_lead_from_the_red_day_to_the_game(bad_day: Deployment, page: WebDriver, day: date) -> None:
    _open_partitions(bad_day, page, ROOT)
    click(page, "Events")
    _click_event(page, day)
    seen(page, f"{ROOT} {day} GAP", GAPS[day], within=15)
    picture(page, "red_day", wait=2)


@pytest.mark.parametrize("day", [date(2021, 10, 21), date(2021, 10, 24), DAYS[-1]])
def test_two_clicks_lead_from_a_grey_day_to_the_game(bad_day: Deployment, page: WebDriver, day: date) -> None:
    _open_partitions(bad_day, page, "player_daily_cache")
    click(page, "Events")
    _click_event(page, day)
    seen(page, f"player_daily_cache {day} BLOCKED", f"{ROOT} {min(GAPS)}", GAPS[min(GAPS)], within=15)
    picture(page, "grey_day", wait=2)


def test_the_log_of_a_red_day_is_two_clicks_away_too(bad_day: Deployment, page: WebDriver) -> None:
    day = min(GAPS)
    _open_partitions(bad_day, page, ROOT)
    _click_day(page, day)
    click(page, "View logs")
    seen(page, GAPS[day], within=15)


def test_nothing_that_waits_is_tried_in_vain(bad_day: Deployment) -> None:
    (ended,) = ui.backfills(bad_day).values()
    ui.evaluated(bad_day, "automation", 2, since=ended, seconds=180)
    assert bad_days.automatic(ui.runs(bad_day)) == []


def test_three_dates_launched_again_and_the_rest_follows(bad_day: Deployment) -> None:
    mend(bad_day.directory)
    started = time.monotonic()
    backfill = ui.launch(bad_day, sorted(GAPS), [ROOT])
    assert ui.end_of(bad_day, backfill, PATIENCE) == "COMPLETED_SUCCESS"
    launched = [run for run in ui.runs(bad_day) if run.tags.get("dagster/backfill") == backfill]
    assert sorted(_range_of(run) for run in launched) == [(str(day), str(day)) for day in sorted(GAPS)]
    bad_day.until("the whole graph is complete", PATIENCE, lambda: not bad_days.lacking(bad_day, DAYS))
    print(f"complete {time.monotonic() - started:.0f} s after three dates were launched again")
    assert bad_days.failed(bad_day) == set()


def test_no_check_is_stuck(bad_day: Deployment) -> None:
    """A partition is coloured a moment before its run has told the results of its checks."""
    with suppress(AssertionError):
        bad_day.until("no check waits for its result", 120, lambda: not bad_days.stuck(bad_day))
    assert bad_days.stuck(bad_day) == []


def test_the_standing_checks_turn_green_by_themselves(bad_day: Deployment) -> None:
    bad_day.until("the coverage is computed anew", 300, lambda: not _red_standing_checks(bad_day))


def test_the_alerts_are_resolved(bad_day: Deployment) -> None:
    bad_day.until("no alert is open", 300, lambda: not _open_alerts(bad_day))
    everything = json.loads(bad_day.command("alerts", "list", "--all", "--format", "json"))["alerts"]
    assert [alert["state"] for alert in everything if alert["table"] == ROOT] == ["resolved"]


def test_a_backfill_of_what_is_complete_starts_nothing_else(bad_day: Deployment) -> None:
    runs_before, backfills_before = {run.run_id for run in ui.runs(bad_day)}, set(ui.backfills(bad_day))
    backfill = ui.launch(bad_day, DAYS)
    ended = ui.end_of(bad_day, backfill, PATIENCE)
    ui.evaluated(bad_day, "automation", 3, since=time.time(), seconds=240)
    new = [run for run in ui.runs(bad_day) if run.run_id not in runs_before]
    print(f"a backfill of what is complete: {sum('dagster/backfill' in run.tags for run in new)} runs, {ended}")
    assert bad_days.automatic(new) == []
    assert set(ui.backfills(bad_day)) - backfills_before == {backfill}
    assert bad_days.lacking(bad_day, DAYS) == []
    assert bad_days.stuck(bad_day) == []
    assert bad_days.ticks_with_errors(bad_day) == []


def _red_standing_checks(deployment: Deployment) -> list[str]:
    return [f"{check}: {status}" for check, status in ui.standing_checks(deployment).items() if status != "SUCCEEDED"]


def _open_alerts(deployment: Deployment) -> list[str]:
    return json.loads(deployment.command("alerts", "list", "--format", "json"))["alerts"]


def _range_of(run: Run) -> tuple[str, str]:
    day = run.tags.get("dagster/partition", "")
    return (
        run.tags.get("dagster/asset_partition_range_start", day),
        run.tags.get("dagster/asset_partition_range_end", day),
    )


def _open_partitions(deployment: Deployment, page: WebDriver, table: str) -> None:
    """The page of a table's partitions on the dates at hand; no click counts before it."""
    page.get(f"{deployment.url}/assets/{table}?view=partitions&default_range=[{DAYS[0]}...{DAYS[-1]}]")
    seen(page, f"{len(DAYS)} Partitions Selected", within=60)


def _click_day(page: WebDriver, day: date) -> None:
    """The list draws only what is in sight: filter it to the date, then one click."""
    filter_ = page.find_element(By.XPATH, "//input[contains(@placeholder, 'Filter by name')]")
    filter_.send_keys(str(day))
    time.sleep(1)
    click(page, str(day))


def _click_event(page: WebDriver, day: date) -> None:
    """Scroll down the list of events, of which only those in sight are drawn, to the newest of a date, and click."""
    seen(page, "Filter", within=20)
    shown = f"//*[text()='{day}']"
    deadline = time.monotonic() + 30
    while not page.find_elements(By.XPATH, shown):
        assert time.monotonic() < deadline, f"no event of {day} in the list"
        page.execute_script(_SCROLL_DOWN)
        time.sleep(0.3)
    page.execute_script("arguments[0].click()", page.find_element(By.XPATH, shown))
