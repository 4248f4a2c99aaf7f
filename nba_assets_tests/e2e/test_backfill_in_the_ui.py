"""A thirty-day backfill with one gap, launched as the UI launches it, and seen in the UI."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
from selenium.webdriver import ActionChains, Keys
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By

from nba_assets.schema.table import Phase
from nba_assets.tables import TABLES
from nba_assets_tests.e2e.deployment import Deployment, browser, deployed
from nba_assets_tests.e2e.pages import picture, seen
from nba_assets_tests.needs import needs_program, real_data

pytestmark = pytest.mark.long

FIRST, LAST, GAP = date(2021, 10, 18), date(2021, 11, 16), date(2021, 11, 12)
DAYS = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
AFTER_THE_GAMES = tuple(
    name for name, t in TABLES.items() if not t.optional and (name.startswith("raw_") or name.endswith("game_summary"))
)
BEFORE_THE_GAMES = tuple(name for name, table in TABLES.items() if table.phase == Phase.PRE_GAME)
LAUNCH = """
mutation($params: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $params) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on PythonError { message }
  }
}"""
COVERAGE = """
mutation {
  launchRun(executionParams: {
    selector: {
      jobName: "coverage", repositoryName: "__repository__", repositoryLocationName: "nba_assets"
    }
    runConfigData: {}
  }) { __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } }
}"""
RUN = "query($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"
STATUS = "query($id: String!) { partitionBackfillOrError(backfillId: $id) { ... on PartitionBackfill { status } } }"
PARTITIONS = """
query($keys: [AssetKeyInput!]) {
  assetNodes(assetKeys: $keys) {
    assetKey { path }
    assetPartitionStatuses { ... on TimePartitionStatuses { ranges { status startKey endKey } } }
  }
}"""


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    needs_program("chromium")
    directory = tmp_path_factory.mktemp("deployment")
    settings = {
        "NBA_SOURCE": "files",
        "NBA_DATA_DIR": str(_data_with_a_gap(directory)),
        "NBA_NOW": "2021-11-17T10:00",
        "NBA_PARTITIONS_START": "2021-10-15",
    }
    with deployed(directory, settings) as running:
        running.stop_schedules()
        yield running


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebDriver]:
    with browser(tmp_path_factory.mktemp("chromium")) as driver:
        yield driver


def _data_with_a_gap(directory: Path) -> Path:
    """The real season, without one game of the gap's date in the log of the teams."""
    season = directory / "data" / "2021-22"
    season.mkdir(parents=True)
    for file in (real_data() / "2021-22").iterdir():
        (season / file.name).symlink_to(file)
    log = season / "leaguegamelog_team.parquet"
    rows = pd.read_parquet(log)
    of_date = rows.loc[pd.to_datetime(rows["GAME_DATE"]).dt.date == GAP, "GAME_ID"]
    log.unlink()
    rows[rows["GAME_ID"] != of_date.min()].to_parquet(log)
    return season.parent


def test_the_first_page_is_the_graph(deployment: Deployment, page: WebDriver) -> None:
    page.get(f"{deployment.url}/asset-groups")
    shown = seen(page, "predictions", 60)
    for unwanted in ("Join", "Welcome", "newsletter", "warning", "rror loading"):
        assert unwanted not in shown
    ActionChains(page).key_down(Keys.ALT).send_keys("e").key_up(Keys.ALT).perform()
    shown = seen(page, "player_daily_cache", 20)
    assert "raw_shots" in shown


def test_exactly_the_gap_fails(deployment: Deployment) -> None:
    backfill = _launch(deployment)
    ended = deployment.until("the backfill ends", 280, lambda: _ended(deployment, backfill))
    assert ended == "COMPLETED_FAILED"
    statuses = _statuses(deployment)
    assert _days(statuses["raw_schedule"], "MATERIALIZED") == set(DAYS)
    assert _days(statuses["raw_team_boxscores"], "FAILED") == {GAP}
    failed = {(name, day) for name in TABLES for day in _days(statuses[name], "FAILED")}
    assert failed == {("raw_team_boxscores", GAP)}
    for name in AFTER_THE_GAMES[1:]:
        assert _days(statuses[name], "MATERIALIZED") == set(DAYS) - {GAP}, name
    known_before = {day for day in DAYS if day <= GAP}
    for name in BEFORE_THE_GAMES:
        assert _days(statuses[name], "MATERIALIZED") == known_before, f"{name}: later dates are behind the gap"


def test_the_page_shows_it(deployment: Deployment, page: WebDriver) -> None:
    selected = f"default_range=[{FIRST}...{LAST}]&partition={GAP}"
    page.get(f"{deployment.url}/assets/raw_team_boxscores?view=partitions&{selected}")
    shown = seen(page, str(GAP), 60)
    assert "Failed" in shown
    picture(page, "partitions", wait=3)


def test_the_check_tells_what_is_missing(deployment: Deployment, page: WebDriver) -> None:
    page.get(f"{deployment.url}/assets/raw_team_boxscores?view=checks&checkDetail=complete")
    shown = seen(page, "production_ready", 60)
    assert "The partition has what the schedule says it must have" in shown
    page.find_elements(By.XPATH, "//*[text()='Partitions']")[-1].click()
    seen(page, "Partitions Selected", 30)
    _click_partition(page, GAP)
    shown = seen(page, "nba-assets explain raw_team_boxscores", 30)
    assert "GAP" in shown
    picture(page, "check", wait=3)


