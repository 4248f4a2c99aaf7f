"""Shots counted by zone, and whether a game's shots are known at all. Shared by the three game summaries."""

from __future__ import annotations

import pandas as pd

from nba_assets.league.zones import ZONES
from nba_assets.tables.statistics import ZONE_ATTEMPTS, ZONE_MAKES


def known_shots(shots: pd.DataFrame, team_boxscores: pd.DataFrame) -> pd.Series:
    """Per game of the team box scores (index game_id): do its shots agree with both teams' FGA and FGM, ± 1?

    `shots` needs game_id, team and made; `team_boxscores` game_id, team, fga and fgm.
    """
    taken = shots.groupby(["game_id", "team"], sort=False)["made"].agg(["size", "sum"]).reset_index()
    sides = team_boxscores[["game_id", "team", "fga", "fgm"]].merge(taken, on=["game_id", "team"], how="left")
    attempts = sides["size"].astype("float64").fillna(0)
    makes = sides["sum"].astype("float64").fillna(0)
    agrees = (attempts - sides["fga"]).abs().le(1) & (makes - sides["fgm"]).abs().le(1)
    return agrees.groupby(sides["game_id"]).all()


def zone_counts(shots: pd.DataFrame, team_boxscores: pd.DataFrame, *, by: list[str]) -> tuple[pd.DataFrame, pd.Series]:
    """Attempts and makes by zone for each `by` (columns `by`, {zone}_attempts, {zone}_makes), and `known_shots`."""
    made = shots["made"].astype("int64")
    keys = [shots[name] for name in by]
    counted: dict[str, pd.Series] = {}
    for zone, attempts, makes in zip(ZONES, ZONE_ATTEMPTS, ZONE_MAKES, strict=True):
        here = shots["zone"].eq(zone).astype("int64")
        counted |= {attempts: here, makes: here * made}
    counts = pd.DataFrame(counted, index=shots.index).groupby(keys, sort=False).sum().reset_index()
    return counts, known_shots(shots, team_boxscores)
