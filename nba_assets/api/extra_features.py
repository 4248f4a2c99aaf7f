"""Features that somebody brings to an evaluation: whether they can be joined and computed with."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import pandas as pd

from nba_assets.api.asked import GAME_DATE, AskedError
from nba_assets.schema.reads import PLAYER

JOINED_BY = [GAME_DATE, PLAYER]

_GREATEST = 1e100
"""Squares of greater numbers may be infinite."""


def readable(extra: pd.DataFrame, taken: Collection[str]) -> pd.DataFrame:
    """Numbers by game_date and player_id, one row each, with other names than `taken`; AskedError for anything else."""
    if not isinstance(extra, pd.DataFrame):
        raise AskedError(f"extra is a DataFrame with {' and '.join(JOINED_BY)}, not a {type(extra).__name__}")
    absent = [name for name in JOINED_BY if name not in extra.columns]
    if absent:
        raise AskedError(f"extra has no column {', '.join(absent)}: its rows are joined by {' and '.join(JOINED_BY)}")
    _require_names_of_its_own([*extra.columns], taken)
    rows = extra.assign(**{GAME_DATE: _dates(extra[GAME_DATE]), PLAYER: _ids(extra[PLAYER])})
    rows = rows.assign(**{name: _numbers(rows[name]) for name in rows.columns.drop(JOINED_BY)})
    twice = rows[rows.duplicated(JOINED_BY)]
    if len(twice):
        first: Any = twice.iloc[0]
        raise AskedError(f"extra has player {first[PLAYER]} on {first[GAME_DATE].date()} twice")
    return rows


def _require_names_of_its_own(names: Sequence[str], taken: Collection[str]) -> None:
    if len(set(names)) < len(names):
        raise AskedError(
            f"extra has a column twice: {', '.join(sorted({str(n) for n in names if names.count(n) > 1}))}"
        )
    clash = [name for name in names if name not in JOINED_BY and name in taken]
    if clash:
        raise AskedError(f"extra has {', '.join(clash)}, which is there already: give it another name")
    if len(names) == len(JOINED_BY):
        raise AskedError(f"extra has no column besides {' and '.join(JOINED_BY)}: no feature")


def _dates(values: pd.Series) -> pd.Series:
    """Dates without a time, texts like 2021-11-01; AskedError for what no game's date can be equal to."""
    like = f"extra: {GAME_DATE} has to be a date like 2021-11-01"
    if pd.api.types.is_numeric_dtype(values.dtype):
        raise AskedError(f"{like}, not a number")
    try:
        dates = pd.to_datetime(values, format=None if pd.api.types.is_datetime64_any_dtype(values) else "ISO8601")
    except (TypeError, ValueError) as error:
        raise AskedError(f"{like}, the Eastern date of tip-off: {str(error).splitlines()[0]}") from error
    if dates.isna().any() or dates.dt.tz is not None or (dates != dates.dt.normalize()).any():
        raise AskedError(f"{like}, the Eastern date of tip-off: without time of day or time zone, and never NULL")
    return dates.astype("datetime64[ns]")


def _ids(values: pd.Series) -> pd.Series:
    try:
        numbers = pd.to_numeric(values)
        if numbers.isna().any() or (numbers % 1 != 0).any():
            raise ValueError("NULL, or a fraction")
        return numbers.astype("int64")
    except (TypeError, ValueError) as error:
        raise AskedError(f"extra: {PLAYER} has to be an NBA player id, a whole number: {error}") from error


def _numbers(values: pd.Series) -> pd.Series:
    """As float64; AskedError for what is no number, and for what no model can compute with."""
    try:
        if pd.api.types.is_complex_dtype(values.dtype):
            raise TypeError("complex numbers")
        numbers = values.astype("float64")
    except (TypeError, ValueError) as error:
        raise AskedError(f"extra: {error}, in {values.name}") from error
    if (numbers.abs() > _GREATEST).any():
        raise AskedError(
            f"extra: {values.name} has infinite values, or greater ones than {_GREATEST:g}: make them NULL"
        )
    return numbers
