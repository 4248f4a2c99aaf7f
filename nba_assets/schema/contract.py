"""Contracts: the single declaration of a table's columns, from which everything else about them follows.

A contract is a pandera model whose fields are made with `column`. DDL, Dagster column metadata, the data
dictionary, validation and the casting of what a warehouse returns all read it through `columns_of`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pandera.pandas as pa
from pandera.typing import Series

from nba_assets.league import distinct

if TYPE_CHECKING:
    Date = Series[Any]
    Timestamp = Series[Any]
else:
    Date = Series[np.dtype("datetime64[ns]")]
    Timestamp = Series[pd.DatetimeTZDtype("ns", "UTC")]
Text = Series[object]
Integer = Series[np.int64]
OptionalInteger = Series[pd.Int64Dtype]
Number = Series[np.float64]
Flag = Series[bool]
OptionalFlag = Series[pd.BooleanDtype]
TextList = Series[object]


class ColumnType(StrEnum):
    """The types that both warehouses have; DuckDB's and BigQuery's names for them are in `warehouse/ddl.py`."""

    DATE = "date"
    TIMESTAMP = "timestamp"
    STRING = "string"
    STRING_LIST = "list of strings"
    INTEGER = "integer"
    FLOAT = "float"
    BOOLEAN = "boolean"


@dataclass(frozen=True)
class Column:
    """One column as everybody but pandera sees it."""

    name: str
    type: ColumnType
    dtype: Any
    nullable: bool
    null_when: str | None
    description: str
    unit: str | None
    is_key: bool
    is_partition: bool
    is_business: bool
    counts_if_known: bool
    is_announced: bool
    minimum: float | None
    maximum: float | None
    allowed: tuple[str, ...] | None


NEVER = "never"
"""Why a column is NULL that may be by its type, and is not by what it is made of."""


def column(
    description: str,
    *,
    unit: str | None = None,
    nullable: bool = False,
    null_when: str | None = None,
    key: bool = False,
    partition: bool = False,
    announced: bool = False,
    business: bool = True,
    counts_if_known: bool = False,
    texts: bool = False,
    ge: float | None = None,
    le: float | None = None,
    isin: tuple[str, ...] | None = None,
) -> Any:
    """A field of a contract.

    `null_when` says when it is NULL, as words after "NULL": "without birth dates". Columns of tables that may be NULL
    say so; those of the ledger are merely `nullable`.
    `announced` marks what is known before tip-off; `business=False` marks bookkeeping that is left out of a
    partition's content hash, `counts_if_known` what is left out of it where nothing of the column is known: it has come
    when others had been published. `texts` marks a list of texts.
    """
    return pa.Field(
        nullable=nullable or null_when is not None,
        ge=ge,
        le=le,
        isin=None if isin is None else list(isin),
        description=description if null_when in (None, NEVER) else f"{description}; NULL {null_when}",
        metadata={
            "null_when": null_when,
            "unit": unit,
            "key": key or partition,
            "partition": partition,
            "announced": announced or key or partition,
            "business": business,
            "counts_if_known": counts_if_known,
            "texts": texts,
            "ge": ge,
            "le": le,
            "isin": isin,
        },
    )


class Contract(pa.DataFrameModel):
    """What every table's contract has in common: no undeclared columns, no coercion."""

    class Config:
        """Pandera's settings."""

        strict = True
        coerce = False


def column_as_dict(column: Column) -> dict[str, Any]:
    """A column as people who read the dictionary see it."""
    return {
        "column": column.name,
        "type": column.type.value,
        "unit": column.unit,
        "nullable": column.nullable,
        "null_when": column.null_when,
        "key": column.is_key,
        "minimum": column.minimum,
        "maximum": column.maximum,
        "description": column.description,
    }


@cache
def columns_of(contract: type[Contract]) -> tuple[Column, ...]:
    """The contract's columns: partition date and keys first, then the others as declared."""
    declared = [_column(name, field) for name, field in contract.to_schema().columns.items()]
    return tuple(
        sorted(declared, key=lambda c: 0 if c.is_partition else 1 if c.name == "season" else 2 if c.is_key else 3)
    )


def names_of(contract: type[Contract]) -> list[str]:
    """The contract's column names in table order."""
    return [column.name for column in columns_of(contract)]


def keys_of(contract: type[Contract]) -> list[str]:
    """The primary key: the partition date and the key columns."""
    return [column.name for column in columns_of(contract) if column.is_key]


def partition_column(contract: type[Contract]) -> str:
    """The name of the date column that the table is partitioned by."""
    return next(column.name for column in columns_of(contract) if column.is_partition)


def empty(contract: type[Contract]) -> pd.DataFrame:
    """A frame without rows in the contract's types."""
    return _empty(contract).copy()


@cache
def _empty(contract: type[Contract]) -> pd.DataFrame:
    return shape(pd.DataFrame({name: [] for name in names_of(contract)}), contract)


