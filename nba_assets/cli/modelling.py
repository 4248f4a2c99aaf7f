"""What the commands for those who train share: options, a reader that speaks of them, and how a result is given."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from nba_assets.api.nulls import NoWholeRowWarning
from nba_assets.api.reader import OutOfDateWarning, Reader
from nba_assets.api.standing import Missing
from nba_assets.cli.console import Format, UsageError, err, out, print_json, require_place, written
from nba_assets.cli.place import opened
from nba_assets.evaluation.drift import Drift
from nba_assets.evaluation.evaluate import Evaluation

Label = Annotated[
    str, typer.Option("--label", help="A column of player_game_summary, or a sum like points+rebounds+assists.")
]
Features = Annotated[
    str | None, typer.Option("--features", metavar="A,B,…", help="Of the feature store; default: its vector.")
]
Partial = Annotated[bool, typer.Option("--partial", help="Take what is there, though dates are not.")]

_PAGES = (".html", ".htm")


def missing(partial: bool) -> Missing:
    """What --partial means to the API."""
    return "skip" if partial else "error"


@contextmanager
def reading(format_: Format | None = None, *, quiet: bool) -> Iterator[Reader]:
    """A reader of the place, after its first line; what it warns of is said in lines on standard error."""
    session = opened(format_, quiet=quiet)
    with warnings.catch_warnings(record=True) as caught:
        for category in (OutOfDateWarning, NoWholeRowWarning):
            warnings.simplefilter("always", category)
        try:
            yield Reader(session.settings, skipped_by="--partial")
        finally:
            for warning in caught:
                err.say("warning:", warning.message)


def require_page(file: Path | None) -> None:
    """UsageError unless the file of --out, if there is one, can be there, and by its name is a page."""
    if file is None:
        return
    require_place(file)
    if file.suffix.lower() not in _PAGES:
        raise UsageError(f"--out {file}: a page is written; give it a name like page.html. Its numbers: --format json")


def give(found: Drift | Evaluation, file: Path | None, format_: Format, *, quiet: bool) -> None:
    """Write the page, if one is wanted, and print the result."""
    if file is not None:
        with written(file) as part:
            found.write(part)
    if format_ == Format.JSON:
        print_json(found.as_dict())
    elif not quiet:
        out.say(repr(found))
    if file is not None and not quiet:
        err.say(f"written to {file}")
