"""The `.env` file that counts: the first from the working directory upwards. What it sets means nothing here."""

from __future__ import annotations

from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from dotenv import dotenv_values, find_dotenv
from dotenv.parser import parse_stream


class DotenvError(ValueError):
    """The file cannot be read; the message names it, and the line."""


@dataclass(frozen=True)
class DotenvFile:
    """A file and what it sets; a name without `=` has no value."""

    path: Path
    values: dict[str, str | None]


def find_file() -> DotenvFile | None:
    """The file with its values; None if there is none. Raises DotenvError."""
    found = find_dotenv(usecwd=True)
    return _read(Path(found)) if found else None


def _read(path: Path) -> DotenvFile:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise DotenvError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise DotenvError(f"{path}, line {line}: is not UTF-8. Save the file as UTF-8") from error
    for statement in parse_stream(StringIO(text)):
        if statement.error:
            # The value is not shown: it may be a secret.
            raise DotenvError(
                f"{path}, line {statement.original.line}: cannot be read. Write it like NBA_SOURCE=files, a value with "
                "blanks in quotes"
            )
    return DotenvFile(path, dotenv_values(stream=StringIO(text)))
