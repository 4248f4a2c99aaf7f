"""The launch dialog: where the partitions have ended any date can be typed at once, else all dates are a click away.

The dialog hides what is older than ninety days by the browser's calendar, unless nothing would be left to show.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from selenium.webdriver import Keys
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By

from nba_assets_tests.e2e.deployment import Deployment, deployed
from nba_assets_tests.e2e.pages import picture, seen
from nba_assets_tests.needs import real_data

pytestmark = pytest.mark.long

NOVEMBER = "[2021-11-01...2021-11-30]"
HIDDEN = "Show all partitions"
ALL = "2021-10-01\n2024-06-17"


@pytest.mark.soak
def test_an_old_season_is_found_at_once_where_the_partitions_have_ended(tmp_path: Path, page: WebDriver) -> None:
    with deployed(tmp_path, {"NBA_SOURCE": "files", "NBA_DATA_DIR": str(real_data())}) as running:
        shown = _open_dialog(page, running, ALL)
        assert HIDDEN not in shown
        assert ALL in shown
        _type(page, NOVEMBER)
        picture(page, "launch_dialog", wait=3)
    log = running.log.read_text()
    assert "superseded" not in log
    assert "Warning" not in log


def test_where_they_go_on_to_today_all_are_shown_after_a_click(tmp_path: Path, page: WebDriver) -> None:
    with deployed(tmp_path, {"NBA_SOURCE": "simulated"}) as running:
        assert HIDDEN in _open_dialog(page, running, HIDDEN)
        page.find_element(By.XPATH, f"//*[text()='{HIDDEN}']").click()
        _type(page, NOVEMBER)


def _open_dialog(page: WebDriver, running: Deployment, text: str) -> str:
    """The text of the dialog for a table that nothing has been computed of, once it has this in it.

    It is there before it knows any partitions.
    """
    running.stop_schedules()
    page.get(f"{running.url}/assets/raw_schedule?view=partitions")
    seen(page, "Partitions Selected", within=60)
    page.find_element(By.XPATH, "//button[contains(., 'Materialize')]").click()
    title = "Launch runs to materialize"
    return seen(page, "Backfill only failed and missing partitions", text, within=60, below=title)


def _type(page: WebDriver, range_: str) -> None:
    """A range into the dialog's field, which takes it if it knows every date."""
    field = page.find_elements(By.XPATH, "//input[contains(@placeholder, 'ex: 2021-10-01')]")[-1]
    field.send_keys(range_, Keys.ENTER)
    assert "Launch backfill" in seen(page, "30 partitions", within=20)
