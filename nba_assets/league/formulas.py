"""Possessions, pace, ratings, shooting and usage: each formula once, for one game or for sums over a window.

Every function takes columns (or arrays) of sums and returns float64, NULL where the denominator is 0 or an
input is unknown. Applied to sums over a window it gives the ratio of sums, never a mean of ratios.
Sources: the basketball-reference.com glossary for TS%, eFG%, usage and pace; Oliver, "Basketball on Paper"
(2004), for possessions averaged over both teams.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

SECONDS_PER_GAME = 2880
SECONDS_PER_OVERTIME = 300


def ratio(numerator: npt.ArrayLike, denominator: npt.ArrayLike) -> Floats:
    """numerator / denominator as float64, NULL where the denominator is 0 or either side is NULL."""
    above = np.asarray(numerator, dtype=np.float64)
    below = np.asarray(denominator, dtype=np.float64)
    ratios: Floats = np.divide(above, below, out=np.full(np.broadcast(above, below).shape, np.nan), where=below != 0)
    return ratios


def true_shooting(pts: npt.ArrayLike, fga: npt.ArrayLike, fta: npt.ArrayLike) -> Floats:
    """TS% = PTS / (2 (FGA + 0.44 FTA)), a fraction that can pass 1."""
    return ratio(pts, 2.0 * (np.asarray(fga, dtype=np.float64) + 0.44 * np.asarray(fta, dtype=np.float64)))


def effective_field_goal(fgm: npt.ArrayLike, fg3m: npt.ArrayLike, fga: npt.ArrayLike) -> Floats:
    """eFG% = (FGM + 0.5 FG3M) / FGA, a fraction 0-1.5."""
    return ratio(np.asarray(fgm, dtype=np.float64) + 0.5 * np.asarray(fg3m, dtype=np.float64), fga)


def plays(fga: npt.ArrayLike, fta: npt.ArrayLike, tov: npt.ArrayLike) -> Floats:
    """FGA + 0.44 FTA + TOV: the ways in which a player or a team ends a possession."""
    return (
        np.asarray(fga, dtype=np.float64) + 0.44 * np.asarray(fta, dtype=np.float64) + np.asarray(tov, dtype=np.float64)
    )


def usage(
    player_plays: npt.ArrayLike,
    player_seconds: npt.ArrayLike,
    team_plays: npt.ArrayLike,
    team_seconds: npt.ArrayLike,
) -> Floats:
    """Usage in percent: 100 · plays · (team seconds / 5) / (seconds · team plays); NULL at 0 seconds.

    `team_seconds` counts all five players on the floor (14,400 in regulation).
    """
    used = 100.0 * np.asarray(player_plays, dtype=np.float64) * (np.asarray(team_seconds, dtype=np.float64) / 5)
    return ratio(used, np.asarray(player_seconds, dtype=np.float64) * np.asarray(team_plays, dtype=np.float64))


def possessions_of_one_side(
    *,
    fga: npt.ArrayLike,
    fgm: npt.ArrayLike,
    fta: npt.ArrayLike,
    oreb: npt.ArrayLike,
    tov: npt.ArrayLike,
    opponent_dreb: npt.ArrayLike,
) -> Floats:
    """FGA + 0.4 FTA − 1.07 · OREB/(OREB + opponent DREB) · (FGA − FGM) + TOV, one team's own estimate."""
    shots = np.asarray(fga, dtype=np.float64)
    offensive = np.asarray(oreb, dtype=np.float64)
    chances = ratio(offensive, offensive + np.asarray(opponent_dreb, dtype=np.float64))
    second_shots = 1.07 * np.nan_to_num(chances) * (shots - np.asarray(fgm, dtype=np.float64))
    return shots + 0.4 * np.asarray(fta, dtype=np.float64) - second_shots + np.asarray(tov, dtype=np.float64)


def pace(possessions: npt.ArrayLike, team_seconds: npt.ArrayLike) -> Floats:
    """Possessions per 48 minutes; `team_seconds` counts five players, so overtime is normalised away."""
    return ratio(
        SECONDS_PER_GAME * np.asarray(possessions, dtype=np.float64), np.asarray(team_seconds, dtype=np.float64) / 5
    )


def rating(points: npt.ArrayLike, possessions: npt.ArrayLike) -> Floats:
    """Points per 100 possessions."""
    return ratio(100.0 * np.asarray(points, dtype=np.float64), possessions)


def sample_std(total: npt.ArrayLike, total_of_squares: npt.ArrayLike, count: npt.ArrayLike) -> Floats:
    """Sample standard deviation (n − 1) from integer sums; NULL below two values.

    n Σx² − (Σx)² is formed in integers, so nothing cancels.
    """
    n = np.asarray(count, dtype=np.int64)
    sum_x = np.asarray(total, dtype=np.int64)
    spread = n * np.asarray(total_of_squares, dtype=np.int64) - sum_x * sum_x
    return np.sqrt(ratio(spread, n * (n - 1)))
