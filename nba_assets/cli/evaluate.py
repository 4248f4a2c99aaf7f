"""`evaluate`: what the features are worth to a model, and whether one of them knows the result."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from nba_assets.api.reader import Reader
from nba_assets.cli.api_warnings import warnings_told
from nba_assets.cli.console import (
    FAILED,
    AsFormat,
    Format,
    Quiet,
    UsageError,
    err,
    out,
    print_json,
    require_place,
    written,
)
from nba_assets.cli.place import opened
from nba_assets.cli.selection import listed_in
from nba_assets.evaluation.evaluate import Evaluation
from nba_assets.evaluation.leaks import Known
from nba_assets.settings import load_settings
from nba_assets.sources.parquet import read_parquet
from nba_assets.text import counted


def evaluate(
    label: Annotated[
        str, typer.Option("--label", help="A column of player_game_summary, or a sum like points+rebounds+assists.")
    ] = "points",
    features: Annotated[
        str | None, typer.Option("--features", metavar="A,B,…", help="Of the feature store; default: its vector.")
    ] = None,
    seasons: Annotated[
        str | None,
        typer.Option("--seasons", metavar="A,B,…", help="The last one tests; default: all built."),
    ] = None,
    extra: Annotated[
        Path | None,
        typer.Option("--extra", metavar="FILE", help="A Parquet file with features of yours: game_date, player_id, …"),
    ] = None,
    starters: Annotated[bool, typer.Option("--with-starters", help="The features know who starts.")] = False,
    partial: Annotated[bool, typer.Option("--partial", help="Take what is there, though dates are not.")] = False,
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
    if file is not None:
        require_place(file)
    known: Known = "starters" if starters else "morning"
    given = None if extra is None else _read(extra)
    opened(format, quiet=quiet)
    with warnings_told(), err.status("reading") as status:
        if quiet:
            status.stop()
        found = Reader(load_settings(), skipped_by="--partial").evaluate(
            label=label,
            features=listed_in(features),
            seasons=listed_in(seasons),
            known=known,
            extra=given,
            missing="skip" if partial else "error",
            progress=status.update,
        )
    _finish(found, file, quiet=quiet, format_=format)


def _read(file: Path) -> pd.DataFrame:
    try:
        return read_parquet(file)
    except (OSError, ValueError) as error:
        raise UsageError(f"--extra {file}: cannot be read as Parquet: {error}") from error


def _finish(found: Evaluation, file: Path | None, *, quiet: bool, format_: Format) -> None:
    if file is not None:
        with written(file) as part:
            found.write(part)
    if format_ == Format.JSON:
        print_json(found.as_dict())
    elif not quiet:
        out.say(repr(found))
    if file is not None and not quiet:
        err.say(f"written to {file}")
    if found.alarms:
        err.say(
            f"error: {counted(len(found.alarms), 'sign')} that a feature knows the result: {'; '.join(found.alarms)}"
        )
        raise typer.Exit(FAILED)
