"""Which calls a season still needs: what the schedule says is finished, less what the cache has for good.

No call is made here and nothing is written.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import pandas as pd

from nba_assets.backoff import pause_while_settling
from nba_assets.league.calendar import EASTERN, REST_TYPES, game_types, season_last_day
from nba_assets.league.teams import canonical_codes
from nba_assets.sources.base import GAME_LOGS, ResultSet
from nba_assets.sources.nba_api.cache import SeasonCache
from nba_assets.sources.nba_api.settings import NbaApiSettings

_BY_WINDOW = (*GAME_LOGS, ResultSet.SHOTS)
BY_GAME = (ResultSet.BOX_SCORES, ResultSet.INACTIVES, ResultSet.PLAY_BY_PLAY)
"""Asked for one game at a time; the others by date window."""
_BY_GAME_OR_WINDOW = (*_BY_WINDOW, *BY_GAME)
LISTS = (ResultSet.PLAYER_LOG, ResultSet.BOX_SCORES, ResultSet.INACTIVES)
"""What says together who was listed for a game."""
ANSWERS_ALIKE = 3
"""What is doubtful is believed if it was answered so often in a row."""


@dataclass(frozen=True)
class Call:
    """One call to make: a result set for one game, or for all games of a type from `first` to `last`.

    `games` are the finished games that the answer must speak of, in the order of their ids.
    """

    result_set: ResultSet
    game_type: str
    games: tuple[str, ...]
    first: date
    last: date


@dataclass(frozen=True)
class Scope:
    """What is asked for: dates (None: the season), and from which game date on to read again what is there."""

    days: frozenset[date] | None
    reread_from: date | None
    now: datetime

    def covers(self, day: date) -> bool:
        """Whether a game date is asked for."""
        return self.days is None or day in self.days


def fetched_result_sets(settings: NbaApiSettings) -> tuple[ResultSet, ...]:
    """What is fetched of every game, logs first; the schedule comes before."""
    return tuple(
        result_set
        for result_set in _BY_GAME_OR_WINDOW
        if result_set is not ResultSet.PLAY_BY_PLAY or settings.play_by_play
    )


def eastern_day(moment: datetime) -> date:
    """The Eastern calendar date of a moment."""
    return moment.astimezone(EASTERN).date()


def listed_games(schedule: pd.DataFrame) -> pd.DataFrame:
    """game_id, game_type, day, is_final, is_done (final or postponed), home, away of every game with an id."""
    games = schedule[schedule["gameId"].notna()]
    postponed = games["postponedStatus"].eq("Y")
    is_final = games["gameStatus"].eq(3) & ~postponed
    return pd.DataFrame(
        {
            "game_id": games["gameId"],
            "game_type": game_types(games["gameId"]),
            "day": pd.to_datetime(games["gameDateEst"]).dt.date,
            "is_final": is_final,
            "is_done": is_final | postponed,
            "home": canonical_codes(games["homeTeam_teamTricode"]),
            "away": canonical_codes(games["awayTeam_teamTricode"]),
        }
    )


def is_late(day: date, at: datetime, settings: NbaApiSettings) -> bool:
    """Whether what is missing of a game of that date at that moment is not coming any more: it is kept as it is."""
    return at >= _midnight(day) + settings.late_limit


def may_be_asked_again(day: date, at: datetime, now: datetime, settings: NbaApiSettings) -> bool:
    """Whether an answer of `at` about a game of that date, of which something is missing, is worth another question."""
    if is_late(day, at, settings):
        return False
    waited = max(now - _settled_at(day, settings), timedelta(0))
    return now - at >= pause_while_settling(waited)


def is_settled(day: date, answers: Sequence[datetime], now: datetime, settings: NbaApiSettings) -> bool:
    """Whether what was answered alike at these moments about a game of that date may be true, though it is doubtful.

    Late it is, or if it was answered three times when it could be final.
    """
    final = [at for at in answers if at >= _settled_at(day, settings)]
    return is_late(day, now, settings) or len(final) >= ANSWERS_ALIKE


def schedule_is_stale(cache: SeasonCache, scope: Scope, settings: NbaApiSettings) -> bool:
    """Whether the cached schedule can still change for the days asked and is older than `cache_minutes`."""
    read_at = cache.fetched(ResultSet.SCHEDULE).get(cache.season)
    schedule = None if read_at is None else cache.frame(ResultSet.SCHEDULE)
    if read_at is None or schedule is None or scope.reread_from is not None:
        return True
    if scope.now - read_at < settings.cache_age:
        return False
    read_on = eastern_day(read_at)
    if scope.days is None:
        return read_on <= season_last_day(cache.season)
    listed = listed_games(schedule)
    open_days = set(listed.loc[~listed["is_done"], "day"])
    return any(day >= read_on or day in open_days for day in scope.days)


def finished_games(schedule: pd.DataFrame, scope: Scope, settings: NbaApiSettings) -> pd.DataFrame:
    """The finished counting games of the days asked, and the Cup final, by date."""
    listed, wanted = listed_games(schedule), settings.game_types | REST_TYPES
    asked = listed["is_final"] & listed["game_type"].isin(wanted) & listed["day"].map(scope.covers)
    return listed[asked.astype(bool)].sort_values(["day", "game_id"], ignore_index=True)


def asked_of(games: pd.DataFrame, result_set: ResultSet) -> pd.DataFrame:
    """The games, as `finished_games` gives them, of which a result set is wanted.

    Of a Cup final the box score alone: who has played, and how long, is all that counts, and a game's id finds it.
    """
    return games if result_set is ResultSet.BOX_SCORES else games[~games["game_type"].isin(REST_TYPES)]


def calls_for(
    games: pd.DataFrame,
    cache: SeasonCache,
    result_sets: Collection[ResultSet],
    scope: Scope,
    settings: NbaApiSettings,
) -> list[Call]:
    """The calls that bring in what is missing of some finished games, logs first."""
    wanted = {result_set: asked_of(games, result_set) for result_set in _BY_GAME_OR_WINDOW if result_set in result_sets}
    missing = {
        result_set: of_set[~of_set["game_id"].isin(_settled(of_set, cache, result_set, scope, settings))]
        for result_set, of_set in wanted.items()
    }
    calls = [
        call
        for result_set in _BY_WINDOW
        if result_set in missing
        for call in _window_calls(result_set, missing[result_set], settings)
    ]
    single = [
        Call(result_set, game.game_type, (game.game_id,), game.day, game.day)
        for result_set in BY_GAME
        if result_set in missing
        for game in missing[result_set].itertuples()
    ]
    return calls + sorted(single, key=lambda call: (call.first, call.games))


def _settled(
    games: pd.DataFrame, cache: SeasonCache, result_set: ResultSet, scope: Scope, settings: NbaApiSettings
) -> set[str]:
    """The games whose rows need not be fetched: fetched after they could change, or a moment ago."""
    fetched = cache.fetched(result_set)
    days = dict(zip(games["game_id"], games["day"], strict=True))
    # The list of inactive players may rightly be without rows; anything else only once it is late.
    present = set(fetched) if result_set is ResultSet.INACTIVES else cache.games(result_set)
    return {
        game
        for game, at in fetched.items()
        if game in days
        and (game in present or is_late(days[game], at, settings))
        and not (scope.reread_from is not None and days[game] >= scope.reread_from and at < scope.now)
        and (at >= _settled_at(days[game], settings) or scope.now - at < settings.cache_age)
    }


def _settled_at(day: date, settings: NbaApiSettings) -> datetime:
    """By default six in the morning after, when the league's own corrections are through."""
    return _midnight(day) + settings.publishing_delay


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=EASTERN)


def _window_calls(result_set: ResultSet, missing: pd.DataFrame, settings: NbaApiSettings) -> Iterator[Call]:
    span = timedelta(days=settings.shots_window_days) if result_set is ResultSet.SHOTS else timedelta.max
    for game_type, games in missing.groupby("game_type"):
        for days in _windows(sorted(set(games["day"])), span):
            inside = games[games["day"].isin(days)]
            yield Call(result_set, str(game_type), tuple(sorted(inside["game_id"])), days[0], days[-1])


def _windows(days: Iterable[date], span: timedelta) -> list[list[date]]:
    """Runs of days, each shorter than `span` from its first to its last day."""
    windows: list[list[date]] = []
    for day in days:
        if windows and day - windows[-1][0] < span:
            windows[-1].append(day)
        else:
            windows.append([day])
    return windows
