"""Chromium without a window."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium import webdriver

from nba_assets_tests.needs import needs_program

_FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
)


@contextmanager
def browser(directory: Path, size: tuple[int, int] = (1680, 1050)) -> Iterator[webdriver.Chrome]:
    """A browser with a window of so many pixels; what it keeps for itself goes into `directory`."""
    options = webdriver.ChromeOptions()
    options.binary_location = needs_program("chromium")
    for flag in (*_FLAGS, f"--window-size={size[0]},{size[1]}", f"--user-data-dir={directory / 'browser'}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(needs_program("chromedriver")))
    try:
        yield driver
    finally:
        driver.quit()
