"""The SQLite files of a Dagster instance: which are damaged, how they are set aside, and copied to be read.

Nothing of what is stored in them belongs here. Runs and events go together: an event of a run that is not known says
nothing. What lies on a server has no files.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nba_assets.orchestration.dagster_private import InstanceRef
from nba_assets.settings import Settings

OUR_STORAGES = "nba_assets.orchestration.sqlite_storage"
_STOCK_STORAGES = "dagster."
_ROOM_BESIDE = 10**6


def damaged_files(settings: Settings) -> dict[Path, str]:
    """What SQLite says of each file that is damaged."""
    files = [file for places in _places(settings).values() for place in places for file in _databases(place)]
    return {file: what for file in files if (what := _damage(file)) is not None}


def set_aside(settings: Settings, damaged: Collection[Path] | None) -> list[Path]:
    """Rename what is damaged, or all (None), and what goes with it; the new places. Nothing is deleted."""
    moved: list[Path] = []
    for places in _places(settings).values():
        if damaged is None or any(file in damaged for place in places for file in _databases(place)):
            moved += [place.rename(_aside(place)) for place in _whole(places)]
    return moved


def can_be_opened(home: Path) -> bool:
    """Whether there is a right and the room to make what SQLite makes beside a file even to read it."""
    places = (home, *home.rglob("*.db"))
    return all(os.access(place, os.W_OK) for place in places) and shutil.disk_usage(home).free > _ROOM_BESIDE


def copy_to(directory: Path, settings: Settings) -> None:
    """Copy dagster.yaml and the databases below an instance's directory. Raises sqlite3.Error, OSError."""
    home = settings.dagster_home
    if (home / "dagster.yaml").is_file():
        shutil.copyfile(home / "dagster.yaml", directory / "dagster.yaml")
    for file in [file for places in _places(settings).values() for place in places for file in _databases(place)]:
        if file.is_relative_to(home):
            copy = directory / file.relative_to(home)
            copy.parent.mkdir(parents=True, exist_ok=True)
            with closing(_looked_at(file)) as found, closing(sqlite3.connect(copy)) as made:
                found.backup(made)


def _places(settings: Settings) -> dict[str, list[Path]]:
    """The folders and files of what goes together."""
    home = settings.dagster_home
    if not home.is_dir() or (settings.has_own_dagster_home and not (home / "dagster.yaml").is_file()):
        return {}
    chosen = InstanceRef.from_dir(str(home))
    return {
        "runs and events": [
            *_place(chosen.run_storage_data, home / "history"),
            *_place(chosen.event_storage_data, home / "event_log.db"),
        ],
        "schedules": _place(chosen.schedule_storage_data, home / "schedules"),
    }


def _place(storage: Any, ours: Path) -> list[Path]:
    """Where a storage lies; nowhere, if that is a server, or somebody's own invention."""
    if storage is None or not storage.module_name.startswith((OUR_STORAGES, _STOCK_STORAGES)):
        return []
    base = storage.config_dict.get("base_dir")
    if base is None:
        return [ours]
    return [Path(base) / ours.name if ours.suffix else Path(base)]


def _databases(place: Path) -> Iterator[Path]:
    return iter(sorted(place.rglob("*.db"))) if place.is_dir() else iter([place] if place.is_file() else [])


def _whole(places: list[Path]) -> list[Path]:
    """What is there of the places, not twice what lies in another, with what SQLite keeps beside its files."""
    beside = [place.with_name(place.name + end) for place in places if place.suffix for end in ("-wal", "-shm")]
    there = [place for place in (*places, *beside) if place.exists()]
    return [place for place in there if not any(other in place.parents for other in there)]


def _aside(place: Path) -> Path:
    return place.with_name(f"{place.name}.set-aside-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}")


def _damage(file: Path) -> str | None:
    """None for a whole file, and for one that cannot be looked at now."""
    try:
        with closing(_looked_at(file)) as connection:
            [(said,)] = connection.execute("PRAGMA quick_check(1)").fetchall()
    except sqlite3.OperationalError:
        return None
    except sqlite3.DatabaseError as error:
        return str(error)
    return None if said == "ok" else " ".join(said.split())


def _looked_at(file: Path) -> sqlite3.Connection:
    """SQLite would make files beside one that nobody has open, even to read it."""
    log = file.with_name(f"{file.name}-wal")
    how = "mode=ro" if log.exists() and log.stat().st_size else "immutable=1"
    return sqlite3.connect(f"{file.as_uri()}?{how}", uri=True)
