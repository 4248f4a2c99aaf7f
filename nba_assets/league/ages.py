"""How old somebody is on a date, in years and the part of the year that he is in."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from nba_assets.league.formulas import Floats

_DAY, _MONTH, _YEAR = "datetime64[D]", "datetime64[M]", "datetime64[Y]"


def age_on(born: pd.Series, day: pd.Series) -> Floats:
    """Years on `day`: a whole number on birthdays, between two of them by days; NULL without a birth date.

    Who was born on 29 February has it on 1 March in other years.
    """
    births, days = (values.to_numpy().astype(_DAY) for values in (born, day))
    years = days.astype(_YEAR).astype(np.int64) - births.astype(_YEAR).astype(np.int64)
    years -= days < _birthday(births, days.astype(_YEAR))
    last, following = (_birthday(births, births.astype(_YEAR) + years + n) for n in (0, 1))
    age: Floats = years + (days - last) / (following - last)
    return np.where(np.isnat(births), np.nan, age)


def _birthday(births: npt.NDArray[Any], years: npt.NDArray[Any]) -> npt.NDArray[Any]:
    month = births.astype(_MONTH) - births.astype(_YEAR).astype(_MONTH)
    day_of_month = births - births.astype(_MONTH).astype(_DAY)
    birthday: npt.NDArray[Any] = (years.astype(_MONTH) + month).astype(_DAY) + day_of_month
    return birthday
