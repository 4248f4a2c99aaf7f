"""A lock file that says who holds it, since when and what for; let go by the system if its process dies."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nba_assets.warehouse.base import WarehouseError
from nba_assets.warehouse.duckdb_errors import cannot_use

log = logging.getLogger(__name__)

_POLL_SECONDS = 0.05
_REPORT_AFTER_SECONDS = 2.0


@contextmanager
def locked(path: Path, purpose: str, patience: float) -> Iterator[None]:
    """Hold a lock file; waits for another holder, then raises WarehouseError naming it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = path.open("a+")
    except OSError as error:
        raise WarehouseError(cannot_use(path, error)) from error
    with handle:
        started = time.monotonic()
        deadline = started + patience
        is_reported = False
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as error:
                if time.monotonic() > deadline:
                    raise WarehouseError(_held_by(handle, path, patience)) from error
                if not is_reported and time.monotonic() > started + _REPORT_AFTER_SECONDS:
                    log.warning("waiting for %s, which is writing to the warehouse", _holder(handle))
                    is_reported = True
                time.sleep(_POLL_SECONDS)
        handle.seek(0)
        handle.truncate()
        since = datetime.now(UTC).isoformat(timespec="seconds")
        command = Path(sys.argv[0]).name
        holder = json.dumps({"pid": os.getpid(), "command": command, "purpose": purpose, "since": since})
        # On a full disk nobody is told who holds it; whether there is room for rows is seen next.
        with suppress(OSError):
            os.write(handle.fileno(), holder.encode())
        try:
            yield
        finally:
            fcntl.flock(handle, fcntl.LOCK_UN)


def holder_of(path: Path) -> str | None:
    """Who holds a lock file at this moment; None if nobody does. Changes nothing."""
    try:
        handle = path.open()
    except OSError:
        return None
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return _holder(handle)
    return None


def _holder(handle: Any) -> str:
    handle.seek(0)
    try:
        return "{command} (process {pid}, {purpose}, since {since})".format(**json.loads(handle.read()))
    except (ValueError, KeyError):
        return "another process"


def _held_by(handle: Any, path: Path, patience: float) -> str:
    return (
        f"{_holder(handle)} is writing to the warehouse and still was after {patience:g} s ({path}). "
        "Wait for it to end, or stop it; interrupting is safe."
    )
