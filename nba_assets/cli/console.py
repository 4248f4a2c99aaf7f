"""What all commands share: where output goes, how dates are read, how an error ends a command."""

from __future__ import annotations

import errno
import logging
import os
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console, ConsoleDimensions
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from nba_assets.api.asked import AskedError, NotThereError, read_range
from nba_assets.engine.run_options import RunOptionsError
from nba_assets.evaluation.errors import ExtraMissingError, TooFewError
from nba_assets.planning.history import NoPartitionError, history
from nba_assets.session import Session
from nba_assets.settings import SettingsError, StateError
from nba_assets.sources.base import SourceError
from nba_assets.tables.named import UnknownTableError
from nba_assets.tables.selection import SelectionError
from nba_assets.text import unpadded
from nba_assets.warehouse.base import AnotherVersionError, WarehouseError
from nba_assets.whole_file import replaced_whole, require_replaceable

_WIDE = 200


class _Output(Console):
    """A console that cuts nothing off where there is no terminal, and stays silent once its reader is gone."""

    @property  # type: ignore[misc]  # rich lets it be set; we do not
    def size(self) -> ConsoleDimensions:
        """The terminal's, or what COLUMNS says; wide in a pipe or a file."""
        size = super().size
        return size if self.has_width else size._replace(width=_WIDE)

    @property
    def has_width(self) -> bool:
        """Whether somebody has said how wide it is."""
        return self.is_terminal or "COLUMNS" in os.environ

    def print(self, *objects: Any, **options: Any) -> None:
        """As on any console; where there is no terminal, without blanks at the ends of lines."""
        with self._reader_may_be_gone():
            if self.is_terminal:
                super().print(*objects, **options)
                return
            with self.capture() as printed:
                super().print(*objects, **options)
            self.write(unpadded(printed.get()))

    def write(self, text: str) -> None:
        """A text as it is, and no line end after it."""
        with self._reader_may_be_gone():
            self.file.write(text)
            self.file.flush()

    @contextmanager
    def _reader_may_be_gone(self) -> Iterator[None]:
        """A result that cannot be written is a failure, a message is not."""
        try:
            yield
        except OSError as error:
            if not self.stderr and not isinstance(error, BrokenPipeError):
                raise
            self.on_broken_pipe()

    def say(self, *parts: object) -> None:
        """A line as it is: nothing in it is markup, and a long one is not broken."""
        self.print(*map(str, parts), markup=False, highlight=False, soft_wrap=True)

    def on_broken_pipe(self) -> None:
        """The command ends with its own status, not with that of a lost line."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), self.file.fileno())


out = _Output()
"""Results: standard output."""
err = _Output(stderr=True)
"""Progress and errors: standard error."""

FAILED, USAGE, TEMPORARY, INTERRUPTED = 1, 2, 75, 130


class Format(StrEnum):
    """How a result is printed."""

    TABLE = "table"
    JSON = "json"


class UsageError(ValueError):
    """The command was given something that cannot be."""


class NotWrittenError(ValueError):
    """The file of --out could not be written; what was there before is."""


NamedStart = Annotated[str | None, typer.Argument(metavar="[START", help="First date, like 2021-11-01.")]
OptionalStart = Annotated[str | None, typer.Argument(metavar="[START", help="First date; default: all history.")]
OptionalEnd = Annotated[str | None, typer.Argument(metavar="END]", help="Last date, inclusive.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no summary.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="A line for each partition and each call.")]
AsFormat = Annotated[Format, typer.Option("--format", help="table or json.")]


_CANNOT_BE = (
    *(UsageError, AskedError, SettingsError, RunOptionsError),
    *(UnknownTableError, SelectionError, NoPartitionError, AnotherVersionError),
)
"""What the command was given, in its arguments or by its place, cannot be."""


_IS_NOT_SO = (
    *(SourceError, WarehouseError, StateError, NotThereError, NotWrittenError),
    *(ExtraMissingError, TooFewError),
)
"""What was asked for is not so, or cannot be done here."""


@contextmanager
def errors_explained(kept: str = "") -> Iterator[None]:
    """Known errors end the command with one clear message and their exit status.

    `kept` is what stays of it after Control-C; running it again goes on from there.
    """
    try:
        yield
    except _CANNOT_BE as error:
        _end(error, USAGE)
    except _IS_NOT_SO as error:
        _end(error, FAILED)
    except OSError as error:
        _end(refused(error), FAILED)
    except KeyboardInterrupt:
        err.say(f"interrupted: {kept}; run the same command again to continue" if kept else "interrupted")
        raise typer.Exit(INTERRUPTED) from None


@contextmanager
def more_said(verbose: bool, *, quiet: bool) -> Iterator[None]:
    """With --verbose each call to the live source is a line on standard error. UsageError with --quiet as well."""
    if verbose and quiet:
        raise UsageError("give --verbose or --quiet: not both")
    # Of ours alone, and of its own level: neither libraries nor what a run sets for all of ours have a say.
    calls = logging.getLogger("nba_assets.sources.nba_api")
    handler = _ToPeople()
    if verbose:
        calls.setLevel(logging.DEBUG)
        calls.addHandler(handler)
    try:
        yield
    finally:
        calls.setLevel(logging.NOTSET)
        calls.removeHandler(handler)


class _ToPeople(logging.Handler):
    """Log records as lines above the progress bar."""

    def emit(self, record: logging.LogRecord) -> None:
        err.say(record.getMessage())


def _end(error: Exception | str, status: int) -> None:
    err.say("error:", error)
    raise typer.Exit(status) from None


def refused(error: OSError) -> str:
    """What the operating system refused, of which file, and what to look at."""
    if isinstance(error, FileNotFoundError) and error.filename is None:
        return "the working directory is no longer there. Change to another"
    of = f"{error.filename}: " if error.filename is not None else ""
    return f"{of}{error.strerror or error}. Check the permissions and the disk's free space"


def read_optional_range(session: Session, start: str | None, end: str | None) -> list[date]:
    """The dates of a range, none where no range is given; UsageError for a START without END."""
    if start is not None and end is None:
        raise UsageError("give START and END, or neither")
    return read_range(session, start, end) if start is not None and end is not None else []


def all_history(session: Session) -> list[date]:
    """From the first to the last date in the ledger."""
    days = history(session)
    if not days:
        raise nothing_built()
    return days


def nothing_built() -> UsageError:
    """What a command says that needs tables where there are none."""
    return UsageError("nothing has been built yet: run `nba-assets backfill START END` first")


def require_place(file: Path) -> None:
    """UsageError if the file of --out cannot be there, NotWrittenError if it may not; no directory is made for it."""
    try:
        if not file.parent.is_dir():
            raise UsageError(f"--out {file}: there is no directory {file.parent}")
        if file.is_dir():
            raise UsageError(f"--out {file}: is a directory; name a file in it")
    except OSError as error:
        raise UsageError(f"--out {file}: {error.strerror}") from error
    try:
        require_replaceable(file)
    except OSError as error:
        raise not_written(file, error) from error


@contextmanager
def written(file: Path) -> Iterator[Path]:
    """Where to write the file of --out: it is the old one or the new one, never a part."""
    try:
        with replaced_whole(file) as part:
            yield part
    except OSError as error:
        raise not_written(file, error) from error


def not_written(place: Path, error: OSError) -> NotWrittenError:
    """Of a file or directory of --out that the system refuses."""
    is_forbidden = isinstance(error, PermissionError) or error.errno == errno.EROFS
    advice = "Check its permissions" if is_forbidden else "Make room"
    return NotWrittenError(f"--out {place}: cannot be written: {error.strerror or error}. {advice}, or name another")


def plain_table(heads: Sequence[str], *, right: Collection[str] = (), whole: Collection[str] = ()) -> Table:
    """A table without lines: columns aligned to the right, and columns whose cells are never broken."""
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for head in heads:
        table.add_column(head, justify="right" if head in right else "left", no_wrap=head in whole)
    return table


@contextmanager
def progress_bar(total: int, *, quiet: bool) -> Iterator[Callable[[int, str], None]]:
    """A bar on standard error: `advance(steps, what is being done now)`."""
    if quiet or not sys.stderr.isatty():
        yield _lines(total, quiet=quiet)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=err, transient=True) as bar:
        task = bar.add_task("", total=total)

        def advance(steps: int, what: str) -> None:
            bar.update(task, advance=steps, description=what)

        yield advance


def _lines(total: int, *, quiet: bool) -> Callable[[int, str], None]:
    """Where there is no terminal: a line per step."""
    done = 0

    def advance(steps: int, what: str) -> None:
        nonlocal done
        done += steps
        if steps and not quiet:
            err.print(f"{done}/{total} {what}", highlight=False)

    return advance


JSON_VERSION = 1
"""Of what docs/json.md describes; a member that is new does not change it."""


def json_text(members: Mapping[str, Any]) -> str:
    """What every command says in JSON: an object with its version."""
    import json

    return json.dumps({"version": JSON_VERSION, **members}, indent=1, default=_as_text)


def _as_text(value: object) -> str:
    """Dates and moments as ISO 8601; midnight of no zone, as frames have it, is a date."""
    if isinstance(value, datetime) and value.tzinfo is None and value.time() == time.min:
        return str(value.date())
    return value.isoformat() if isinstance(value, date) else str(value)


def print_json(members: Mapping[str, Any]) -> None:
    """JSON on standard output, nothing else."""
    print_text(json_text(members))


def print_text(text: str) -> None:
    """A text on standard output as it is."""
    out.write(text + "\n")
