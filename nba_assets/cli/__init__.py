"""`nba-assets`: the command line. Each command parses, calls the room that does the work, prints, and exits."""

from __future__ import annotations

import gc
import os
import sys
from enum import StrEnum
from io import TextIOWrapper
from typing import Annotated

import typer

from nba_assets import __version__
from nba_assets.cli.lazy import LazyGroup, Listed

_PUBLISHED = "what was finished is published"

COMMANDS = {
    "backfill": Listed(
        "nba_assets.cli.backfill:backfill",
        "Build everything that is missing in a range, with the relaxed thresholds of backfill mode.",
        (
            "backfill 2021-10-19 2021-11-30",
            "backfill --season 2021-22 --dry-run",
            "backfill --last 3 --select +MLFS",
        ),
        _PUBLISHED,
    ),
    "repair": Listed(
        "nba_assets.cli.backfill:repair",
        "Build what is missing, a gap, in error, blocked or stale; everything else is left alone.",
        (
            "repair",
            "repair 2021-11-08 2021-11-10 --diff",
            "repair --last 7 --tables TBOX,PBOX --dry-run",
        ),
        _PUBLISHED,
    ),
    "refresh": Listed(
        "nba_assets.cli.backfill:refresh",
        "Ask the source again for a range, and repair whatever depends on what has changed.",
        (
            "refresh 2021-11-08 2021-11-08",
            "refresh --last 3 --diff",
        ),
        _PUBLISHED,
    ),
    "unaccept": Listed(
        "nba_assets.cli.unaccept:unaccept",
        "Take back that gaps were accepted as they are: they are gaps again, and what is made of them waits.",
        (
            "unaccept 2021-11-08 2021-11-08",
            "unaccept --season 2021-22 --tables raw_team_boxscores",
        ),
    ),
    "coverage": Listed(
        "nba_assets.cli.coverage:coverage",
        "Show which table has what for which date, and why not.",
        (
            "coverage 2021-11-01 2021-11-30",
            "coverage --season 2021-22 --out coverage.html",
            "coverage --last 7 --check --allow DEGRADED",
        ),
    ),
    "explain": Listed(
        "nba_assets.cli.explain:explain",
        "Explain one partition: its inputs, what is missing by name, and the command that repairs it.",
        (
            "explain MLFS 2021-11-10",
            "explain raw_team_boxscores 2021-11-08 --format json",
        ),
    ),
    "log": Listed(
        "nba_assets.cli.log:log",
        "Show the latest runs that Dagster has recorded, or what one of them has said: line by line, with its "
        "failures.",
        (
            "log",
            "log 1c4f7d20",
            "log --last 100 --format json",
        ),
    ),
    "impact": Listed(
        "nba_assets.cli.impact:impact",
        "Show which tables, dates and entities a late or corrected game touches; nothing is computed.",
        (
            "impact 0022100147",
            "impact 0022100147 --format json",
        ),
    ),
    "verify": Listed(
        "nba_assets.cli.verify:verify",
        "Check the stored tables: identities, ranges, keys, published totals, recomputation and the leak test.",
        (
            "verify",
            "verify 2021-22 --format json",
        ),
    ),
    "fetch": Listed(
        "nba_assets.cli.fetch:fetch",
        "Get a season from stats.nba.com into the cache directory; what is there is not requested again.",
        (
            "fetch 2024-25",
            "fetch current --refresh",
            "fetch 2024-25 --patient --quiet",
        ),
        "what was fetched is in the cache",
    ),
    "export": Listed(
        "nba_assets.cli.tables:export",
        "Write the rows of a range to a Parquet or CSV file; of the whole range, or with --partial of what is there.",
        (
            "export MLFS 2021-11-01 2021-11-30 --out features.parquet",
            "export PGS --season 2021-22 --partial --out games.csv",
        ),
    ),
    "training-set": Listed(
        "nba_assets.cli.training:training_set",
        "Write what was known before each game, joined to what became of it, as train, validation and test.",
        (
            "training-set --out points",
            "training-set --label points+rebounds+assists --seasons 2021-22,2022-23,2023-24 --out pra",
            "training-set --seasons 2023-24 --split 2024-02-01,2024-03-15 --out one_season",
            "training-set --manifest points/manifest.json",
        ),
    ),
    "evaluate": Listed(
        "nba_assets.cli.evaluate:evaluate",
        "Train two plain models on all seasons but the last, and measure them on it beside simple means.",
        (
            "evaluate",
            "evaluate --seasons 2021-22,2022-23,2023-24 --out evaluation.html",
            "evaluate --label rebounds --extra mine.parquet --format json",
        ),
    ),
    "drift": Listed(
        "nba_assets.cli.drift:drift",
        "Compare the features of some seasons with those of others: NULLs, means, and how far apart they lie.",
        (
            "drift --baseline 2022-23 --current 2023-24",
            "drift --baseline 2021-22,2022-23 --current 2023-24 --check --out drift.html",
        ),
    ),
    "tables": Listed(
        "nba_assets.cli.tables:tables",
        "List the tables with their keys, or the columns of one.",
        (
            "tables",
            "tables MLFS",
        ),
    ),
    "migrate": Listed(
        "nba_assets.cli.migrate:migrate",
        "Compare stored tables with their contracts and apply what is safe; exit status 1 if something is left to you.",
        (
            "migrate --dry-run",
            "migrate",
        ),
    ),
    "reinstate": Listed(
        "nba_assets.cli.reinstate:reinstate",
        "Show the ledger's state in Dagster again, where it is lost; files that are damaged are set aside for new "
        "ones.",
        (
            "reinstate",
            "reinstate --anew",
        ),
    ),
    "doctor": Listed(
        "nba_assets.cli.doctor:doctor",
        "Show which settings count and where they come from, and whether all is well; exit status 1 if something is "
        "wrong.",
        (
            "doctor",
            "doctor --online --format json",
        ),
    ),
    "dev": Listed(
        "nba_assets.cli.dev:dev",
        "Start the Dagster UI with its daemon (schedules, sensors, automation) on this state.",
        (
            "dev",
            "dev --port 3030 --host 0.0.0.0",
        ),
    ),
    "alerts": Listed(
        "nba_assets.cli.alerts:alerts_app",
        "Alerts: try every channel, list what is open.",
        (
            "alerts test",
            "alerts list",
            "alerts list --all --format json",
        ),
    ),
}
"""Every command, in the order of the help. None of their modules is imported here."""

