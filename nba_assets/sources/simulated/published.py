"""A result set with its history: which rows the league shows on which day.

What the rows are is the business of `schedule`, `box_scores`, `shot_chart` and `pregame`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from nba_assets.sources.base import ResultSet, conform
from nba_assets.sources.simulated.rosters import NEVER, Ints


@dataclass(frozen=True)
class Published:
    """Rows of a result set, each shown from `first` to before `end` (days from opening night)."""

    rows: pd.DataFrame
    first: Ints
    end: Ints

    def on(self, day: int) -> pd.DataFrame:
        """What is shown on a day."""
        shown = (self.first <= day) & (day < self.end)
        return self.rows if shown.all() else self.rows[shown].reset_index(drop=True)


def publish(
    rows: pd.DataFrame, result_set: ResultSet, *, first: npt.ArrayLike, end: npt.ArrayLike = NEVER
) -> Published:
    """The rows, conformed, with the days from and to which they are shown."""
    conformed = conform(rows, result_set, origin="the simulated league")
    shape = len(conformed)
    return Published(conformed, _days(first, shape), _days(end, shape))


def _days(days: npt.ArrayLike, length: int) -> Ints:
    return np.broadcast_to(np.asarray(days, dtype=np.int64), (length,))
