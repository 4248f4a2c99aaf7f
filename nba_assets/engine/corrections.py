"""What the source has corrected: the cells in which published rows differ from those that replace them.

Only of box scores and shots, and only of games about which the source says something else: another reading of the same
answer, after a change of the code, corrects nothing, nor does the repair of rows that somebody has altered.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, datetime
from typing import Any

import pandas as pd

from nba_assets.engine.attempt import AttemptResult
from nba_assets.partition import Partition
from nba_assets.planning.state import State
from nba_assets.schema.contract import Column, ColumnType, columns_of
from nba_assets.schema.evidence import by_date
from nba_assets.schema.table import Phase, Table
from nba_assets.sources.fingerprints import changed_games
from nba_assets.warehouse.base import OutOfContractError, Warehouse
from nba_assets.warehouse.corrections import CorrectedCell, Correction

_MOST_CELLS = 10
_SECONDS_PER_MINUTE = 60
_DECIMALS = 9
_NUMBERS = (ColumnType.INTEGER, ColumnType.FLOAT)
_IN_SECONDS = ("s", "player-seconds")
_SUFFIXES = ("_before", "_after")


def find_corrections(
    warehouse: Warehouse, state: State, table: Table, result: AttemptResult, changed: Collection[date], at: datetime
) -> list[Correction]:
    """The corrections of the dates whose published rows are to be replaced, which still stand.

    Rows that are added alone correct nothing: they arrive late. Rows that break their contract cannot be compared.
    """
    if table.phase != Phase.RAW or table.is_schedule or table.optional:
        return []
    games = {day: corrected for day in changed if (corrected := _corrected_games(state, table, day, result)) != set()}
    if not games:
        return []
    days = sorted(games)
    try:
        stands = dict(by_date(warehouse.read(table, start=days[0], end=days[-1]), table.partition))
    except OutOfContractError:
        return []
    rows, nothing = dict(by_date(result.rows, table.partition)), table.empty()
    found = []
    for day in days:
        before, after = (_of(games[day], of_day.get(day, nothing)) for of_day in (stands, rows))
        found.append(_correction(table, day, before, after, at))
    return [one for one in found if one.cells or one.rows_removed]


def _corrected_games(state: State, table: Table, day: date, result: AttemptResult) -> set[str] | None:
    """The games of which the source says something else than when the rows were published; None: it may be any."""
    published, now = state.published(table.name, day), result.fingerprints.get(day)
    before = published.source_fingerprint if published is not None else None
    return set() if before is None or now is None else changed_games(before, now)


def _of(games: set[str] | None, rows: pd.DataFrame) -> pd.DataFrame:
    return rows if games is None else rows[rows["game_id"].isin(games)]


def _correction(table: Table, day: date, before: pd.DataFrame, after: pd.DataFrame, at: datetime) -> Correction:
    rows = before.merge(after, on=table.keys, how="outer", suffixes=_SUFFIXES, indicator=True)
    origin = rows["_merge"]
    stands = rows[origin.eq("both")]
    cells = sorted(_cells(table, stands), key=lambda cell: -cell.size)
    return Correction(
        partition=Partition(table.name, day),
        corrected_at=at,
        cells=len(cells),
        rows_added=int(origin.eq("right_only").sum()),
        rows_removed=int(origin.eq("left_only").sum()),
        games=tuple(sorted({cell.game for cell in cells} | set(rows.loc[origin.ne("both"), "game_id"]))),
        largest=tuple(cells[:_MOST_CELLS]),
    )


def _cells(table: Table, rows: pd.DataFrame) -> Iterator[CorrectedCell]:
    """Every cell that differs between rows with the same keys."""
    for column in columns_of(table.contract):
        if column.is_key or not column.is_business:
            continue
        before, after = (rows[f"{column.name}{suffix}"] for suffix in _SUFFIXES)
        if column.type is ColumnType.FLOAT:
            before, after = before.round(_DECIMALS), after.round(_DECIMALS)
        is_same = before.eq(after).fillna(value=False).astype(bool) | (before.isna() & after.isna())
        for place in rows.index[~is_same]:
            old, new = (None if pd.isna(values[place]) else values[place] for values in (before, after))
            yield CorrectedCell(
                game=rows.at[place, "game_id"],
                entity=_entity(table, rows.loc[place]),
                column=column.name,
                before=None if old is None else str(old),
                after=None if new is None else str(new),
                size=_size(column, old, new),
            )


def _size(column: Column, old: Any, new: Any) -> float:
    """How large a change is; of what is no number 0, and NULL counts as 0."""
    if column.type not in _NUMBERS:
        return 0.0
    return abs(float(new or 0) - float(old or 0)) / (_SECONDS_PER_MINUTE if column.unit in _IN_SECONDS else 1)


def _entity(table: Table, row: pd.Series) -> str:
    """ "James Harden (BKN)", "BKN", "BKN event_id 23": whose row it is."""
    team = row["team"] if "team" in row else row[f"team{_SUFFIXES[1]}"]
    name = row.get(f"player_name{_SUFFIXES[1]}")
    if name is not None:
        return f"{name} ({team})"
    others = [key for key in table.keys if key not in (table.partition, "game_id", "team")]
    return " ".join([team, *(f"{key} {row[key]}" for key in others)])
