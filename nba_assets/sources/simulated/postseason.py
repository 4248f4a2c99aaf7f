"""The play-in and the playoffs: who meets whom, which depends on who won.

A round is played at once, seven games a series; games after the fourth win are dropped.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from nba_assets.league.calendar import GameType
from nba_assets.sources.simulated.fixtures import SeasonDates, games_frame, tipoffs
from nba_assets.sources.simulated.places import CONFERENCE, TEAMS
from nba_assets.sources.simulated.rng import Purpose, stream
from nba_assets.sources.simulated.rosters import Ints

Play = Callable[[pd.DataFrame, int], pd.DataFrame]
"""Plays games (as `games_frame`) as the given stage, and returns home_points and away_points for them."""
Keep = Callable[[npt.NDArray[np.bool_]], None]
"""Says which of the games played last took place at all."""

_TO_WIN = 4
_HIGHER_SEED_HOSTS = np.array([True, True, False, False, True, False, True])
# Play-in, by stage: the day from which it is on the schedule; higher seed, day and number of each game in the East, and
# how many tens the West's number is higher. All days are counted from the last of the regular season.
_PLAY_IN = ((1, ((6, 2, 101, 2), (8, 3, 111, 2))), (4, ((7, 5, 201, 1),)))
# First round, by series within a conference: higher seed, lower seed, first day, day on which the opponent is settled.
_FIRST_ROUND = ((0, 7, 7, 5), (1, 6, 7, 2), (2, 5, 6, 0), (3, 4, 6, 0))
_LATER_ROUNDS = (21, 36, 52)
"""The first days of the second round, the conference finals and the finals, after the regular season."""


@dataclass(frozen=True)
class _Series:
    high: int
    low: int
    starts: int
    known_from: int


@dataclass(frozen=True)
class _Postseason:
    """What every stage needs: `strength` is the standings, wins by team with the points difference for ties."""

    seed: int
    dates: SeasonDates
    strength: npt.NDArray[np.float64]
    play: Play
    keep: Keep

    def home_wins(
        self, stage: int, home: Ints, away: Ints, day: Ints, game_id: list[str], known_from: npt.ArrayLike
    ) -> npt.NDArray[np.bool_]:
        """Play games of a stage (1 and 2: the play-in, 3 to 6: the rounds); whether the home team won each."""
        tipoff = tipoffs(stream(self.seed, Purpose.TIPOFFS, self.dates.year, stage), self.dates, day, home)
        games = games_frame(day=day, home=home, away=away, tipoff=tipoff, game_id=game_id, known_from=known_from)
        points = self.play(games, stage)
        home_won: npt.NDArray[np.bool_] = points["home_points"].gt(points["away_points"]).to_numpy()
        return home_won


def play_postseason(
    seed: int, dates: SeasonDates, games: pd.DataFrame, points: pd.DataFrame, play: Play, keep: Keep
) -> None:
    """Play everything after the regular season, stage by stage, until there is a champion.

    `games` and `points` are the regular season and its scores, which give the standings.
    """
    strength = _standings(games, points)
    postseason = _Postseason(seed, dates, strength, play, keep)
    seeds = [sorted(np.flatnonzero(side == CONFERENCE).tolist(), key=lambda team: -strength[team]) for side in (0, 1)]
    _play_in(postseason, seeds)
    series = [
        _Series(of_side[high], of_side[low], dates.last + starts, dates.last + settled + 1)
        for of_side in seeds
        for high, low, starts, settled in _FIRST_ROUND
    ]
    results = _round(postseason, 1, series)
    for number, starts in enumerate(_LATER_ROUNDS, start=2):
        # In the first round the winner of 1-8 meets the winner of 4-5; afterwards neighbours meet.
        order = [0, 3, 1, 2, 4, 7, 5, 6] if number == 2 else range(len(results))
        paired = [results[position] for position in order]
        series = []
        for one, other in zip(paired[::2], paired[1::2], strict=True):
            high, low = sorted((one[0], other[0]), key=lambda team: -strength[team])
            series.append(_Series(high, low, dates.last + starts + len(series) % 2, max(one[1], other[1]) + 1))
        results = _round(postseason, number, series)


def _standings(games: pd.DataFrame, points: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Wins, and as a fraction of a win the points difference for ties; by team."""
    margin = (points["home_points"] - points["away_points"]).to_numpy()
    home, away = games["home"].to_numpy(), games["away"].to_numpy()
    wins = np.bincount(np.where(margin > 0, home, away), minlength=TEAMS)
    difference = np.bincount(home, weights=margin, minlength=TEAMS)
    difference -= np.bincount(away, weights=margin, minlength=TEAMS)
    return wins + difference / 1e5 - np.arange(TEAMS) / 1e9


def _play_in(postseason: _Postseason, seeds: list[list[int]]) -> None:
    """Seeds 7-10 of each conference play for places 7 and 8; `seeds` is put in the final order."""
    dates = postseason.dates
    for stage, (known_from, games) in enumerate(_PLAY_IN, start=1):
        pairings = [
            (of_side, high, day, number + 10 * tens * side)
            for high, day, number, tens in games
            for side, of_side in enumerate(seeds)
        ]
        home_won = postseason.home_wins(
            stage,
            home=np.array([of_side[high] for of_side, high, *_ in pairings]),
            away=np.array([of_side[high + 1] for of_side, high, *_ in pairings]),
            day=np.array([dates.last + day for *_, day, _ in pairings]),
            game_id=[f"{GameType.PLAY_IN}{dates.year % 100:02d}{number:05d}" for *_, number in pairings],
            known_from=dates.last + known_from,
        )
        for (of_side, high, *_), stays in zip(pairings, home_won.tolist(), strict=True):
            if not stays:
                of_side[high : high + 2] = of_side[high + 1], of_side[high]


def _round(postseason: _Postseason, number: int, series: list[_Series]) -> list[tuple[int, int]]:
    """Winner and last day of each series: best of seven, every other day; ids 004YY00RSG for round, series, game."""
    high, low, starts, known = (
        np.repeat([getattr(s, name) for s in series], 7) for name in ("high", "low", "starts", "known_from")
    )
    game = np.tile(np.arange(7), len(series))
    hosts = _HIGHER_SEED_HOSTS[game]
    day = starts + 2 * game
    prefix = f"{GameType.PLAYOFFS}{postseason.dates.year % 100:02d}00{number}"
    home_won = postseason.home_wins(
        2 + number,
        home=np.where(hosts, high, low),
        away=np.where(hosts, low, high),
        day=day,
        game_id=[f"{prefix}{s}{g + 1}" for s in range(len(series)) for g in range(7)],
        # Games five to seven are on the schedule once the game before has left the series open.
        known_from=np.where(game < _TO_WIN, known, np.maximum(known, day - 1)),
    )
    high_won = (home_won == hosts).reshape(-1, 7)
    wins = np.maximum(np.cumsum(high_won, axis=1), np.cumsum(~high_won, axis=1))
    length = 1 + np.argmax(wins == _TO_WIN, axis=1)
    postseason.keep(game < np.repeat(length, 7))
    return [
        (s.high if won[:n].sum() == _TO_WIN else s.low, s.starts + 2 * (n - 1))
        for s, won, n in zip(series, high_won, length.tolist(), strict=True)
    ]
