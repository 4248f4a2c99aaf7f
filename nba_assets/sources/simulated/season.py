"""One season from opening night to the champion, as the simulator knows it: indices, not names.

How it looks in the league's result sets is the business of `schedule`, `box_scores`, `shot_chart` and `pregame`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from nba_assets.sources.simulated.availability import Absences, absences_of, availability_of
from nba_assets.sources.simulated.fixtures import SeasonDates, regular_season, season_dates
from nba_assets.sources.simulated.possessions import Played, play
from nba_assets.sources.simulated.postseason import play_postseason
from nba_assets.sources.simulated.rng import Purpose, stream
from nba_assets.sources.simulated.rosters import League, league_of

_REGULAR_SEASON = 0


@dataclass(frozen=True)
class Season:
    """A whole season. A *side* is 2 x row in `games`, + 1 for the away team.

    `games`: the counting games, as `games_frame` and with the columns of `Played.games`; the regular season first.
    `availability`: as `availability_of`. `lines` and `shots`: as `Played`. `postponed`: as `regular_season`.
    """

    seed: int
    dates: SeasonDates
    league: League
    games: pd.DataFrame
    availability: pd.DataFrame
    lines: pd.DataFrame
    shots: pd.DataFrame
    postponed: pd.DataFrame


def play_season(seed: int, season: str) -> Season:
    """The season of a name like "2021-22", the same to the last bit for the same seed."""
    dates = season_dates(season)
    league = league_of(seed, dates.year, trade_days=dates.trade_days)
    games, postponed = regular_season(seed, dates)
    stages = _Stages(seed, dates, league)
    points = stages.play(games, _REGULAR_SEASON)
    play_postseason(seed, dates, games, points, stages.play, stages.keep)
    return Season(seed=seed, dates=dates, league=league, **stages.joined(), postponed=postponed)


@dataclass(frozen=True)
class _Stage:
    games: pd.DataFrame
    availability: pd.DataFrame
    played: Played


class _Stages:
    """The stages played so far: the regular season, two rounds of the play-in, four of the playoffs."""

    def __init__(self, seed: int, dates: SeasonDates, league: League) -> None:
        self._seed = seed
        self._dates = dates
        self._league = league
        self._absences: Absences = absences_of(seed, dates.year, league)
        self._stages: list[_Stage] = []

    def play(self, games: pd.DataFrame, stage: int) -> pd.DataFrame:
        """Play the games and return what came out of them (`Played.games`)."""
        key = (self._dates.year, stage)
        rng = stream(self._seed, Purpose.AVAILABILITY, *key)
        availability = availability_of(rng, self._league, self._absences, games)
        played = play(stream(self._seed, Purpose.GAMES, *key), self._league, games, availability)
        self._stages.append(_Stage(games, availability, played))
        return played.games

    def keep(self, took_place: npt.NDArray[np.bool_]) -> None:
        """Forget the games of the last stage that did not take place after all."""
        self._stages[-1] = _kept(self._stages[-1], took_place)

    def joined(self) -> dict[str, pd.DataFrame]:
        """games, availability, lines and shots of all stages, numbered through."""
        parts: dict[str, list[pd.DataFrame]] = {"games": [], "availability": [], "lines": [], "shots": []}
        sides = lines = 0
        for stage in self._stages:
            played = stage.played
            parts["games"].append(pd.concat([stage.games, played.games], axis=1))
            parts["availability"].append(stage.availability.assign(side=stage.availability["side"] + sides))
            parts["lines"].append(played.lines.assign(side=played.lines["side"] + sides))
            parts["shots"].append(played.shots.assign(line=played.shots["line"] + lines))
            sides += 2 * len(stage.games)
            lines += len(played.lines)
        return {name: pd.concat(frames, ignore_index=True) for name, frames in parts.items()}


def _kept(stage: _Stage, took_place: npt.NDArray[np.bool_]) -> _Stage:
    played = stage.played
    shooter_side = played.lines["side"].to_numpy()[played.shots["line"].to_numpy()]
    kept_lines = took_place[played.lines["side"].to_numpy() // 2]
    shots = played.shots[took_place[shooter_side // 2]]
    line_number = np.cumsum(kept_lines) - 1
    return _Stage(
        games=stage.games[took_place].reset_index(drop=True),
        availability=_kept_sides(stage.availability, took_place),
        played=Played(
            lines=_kept_sides(played.lines, took_place),
            shots=shots.assign(line=line_number[shots["line"].to_numpy()]).reset_index(drop=True),
            games=played.games[took_place].reset_index(drop=True),
        ),
    )


def _kept_sides(rows: pd.DataFrame, took_place: npt.NDArray[np.bool_]) -> pd.DataFrame:
    """The rows of the games that took place, their sides numbered anew."""
    number = np.cumsum(took_place) - 1
    rows = rows[took_place[rows["side"].to_numpy() // 2]]
    side = rows["side"].to_numpy()
    return rows.assign(side=2 * number[side // 2] + side % 2).reset_index(drop=True)
