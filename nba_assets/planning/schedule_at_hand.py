"""Whether there may be games on a date whose schedule nobody has loaded: by what the source has at hand, unasked."""

from __future__ import annotations

from datetime import date

import pandas as pd

from nba_assets.league.calendar import opening_at_the_latest, season_of
from nba_assets.session import Session
from nba_assets.sources.base import ResultSet, SourceError
from nba_assets.tables.games import counting_games
from nba_assets.tables.raw_schedule import reach, whole_schedule

_Known = tuple[frozenset[date], date | None]


class ScheduleAtHand:
    """The source's schedules as they are at hand, each season read once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._seasons: dict[str, _Known] = {}

    def may_have_games(self, day: date) -> bool:
        """Whether a date has counting games, or may have: a date that nothing at hand speaks of is taken for one.

        Not before a season can have begun: whoever has no schedule of it yet is not told of the summer.
        """
        season = season_of(day)
        if season not in self._seasons:
            self._seasons[season] = self._read(season)
        games, last = self._seasons[season]
        if last is None:
            return day >= opening_at_the_latest(season)
        return day > last or day in games

    def _read(self, season: str) -> _Known:
        """The dates of a season with counting games, and the last date that its schedule speaks of."""
        listed = self._listed(season)
        if listed is None:
            return frozenset(), None
        schedule = whole_schedule({ResultSet.SCHEDULE: listed})
        games = counting_games(schedule, self._session.counting_types)
        last = reach(schedule, season, self._session.source.schedule_fetched_on(season))
        return frozenset(games["game_date"].dt.date), last

    def _listed(self, season: str) -> pd.DataFrame | None:
        source = self._session.source
        try:
            snapshot = source.snapshot(ResultSet.SCHEDULE, season)
            if snapshot is not None:
                return snapshot.frame
            return None if source.is_asked else source.read(ResultSet.SCHEDULE, season, ())
        except SourceError:
            return None
