"""Tendencies estimated from a simulated league's published rows converge to the parameters it was drawn from.

Ten seasons of one league. If rows, estimators and parameters mean the same, the z-scores are standard normal;
a parameter that is a few percent off is noticed, which the counter-checks prove.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from nba_assets.league import formulas
from nba_assets.league.zones import PAINT, ZONES
from nba_assets.sources.base import ResultSet
from nba_assets.sources.simulated import SimulatedSource, Tendencies
from nba_assets_tests.statistics.estimates import ESTIMATES, Observed, observe, z_scores, zone_pct, zone_share

SEASONS = [f"{year}-{(year + 1) % 100:02d}" for year in range(2012, 2022)]
LIMIT = 4.0
"""Standard errors that a mean or a variance of z-scores may be off."""
FEWEST = 10.0
"""Variance of a count below which the normal approximation is not used."""

Change = Callable[[Tendencies], Tendencies]


@pytest.fixture(scope="module")
def source() -> SimulatedSource:
    return SimulatedSource(today=date(2100, 1, 1))


@pytest.fixture(scope="module")
def decade(source: SimulatedSource) -> list[Observed]:
    return [observe(source, season) for season in SEASONS]


def _unchanged(truth: Tendencies) -> Tendencies:
    return truth


def _z_scores(decade: list[Observed], tendency: str, change: Change = _unchanged) -> pd.Series:
    estimates = pd.concat([ESTIMATES[tendency](seen, change(seen.truth)) for seen in decade])
    return z_scores(estimates[(estimates["variance"] >= FEWEST) & (estimates["trials"] >= 20)])


def _errors_off(z: pd.Series) -> tuple[float, float]:
    """By how many standard errors mean and variance differ from those of a standard normal."""
    return float(abs(z.mean()) * np.sqrt(len(z))), float(abs(z.var() - 1) / np.sqrt(2 / len(z)))


@pytest.mark.parametrize("tendency", list(ESTIMATES))
def test_z_scores_are_standard_normal(decade: list[Observed], tendency: str) -> None:
    z = _z_scores(decade, tendency)
    mean_off, variance_off = _errors_off(z)
    assert len(z) >= 290
    assert mean_off < LIMIT
    assert variance_off < LIMIT
    assert z.abs().max() < 5
    assert abs(z.abs().lt(1).mean() - 0.6827) < LIMIT * np.sqrt(0.6827 * 0.3173 / len(z))


def _players(column: str, factor: float) -> Change:
    def change(truth: Tendencies) -> Tendencies:
        return replace(truth, players=truth.players.assign(**{column: truth.players[column] * factor}))

    return change


def _teams(column: str, *, factor: float = 1.0, plus: float = 0.0) -> Change:
    def change(truth: Tendencies) -> Tendencies:
        return replace(truth, teams=truth.teams.assign(**{column: truth.teams[column] * factor + plus}))

    return change


def _usage_off(truth: Tendencies) -> Tendencies:
    """Weights count relative to each other: raise one half of them, lower the other."""
    factor = np.where(truth.players["player_id"] // 100 % 2 == 0, 1.03, 0.97)
    return replace(truth, players=truth.players.assign(usage_weight=truth.players["usage_weight"] * factor))


SLIGHTLY_WRONG: dict[str, Change] = {
    **{f"{zone}_share": _players(f"{zone}_share", 1.03) for zone in ZONES},
    **{f"{zone}_pct": _players(f"{zone}_pct", 1.03) for zone in ZONES},
    # A hundredth of a make share is two to three percent of it.
    **{f"{zone}_defence": _teams(f"{zone}_defence", plus=0.01) for zone in ZONES},
    "usage_weight": _usage_off,
    "turnover_rate": _players("turnover_rate", 1.03),
    "free_throw_pct": _players("free_throw_pct", 1.03),
    "pace": _teams("pace", factor=1.03),
    "offensive_rebound_rate": _teams("offensive_rebound_rate", factor=1.03),
}


@pytest.mark.parametrize("tendency", list(ESTIMATES))
def test_a_parameter_three_percent_off_is_rejected(decade: list[Observed], tendency: str) -> None:
    z = _z_scores(decade, tendency, SLIGHTLY_WRONG[tendency])
    assert max(_errors_off(z)) > LIMIT


@pytest.mark.parametrize("estimate", [zone_share, zone_pct])
def test_errors_shrink_with_the_root_of_the_games_seen(
    decade: list[Observed], estimate: Callable[[Observed, Tendencies, str], pd.DataFrame]
) -> None:
    """A career's tendencies stay: the same players, after one season and after four."""
    by_season = [estimate(seen, seen.truth, PAINT) for seen in decade[:4]]
    by_season = [seen[seen["variance"] >= FEWEST] for seen in by_season]
    careers = set.intersection(*(set(seen.index) for seen in by_season))
    assert len(careers) > 50
    one = by_season[0].loc[sorted(careers)]
    four = pd.concat(by_season).loc[sorted(careers)].groupby(level=0).sum()
    shrunk = _typical_error(four) / _typical_error(one)
    # The relative error of a root mean square over n players is 1 / sqrt(2 n); of a ratio of two, 1 / sqrt(n).
    within = LIMIT / np.sqrt(len(careers))
    assert shrunk == pytest.approx(np.sqrt(one["trials"].sum() / four["trials"].sum()), rel=within)
    assert abs(z_scores(four).mean()) < LIMIT / np.sqrt(len(four))


def _typical_error(estimates: pd.DataFrame) -> float:
    errors = (estimates["observed"] - estimates["expected"]) / estimates["trials"]
    return float(np.sqrt((errors**2).mean()))


def test_the_box_score_formula_reads_the_pace_about_one_percent_low(decade: list[Observed]) -> None:
    for seen in decade:
        sides = seen.sides
        possessions = formulas.possessions_of_one_side(
            fga=sides["FGA"],
            fgm=sides["FGM"],
            fta=sides["FTA"],
            oreb=sides["OREB"],
            tov=sides["TOV"],
            opponent_dreb=sides["opp_DREB"],
        )
        read = formulas.pace(possessions.sum(), 5 * sides["seconds"].sum())
        assert 0.98 < read / seen.truth.league["league_pace"] < 1.0


def test_lines_expect_margin_and_points_without_bias(source: SimulatedSource) -> None:
    residuals = []
    for season in SEASONS[-3:]:
        lines, log = source.read(ResultSet.GAME_LINES, season), source.read(ResultSet.TEAM_LOG, season)
        assert lines is not None
        assert log is not None
        # Two rows a game, the home team's first.
        home, away = log.iloc[::2].set_index("GAME_ID"), log.iloc[1::2].set_index("GAME_ID")
        lines = lines[lines["total"].between(150, 300)].set_index("gameId")
        # Expectations are for 48 minutes.
        lines = lines[lines.index.isin(home.index[home["MIN"] < 252])]
        home, away = home.loc[lines.index, "PTS"], away.loc[lines.index, "PTS"]
        residuals.append(
            pd.DataFrame({"margin": home - away + lines["homeSpread"], "points": home + away - lines["total"]})
        )
    off = pd.concat(residuals)
    assert (off.mean() / (off.std() / np.sqrt(len(off)))).abs().max() < LIMIT
