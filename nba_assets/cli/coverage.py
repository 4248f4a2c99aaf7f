"""`coverage`: the matrix date × table, in the dress that is asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from io import StringIO
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from nba_assets.cli import completion
from nba_assets.cli.console import (
    FAILED,
    OptionalEnd,
    OptionalStart,
    UsageError,
    all_history,
    err,
    json_text,
    out,
    print_text,
    require_place,
    written,
)
from nba_assets.cli.place import opened
from nba_assets.cli.selection import (
    Exclude,
    Last,
    OfSeason,
    OnlyTables,
    Select,
    dates_asked,
    tables_asked,
)
from nba_assets.overview import terminal
from nba_assets.overview.as_json import matrix_as_dict
from nba_assets.overview.matrix import WORST_FIRST, Matrix, matrix
from nba_assets.partition import IN_ORDER, Status
from nba_assets.planning.state import Cell
from nba_assets.tables import TABLES
from nba_assets.text import counted, unpadded


class CoverageFormat(StrEnum):
    """The dresses of the matrix."""

    TABLE = "table"
    MARKDOWN = "markdown"
    JSON = "json"
    HTML = "html"


_WHOLE = IN_ORDER - {Status.DEGRADED}
"""What a partition may be by default for a check to pass: not due yet is in order."""

_TERMINAL = Path("-")
"""What other tools call standard output, too."""

_BY_SUFFIX = {
    ".html": CoverageFormat.HTML,
    ".json": CoverageFormat.JSON,
    ".md": CoverageFormat.MARKDOWN,
    ".txt": CoverageFormat.TABLE,
}


def _status(name: str, help_: str) -> Any:
    return typer.Option(name, metavar="STATUS", autocompletion=completion.statuses, help=help_)


def coverage(
    start: OptionalStart = None,
    end: OptionalEnd = None,
    last: Last = None,
    season: OfSeason = None,
    tables: OnlyTables = None,
    select: Select = None,
    exclude: Exclude = None,
    format: Annotated[
        CoverageFormat | None,
        typer.Option("--format", help="table, markdown, json or html; default: by the name of --out, else table."),
    ] = None,
    file: Annotated[Path | None, typer.Option("--out", help="Write to this file instead of the terminal.")] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Exit status 1 unless all that is due is published, up to date and whole.")
    ] = False,
    allow: Annotated[list[str] | None, _status("--allow", "With --check: this status is good enough.")] = None,
    fail_on: Annotated[list[str] | None, _status("--fail-on", "Exit status 1 only if this status occurs.")] = None,
) -> None:
    """Show which table has what for which date, and why not.

    With --check or --fail-on, which take several statuses as a list or one by one, it judges what it shows: of tables
    that are selected every cell, else those of the tables that are not optional.
    """
    refused = _refused(check, _statuses("--allow", allow), _statuses("--fail-on", fail_on))
    file = None if file == _TERMINAL else file
    format = format or _format_of(file)
    if file is not None:
        require_place(file)
    session = opened(format)
    days = dates_asked(session, start, end, last, season) or all_history(session)
    names = tables_asked(tables, select, exclude)
    found = matrix(session, days[0], days[-1], tables=names)
    if file is not None:
        text = _text(found, format) + "\n"
        with written(file) as place:
            place.write_text(text, encoding="utf-8")
        err.say(f"written: {file}")
    elif format == CoverageFormat.TABLE and out.has_width:
        _print(found)
    else:
        print_text(_text(found, format))
    if refused:
        _judge(list(found.cells()) if tables or select else [c for row in found.rows for c in row.counting], refused)


def _statuses(option: str, given: Sequence[str] | None) -> frozenset[Status]:
    names = [name.strip().upper() for text in given or () for name in text.split(",")]
    unknown = sorted({name for name in names if name not in Status.__members__})
    if unknown:
        raise UsageError(f"{option}: there is no status '{unknown[0]}'; there are {', '.join(Status)}")
    return frozenset(map(Status, names))


def _refused(check: bool, allowed: frozenset[Status], fail_on: frozenset[Status]) -> frozenset[Status]:
    """The statuses that make the command fail; none where nothing is to be checked."""
    if fail_on and (check or allowed):
        raise UsageError("give --check (with --allow), or --fail-on: not both")
    if allowed and not check:
        raise UsageError("--allow says what --check lets pass: give --check")
    return frozenset(Status) - _WHOLE - allowed if check else fail_on


def _judge(cells: Sequence[Cell], refused: frozenset[Status]) -> None:
    """Say what the check found, and fail if that is a status that was refused."""
    wrong = [cell for cell in cells if cell.status in refused]
    if not wrong:
        err.say(f"check passed: {counted(len(cells), 'partition')}")
        return
    counts = Counter(cell.status for cell in wrong)
    worst = next(cell for status in WORST_FIRST for cell in wrong if cell.status == status)
    found = ", ".join(f"{counts[status]:,} {status}" for status in WORST_FIRST if status in counts)
    next_ = f"nba-assets explain {worst.partition.table} {worst.partition.day}"
    err.say(f"check failed: {found} of {counted(len(cells), 'partition')}. Next: {next_}")
    raise typer.Exit(FAILED)


def _format_of(file: Path | None) -> CoverageFormat:
    if file is None:
        return CoverageFormat.TABLE
    if file.suffix not in _BY_SUFFIX:
        raise UsageError(f"--out {file}: give --format, or a name that ends in {', '.join(_BY_SUFFIX)}")
    return _BY_SUFFIX[file.suffix]


def _print(found: Matrix) -> None:
    """As much of the matrix as the terminal has room for, and what it has none for."""
    names = terminal.tables_that_fit(found, out.width)
    out.print(terminal.as_rich(found, names, width=out.width))
    out.print()
    for line in terminal.below(found):
        out.print(line, markup=False, highlight=False)
    hidden = [TABLES[name].short_name for name in found.tables if name not in names]
    if hidden:
        omitted = f"{counted(len(hidden), 'table')} not shown, for want of room: {', '.join(hidden)}."
        out.print(f"{omitted} A wider terminal, a pipe or --format markdown shows all.", markup=False, highlight=False)


def _text(found: Matrix, format_: CoverageFormat) -> str:
    if format_ == CoverageFormat.JSON:
        return json_text(matrix_as_dict(found))
    if format_ == CoverageFormat.HTML:
        from nba_assets.overview.html import as_html

        return as_html(found)
    if format_ == CoverageFormat.MARKDOWN:
        return terminal.as_markdown(found)
    table = StringIO()
    Console(file=table, width=terminal.full_width(found)).print(terminal.as_rich(found, found.tables))
    return "\n".join([unpadded(table.getvalue()), *terminal.below(found)])
