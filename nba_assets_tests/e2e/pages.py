"""What a page of the UI shows, and pictures of it."""

from __future__ import annotations

import os
import time
from pathlib import Path

from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By

PICTURES = Path(os.environ["NBA_TEST_PICTURES"]).resolve() if "NBA_TEST_PICTURES" in os.environ else None
"""A directory for screenshots: NBA_TEST_PICTURES=docs/images makes those of the documentation anew."""


def seen(page: WebDriver, *texts: str, within: float, below: str = "") -> str:
    """The page's text, once it contains everything that is looked for: a page arrives in parts.

    With `below` only what comes from this text on is looked at: a dialog's, not that of the page behind it.
    """
    deadline = time.monotonic() + within
    while True:
        whole = str(page.execute_script("return document.body.innerText"))
        shown = whole[whole.index(below) :] if below in whole else ""
        absent = [text for text in texts if text not in shown]
        if not absent:
            return shown
        if time.monotonic() > deadline:
            raise AssertionError(f"{absent} did not appear; the page says: {shown}")
        time.sleep(0.5)


def click(page: WebDriver, text: str, seconds: float = 20) -> None:
    """Click on what has exactly this text; the last one, should there be several."""
    deadline = time.monotonic() + seconds
    while not (found := page.find_elements(By.XPATH, f"//*[text()='{text}']")):
        if time.monotonic() > deadline:
            raise AssertionError(f"there is no '{text}' to click on; the page says: {seen(page, within=0)}")
        time.sleep(0.5)
    page.execute_script("arguments[0].click()", found[-1])


def picture(page: WebDriver, name: str, *, wait: float) -> None:
    """A screenshot, if pictures are wanted; after so many seconds, for what moves to stand still."""
    if PICTURES:
        time.sleep(wait)
        page.save_screenshot(str(PICTURES / f"{name}.png"))
