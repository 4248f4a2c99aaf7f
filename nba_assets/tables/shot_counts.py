"""Shots counted by zone, and whether a game's shots are known at all. Shared by the three game summaries."""

from __future__ import annotations

import numpy as np
import pandas as pd

from nba_assets.league import distinct
from nba_assets.league.zones import ZONES
from nba_assets.tables.statistics import ZONE_ATTEMPTS, ZONE_MAKES


def known_shots(shots: pd.DataFrame, team_boxscores: pd.DataFrame) -> pd.Series:
    """Per game of the team box scores (index game_id): do its shots agree with both teams' FGA and FGM, ± 1?

    `shots` needs game_id, team and made; `team_boxscores` game_id, team, fga and fgm.
    """
    box = team_boxscores
    side, made = distinct.positions(shots, box, ["game_id", "team"]), shots["made"].to_numpy(dtype=bool)
    attempts = np.bincount(side[side >= 0], minlength=len(box))
    makes = np.bincount(side[made & (side >= 0)], minlength=len(box))
    agrees = (box["fga"] - attempts).abs().le(1) & (box["fgm"] - makes).abs().le(1)
    return agrees.groupby(box["game_id"]).all()


def known_counts(
    rows: pd.DataFrame, counts: pd.DataFrame, known: pd.Series, on: list[str], columns: list[str]
) -> dict[str, pd.Series]:
    """The columns of `zone_counts` beside each row: 0 where nobody shot, NULL where the game's shots are not known."""
    is_known = distinct.where(rows["game_id"], set(known.index[known]).__contains__)
    at = distinct.positions(rows, counts, on)
    found = {name: np.append(counts[name].to_numpy(), 0)[at] for name in columns}
    arrays = {name: pd.arrays.IntegerArray(values, ~is_known) for name, values in found.items()}
    return {name: pd.Series(array, index=rows.index) for name, array in arrays.items()}


def zone_counts(shots: pd.DataFrame, team_boxscores: pd.DataFrame, *, by: list[str]) -> tuple[pd.DataFrame, pd.Series]:
    """Attempts and makes by zone for each `by` (columns `by`, {zone}_attempts, {zone}_makes), and `known_shots`."""
    group, counts = distinct.groups(shots, by)
    codes, zones = pd.factorize(shots["zone"])
    zone = np.array([ZONES.index(name) for name in zones], dtype=np.int64)[codes]
    cell, made = len(ZONES) * group + zone, shots["made"].to_numpy(dtype=bool)
    shape = (len(counts), len(ZONES))
    attempts = np.bincount(cell, minlength=len(ZONES) * len(counts)).reshape(shape)
    makes = np.bincount(cell[made], minlength=len(ZONES) * len(counts)).reshape(shape)
    counted = dict(zip(ZONE_ATTEMPTS, attempts.T, strict=True)) | dict(zip(ZONE_MAKES, makes.T, strict=True))
    return counts.assign(**counted), known_shots(shots, team_boxscores)
