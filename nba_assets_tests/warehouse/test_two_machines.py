"""Two machines, each with an NBA_HOME of its own, on one warehouse: neither loses or doubles what the other builds."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from nba_assets.league.calendar import days_between
from nba_assets.partition import FINE
from nba_assets.planning.load import load_state
from nba_assets.session import Session
from nba_assets.settings import Settings, load_settings
from nba_assets.tables import TABLES, downstream_of
from nba_assets_tests.emulator import Emulator
from nba_assets_tests.repair.cells import changed_cells, stored_cells
from nba_assets_tests.repair.season import contents, repair

pytestmark = pytest.mark.timeout(900)

EARLIER = days_between(date(2021, 10, 19), date(2021, 10, 20))
LATER = days_between(date(2021, 10, 21), date(2021, 10, 22))
LAST = "team_offense_game_summary"
LEAGUE = {"source": "simulated", "partitions_start": "2021-10-19", "partitions_end": "2021-10-22"}


def up_to(table: str) -> list[str]:
    """The table, and before it all that it is made of."""
    return [name for name in TABLES if name == table or table in downstream_of(name)]


def of_machine(home: Path, emulator: Emulator, prefix: str) -> Settings:
    """The settings of one."""
    place = {"bigquery_project": emulator.project, "bigquery_endpoint": emulator.endpoint}
    return load_settings(home=home, warehouse="bigquery", bigquery_dataset_prefix=prefix, **place, **LEAGUE)


def started(settings: Settings, *arguments: str) -> subprocess.Popen[str]:
    """A command on a machine."""
    given = {"home", "warehouse", "bigquery_dataset_prefix", "bigquery_project", "bigquery_endpoint", *LEAGUE}
    variables: Mapping[str, str] = {f"NBA_{name.upper()}": str(getattr(settings, name)) for name in given}
    command = [sys.executable, "-m", "nba_assets", *arguments, "--quiet"]
    return subprocess.Popen(
        command, env=os.environ | variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Its status, and what it said."""
    out, err = process.communicate(timeout=800)
    return process.returncode, out + err


def ranges_at_once(machines: list[Settings]) -> list[tuple[int, str]]:
    """Each machine builds one of the two ranges."""
    ranges = [(str(days[0]), str(days[-1])) for days in (EARLIER, LATER)]
    selected = ("--select", f"+{LAST}")
    at_once = [started(each, "backfill", *days, *selected) for each, days in zip(machines, ranges, strict=True)]
    return [ended(process) for process in at_once]


@pytest.mark.soak
@pytest.mark.long
def test_two_machines_build_different_ranges_at_once(emulator: Emulator, tmp_path: Path) -> None:
    machines = [of_machine(tmp_path / name, emulator, "two_") for name in ("first", "second")]
    told = ranges_at_once(machines)
    assert told[0][0] == 0, told[0][1]
    assert told[1][0] in (0, 1), told[1][1]  # what waits for the earlier dates may be left
    status, text = ended(started(machines[1], "repair", str(EARLIER[0]), str(LATER[-1]), "--select", f"+{LAST}"))
    assert status == 0, text
    days = [*EARLIER, *LATER]
    shared = Session(machines[0])
    state = load_state(shared, days[0], days[-1])
    assert {state.cell(table, day).status for table in up_to(LAST) for day in days} <= FINE
    undisturbed = Session(load_settings(home=tmp_path / "alone", **LEAGUE))
    undisturbed.warehouse.prepare()
    repair(undisturbed, days, tables=up_to(LAST))
    assert contents(shared, days) == contents(undisturbed, days)
    assert changed_cells(stored_cells(undisturbed.warehouse), stored_cells(shared.warehouse)) == set()


@pytest.mark.soak
def test_two_machines_on_the_same_dates_publish_each_once(emulator: Emulator, tmp_path: Path) -> None:
    machines = [of_machine(tmp_path / name, emulator, "same_") for name in ("first", "second")]
    Session(machines[0]).warehouse.prepare()
    days = (str(EARLIER[0]), str(EARLIER[-1]))
    at_once = [started(each, "backfill", *days, "--select", f"+{LAST}") for each in machines]
    told = [ended(process) for process in at_once]
    assert [status for status, _ in told] == [0, 0], told
    shared = Session(machines[0])
    undisturbed = Session(load_settings(home=tmp_path / "alone", **LEAGUE))
    undisturbed.warehouse.prepare()
    repair(undisturbed, EARLIER, tables=up_to(LAST))
    assert contents(shared, EARLIER) == contents(undisturbed, EARLIER)
    assert changed_cells(stored_cells(undisturbed.warehouse), stored_cells(shared.warehouse)) == set()
