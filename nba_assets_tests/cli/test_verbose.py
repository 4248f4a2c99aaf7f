"""--verbose: a line for each partition, and for each call; libraries stay silent."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import pytest

from nba_assets.tables import TABLES
from nba_assets_tests.cli.command import nba_assets, printed_json

DAYS = ("2021-11-02", "2021-11-03")


def test_each_partition_is_a_line_with_its_status_and_rows(tmp_path: Path) -> None:
    asked = ("backfill", *DAYS, "--select", "SCHED TBOX TDZA")
    found = nba_assets(*asked, "-v", "--format", "json", home=tmp_path)
    assert found.exit_code == 1, "the zones wait for the season before them"
    assert printed_json(found)["built"] == 4
    lines = found.stderr.splitlines()
    partitions = [line for line in lines if line.split()[0] in TABLES]
    assert [line.split()[:2] for line in partitions] == [
        [table, day] for table in ("raw_schedule", "raw_team_boxscores", "team_defense_zone_analysis") for day in DAYS
    ]
    assert re.fullmatch(r"raw_schedule 2021-11-02 OK, \d+ rows", partitions[0])
    assert partitions[-1].startswith("team_defense_zone_analysis 2021-11-03 BLOCKED: ")
    assert [re.sub(r"\d+\.\d s", "…", line) for line in lines if line[0].isdigit()] == [
        "2/6 raw_schedule: 2 built, …",
        "4/6 raw_team_boxscores: 2 built, …",
        "6/6 team_defense_zone_analysis: 2 blocked, …",
    ]


@pytest.mark.long
def test_what_comes_out_as_it_was_says_so(tmp_path: Path) -> None:
    schedule, day = ("--tables", "SCHED"), DAYS[0]
    assert nba_assets("backfill", day, day, *schedule, "--verbose", home=tmp_path).exit_code == 0
    calls = logging.getLogger("nba_assets.sources.nba_api")
    assert (calls.level, calls.handlers) == (logging.NOTSET, []), "nothing is left of it when the command is over"
    again = nba_assets("refresh", day, day, "--verbose", home=tmp_path)
    assert re.search(rf"^raw_schedule {day} OK, \d+ rows, unchanged$", again.stderr, flags=re.MULTILINE)
    silent = nba_assets("backfill", DAYS[1], DAYS[1], *schedule, home=tmp_path)
    assert f"raw_schedule {DAYS[1]}" not in silent.stderr


def test_verbose_and_quiet_exclude_each_other(tmp_path: Path) -> None:
    for command in (("backfill", *DAYS), ("repair",), ("refresh", *DAYS), ("fetch", "2021-22")):
        found = nba_assets(*command, "-q", "-v", home=tmp_path / "home")
        assert (found.exit_code, found.stdout) == (2, "")
        assert found.stderr == "error: give --verbose or --quiet: not both\n"
    assert not (tmp_path / "home").exists()
