"""The Dagster instance that is worked on: that of DAGSTER_HOME, else our own, with our configuration, in NBA_HOME."""

from __future__ import annotations

import fcntl
import os
import re
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import dagster as dg
import yaml
from filelock import FileLock
from sqlalchemy.exc import DBAPIError
from yaml import YAMLError

from nba_assets.orchestration.dagster_private import InstanceRef
from nba_assets.orchestration.dead_runs import PROCESS_TAG, bury_the_dead
from nba_assets.orchestration.instance_files import OUR_STORAGES, can_be_opened, copy_to, damaged_files, set_aside
from nba_assets.settings import Settings, SettingsError, StateError

COMMAND_TAG = "nba/command"
"""The command, or the job, that a run was launched by."""

LOCATION = "nba_assets"
"""The one name of the code location, as workspace.yaml and pyproject.toml have it."""

_FORMER_LOCATION = "nba_assets.definitions"
_FORMER_STORAGES = re.compile(r"\bnba_assets\.orchestration\.(local_storage|event_log)\b")
_IN_WORDS = {"dagster": "Dagster's own SQLite", "dagster_postgres": "PostgreSQL", "dagster_mysql": "MySQL"}


def _prepare_home(home: Path) -> None:
    """Put our dagster.yaml into Dagster's directory, or bring the one of an earlier version up to date.

    A configuration written by a person is left alone; where it names our storages by a former name, only that changes.
    """
    target = home / "dagster.yaml"
    found = target.read_text(encoding="utf-8") if target.exists() else None
    wanted = instance_config() if found is None else _FORMER_STORAGES.sub(OUR_STORAGES, found)
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
    """The instance that `nba-assets dev` shows; runs whose process was killed are marked as failed.

    Meanwhile DAGSTER_HOME names it. Raises SettingsError if its directory cannot be used, or its dagster.yaml not be
    read; StateError if its storage cannot be reached, its files are damaged, or the disk is full, also from within.
    """
    with _in_use(settings) as instance:
        _move_states(instance)
        bury_the_dead(instance)
        yield instance


@contextmanager
def read_instance(settings: Settings) -> Iterator[dg.DagsterInstance | None]:
    """The same for who only looks, with no run marked as anything; None where nothing has been recorded yet.

    Where nothing can be written, a copy is opened.
    """
    home = settings.dagster_home
    if not (home / "dagster.yaml").is_file() and not (home / "history").is_dir():
        yield None
    elif can_be_opened(home):
        with _in_use(settings) as instance:
            yield instance
    else:
        with _copied(settings) as copy, _in_use(copy) as instance:
            yield instance


@contextmanager
def _copied(settings: Settings) -> Iterator[Settings]:
    """The settings, with a copy of Dagster's directory in its place; StateError if a file of it is damaged."""
    if damaged := _damaged(settings):
        raise damaged
    with TemporaryDirectory(prefix="nba_assets_dagster_") as name:
        try:
            copy_to(Path(name), settings)
        except sqlite3.Error as error:
            raise _unusable(settings, error) from error
        yield settings.model_copy(update={"given_dagster_home": Path(name)})


@contextmanager
def _in_use(settings: Settings) -> Iterator[dg.DagsterInstance]:
    # Dagster hands over the events of a range in batches of this size; our event log stores each as one transaction.
    size = os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", "1000")
    if not size.isdecimal():
        raise SettingsError(f"DAGSTER_EVENT_BATCH_SIZE={size}: must be a whole number, like 1000")
    try:
        with (
            _named_by_the_environment(settings.dagster_home),
            _locked(settings, fcntl.LOCK_SH),
            _opened(settings) as instance,
        ):
            yield instance
    except DBAPIError as error:
        raise _unusable(settings, error) from error
    except dg.DagsterError as error:  # what Dagster makes of a file that it can open and not read
        if damaged := _damaged(settings):
            raise damaged from error
        raise


def put_aside(settings: Settings, damaged: Collection[Path] | None) -> list[Path]:
    """Set the instance's damaged files aside, or all (None).

    StateError while another command uses them, and where no others could be made in their place.
    """
    home = settings.dagster_home
    if home.is_dir() and not can_be_opened(home):
        raise StateError(
            f"{home}: nothing is set aside, for no new files can be made. Make room, and check permissions"
        )
    try:
        with _locked(settings, fcntl.LOCK_EX | fcntl.LOCK_NB), _config_explained(settings):
            return set_aside(settings, damaged)
    except BlockingIOError:
        raise StateError(f"another command is using {home}: wait for it, or end it") from None


@contextmanager
def _locked(settings: Settings, how: int) -> Iterator[None]:
    """Everybody uses the files of an instance beside others, but who sets them aside."""
    home = settings.dagster_home
    try:
        if settings.has_own_dagster_home:
            home.mkdir(parents=True, exist_ok=True)
        handle = (home / "in_use.lock").open("a")
    except OSError:  # where nothing can be written, nothing is set aside; opening it says what is wrong
        yield
        return
    with handle:
        fcntl.flock(handle, how)
        yield


