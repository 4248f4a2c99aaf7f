"""`training-set`: features and outcomes as files, with a manifest by which they can be made again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from nba_assets.api.training import TrainingSet
from nba_assets.api.training_files import require_directory
from nba_assets.cli.console import FAILED, Quiet, UsageError, err, not_written, out
from nba_assets.cli.modelling import Features, Label, Partial, missing, reading
from nba_assets.cli.selection import listed_in

_POINTS, _BY_SEASON = "points", "season"


def training_set(
    directory: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="A new directory, or that of an older set.")
    ] = None,
    label: Label = _POINTS,
    features: Features = None,
    seasons: Annotated[
        str | None,
        typer.Option("--seasons", metavar="A,B,…", help="Like 2021-22,2022-23; default: all built."),
    ] = None,
    split: Annotated[
        str,
        typer.Option(
            "--split", metavar="season|DATE[,DATE]", help="By season, or where validation and test, or test, begin."
        ),
    ] = _BY_SEASON,
    keep: Annotated[bool, typer.Option("--keep-not-played", help="Keep who did not play, without a label.")] = False,
    partial: Partial = False,
    manifest: Annotated[
        Path | None, typer.Option("--manifest", metavar="FILE", help="Make that set again, or see what has changed.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Write what was known before each game, joined to what became of it, as train, validation and test.

    With --manifest the set is made again as it was asked for then: exit status 1, a list of what has changed since, and
    nothing is written, if it comes out otherwise. Without --out it is only looked at.
    """
    if manifest is None and directory is None:
        raise UsageError("say where: --out DIR; or which set to look at: --manifest FILE")
    if manifest is not None and ((label, split) != (_POINTS, _BY_SEASON) or features or seasons or keep or partial):
        raise UsageError("--manifest says what the set is made of: give it alone, or with --out")
    if directory is not None:
        with _may_be_refused(directory):
            require_directory(directory)
    with reading(quiet=quiet) as reader:
        made = reader.training_set(
            features=listed_in(features),
            label=label,
            seasons=listed_in(seasons),
            split=split if split == _BY_SEASON else listed_in(split) or (),
            not_played="keep" if keep else "drop",
            missing=missing(partial),
            manifest=manifest,
        )
    _finish(made, directory, is_repeated=manifest is not None, quiet=quiet)


def _finish(made: TrainingSet, directory: Path | None, *, is_repeated: bool, quiet: bool) -> None:
    if made.changes:
        err.say("error: the set comes out otherwise than its manifest says; nothing is written")
        raise typer.Exit(FAILED)
    if directory is not None:
        with _may_be_refused(directory):
            made.write(directory)
    if not quiet:
        out.say(repr(made))
        said = [f"written to {directory}"] if directory else []
        err.say(", ".join([*said, *(["the rows are those of the manifest"] if is_repeated else [])]))


@contextmanager
def _may_be_refused(directory: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise not_written(directory, error) from error
