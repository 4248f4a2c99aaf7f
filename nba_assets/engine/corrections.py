"""What the source has corrected: the cells in which published rows differ from those that replace them.

Only of box scores and shots, and only of games about which the source says something else: another reading of the same
answer, after a change of the code, corrects nothing, nor does the repair of rows that somebody has altered.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime
from typing import Any

import pandas as pd

from nba_assets.engine.attempt import AttemptResult
from nba_assets.engine.standing import StandingRows, of_dates
from nba_assets.partition import Partition
from nba_assets.planning.state import State
from nba_assets.schema.changes import Comparison, compare
from nba_assets.schema.contract import columns_of
from nba_assets.schema.table import Phase, Table
from nba_assets.sources.fingerprints import changed_games
from nba_assets.warehouse.corrections import CorrectedCell, Correction

_MOST_CELLS = 10
_SECONDS_PER_MINUTE = 60
_IN_SECONDS = ("s", "player-seconds")


def find_corrections(
    state: State, stands: StandingRows, result: AttemptResult, changed: Collection[date], at: datetime
) -> list[Correction]:
    """The corrections of the dates whose published rows, which still stand, are to be replaced.

    Rows that are added alone correct nothing: they arrive late. Rows that break their contract cannot be compared.
    """
    table = stands.table
    if table.phase != Phase.RAW or table.is_schedule or table.optional:
        return []
    found = []
    for day in sorted(stands.days.intersection(changed)):
        games = _corrected_games(state, table, day, result)
        if games != set():
            before, after = (_of(games, of_dates(rows, table, [day])) for rows in (stands.rows, result.rows))
            found.append(_correction(table, day, compare(before, after, table.contract), at))
    return [one for one in found if one.cells or one.rows_removed]


def _corrected_games(state: State, table: Table, day: date, result: AttemptResult) -> set[str] | None:
    """The games of which the source says something else than when the rows were published; None: it may be any."""
    published, now = state.published(table.name, day), result.fingerprints.get(day)
    before = published.source_fingerprint if published is not None else None
    return set() if before is None or now is None else changed_games(before, now)


def _of(games: set[str] | None, rows: pd.DataFrame) -> pd.DataFrame:
    return rows if games is None else rows[rows["game_id"].isin(games)]


def _correction(table: Table, day: date, compared: Comparison, at: datetime) -> Correction:
    cells = sorted(_cells(table, compared), key=lambda cell: -cell.size)
    others = {*compared.added["game_id"], *compared.removed["game_id"]}
    return Correction(
        partition=Partition(table.name, day),
        corrected_at=at,
        cells=len(cells),
        rows_added=len(compared.added),
        rows_removed=len(compared.removed),
        games=tuple(sorted({cell.game for cell in cells} | others)),
        largest=tuple(cells[:_MOST_CELLS]),
    )


def _cells(table: Table, compared: Comparison) -> Iterator[CorrectedCell]:
    """Every cell that differs between rows with the same keys."""
    units = {column.name: column.unit for column in columns_of(table.contract)}
    for cell in compared.cells():
        before, after = (None if value is None else str(value) for value in (cell.before, cell.after))
        size = cell.size / (_SECONDS_PER_MINUTE if units[cell.column] in _IN_SECONDS else 1)
        yield CorrectedCell(cell.row["game_id"], _entity(table, cell.row), cell.column, before, after, size)


def _entity(table: Table, row: Mapping[str, Any]) -> str:
    """ "James Harden (BKN)", "BKN", "BKN event_id 23": whose row it is."""
    if "player_name" in row:
        return f"{row['player_name']} ({row['team']})"
    others = [key for key in table.keys if key not in (table.partition, "game_id", "team")]
    return " ".join([row["team"], *(f"{key} {row[key]}" for key in others)])
