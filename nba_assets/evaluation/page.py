"""What was found as one page: tables, and plots as pictures in the page itself."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from io import BytesIO
from typing import Any

import numpy as np
import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

from nba_assets.evaluation.drift import STABLE, Drift
from nba_assets.evaluation.evaluate import METHODS, Evaluation
from nba_assets.evaluation.models import BOOSTING, MODELS

_ENVIRONMENT = Environment(loader=PackageLoader("nba_assets.evaluation"), autoescape=True, undefined=StrictUndefined)
_WIDE, _HIGH = 8, 3.2
_BAR = "#1d428a"
_DIGITS = {"mae": "{:.3f}", "ratio": "{:.3f}", "ratio_error": "{:.3f}", "mae_grows_by": "{:+.3f}", "psi": "{:.3f}"}
_SHARES = ("null_share_train", "null_share_test", "null_share_baseline", "null_share_current")


def page_of(found: Evaluation) -> str:
    """The text of the page of an evaluation."""
    tables = {
        "Scores": found.scores,
        "By role": found.by_role,
        "By month": found.by_month,
        f"{BOOSTING} by what it was trained on": found.by_training,
        "Features": found.features,
    }
    return _page(
        "evaluation.html.j2",
        found,
        {
            "Error, as a ratio to the last-10 mean": _ratios(found.scores),
            "The same by month": _months(found.by_month),
            f"By how much the error of {BOOSTING} grows without a feature": _importances(found.importances),
        },
        tables,
    )


def page_of_drift(found: Drift) -> str:
    """The text of the page of a comparison: the distributions of what is not stable, and the table of all."""
    moved = found.features.loc[found.features["verdict"] != STABLE, "feature"]
    pictures = {name: _shares(found, name) for name in moved if len(found.shares[name])}
    return _page("drift.html.j2", found, pictures, {"Features": found.features})


def _page(template: str, found: object, pictures: Mapping[str, str], tables: Mapping[str, pd.DataFrame]) -> str:
    shown = {title: (table.columns, [*map(_shown, table.to_dict("records"))]) for title, table in tables.items()}
    return _ENVIRONMENT.get_template(template).render(found=found, pictures=pictures, tables=shown)


def _shown(row: dict[str, Any]) -> list[str]:
    return [_text(name, value) for name, value in row.items()]


def _text(name: str, value: Any) -> str:
    if pd.isna(value):
        return ""
    if name in _SHARES:
        return f"{value:.1%}"
    if name in _DIGITS:
        return _DIGITS[name].format(value)
    return f"{value:.2f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)


def _ratios(scores: pd.DataFrame) -> str:
    figure, axes = _figure()
    for shift, (population, rows) in enumerate(scores.groupby("population")):
        places = [METHODS.index(name) + 0.15 * (2 * shift - 1) for name in rows["method"]]
        axes.errorbar(places, rows["ratio"], rows["ratio_error"], fmt="o", capsize=3, label=f"population {population}")
    axes.set_xticks(range(len(METHODS)), METHODS)
    axes.axhline(1, color="gray", linewidth=0.8)
    axes.legend()
    return _as_picture(figure)


def _months(by_month: pd.DataFrame) -> str:
    figure, axes = _figure()
    for method in MODELS:
        rows = by_month[by_month["method"] == method]
        axes.errorbar(rows["month"], rows["ratio"], rows["ratio_error"], fmt="o-", capsize=3, label=method)
    axes.axhline(1, color="gray", linewidth=0.8)
    axes.legend()
    return _as_picture(figure)


def _shares(found: Drift, feature: str) -> str:
    figure, axes = _figure()
    shares = found.shares[feature]
    for shift, (column, name) in enumerate((("baseline", found.baseline), ("current", found.current))):
        axes.bar(np.arange(len(shares)) + 0.4 * (shift - 0.5), shares[column], width=0.4, label=name)
    axes.set_xticks(range(len(shares)), shares["bin"])
    axes.set_ylabel("share of rows")
    axes.legend()
    return _as_picture(figure)


def _importances(importances: pd.DataFrame) -> str:
    figure, axes = _figure(high=0.24 * len(importances) + 0.8)
    upwards = importances[::-1]
    axes.barh(upwards["feature"], upwards["mae_grows_by"], color=_BAR)
    return _as_picture(figure)


def _figure(high: float = _HIGH) -> tuple[Any, Any]:
    from matplotlib.figure import Figure  # without pyplot: no window, no state of a process

    figure = Figure(figsize=(_WIDE, high), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _as_picture(figure: Any) -> str:
    """A PNG as the address of an img."""
    drawn = BytesIO()
    figure.savefig(drawn, format="png", dpi=110)
    return "data:image/png;base64," + base64.b64encode(drawn.getvalue()).decode()
