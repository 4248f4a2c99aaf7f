"""`nba-assets fetch`: bring a season from stats.nba.com into the cache, and say how it went.

How it is fetched is the business of `sources.nba_api`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, TaskID, TextColumn
from rich.progress import Progress as ProgressDisplay
from rich.table import Table

from nba_assets.api.asked import read_season
from nba_assets.cli import completion
from nba_assets.cli.console import (
    FAILED,
    TEMPORARY,
    AsFormat,
    Format,
    UsageError,
    Verbose,
    err,
    more_said,
    out,
    print_json,
)
from nba_assets.cli.place import say_place
from nba_assets.cli.selection import season_option
from nba_assets.league.calendar import EASTERN, season_of
from nba_assets.settings import Settings, load_settings
from nba_assets.sources.base import SourceError
from nba_assets.sources.nba_api.cut_off import CutOffError
from nba_assets.sources.nba_api.fetch import FetchIncompleteError, FetchProgress, FetchReport, fetch_season
from nba_assets.sources.registry import SOURCES
from nba_assets.text import joined

DEFAULT_REFRESH_DAYS = 3
CURRENT = "current"


def fetch(
    season: Annotated[
        str | None, typer.Argument(autocompletion=completion.season, help="The season, like 2021-22, or current.")
    ] = None,
    named: Annotated[str | None, season_option("The same; current is the one that is running.")] = None,
    refresh: Annotated[
        bool, typer.Option("--refresh", help=f"Read the last {DEFAULT_REFRESH_DAYS} game dates again.")
    ] = False,
    refresh_days: Annotated[
        int | None, typer.Option(min=1, help="Read so many of the last days again; implies --refresh.")
    ] = None,
    patient: Annotated[
        bool,
        typer.Option(
            "--patient",
            help="If the site cuts this address off, wait 5 minutes, then 10, 20, 40, 60, 60, …, and go on until done.",
        ),
    ] = False,
    quiet: Annotated[
        bool,
        typer.Option(
            "--quiet", "-q", help="No progress, and no report if all went well: only what is not coming any more."
        ),
    ] = False,
    verbose: Verbose = False,
    format: AsFormat = Format.TABLE,
) -> None:
    """Get a season from stats.nba.com into the cache directory; what is there is not requested again.

    Exit status 0 only if everything that the schedule calls finished is in the cache, but for what is missing of games
    past the late limit, which is named. Run again to go on; after exit
    status 75, when the site has cut this address off, not before the time that is named.
    """
    if refresh and refresh_days is None:
        refresh_days = DEFAULT_REFRESH_DAYS
    with more_said(verbose, quiet=quiet):
        settings = load_settings()
        say_place(SOURCES["nba_api"].in_words(settings), format, quiet=quiet)
        wanted = _one_season(season, named, settings.clock().astimezone(EASTERN).date())
        outcome = _fetch(wanted, settings, refresh_days=refresh_days, patient=patient, quiet=quiet)
    complete = outcome["complete"]
    if format == Format.JSON:
        print_json(outcome)
    elif not (quiet and complete):
        out.print(_as_table(outcome))
    for problem in (*outcome["problems"], *outcome.get("late", ())):
        err.say(problem)
    raise typer.Exit(0 if complete else TEMPORARY if "cut_off_until" in outcome else FAILED)


def _one_season(argument: str | None, option: str | None, today: date) -> str:
    """The season that was named in one way or the other."""
    names = [name for name in (argument, option) if name is not None]
    if len(names) != 1:
        raise UsageError("name one season: nba-assets fetch 2021-22, or nba-assets fetch --season current")
    return season_of(today) if names[0] == CURRENT else read_season(names[0])


def _fetch(season: str, settings: Settings, *, refresh_days: int | None, patient: bool, quiet: bool) -> dict[str, Any]:
    """What is to be reported, also of a fetch that failed."""
    outcome: dict[str, Any] = {"season": season, "cache": str(settings.cache_dir)}
    live = settings.nba_api()
    try:
        with _display(season, quiet=quiet) as display:
            report = fetch_season(
                season,
                live,
                now=settings.clock,
                refresh_days=refresh_days,
                progress=display.show,
                patience=display.wait if patient else None,
            )
    except SourceError as error:
        return outcome | _as_failure(season, error)
    return outcome | _as_dict(report)


def _as_dict(report: FetchReport) -> dict[str, Any]:
    numbers = asdict(report)
    shortcomings = numbers.pop("shortcomings")
    return numbers | {
        "complete": True,
        "problems": [],
        "late": [f"{what}; not coming any more" for what in shortcomings],
    }


def _as_failure(season: str, error: SourceError) -> dict[str, Any]:
    failure: dict[str, Any] = {"complete": False, "problems": [str(error)]}
    if isinstance(error, FetchIncompleteError):
        failure["missing_dates"] = error.dates
    elif isinstance(error, CutOffError):
        failure["problems"] = [f"{season}: nothing was fetched, not even the schedule: {error}"]
    if isinstance(error, CutOffError):
        failure["cut_off_until"] = error.until
    return failure


@dataclass(frozen=True)
class _Display:
    """Progress, and the time left of a wait, on standard error."""

    progress: ProgressDisplay
    bar: TaskID

    def show(self, so_far: FetchProgress) -> None:
        """How far it is."""
        self.progress.update(
            self.bar,
            completed=so_far.calls_done,
            total=so_far.calls_total,
            games=f"{so_far.games_done}/{so_far.games_total}",
            left=_time_left(so_far),
        )

    def wait(self, error: CutOffError) -> None:
        """Sleep until the site may be asked again, and say so unless nothing is shown; Control-C ends the command."""
        if not self.progress.disable:
            until = f"{error.until:%H:%M:%S}"
            err.say(f"cut off ({error.why}): waiting until {until}, then going on; what was fetched is kept")
        while (seconds := (error.until - datetime.now(UTC)).total_seconds()) > 0:
            self.progress.update(self.bar, left=f"cut off, next call in {_minutes(seconds)}")
            time.sleep(min(seconds, 1.0))


@contextmanager
def _display(season: str, *, quiet: bool) -> Iterator[_Display]:
    """What shows progress on standard error, so that standard output is the report alone."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[games]} games, {task.completed:.0f}/{task.total:.0f} calls, {task.fields[left]}"),
    )
    with ProgressDisplay(*columns, console=err, disable=quiet) as progress:
        yield _Display(progress, progress.add_task(season, total=0, games="0", left="reading the schedule"))


def _time_left(so_far: FetchProgress) -> str:
    if so_far.calls_done == so_far.calls_total:
        return "done"
    if so_far.seconds_left is None:
        return "starting"
    return f"{_minutes(so_far.seconds_left)} left"


def _minutes(seconds: float) -> str:
    """ "4:05" """
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


def _as_table(outcome: dict[str, Any]) -> Table:
    # Whether the rows are whole is for the audit to say, which this command does not ask.
    state = "every finished game is fetched" if outcome["complete"] else "INCOMPLETE"
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
