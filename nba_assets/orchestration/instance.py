"""Our own Dagster instance: its directory under NBA_HOME, its configuration, and runs that died with their process."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

import dagster as dg
from filelock import FileLock
from yaml import YAMLError

from nba_assets.settings import Settings, SettingsError

CLI_TAG = "nba/process"
"""The id of the process of a run that the command line executes itself."""

COMMAND_TAG = "nba/command"
"""The command, or the job, that a run was launched by."""

LOCATION = "nba_assets"
"""The one name of the code location, as workspace.yaml and pyproject.toml have it."""

_FORMER_LOCATION = "nba_assets.definitions"
_FORMER_STORAGES = re.compile(r"\bnba_assets\.orchestration\.(local_storage|event_log)\b")
_STORAGES = "nba_assets.orchestration.sqlite_storage"
_UNFINISHED = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.NOT_STARTED]


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
    """The dagster.yaml that we ship."""
    return shipped("dagster.yaml").read_text(encoding="utf-8")


def shipped(name: str) -> Path:
    """A file of Dagster's that we ship: beside the package in a checkout, inside it when installed."""
    inside = Path(str(resources.files("nba_assets") / name))
    return inside if inside.is_file() else Path(__file__).parents[2] / name


@contextmanager
def open_instance(settings: Settings) -> Iterator[dg.DagsterInstance]:
    """The instance that `nba-assets dev` shows; runs of a command line that was killed are marked as failed.

    Raises SettingsError if its directory cannot be used, or its dagster.yaml cannot be read.
    """
    with _opened(settings.dagster_home) as instance:
        _move_states(instance)
        _bury_the_dead(instance)
        yield instance


@contextmanager
def read_instance(settings: Settings) -> Iterator[dg.DagsterInstance | None]:
    """The same for who only looks, with no run marked as anything; None where no command has made it yet."""
    if not (settings.dagster_home / "dagster.yaml").is_file():
        yield None
        return
    with _opened(settings.dagster_home) as instance:
        yield instance


@contextmanager
def _opened(home: Path) -> Iterator[dg.DagsterInstance]:
    os.environ["DAGSTER_HOME"] = str(home)
    # Dagster hands over the events of a range in batches of this size; our event log stores each as one transaction.
    os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", "1000")
    try:
        home.mkdir(parents=True, exist_ok=True)
        with FileLock(home / "opening.lock"):  # whichever storages it has, the first to open them creates their schema
            _prepare_home(home)
            opened = dg.DagsterInstance.from_config(str(home))
    except OSError as error:
        raise SettingsError(
            f"Dagster's directory {home} cannot be used ({error.strerror}). Check NBA_HOME, and the permissions"
        ) from error
    except (dg.DagsterInvalidConfigError, YAMLError) as error:
        raise SettingsError(
            f"{home / 'dagster.yaml'} cannot be read: {' '.join(str(error).split())}. Mend it, or delete it: it is "
            "written anew"
        ) from error
    with opened as instance:
        yield instance


def unseen(instance: dg.DagsterInstance, run: dg.DagsterRun, settings: Settings) -> str | None:
    """What to tell somebody whose run is recorded where `nba-assets dev` does not look; None for all others.

    All others: whoever watches a web server or daemon that launched it, our own commands and jobs, which know where
    to record, and an instance in memory, which is meant to be forgotten.
    """
    if instance.is_ephemeral or run.remote_job_origin is not None or CLI_TAG in run.tags:
        return None
    home = settings.dagster_home
    # Our storages may lie elsewhere than the instance: see sqlite_storage.
    places = (Path(instance.root_directory), getattr(instance.run_storage, "directory", None))
    if home.resolve() in [place.resolve() for place in places if place is not None]:
        return None
    made_by = "" if home.is_dir() else " (made by the first `nba-assets backfill` or `nba-assets dev`)"
    return (
        f"`nba-assets dev` will not show this run: it is recorded in {instance.root_directory}, which is not its "
        "instance. What the run builds counts all the same. "
        f"To record what is shown: export DAGSTER_HOME={home}{made_by}"
    )


def _move_states(instance: dg.DagsterInstance) -> None:
    """Schedules that a person has stopped, and cursors of sensors, are found under the code location's new name."""
    for state in instance.all_instigator_state():
        if state.origin.repository_origin.code_location_origin.location_name != _FORMER_LOCATION:
            continue
        former, now = (f'"location_name": "{name}"' for name in (_FORMER_LOCATION, LOCATION))
        renamed: Any = dg.deserialize_value(dg.serialize_value(state).replace(former, now))
        if instance.get_instigator_state(renamed.instigator_origin_id, renamed.selector_id) is None:
            instance.add_instigator_state(renamed)
        instance.delete_instigator_state(state.instigator_origin_id, state.selector_id)


def _bury_the_dead(instance: dg.DagsterInstance) -> None:
    for run in instance.get_runs(dg.RunsFilter(statuses=_UNFINISHED)):
        if has_died(run):
            instance.report_run_failed(run, message="the command line that executed this run was killed")


def has_died(run: dg.DagsterRun) -> bool:
    """Whether a run that is not over was executed by a command line that is not there any more."""
    process = run.tags.get(CLI_TAG)
    return run.status in _UNFINISHED and process is not None and not _is_alive(int(process))


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
