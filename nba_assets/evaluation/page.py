"""An evaluation as one page: tables, and three plots as pictures in the page itself."""

from __future__ import annotations

import base64
from io import BytesIO
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

from nba_assets.evaluation.evaluate import METHODS, Evaluation
from nba_assets.evaluation.models import BOOSTING, MODELS

_ENVIRONMENT = Environment(loader=PackageLoader("nba_assets.evaluation"), autoescape=True, undefined=StrictUndefined)
_WIDE, _HIGH = 8, 3.2
_BAR = "#1d428a"
_DIGITS = {"mae": "{:.3f}", "ratio": "{:.3f}", "ratio_error": "{:.3f}", "mae_grows_by": "{:+.3f}"}
_SHARES = ("null_share_train", "null_share_test")


def page_of(found: Evaluation) -> str:
    """The page's text."""
    tables = {
        "Scores": found.scores,
        "By role": found.by_role,
        "By month": found.by_month,
        f"{BOOSTING} by what it was trained on": found.by_training,
        "Features": found.features,
    }
    return _ENVIRONMENT.get_template("page.html.j2").render(
        found=found,
        pictures={
            "Error, as a ratio to the last-10 mean": _ratios(found.scores),
            "The same by month": _months(found.by_month),
            f"By how much the error of {BOOSTING} grows without a feature": _importances(found.importances),
        },
        tables={title: (table.columns, [*map(_shown, table.to_dict("records"))]) for title, table in tables.items()},
    )


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
