"""`--partition-range` of Dagster's own commands, which our assets cannot have: said before Dagster shows a traceback.

Dagster's commands build a range as one run over everything selected, and only of assets whose backfill policy lets a
backfill do so, too. Ours do not, because one gap in such a run fails every table behind it, on every date of the range.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nba_assets.tables import TABLES

_PROGRAMS = frozenset({"dagster", "dg"})


def refuse_range(arguments: Sequence[str]) -> None:
    """End one of Dagster's commands that was given a range, by naming the command that builds it; `sys.argv` says.

    Raises click.UsageError, which both commands print as they print theirs.
    """
    range_ = _value(arguments, "--partition-range")
    started = Path(arguments[0]) if arguments else Path()
    if range_ is None or _PROGRAMS.isdisjoint({started.stem, started.parent.name}):
        return
    from click import UsageError

    first, separator, last = range_.partition("...")
    dates = f"{first} {last}" if separator else "START END"
    selected = (_value(arguments, "--assets") or _value(arguments, "--select") or "").split(",")
    tables = f" --tables {','.join(selected)}" if TABLES.keys() >= set(selected) else ""
    raise UsageError(
        "--partition-range builds everything that is selected in one run, where a single gap fails whatever is behind "
        "it, on all dates: these tables are built tier by tier, around the gaps. "
        f"Run: nba-assets backfill {dates}{tables}"
    )


def _value(arguments: Sequence[str], option: str) -> str | None:
    """What an option was given, as `--option value` or as `--option=value`."""
    for n, argument in enumerate(arguments):
        name, separator, value = argument.partition("=")
        if name == option:
            return value if separator else next(iter(arguments[n + 1 :]), "")
    return None
