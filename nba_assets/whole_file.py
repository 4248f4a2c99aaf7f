"""Files that are replaced whole: whoever reads one has the old or the new, never a part, also if a writer is killed."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def require_replaceable(path: Path) -> None:
    """OSError, which names the file, unless `path` can be written now; for what takes long before it writes.

    Tried beside it, because rights alone do not tell: nothing stays there, and what is there is not touched.
    """
    path = path.resolve()
    if _is_written_as_it_is(path):
        if not os.access(path, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return
    part = _part_of(path)
    try:
        part.touch()
        part.unlink()
    except OSError as error:
        error.filename = str(path)
        raise


@contextmanager
def replaced_whole(path: Path) -> Iterator[Path]:
    """A place beside `path` to write to, which takes its place if nothing is raised, once it is on disk.

    Each writer has one of its own: of several the last one counts. Devices and pipes are written to as they are, and
    a link goes on leading where it led. Raises OSError, which names the file.
    """
    path = path.resolve()
    if _is_written_as_it_is(path):
        yield path
        return
    part = _part_of(path)
    try:
        yield part
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        if error.filename in (None, str(part)):  # of a full disk the system does not say which file it was for
            error.filename = str(path)
        raise
    finally:
        part.unlink(missing_ok=True)


def _is_written_as_it_is(path: Path) -> bool:
    """Devices and pipes cannot be replaced."""
    return path.exists() and not (path.is_file() or path.is_dir())


def _part_of(path: Path) -> Path:
    """Each writer's own."""
    return path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.part")
