"""What became of each player's games, what simple means knew of it before, and who is counted.

Populations as in the anchors of the project: A is everybody who played, C who has had at least 15 minutes over his last
ten games; both from the fifteenth day of a season on, with at least one earlier game of the season.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd

from nba_assets.league.calendar import opening_at_the_latest
from nba_assets.league.windows import GameLog, last, season

ALL, REGULARS = POPULATIONS = ("A", "C")
SPANS = {"last 5": last(5), "last 10": last(10), "season mean": season()}
BASELINES = (*SPANS, "blend")
ADDED = ("minutes", "role")
"""What else the rows are given."""
BASE = "last 10"
"""What every other method is measured against."""

_BLEND = {"last 5": 0.3, "last 10": 0.3, "season mean": 0.4}
_FIRST_DAYS = timedelta(days=14)
_LEAST_MINUTES = 15.0
_MANY_MINUTES = 28.0
ROLES = (f"{_MANY_MINUTES:.0f} minutes and more", f"{_LEAST_MINUTES:.0f} to {_MANY_MINUTES:.0f}", "fewer")


def player_games(results: pd.DataFrame) -> pd.DataFrame:
    """The rows of population A: `results` with a column for each baseline, `minutes`, and `role`.

    `results` has a row for each game of each player who played: season, game_date, game_id, player_id, seconds_played
    and `label`, a number. Every mean is over his games of the season strictly before the date; `minutes` over the last
    ten of them.
    """
    log = GameLog(results, entity="player_id")
    before = log.before(results["player_id"], results["season"], results["game_date"])
    means = {name: before.over(span).mean("label") for name, span in SPANS.items()}
    minutes = before.over(SPANS[BASE]).mean("seconds_played") / 60
    rows = results.assign(**means, blend=sum(part * means[name] for name, part in _BLEND.items()), minutes=minutes)
    rows["role"] = np.select([minutes >= _MANY_MINUTES, minutes >= _LEAST_MINUTES], ROLES[:2], ROLES[2])
    return rows[_is_late_enough(rows) & rows[BASE].notna()].reset_index(drop=True)


def is_in(rows: pd.DataFrame, population: str) -> pd.Series:
    """Which rows belong to a population."""
    return rows["minutes"] >= (_LEAST_MINUTES if population == REGULARS else 0)


def _is_late_enough(rows: pd.DataFrame) -> pd.Series:
    openings = {name: pd.Timestamp(opening_at_the_latest(name) + _FIRST_DAYS) for name in rows["season"].unique()}
    return rows["game_date"] >= rows["season"].map(openings)
