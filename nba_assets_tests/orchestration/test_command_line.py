"""Dagster's own command lines on our definitions, as separate processes: what they say, and their exit status."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import click
import dagster as dg
import pandas as pd
import pytest

import nba_assets
from nba_assets.orchestration.instance import instance_config, open_instance
from nba_assets.orchestration.ranges_refused import refuse_range
from nba_assets.partition import Status
from nba_assets.sources.files import FilesSource
from nba_assets.tables import TABLES
from nba_assets_tests.engine.warehouses import build_range, cells, session
from nba_assets_tests.needs import real_data
from nba_assets_tests.orchestration.morning import eastern

ROOT = Path(nba_assets.__file__).parents[1]
DAGSTER, DG = (sys.executable, "-m", "dagster"), (str(Path(sys.executable).with_name("dg")),)
FIRST, GAP = date(2021, 10, 19), date(2021, 10, 20)
NOW = eastern(2021, 10, 23, 9)


class Home:
    """A home, and a person who works in a checkout: a directory with our dagster.yaml, and no DAGSTER_HOME."""

    def __init__(self, home: Path, data: Path) -> None:
        self.home = home
        self._checkout = home / "checkout"
        self._checkout.mkdir(parents=True)
        (self._checkout / "dagster.yaml").write_text(instance_config())
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("DAGSTER_")},
            "NBA_HOME": str(home),
            "NBA_SOURCE": "files",
            "NBA_DATA_DIR": str(data),
            "NBA_NOW": NOW.isoformat(),
        }

    def start(self, *arguments: str, program: Sequence[str] = DAGSTER, at: Path | None = None) -> subprocess.Popen[str]:
        """A command of Dagster's on our definitions; run in the checkout, unless another directory is given."""
        return self._popen([*program, *arguments, "-m", "nba_assets.definitions"], at or self._checkout)

    def dg(self, *arguments: str) -> subprocess.Popen[str]:
        """A command of `dg` as it is written in the real checkout, where it finds all it needs."""
        return self._popen([*DG, *arguments], ROOT)

    def _popen(self, command: Sequence[str], directory: Path) -> subprocess.Popen[str]:
        return subprocess.Popen(
            command,
            cwd=directory,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def materialize(self, table: str, day: date, options: dict[str, object] | None = None) -> subprocess.Popen[str]:
        config = {"ops": {table: {"config": options or {}}}}
        selected = ["--select", table, "--partition", str(day), "--config-json", json.dumps(config)]
        return self.start("asset", "materialize", *selected)


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    told, _ = process.communicate(timeout=120)
    return process.returncode, told


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Two dates loaded; the teams' log lacks a game of the second."""
    directory = tmp_path_factory.mktemp("command_line")
    season = directory / "data" / "2021-22"
    season.mkdir(parents=True)
    for file in (real_data() / "2021-22").iterdir():
        (season / file.name).symlink_to(file)
    log = season / "leaguegamelog_team.parquet"
    rows = pd.read_parquet(log)
    lost = rows.loc[pd.to_datetime(rows["GAME_DATE"]).dt.date == GAP, "GAME_ID"].min()
    log.unlink()
    rows[rows["GAME_ID"] != lost].to_parquet(log)
    made = Home(directory / "home", season.parent)
    build_range(
        session(made.home, FilesSource(season.parent), now=NOW),
        FIRST,
        GAP,
        tables=["raw_schedule", "raw_team_boxscores"],
    )
    return made


def test_the_definitions_are_valid(home: Home) -> None:
    status, told = ended(home.start("definitions", "validate"))
    assert status == 0, told
    assert "Validation successful" in told


def test_a_blocked_partition_fails_and_says_why(home: Home) -> None:
    status, told = ended(home.materialize("raw_player_boxscores", GAP))
    assert status != 0
    assert f"raw_player_boxscores {GAP} BLOCKED: because of raw_team_boxscores {GAP} GAP" in told
    assert f"nba-assets explain raw_player_boxscores {GAP}" in told


def test_a_misspelt_run_option_is_refused(home: Home) -> None:
    status, told = ended(home.materialize("raw_team_boxscores", FIRST, {"isBackfill": True}))
    assert status != 0
    assert "there is no run option 'isBackfill'; did you mean 'backfill_mode'?" in told


def test_two_runs_at_once_neither_corrupt_nor_deadlock(home: Home) -> None:
    """Two processes write to the same file at the same time; both finish, and both partitions stand."""
    both = [home.materialize(table, FIRST, {"backfill_mode": True}) for table in ("raw_player_boxscores", "raw_shots")]
    for process in both:
        status, told = ended(process)
        assert status == 0, told
        assert "backfill mode is on (option backfill_mode)" in told
    with open_instance(session(home.home).settings) as shown_in_the_ui:
        runs = shown_in_the_ui.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.SUCCESS]))
    assert len(runs) == 2
    found = cells(session(home.home, now=NOW), FIRST)
    assert (found["raw_player_boxscores"].status, found["raw_shots"].status) == (Status.OK, Status.OK)
    assert found["raw_player_boxscores"].rows > 0
    assert found["raw_shots"].rows > 0


