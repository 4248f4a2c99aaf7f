"""Dagster's own command line on our definitions, as separate processes: what it says, and its exit status."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from nba_assets.orchestration.instance import instance_config, open_instance
from nba_assets.partition import Status
from nba_assets.sources.files import FilesSource
from nba_assets_tests.engine.warehouses import build_range, cells, session
from nba_assets_tests.needs import real_data
from nba_assets_tests.orchestration.morning import eastern

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

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "dagster", *arguments, "-m", "nba_assets.definitions"]
        return subprocess.Popen(
            command,
            cwd=self._checkout,
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