NAME = "nba-assets"
_COMPLETE = "_NBA_ASSETS_COMPLETE"
"""What a shell sets that asks for completions."""


class Shell(StrEnum):
    """A shell that completes."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


class _Commands(LazyGroup):
    listed = COMMANDS


app = typer.Typer(
    name=NAME,
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"nba-assets {__version__}")
        raise typer.Exit


def _install_completion(shell: Shell | None) -> None:
    if shell is None:
        return
    from typer._completion_shared import install  # the options that Typer adds itself guess the shell, and may fail to

    try:
        _, file = install(shell=shell, prog_name=NAME, complete_var=_COMPLETE)
    except (OSError, UnicodeError) as error:
        typer.echo(f"error: completion cannot be installed: {error}", err=True)
        raise typer.Exit(1) from error
    typer.echo(f"installed in {file}; new shells complete")
    raise typer.Exit


def _show_completion(shell: Shell | None) -> None:
    if shell is None:
        return
    from typer._completion_shared import get_completion_script

    typer.echo(get_completion_script(prog_name=NAME, complete_var=_COMPLETE, shell=shell))
    raise typer.Exit


@app.callback()
def nba_assets(
    _: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    _installed: Annotated[
        Shell | None,
        typer.Option(
            "--install-completion", callback=_install_completion, is_eager=True, help="Let this shell complete."
        ),
    ] = None,
    _shown: Annotated[
        Shell | None,
        typer.Option(
            "--show-completion", callback=_show_completion, is_eager=True, help="Print what would be installed."
        ),
    ] = None,
) -> None:
    """NBA feature pipeline: no silent gap, no leak, no waste."""


def main() -> None:
    """The console script."""
    # What imports have made lives as long as the command: looking through it for garbage repeatedly takes
    # a tenth of a backfill. So it is set aside as soon as the command is imported.
    gc.set_threshold(50_000, 20, 20)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a closed one is None
            stream.reconfigure(errors="backslashreplace")  # what a terminal's encoding lacks ends no command
    if _COMPLETE in os.environ:
        _answer_a_shell()
    try:
        app(obj=gc.freeze)
    except OSError as error:  # outside of a command, the help or the version could not be printed
        typer.echo(f"error: {error.strerror or error}", err=True)
        raise SystemExit(1) from None


def _answer_a_shell() -> None:
    """Typer completes for the shells that it is told of; whatever goes wrong, a line being typed stays as it is."""
    from typer._completion_classes import completion_init

    completion_init()
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
