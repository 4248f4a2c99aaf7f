"""`nba-assets`: the command line. Each command parses, calls the room that does the work, prints, and exits."""

from __future__ import annotations

import gc
from importlib.metadata import version
from typing import Annotated

import typer

from nba_assets.cli.alerts import alerts_app
from nba_assets.cli.backfill import backfill, refresh, repair
from nba_assets.cli.console import err, print_text
from nba_assets.cli.coverage import coverage
from nba_assets.cli.dev import dev
from nba_assets.cli.explain import explain
from nba_assets.cli.fetch import fetch
from nba_assets.cli.impact import impact
from nba_assets.cli.migrate import migrate
from nba_assets.cli.tables import export, tables
from nba_assets.cli.verify import verify
from nba_assets.settings import unknown_settings

app = typer.Typer(
    name="nba-assets",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (backfill, repair, refresh, coverage, explain, impact, verify, fetch, export, tables, migrate, dev):
    app.command()(command)
app.add_typer(alerts_app, name="alerts")


def _print_version(asked: bool) -> None:
    if asked:
        print_text(f"nba-assets {version('nba_assets')}")
        raise typer.Exit


@app.callback()
def nba_assets(
    _: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """NBA feature pipeline: no silent gap, no leak, no waste."""
    for name, nearest in unknown_settings().items():
        err.print(f"{name} is not a setting" + (f"; did you mean {nearest}?" if nearest else ""), highlight=False)


def main() -> None:
    """The console script."""
    # What imports have made lives as long as the command: looking through it again and again for garbage takes
    # a tenth of a backfill.
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    app()
