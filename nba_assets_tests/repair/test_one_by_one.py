"""Dates one by one equal one range, hash by hash: in their order, and in any order that their inputs allow."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from nba_assets.build.session import Session
from nba_assets.build.steps import RunInfo, build
from nba_assets.tables import TABLES
from nba_assets.tables.fingerprint import partition_hashes
from nba_assets.tables.table import TimeRule
from nba_assets.verification.replay import raw_tables, replay
from nba_assets_tests.build.warehouses import LONG_AFTER, build_range, files, session
from nba_assets_tests.repair.conftest import LAST_DAY
from nba_assets_tests.repair.season import OPENING_NIGHT, contents, days_from

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


def test_thirty_dates_computed_one_by_one_equal_one_range() -> None:
    raw = raw_tables(files(), ["2023-24"], read_at=pd.Timestamp(LONG_AFTER))
    thirty = DAYS[-1:] + days_from(LAST_DAY + timedelta(days=1), LAST_DAY + timedelta(days=29))
    as_range = hashes(raw, thirty)
    assert len(thirty) == 30
    for day in thirty:
        assert hashes(raw, [day]) == {cell: hash_ for cell, hash_ in as_range.items() if cell[1] == day}, day


def hashes(raw: dict[str, pd.DataFrame], days: list[date]) -> dict[tuple[str, date], str]:
    """The content hash of every computed partition."""
    tables = replay(raw, days, counting_types=files().counting_types)
    by_table = {name: partition_hashes(rows, TABLES[name].contract, days) for name, rows in tables.items()}
    return {(name, day): hash_ for name, found in by_table.items() for day, hash_ in found.items()}


@pytest.fixture
def begun(tmp_path: Path) -> Session:
    """The days before those that are built one by one, as one range."""
    now = session(tmp_path)
    build_range(now, OPENING_NIGHT, ONE_BY_ONE[0] - timedelta(days=1))
    return now


def test_in_their_order_dates_one_by_one_equal_one_range(begun: Session, built_month: Path) -> None:
    for day in ONE_BY_ONE:
        for name in TABLES:
            build(begun, name, [day], RunInfo())
    assert contents(begun, DAYS) == contents(session(built_month), DAYS)


def test_in_random_order_they_do_too(begun: Session, built_month: Path) -> None:
    drawn = list(in_random_order(random.Random(24)))
    assert drawn != sorted(drawn, key=lambda cell: cell[1])
    for name, day in drawn:
        build(begun, name, [day], RunInfo())
    assert contents(begun, DAYS) == contents(session(built_month), DAYS)
