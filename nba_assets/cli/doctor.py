"""`doctor`: where a command would work, and whether all is well there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from nba_assets.cli.console import FAILED, AsFormat, Format, out, print_json
from nba_assets.cli.diagnosis import Effective, Found, Level, diagnose, effective_settings

_ALWAYS = ("NBA_SOURCE", "NBA_WAREHOUSE", "NBA_HOME")


def doctor(
    online: Annotated[
        bool, typer.Option("--online", help="Ask the live source, with one call, for an answer.")
    ] = False,
    format: AsFormat = Format.TABLE,
) -> None:
    """Show which settings count and where they come from, and whether all is well; exit status 1 if something is wrong.

    Looks at source, home, warehouse, Dagster's instance, versions and disk. Creates nothing. Warnings do not fail.
    """
    settings, found = diagnose(online=online)
    effective = [] if settings is None else effective_settings(settings)
    is_well = all(one.level is not Level.PROBLEM for one in found)
    if format == Format.JSON:
        findings = [asdict(one) for one in found]
        print_json({"ok": is_well, "settings": [*map(asdict, effective)], "findings": findings})
    else:
        _print(effective, found)
    raise typer.Exit(0 if is_well else FAILED)


def _print(effective: Sequence[Effective], found: Sequence[Found]) -> None:
    """The settings that somebody has set, with the three that always matter, then what was found."""
    for one in effective:
        if one.origin != "default" or one.name in _ALWAYS:
            out.say(f"{one.name}={one.value} ({one.origin})")
    for it in found:
        step = f". Next: {it.next}" if it.next else ""
        out.say(f"{it.level:7s}  {it.about}: {it.what}{step}")
