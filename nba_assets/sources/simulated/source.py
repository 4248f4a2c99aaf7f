"""The simulated league as a source: the ground truth of statistical tests, and the default without data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

import pandas as pd

from nba_assets.league.calendar import COUNTING_TYPES, EASTERN, season_start_year
from nba_assets.sources.base import ResultSet, Unversioned
from nba_assets.sources.simulated import box_scores, pregame, schedule, shot_chart
from nba_assets.sources.simulated.published import Published
from nba_assets.sources.simulated.rosters import FIRST_YEAR, NEVER, Tendencies, tendencies
from nba_assets.sources.simulated.season import Season, play_season

if TYPE_CHECKING:
    from nba_assets.settings import Settings

DEFAULT_SEED = 2021
_SEASONS_KEPT = 3

_RESULT_SETS: Mapping[ResultSet, Callable[[Season], Published]] = {
    ResultSet.SCHEDULE: schedule.schedule,
    ResultSet.TEAM_LOG: box_scores.team_log,
    ResultSet.PLAYER_LOG: box_scores.player_log,
    ResultSet.BOX_SCORES: box_scores.box_scores,
    ResultSet.INACTIVES: box_scores.inactives,
    ResultSet.SHOTS: shot_chart.shot_chart,
    ResultSet.PLAY_BY_PLAY: shot_chart.play_by_play,
    ResultSet.INJURY_REPORTS: pregame.injury_reports,
    ResultSet.GAME_LINES: pregame.game_lines,
}


class SimulatedSource(Unversioned):
    """A league drawn from a seed: any season from 1946-47 on, the same to the last bit for the same seed.

    `today` (an Eastern date, or what returns it; by default the calendar's) is when the source is asked: earlier
    days have been played, today's and later games are only on the schedule. The last three seasons stay in memory, for
    all sources of the process. Without `cup_final_box_score` the Cup final is on the schedule alone, as in a source
    that does not have it.
    """

    name = "simulated"
    counting_types: frozenset[str] = COUNTING_TYPES

    def __init__(
        self,
        seed: int = DEFAULT_SEED,
        *,
        today: Callable[[], date] | date | None = None,
        cup_final_box_score: bool = True,
    ) -> None:
        self.seed = seed
        self._today = today
        self._cup_final_box_score = cup_final_box_score

    def read(
        self,
        result_set: ResultSet,
        season: str,
        dates: Sequence[date] | None = None,  # noqa: ARG002
    ) -> pd.DataFrame | None:
        """All rows of the season that are public on `today`; None for a season before the league's first.

        None also for birth dates: nobody in it was born.
        """
        if season_start_year(season) < FIRST_YEAR or result_set not in _RESULT_SETS:
            return None
        day = _played(self.seed, season).dates.day(self._current_date())
        published = _published(self.seed, season, result_set, self._cup_final_box_score)
        return published.on(max(-NEVER, min(day, NEVER - 1)))

    def tendencies(self, season: str) -> Tendencies:
        """The parameters from which the season's games are drawn; see `rosters.tendencies`."""
        return tendencies(_played(self.seed, season).league)

    def _current_date(self) -> date:
        if self._today is None:
            return datetime.now(EASTERN).date()
        return self._today() if callable(self._today) else self._today


# Of one seed every source has the same league: whoever opens another one in this process has not to play it again.
_played = lru_cache(_SEASONS_KEPT)(play_season)


@lru_cache(_SEASONS_KEPT * len(ResultSet))
def _published(seed: int, season: str, result_set: ResultSet, cup_final_box_score: bool) -> Published:
    played = _played(seed, season)
    if result_set is ResultSet.BOX_SCORES and not cup_final_box_score:
        played = replace(played, cup_final=None)
    return _RESULT_SETS[result_set](played)


def open_source(settings: Settings) -> SimulatedSource:
    """The league of the seed that the settings give, on the Eastern date of their clock."""
    return SimulatedSource(settings.seed, today=lambda: settings.clock().astimezone(EASTERN).date())