@pytest.mark.long
def test_dg_knows_the_project(home: Home) -> None:
    status, told = ended(home.dg("check", "defs"))
    assert status == 0, told
    assert "All definitions loaded successfully" in told
    status, told = ended(home.dg("list", "defs", "--json"))
    assert status == 0, told
    listed = json.loads(told[told.index("{") :])
    assert {asset["asset_key"] for asset in listed["assets"]} == {*TABLES, "coverage", "feature_drift"}
    assert "arning" not in told


def test_dg_launch_records_where_the_ui_looks(home: Home) -> None:
    before = len(_runs(home))
    status, told = ended(home.dg("launch", "--assets", "raw_schedule", "--partition", str(FIRST)))
    assert status == 0, told
    assert "arning" not in told
    assert "will not show this run" not in told
    assert len(_runs(home)) == before + 1


def test_a_run_from_elsewhere_says_that_the_ui_will_not_show_it(home: Home, tmp_path: Path) -> None:
    before = len(_runs(home))
    selected = ("asset", "materialize", "--select", "raw_schedule", "--partition", str(FIRST))
    status, told = ended(home.start(*selected, at=tmp_path))
    assert status == 0, told
    assert "`nba-assets dev` will not show this run: it is recorded in " in told
    assert f"export DAGSTER_HOME={home.home / 'dagster'}" in told
    assert len(_runs(home)) == before


@pytest.mark.parametrize(
    ("program", "asked"),
    [(DAGSTER, ("asset", "materialize", "--select")), (DG, ("launch", "--assets"))],
    ids=["dagster", "dg"],
)
def test_a_range_is_refused_with_the_command_that_builds_it(
    home: Home, program: Sequence[str], asked: tuple[str, ...]
) -> None:
    tables, range_ = "raw_schedule,raw_team_boxscores", f"{FIRST}...{GAP}"
    status, told = ended(home.start(*asked, tables, "--partition-range", range_, program=program))
    assert status == 2
    assert "Traceback" not in told
    assert f"Run: nba-assets backfill {FIRST} {GAP} --tables {tables}" in told


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (["dagster", "--partition-range=A...B", "--select=raw_shots"], "nba-assets backfill A B --tables raw_shots"),
        (["bin/dg", "launch", "--assets", "*", "--partition-range", "A...B"], "nba-assets backfill A B"),
        (["dagster/__main__.py", "--partition-range", "A..B"], "nba-assets backfill START END"),
        (["bin/dg", "--partition-range"], "nba-assets backfill START END"),
    ],
)
def test_the_command_that_builds_a_range(arguments: list[str], command: str) -> None:
    with pytest.raises(click.UsageError) as refused:
        refuse_range(arguments)
    assert refused.value.message.endswith(f"Run: {command}")


@pytest.mark.parametrize(
    "arguments", [[], ["dg", "launch", "--partition", "A"], ["of/somebody.py", "--partition-range", "A...B"]]
)
def test_nothing_else_is_refused(arguments: list[str]) -> None:
    assert refuse_range(arguments) is None


def _runs(home: Home) -> Sequence[dg.DagsterRun]:
    with open_instance(session(home.home).settings) as shown_in_the_ui:
        return shown_in_the_ui.get_runs()
