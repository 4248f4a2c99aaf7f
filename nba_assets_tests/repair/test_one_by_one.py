"""Dates one by one equal one range, hash by hash: in their order, and in any order that their inputs allow.

Through the warehouse; thirty dates in memory are in `verification`.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from nba_assets.engine.materialize import RunInfo, materialize
from nba_assets.schema.table import TimeRule
from nba_assets.session import Session
from nba_assets.tables import TABLES
from nba_assets_tests.engine.warehouses import build_range, session
from nba_assets_tests.repair.conftest import LAST_DAY
from nba_assets_tests.repair.season import OPENING_NIGHT, contents, days_from

pytestmark = pytest.mark.long

DAYS = days_from(OPENING_NIGHT, LAST_DAY)
ONE_BY_ONE = DAYS[-6:]


def in_random_order(moments: random.Random) -> Iterator[tuple[str, date]]:
    """Every partition once, drawn by lot among those whose inputs have all had their turn."""
    left = {(name, day) for name in TABLES for day in ONE_BY_ONE}
    while left:
        possible = sorted(cell for cell in left if inputs_of(*cell) & left == set())
        drawn = moments.choice(possible)
        left.remove(drawn)
        yield drawn


def inputs_of(table: str, day: date) -> set[tuple[str, date]]:
    """The partitions that one partition may read."""
    found = set()
    for input_ in TABLES[table].inputs:
        is_history = input_.rule in (TimeRule.BEFORE_DATE, TimeRule.DAY_BEFORE)
        found |= {(input_.table, other) for other in ONE_BY_ONE if (other < day if is_history else other == day)}
    return found


@pytest.fixture(scope="module")
def begun_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The days before those that are built one by one, as one range."""
    home = tmp_path_factory.mktemp("begun")
    build_range(session(home), OPENING_NIGHT, ONE_BY_ONE[0] - timedelta(days=1))
    return home


@pytest.fixture
def begun(begun_home: Path, tmp_path: Path) -> Session:
    """A session on a copy of it."""
    shutil.copy(begun_home / "warehouse.duckdb", tmp_path)
    return session(tmp_path)


def test_in_their_order_dates_one_by_one_equal_one_range(begun: Session, built_month: Path) -> None:
    for day in ONE_BY_ONE:
        for name in TABLES:
            materialize(begun, name, [day], RunInfo())
    assert contents(begun, DAYS) == contents(session(built_month), DAYS)


@pytest.mark.soak
def test_in_random_order_they_do_too(begun: Session, built_month: Path) -> None:
    drawn = list(in_random_order(random.Random(24)))
    assert drawn != sorted(drawn, key=lambda cell: cell[1])
    for name, day in drawn:
        materialize(begun, name, [day], RunInfo())
    assert contents(begun, DAYS) == contents(session(built_month), DAYS)
