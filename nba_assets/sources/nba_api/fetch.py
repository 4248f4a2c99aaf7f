"""Fetching: carry out the calls of a plan, hold every answer against the schedule, put it into the cache.

A call that fails does not stop the others, unless several in a row do, or the site has cut this address off; in the
end everything that failed is raised as one error, and everything else is in the cache.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TypedDict

import pandas as pd

from nba_assets.league.calendar import season_start_year
from nba_assets.sources.base import OF_NO_DATE, ResultSet, Shortfall, SourceError, SourceSchemaError
from nba_assets.sources.nba_api import endpoints
from nba_assets.sources.nba_api.answers import EmptyScheduleError, check_schedule, missing_rows
from nba_assets.sources.nba_api.cache import CacheError, SeasonCache, rows_of
from nba_assets.sources.nba_api.client import NoAnswerError, StatsClient
from nba_assets.sources.nba_api.cut_off import CutOffError
from nba_assets.sources.nba_api.pace import CircuitOpenError, NotWrittenDownError, SourceUnavailableError
from nba_assets.sources.nba_api.plan import (
    ANSWERS_ALIKE,
    BY_GAME,
    LISTS,
    Call,
    Scope,
    asked_of,
    calls_for,
    fetched_result_sets,
    finished_games,
    is_late,
    is_settled,
    may_be_asked_again,
    schedule_is_stale,
)
from nba_assets.sources.nba_api.rosters import Rosters
from nba_assets.sources.nba_api.settings import NbaApiSettings
from nba_assets.text import joined

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FetchProgress:
    """How far a fetch is; `seconds_left` is None before the first call."""

    season: str
    calls_done: int
    calls_total: int
    games_done: int
    games_total: int
    seconds: float
    seconds_left: float | None


@dataclass(frozen=True)
class FetchReport:
    """What a fetch did, and what is in the cache now.

    `calls` counts requests, repeated ones too; `changed_games` had other rows before; `shortcomings` says what the
    source has not delivered of games that are past the late limit: they are not asked for again.
    """

    season: str
    games: int
    calls: int
    seconds: float
    files: tuple[Path, ...]
    changed_games: tuple[str, ...]
    shortcomings: tuple[str, ...] = ()


@dataclass(frozen=True)
class CallFailure:
    """A call of the plan that did not bring everything it should; `dates` are those of the games concerned."""

    call: Call
    error: SourceError
    dates: frozenset[date]


class GamesMissingError(SourceError):
    """An answer does not have all of some games, named in `games`, that it should have."""

    def __init__(self, message: str, games: frozenset[str]) -> None:
        super().__init__(message)
        self.games = games


class FetchIncompleteError(SourceError):
    """Some calls failed; everything else is in the cache. `dates` are the game dates of which something is missing."""

    def __init__(self, season: str, failures: Sequence[CallFailure], planned: int) -> None:
        self.failures = tuple(failures)
        self.dates = sorted(frozenset().union(*(failure.dates for failure in failures)))
        # By name: in a subclass the next in line may be an error that wants to know more.
        SourceError.__init__(self, f"{season}: {self._summary(planned)}:\n  {self._reasons()}")

    def _summary(self, planned: int) -> str:
        return f"{len(self.failures)} of {planned} planned calls failed"

    def _reasons(self) -> str:
        messages = list(dict.fromkeys(str(failure.error) for failure in self.failures))
        return joined(messages, 5, separator="\n  ")


class FetchDriftError(FetchIncompleteError, SourceSchemaError):
    """As FetchIncompleteError, and at least one answer did not have the declared shape."""


class FetchCutOffError(FetchIncompleteError, CutOffError):
    """The site has cut this address off on the way; everything until then is in the cache."""

    def __init__(self, season: str, failures: Sequence[CallFailure], planned: int, cut_off: CutOffError) -> None:
        self.why, self.until = cut_off.why, cut_off.until
        # What stopped the fetch comes first, whatever else has failed before.
        ordered = sorted(failures, key=lambda failure: not isinstance(failure.error, CutOffError))
        FetchIncompleteError.__init__(self, season, ordered, planned)

    def _summary(self, planned: int) -> str:
        missing = len(self.failures)
        games = joined([str(day) for day in self.dates], 5)
        return f"{planned - missing} of {planned} planned calls are done; missing: {missing}, for games of {games}"


Progress = Callable[[FetchProgress], None]
Patience = Callable[[CutOffError], None]
"""Waits until the site may be asked again."""


def utc_now() -> datetime:
    """The present moment, aware."""
    return datetime.now(UTC)


def fetch_season(
    season: str,
    settings: NbaApiSettings,
    *,
    dates: Collection[date] | None = None,
    refresh_days: int | None = None,
    progress: Progress | None = None,
    patience: Patience | None = None,
    now: Callable[[], datetime] = utc_now,
) -> FetchReport:
    """Bring all result sets of a season, or of some of its dates, into the cache; what is there stays.

    `refresh_days` reads the last so many game dates again, counted in days back from the last finished game.
    With `patience`, a cut-off is no end: it is called, without any lock held, and then the fetch goes on.
    Raises SourceError; whatever was fetched until then is kept, and the next fetch goes on from there.
    """
    season_start_year(season)
    if refresh_days is not None and refresh_days < 1:
        raise ValueError(f"refresh_days must be at least 1, not {refresh_days}")
    client = StatsClient(settings)
    wanted = fetched_result_sets(settings)
    try:
        fetch = SeasonFetch(season, settings, client, now)
        # What was read again before a cut-off is not read a third time: the moment asked for stays that of the start.
        asked_at, started = now(), time.monotonic()
        while True:
            try:
                report = fetch.bring_in(wanted, dates, refresh_days=refresh_days, progress=progress, asked_at=asked_at)
            except CutOffError as error:
                if patience is None:
                    raise
                client.close()
                patience(error)
            else:
                Rosters(fetch.cache, settings, client, now).bring_in()
                return replace(
                    report,
                    calls=client.calls,
                    seconds=time.monotonic() - started,
                    shortcomings=fetch.shortcomings(wanted, dates),
                )
    finally:
        client.close()


class SeasonFetch:
    """Brings one season up to date in the cache. What has changed is counted from the first `bring_in` on."""

    def __init__(
        self, season: str, settings: NbaApiSettings, client: StatsClient, now: Callable[[], datetime] = utc_now
    ) -> None:
        self.cache = SeasonCache(settings.cache_dir, season)
        self._season = season
        self._settings = settings
        self._client = client
        self._now = now
        self._changed: set[str] = set()

    def bring_in(
        self,
        result_sets: Collection[ResultSet],
        dates: Collection[date] | None,
        *,
        refresh_days: int | None = None,
        progress: Progress | None = None,
        asked_at: datetime | None = None,
    ) -> FetchReport:
        """Fetch what the cache does not have of some result sets and dates (None: all), and the schedule if stale.

        `asked_at` (default: now) is the moment that decides what is there and what is to be read again.
        """
        started, calls_before = time.monotonic(), self._client.calls
        scope = self._scope(dates, asked_at)
        games = self._complete(result_sets, scope) if refresh_days is None else None
        if games is None:
            with self.cache.lock(self._settings.lock_seconds):
                self._changed |= self.cache.store_kept()
                games = self._fetch(result_sets, scope, refresh_days, progress)
        return FetchReport(
            season=self._season,
            games=len(games),
            calls=self._client.calls - calls_before,
            seconds=time.monotonic() - started,
            files=tuple(sorted(self.cache.directory.glob("*.parquet"))),
            changed_games=tuple(sorted(self._changed)),
        )

    def is_complete(self, result_sets: Collection[ResultSet], dates: Collection[date] | None) -> bool:
        """Whether `bring_in` would find everything in the cache."""
        return self._complete(result_sets, self._scope(dates)) is not None

    def renew(self, dates: Collection[date], result_sets: Collection[ResultSet] = tuple(ResultSet)) -> bool:
        """Forget when the schedule and the games of some dates were fetched: they count as missing until they are.

        False if nothing was.
        """
        schedule = self.cache.frame(ResultSet.SCHEDULE)
        if schedule is None:
            return False
        # Nor is it known of which date the games are that the schedule has lost.
        known = set(schedule["gameId"]) - set(self._finished(schedule, dates)["game_id"])
        return self._forget(lambda result_set, game, _: result_set in result_sets and game not in known)

    def renew_short(self, short: Mapping[date, Shortfall]) -> bool:
        """Forget when what was incomplete was fetched, unless that was a moment ago or late. False if nothing was."""
        days, now = self._short_games(short), self._now()

        def is_worth_asking(result_set: str, game: str, at: datetime) -> bool:
            day = days.get((result_set, game))
            return day is not None and may_be_asked_again(day, at, now, self._settings)

        return self._forget(is_worth_asking) if days else False

    def unsettled(self, short: Mapping[date, Shortfall]) -> list[date]:
        """The dates with a game of which it may help now to ask for something again that was incomplete."""
        now, found = self._now(), set()
        fetched = {result_set: self.cache.fetched(result_set) for result_set in fetched_result_sets(self._settings)}
        for (result_set, game), day in self._short_games(short).items():
            at = fetched[ResultSet(result_set)].get(game)
            if at is None or may_be_asked_again(day, at, now, self._settings):
                found.add(day)
        return sorted(found)

    def _forget(self, is_gone: Callable[[str, str, datetime], bool]) -> bool:
        with self.cache.lock(self._settings.lock_seconds):
            self.cache.store_kept()
            return self.cache.forget(lambda name, game, at: name not in OF_NO_DATE and is_gone(name, game, at))

    def _short_games(self, short: Mapping[date, Shortfall]) -> dict[tuple[str, str], date]:
        """(result set, game) -> date of whatever was incomplete of the finished games, as far as it is fetched."""
        schedule = self.cache.frame(ResultSet.SCHEDULE)
        if schedule is None:
            return {}
        finished = self._finished(schedule, short)
        known = set(finished["game_id"])

        def concerns(day: date, game: str) -> bool:
            games = short[day].games
            return games is None or game in games or not games <= known  # of one that nobody knows: all

        return {
            (result_set, game): day
            for result_set in fetched_result_sets(self._settings)
            for game, day in _days_of(asked_of(finished, result_set)).items()
            if result_set in short[day].result_sets and concerns(day, game)
        }

    def settled_games(self) -> frozenset[str]:
        """The games of which it is in vain to ask again who was listed, though a list may be doubtful."""
        schedule = self.cache.frame(ResultSet.SCHEDULE)
        if schedule is None:
            return frozenset()
        now, answers = self._now(), [self.cache.answers(result_set) for result_set in LISTS]
        return frozenset(
            game
            for game, day in _days_of(self._finished(schedule, None)).items()
            if all(is_settled(day, of_list.get(game, ()), now, self._settings) for of_list in answers)
        )

    def _finished(self, schedule: pd.DataFrame, dates: Collection[date] | None) -> pd.DataFrame:
        """The finished games of some dates (None: of all)."""
        return finished_games(schedule, self._scope(dates), self._settings)

    def _scope(self, dates: Collection[date] | None, asked_at: datetime | None = None) -> Scope:
        """Some dates (None: all) as they are to be read at a moment (default: now)."""
        return Scope(None if dates is None else frozenset(dates), None, asked_at or self._now())

    def shortcomings(self, result_sets: Collection[ResultSet], dates: Collection[date] | None) -> tuple[str, ...]:
        """What is missing in the cached rows of the finished games asked for, one sentence each; no call is made."""
        schedule = self.cache.frame(ResultSet.SCHEDULE)
        if schedule is None:
            return ()
        games = self._finished(schedule, dates)
        found = []
        for result_set in result_sets:
            rows = self.cache.frame(result_set)
            if rows is not None:
                missing = missing_rows(rows, result_set, asked_of(games, result_set))
                found += [f"{self._season}: {result_set} of game {game}: {what}" for game, what in missing.items()]
        return tuple(found)

    def _complete(self, result_sets: Collection[ResultSet], scope: Scope) -> pd.DataFrame | None:
        """The finished games asked for if the cache has all of them, else None."""
        if schedule_is_stale(self.cache, scope, self._settings):
            return None
        games = finished_games(self._schedule(), scope, self._settings)
        return None if calls_for(games, self.cache, result_sets, scope, self._settings) else games

    def _fetch(
        self, result_sets: Collection[ResultSet], scope: Scope, refresh_days: int | None, progress: Progress | None
    ) -> pd.DataFrame:
        """The finished games asked for, once the cache has all of them."""
        if refresh_days is not None or schedule_is_stale(self.cache, scope, self._settings):
            self._renew_schedule()
        games = finished_games(self._schedule(), scope, self._settings)
        if refresh_days is not None and len(games):
            scope = replace(scope, reread_from=games["day"].max() - timedelta(days=refresh_days - 1))
        calls = calls_for(games, self.cache, result_sets, scope, self._settings)
        self._carry_out(calls, games, _Tally(self._season, games, calls, progress))
        return games

    def _renew_schedule(self) -> None:
        at = self._now()
        before = self.cache.frame(ResultSet.SCHEDULE)
        try:
            listed = endpoints.schedule(self._client, self._season)
            check_schedule(listed, before, self._season, at)
        except NotWrittenDownError:
            raise
        except (SourceUnavailableError, NoAnswerError, EmptyScheduleError) as error:
            listed = self._static_schedule(error, before, at)
        self.cache.store_schedule(listed, at)

    def _static_schedule(self, error: SourceError, before: pd.DataFrame | None, at: datetime) -> pd.DataFrame:
        """The league's static file in place of an answer that failed; raises that error if it cannot stand in."""
        url = self._settings.static_schedule_url
        if url is None:
            raise error

        def read(content: object) -> pd.DataFrame:
            listed = endpoints.static_schedule(content, self._season, url)
            check_schedule(listed, before, self._season, at)
            return listed

        try:
            listed = self._client.read_file(url, read, purpose=self._season)
        except CircuitOpenError:
            raise error from None
        except SourceError as reason:
            log.warning("the league's static file cannot stand in for the schedule: %s", reason)
            raise error from reason
        log.warning("%s Read instead: %s", error, url)
        return listed

    def _schedule(self) -> pd.DataFrame:
        schedule = self.cache.frame(ResultSet.SCHEDULE)
        if schedule is None:
            raise CacheError(f"{self.cache.directory}: the schedule was taken away during the fetch. Run again.")
        return schedule

    def _carry_out(self, calls: Sequence[Call], games: pd.DataFrame, tally: _Tally) -> None:
        """Make the calls; raises FetchIncompleteError for all that failed."""
        failures: list[CallFailure] = []
        drifts: Counter[ResultSet] = Counter()
        try:
            for position, call in enumerate(calls):
                if drifts[call.result_set] >= self._settings.breaker_failures:
                    failures.append(_failure(call, _given_up(call.result_set, failures), games))
                    continue
                try:
                    self._changed |= self._bring(call, games)
                except CacheError:
                    raise
                except (CircuitOpenError, CutOffError) as error:
                    failures += [_failure(left, error, games) for left in calls[position:]]
                    break
                except SourceError as error:
                    failures.append(_failure(call, error, games))
                    drifts[call.result_set] += isinstance(error, SourceSchemaError)
                else:
                    drifts[call.result_set] = 0
                tally.made(call)
        finally:
            self._changed |= self.cache.store_kept()
        if failures:
            raise _incomplete(self._season, failures, len(calls))

    def _bring(self, call: Call, games: pd.DataFrame) -> set[str]:
        """One call and its rows into the cache; returns the games whose rows changed.

        Raises GamesMissingError for games whose rows are not all there yet; those of the others are kept.
        """
        at = self._now()
        answer = self._ask(call)
        concerned = games[games["game_id"].isin(call.games)]
        rows = rows_of(answer, call.result_set, call.games)
        missing = missing_rows(rows, call.result_set, concerned)
        days = zip(concerned["game_id"], concerned["day"], strict=True)
        late = {game for game, day in days if is_late(day, at, self._settings)}
        if answer.empty and call.result_set is not ResultSet.INACTIVES and not (call.result_set in BY_GAME and late):
            self._keep_nothing(call, answer, late, at)
            return set()
        refused = {game: what for game, what in missing.items() if game not in late}
        if len(missing) > len(refused):
            named = joined(sorted(missing.keys() & late), 5)
            log.warning("%s: kept as it is, for it is late: %s", self._named(call), named)
        changed = self._keep(call, answer, [game for game in call.games if game not in refused], at)
        if refused:
            named = "; ".join(f"{game} ({what})" for game, what in list(refused.items())[:5])
            raise GamesMissingError(
                f"{self._named(call)}: {len(refused)} of {_games(call.games)} not all there yet: {named}. "
                "Run again later; the other games are kept.",
                frozenset(refused),
            )
        return changed

    def _keep_nothing(self, call: Call, answer: pd.DataFrame, late: set[str], at: datetime) -> None:
        """An answer without any rows: of late games that have none either it is kept at the third time in a row.

        Raises SourceSchemaError for all others: one empty answer may be a passing fault, and speaks of many games.
        """
        times = self.cache.note_nothing(call.result_set, call.games, at)
        believed = [game for game in call.games if game in late and times.get(game, 0) >= ANSWERS_ALIKE]
        if believed:
            named = joined(believed, 5)
            log.warning("%s: no rows again, kept as it is, for it is late: %s", self._named(call), named)
            self.cache.store(call.result_set, answer, dict.fromkeys(believed, at))
        refused = [game for game in call.games if game not in believed]
        if refused:
            raise SourceSchemaError(
                f"{self._named(call)}: the answer has no rows, though {_games(refused)} finished: "
                f"{joined(sorted(refused), 5)}. What was there before stays."
            )

    def _keep(self, call: Call, answer: pd.DataFrame, games: list[str], at: datetime) -> set[str]:
        if call.result_set in BY_GAME:
            for game in games:
                self.cache.keep(call.result_set, game, answer, at)
            return set()
        # Rows of games that the schedule does not know stay, for the raw tables to name them; those of games that
        # are not final go.
        game_ids = answer[endpoints.KEYS[call.result_set][0]]
        stray = ~game_ids.isin(set(self._schedule()["gameId"]))
        kept = answer[game_ids.isin(set(games)) | stray]
        return self.cache.store(call.result_set, kept, dict.fromkeys(games, at))

    def _ask(self, call: Call) -> pd.DataFrame:
        if call.result_set is ResultSet.BOX_SCORES:
            return endpoints.box_score(self._client, call.games[0])
        if call.result_set is ResultSet.INACTIVES:
            return endpoints.inactives(self._client, call.games[0])
        if call.result_set is ResultSet.PLAY_BY_PLAY:
            return endpoints.play_by_play(self._client, call.games[0])
        span = _Span(season=self._season, game_type=call.game_type, first=call.first, last=call.last)
        if call.result_set is ResultSet.SHOTS:
            return endpoints.shots(self._client, **span)
        return endpoints.game_log(self._client, call.result_set, **span)

    def _named(self, call: Call) -> str:
        """The call as `client.describe` names it, without what is the same in every call."""
        endpoint = endpoints.ENDPOINTS[call.result_set]
        if call.result_set in BY_GAME:
            return f"{endpoint}(GameID={call.games[0]})"
        season_type = endpoints.SEASON_TYPES[call.game_type]
        return f"{endpoint}(Season={self._season}, SeasonType={season_type}, {call.first} to {call.last})"


