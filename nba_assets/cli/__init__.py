"""`nba-assets`: the command line. Each command parses, calls the room that does the work, prints, and exits."""

from __future__ import annotations

import gc
from typing import Annotated

import typer

from nba_assets import __version__
from nba_assets.cli.lazy import LazyGroup, Listed

COMMANDS = {
    "backfill": Listed(
        "nba_assets.cli.backfill:backfill",
        "Build everything that is missing in a range, with the relaxed thresholds of backfill mode.",
    ),
    "repair": Listed(
        "nba_assets.cli.backfill:repair",
        "Build what is missing, a gap, in error, blocked or stale; everything else is left alone.",
    ),
    "refresh": Listed(
        "nba_assets.cli.backfill:refresh",
        "Ask the source again for a range, and repair whatever depends on what has changed.",
    ),
    "unaccept": Listed(
        "nba_assets.cli.unaccept:unaccept",
        "Take back that gaps were accepted as they are: they are gaps again, and what is made of them waits.",
    ),
    "coverage": Listed("nba_assets.cli.coverage:coverage", "Show which table has what for which date, and why not."),
    "explain": Listed(
        "nba_assets.cli.explain:explain",
        "Explain one partition: its inputs, what is missing by name, and the command that repairs it.",
    ),
    "log": Listed(
        "nba_assets.cli.log:log",
        "Show the latest runs that Dagster has recorded, or what one of them has said: line by line, with its "
        "failures.",
    ),
    "impact": Listed(
        "nba_assets.cli.impact:impact",
        "Show which tables, dates and entities a late or corrected game touches; nothing is computed.",
    ),
    "verify": Listed(
        "nba_assets.cli.verify:verify",
        "Check the stored tables: identities, ranges, keys, published totals, recomputation and the leak test.",
    ),
    "fetch": Listed(
        "nba_assets.cli.fetch:fetch",
        "Get a season from stats.nba.com into the cache directory; what is there is not requested again.",
    ),
    "export": Listed(
        "nba_assets.cli.tables:export",
        "Write the rows of a range to a Parquet or CSV file; of the whole range, or with --partial of what is there.",
    ),
    "tables": Listed("nba_assets.cli.tables:tables", "List the tables with their keys, or the columns of one."),
    "migrate": Listed(
        "nba_assets.cli.migrate:migrate",
        "Compare stored tables with their contracts and apply what is safe; exit status 1 if something is left to you.",
    ),
    "doctor": Listed(
        "nba_assets.cli.doctor:doctor",
        "Show which settings count and where they come from, and whether all is well; exit status 1 if something is "
        "wrong.",
    ),
    "dev": Listed(
        "nba_assets.cli.dev:dev",
        "Start the Dagster UI with its daemon (schedules, sensors, automation) on this state.",
    ),
    "alerts": Listed("nba_assets.cli.alerts:alerts_app", "Alerts: try the transport, list what is open."),
}
"""Every command, in the order of the help. None of their modules is imported here."""


class _Commands(LazyGroup):
    listed = COMMANDS


app = typer.Typer(
    name="nba-assets",
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"nba-assets {__version__}")
        raise typer.Exit


@app.callback()
def nba_assets(
    _: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """NBA feature pipeline: no silent gap, no leak, no waste."""


def main() -> None:
    """The console script."""
    # What imports have made lives as long as the command: looking through it for garbage repeatedly takes
    # a tenth of a backfill. So it is set aside as soon as the command is imported.
    gc.set_threshold(50_000, 20, 20)
    app(obj=gc.freeze)
