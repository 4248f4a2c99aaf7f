"""Shot zones: where a shot was taken, and what a player's or a defence's shares by zone say."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from nba_assets.league.distinct import where

PAINT = "paint"
MID_RANGE = "mid_range"
THREE_PT = "three_pt"
ZONES: tuple[str, ...] = (PAINT, MID_RANGE, THREE_PT)

BALANCED = "balanced"
_PAINT_AREAS = ("Restricted Area", "In The Paint (Non-RA)")
_CORNERS = ("Left Corner 3", "Right Corner 3")
AREAS = frozenset({*_PAINT_AREAS, *_CORNERS, "Mid-Range", "Above the Break 3", "Backcourt"})
"""Every area that the league names."""
THREE_POINTER = "3PT Field Goal"
SHOT_TYPES = frozenset({"2PT Field Goal", THREE_POINTER})


def is_three(shot_type: str) -> bool:
    """Whether a shot of that type is a three-pointer."""
    return shot_type.startswith("3PT")


def is_known(shot_type: pd.Series, area: pd.Series) -> pd.Series:
    """Whether the league names each shot's type and area; which of them go together is not asked."""
    known = where(shot_type, SHOT_TYPES.__contains__) & where(area, AREAS.__contains__)
    return pd.Series(known, index=shot_type.index)


def unknown_texts(shot_type: pd.Series, area: pd.Series) -> list[str]:
    """What is not known of shots, in quotation marks: 'Restricted', '4PT Field Goal'."""
    return [f"'{text}'" for text in [*shot_type[~shot_type.isin(SHOT_TYPES)], *area[~area.isin(AREAS)]]]


def shot_zones(is_three: pd.Series, area: pd.Series) -> pd.Categorical:
    """The zone of each shot: any three-pointer (backcourt heaves too) is three_pt, else the league's area.

    Two-pointers outside the paint are mid_range, from the backcourt as well.
    """
    zone = np.where(where(area, _PAINT_AREAS.__contains__), ZONES.index(PAINT), ZONES.index(MID_RANGE))
    return pd.Categorical.from_codes(np.where(is_three, ZONES.index(THREE_PT), zone), ZONES)


def is_corner_three(is_three: pd.Series, area: pd.Series) -> pd.Series:
    """Whether each shot is a three-pointer from a corner."""
    return is_three & where(area, _CORNERS.__contains__)


def primary_zone(paint: npt.ArrayLike, mid_range: npt.ArrayLike, three_pt: npt.ArrayLike) -> npt.NDArray[np.object_]:
    """A player's primary scoring zone from his unrounded shares of attempts; NULL where they are NULL.

    paint from .40, else three_pt from .40, else mid_range from .35, else balanced.
    """
    p, m, t = (np.asarray(a, dtype=np.float64) for a in (paint, mid_range, three_pt))
    zone = np.select([p >= 0.40, t >= 0.40, m >= 0.35], [PAINT, THREE_PT, MID_RANGE], BALANCED).astype(object)
    zone[np.isnan(p) | np.isnan(m) | np.isnan(t)] = None
    return zone


def extreme_zones(
    paint: npt.ArrayLike, mid_range: npt.ArrayLike, three_pt: npt.ArrayLike
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.object_]]:
    """The zones with the lowest and the highest value, over those that are not NULL.

    Ties go in the order paint, mid_range, three_pt; both are NULL where every zone is.
    """
    values = np.column_stack([np.asarray(a, dtype=np.float64) for a in (paint, mid_range, three_pt)])
    names = np.array(ZONES, dtype=object)
    unknown = np.isnan(values)
    values = values.round(9)  # so that values equal in exact arithmetic tie
    lowest = names[np.where(unknown, np.inf, values).argmin(axis=1)]
    highest = names[np.where(unknown, -np.inf, values).argmax(axis=1)]
    lowest[unknown.all(axis=1)] = None
    highest[unknown.all(axis=1)] = None
    return lowest, highest
