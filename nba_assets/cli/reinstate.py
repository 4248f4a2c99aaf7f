"""`reinstate`: Dagster's damaged files are set aside, and what the ledger says is shown in Dagster again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nba_assets.cli.console import AsFormat, Format, Quiet, out, print_json, progress_bar
from nba_assets.cli.dev import alone
from nba_assets.cli.place import opened
from nba_assets.settings import Settings
from nba_assets.tables import TABLES
from nba_assets.text import counted

if TYPE_CHECKING:
    from nba_assets.orchestration.reinstate import Shown


def reinstate(
    anew: Annotated[
        bool, typer.Option("--anew", help="Set Dagster's files aside also where none of them is damaged.")
    ] = False,
    quiet: Quiet = False,
    format: AsFormat = Format.TABLE,
) -> None:
    """Show the ledger's state in Dagster again, where it is lost; files that are damaged are set aside for new ones.

    Nothing is deleted or built. Refused while something uses files that have to be set aside.
    """
    from nba_assets.orchestration.instance import open_instance
    from nba_assets.orchestration.reinstate import reinstate as show_again

    session = opened(format, quiet=quiet)
    _ = session.warehouse  # without the ledger there would be nothing to show in the place of what is set aside
    aside = _set_aside(session.settings, anew=anew)
    if not quiet and format == Format.TABLE:
        for place in aside:
            out.say(f"set aside: {place}")
    with open_instance(session.settings) as instance, progress_bar(len(TABLES), quiet=quiet) as advance:
        shown = show_again(session, instance, advance)
    if format == Format.JSON:
        print_json({"set_aside": [*map(str, aside)], "shown": shown.partitions, "failed": shown.failed})
    elif not quiet:
        out.say(_in_words(shown, aside))


def _set_aside(settings: Settings, *, anew: bool) -> list[Path]:
    from nba_assets.orchestration.instance import put_aside
    from nba_assets.orchestration.instance_files import damaged_files

    damaged = None if anew else damaged_files(settings)
    if damaged == {}:
        return []
    with alone(settings, "nba-assets reinstate"):
        return put_aside(settings, damaged)


def _in_words(shown: Shown, aside: list[Path]) -> str:
    if not shown.partitions:
        return "Dagster knows of every partition that the ledger has: nothing to do"
    failed = f", {shown.failed:,} of them as failed" if shown.failed else ""
    earlier = "; earlier runs are in the files that were set aside" if aside else ""
    stopped = any(place.name.startswith("schedules") for place in aside)
    reminder = " Schedules and sensors that somebody had stopped are on again." if stopped else ""
    return f"{counted(shown.partitions, 'partition')} shown again{failed}{earlier}.{reminder}"
