"""Two plain models of scikit-learn, so that a feature has something to prove itself in: a ridge and boosted trees.

Neither is tuned: what they are for is to compare features, not to win. Each runs in one thread, so that the same rows
give the same predictions whatever the machine, and no thread waits for a busy core.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
import pandas as pd

from nba_assets.evaluation.errors import ExtraMissingError, TooFewError

LINEAR, BOOSTING = MODELS = ("linear", "boosting")
_SEED = 0
_REPEATS = 3
_MOST_ROWS = 6000


def require_extra() -> None:
    """ExtraMissingError, which names the command, unless scikit-learn and matplotlib are installed."""
    if not (find_spec("sklearn") and find_spec("matplotlib")):
        raise ExtraMissingError("models and plots need scikit-learn and matplotlib: pip install 'nba-assets[ml]'")


@dataclass(frozen=True)
class Trained:
    """A model with the features that it could learn from."""

    model: Any
    features: tuple[str, ...]

    def predict(self, rows: pd.DataFrame) -> np.ndarray:
        """The label of each row."""
        with _one_thread():
            return np.asarray(self.model.predict(_matrix(rows, self.features)))

    def importances(self, rows: pd.DataFrame) -> pd.DataFrame:
        """By how much the mean absolute error grows when a feature is shuffled over the rows, greatest first."""
        from sklearn.inspection import permutation_importance

        some = rows.sample(min(len(rows), _MOST_ROWS), random_state=_SEED)
        with _one_thread():
            found = permutation_importance(
                self.model,
                _matrix(some, self.features),
                some["label"].to_numpy(float),
                scoring="neg_mean_absolute_error",
                n_repeats=_REPEATS,
                random_state=_SEED,
            )
        table = pd.DataFrame({"feature": [*self.features], "mae_grows_by": found.importances_mean})
        return table.sort_values("mae_grows_by", ascending=False, kind="stable", ignore_index=True)


def trained(name: str, rows: pd.DataFrame, features: Sequence[str]) -> Trained:
    """A model of `label` by the features that have two values or more in the rows; TooFewError if none has.

    What is NULL is filled by the median and marked (linear), or is a branch of its own (boosting).
    """
    varying = tuple(feature for feature in features if rows[feature].nunique() > 1)
    if not varying:
        raise TooFewError(f"nothing to learn from: in {_seasons(rows)} every feature is NULL or always the same")
    with _one_thread():
        return Trained(_MADE[name]().fit(_matrix(rows, varying), rows["label"].to_numpy(float)), varying)


def _one_thread() -> AbstractContextManager[object]:
    from threadpoolctl import threadpool_limits

    limits: AbstractContextManager[object] = threadpool_limits(1)
    return limits


def _matrix(rows: pd.DataFrame, features: Sequence[str]) -> np.ndarray:
    return np.asarray(rows[[*features]].astype("float64"))


def _seasons(rows: pd.DataFrame) -> str:
    return ", ".join(sorted(rows["season"].unique()))


def _linear() -> Any:
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    filled = SimpleImputer(strategy="median", add_indicator=True)
    return make_pipeline(filled, StandardScaler(), Ridge(alpha=10.0))


def _boosting() -> Any:
    from sklearn.ensemble import HistGradientBoostingRegressor

    return HistGradientBoostingRegressor(
        loss="absolute_error",
        learning_rate=0.08,
        max_iter=120,
        max_leaf_nodes=8,
        min_samples_leaf=100,
        early_stopping=False,
        random_state=_SEED,
    )


_MADE: dict[str, Callable[[], Any]] = {LINEAR: _linear, BOOSTING: _boosting}
