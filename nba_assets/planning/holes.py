"""What was asked for and is not there: between the dates on which a table was ever tried nothing may be missing.

What a range was asked for is written down nowhere; attempts are. Of a season in which a table was never tried nothing
is missing, nor of its dates after the last attempt, unless everything that the partition is made of is there.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from nba_assets.league.calendar import season_of
from nba_assets.partition import FINE, Status
from nba_assets.planning.state import Cell, State
from nba_assets.schema.table import Phase
from nba_assets.tables import TABLES


def not_in_order(state: State, table: str, days: Iterable[date]) -> list[Cell]:
    """The partitions of a table that were asked for and are not published, or not up to date; nothing that is not due.

    In order of date.
    """
    cells = [state.cell(table, day) for day in days]
    tried: dict[str, list[date]] = {}
    for cell in cells:
        if cell.newest is not None and cell.newest.status != Status.NOT_DUE:
            tried.setdefault(season_of(cell.partition.day), []).append(cell.partition.day)
    return [cell for cell in cells if _is_lacking(state, cell, tried.get(season_of(cell.partition.day), []))]


def _is_lacking(state: State, cell: Cell, tried: list[date]) -> bool:
    if not tried or cell.status in FINE | {Status.NOT_DUE}:
        return False
    table, day = cell.partition.table, cell.partition.day
    if cell.status != Status.MISSING or min(tried) <= day <= max(tried):
        return True
    is_computed = TABLES[table].phase != Phase.RAW
    return is_computed and day > max(tried) and state.obstacle(table, day) is None
