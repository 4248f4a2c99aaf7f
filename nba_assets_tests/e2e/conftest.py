"""One browser for the tests of a file: what they do in it follows one another."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver

from nba_assets_tests.chromium import browser


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebDriver]:
    """A tab of Chromium."""
    with browser(tmp_path_factory.mktemp("chromium")) as driver:
        yield driver
