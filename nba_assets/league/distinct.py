"""Columns that say the same few things again and again: what depends on a value is found once for each of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.extensions import take

Bools = npt.NDArray[np.bool_]
Positions = npt.NDArray[np.int64]


def coded(values: pd.Series) -> pd.Series:
    """The same values, looked at once: as categories, in which everything here is found by number."""
    return pd.Series(pd.Categorical.from_codes(*pd.factorize(values)), index=values.index, name=values.name)


def each(values: pd.Series, of: Callable[[Any], Any]) -> pd.Series:
    """`of` every value, as objects; NULL stays NULL."""
    codes, different = pd.factorize(values)
    found = np.empty(len(different) + 1, dtype=object)
    found[:-1] = [of(value) for value in different]
    found[-1] = None
    return pd.Series(found[codes], index=values.index, name=values.name, dtype=object)


def where(values: pd.Series, holds: Callable[[Any], bool]) -> Bools:
    """Whether something holds of every value; it does not of NULL."""
    codes, different = pd.factorize(values)
    found: Bools = np.array([*(holds(value) for value in different), False], dtype=bool)[codes]
    return found


def dates(texts: pd.Series) -> pd.Series:
    """The dates (datetime64) that texts begin with, 2021-10-19T00:00:00 say; NULL stays NULL."""
    codes, different = pd.factorize(texts)
    found = pd.to_datetime(pd.Series(different, dtype=object).str[:10], format="ISO8601").astype("datetime64[ns]")
    return pd.Series(np.append(found.to_numpy(), np.datetime64("NaT", "ns"))[codes], index=texts.index)


def ranks(values: pd.Series) -> Positions:
    """The rank of every value among the different ones, which orders them as they do themselves; NULL comes last."""
    codes, different = pd.factorize(values)
    found = np.full(len(different) + 1, len(different), dtype=np.int64)
    found[np.argsort(np.asarray(different), kind="stable")] = np.arange(len(different))
    ranked: Positions = found[codes]
    return ranked


def groups(rows: pd.DataFrame, by: Sequence[str]) -> tuple[Positions, pd.DataFrame]:
    """The number of every row's group, and the groups' keys in that order, that of their first rows. Keys have no NULL.

    What grouping by several columns begins with, for those who count with arrays.
    """
    codes, different = zip(*(pd.factorize(rows[name]) for name in by), strict=True)
    sizes = tuple(map(len, different))
    numbers, found = pd.factorize(np.ravel_multi_index(codes, sizes) if len(rows) else np.zeros(0, dtype=np.int64))
    keys = np.unravel_index(found, sizes) if len(rows) else codes
    return numbers, pd.DataFrame({name: d[k] for name, d, k in zip(by, different, keys, strict=True)})


def positions(rows: pd.DataFrame, others: pd.DataFrame, on: Sequence[str]) -> Positions:
    """Where in `others`, which have each key once, every row finds its own; -1 where they do not have it.

    What a merge of many rows with one each does, in a third of the time. A NULL is nobody's key.
    """
    wanted, known = np.zeros(len(rows), dtype=np.int64), np.zeros(len(others), dtype=np.int64)
    for name in on:
        codes, different = pd.factorize(others[name])
        here, values = pd.factorize(rows[name])
        found = np.append(pd.Index(different).get_indexer(pd.Index(values)), -1)
        known = known * (len(different) + 1) + codes + 1
        wanted = wanted * (len(different) + 1) + found[here] + 1
    at: Positions = pd.Index(known).get_indexer(pd.Index(wanted)).astype(np.int64)
    return at


def beside(rows: pd.DataFrame, others: pd.DataFrame, on: Sequence[str], columns: Sequence[str]) -> dict[str, pd.Series]:
    """The columns of `others`, which have each key once, beside every row of that key; NULL where they have no such.

    What a merge from the left gives, types included.
    """
    at = positions(rows, others, on)
    return {name: pd.Series(_taken(others[name], at), index=rows.index) for name in columns}


def _taken(values: pd.Series, at: Positions) -> Any:
    array = values.to_numpy() if isinstance(values.dtype, np.dtype) else values.array
    return take(array, at, allow_fill=True)