def test_coverage_is_in_the_catalogue(deployment: Deployment, page: WebDriver) -> None:
    answer = deployment.graphql(COVERAGE)["launchRun"]
    run_id = answer["run"]["runId"]
    status = deployment.until("the coverage job ends", 120, lambda: _run_ended(deployment, run_id))
    assert status == "SUCCESS"
    page.get(f"{deployment.url}/assets/coverage?view=checks")
    seen(page, "no_failed_partitions__raw_team_boxscores", 60)
    page.get(f"{deployment.url}/assets/coverage?view=overview")
    seen(page, "newest dates", 60)
    page.find_element(By.XPATH, "//*[contains(text(), 'Show Markdown')]").click()
    seen(page, "below the threshold; nothing published", 20)
    heading = page.find_element(By.XPATH, "//th[contains(., 'TBOX')]")
    page.execute_script("arguments[0].scrollIntoView({block: 'center'})", heading)
    assert heading.is_displayed()


def test_the_missing_game_is_read_without_a_click_and_leads_to_its_cell(
    deployment: Deployment, page: WebDriver
) -> None:
    page.get(f"{deployment.url}/assets/coverage?view=overview")
    shown = seen(page, "attention", 60)
    assert f"raw_team_boxscores {GAP}: 10/11 games" in shown
    assert "NYK@CHA: no box score" in shown
    assert "TBOX" in shown, "the newest dates, a character each"
    heading = page.find_element(By.XPATH, "//*[text()='attention']")
    page.execute_script("arguments[0].scrollIntoView({block: 'start'})", heading)
    picture(page, "coverage_asset", wait=3)
    page.find_element(By.LINK_TEXT, f"raw_team_boxscores {GAP}").click()
    page.switch_to.window(page.window_handles[-1])
    shown = seen(page, f"raw_team_boxscores · Fri {GAP}", 30)
    assert "Needs attention" in shown
    assert page.find_element(By.ID, "tip").is_displayed()
    picture(page, "coverage_page", wait=1)


def test_rows_and_share_are_plotted_on_the_page_of_a_table(deployment: Deployment, page: WebDriver) -> None:
    page.get(f"{deployment.url}/assets/raw_team_boxscores?view=overview")
    seen(page, "Plots", 60)
    for button in ("Plots", "Events"):
        page.find_element(By.XPATH, f"//button[normalize-space()='{button}']").click()
        time.sleep(1)
    shown = seen(page, "dagster/partition_row_count", 30)
    assert "nba/share" in shown
    plot = page.find_element(By.XPATH, "//*[text()='dagster/partition_row_count']")
    page.execute_script("arguments[0].scrollIntoView({block: 'start'})", plot)
    picture(page, "plots", wait=3)


def test_the_whole_graph_is_upstream_of_the_features(deployment: Deployment, page: WebDriver) -> None:
    """Everything that the feature store is made of, in one picture."""
    page.set_window_size(1800, 2300)
    page.get(f"{deployment.url}/assets/ml_feature_store_v2?view=lineage&lineageScope=upstream&lineageDepth=8")
    shown = seen(page, "raw_game_lines", 60)
    assert "raw_team_boxscores" in shown
    picture(page, "asset_graph", wait=8)


def test_launched_again_it_heals_the_gap_and_fails_nothing_that_was_good(deployment: Deployment) -> None:
    log = deployment.directory / "data" / "2021-22" / "leaguegamelog_team.parquet"
    log.write_bytes((real_data() / "2021-22" / log.name).read_bytes())
    around = [GAP - timedelta(days=1), GAP, GAP + timedelta(days=1)]
    tables = ("raw_schedule", "raw_team_boxscores", "raw_player_boxscores")
    backfill = _launch(deployment, tables, around)
    ended = deployment.until("the backfill ends", 120, lambda: _ended(deployment, backfill))
    assert ended == "COMPLETED_SUCCESS"
    statuses = _statuses(deployment)
    for name in tables:
        assert _days(statuses[name], "MATERIALIZED") == set(DAYS), name


def _click_partition(page: WebDriver, day: date) -> None:
    """The list of partitions draws only what is in sight: filter it first."""
    filter_ = page.find_element(By.XPATH, "//input[contains(@placeholder, 'Filter by partition')]")
    filter_.send_keys(str(day))
    seen(page, str(day), 10)
    time.sleep(1)
    listed = page.find_element(By.XPATH, f"//*[text()='{day}']")
    page.execute_script("arguments[0].click()", listed)


def _launch(deployment: Deployment, tables: Iterable[str] = tuple(TABLES), days: Sequence[date] = DAYS) -> str:
    params = {
        "assetSelection": [{"path": [name]} for name in tables],
        "partitionNames": [str(day) for day in days],
    }
    answer = deployment.graphql(LAUNCH, params=params)["launchPartitionBackfill"]
    assert answer["__typename"] == "LaunchBackfillSuccess", answer
    return str(answer["backfillId"])


def _ended(deployment: Deployment, backfill: str) -> str | None:
    status = deployment.graphql(STATUS, id=backfill)["partitionBackfillOrError"]["status"]
    return None if status in ("REQUESTED", "FAILING", "CANCELING") else str(status)


def _run_ended(deployment: Deployment, run_id: str) -> str | None:
    status = deployment.graphql(RUN, id=run_id)["runOrError"]["status"]
    return str(status) if status in ("SUCCESS", "FAILURE", "CANCELED") else None


def _statuses(deployment: Deployment) -> dict[str, list[dict[str, str]]]:
    nodes = deployment.graphql(PARTITIONS, keys=[{"path": [name]} for name in TABLES])["assetNodes"]
    return {node["assetKey"]["path"][0]: node["assetPartitionStatuses"]["ranges"] for node in nodes}


def _days(ranges: list[dict[str, str]], status: str) -> set[date]:
    found: set[date] = set()
    for range_ in ranges:
        if range_["status"] == status:
            first, last = date.fromisoformat(range_["startKey"]), date.fromisoformat(range_["endKey"])
            found |= {first + timedelta(days=n) for n in range((last - first).days + 1)}
    return found
