"""`nba-assets verify`: run the checks of `verification` on the user's own warehouse, and say what they found."""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from nba_assets.build.session import Session, open_session
from nba_assets.league.calendar import season_start_year
from nba_assets.settings import SettingsError
from nba_assets.verification.report import Report, stored_seasons, verify_warehouse
from nba_assets.verification.season import CheckResult
from nba_assets.warehouse.base import WarehouseError


class ReportFormat(StrEnum):
    """How the report is printed."""

    TABLE = "table"
    JSON = "json"


def verify(
    season: Annotated[str | None, typer.Argument(help="The season, like 2021-22; by default all stored ones.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress, and no report if all passed.")] = False,
    output: Annotated[ReportFormat, typer.Option("--format", help="How the report is printed.")] = ReportFormat.TABLE,
) -> None:
    """Check the stored tables: identities, ranges, keys, published totals, recomputation and the leak test.

    Reads the warehouse and writes nothing. Exit status 0 only if every check passed.
    """
    try:
        report = verify_stored(open_session(), season, quiet=quiet)
    except (SettingsError, WarehouseError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    if output is ReportFormat.JSON:
        typer.echo(json.dumps(report.as_dict(), indent=2))
    elif not report.results:
        typer.echo("Nothing is stored yet. Run: nba-assets backfill START END", err=True)
    elif not (quiet and report.passed):
        for name, results in report.results.items():
            Console().print(as_table(name, results))
    raise typer.Exit(0 if report.passed else 1)


def verify_stored(session: Session, season: str | None = None, *, quiet: bool = True) -> Report:
    """The report on one season, or on all that are stored."""
    if season is not None:
        _must_be_season(season)
    session.warehouse.prepare()
    seasons = stored_seasons(session.warehouse) if season is None else [season]
    with Console(stderr=True).status("reading") as status:
        if quiet:
            status.stop()
        return verify_warehouse(
            session.warehouse,
            seasons,
            counting_types=session.counting_types,
            min_games={name: policy.min_games for name, policy in session.policies.items()},
            told=lambda of, result: status.update(f"{of}: {result.name}"),
        )


def as_table(season: str, results: Sequence[CheckResult]) -> Table:
    """The results of a season for a terminal."""
    table = Table(title=f"Verification of {season}", title_justify="left")
    for heading in ("Check", "Result", "Examined", "Violations", "Examples and notes"):
        table.add_column(heading, justify="right" if heading in ("Examined", "Violations") else "left")
    for result in results:
        passed = "[yellow]not examined[/]" if result.passed and not result.examined else "[green]passed[/]"
        shown = passed if result.passed else "[red]FAILED[/]"
        details = "\n".join([*result.examples, *([result.note] if result.note else [])])
        table.add_row(result.name, shown, f"{result.examined:,}", f"{result.violations:,}", details)
    return table


def _must_be_season(season: str) -> None:
    try:
        season_start_year(season)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