def is_kept(contract: type[Contract], rows: pd.DataFrame) -> bool:
    """Whether rows are as the contract says, in a few array operations; where they are not pandera says which."""
    columns = columns_of(contract)
    return {*rows.columns} == {c.name for c in columns} and all(_is_kept(c, rows[c.name]) for c in columns)


def _is_kept(column: Column, values: pd.Series) -> bool:
    if values.dtype != column.dtype or not (column.nullable or values.notna().all()):
        return False
    known = values.dropna() if column.nullable else values
    if column.allowed is not None and not known.isin(column.allowed).all():
        return False
    is_low = column.minimum is not None and bool((known < column.minimum).any())
    return not is_low and not (column.maximum is not None and bool((known > column.maximum).any()))


def shape(rows: pd.DataFrame, contract: type[Contract]) -> pd.DataFrame:
    """The contract's columns in table order and declared types, rows ordered by key.

    Columns that `rows` lacks raise KeyError; others are dropped.
    """
    columns = _cast_columns(rows, contract, names_of(contract))
    order = np.lexsort([_ranks(rows[name], columns[name]) for name in reversed(keys_of(contract))])
    if (np.diff(order) == 1).all():
        return pd.DataFrame(columns).set_axis(pd.RangeIndex(len(rows)), copy=False)
    # Arrays, and not pandas' cover of them, whose texts would be searched for NULL once more.
    arrays = {n: v.to_numpy() if isinstance(v.dtype, np.dtype) else v.array for n, v in columns.items()}
    return pd.DataFrame({name: values.take(order) for name, values in arrays.items()}, copy=False)


def _ranks(values: pd.Series, cast: pd.Series) -> npt.NDArray[np.int64]:
    """What orders a key column: integers and moments as they are, texts by their rank; NULL comes last."""
    if cast.dtype == object:
        return distinct.ranks(values)
    numbers: npt.NDArray[np.int64] = pd.DatetimeIndex(cast).asi8 if cast.dtype.kind == "M" else cast.to_numpy(np.int64)
    return numbers


def cast(rows: pd.DataFrame, contract: type[Contract], names: Sequence[str]) -> pd.DataFrame:
    """The named columns of `rows` in the contract's types; ValueError names a column that cannot have its type."""
    return pd.DataFrame(_cast_columns(rows, contract, names))


def _cast_columns(rows: pd.DataFrame, contract: type[Contract], names: Sequence[str]) -> dict[str, pd.Series]:
    """The columns of `cast`; those that have their type already are not copies."""
    return {c.name: _cast_column(rows[c.name], c) for c in columns_of(contract) if c.name in names}


def _cast_column(values: pd.Series, column: Column) -> pd.Series:
    try:
        return _cast(values, column)
    except (TypeError, ValueError) as error:
        raise ValueError(f"column {column.name} cannot be {column.dtype}: {error}") from error


def _cast(values: pd.Series, column: Column) -> pd.Series:
    if values.dtype != object and values.dtype == column.dtype:
        return values
    if column.type in (ColumnType.STRING, ColumnType.STRING_LIST):
        known = values.notna()
        texts = values.astype(object, copy=False)
        return texts if known.all() else texts.where(known, None)
    if column.type == ColumnType.DATE:
        return pd.to_datetime(values).astype("datetime64[ns]", copy=False)
    if column.type == ColumnType.TIMESTAMP:
        return pd.to_datetime(values, utc=True).astype("datetime64[ns, UTC]", copy=False)
    if column.type == ColumnType.FLOAT:
        return pd.to_numeric(values).astype("float64", copy=False)
    return values.astype(column.dtype, copy=False)


def _column(name: str, field: Any) -> Column:
    metadata = field.metadata or {}
    dtype = pd.api.types.pandas_dtype(str(field.dtype))
    return Column(
        name=name,
        type=ColumnType.STRING_LIST if metadata.get("texts") else _TYPES[str(dtype)],
        dtype=dtype,
        nullable=field.nullable,
        null_when=metadata.get("null_when"),
        description=field.description or "",
        unit=metadata.get("unit"),
        is_key=metadata.get("key", False),
        is_partition=metadata.get("partition", False),
        is_business=metadata.get("business", True),
        counts_if_known=metadata.get("counts_if_known", False),
        is_announced=metadata.get("announced", False),
        minimum=metadata.get("ge"),
        maximum=metadata.get("le"),
        allowed=metadata.get("isin"),
    )


_TYPES = {
    "datetime64[ns]": ColumnType.DATE,
    "datetime64[ns, UTC]": ColumnType.TIMESTAMP,
    "object": ColumnType.STRING,
    "int64": ColumnType.INTEGER,
    "Int64": ColumnType.INTEGER,
    "float64": ColumnType.FLOAT,
    "bool": ColumnType.BOOLEAN,
    "boolean": ColumnType.BOOLEAN,
}
