"""What DuckDB says when it cannot do something, told apart and in words that say what to do.

It has a class of its own for hardly anything: its words are read here, and nowhere else.
"""

from __future__ import annotations

import re
from pathlib import Path

import duckdb

from nba_assets.warehouse.base import AnotherVersionError, WarehouseError

_MOVED_AWAY = "move it away and build anew: nba-assets backfill START END."
_INSTEAD_OF_IT = f"put a copy in its place, or {_MOVED_AWAY}"

_VERSION_AT, _VERSION_BYTES = 52, 32
"""Where the header of a DuckDB file names the version that made it: behind checksum, "DUCK", storage version, flags."""


def is_held(error: duckdb.Error) -> bool:
    """Whether another process, or another connection of this one, has the file open at this moment."""
    text = str(error)
    return "Could not set lock" in text or "Conflicting lock" in text or "already attached" in text


def cannot_open(path: Path, error: duckdb.Error, patience: float) -> WarehouseError:
    """Of a file that could not be opened, though it was tried for `patience` seconds if another process had it."""
    text = str(error)
    if is_held(error):
        return WarehouseError(
            f"{path} is held open by another process, still after {patience:g} s: {error}. "
            "Close the notebook or DuckDB shell that has it open, then run the same command again."
        )
    if "storage version number" in text:
        return AnotherVersionError(_of_another_version(path, text))
    if path.is_file() and ("not a valid" in text or "orrupt" in text or "enough bytes" in text):
        return WarehouseError(
            f"{path} cannot be opened, it is damaged or no warehouse: {error}. Check NBA_DUCKDB_PATH; {_INSTEAD_OF_IT}"
        )
    return WarehouseError(
        f"{path} cannot be opened: {error}. Check NBA_DUCKDB_PATH, the file's permissions and the disk's free space."
    )


def _of_another_version(path: Path, text: str) -> str:
    """Newer files name their version, of older ones DuckDB knows it by the number of their storage."""
    with path.open("rb") as file:
        file.seek(_VERSION_AT)
        named = file.read(_VERSION_BYTES).rstrip(b"\0").decode("ascii", "replace")
    known = re.search(r"created with (?:an? )?(.+)\.$", text, re.MULTILINE)
    wrote = f"DuckDB {named}" if named else known[1].replace("version v", "v") if known else "another DuckDB"
    return (
        f"{path} was written by {wrote}, which DuckDB v{duckdb.__version__}, installed here, cannot read. It is left "
        "as it is. Install the version that wrote it; or EXPORT DATABASE with that and IMPORT DATABASE with this; "
        f"or {_MOVED_AWAY}"
    )


def not_done(path: Path, error: duckdb.Error) -> str:
    """Of what has failed in a file that is open."""
    if "orrupt database file" in str(error):
        return f"{path} is damaged in its middle: {error}. Check the disk; {_INSTEAD_OF_IT}"
    room = " Make room on the disk, then run the same command again." if "No space left" in str(error) else ""
    return f"{path}: {error}. What was published before is untouched.{room}"


def cannot_use(path: Path, error: OSError) -> str:
    """Of a file, or the folder that it is in, that the system refuses."""
    return (
        f"{path} cannot be used: {error.strerror}. Check NBA_HOME or NBA_DUCKDB_PATH, the permissions of the file and "
        f"of {path.parent}, and the disk's free space."
    )
