"""`log`: which runs Dagster has recorded here, and what one of them has said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nba_assets.cli.console import (
    AsFormat,
    Format,
    UsageError,
    out,
    print_json,
)
from nba_assets.cli.place import opened
from nba_assets.settings import Settings
from nba_assets.text import joined, near, span

if TYPE_CHECKING:
    from nba_assets.orchestration.run_log import Line, Run

_LATEST = 20
_MOST_FAILED = 2


def log(
    run: Annotated[
        str | None, typer.Argument(metavar="[RUN]", help="Id of a run, or its beginning; default: the latest runs.")
    ] = None,
    last: Annotated[int, typer.Option("--last", metavar="N", min=1, help="So many of the latest runs.")] = _LATEST,
    format: AsFormat = Format.TABLE,
) -> None:
    """Show the latest runs that Dagster has recorded, or what one of them has said: line by line, with its failures.

    A backfill makes a run of each table, and of each stretch of dates.
    """
    settings = opened(format).settings
    if run is None:
        _show_runs(settings, last, format)
    else:
        _show_lines(settings, run, format)


def _show_runs(settings: Settings, number: int, format_: Format) -> None:
    from nba_assets.orchestration.instance import read_instance
    from nba_assets.orchestration.run_log import latest_runs

    with read_instance(settings) as instance:
        runs = latest_runs(instance, number) if instance else []
    if format_ == Format.JSON:
        print_json({"runs": [_run_as_dict(one) for one in runs]})
    elif runs:
        _print_runs(runs)
    else:
        out.say(_no_runs(settings))


def _show_lines(settings: Settings, beginning: str, format_: Format) -> None:
    from nba_assets.orchestration.instance import read_instance
    from nba_assets.orchestration.run_log import UnknownRunError, lines_of, run_named

    with read_instance(settings) as instance:
        if instance is None:
            raise UsageError(_no_runs(settings))
        try:
            run = run_named(instance, beginning)
        except UnknownRunError as error:
            raise UsageError(str(error)) from error
        lines = lines_of(instance, run.run_id)
    if format_ == Format.JSON:
        print_json({"run": _run_as_dict(run), "lines": [_line_as_dict(line) for line in lines]})
    else:
        _print_lines(run, lines)


def _no_runs(settings: Settings) -> str:
    return f"no run has been recorded in {near(settings.dagster_home)} yet"


def _print_runs(runs: Sequence[Run]) -> None:
    for run in runs:
        out.say(f"{run.short}  {_moment(run.started_at)}  {run.status:7s}  {_in_words(run)}")
        if run.failed:
            out.say(f"          failed: {joined(run.failed, _MOST_FAILED)}")
    out.say("Times are UTC. What one of them has said: nba-assets log RUN")


def _print_lines(run: Run, lines: Sequence[Line]) -> None:
    took = "" if run.seconds is None else f", {run.seconds:.1f} s"
    out.say(f"run {run.run_id}: {_in_words(run)}")
    out.say(f"{run.status}{took}, started {_moment(run.started_at)} UTC")
    for line in lines:
        out.say(f"{line.at:%H:%M:%S} {line.level} {_sentence(line)}")
    if not lines:
        out.say("it has said nothing")


def _sentence(line: Line) -> str:
    """What it is about, unless it says so itself, and what is said."""
    about = " ".join(str(one) for one in (line.table, line.day) if one)
    return line.text if line.text.startswith(about) else f"{about}: {line.text}"


def _in_words(run: Run) -> str:
    """ "raw_shots 2021-11-01 … 2021-11-30, by backfill cli-f631b255" """
    dates = "" if run.dates is None else f" {span(*run.dates)}"
    return f"{run.what}{dates}, by {run.started_by}"


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def _run_as_dict(run: Run) -> dict[str, Any]:
    return asdict(run) | {
        "started_at": run.started_at.isoformat(timespec="milliseconds"),
        "seconds": None if run.seconds is None else round(run.seconds, 1),
        "failed": [{"table": partition.table, "date": str(partition.day)} for partition in run.failed],
    }


def _line_as_dict(line: Line) -> dict[str, Any]:
    day = None if line.day is None else str(line.day)
    at = line.at.isoformat(timespec="milliseconds")
    return {"at": at, "level": line.level, "table": line.table, "date": day, "text": line.text}
