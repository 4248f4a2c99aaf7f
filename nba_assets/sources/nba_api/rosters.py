"""The teams' rosters, for the players' birth dates: one call per team, once a season, and nothing waits for them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from nba_assets.league.calendar import season_last_day
from nba_assets.sources.base import ResultSet, SourceError
from nba_assets.sources.nba_api import endpoints
from nba_assets.sources.nba_api.cache import SeasonCache
from nba_assets.sources.nba_api.client import StatsClient
from nba_assets.sources.nba_api.cut_off import CutOffError
from nba_assets.sources.nba_api.pace import CircuitOpenError
from nba_assets.sources.nba_api.plan import eastern_day
from nba_assets.sources.nba_api.settings import NbaApiSettings
from nba_assets.text import joined

log = logging.getLogger(__name__)

ANOTHER_LOOK = timedelta(days=30)
"""How long rosters serve while their season is on: players come."""


class Rosters:
    """Brings the rosters of one season into the cache, if the settings want them."""

    def __init__(
        self, cache: SeasonCache, settings: NbaApiSettings, client: StatsClient, now: Callable[[], datetime]
    ) -> None:
        self._cache, self._settings, self._client, self._now = cache, settings, client, now

    def due(self) -> list[int]:
        """The ids of the teams in the game log whose rosters are to be asked for; none soon after that has failed."""
        log_of_teams = self._cache.frame(ResultSet.TEAM_LOG) if self._settings.birth_dates else None
        if log_of_teams is None:
            return []
        now, fetched = self._now(), self._cache.fetched(ResultSet.BIRTH_DATES)
        failed_at = self._cache.failed_at(ResultSet.BIRTH_DATES)
        if failed_at is not None and now - failed_at < self._settings.cache_age:
            return []
        teams = sorted({int(team) for team in log_of_teams["TEAM_ID"]})
        return [team for team in teams if self._is_due(fetched.get(str(team)), now)]

    def _is_due(self, fetched_at: datetime | None, now: datetime) -> bool:
        if fetched_at is None:
            return True
        return eastern_day(fetched_at) <= season_last_day(self._cache.season) and now - fetched_at >= ANOTHER_LOOK

    def bring_in(self) -> None:
        """Ask for those that are due; what fails is a warning: some ages are unknown then, and no more."""
        if not self.due():
            return
        try:
            with self._cache.lock(self._settings.lock_seconds):
                failures = [error for team_id in self.due() if (error := self._bring(team_id)) is not None]
        except SourceError as error:
            failures = [error]
        if failures:
            log.warning(
                "%s: birth dates are not all there, and player_age stays NULL: %s",
                self._cache.season,
                joined(list(map(str, failures)), 3, separator="; "),
            )

    def _bring(self, team_id: int) -> SourceError | None:
        """One roster into the cache, or why it is not there. Raises what would end other calls, too."""
        at = self._now()
        try:
            roster = endpoints.roster(self._client, season=self._cache.season, team_id=team_id)
        except SourceError as error:
            self._cache.note_failure(ResultSet.BIRTH_DATES, at)
            if isinstance(error, CircuitOpenError | CutOffError):
                raise
            return error
        if roster.empty:
            self._cache.note_failure(ResultSet.BIRTH_DATES, at)
            return SourceError(f"the roster of team {team_id} has no rows")
        self._cache.store_roster(roster, team_id, at)
        return None
