"""Two backfills of overlapping ranges at once: one waits for the other, and nothing is built twice."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from nba_assets.tables import TABLES
from nba_assets_tests.engine.warehouses import session
from nba_assets_tests.repair.processes import Command
from nba_assets_tests.repair.season import OPENING_NIGHT, contents, days_from

SHORT, LONG = date(2023, 11, 5), date(2023, 11, 10)


def test_two_at_once_end_as_one_after_the_other(tmp_path: Path, built_month: Path) -> None:
    commands = [
        Command(tmp_path, "backfill", str(OPENING_NIGHT), str(end), "--format", "json") for end in (SHORT, LONG)
    ]
    assert [command.wait() for command in commands] == [0, 0], [command.said() for command in commands]
    told = [json.loads(command.said()[command.said().index("{") :]) for command in commands]
    days = days_from(OPENING_NIGHT, LONG)
    assert sum(each["built"] for each in told) == len(TABLES) * len(days)
    assert contents(session(tmp_path), days) == contents(session(built_month), days)
