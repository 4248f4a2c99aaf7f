"""How features of one time differ from those of another: what a model has learned from, and what it meets now.

Population stability index: Σ (c − b) · ln(c / b) over the deciles of the baseline (single values where there are few of
them), b and c the shares of baseline and current rows in each. By custom below 0.1 is stable and from 0.25 on another
distribution.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from nba_assets.evaluation.models import require_extra
from nba_assets.evaluation.records import as_text, records

STABLE, SHIFTED, DRIFTED, MORE_NULLS, FEWER_NULLS, UNKNOWN = (
    *("stable", "shifted", "drifted"),
    *("more NULLs", "fewer NULLs", "unknown"),
)
_SHIFTED_FROM = 0.1
_BINS = 10
_LEAST_SHARE = 1e-4
"""In place of an empty bin, whose logarithm would be infinite."""


@dataclass(frozen=True)
class Limits:
    """A feature has drifted from this `psi` on, or if its share of NULL differs by more than `null_share`."""

    psi: float = 0.25
    null_share: float = 0.1


@dataclass(frozen=True)
class Drift:
    """Each feature in two times. Printed, a table; `write` makes a page with the distributions of those that moved.

    `features` has a row for each: null_share, mean and std of both, psi, and a verdict: stable, shifted, drifted, more
    NULLs, fewer NULLs, or unknown where one of the two has no value. The greatest psi first.
    """

    baseline: str
    current: str
    rows: tuple[int, int]
    features: pd.DataFrame
    shares: dict[str, pd.DataFrame]

    @property
    def drifted(self) -> list[str]:
        """The features whose rows a model trained on the baseline has not seen the like of."""
        return [*self.features.loc[self.features["verdict"].isin([DRIFTED, MORE_NULLS, FEWER_NULLS]), "feature"]]

    def as_dict(self) -> dict[str, Any]:
        """As docs/json.md describes it."""
        return {
            "baseline": self.baseline,
            "current": self.current,
            "rows": {"baseline": self.rows[0], "current": self.rows[1]},
            "features": records(self.features),
            "drifted": self.drifted,
        }

    def write(self, file: str | Path) -> None:
        """Write the page, one HTML file that needs no other; ExtraMissingError without what draws it."""
        from nba_assets.evaluation.page import page_of_drift  # which draws

        require_extra()
        Path(file).write_text(page_of_drift(self), encoding="utf-8")

    def __repr__(self) -> str:
        """The table, and what has drifted."""
        heading = f"{self.current} ({self.rows[1]:,} rows) beside {self.baseline} ({self.rows[0]:,})"
        found = f"drifted: {', '.join(self.drifted)}" if self.drifted else "nothing has drifted"
        return "\n".join([heading, *as_text(self.features).splitlines(), found])


def drift(
    old: pd.DataFrame,
    new: pd.DataFrame,
    features: Sequence[str],
    *,
    baseline: str,
    current: str,
    limits: Limits = Limits(),
) -> Drift:
    """Compare the features of two frames; `baseline` and `current` say what they are of."""
    shares = {name: _shares(_values(old, name), _values(new, name)) for name in features}
    rows = [_described(name, _values(old, name), _values(new, name), shares[name], limits) for name in features]
    table = pd.DataFrame(rows).sort_values("psi", ascending=False, kind="stable", ignore_index=True)
    return Drift(baseline, current, (len(old), len(new)), table, shares)


def stability(shares: pd.DataFrame) -> float:
    """The index of the shares of both in each bin; NULL where one has none."""
    if shares.empty:
        return np.nan
    b, c = (shares[name].clip(lower=_LEAST_SHARE).to_numpy() for name in ("baseline", "current"))
    return float(((c - b) * np.log(c / b)).sum())


def _values(rows: pd.DataFrame, name: str) -> pd.Series:
    return rows[name].astype("float64")


def _shares(old: pd.Series, new: pd.Series) -> pd.DataFrame:
    """The share of known values in each bin: `bin` in words, baseline, current; no row where one has no value."""
    known_old, known_new = old.dropna(), new.dropna()
    if known_old.empty or known_new.empty:
        return pd.DataFrame({"bin": [], "baseline": [], "current": []})
    values = np.unique(np.concatenate([known_old.unique(), known_new.unique()]))
    if len(values) <= _BINS:
        counts = [known.value_counts().reindex(values, fill_value=0) for known in (known_old, known_new)]
        names = [f"{value:g}" for value in values]
    else:
        edges = np.unique(np.quantile(known_old, np.linspace(0, 1, _BINS + 1)[1:-1]))
        counts = [pd.Series(_counts(known, edges)) for known in (known_old, known_new)]
        names = [f"≤ {edge:.4g}" for edge in edges] + [f"> {edges[-1]:.4g}"]
    b, c = (of.to_numpy() / of.sum() for of in counts)
    return pd.DataFrame({"bin": names, "baseline": b, "current": c})


def _counts(values: pd.Series, edges: np.ndarray) -> np.ndarray:
    """How many values lie in each bin, up to its edge and with it; the last one has none."""
    return np.bincount(np.searchsorted(edges, values, side="left"), minlength=len(edges) + 1)


def _described(name: str, old: pd.Series, new: pd.Series, shares: pd.DataFrame, limits: Limits) -> dict[str, Any]:
    index = stability(shares)
    return {
        "feature": name,
        "null_share_baseline": float(old.isna().mean()),
        "null_share_current": float(new.isna().mean()),
        "mean_baseline": float(old.mean()),
        "mean_current": float(new.mean()),
        "std_baseline": float(old.std()),
        "std_current": float(new.std()),
        "psi": index,
        "verdict": _verdict(new.isna().mean() - old.isna().mean(), index, limits),
    }


def _verdict(more_nulls: float, index: float, limits: Limits) -> str:
    if abs(more_nulls) > limits.null_share:
        return MORE_NULLS if more_nulls > 0 else FEWER_NULLS
    if np.isnan(index):
        return UNKNOWN
    return DRIFTED if index >= limits.psi else SHIFTED if index >= _SHIFTED_FROM else STABLE
