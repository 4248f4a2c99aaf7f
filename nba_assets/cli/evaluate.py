"""`evaluate`: what the features are worth to a model, and whether one of them knows the result."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from nba_assets.cli.console import FAILED, AsFormat, Format, Quiet, UsageError, err
from nba_assets.cli.modelling import Features, Label, Partial, give, missing, reading, require_page
from nba_assets.cli.selection import listed_in
from nba_assets.sources.parquet import read_parquet
from nba_assets.text import counted


def evaluate(
    label: Label = "points",
    features: Features = None,
    seasons: Annotated[
        str | None,
        typer.Option("--seasons", metavar="A,B,…", help="The last one tests; default: all built."),
    ] = None,
    extra: Annotated[
        Path | None,
        typer.Option("--extra", metavar="FILE", help="A Parquet file with features of yours: game_date, player_id, …"),
    ] = None,
    starters: Annotated[bool, typer.Option("--with-starters", help="The features know who starts.")] = False,
    partial: Partial = False,
    file: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write a page with plots, like evaluation.html.")
    ] = None,
    quiet: Quiet = False,
    format: AsFormat = Format.TABLE,
) -> None:
    """Train two plain models on all seasons but the last, and measure them on it beside simple means.

    Mean absolute errors and their ratios to the mean of the last ten games, by population, month and role; which
    features count; and alarms for features that know the result: with one, the exit status is 1.
    """
    require_page(file)
    given = None if extra is None else _read(extra)
    with reading(format, quiet=quiet) as reader, err.status("reading") as status:
        if quiet:
            status.stop()
        found = reader.evaluate(
            label=label,
            features=listed_in(features),
            seasons=listed_in(seasons),
            known="starters" if starters else "morning",
            extra=given,
            missing=missing(partial),
            progress=status.update,
        )
    give(found, file, format, quiet=quiet)
    if found.alarms:
        signs = counted(len(found.alarms), "sign")
        err.say(f"error: {signs} that a feature knows the result: {'; '.join(found.alarms)}")
        raise typer.Exit(FAILED)


def _read(file: Path) -> pd.DataFrame:
    if not file.is_file():
        what = "it is a directory" if file.is_dir() else "there is no such file"
        raise UsageError(f"--extra {file}: cannot be read as Parquet: {what}")
    try:
        return read_parquet(file)
    except (OSError, ValueError) as error:
        raise UsageError(f"--extra {file}: cannot be read as Parquet: {error}") from error
