"""The source for most users: stats.nba.com, read through nba_api into a cache of files, and from there.

What is asked for and missing in the cache is fetched first. Reports of injuries and lines do not come from that
site, play-by-play and rosters only if the settings say so; otherwise their files are read if they are beside the
others.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pandas as pd

from nba_assets.league.calendar import seasons_between
from nba_assets.sources.base import OPTIONAL_RESULT_SETS, OutOfReach, ResultSet, Shortfall, Snapshot
from nba_assets.sources.files import FilesSource
from nba_assets.sources.nba_api.client import SITE, WHAT_TO_CHECK, StatsClient
from nba_assets.sources.nba_api.fetch import SeasonFetch, utc_now
from nba_assets.sources.nba_api.plan import eastern_day, fetched_result_sets
from nba_assets.sources.nba_api.rosters import Rosters
from nba_assets.sources.nba_api.settings import NbaApiSettings
from nba_assets.sources.nba_api.silence import SilenceRecord

if TYPE_CHECKING:
    from nba_assets.settings import Settings


class NbaApiSource:
    """Reads one season at a time through the cache directory, which a FilesSource can read as well."""

    name = "nba_api"
    is_asked = True

    def __init__(self, settings: NbaApiSettings, *, now: Callable[[], datetime] = utc_now) -> None:
        self.counting_types = settings.game_types
        self._settings = settings
        self._client = StatsClient(settings)
        self._files = FilesSource(settings.cache_dir, counting_types=settings.game_types)
        self._now = now

    def read(self, result_set: ResultSet, season: str, dates: Sequence[date] | None = None) -> pd.DataFrame | None:
        """The season so far, with what is missing of `dates` (None: of the season) fetched before.

        Raises SourceError if some of that cannot be had: FetchIncompleteError names the dates it concerns.
        """
        fetched = fetched_result_sets(self._settings)
        if result_set is ResultSet.BIRTH_DATES and dates != ():
            self._bring_in_rosters(season)
        if result_set in OPTIONAL_RESULT_SETS and result_set not in fetched:
            return self._files.find(result_set, season)
        fetch = self._fetch(season)
        try:
            fetch.bring_in({result_set} & set(fetched), dates)
        finally:
            self._client.close()
        return self._files.find(result_set, season)

    def would_ask(self, result_set: ResultSet, season: str, dates: Sequence[date] | None) -> bool:
        """Whether the cache lacks something of it."""
        fetched = set(fetched_result_sets(self._settings))
        if result_set is ResultSet.BIRTH_DATES:
            return bool(self._rosters(season).due())
        if result_set in OPTIONAL_RESULT_SETS and result_set not in fetched:
            return False
        return not self._fetch(season).is_complete({result_set} & fetched, dates)

    def version(self, result_set: ResultSet, season: str) -> str | None:
        """That of the file in the cache."""
        return self._files.version(result_set, season)

    def snapshot(self, result_set: ResultSet, season: str) -> Snapshot | None:
        """What is in the cache."""
        return self._files.snapshot(result_set, season)

    def never_asked(self, result_set: ResultSet, season: str, games: Collection[str]) -> set[str]:
        """The games that the cache has no record of: it may be a new one that is filled from some date on."""
        if result_set not in fetched_result_sets(self._settings):
            return set()
        return set(games) - self._fetch(season).cache.fetched(result_set).keys()

    def schedule_fetched_on(self, season: str) -> date | None:
        """As the cache has recorded it."""
        fetched_at = self._fetch(season).cache.fetched(ResultSet.SCHEDULE).get(season)
        return None if fetched_at is None else eastern_day(fetched_at)

    def renew(self, dates: Collection[date], result_sets: Collection[ResultSet] = tuple(ResultSet)) -> bool:
        """The schedule and the games of these dates are asked for again by whoever reads them next; their rows stay."""
        renewed = [self._fetch(season).renew(dates, result_sets) for season in seasons_between(dates)]
        return any(renewed)

    def renew_short(self, short: Mapping[date, Shortfall]) -> bool:
        """The same of what was incomplete, once the pause for its age is over; never of the schedule."""
        renewed = [self._fetch(season).renew_short(short) for season in seasons_between(short)]
        return any(renewed)

    def out_of_reach(self) -> OutOfReach | None:
        """As whoever shares the cache directory has found it; by the real clock, as all its waiting is."""
        silence = SilenceRecord(self._settings.cache_dir).read()
        if silence is None:
            return None
        since, tried = (datetime.fromtimestamp(at, UTC) for at in (silence.since, silence.tried))
        return OutOfReach(SITE, since, tried, silence.why, WHAT_TO_CHECK, ("nba-assets fetch current --patient",))

    def unsettled(self, short: Mapping[date, Shortfall]) -> list[date]:
        """Those with a game whose answers are of before the late limit, once the pause for its age is over."""
        return sorted(day for season in seasons_between(short) for day in self._fetch(season).unsettled(short))

    def settled_games(self, season: str) -> frozenset[str]:
        """Those past the late limit, and those of which three answers in a row said the same of who was listed."""
        return self._fetch(season).settled_games()

    def _bring_in_rosters(self, season: str) -> None:
        try:
            self._rosters(season).bring_in()
        finally:
            self._client.close()

    def _rosters(self, season: str) -> Rosters:
        return Rosters(self._fetch(season).cache, self._settings, self._client, self._now)

    def _fetch(self, season: str) -> SeasonFetch:
        return SeasonFetch(season, self._settings, self._client, self._now)


def open_source(settings: Settings) -> NbaApiSource:
    """The live source, with the cache, pace and patience that the settings give it."""
    return NbaApiSource(settings.nba_api(), now=settings.clock)
