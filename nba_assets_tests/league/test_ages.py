"""Ages: whole numbers on birthdays, and nothing of whom it is not known when he was born."""

from __future__ import annotations

import pandas as pd
import pytest

from nba_assets.league.ages import age_on


@pytest.mark.parametrize(
    ("born", "day", "age"),
    [
        ("1990-01-20", "2022-01-20", 32.0),
        ("1990-01-20", "2022-01-19", 31 + 364 / 365),
        ("1990-01-20", "2022-01-21", 32 + 1 / 365),
        ("1991-12-31", "2021-12-31", 30.0),
        ("1991-12-31", "2022-01-01", 30 + 1 / 365),
        ("1992-02-29", "2022-02-28", 29 + 364 / 365),
        ("1992-02-29", "2022-03-01", 30.0),
        ("1992-02-29", "2024-02-29", 32.0),
        ("1990-06-01", "2024-01-01", 33 + 214 / 366),
    ],
)
def test_age(born: str, day: str, age: float) -> None:
    (found,) = age_on(pd.to_datetime(pd.Series([born])), pd.to_datetime(pd.Series([day])))
    assert found == pytest.approx(age, abs=1e-12)
    assert (found >= 30) == (age >= 30)


def test_unknown() -> None:
    days = pd.to_datetime(pd.Series(["2022-01-01", "2022-01-01"]))
    found = age_on(pd.to_datetime(pd.Series([None, "2000-01-01"])), days)
    assert list(pd.isna(found)) == [True, False]
