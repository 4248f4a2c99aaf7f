"""`verify`: run the checks of `verification` on the stored tables, and say what they found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Table

from nba_assets.api.asked import read_season
from nba_assets.cli import completion
from nba_assets.cli.console import (
    FAILED,
    AsFormat,
    Format,
    Quiet,
    UsageError,
    err,
    nothing_built,
    out,
    print_json,
)
from nba_assets.cli.place import opened
from nba_assets.cli.selection import required_dates
from nba_assets.engine.standing import record_altered
from nba_assets.league.calendar import season_days
from nba_assets.session import Session
from nba_assets.text import joined
from nba_assets.verification.report import Report, stored_seasons, verify_warehouse
from nba_assets.verification.season import CheckResult

_MOST_NAMED = 5


def verify(
    season: Annotated[
        str | None,
        typer.Argument(autocompletion=completion.season, help="The season, like 2021-22; default: all stored ones."),
    ] = None,
    quiet: Quiet = False,
    format: AsFormat = Format.TABLE,
) -> None:
    """Check the stored tables: identities, ranges, keys, published totals, recomputation and the leak test.

    Changes no table. Rows that are not those that were published are recorded in the ledger: STALE, and so is what was
    computed from them, until a repair. Exit status 0 only if every check passed.
    """
    session = opened(format, quiet=quiet)
    report = _verified(session, None if season is None else read_season(season), quiet=quiet)
    if format == Format.JSON:
        print_json(report.as_dict())
    elif not (quiet and report.passed):
        for name, results in report.results.items():
            out.print(_as_table(name, results))
    for name in report.altered_seasons:
        _record_altered(session, name)
    raise typer.Exit(0 if report.passed else FAILED)


def _verified(session: Session, season: str | None, *, quiet: bool) -> Report:
    """The report on one season, or on all that are stored."""
    stored = stored_seasons(session.warehouse)
    if not stored:
        raise nothing_built()
    if season is not None and season not in stored:
        required_dates(session, None, None, None, season)  # what has no partitions cannot be built, and says so
        raise UsageError(
            f"season {season} is not stored; stored: {', '.join(stored)}. Run: nba-assets backfill --season {season}"
        )
    seasons = stored if season is None else [season]
    with err.status("reading") as status:
        if quiet:
            status.stop()
        return verify_warehouse(
            session.warehouse,
            seasons,
            counting_types=session.counting_types,
            min_games={name: policy.min_games for name, policy in session.policies.items()},
            progress=lambda of, result: status.update(f"{of}: {result.name}"),
        )


def _record_altered(session: Session, season: str) -> None:
    """Make STALE what has other rows than were published, and say how to restore it."""
    altered = record_altered(session, season_days(season), found_by="verify")
    if altered:
        what = joined([*map(str, altered)], _MOST_NAMED)
        err.say(f"recorded as STALE, with what was computed from them: {what}. Next: nba-assets repair")


def _as_table(season: str, results: Sequence[CheckResult]) -> Table:
    """The results of a season for a terminal."""
    table = Table(title=f"Verification of {season}", title_justify="left")
    for heading in ("Check", "Result", "Examined", "Violations", "Examples and notes"):
        table.add_column(heading, justify="right" if heading in ("Examined", "Violations") else "left")
    for result in results:
        passed = "[green]passed[/]" if result.examined else "[yellow]not examined[/]"
        shown = passed if result.passed else "[red]FAILED[/]"
        details = "\n".join([*result.examples, *([result.note] if result.note else [])])
        table.add_row(result.name, shown, f"{result.examined:,}", f"{result.violations:,}", details)
    return table
