"""A run whose process has died is marked as failed, and no other: whatever numbers processes have elsewhere."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import pytest

from nba_assets.definitions import build_defs
from nba_assets.orchestration.dead_runs import PROCESS_TAG, this_process
from nba_assets.orchestration.instance import instance_config, open_instance
from nba_assets.orchestration.sensors import repair_sensor
from nba_assets.session import Session
from nba_assets.settings import load_settings
from nba_assets_tests.needs import absent, needs_program

EXECUTES_A_RUN = """
import sys, time
import dagster as dg
from nba_assets.orchestration.dead_runs import PROCESS_TAG, this_process
from nba_assets.orchestration.instance import open_instance
from nba_assets.settings import load_settings

@dg.op
def works():
    print("begun", flush=True)
    time.sleep(600)

@dg.job
def job():
    works()

with open_instance(load_settings(home=sys.argv[1])) as instance:
    job.execute_in_process(instance=instance, tags={PROCESS_TAG: this_process()})
"""
IN_A_CONTAINER = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")


@contextmanager
def executing(home: Path, *before: str) -> Iterator[subprocess.Popen[str]]:
    """A process that executes a run, and has begun."""
    command = [*before, sys.executable, "-c", EXECUTES_A_RUN, str(home)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n", process.stderr and process.stderr.read()
        yield process
    finally:
        process.kill()
        process.communicate()


def statuses(home: Path) -> list[str]:
    """The statuses of all runs, as they are once an instance has been opened."""
    with open_instance(load_settings(home=home)) as instance:
        return sorted(run.status.value for run in instance.get_runs())


def messages(home: Path) -> str:
    """Why runs have failed."""
    with open_instance(load_settings(home=home)) as instance:
        events = [event for run in instance.get_runs() for event in instance.all_logs(run.run_id)]
        failed = (event for event in events if event.dagster_event_type == dg.DagsterEventType.RUN_FAILURE)
        return "\n".join(event.message for event in failed)


def with_a_limit(home: Path, seconds: int) -> None:
    """Let Dagster's own limit of a run's time be this."""
    config = instance_config() + f"\nrun_monitoring:\n  max_runtime_seconds: {seconds}\n"
    (load_settings(home=home).dagster_home / "dagster.yaml").write_text(config)


def test_a_run_lives_as_long_as_its_process(tmp_path: Path) -> None:
    with executing(tmp_path):
        assert statuses(tmp_path) == ["STARTED"]
    assert statuses(tmp_path) == ["FAILURE"]
    assert "the process that executed this run was killed" in messages(tmp_path)


def test_a_process_of_the_same_number_is_not_the_same_process(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path)
    place, number, beginning = this_process().split(" · ")
    with open_instance(settings) as instance:
        for tag in (this_process(), f"{place} · {number} · {beginning}0"):
            run = dg.DagsterRun(job_name="a", tags={PROCESS_TAG: tag}, status=dg.DagsterRunStatus.STARTED)
            instance.add_run(run)
    assert statuses(tmp_path) == ["FAILURE", "STARTED"]


@pytest.mark.parametrize("tag", [None, "4711", "another-host 4026531836 · 1 · 7"], ids=["launched", "former", "host"])
def test_a_run_of_another_place_is_left_alone_until_it_was_silent_for_too_long(tmp_path: Path, tag: str | None) -> None:
    with open_instance(load_settings(home=tmp_path)) as instance:
        tags = {} if tag is None else {PROCESS_TAG: tag}
        instance.add_run(dg.DagsterRun(job_name="a", tags=tags, status=dg.DagsterRunStatus.STARTED))
    assert statuses(tmp_path) == ["STARTED"]
    with_a_limit(tmp_path, 1)
    time.sleep(1.1)
    assert statuses(tmp_path) == ["FAILURE"]
    assert "no sign of life" in messages(tmp_path)


@pytest.mark.long
def test_process_1_of_a_container_is_not_process_1_of_another(tmp_path: Path) -> None:
    needs_program("unshare")
    if os.geteuid() != 0:
        absent("process numbers of one's own: unshare --pid as root")
    with executing(tmp_path, *IN_A_CONTAINER), executing(tmp_path, *IN_A_CONTAINER) as other:
        assert statuses(tmp_path) == ["STARTED", "STARTED"], "seen from outside and from each other"
        other.send_signal(signal.SIGKILL)
        other.wait()
        assert statuses(tmp_path) == ["STARTED", "STARTED"], "nobody here can know"
        with_a_limit(tmp_path, 3600)
        assert statuses(tmp_path) == ["STARTED", "STARTED"]
    with_a_limit(tmp_path, 1)
    time.sleep(1.1)
    assert statuses(tmp_path) == ["FAILURE", "FAILURE"]


@dg.op
def repair_partitions() -> None:
    """What the sensor would ask for."""


@dg.job
def repair() -> None:
    """The sensor's."""
    repair_partitions()


def test_a_dead_run_does_not_keep_repair_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings(home=tmp_path, source="simulated")
    sensor = repair_sensor(lambda: Session(settings), repair)
    with executing(tmp_path), open_instance(settings) as instance:
        told = sensor(dg.build_sensor_context(instance=instance))
    assert isinstance(told, dg.SkipReason)
    assert told.skip_message == "runs are under way"
    monkeypatch.setenv("DAGSTER_HOME", str(settings.dagster_home))
    with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
        told = sensor(dg.build_sensor_context(instance=instance))
        assert isinstance(told, dg.SkipReason)
        assert told.skip_message == "nothing to repair"
        assert [run.status.value for run in instance.get_runs()] == ["FAILURE"]


def test_what_dagster_has_launched_says_which_process_executes_it(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path, source="simulated")
    Session(settings).warehouse.prepare()
    with open_instance(settings) as instance:
        job = build_defs(settings).resolve_job_def("coverage")
        run = job.execute_in_process(instance=instance, tags={PROCESS_TAG: "of the run that this one retries"}).run_id
        found = instance.get_run_by_id(run)
    assert found is not None
    assert found.tags[PROCESS_TAG] == this_process()


def test_a_retry_is_not_the_process_of_the_run_that_it_retries(tmp_path: Path) -> None:
    dead = {PROCESS_TAG: f"{this_process()}0"}
    with open_instance(load_settings(home=tmp_path)) as instance:
        first = dg.DagsterRun(job_name="a", tags=dead, status=dg.DagsterRunStatus.FAILURE)
        instance.add_run(first)
        retry = dg.DagsterRun(
            job_name="a",
            tags=dead,
            status=dg.DagsterRunStatus.STARTING,
            parent_run_id=first.run_id,
            root_run_id=first.run_id,
        )
        instance.add_run(retry)
    assert statuses(tmp_path) == ["FAILURE", "STARTING"]
    with open_instance(load_settings(home=tmp_path)) as instance:
        instance.add_run_tags(retry.run_id, {PROCESS_TAG: f"{this_process()}1"})
    assert statuses(tmp_path) == ["FAILURE", "FAILURE"], "its own process has died, too"
