"""Stored rows as people compute with them: chosen columns, players and teams, in types that know what is unknown."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Literal, get_args

import pandas as pd
import pyarrow as pa

from nba_assets.api.asked import GAME_DATE, AskedError
from nba_assets.schema.contract import Column, ColumnType, names_of
from nba_assets.schema.reads import PLAYER, TEAM
from nba_assets.schema.table import Table
from nba_assets.warehouse.ddl import arrow_schema_of

Kind = Literal["pandas", "arrow", "polars"]

DTYPES = {ColumnType.STRING: "string", ColumnType.INTEGER: "Int64", ColumnType.BOOLEAN: "boolean"}
"""Where the contract's own type changes with what is unknown; dates and fractions have NaT and NaN."""

_WHOM = {"player": (PLAYER,), "team": (TEAM, "home_team", "away_team")}


def whom(table: Table, what: str) -> list[str]:
    """The columns by which rows are chosen by "player" or "team", of games either side's; AskedError without one."""
    names = names_of(table.contract)
    found = [name for name in _WHOM[what] if name in names]
    if not found:
        raise AskedError(f"{table.name} has no column {_WHOM[what][0]}: its rows cannot be chosen by {what}")
    return found


def rows_of(rows: pd.DataFrame, columns: Sequence[str], chosen: Collection[object]) -> pd.DataFrame:
    """The rows with one of the chosen values in one of the columns."""
    return rows[rows[columns].isin(list(chosen)).any(axis=1)]


def typed(rows: pd.DataFrame, table: Table, columns: Sequence[Column]) -> pd.DataFrame:
    """The columns in their order, in pandas' nullable types: the same whether or not there are rows."""
    sources = {c.name: table.partition if c.name == GAME_DATE and c.name not in rows else c.name for c in columns}
    return pd.DataFrame({c.name: _typed(rows[sources[c.name]], c) for c in columns}).reset_index(drop=True)


def _typed(values: pd.Series, column: Column) -> pd.Series:
    if column.type == ColumnType.STRING_LIST:
        return values.map(list, na_action="ignore").astype(object)
    return values.astype(DTYPES[column.type]) if column.type in DTYPES else values


def as_kind(frame: pd.DataFrame, columns: Sequence[Column], kind: Kind) -> Any:
    """A typed frame as it is, or as a table of Arrow or Polars; AskedError for anything else."""
    if kind not in get_args(Kind):
        raise AskedError(f"as_='{kind}': allowed are {', '.join(get_args(Kind))}")
    if kind == "pandas":
        return frame
    table = as_arrow(frame, columns)
    return table if kind == "arrow" else _polars().from_arrow(table)


def as_arrow(frame: pd.DataFrame, columns: Sequence[Column]) -> pa.Table:
    """A typed frame in Arrow's types, with no more about it than those."""
    table = pa.Table.from_pandas(frame, schema=arrow_schema_of(columns), preserve_index=False)
    return table.replace_schema_metadata(None)


def _polars() -> Any:
    try:
        import polars
    except ImportError as error:
        raise ImportError("as_='polars' needs the package polars: pip install 'nba-assets[polars]'") from error
    return polars
