"""Five backfills at once, of different ranges and of the same one: one waits for the other, nothing is built twice."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from nba_assets.tables import TABLES
from nba_assets_tests.engine.warehouses import session
from nba_assets_tests.repair.processes import Command
from nba_assets_tests.repair.season import OPENING_NIGHT, contents, days_from

pytestmark = pytest.mark.long

LAST = date(2023, 11, 10)
RANGES = [(OPENING_NIGHT, date(2023, 11, 5)), (OPENING_NIGHT, date(2023, 11, 8)), *[(OPENING_NIGHT, LAST)] * 2]
LATER = (date(2023, 11, 9), LAST)
"""Complete only if one that builds all of it was there first; else it says what to build before."""

NOT_YET_BUILT = (OPENING_NIGHT, date(2023, 11, 6))
"""The first date that it may miss: nothing is there, or the first range alone."""


def test_five_at_once_end_as_one_after_the_other(tmp_path: Path, built_month: Path) -> None:
    commands = [
        Command(tmp_path, "backfill", str(start), str(end), "--format", "json") for start, end in (*RANGES, LATER)
    ]
    *whole, later = [command.wait(300) for command in commands]
    assert whole == [0] * len(RANGES), [command.said() for command in commands]
    is_told = any(f"Next: nba-assets backfill {first}" in commands[-1].said() for first in NOT_YET_BUILT)
    assert (later, is_told) in [(0, False), (1, True)], commands[-1].said()
    days = days_from(OPENING_NIGHT, LAST)
    assert sum(built(command) for command in commands) == len(TABLES) * len(days)
    assert contents(session(tmp_path), days) == contents(session(built_month), days)


def built(command: Command) -> int:
    """How many partitions a command says that it has built, whatever else it says."""
    said = command.said()
    told, _ = json.JSONDecoder().raw_decode(said, said.index("{"))
    return int(told["built"])
