"""A thirty-day backfill with one gap, launched as the UI launches it, and seen in the UI."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from selenium.webdriver import ActionChains, Keys
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By

from nba_assets.league.calendar import days_between
from nba_assets.schema.table import Phase
from nba_assets.tables import TABLES
from nba_assets_tests.e2e import bad_days
from nba_assets_tests.e2e.deployment import Deployment
from nba_assets_tests.e2e.gaps import mend
from nba_assets_tests.e2e.pages import click, picture, seen
from nba_assets_tests.e2e.ui import days, end_of, launch, partitions, run_job
from nba_assets_tests.needs import needs_program

pytestmark = pytest.mark.soak

FIRST, LAST, GAP = date(2021, 10, 18), date(2021, 11, 16), date(2021, 11, 12)
GAME = "0022100174"
DAYS = days_between(FIRST, LAST)
DAY_AFTER = LAST + timedelta(days=1)
AFTER_THE_GAMES = tuple(
    name for name, t in TABLES.items() if not t.optional and (name.startswith("raw_") or name.endswith("game_summary"))
)
BEFORE_THE_GAMES = tuple(name for name, table in TABLES.items() if table.phase == Phase.PRE_GAME)


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    needs_program("chromium")
    with bad_days.deployed_with_gaps(tmp_path_factory.mktemp("deployment"), {GAP: GAME}, "2021-11-17T10:00") as running:
        yield running


def test_the_first_page_is_the_graph(deployment: Deployment, page: WebDriver) -> None:
    page.get(f"{deployment.url}/asset-groups")
    shown = seen(page, "predictions", within=60)
    for unwanted in ("Join", "Welcome", "newsletter", "warning", "rror loading"):
        assert unwanted not in shown
    ActionChains(page).key_down(Keys.ALT).send_keys("e").key_up(Keys.ALT).perform()
    seen(page, "player_daily_cache", "raw_shots", within=20)


def test_exactly_the_gap_fails(deployment: Deployment) -> None:
    assert end_of(deployment, launch(deployment, DAYS), 600) == "COMPLETED_FAILED"
    statuses = partitions(deployment)
    assert days(statuses["raw_schedule"], "MATERIALIZED") == {*DAYS, DAY_AFTER}, "Dagster goes on to the day after"
    assert days(statuses["raw_team_boxscores"], "FAILED") == {GAP}
    assert bad_days.failed(deployment) == {("raw_team_boxscores", GAP)}
    for name in AFTER_THE_GAMES[1:]:
        assert days(statuses[name], "MATERIALIZED") == set(DAYS) - {GAP}, name
    known_before = {day for day in DAYS if day <= GAP}
    for name in BEFORE_THE_GAMES:
        assert days(statuses[name], "MATERIALIZED") == known_before, f"{name}: later dates are behind the gap"


def test_the_page_shows_it(deployment: Deployment, page: WebDriver) -> None:
    selected = f"default_range=[{FIRST}...{LAST}]&partition={GAP}"
    page.get(f"{deployment.url}/assets/raw_team_boxscores?view=partitions&{selected}")
    seen(page, str(GAP), "Failed", within=60)
    picture(page, "partitions", wait=3)


def test_the_check_tells_what_is_missing(deployment: Deployment, page: WebDriver) -> None:
    page.get(f"{deployment.url}/assets/raw_team_boxscores?view=checks&checkDetail=complete")
    seen(page, "production_ready", "The partition has what the schedule says it must have", within=60)
    click(page, "Partitions")
    seen(page, "Partitions Selected", within=30)
    _click_partition(page, GAP)
    seen(page, "nba-assets explain raw_team_boxscores", "GAP", within=30)
    picture(page, "check", wait=3)


def test_coverage_is_in_the_catalogue(deployment: Deployment, page: WebDriver) -> None:
    assert run_job(deployment, "coverage", 120) == "SUCCESS"
    page.get(f"{deployment.url}/assets/coverage?view=checks")
    seen(page, "no_failed_partitions__raw_team_boxscores", within=60)
    page.get(f"{deployment.url}/assets/coverage?view=overview")
    seen(page, "newest dates", within=60)
    page.find_element(By.XPATH, "//*[contains(text(), 'Show Markdown')]").click()
    seen(page, "below the threshold; nothing new is published", within=20)
    heading = page.find_element(By.XPATH, "//th[contains(., 'TBOX')]")
    page.execute_script("arguments[0].scrollIntoView({block: 'center'})", heading)
    assert heading.is_displayed()


def test_the_missing_game_is_read_without_a_click_and_leads_to_its_cell(
    deployment: Deployment, page: WebDriver
) -> None:
    page.get(f"{deployment.url}/assets/coverage?view=overview")
    seen(page, "attention", f"raw_team_boxscores {GAP}: 10/11 games", "NYK@CHA: no box score", "TBOX", within=60)
    heading = page.find_element(By.XPATH, "//*[text()='attention']")
    page.execute_script("arguments[0].scrollIntoView({block: 'start'})", heading)
    picture(page, "coverage_asset", wait=3)
    page.find_element(By.LINK_TEXT, f"raw_team_boxscores {GAP}").click()
    page.switch_to.window(page.window_handles[-1])
    seen(page, f"raw_team_boxscores · Fri {GAP}", "Needs attention", within=30)
    assert page.find_element(By.ID, "tip").is_displayed()
    picture(page, "coverage_page", wait=1)


def test_rows_and_share_are_plotted_on_the_page_of_a_table(deployment: Deployment, page: WebDriver) -> None:
    page.get(f"{deployment.url}/assets/raw_team_boxscores?view=overview")
    seen(page, "Plots", within=60)
    for button in ("Plots", "Events"):
        page.find_element(By.XPATH, f"//button[normalize-space()='{button}']").click()
        time.sleep(1)
    seen(page, "dagster/partition_row_count", "nba/share", within=30)
    plot = page.find_element(By.XPATH, "//*[text()='dagster/partition_row_count']")
    page.execute_script("arguments[0].scrollIntoView({block: 'start'})", plot)
    picture(page, "plots", wait=3)


def test_the_whole_graph_is_upstream_of_the_features(deployment: Deployment, page: WebDriver) -> None:
    """Everything that the feature store is made of, in one picture."""
    page.set_window_size(1800, 2300)
    page.get(f"{deployment.url}/assets/ml_feature_store_v2?view=lineage&lineageScope=upstream&lineageDepth=8")
    seen(page, "raw_game_lines", "raw_team_boxscores", within=60)
    picture(page, "asset_graph", wait=8)


def test_launched_again_it_heals_the_gap_and_fails_nothing_that_was_good(deployment: Deployment) -> None:
    mend(deployment.directory)
    around = [GAP - timedelta(days=1), GAP, GAP + timedelta(days=1)]
    tables = ("raw_schedule", "raw_team_boxscores", "raw_player_boxscores")
    assert end_of(deployment, launch(deployment, around, tables), 120) == "COMPLETED_SUCCESS"
    statuses = partitions(deployment)
    for name in tables:
        assert days(statuses[name], "MATERIALIZED") - {DAY_AFTER} == set(DAYS), name


def _click_partition(page: WebDriver, day: date) -> None:
    """The list of partitions draws only what is in sight: filter it first."""
    filter_ = page.find_element(By.XPATH, "//input[contains(@placeholder, 'Filter by partition')]")
    filter_.send_keys(str(day))
    seen(page, str(day), within=10)
    time.sleep(1)
    listed = page.find_element(By.XPATH, f"//*[text()='{day}']")
    page.execute_script("arguments[0].click()", listed)
