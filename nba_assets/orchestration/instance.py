"""Our own Dagster instance: its directory under NBA_HOME, its configuration, and runs that died with their process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

import dagster as dg

from nba_assets.settings import Settings

CLI_TAG = "nba/process"
"""The id of the process of a run that the command line executes itself."""


def _prepare_home(home: Path) -> None:
    """Put our dagster.yaml into Dagster's directory; existing configuration is left alone."""
    target = home / "dagster.yaml"
    if not target.exists():
        written = target.with_suffix(f".{os.getpid()}")
        written.write_text(instance_config())
        written.replace(target)  # whole, for whoever opens the instance at the same moment


def instance_config() -> str:
    """The dagster.yaml that we ship: beside the package in a checkout, inside it when installed."""
    inside = resources.files("nba_assets") / "dagster.yaml"
    if inside.is_file():
        return inside.read_text()
    return (Path(__file__).parents[2] / "dagster.yaml").read_text()


@contextmanager
def open_instance(settings: Settings) -> Iterator[dg.DagsterInstance]:
    """The instance that `nba-assets dev` shows; runs of a command line that was killed are marked as failed."""
    home = settings.dagster_home
    home.mkdir(parents=True, exist_ok=True)
    os.environ["DAGSTER_HOME"] = str(home)
    _prepare_home(home)
    # Dagster hands over the events of a range in batches of this size, which our event log stores as one transaction.
    os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", "1000")
    with dg.DagsterInstance.from_config(str(home)) as instance:
        _bury_the_dead(instance)
        yield instance


def _bury_the_dead(instance: dg.DagsterInstance) -> None:
    unfinished = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.NOT_STARTED]
    for run in instance.get_runs(dg.RunsFilter(statuses=unfinished)):
        process = run.tags.get(CLI_TAG)
        if process is not None and not _is_alive(int(process)):
            instance.report_run_failed(run, message="the command line that executed this run was killed")


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
