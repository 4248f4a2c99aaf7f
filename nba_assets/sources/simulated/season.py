"""One season from opening night to the champion, as the simulator knows it: indices, not names.

How it looks in the league's result sets is the business of `schedule`, `box_scores`, `shot_chart` and `pregame`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from nba_assets.sources.simulated.availability import PLAYED, Absences, absences_of, availability_of
from nba_assets.sources.simulated.fixtures import SeasonDates, cup_final, regular_season, season_dates
from nba_assets.sources.simulated.possessions import play
from nba_assets.sources.simulated.postseason import play_postseason
from nba_assets.sources.simulated.rng import Purpose, stream
from nba_assets.sources.simulated.rosters import League, league_of

_REGULAR_SEASON = 0
_CUP_FINAL_SCORE = (109, 101)


@dataclass(frozen=True)
class Season:
    """A whole season. A *side* is 2 x row in `games`, + 1 for the away team.

    `games`: the counting games, as `games_frame` and with the columns of `Played.games`; the regular season first.
    `availability`: as `availability_of`. `lines` and `shots`: as `Played`. `postponed`: as `regular_season`.
    `cup_final`: the Cup final as a season of its own, of which nothing is known but who played, and how long.
    """

    seed: int
    dates: SeasonDates
    league: League
    games: pd.DataFrame
    availability: pd.DataFrame
    lines: pd.DataFrame
    shots: pd.DataFrame
    postponed: pd.DataFrame
    cup_final: Season | None = None


def play_season(seed: int, season: str) -> Season:
    """The season of a name like "2021-22", the same to the last bit for the same seed."""
    dates = season_dates(season)
    league = league_of(seed, dates.year, trade_days=dates.trade_days)
    games, postponed = regular_season(seed, dates)
    stages = _Stages(seed, dates, league)
    points = stages.play(games, _REGULAR_SEASON)
    play_postseason(seed, dates, games, points, stages.play, stages.keep)
    played = Season(seed=seed, dates=dates, league=league, **stages.joined(), postponed=postponed)
    final = cup_final(dates, games)
    return replace(played, cup_final=stages.final_of(played, final)) if len(final) else played


class _Stages:
    """The stages played so far: the regular season, two rounds of the play-in, four of the playoffs."""

    def __init__(self, seed: int, dates: SeasonDates, league: League) -> None:
        self._seed = seed
        self._dates = dates
        self._league = league
        self._absences: Absences = absences_of(seed, dates.year, league)
        self._stages: list[dict[str, pd.DataFrame]] = []
        self._took_place: list[npt.NDArray[np.bool_]] = []

    def play(self, games: pd.DataFrame, stage: int) -> pd.DataFrame:
        """Play the games and return what came out of them (`Played.games`)."""
        key = (self._dates.year, stage)
        rng = stream(self._seed, Purpose.AVAILABILITY, *key)
        availability = availability_of(rng, self._league, self._absences, games)
        played = play(stream(self._seed, Purpose.GAMES, *key), self._league, games, availability)
        games = pd.concat([games, played.games], axis=1)
        self._stages.append(
            {"games": games, "availability": availability, "lines": played.lines, "shots": played.shots}
        )
        self._took_place.append(np.ones(len(games), dtype=bool))
        return played.games

    def final_of(self, season: Season, game: pd.DataFrame) -> Season:
        """The season's Cup final."""
        rng = stream(self._seed, Purpose.CUP_FINAL, self._dates.year)
        availability = availability_of(rng, self._league, self._absences, game)
        lines = availability[availability["listing"].eq(PLAYED)].reset_index(drop=True)
        game = game.assign(home_points=_CUP_FINAL_SCORE[0], away_points=_CUP_FINAL_SCORE[1])
        return replace(season, games=game, availability=availability, lines=lines, shots=season.shots.head(0))

    def keep(self, took_place: npt.NDArray[np.bool_]) -> None:
        """Say which games of the last stage took place after all."""
        self._took_place[-1] = took_place

    def joined(self) -> dict[str, pd.DataFrame]:
        """games, availability, lines and shots of all games that took place, numbered through."""
        parts = []
        sides = lines = 0
        for stage, took_place in zip(self._stages, self._took_place, strict=True):
            is_side = np.repeat(took_place, 2)
            is_line = is_side[stage["lines"]["side"].to_numpy()]
            parts.append(
                {
                    "games": stage["games"][took_place],
                    "availability": _renumbered(stage["availability"], "side", is_side, sides),
                    "lines": _renumbered(stage["lines"], "side", is_side, sides),
                    "shots": _renumbered(stage["shots"], "line", is_line, lines),
                }
            )
            sides += int(is_side.sum())
            lines += int(is_line.sum())
        return {name: pd.concat([part[name] for part in parts], ignore_index=True) for name in parts[0]}


def _renumbered(rows: pd.DataFrame, column: str, kept: npt.NDArray[np.bool_], start: int) -> pd.DataFrame:
    """The rows whose number in `column` is kept; those kept are numbered anew from `start`."""
    number = rows[column].to_numpy()
    is_kept = kept[number]
    return rows[is_kept].assign(**{column: (start - 1 + np.cumsum(kept))[number[is_kept]]})
