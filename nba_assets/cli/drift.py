"""`drift`: whether what a model meets now is what it has learned from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nba_assets.api.reader import Reader
from nba_assets.cli import completion
from nba_assets.cli.api_warnings import warnings_told
from nba_assets.cli.console import FAILED, AsFormat, Format, Quiet, err, out, print_json, require_place, written
from nba_assets.cli.place import opened
from nba_assets.cli.selection import listed_in
from nba_assets.evaluation.models import require_extra
from nba_assets.settings import load_settings


def _seasons(name: str, help_: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(
        name, metavar="A,B,…", autocompletion=completion.season, help=help_, show_default=False
    )
    return option


def drift(
    baseline: Annotated[str, _seasons("--baseline", "The seasons to compare with, like 2022-23.")],
    current: Annotated[str, _seasons("--current", "The seasons that are compared.")],
    features: Annotated[
        str | None, typer.Option("--features", metavar="A,B,…", help="Of the feature store; default: its vector.")
    ] = None,
    partial: Annotated[bool, typer.Option("--partial", help="Take what is there, though dates are not.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Exit status 1 if a feature has drifted.")] = False,
    file: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write a page with the distributions, like drift.html.")
    ] = None,
    quiet: Quiet = False,
    format: AsFormat = Format.TABLE,
) -> None:
    """Compare the features of some seasons with those of others: NULLs, means, and how far apart they lie.

    psi is the population stability index over deciles of the baseline: by custom stable below 0.1, another distribution
    from 0.25 on.
    """
    if file is not None:
        require_place(file)
        require_extra()
    opened(format, quiet=quiet)
    with warnings_told():
        found = Reader(load_settings(), skipped_by="--partial").drift(
            baseline=listed_in(baseline) or (),
            current=listed_in(current) or (),
            features=listed_in(features),
            missing="skip" if partial else "error",
        )
    if file is not None:
        with written(file) as part:
            found.write(part)
    if format == Format.JSON:
        print_json(found.as_dict())
    elif not quiet:
        out.say(repr(found))
    if file is not None and not quiet:
        err.say(f"written to {file}")
    if check and found.drifted:
        err.say(f"error: drifted: {', '.join(found.drifted)}")
        raise typer.Exit(FAILED)
