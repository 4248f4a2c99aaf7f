"""Seasons of made-up games of players, whose points are their skill, a form that wanders, and luck."""

from __future__ import annotations

import numpy as np
import pandas as pd

SEASONS = {"2021-22": "2021-10-19", "2022-23": "2022-10-18"}

WEEKS = {"2021-22": ("2021-10-19", "2021-11-06"), "2022-23": ("2022-10-18", "2022-11-05")}
NOW = {"NBA_NOW": "2022-11-06T12:00"}
"""The weeks of two simulated seasons that are built, and the day after them."""


def results(players: int = 40, dates: int = 40, *, seed: int = 0) -> pd.DataFrame:
    """A game of each player on most dates from the opening night of each season on."""
    random = np.random.default_rng(seed)
    skills = random.uniform(2, 25, players)
    parts = []
    for season, opening in SEASONS.items():
        rows = pd.MultiIndex.from_product([pd.date_range(opening, periods=dates), range(players)]).to_frame(
            index=False, name=["game_date", "player_id"]
        )
        rows = rows[random.random(len(rows)) < 0.7].reset_index(drop=True)
        seconds = np.clip(random.normal(60 * (8 + skills[rows["player_id"]]), 200), 0, 2880).round().astype(int)
        form = np.exp(np.cumsum(random.normal(0, 0.03, (dates, players)), axis=0))
        since = (rows["game_date"] - pd.Timestamp(opening)).dt.days
        label = random.poisson(skills[rows["player_id"]] * form[since, rows["player_id"]]).astype(float)
        ids = rows["game_date"].dt.strftime("%Y%m%d")
        parts.append(rows.assign(season=season, game_id=ids, seconds_played=seconds, label=label))
    return pd.concat(parts, ignore_index=True)


def with_honest_features(rows: pd.DataFrame, *, seed: int = 1) -> pd.DataFrame:
    """Rows of `player_games` with a feature that says something of them, one that is noise, and one nobody knows."""
    noise = np.random.default_rng(seed).normal(size=len(rows))
    return rows.assign(form=rows["season mean"], noise=noise, unknown=np.nan)


FEATURES = ("form", "noise", "unknown")
