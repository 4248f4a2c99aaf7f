"""Which executor the runs have that Dagster launches, and what a wrong one says."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from nba_assets.definitions import build_defs
from nba_assets.orchestration.dead_runs import PROCESS_TAG
from nba_assets.orchestration.instance import open_instance
from nba_assets.partition import Status
from nba_assets.planning.load import load_state
from nba_assets.session import Session
from nba_assets.settings import SettingsError, load_settings

DAY = date(2021, 10, 19)


@pytest.mark.parametrize(
    ("place", "name"),
    [("in_process", "in_process"), ("multiprocess", "multiprocess"), ("dagster:in_process_executor", "in_process")],
)
def test_every_job_has_the_executor_that_is_set(tmp_path: Path, place: str, name: str) -> None:
    defs = build_defs(load_settings(home=tmp_path, executor=place))
    assert {defs.resolve_job_def(job).executor_def.name for job in ("daily", "coverage")} == {name}


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("threads", "NBA_EXECUTOR=threads: allowed: in_process, multiprocess, or a place like package.module:executor"),
        (":executor", "or a place like package.module:executor"),
        ("nowhere:executor", "NBA_EXECUTOR=nowhere:executor: cannot be imported (ModuleNotFoundError"),
        ("dagster:nothing", "NBA_EXECUTOR=dagster:nothing: cannot be imported (AttributeError"),
        ("dagster:asset", "NBA_EXECUTOR=dagster:asset: is no executor of Dagster's but function"),
    ],
)
def test_what_is_no_executor_is_refused(tmp_path: Path, place: str, message: str) -> None:
    with pytest.raises(SettingsError) as raised:
        build_defs(load_settings(home=tmp_path, executor=place))
    assert message in str(raised.value)


@pytest.mark.long
def test_a_step_in_a_process_of_its_own_builds_the_same_and_is_not_taken_for_the_run(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path, partitions_start="2021-10-19")
    with open_instance(settings):
        pass
    environment = os.environ | {
        "NBA_HOME": str(tmp_path),
        "NBA_PARTITIONS_START": "2021-10-19",
        "NBA_EXECUTOR": "multiprocess",
        "DAGSTER_HOME": str(settings.dagster_home),
    }
    command = "asset materialize --select raw_schedule --partition 2021-10-19 -m nba_assets.definitions"
    done = subprocess.run(
        [sys.executable, "-m", "dagster", *command.split()],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    with open_instance(settings) as instance:
        (run,) = instance.get_runs()
        assert run.status == dg.DagsterRunStatus.SUCCESS
        assert PROCESS_TAG not in run.tags
    assert load_state(Session(settings), DAY, DAY).cell("raw_schedule", DAY).status == Status.OK
