"""The HTML page: one file that needs nothing else, and what a browser makes of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from nba_assets.overview.html import as_html
from nba_assets.overview.matrix import Matrix, Row, matrix, worst_status
from nba_assets.partition import MEANING, Partition, Status
from nba_assets.planning.state import Cell
from nba_assets.sources.base import ResultSet
from nba_assets.tables import TABLES
from nba_assets_tests.chromium import browser
from nba_assets_tests.engine.warehouses import (
    OPENING_NIGHT,
    REQUIRED_RAW,
    EditedSource,
    build_range,
    copy_of,
    healthy,
    session,
)

BEFORE, DAY = date(2021, 11, 6), date(2021, 11, 7)
REASON = "7/8 games (14/16 complete, 16 required); 0022100139 BKN@TOR: no box score"


def _without_game(log: pd.DataFrame) -> pd.DataFrame:
    return log[log["GAME_ID"] != "0022100139"]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Matrix:
    """Three weeks of a real season, the last date with a gap."""
    home = copy_of(healthy(BEFORE), tmp_path_factory.mktemp("html"))
    at = session(home, EditedSource({ResultSet.TEAM_LOG: _without_game}))
    build_range(at, DAY, DAY, tables=REQUIRED_RAW)
    return matrix(at, OPENING_NIGHT, DAY)


@pytest.fixture(scope="module")
def page(found: Matrix) -> str:
    return as_html(found)


def _data(page: str) -> dict[str, Any]:
    match = re.search(r"^const D = (.*);$", page, flags=re.MULTILINE)
    assert match is not None
    return json.loads(match.group(1))


def test_the_page_asks_for_nothing_from_anywhere(page: str) -> None:
    assert not re.search(r"https?://|@import|url\(|\bsrc=|<link|fetch\(|XMLHttpRequest|import\(", page)
    assert page.count("<script>") == page.count("</script>") == 1
    assert page.startswith("<!doctype html>")


def test_the_data_is_the_matrix(found: Matrix, page: str) -> None:
    data = _data(page)
    assert [table["name"] for table in data["tables"]] == list(found.tables)
    assert len(data["days"]) == len(found.rows) == 20
    names = [status["name"] for status in data["statuses"]]
    assert names == [status.value for status in Status]
    for number, row in enumerate(found.rows):
        day, season, games, _, text = data["days"][number]
        assert (day, season, games, data["texts"][text]) == (str(row.day), "2021-22", row.games, row.status)
        for table in TABLES:
            packed = data["cells"][table][number]
            assert names[packed[0]] == row.cells[table].status
            assert packed[1] == row.cells[table].rows
    assert {s["name"]: s["count"] for s in data["statuses"] if s["count"]} == {
        status.value: count for status, count in found.counts().items()
    }


def test_a_reason_cannot_break_out_of_the_script() -> None:
    hostile = "</script><script>alert(1)</script> ✗"
    cells = {name: Cell(Partition(name, DAY), Status.ERROR, None, None, hostile) for name in TABLES}
    page = as_html(Matrix((Row(DAY, cells, 8),), (hostile,)))
    assert page.count("</script>") == 1
    assert hostile in _data(page)["texts"]


def test_an_empty_matrix_has_a_page() -> None:
    assert _data(as_html(Matrix((), ())))["days"] == []


def test_twenty_seasons_stay_small(found: Matrix) -> None:
    rows = found.rows * (20 * 175 // len(found.rows))
    assert len(as_html(Matrix(rows, ()))) < 5_000_000


@pytest.mark.parametrize(
    ("statuses", "worst"),
    [
        ((Status.OK, Status.DEGRADED, Status.GAP), Status.GAP),
        ((Status.OK, Status.BLOCKED, Status.MISSING), Status.BLOCKED),
        ((Status.NOT_DUE, Status.DEGRADED), Status.DEGRADED),
        ((Status.OK, Status.NO_GAMES), Status.OK),
        ((Status.NO_GAMES, Status.NO_GAMES), Status.NO_GAMES),
        ((Status.OK, Status.BOOTSTRAP), Status.BOOTSTRAP),
    ],
)
def test_the_worst_table_colours_the_date(statuses: tuple[Status, ...], worst: Status) -> None:
    assert worst_status(statuses) == worst


class TestInABrowser:
    """Chromium, offline, from a file."""

    @pytest.fixture(scope="class")
    @classmethod
    def browser(cls, page: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
        directory: Path = tmp_path_factory.mktemp("page")
        file = directory / "coverage.html"
        file.write_text(page, encoding="utf-8")
        with browser(directory, (1400, 1000)) as driver:
            driver.set_network_conditions(offline=True, latency=0, throughput=0)
            driver.get(file.as_uri())
            yield driver

    @staticmethod
    def _hover(browser: webdriver.Chrome, table: str, day: date) -> str:
        canvas = browser.find_element(By.CSS_SELECTOR, "canvas.cells")
        x, y = browser.execute_script(
            "const m = maps[0]; m.canvas.scrollIntoView({ block: 'center' });"
            "const column = m.days.findIndex(d => D.days[d][0] === arguments[1]),"
            " row = m.rows.findIndex(t => t && t.name === arguments[0]);"
            "return [(column + .5) * m.w - m.width / 2, m.y(row) + m.h / 2 - m.height / 2];",
            table,
            str(day),
        )
        ActionChains(browser).move_to_element_with_offset(canvas, round(x), round(y)).perform()
        return browser.find_element(By.ID, "tip").text

    def test_it_opens_with_what_needs_attention(self, browser: webdriver.Chrome, found: Matrix) -> None:
        first = browser.find_elements(By.CSS_SELECTOR, "#troubles li")[0]
        assert first.location["y"] < 200
        waiting = next(root.others for root in found.roots if root.status == Status.GAP)
        assert first.text.splitlines() == [
            "GAP",
            f"raw_team_boxscores · Sun {DAY}",
            REASON,
            f"holds back: 1 date, {waiting} tables · nba-assets repair {DAY} {DAY}",
        ]

    def test_what_needs_attention_leads_to_its_cell(self, browser: webdriver.Chrome) -> None:
        browser.find_element(By.CSS_SELECTOR, "#troubles .jump").click()
        tip = browser.find_element(By.ID, "tip")
        assert tip.text.splitlines()[0] == f"raw_team_boxscores · Sun {DAY}"
        assert "pinned" in tip.get_attribute("class")
        assert browser.current_url.endswith(f"#{DAY}/raw_team_boxscores")
        browser.find_element(By.TAG_NAME, "h1").click()

    def test_an_address_opens_its_cell_and_what_waits_names_where_it_began(self, browser: webdriver.Chrome) -> None:
        browser.execute_script(f"location.hash = '{DAY}/player_game_summary'")
        tip = browser.find_element(By.ID, "tip")
        WebDriverWait(browser, 10).until(lambda _: tip.text.startswith("player_game_summary"))
        assert f"it began at raw_team_boxscores {DAY}" in tip.text
        tip.find_element(By.CLASS_NAME, "jump").click()
        assert tip.text.splitlines()[0] == f"raw_team_boxscores · Sun {DAY}"
        assert REASON in tip.text
        browser.find_element(By.TAG_NAME, "h1").click()
        browser.execute_script("location.hash = 'nowhere/at_all'")
        assert not tip.is_displayed()

    def test_every_table_has_a_chart_of_its_rows(self, browser: webdriver.Chrome, found: Matrix) -> None:
        figures = browser.find_elements(By.CSS_SELECTOR, "#chart-tables figure")
        assert [figure.get_attribute("data-table") for figure in figures] == list(found.tables)
        of_boxes = next(f for f in figures if f.get_attribute("data-table") == "raw_team_boxscores")
        most = max(row.cells["raw_team_boxscores"].rows for row in found.rows)
        assert f"most {most} rows" in of_boxes.text
        drawn = of_boxes.find_element(By.CSS_SELECTOR, "path.rows").get_attribute("d")
        with_games = [n for n, row in enumerate(found.rows) if row.games]
        assert [int(x) for x in re.findall(r"[ML](\d+) ", drawn)] == with_games
        gaps = of_boxes.find_element(By.CSS_SELECTOR, "path.red").get_attribute("d")
        assert gaps == f"M{len(found.rows) - 1} 52V58"

    def test_hovering_shows_numbers_and_reason(self, browser: webdriver.Chrome) -> None:
        tip = self._hover(browser, "raw_team_boxscores", DAY)
        assert tip.splitlines()[0] == "raw_team_boxscores · Sun 2021-11-07"
        assert "GAP · 0 rows · 14 of 16 complete (87.5 %) · 16 required" in tip
        assert REASON in tip
        assert f"nba-assets explain raw_team_boxscores {DAY}" in tip
        fine = self._hover(browser, "ml_feature_store_v2", BEFORE)
        assert "OK · 200 rows · 200 of 200 complete (100 %)" in fine
        assert "production-ready" in fine

    def test_the_keyboard_moves_and_enter_keeps_the_note(self, browser: webdriver.Chrome) -> None:
        canvas = browser.find_element(By.CSS_SELECTOR, "canvas.cells")
        browser.execute_script("arguments[0].focus(); maps[0].at = null", canvas)
        canvas.send_keys(Keys.ARROW_RIGHT)
        tip = browser.find_element(By.ID, "tip")
        assert tip.text.splitlines()[0] == "All tables · Tue 2021-10-19"
        canvas.send_keys(Keys.ARROW_DOWN)
        assert tip.text.splitlines()[0] == "raw_schedule · Tue 2021-10-19"
        canvas.send_keys(Keys.ENTER)
        assert "pinned" in tip.get_attribute("class")
        canvas.send_keys(Keys.ESCAPE)
        assert not tip.is_displayed()

    def test_a_click_keeps_the_note_open(self, browser: webdriver.Chrome) -> None:
        self._hover(browser, "raw_team_boxscores", DAY)
        ActionChains(browser).click().perform()
        ActionChains(browser).move_by_offset(-200, 5).perform()
        tip = browser.find_element(By.ID, "tip")
        assert tip.is_displayed()
        assert REASON in tip.text
        browser.find_element(By.TAG_NAME, "h1").click()
        assert not tip.is_displayed()

    def test_filters_take_away_tables_and_statuses(self, browser: webdriver.Chrome) -> None:
        height = browser.execute_script("return maps[0].height")
        chip = browser.find_element(By.CSS_SELECTOR, "[data-table=raw_shots]")
        chip.click()
        assert chip.get_attribute("aria-pressed") == "false"
        assert browser.execute_script("return maps[0].rows.length") == len(TABLES)
        assert browser.execute_script("return maps[0].height") < height
        assert "raw_shots" not in browser.find_element(By.CSS_SELECTOR, ".labels").text
        chip.click()
        assert browser.execute_script("return maps[0].height") == height
        browser.find_element(By.CSS_SELECTOR, "#list summary").click()
        listed = browser.find_element(By.ID, "dates")
        assert listed.text.splitlines()[-1] == f"{DAY} 8 TBOX 7/8: {REASON}"
        gaps = browser.find_element(By.CSS_SELECTOR, "[data-status=GAP]")
        gaps.click()
        assert str(DAY) not in listed.text
        gaps.click()
        assert str(DAY) in listed.text

    def test_only_what_needs_attention(self, browser: webdriver.Chrome) -> None:
        button = browser.find_element(By.ID, "trouble")
        button.click()
        pressed = {
            chip.get_attribute("data-status"): chip.get_attribute("aria-pressed")
            for chip in browser.find_elements(By.CSS_SELECTOR, "[data-status]")
        }
        assert pressed["OK"] == pressed["BOOTSTRAP"] == "false"
        assert pressed["GAP"] == pressed["BLOCKED"] == "true"
        button.click()

    def test_the_legend_counts_every_status_that_occurs(self, browser: webdriver.Chrome, found: Matrix) -> None:
        chips = browser.find_elements(By.CSS_SELECTOR, "[data-status]")
        told = {chip.get_attribute("data-status"): int(chip.find_element(By.TAG_NAME, "b").text) for chip in chips}
        assert told == {status.value: count for status, count in found.counts().items()}

    def test_every_status_looks_different_without_colour(self, browser: webdriver.Chrome) -> None:
        """Each pattern, painted in one colour, is another picture."""
        pictures = browser.execute_script(
            "const kept = colours; colours = new Proxy({}, { get: (_, name) => name.startsWith('on-') ? '#000' :"
            " name === 'soft' || name === 'GAP_LINE' ? '#000' : '#fff' });"
            "const made = S.map(status => { const c = document.createElement('canvas'); c.width = c.height = 30;"
            " const g = c.getContext('2d'); paint(g, 0, 0, 30, 30, status); return c.toDataURL(); });"
            "colours = kept; return made;"
        )
        plain = {Status.OK, Status.NO_GAMES, Status.MISSING}
        others = [picture for status, picture in zip(Status, pictures, strict=True) if status not in plain]
        assert len(set(others)) == len(others)

    def test_light_and_dark(self, browser: webdriver.Chrome) -> None:
        def paper() -> str:
            return browser.execute_script("return getComputedStyle(document.body).backgroundColor")

        before = paper()
        browser.find_element(By.ID, "theme").click()
        assert paper() != before
        browser.find_element(By.ID, "theme").click()
        assert paper() == before

    def test_nothing_went_wrong_in_the_console(self, browser: webdriver.Chrome) -> None:
        assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []


class TestOnAPhone:
    """390 × 844 pixels, by finger."""

    @pytest.fixture(scope="class")
    @classmethod
    def phone(cls, page: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
        directory: Path = tmp_path_factory.mktemp("phone")
        file = directory / "coverage.html"
        file.write_text(page, encoding="utf-8")
        with browser(directory) as driver:
            size = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
            driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
            driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True})
            driver.get(file.as_uri())
            yield driver

    @staticmethod
    def _map(phone: webdriver.Chrome) -> dict[str, float]:
        """Where the map stands, after it has been brought into sight."""
        return phone.execute_script(
            "const box = maps[0].box; box.scrollIntoView({ block: 'center' });"
            "const { left, top, width, height } = box.getBoundingClientRect();"
            "const [labels, cells] = [maps[0].labels, maps[0].canvas].map(part => part.getBoundingClientRect().left);"
            "return { left, top, width, height, labels, cells, scrolled: box.scrollLeft };"
        )

    @staticmethod
    def _touch(phone: webdriver.Chrome, kind: str, *points: tuple[float, float]) -> None:
        touches = [{"x": x, "y": y} for x, y in points]
        phone.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    def _drag(self, phone: webdriver.Chrome, x: float, y: float, by: float) -> None:
        """A finger that goes from (x, y) so far to the right."""
        self._touch(phone, "touchStart", (x, y))
        for step in range(1, 11):
            self._touch(phone, "touchMove", (x + by * step / 10, y))
        self._touch(phone, "touchEnd")

    def test_the_page_does_not_scroll_sideways_and_the_map_does(self, phone: webdriver.Chrome) -> None:
        wide, room = phone.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
        assert (wide, room) == (390, 390)
        phone.execute_script("scrollTo(500, 0)")
        assert phone.execute_script("return scrollX") == 0
        held, room = phone.execute_script("return [maps[0].box.scrollWidth, maps[0].box.clientWidth]")
        assert held > room + 100

    def test_it_opens_on_the_newest_dates(self, phone: webdriver.Chrome) -> None:
        end = phone.execute_script("const b = maps[0].box; return b.scrollWidth - b.clientWidth - b.scrollLeft")
        assert abs(end) <= 1

    def test_a_finger_scrolls_the_map_below_its_labels(self, phone: webdriver.Chrome) -> None:
        before = self._map(phone)
        self._drag(phone, before["left"] + 120, before["top"] + before["height"] / 2, by=150)
        WebDriverWait(phone, 10).until(lambda _: self._map(phone)["scrolled"] <= before["scrolled"] - 100)
        after = self._map(phone)
        assert after["labels"] == before["labels"] == before["left"]
        assert after["cells"] > before["cells"] + 100
        assert not phone.find_element(By.ID, "tip").is_displayed(), "a finger that scrolls asks for no note"
        at_label = "return document.elementFromPoint(arguments[0], arguments[1]).closest('.labels') !== null"
        assert phone.execute_script(at_label, after["left"] + 20, after["top"] + after["height"] / 2)

    def test_what_a_finger_has_to_hit_is_large_enough(self, phone: webdriver.Chrome) -> None:
        assert phone.execute_script("return Math.min(maps[0].w, maps[0].h)") >= 24
        buttons = phone.find_elements(By.CSS_SELECTOR, "button, summary")
        heights = {button.text: button.size["height"] for button in buttons if button.is_displayed()}
        assert len(heights) > len(TABLES)
        assert {text: height for text, height in heights.items() if height < 34} == {}

    def test_a_tap_opens_the_note_of_the_cell_and_keeps_it(self, phone: webdriver.Chrome) -> None:
        phone.execute_script("maps[0].reveal(maps[0].days.length - 1)")
        self._map(phone)
        x, y = phone.execute_script(
            "const m = maps[0], box = m.canvas.getBoundingClientRect();"
            "const row = m.rows.findIndex(t => t && t.name === 'raw_team_boxscores');"
            "return [box.left + (m.days.length - .5) * m.w, box.top + m.y(row) + m.h / 2];"
        )
        self._touch(phone, "touchStart", (x, y))
        self._touch(phone, "touchEnd")
        tip = phone.find_element(By.ID, "tip")
        WebDriverWait(phone, 10).until(lambda _: tip.is_displayed())
        assert tip.text.splitlines()[0] == f"raw_team_boxscores · Sun {DAY}"
        assert REASON in tip.text
        left, right = phone.execute_script(
            "const { left, right } = byId('tip').getBoundingClientRect(); return [left, right]"
        )
        assert 0 <= left < right <= 390

    def test_the_legend_says_what_the_statuses_mean(self, phone: webdriver.Chrome, found: Matrix) -> None:
        told = phone.find_element(By.ID, "statuses").text
        assert all(MEANING[status] in told for status in found.counts())

    def test_nothing_went_wrong_in_the_console(self, phone: webdriver.Chrome) -> None:
        assert [entry for entry in phone.get_log("browser") if entry["level"] == "SEVERE"] == []
