"""`nba-assets fetch`: bring a season from stats.nba.com into the cache, and say how it went.

How it is fetched is the business of `sources.nba_api`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as ProgressDisplay
from rich.table import Table

from nba_assets.cli.console import FAILED, AsFormat, Format, err, errors_explained, out, print_json, read_season
from nba_assets.settings import load_settings
from nba_assets.sources.base import SourceError
from nba_assets.sources.nba_api.fetch import FetchIncompleteError, FetchProgress, FetchReport, Progress, fetch_season
from nba_assets.sources.nba_api.settings import NbaApiSettings
from nba_assets.text import joined

DEFAULT_REFRESH_DAYS = 3


def fetch(
    season: Annotated[str, typer.Argument(help="The season, like 2021-22.")],
    refresh: Annotated[
        bool, typer.Option("--refresh", help=f"Read the last {DEFAULT_REFRESH_DAYS} game dates again.")
    ] = False,
    refresh_days: Annotated[
        int | None, typer.Option(min=1, help="Read so many of the last days again; implies --refresh.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress, and no report if all went well.")] = False,
    format: AsFormat = Format.TABLE,
) -> None:
    """Get a season from stats.nba.com into the cache directory; what is there is not requested again.

    Exit status 0 only if everything that the schedule calls finished is in the cache. Run again to go on.
    """
    if refresh and refresh_days is None:
        refresh_days = DEFAULT_REFRESH_DAYS
    with errors_explained():
        settings = load_settings().nba_api()
        outcome = _fetch(read_season(season), settings, refresh_days=refresh_days, quiet=quiet)
    complete = outcome["complete"]
    if format == Format.JSON:
        print_json(outcome)
    elif not (quiet and complete):
        out.print(_as_table(outcome))
        for problem in outcome["problems"]:
            err.say(problem)
    raise typer.Exit(0 if complete else FAILED)


def _fetch(season: str, settings: NbaApiSettings, *, refresh_days: int | None, quiet: bool) -> dict[str, Any]:
    """What is to be reported, also of a fetch that failed."""
    outcome: dict[str, Any] = {"season": season, "cache": str(settings.cache_dir)}
    try:
        with _display(season, quiet=quiet) as progress:
            report = fetch_season(season, settings, refresh_days=refresh_days, progress=progress)
    except FetchIncompleteError as error:
        return outcome | {"complete": False, "problems": [str(error)], "missing_dates": error.dates}
    except SourceError as error:
        return outcome | {"complete": False, "problems": [str(error)]}
    return outcome | _as_dict(report)


def _as_dict(report: FetchReport) -> dict[str, Any]:
    numbers = asdict(report)
    shortcomings = numbers.pop("shortcomings")
    return numbers | {"complete": not shortcomings, "problems": list(shortcomings)}


@contextmanager
def _display(season: str, *, quiet: bool) -> Iterator[Progress]:
    """What shows progress on standard error, so that standard output is the report alone."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[games]} games, {task.completed:.0f}/{task.total:.0f} calls, {task.fields[left]}"),
    )
    with ProgressDisplay(*columns, console=err, disable=quiet) as display:
        bar = display.add_task(season, total=0, games="0", left="reading the schedule")

        def show(so_far: FetchProgress) -> None:
            display.update(
                bar,
                completed=so_far.calls_done,
                total=so_far.calls_total,
                games=f"{so_far.games_done}/{so_far.games_total}",
                left=_time_left(so_far),
            )

        yield show


def _time_left(so_far: FetchProgress) -> str:
    if so_far.calls_done == so_far.calls_total:
        return "done"
    if so_far.seconds_left is None:
        return "starting"
    minutes, seconds = divmod(round(so_far.seconds_left), 60)
    return f"{minutes}:{seconds:02d} left"


def _as_table(outcome: dict[str, Any]) -> Table:
    state = "complete" if outcome["complete"] else "INCOMPLETE"
    table = Table(title=f"{outcome['season']}: {state}", show_header=False)
    for name in ("games", "calls", "cache"):
        if name in outcome:
            table.add_row(name, str(outcome[name]))
    if "seconds" in outcome:
        table.add_row("seconds", f"{outcome['seconds']:.1f}")
    for name in ("changed_games", "missing_dates"):
        if outcome.get(name):
            table.add_row(name.replace("_", " "), joined(outcome[name], 10))
    return table
