"""Stored rows as cells (table, date, entity), for comparing two warehouses row by row.

Has its own idea of equality, so that it does not lean on the content hashes that it is used to check.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pandas as pd

from nba_assets.schema.contract import Column, ColumnType, columns_of
from nba_assets.schema.table import Table
from nba_assets.tables import TABLES
from nba_assets.verification.season import Reader

CELL = ["table", "date", "entity"]
Cells = dict[str, pd.Series]
_BY_GAME = ("raw_schedule", "raw_shots", "raw_game_lines")


def stored_cells(warehouse: Reader) -> Cells:
    """The fingerprint of every cell's rows, a cell being (table, date, entity: a team, a player or a game id)."""
    return cells_of({name: warehouse.read(table) for name, table in TABLES.items()})


def cells_of(frames: Mapping[str, pd.DataFrame]) -> Cells:
    """The same of frames by table name."""
    return {name: _of_table(TABLES[name], rows) for name, rows in frames.items() if len(rows)}


def changed_cells(before: Cells, after: Cells) -> set[tuple[str, date, str]]:
    """The cells that one has and the other has not, or has otherwise."""
    nothing = pd.Series(dtype="uint64")
    return {
        (table, day.date(), str(entity))
        for table in before.keys() | after.keys()
        for day, entity in _differing(before.get(table, nothing), after.get(table, nothing))
    }


def _differing(before: pd.Series, after: pd.Series) -> pd.Index:
    if len(before) == 0 or len(after) == 0:
        return before.index if len(before) else after.index
    other = after.reindex(before.index)
    return before.index[other.isna() | other.ne(before)].union(after.index.difference(before.index))


def _of_table(table: Table, rows: pd.DataFrame) -> pd.Series:
    business = {c.name: _comparable(rows[c.name], c) for c in columns_of(table.contract) if c.is_business}
    # Short enough to be exact as floats, which a comparison with absent cells turns them into.
    fingerprints = pd.util.hash_pandas_object(pd.DataFrame(business), index=False) // 2**24
    # Several rows of one cell (shots of a game) add up, in whatever order they come.
    return fingerprints.groupby([rows[table.partition], rows[_entity(table)]]).sum()


def _comparable(values: pd.Series, column: Column) -> pd.Series:
    if column.type == ColumnType.STRING_LIST:
        return values.map(",".join)
    if column.type == ColumnType.FLOAT:
        return values.round(9) + 0.0
    return values.astype("float64") if column.type == ColumnType.INTEGER else values


def _entity(table: Table) -> str:
    if table.name in _BY_GAME:
        return "game_id"
    return "team" if "player_id" not in table.keys and "team" in table.keys else "player_id"
