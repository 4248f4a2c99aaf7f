"""Launchers of runs in containers, on an instance where commands execute runs as well: whose health they answer for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from nba_assets.orchestration.dagster_private import CheckRunHealthResult, WorkerStatus
from nba_assets.orchestration.dead_runs import JOB_RUN_TAG, PROCESS_TAG, this_process
from nba_assets.orchestration.instance import open_instance
from nba_assets.settings import load_settings

DEPLOY = Path(__file__).parents[2] / "deploy"
OF_THE_CHART = (
    "DAGSTER_HOME",
    "DAGSTER_K8S_INSTANCE_CONFIG_MAP",
    "DAGSTER_K8S_PG_PASSWORD_SECRET",
    "DAGSTER_K8S_PIPELINE_RUN_ENV_CONFIGMAP",
    "DAGSTER_K8S_PIPELINE_RUN_NAMESPACE",
)
"""Variables that the chart sets in every pod."""
DEAD, ELSEWHERE = f"{this_process()}0", "another-host 4026531836 · 1 · 7"


def docker_launcher() -> dict[str, Any]:
    """As deploy/compose has it."""
    config: dict[str, Any] = yaml.safe_load((DEPLOY / "compose" / "dagster.yaml").read_text())["run_launcher"]
    return config


def kubernetes_launcher(directory: Path) -> dict[str, Any]:
    """As deploy/kubernetes has it, but with an address of its own instead of a cluster's."""
    launcher = yaml.safe_load((DEPLOY / "kubernetes" / "values.yaml").read_text())["runLauncher"]
    config: dict[str, Any] = launcher["config"]["customRunLauncher"]
    nowhere = {"cluster": {"server": "http://127.0.0.1:9"}, "name": "nowhere"}
    context = {"context": {"cluster": "nowhere", "user": ""}, "name": "nowhere"}
    file = directory / "kubeconfig"
    file.write_text(yaml.safe_dump({"clusters": [nowhere], "contexts": [context], "current-context": "nowhere"}))
    config["config"] |= {"load_incluster_config": False, "kubeconfig_file": str(file)}
    return config


@pytest.fixture(params=["docker", "kubernetes"])
def instance(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dg.DagsterInstance]:
    """An instance whose dagster.yaml names the launcher."""
    for name in OF_THE_CHART:
        monkeypatch.setenv(name, "here")
    launcher = docker_launcher() if request.param == "docker" else kubernetes_launcher(tmp_path)
    with opened(tmp_path / "home", launcher) as instance:
        yield instance


@contextmanager
def opened(home: Path, launcher: dict[str, Any]) -> Iterator[dg.DagsterInstance]:
    settings = load_settings(home=home)
    settings.dagster_home.mkdir(parents=True)
    (settings.dagster_home / "dagster.yaml").write_text(yaml.safe_dump({"run_launcher": launcher}))
    with open_instance(settings) as instance:
        yield instance


def health_of(instance: dg.DagsterInstance, run: dg.DagsterRun) -> CheckRunHealthResult:
    """What the watch over runs is told."""
    if instance.get_run_by_id(run.run_id) is None:
        instance.add_run(run)
    return instance.run_launcher.check_run_worker_health(run)


def of_command(tag: str, **tags: str) -> dg.DagsterRun:
    """A run that a command executes, and no launcher has started."""
    return dg.DagsterRun(job_name="a", status=dg.DagsterRunStatus.STARTED, tags={PROCESS_TAG: tag} | tags)


@pytest.mark.parametrize(
    ("tag", "status"),
    [(this_process(), WorkerStatus.RUNNING), (DEAD, WorkerStatus.FAILED), (ELSEWHERE, WorkerStatus.RUNNING)],
    ids=["alive", "dead", "elsewhere"],
)
def test_a_run_of_a_command_is_judged_by_its_process(
    instance: dg.DagsterInstance, tag: str, status: WorkerStatus
) -> None:
    assert health_of(instance, of_command(tag)).status == status


def test_a_run_does_not_outlive_the_job_that_launched_it_in_its_own_process(instance: dg.DagsterInstance) -> None:
    job = dg.DagsterRun(job_name="repair", status=dg.DagsterRunStatus.STARTED)
    instance.add_run(job)
    run = of_command(ELSEWHERE, **{JOB_RUN_TAG: job.run_id})
    assert health_of(instance, run).status == WorkerStatus.RUNNING
    instance.report_run_failed(job)
    health = health_of(instance, run)
    assert health.status == WorkerStatus.FAILED
    assert health.msg == f"it was launched by the run {job.run_id} of the job repair, which is over"
