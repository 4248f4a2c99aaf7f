"""Rows of the contract's types keep it where pandera, asked column by column, finds nothing wrong, and only there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandera.errors import SchemaError, SchemaErrors

from nba_assets.schema.contract import (
    Contract,
    Date,
    Flag,
    Integer,
    Number,
    OptionalInteger,
    Text,
    TextList,
    Timestamp,
    column,
    is_kept,
)


class Everything(Contract):
    """A column of each kind."""

    day: Date = column("Day", partition=True)
    at: Timestamp = column("Moment", nullable=True)
    team: Text = column("Team", isin=("BOS", "LAL"))
    side: Text = column("Side", nullable=True, isin=("home", "away"))
    points: Integer = column("Points", ge=0, le=200)
    age: OptionalInteger = column("Age", nullable=True, ge=15)
    share: Number = column("Share", nullable=True, ge=0.0, le=1.0)
    rating: Number = column("Rating")
    is_in: Flag = column("In")
    names: TextList = column("Names", texts=True)


GOOD: dict[str, pd.Series] = {
    "day": pd.Series(pd.to_datetime(["2021-11-01", "2021-11-02"])).astype("datetime64[ns]"),
    "at": pd.Series(pd.to_datetime(["2021-11-01", None], utc=True)).astype("datetime64[ns, UTC]"),
    "team": pd.Series(["BOS", "LAL"], dtype=object),
    "side": pd.Series(["home", None], dtype=object),
    "points": pd.Series([0, 200], dtype="int64"),
    "age": pd.Series([15, None], dtype="Int64"),
    "share": pd.Series([1.0, np.nan]),
    "rating": pd.Series([-3.5, np.inf]),
    "is_in": pd.Series([True, False]),
    "names": pd.Series([["a"], []], dtype=object),
}
CHANGES: list[tuple[str, Any]] = [
    *(("day", value) for value in (pd.NaT,)),
    *(("team", value) for value in (None, "SEA", "bos", "")),
    *(("side", value) for value in ("home", None, "neither")),
    *(("points", value) for value in (-1, 201, 200)),
    *(("age", value) for value in (14, pd.NA, 99)),
    *(("share", value) for value in (-0.1, 1.1, 0.0, np.inf, -np.inf, np.nan)),
    *(("rating", value) for value in (np.nan, -np.inf)),
]
TYPES = ("float64", "object", "Int64", "int64", "string", "datetime64[us]", "bool", "boolean", "float32", "category")


def _finds_nothing(rows: pd.DataFrame) -> bool:
    try:
        Everything.validate(rows, lazy=True)
    except (SchemaError, SchemaErrors):
        return False
    return True


def test_good_rows_keep_it() -> None:
    rows = pd.DataFrame(GOOD)
    assert _finds_nothing(rows)
    assert is_kept(Everything, rows)
    assert is_kept(Everything, rows.head(0))
    assert is_kept(Everything, rows.iloc[::-1])


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(CHANGES), st.integers(0, 1)), max_size=3))
def test_values_are_judged_as_pandera_does(changes: list[tuple[tuple[str, Any], int]]) -> None:
    columns = {name: values.copy() for name, values in GOOD.items()}
    for (name, value), row in changes:
        columns[name].iloc[row] = value
    rows = pd.DataFrame(columns)
    assert is_kept(Everything, rows) == _finds_nothing(rows)


@pytest.mark.parametrize("name", GOOD)
def test_a_column_of_another_type_does_not_keep_it(name: str) -> None:
    tried = 0
    for dtype in TYPES:
        try:
            values = GOOD[name].astype(dtype)
        except (TypeError, ValueError, OverflowError):
            continue
        rows = pd.DataFrame(GOOD | {name: values})
        # Pandera takes some types for others that they are like: it is asked, and has the last word.
        assert is_kept(Everything, rows) == (values.dtype == GOOD[name].dtype), dtype
        assert not is_kept(Everything, rows) or _finds_nothing(rows), dtype
        tried += 1
    assert tried > 1


@pytest.mark.parametrize("name", GOOD)
def test_every_column_has_to_be_there_and_no_other(name: str) -> None:
    rows = pd.DataFrame(GOOD)
    assert not is_kept(Everything, rows.drop(columns=name))
    assert not is_kept(Everything, rows.assign(other=1))
