"""A training set on disk: Parquet by split, a dictionary, and a manifest from which it can be made again.

The manifest says what the set was made of and nothing of when or where: the same request on the same rows gives the
same bytes with the same pyarrow, and equal content hashes with any.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Mapping
from contextlib import ExitStack
from io import StringIO
from os import PathLike
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ValidationError

from nba_assets import __version__
from nba_assets.api.asked import AskedError
from nba_assets.api.frames import as_arrow
from nba_assets.api.nulls import null_counts
from nba_assets.api.readiness import counted_reasons
from nba_assets.api.standing import Standing
from nba_assets.api.training import LABEL, OUTCOMES, PLAYED, SPLITS, STORE, Request, TrainingSet
from nba_assets.planning.load import parameters_of
from nba_assets.schema.contract import Column
from nba_assets.schema.fingerprint import content_hash
from nba_assets.session import Session
from nba_assets.text import counted, joined
from nba_assets.whole_file import replaced_whole, require_replaceable

MANIFEST, DICTIONARY = "manifest.json", "dictionary.csv"
MANIFEST_VERSION = 1

_MOST_DATES = 3


class _Split(BaseModel):
    content: str


class _Partition(BaseModel):
    content: str | None
    code: str | None


class _Manifest(BaseModel):
    """What is read of a manifest; it says more."""

    version: Any
    request: dict[str, Any]
    source: str
    settings: dict[str, Any]
    splits: dict[str, _Split]
    tables: dict[str, dict[str, _Partition]]


_MEMBERS = _Manifest.model_fields.keys()


def manifest_of(session: Session, made: TrainingSet, store: Standing, outcomes: Standing) -> dict[str, Any]:
    """What a set was made of, and what came out."""
    return {
        "version": MANIFEST_VERSION,
        "made_with": {"nba_assets": __version__, "pyarrow": pa.__version__},
        "request": made.request.as_dict(),
        "source": session.settings.source,
        "settings": {table.name: json.loads(parameters_of(session, table.name)) for table in (STORE, OUTCOMES)},
        "left_out": dict(made.left_out),
        "seasons": null_counts(made.all_rows, made.features),
        "splits": {name: _split_as_dict(made, name) for name in made.frames},
        "tables": {found.table.name: _partitions(found) for found in (store, outcomes)},
    }


def _split_as_dict(made: TrainingSet, name: str) -> dict[str, Any]:
    rows = made.frames[name]
    nulls = rows.isna().sum()
    return {
        "file": f"{name}.parquet",
        "rows": len(rows),
        "dates": int(rows["game_date"].nunique()),
        "content": content_hash(rows, made.columns),
        "nulls": {column: int(number) for column, number in nulls.items() if number},
        "never_known": made.unknown(name),
        "readiness": counted_reasons(made.readiness[name]),
    }


def _partitions(found: Standing) -> dict[str, Any]:
    """Of each date the status, the content hash of the rows that stand, and the code that made them."""
    versions = {day: cell.published.code_version if cell.published else None for day, cell in found.cells.items()}
    return {
        str(day): {"status": cell.status.value, "content": found.contents[day], "code": versions[day]}
        for day, cell in found.cells.items()
    }


def changes_since(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """How the set of a manifest differs from that of an older one, in words; nothing if they are the same."""
    found = [
        f"{what}: {before[what]} → {after[what]}" for what in ("source", "settings") if before[what] != after[what]
    ]
    for table in {**before["tables"], **after["tables"]}:
        found += _restated(table, before["tables"].get(table, {}), after["tables"].get(table, {}))
    if not found and _contents(before) != _contents(after):
        found.append("other rows of the same partitions: the set is joined otherwise by this version of nba_assets")
    return tuple(found)


def _contents(manifest: Mapping[str, Any]) -> dict[str, str]:
    return {name: split["content"] for name, split in manifest["splits"].items()}


def _restated(table: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The dates of a table whose rows are others, or that are there on one side only."""
    days = [day for day in sorted({*before, *after}) if _content(before, day) != _content(after, day)]
    if not days:
        return []
    formulas = any(before[day]["code"] != after[day]["code"] for day in days if day in before and day in after)
    why = "; its formula has changed" if formulas else ""
    return [f"{table}: other rows on {counted(len(days), 'date')} ({joined(days, _MOST_DATES)}){why}"]


