"""The content hash of a partition: the same rows give the same hash, in whatever order they come.

Integers and texts count as they are, fractions to nine decimals, bookkeeping columns not at all. Two partitions
with the same hash need not be written, or computed from, again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from nba_assets.schema.contract import Column, ColumnType, Contract, columns_of, partition_column

Hashes = npt.NDArray[np.uint64]

_DECIMALS = 1e9
_NULL = np.uint64(0x9E3779B97F4A7C15)


def partition_hashes(rows: pd.DataFrame, contract: type[Contract], dates: Iterable[date]) -> dict[date, str]:
    """The content hash of each date's rows; dates without rows have the hash of an empty partition.

    `rows` has the contract's columns, or those of them that are known before tip-off. A column that
    `counts_if_known` counts on the dates on which something of it is known.
    """
    every = [c for c in columns_of(contract) if c.is_business and c.name in rows.columns]
    columns = [c for c in every if not c.counts_if_known]
    hashes = _partition_hashes(rows, contract, dates, columns)
    is_known = rows[[c.name for c in every if c.counts_if_known]].notna().any(axis=1)
    if is_known.any():
        day_of_row = rows[partition_column(contract)]
        more = rows[day_of_row.isin(day_of_row[is_known])]
        days = [pd.Timestamp(day).date() for day in more[partition_column(contract)].unique()]
        hashes |= _partition_hashes(more, contract, days, every)
    return hashes


def _partition_hashes(
    rows: pd.DataFrame, contract: type[Contract], dates: Iterable[date], columns: list[Column]
) -> dict[date, str]:
    schema = hashlib.blake2b(repr([(c.name, c.type) for c in columns]).encode(), digest_size=8).hexdigest()
    hashes = dict.fromkeys(dates, f"{schema}-empty")
    if rows.empty:
        return hashes
    row_hashes = _row_hashes(rows, columns, seeds=(1, 2))
    days = rows[partition_column(contract)]
    for day, positions in rows.groupby(days, sort=False).indices.items():
        sums = [int(h[positions].sum(dtype=np.uint64)) for h in row_hashes]
        hashes[pd.Timestamp(day).date()] = f"{schema}-{len(positions)}-{sums[0]:016x}{sums[1]:016x}"
    return hashes


def are_other_rows(one: str, other: str) -> bool:
    """Whether two content hashes say that the rows differ: of other columns or types they say nothing of the rows."""
    return one != other and one.partition("-")[0] == other.partition("-")[0]


def content_hash(rows: pd.DataFrame, columns: Sequence[Column]) -> str:
    """The hash of any rows by columns of any tables: the same rows give the same, in whatever order they come."""
    schema = combine([f"{column.name} {column.type}" for column in columns])
    sums = [int(hashes.sum(dtype=np.uint64)) for hashes in _row_hashes(rows, columns, seeds=(1, 2))]
    return f"{schema[:16]}-{len(rows)}-{sums[0]:016x}{sums[1]:016x}"


def combine(parts: Iterable[str]) -> str:
    """One hash of several texts, in their order."""
    return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=16).hexdigest()


def key_hashes(rows: pd.DataFrame, contract: type[Contract]) -> Hashes:
    """A hash of each row's key, the partition date included."""
    keys = [column for column in columns_of(contract) if column.is_key]
    return _row_hashes(rows, keys, seeds=(1,))[0]


def _row_hashes(rows: pd.DataFrame, columns: Sequence[Column], seeds: Sequence[int]) -> list[Hashes]:
    """The hashes of each row, one array for each seed."""
    totals = [np.full(len(rows), np.uint64(seed), dtype=np.uint64) for seed in seeds]
    for column in columns:
        cells = cell_hashes(rows[column.name], column)
        for place, seed in enumerate(seeds):
            salt = _text_hash(f"{seed}:{column.name}")
            totals[place] = _mix(totals[place] ^ _mix(cells + salt))
    return totals


def cell_hashes(values: pd.Series, column: Column) -> Hashes:
    """A hash of each cell of a column: two that have the same count alike."""
    nulls = values.isna().to_numpy() if column.type != ColumnType.STRING_LIST else np.zeros(len(values), bool)
    if column.type in (ColumnType.STRING, ColumnType.STRING_LIST):
        texts = values.map("\x1f".join, na_action="ignore") if column.type == ColumnType.STRING_LIST else values
        codes, uniques = pd.factorize(texts)
        table = np.array([_text_hash(text) for text in uniques] + [_NULL], dtype=np.uint64)
        hashes: Hashes = table[codes]
        return hashes
    if column.type == ColumnType.FLOAT:
        numbers = np.rint(values.to_numpy(dtype=np.float64, na_value=0.0) * _DECIMALS)
    elif column.type in (ColumnType.DATE, ColumnType.TIMESTAMP):
        numbers = values.dt.tz_localize(None) if column.type == ColumnType.TIMESTAMP else values
        numbers = numbers.to_numpy(dtype="datetime64[us]").astype(np.int64)
    else:
        numbers = values.to_numpy(dtype=np.int64, na_value=0) if nulls.any() else values.to_numpy(dtype=np.int64)
    hashed = numbers.astype(np.int64).view(np.uint64)
    return np.where(nulls, _NULL, _mix(hashed))


def _mix(values: Hashes) -> Hashes:
    """The finaliser of SplitMix64: every input bit reaches every output bit."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _text_hash(text: str) -> np.uint64:
    return np.uint64(int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big"))
