"""How far off the methods are: mean absolute errors, and their ratios to the last-10 mean with a bootstrap error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from nba_assets.evaluation.player_games import BASE

COLUMNS = ("method", "rows", "mae", "ratio", "ratio_error")

_DRAWS = 1000
_SEED = 0


def scores(rows: pd.DataFrame, methods: Sequence[str]) -> pd.DataFrame:
    """One row per method: rows, mae, ratio (to the last-10 mean on the same rows), ratio_error.

    The error is the standard deviation of the ratio over draws of whole dates, as games of a date are not independent
    (bootstrap by blocks). The same rows give the same error. Both are NULL where the last-10 mean is never off.
    """
    errors = absolute_errors(rows, methods)
    by_date = errors.groupby(rows["game_date"].to_numpy()).sum()
    return pd.DataFrame(
        {
            "method": [*methods],
            "rows": len(rows),
            "mae": errors.mean().to_numpy(),
            "ratio": _ratios(errors.sum().to_numpy(), errors[BASE].sum()),
            "ratio_error": _errors_of_ratios(by_date),
        }
    )


def scores_by(rows: pd.DataFrame, methods: Sequence[str], by: pd.Series) -> pd.DataFrame:
    """The scores of each part of the rows, with the part as first column, in the order of the parts."""
    name = str(by.name)
    parts = [scores(part, methods).assign(**{name: which}) for which, part in rows.groupby(by, observed=True)]
    return pd.concat(parts, ignore_index=True)[[name, *COLUMNS]]


def absolute_errors(rows: pd.DataFrame, methods: Sequence[str]) -> pd.DataFrame:
    """A column per method: how far its column is from the label."""
    label = rows["label"].to_numpy(float)
    return pd.DataFrame({name: np.abs(rows[name].to_numpy(float) - label) for name in methods})


def _errors_of_ratios(by_date: pd.DataFrame) -> np.ndarray:
    dates = len(by_date)
    draws = np.random.default_rng(_SEED).multinomial(dates, np.full(dates, 1 / dates), size=_DRAWS)
    sums = draws @ by_date.to_numpy()
    return np.asarray(_ratios(sums, sums[:, [by_date.columns.get_loc(BASE)]]).std(axis=0))


def _ratios(sums: np.ndarray, base: Any) -> np.ndarray:
    return np.asarray(np.divide(sums, base, out=np.full(sums.shape, np.nan), where=np.asarray(base) > 0))