def _content(partitions: Mapping[str, Any], day: str) -> str | None:
    content: str | None = partitions[day]["content"] if day in partitions else None
    return content


def read_manifest(place: str | Path) -> dict[str, Any]:
    """The manifest of a directory, or the file itself; AskedError if it is none that this version understands."""
    if not isinstance(place, str | PathLike):
        raise AskedError(f"a manifest is named by its file or directory, not by {type(place).__name__}")
    file = Path(place) / MANIFEST if Path(place).is_dir() else Path(place)
    try:
        found: Any = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise AskedError(f"{file} is no manifest of a training set: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise AskedError(f"{file} is no manifest of a training set: it is not JSON") from error
    if not isinstance(found, dict) or not found.keys() >= _MEMBERS:
        raise AskedError(f"{file} is no manifest of a training set: it should have {', '.join(sorted(_MEMBERS))}")
    if found["version"] != MANIFEST_VERSION:
        raise AskedError(f"{file} is of version {found['version']}; this nba_assets reads version {MANIFEST_VERSION}")
    try:
        _Manifest.model_validate(found)
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))
        raise AskedError(f"{file} is no manifest of a training set: {where} is missing or damaged") from error
    return found


def require_directory(directory: Path) -> None:
    """AskedError unless a set can be written there: a new directory in one that is there, or that of an older set.

    OSError, which names it, where nobody may write.
    """
    if not directory.absolute().parent.is_dir():
        raise AskedError(f"{directory}: there is no directory {directory.absolute().parent}")
    if directory.exists() and not directory.is_dir():
        raise AskedError(f"{directory} is a file: name a directory")
    if directory.exists() and any(directory.iterdir()):
        if not (directory / MANIFEST).exists():
            raise AskedError(f"{directory} has files that are no training set: name a new directory")
        read_manifest(directory)  # somebody else's is left alone
    require_replaceable(directory / MANIFEST if directory.exists() else directory)


def write(made: TrainingSet, directory: Path) -> None:
    """Write all files, each whole, the manifest last: where one is, the rest is. AskedError for another's directory.

    An older set stays as it is until all of the new one is written.
    """
    require_directory(directory)
    directory.mkdir(exist_ok=True)
    with ExitStack() as files:

        def part(name: str) -> Path:
            return files.enter_context(replaced_whole(directory / name))

        manifest, dictionary = part(MANIFEST), part(DICTIONARY)  # the first takes its place last
        hashes = {}
        for name, rows in made.frames.items():
            place = part(f"{name}.parquet")
            pq.write_table(as_arrow(rows, made.columns), place)
            hashes[name] = hashlib.sha256(place.read_bytes()).hexdigest()
        dictionary.write_text(_dictionary(made), encoding="utf-8")
        splits = {name: split | {"sha256": hashes[name]} for name, split in made.manifest["splits"].items()}
        manifest.write_text(json.dumps({**made.manifest, "splits": splits}, indent=1) + "\n", encoding="utf-8")
        for name in (MANIFEST, DICTIONARY, *(f"{split}.parquet" for split in SPLITS)):
            (directory / name).unlink(missing_ok=True)


def _dictionary(made: TrainingSet) -> str:
    """A line per column: what it is, what it is for, which share of each split and season does not know it, and why."""
    text = StringIO()
    lines = csv.writer(text, lineterminator="\n")
    parts = {**made.frames, **{str(season): rows for season, rows in made.all_rows.groupby("season")}}
    shares = [f"null_share_{name}" for name in parts]
    lines.writerow(["column", "role", "type", "unit", *shares, "null_when", "description"])
    for column in made.columns:
        what = [column.name, _role(column, made.request), column.type.value, column.unit]
        found = [f"{rows[column.name].isna().mean():.4f}" for rows in parts.values()]
        lines.writerow([*what, *found, column.null_when, column.description])
    return text.getvalue()


def _role(column: Column, asked: Request) -> str:
    if column.name in asked.features:
        return "feature"
    return column.name if column.name in (LABEL, PLAYED) else "key"
