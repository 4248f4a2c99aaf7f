"""`coverage`: the matrix date × table, in the dress that is asked for."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from nba_assets.build.session import open_session
from nba_assets.cli.console import UsageError, all_history, err, errors_explained, out, read_range
from nba_assets.coverage import terminal
from nba_assets.coverage.matrix import Matrix, matrix


class CoverageFormat(StrEnum):
    """The dresses of the matrix."""

    TABLE = "table"
    MARKDOWN = "markdown"
    JSON = "json"
    HTML = "html"


def coverage(
    start: Annotated[str | None, typer.Argument(metavar="[START", help="First date; default: all history.")] = None,
    end: Annotated[str | None, typer.Argument(metavar="END]", help="Last date, inclusive.")] = None,
    format: Annotated[CoverageFormat, typer.Option("--format", help="table, markdown, json or html.")] = (
        CoverageFormat.TABLE
    ),
    file: Annotated[Path | None, typer.Option("--out", help="Write to this file instead of the terminal.")] = None,
) -> None:
    """Show which table has what for which date, and why not."""
    with errors_explained():
        session = open_session()
        if start and not end:
            raise UsageError("give START and END, or neither")
        days = read_range(session, start, end) if start and end else all_history(session)
        session.warehouse.prepare()
        found = matrix(session, days[0], days[-1])
        if format == CoverageFormat.TABLE and file is None:
            _print(found)
            return
        text = _text(found, format)
        if file is None:
            typer.echo(text)
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
            err.print(f"written: {file}", highlight=False)


def _print(found: Matrix) -> None:
    out.print(terminal.as_rich(found, width=out.width))
    out.print()
    out.print(terminal.legend(found), markup=False, highlight=False)
    for note in found.notes:
        out.print(note, markup=False, highlight=False)


def _text(found: Matrix, format_: CoverageFormat) -> str:
    if format_ == CoverageFormat.JSON:
        return terminal.as_json(found)
    if format_ == CoverageFormat.HTML:
        from nba_assets.coverage.html import as_html

        return as_html(found)
    return terminal.as_markdown(found)
