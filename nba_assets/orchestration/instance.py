"""Our own Dagster instance: its directory under NBA_HOME, its configuration, and runs that died with their process."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

import dagster as dg
from filelock import FileLock

from nba_assets.settings import Settings

CLI_TAG = "nba/process"
"""The id of the process of a run that the command line executes itself."""


_FORMER_STORAGES = re.compile(r"\bnba_assets\.orchestration\.(local_storage|event_log)\b")
_STORAGES = "nba_assets.orchestration.sqlite_storage"


def _prepare_home(home: Path) -> None:
    """Put our dagster.yaml into Dagster's directory, or bring the one of an earlier version up to date.

    A configuration written by a person is left alone; where it names our storages by a former name, only that changes.
    """
    target = home / "dagster.yaml"
    found = target.read_text(encoding="utf-8") if target.exists() else None
    wanted = instance_config() if found is None else _FORMER_STORAGES.sub(_STORAGES, found)
    if wanted != found:
        written = target.with_suffix(f".{os.getpid()}")
        written.write_text(wanted, encoding="utf-8")
        written.replace(target)  # whole, for a process that opens the instance at the same moment


def instance_config() -> str:
    """The dagster.yaml that we ship: beside the package in a checkout, inside it when installed."""
    inside = resources.files("nba_assets") / "dagster.yaml"
    if inside.is_file():
        return inside.read_text(encoding="utf-8")
    return (Path(__file__).parents[2] / "dagster.yaml").read_text(encoding="utf-8")


@contextmanager
def open_instance(settings: Settings) -> Iterator[dg.DagsterInstance]:
    """The instance that `nba-assets dev` shows; runs of a command line that was killed are marked as failed."""
    home = settings.dagster_home
    home.mkdir(parents=True, exist_ok=True)
    os.environ["DAGSTER_HOME"] = str(home)
    # Dagster hands over the events of a range in batches of this size; our event log stores each as one transaction.
    os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", "1000")
    with FileLock(home / "opening.lock"):  # whichever storages it has, the first to open them creates their schema
        _prepare_home(home)
        opened = dg.DagsterInstance.from_config(str(home))
    with opened as instance:
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