@contextmanager
def _named_by_the_environment(home: Path) -> Iterator[None]:
    """What Dagster starts, and storages without a place of their own, look there."""
    before = os.environ.get("DAGSTER_HOME")
    os.environ["DAGSTER_HOME"] = str(home)
    try:
        yield
    finally:
        if before is None:
            del os.environ["DAGSTER_HOME"]
        else:
            os.environ["DAGSTER_HOME"] = before


def _opened(settings: Settings) -> dg.DagsterInstance:
    home, is_ours = settings.dagster_home, settings.has_own_dagster_home
    if not is_ours and not home.is_dir():
        raise SettingsError(f"DAGSTER_HOME={home}: there is no such directory. Make it, or unset the variable")
    with _config_explained(settings), _first_alone(home, is_ours=is_ours):
        if is_ours:
            _prepare_home(home)
        return dg.DagsterInstance.from_config(str(home))


@contextmanager
def _config_explained(settings: Settings) -> Iterator[None]:
    """SettingsError for what is wrong with Dagster's directory and dagster.yaml, StateError with what that names."""
    home, config, is_ours = settings.dagster_home, settings.dagster_home / "dagster.yaml", settings.has_own_dagster_home
    try:
        yield
    except OSError as error:
        variable = "NBA_HOME" if is_ours else "DAGSTER_HOME"
        raise SettingsError(
            f"Dagster's directory {home} cannot be used ({error.strerror}). Check {variable}, and the permissions"
        ) from error
    except (dg.DagsterInvalidConfigError, YAMLError) as error:
        mend = "Mend it, or delete it: it is written anew" if is_ours else "Mend it"
        raise SettingsError(f"{config} cannot be read: {' '.join(str(error).split())}. {mend}") from error
    except Exception as error:  # whatever a storage of somebody's own choice raises
        raise _unusable(settings, error) from error


def _unusable(settings: Settings, error: Exception) -> StateError:
    """What to say of a storage that cannot be used."""
    home = settings.dagster_home
    if damaged := _damaged(settings):
        return damaged
    said = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(said, sqlite3.Error):
        if any(words in str(said) for words in ("no such", "no column")):
            lacking = f"what lies in {home} is of another version of Dagster: {said}"
            return StateError(f"{lacking}. {_NO_TABLE} nba-assets reinstate --anew")
        return StateError(
            f"Dagster's files in {home} cannot be used: {said}. Check the disk's free space, and the permissions"
        )
    return StateError(
        f"the storage that {home / 'dagster.yaml'} names cannot be used: {_first_words(error)}. Is its server running, "
        "and is what it takes installed (for PostgreSQL: nba-assets[postgres])?"
    )


def _damaged(settings: Settings) -> StateError | None:
    """What to say of the first file that is damaged, if one is."""
    found = [f"{file} is damaged: {what}" for file, what in damaged_files(settings).items()]
    return StateError(f"{found[0]}. {_NO_TABLE} nba-assets reinstate") if found else None


_NO_TABLE = "No table is in it, and no ledger. To set it aside and show the ledger's state again, run:"


def _first_alone(home: Path, *, is_ours: bool) -> AbstractContextManager[object]:
    """Whichever storages there are, the first to open them creates their schema; not where nothing can be written."""
    if is_ours:
        home.mkdir(parents=True, exist_ok=True)
    elif not os.access(home, os.W_OK):
        return nullcontext()
    return FileLock(home / "opening.lock")


def _first_words(error: BaseException) -> str:
    """The first line of the innermost error: what a driver says, without what was tried with it."""
    innermost = error
    while innermost.__cause__ is not None:
        innermost = innermost.__cause__
    return str(innermost).strip().split("\n")[0] or type(innermost).__name__


def storage_in_words(settings: Settings) -> str:
    """Which storage the instance has, or will have: a server among them is asked whether it is there.

    Creates nothing. Raises SettingsError if dagster.yaml cannot be read, or the server not be reached.
    """
    home = settings.dagster_home
    if not (home / "dagster.yaml").is_file():
        return "our SQLite storages" if settings.has_own_dagster_home else "Dagster's own SQLite"
    with _config_explained(settings):
        chosen = InstanceRef.from_dir(str(home)).run_storage_data
        module = "dagster" if chosen is None else chosen.module_name
        if chosen is not None and module == "dagster_postgres":
            config = {**chosen.config_dict, "should_autocreate_tables": False}
            only_asked: Any = chosen._replace(config_yaml=yaml.safe_dump(config)).rehydrate(as_type=object)
            with only_asked.connect():
                pass
    return "our SQLite storages" if module == OUR_STORAGES else _IN_WORDS.get(module.split(".")[0], module)


def unseen(instance: dg.DagsterInstance, run: dg.DagsterRun, settings: Settings) -> str | None:
    """What to tell somebody whose run is recorded where `nba-assets dev` does not look; None for all others.

    All others: whoever watches a web server or daemon that launched it, our own commands and jobs, which know where
    to record, and an instance in memory, which is meant to be forgotten.
    """
    if instance.is_ephemeral or run.remote_job_origin is not None or PROCESS_TAG in run.tags:
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
