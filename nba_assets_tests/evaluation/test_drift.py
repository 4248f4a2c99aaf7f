"""The stability index by hand, and each verdict by features that earn it."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest

from nba_assets.evaluation.drift import Drift, drift, stability


def of(old: list[float], new: list[float]) -> pd.Series:
    """The one row of a comparison of a feature."""
    frames = (pd.DataFrame({"one": pd.array(values, dtype="Float64")}) for values in (old, new))
    return drift(*frames, ["one"], baseline="then", current="now").features.iloc[0]


def test_the_index_is_that_of_the_shares() -> None:
    shares = pd.DataFrame({"bin": ["0", "1"], "baseline": [0.5, 0.5], "current": [0.25, 0.75]})
    by_hand = (0.25 - 0.5) * math.log(0.25 / 0.5) + (0.75 - 0.5) * math.log(0.75 / 0.5)
    assert stability(shares) == pytest.approx(by_hand)
    assert of([0, 0, 1, 1], [0, 1, 1, 1])["psi"] == pytest.approx(by_hand)


def test_deciles_of_the_baseline_hold_a_tenth_each() -> None:
    values = np.random.default_rng(0).normal(size=5000)
    frames = (pd.DataFrame({"one": values}), pd.DataFrame({"one": values + 1}))
    shares = drift(*frames, ["one"], baseline="then", current="now").shares["one"]
    assert len(shares) == 10
    np.testing.assert_allclose(shares["baseline"], 0.1, atol=0.001)
    edges = np.quantile(values, np.linspace(0, 1, 11)[1:-1])
    counted = np.histogram(values + 1, [-np.inf, *edges, np.inf])[0] / 5000
    np.testing.assert_allclose(shares["current"], counted, atol=0.001)


NORMAL = list(np.random.default_rng(1).normal(size=2000))


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [
        (NORMAL, NORMAL[::-1], "stable"),
        (NORMAL, [value + 0.4 for value in NORMAL], "shifted"),
        (NORMAL, [value + 1 for value in NORMAL], "drifted"),
        (NORMAL, [100.0] * 5, "drifted"),
        ([1.0] * 50, [1.0] * 7, "stable"),
        ([1.0, 2, 3, 4], [1.0, None, 3, 4], "more NULLs"),
        ([1.0, None, 3, 4], [1.0, 2, 3, 4], "fewer NULLs"),
        ([None, None], [None], "unknown"),
        ([None, None], [1.0, 2.0], "fewer NULLs"),
        ([1.0, 2.0], [None], "more NULLs"),
    ],
)
def test_a_verdict_is_earned(old: list[float], new: list[float], verdict: str) -> None:
    assert of(old, new)["verdict"] == verdict


@pytest.fixture
def found() -> Drift:
    old = pd.DataFrame({"same": NORMAL, "moved": NORMAL, "gone": NORMAL})
    new = pd.DataFrame({"same": NORMAL, "moved": [value + 3 for value in NORMAL], "gone": np.nan})
    return drift(old, new, ["same", "moved", "gone"], baseline="then", current="now")


def test_what_moved_comes_first_and_is_named(found: Drift) -> None:
    assert found.drifted == ["moved", "gone"]
    assert found.features["feature"].tolist() == ["moved", "same", "gone"]
    assert repr(found).splitlines()[0] == "now (2,000 rows) beside then (2,000)"
    assert repr(found).splitlines()[-1] == "drifted: moved, gone"


def test_as_json_it_has_no_nan(found: Drift) -> None:
    told = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert {one["feature"]: one["psi"] is None for one in told["features"]} == {
        "moved": False,
        "same": False,
        "gone": True,
    }


def test_the_page_draws_what_moved_and_can_be_drawn(found: Drift, tmp_path) -> None:
    found.write(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == 1
    assert "moved: a model trained on then has not seen the like" in page