class _Span(TypedDict):
    season: str
    game_type: str
    first: date
    last: date


class _Tally:
    """Counts calls and games while a fetch runs, and reports them to `progress`."""

    def __init__(self, season: str, games: pd.DataFrame, calls: Sequence[Call], progress: Progress | None) -> None:
        self._season = season
        self._games_total = len(games)
        self._calls_total = len(calls)
        self._calls_left = Counter(game for call in calls for game in call.games)
        self._calls_done = 0
        self._started = time.monotonic()
        self._progress = progress
        self._report()

    def made(self, call: Call) -> None:
        """One more call was made, with whatever result."""
        self._calls_done += 1
        self._calls_left.subtract(call.games)
        for game in call.games:
            if not self._calls_left[game]:
                del self._calls_left[game]
        self._report()

    def _report(self) -> None:
        if self._progress is None:
            return
        seconds = time.monotonic() - self._started
        left = self._calls_total - self._calls_done
        self._progress(
            FetchProgress(
                season=self._season,
                calls_done=self._calls_done,
                calls_total=self._calls_total,
                games_done=self._games_total - len(self._calls_left),
                games_total=self._games_total,
                seconds=seconds,
                seconds_left=seconds / self._calls_done * left if self._calls_done else None,
            )
        )


def _days_of(games: pd.DataFrame) -> dict[str, date]:
    """Game -> its date."""
    return dict(zip(games["game_id"], games["day"], strict=True))


def _incomplete(season: str, failures: Sequence[CallFailure], planned: int) -> FetchIncompleteError:
    cut_off = next((failure.error for failure in failures if isinstance(failure.error, CutOffError)), None)
    if cut_off is not None:
        return FetchCutOffError(season, failures, planned, cut_off)
    drifted = any(isinstance(failure.error, SourceSchemaError) for failure in failures)
    return (FetchDriftError if drifted else FetchIncompleteError)(season, failures, planned)


def _failure(call: Call, error: SourceError, games: pd.DataFrame) -> CallFailure:
    missing = error.games if isinstance(error, GamesMissingError) else call.games
    return CallFailure(call, error, frozenset(games.loc[games["game_id"].isin(missing), "day"]))


def _given_up(result_set: ResultSet, failures: Sequence[CallFailure]) -> SourceError:
    """The drift because of which no more calls for a result set are made."""
    return next(
        failure.error
        for failure in reversed(failures)
        if failure.call.result_set is result_set and isinstance(failure.error, SourceSchemaError)
    )


def _games(games: Sequence[str]) -> str:
    return f"game {games[0]}" if len(games) == 1 else f"{len(games)} games"
