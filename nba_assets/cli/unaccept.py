"""`unaccept`: gaps that somebody has accepted as they are become gaps again."""

from __future__ import annotations

import getpass
from collections.abc import Sequence

from nba_assets.api.asked import NotThereError
from nba_assets.cli.console import (
    AsFormat,
    Format,
    NamedStart,
    OptionalEnd,
    out,
    print_json,
)
from nba_assets.cli.place import opened
from nba_assets.cli.selection import (
    Exclude,
    Last,
    OfSeason,
    OnlyTables,
    Select,
    required_dates,
    tables_asked,
)
from nba_assets.engine.unaccept import unaccept as take_back
from nba_assets.overview.as_json import partition_as_dict
from nba_assets.planning.acceptance import accepted_gaps
from nba_assets.planning.state import Cell
from nba_assets.text import counted, span


def unaccept(
    start: NamedStart = None,
    end: OptionalEnd = None,
    last: Last = None,
    season: OfSeason = None,
    tables: OnlyTables = None,
    select: Select = None,
    exclude: Exclude = None,
    format: AsFormat = Format.TABLE,
) -> None:
    """Take back that gaps were accepted as they are: they are gaps again, and what is made of them waits.

    Rows that are published stand. Exit status 1 if nothing was accepted in the range.
    """
    session = opened(format)
    days = required_dates(session, start, end, last, season)
    names = tables_asked(tables, select, exclude)
    session.warehouse.prepare()
    with session.warehouse.writer("taking back what was accepted"):
        cells = [cell for cell in accepted_gaps(session, days) if cell.partition.table in names]
        if not cells:
            raise NotThereError(f"no gap is accepted in {span(days[0], days[-1])}; see nba-assets coverage")
        take_back(session, cells, by=getpass.getuser())
    if format == Format.JSON:
        print_json({"taken_back": [_as_dict(cell) for cell in cells]})
    else:
        _print(cells)


def _print(cells: Sequence[Cell]) -> None:
    for cell in cells:
        out.say(f"{cell.partition}: is a GAP again; had been accepted by {cell.accepted_by}")
    first, last = cells[0].partition.day, cells[-1].partition.day
    out.say(f"{counted(len(cells), 'gap')} no longer accepted. Next: nba-assets refresh {first} {last}")


def _as_dict(cell: Cell) -> dict[str, str | None]:
    return partition_as_dict(cell.partition) | {"accepted_by": cell.accepted_by}
