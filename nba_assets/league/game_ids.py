"""Game ids in one spelling: ten digits of text, `00TYYNNNNN`, whatever has become of their leading zeros.

Ids that were numbers for a while come back as 22100001, as text or as a number. They are the same ids if, with their
zeros, they are of a known type and of the season at hand.
"""

from __future__ import annotations

import re
from numbers import Real

import pandas as pd

from nba_assets.league.calendar import GameType, season_start_year

_DIGITS = 10
_ID = re.compile(f"({'|'.join(GameType)})(\\d\\d)\\d{{5}}")


def normal_game_ids(ids: pd.Series, season: str | None = None) -> pd.Series:
    """Each id in ten digits; unchanged what is none (see `is_game_id`), NULL stays NULL.

    Zeros are put in front of fewer digits if that gives an id of a known type and, if `season` is given, of it.
    """
    known = {value: _normal(value, season) for value in ids.dropna().unique()}
    return ids.astype(object).map(known).where(ids.notna(), None)


def is_game_id(value: object) -> bool:
    """Whether it is an id in its normal spelling, of a known type."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def _normal(value: object, season: str | None) -> object:
    digits = _digits(value)
    if digits is None or len(digits) >= _DIGITS:
        return digits if digits is not None and not isinstance(value, str) else value
    found = _ID.fullmatch(digits.zfill(_DIGITS))
    of_season = season is None or (found is not None and int(found[2]) == season_start_year(season) % 100)
    return found[0] if found is not None and of_season else value


def _digits(value: object) -> str | None:
    """The digits of a text or of a whole number; a column with NULLs makes numbers of them that end in .0."""
    if isinstance(value, str):
        return value if re.fullmatch(r"\d+", value) else None
    if isinstance(value, bool) or not isinstance(value, Real):
        return None
    number = float(value)
    return str(int(number)) if number >= 0 and number.is_integer() else None
