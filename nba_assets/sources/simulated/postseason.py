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

Play = Callable[[pd.DataFrame, int], pd.DataFrame]
"""Plays games (as `games_frame`) as the given stage, and returns home_points and away_points for them."""
Keep = Callable[[npt.NDArray[np.bool_]], None]
"""Says which of the games played last took place at all."""

_TO_WIN = 4
_HIGHER_SEED_HOSTS = np.array([True, True, False, False, True, False, True])
# First round, by series within a conference: higher seed, lower seed, first day after the regular season.
_FIRST_ROUND = ((0, 7, 7), (1, 6, 7), (2, 5, 6), (3, 4, 6))
_LATER_ROUNDS = (21, 36, 52)
"""The first days of the second round, the conference finals and the finals, after the regular season."""


@dataclass(frozen=True)
class _Series:
    high: int
    low: int
    starts: int
    known_from: int


@dataclass(frozen=True)
class _Result:
    winner: int
    last_day: int


def play_postseason(
    seed: int, dates: SeasonDates, games: pd.DataFrame, points: pd.DataFrame, play: Play, keep: Keep
) -> None:
    """Play everything after the regular season, stage by stage, until there is a champion.

    `games` and `points` are the regular season and its scores, which give the standings.
    """
    strength = _standings(games, points)
    seeds = [_by_strength(np.flatnonzero(side == CONFERENCE), strength) for side in (0, 1)]
    _play_in(seed, dates, seeds, play)
    series = [
        _Series(seeds[side][high], seeds[side][low], dates.last + starts, dates.last + _known_after(high) + 1)
        for side in (0, 1)
        for high, low, starts in _FIRST_ROUND
    ]
    results = _round(seed, dates, 1, series, play, keep)
    for number, starts in enumerate(_LATER_ROUNDS, start=2):
        # In the first round the winner of 1-8 meets the winner of 4-5; afterwards neighbours meet.
        order = [0, 3, 1, 2, 4, 7, 5, 6] if number == 2 else range(len(results))
        paired = [results[position] for position in order]
        series = [
            _next_series(one, other, strength, dates.last + starts + position % 2)
            for position, (one, other) in enumerate(zip(paired[::2], paired[1::2], strict=True))
        ]
        results = _round(seed, dates, number, series, play, keep)


def _standings(games: pd.DataFrame, points: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Wins, and as a fraction of a win the points difference for ties; by team."""
    margin = (points["home_points"] - points["away_points"]).to_numpy()
    home, away = games["home"].to_numpy(), games["away"].to_numpy()
    wins = np.bincount(np.where(margin > 0, home, away), minlength=TEAMS)
    difference = np.bincount(home, weights=margin, minlength=TEAMS)
    difference -= np.bincount(away, weights=margin, minlength=TEAMS)
    return wins + difference / 1e5 - np.arange(TEAMS) / 1e9


def _by_strength(teams: npt.NDArray[np.int64], strength: npt.NDArray[np.float64]) -> list[int]:
    return teams[np.argsort(-strength[teams])].tolist()


def _known_after(high: int) -> int:
    """The day after the regular season on which the opponent of a first-round seed is settled."""
    return {0: 5, 1: 2}.get(high, 0)


def _play_in(seed: int, dates: SeasonDates, seeds: list[list[int]], play: Play) -> None:
    """Seeds 7-10 of each conference play for places 7 and 8; `seeds` is put in the final order."""
    stage = 1
    first = [(side, 6, 7, 2, 101 + 20 * side) for side in (0, 1)]
    first += [(side, 8, 9, 3, 111 + 20 * side) for side in (0, 1)]
    winners, losers = _play_in_games(seed, dates, seeds, first, dates.last + 1, stage, play)
    for side in (0, 1):
        seeds[side][6:10] = [winners[side], losers[side], winners[2 + side], losers[2 + side]]
    last = [(side, 7, 8, 5, 201 + 10 * side) for side in (0, 1)]
    winners, losers = _play_in_games(seed, dates, seeds, last, dates.last + 4, stage + 1, play)
    for side in (0, 1):
        seeds[side][7:9] = [winners[side], losers[side]]


def _play_in_games(
    seed: int,
    dates: SeasonDates,
    seeds: list[list[int]],
    pairings: list[tuple[int, int, int, int, int]],
    known_from: int,
    stage: int,
    play: Play,
) -> tuple[list[int], list[int]]:
    """Winners and losers of (conference, home seed, away seed, day, number) pairings."""
    home = np.array([seeds[side][high] for side, high, *_ in pairings])
    away = np.array([seeds[side][low] for side, _, low, *_ in pairings])
    day = np.array([dates.last + day for *_, day, _ in pairings])
    games = games_frame(
        day=day,
        home=home,
        away=away,
        tipoff=_tipoffs(seed, dates, stage, day, home),
        game_id=[f"{GameType.PLAY_IN}{dates.year % 100:02d}{number:05d}" for *_, number in pairings],
        known_from=known_from,
    )
    points = play(games, stage)
    home_won = (points["home_points"] > points["away_points"]).to_numpy()
    return np.where(home_won, home, away).tolist(), np.where(home_won, away, home).tolist()


def _next_series(one: _Result, other: _Result, strength: npt.NDArray[np.float64], starts: int) -> _Series:
    high, low = sorted((one.winner, other.winner), key=lambda team: -strength[team])
    return _Series(high, low, starts, max(one.last_day, other.last_day) + 1)


def _round(seed: int, dates: SeasonDates, number: int, series: list[_Series], play: Play, keep: Keep) -> list[_Result]:
    """Best of seven, every other day; game ids 004YY00RSG for round, series and game."""
    high, low, starts, known = (
        np.repeat([getattr(s, name) for s in series], 7) for name in ("high", "low", "starts", "known_from")
    )
    game = np.tile(np.arange(7), len(series))
    hosts = _HIGHER_SEED_HOSTS[game]
    day = starts + 2 * game
    home, away = np.where(hosts, high, low), np.where(hosts, low, high)
    prefix = f"{GameType.PLAYOFFS}{dates.year % 100:02d}00{number}"
    stage = 2 + number
    games = games_frame(
        day=day,
        home=home,
        away=away,
        tipoff=_tipoffs(seed, dates, stage, day, home),
        game_id=[f"{prefix}{s}{g + 1}" for s in range(len(series)) for g in range(7)],
        # Games five to seven are on the schedule once the game before has left the series open.
        known_from=np.where(game < _TO_WIN, known, np.maximum(known, day - 1)),
    )
    points = play(games, stage)
    high_won = ((points["home_points"] > points["away_points"]).to_numpy() == hosts).reshape(-1, 7)
    wins = np.maximum(np.cumsum(high_won, axis=1), np.cumsum(~high_won, axis=1))
    length = 1 + np.argmax(wins == _TO_WIN, axis=1)
    keep(game < np.repeat(length, 7))
    return [
        _Result(s.high if won[:n].sum() == _TO_WIN else s.low, s.starts + 2 * (n - 1))
        for s, won, n in zip(series, high_won, length.tolist(), strict=True)
    ]


def _tipoffs(
    seed: int, dates: SeasonDates, stage: int, day: npt.NDArray[np.int64], home: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    return tipoffs(stream(seed, Purpose.TIPOFFS, dates.year, stage), dates, day, home)
