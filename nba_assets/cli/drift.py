"""`drift`: whether what a model meets now is what it has learned from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from nba_assets.cli import completion
from nba_assets.cli.console import FAILED, AsFormat, Format, Quiet, err
from nba_assets.cli.modelling import Features, Partial, give, missing, reading, require_page
from nba_assets.cli.selection import listed_in


def _seasons(name: str, help_: str) -> Any:
    return typer.Option(name, metavar="A,B,…", autocompletion=completion.season, help=help_)


def drift(
    baseline: Annotated[str, _seasons("--baseline", "The seasons to compare with, like 2022-23.")],
    current: Annotated[str, _seasons("--current", "The seasons that are compared.")],
    features: Features = None,
    partial: Partial = False,
    check: Annotated[bool, typer.Option("--check", help="Exit status 1 if a feature has drifted.")] = False,
    file: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write a page with the distributions, like drift.html.")
    ] = None,
    quiet: Quiet = False,
    format: AsFormat = Format.TABLE,
) -> None:
    """Compare the features of some seasons with those of others: NULLs, means, and how far apart they lie.

    psi is the population stability index over deciles of the baseline. Below 0.1 a feature is stable.

    It has drifted from NBA_DRIFT_PSI (0.25) on, or if its NULLs differ by more than NBA_DRIFT_NULL_SHARE (0.1).

    NBA_DRIFT_BASELINE counts in Dagster alone, not here.
    """
    require_page(file)
    with reading(format, quiet=quiet) as reader:
        found = reader.drift(
            baseline=listed_in(baseline) or (),
            current=listed_in(current) or (),
            features=listed_in(features),
            missing=missing(partial),
        )
    give(found, file, format, quiet=quiet)
    if check and found.drifted:
        err.say(f"error: drifted: {', '.join(found.drifted)}")
        raise typer.Exit(FAILED)
