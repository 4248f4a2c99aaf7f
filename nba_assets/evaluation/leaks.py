"""Alarms for features that know the result: too good a model, and single features that move with it.

Measured on the real season 2023-24: without a leak no correlation of a feature exceeds .10, and none of its step .08. A
result among the features has .60; the step of a last-5 average with the game itself in it .75, of a season average .52,
of a standard deviation of ten games .25. What stays below is found by the leak test of `nba-assets verify` alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import pandas as pd

from nba_assets.evaluation.player_games import BASE

Known = Literal["morning", "starters"]
"""From when on what the features say is known: the morning of the game, or the moment the starters are announced."""

WHEN_KNOWN: tuple[str, ...] = get_args(Known)
LEAST_RATIOS: dict[str, float] = {"morning": 0.955, "starters": 0.94}
"""No honest model has been seen to be better than this, as a ratio to the last-10 mean."""

MOST_CORRELATED = 0.2
MOST_STEP_CORRELATED = 0.13
_LEAST_ROWS = 500
"""Of fewer rows a correlation may be great by chance."""


def alarms(found: pd.DataFrame, models: Sequence[str], signs: pd.DataFrame, known: Known) -> tuple[str, ...]:
    """What must not be believed, in words: `found` are the scores by population, `signs` those of single features."""
    least = LEAST_RATIOS[known]
    too_good = found[found["method"].isin(models) & (found["ratio"] < least) & (found["rows"] >= _LEAST_ROWS)]
    return (
        *(
            f"population {row.population}: {row.method} has {row.ratio:.3f} of the error of the {BASE} mean; below "
            f"{least} suspect a feature that knows the result"
            for row in too_good.itertuples()
        ),
        *(
            f"{row.feature} is correlated with what the {BASE} mean did not foresee: {row.correlation:+.2f}"
            for row in signs[signs["correlation"].abs() > MOST_CORRELATED].itertuples()
        ),
        *(
            f"{row.feature} moves on the date of a game with its result: its step is correlated {row.step:+.2f}"
            for row in signs[signs["step"].abs() > MOST_STEP_CORRELATED].itertuples()
        ),
    )


def signs_of_leaks(rows: pd.DataFrame, features: Sequence[str]) -> pd.DataFrame:
    """One row per feature: how it is correlated with label − last-10 mean, and how its step from game to game is.

    NULL for what is known of too few rows, or is always the same.
    """
    in_order = rows.sort_values(["player_id", "season", "game_date", "game_id"])
    surprise = in_order["label"].astype("float64") - in_order[BASE]
    values = in_order[[*features]].astype("float64")
    steps = values - values.groupby([in_order["player_id"], in_order["season"]]).shift(1)
    return pd.DataFrame(
        {
            "feature": [*features],
            "correlation": [_correlation(values[name], surprise) for name in features],
            "step": [_correlation(steps[name], surprise) for name in features],
        }
    )


def _correlation(one: pd.Series, other: pd.Series) -> float:
    known = one.notna() & other.notna()
    if known.sum() < _LEAST_ROWS or one[known].nunique() < 2 or other[known].nunique() < 2:
        return np.nan
    return float(np.corrcoef(one[known], other[known])[0, 1])
