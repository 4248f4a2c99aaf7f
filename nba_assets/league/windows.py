"""The as-of window engine: sums over an entity's games in a window that ends strictly before a date.

Games are sorted by (entity, season, date) and every statistic becomes a prefix sum of integers, so that a window
is two positions found by binary search, and its sum one subtraction. Sums are exact, independent of the order of
the input, and the same for one date and for two hundred. Every rolling figure in `tables/` comes from here, so
that nothing dated on or after D can reach a row of D.

Statistics with fractions (possessions) enter as fixed-point integers with 2^-32 resolution, about 1e-10.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from nba_assets.league import distinct

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_FRACTION = float(2**32)
_SEASON_BITS = 20
_ENTITY_BITS = 40


@dataclass(frozen=True)
class Span:
    """How far back of a date a window reaches; made by `last`, `days` and `season`. The one without limits: a season.

    `str` says it in words: "last 10 games".
    """

    games: int | None = None
    skip: int = 0
    calendar_days: int | None = None

    def __str__(self) -> str:
        if self.calendar_days is not None:
            return f"last {self.calendar_days} days"
        if self.games is None:
            return "season to date"
        if self.skip:
            return f"newest games {self.skip + 1} to {self.skip + self.games}"
        return "last game" if self.games == 1 else f"last {self.games} games"


def last(n: int, *, skip: int = 0) -> Span:
    """The last n games after leaving out the newest `skip`; fewer where fewer exist."""
    if n < 1 or skip < 0:
        raise ValueError(f"last({n}, skip={skip}): at least one game, and none skipped is 0")
    return Span(games=n, skip=skip)


def days(k: int) -> Span:
    """The games of the k calendar days D-k … D-1."""
    if k < 1:
        raise ValueError(f"days({k}): at least one day")
    return Span(calendar_days=k)


def season() -> Span:
    """All games of the season to date."""
    return Span()


class GameLog:
    """An entity's games in order, ready to be asked for windows as of any date.

    `games` needs the columns `entity` (player or team), `season` ("2021-22"), `game_date` (datetime64) and
    `game_id`; one row per entity and game. It is left as it is: a column is put in order when it is asked for. A
    statistic is any numeric or boolean column, named when it is summed.
    """

    def __init__(self, games: pd.DataFrame, *, entity: str) -> None:
        self._entities = pd.Index(games[entity].unique()).sort_values(na_position="last")
        keys = self._season_key(games[entity], games["season"]) + _day_numbers(games["game_date"])
        self._unordered, self._order = games, np.lexsort([distinct.ranks(games["game_id"]), keys])
        self._keys = keys[self._order]
        self._columns: dict[str, pd.Series] = {}
        self._prefixes: dict[str, Ints] = {}
        self._nulls: dict[str, Ints] = {}

    def column(self, name: str) -> pd.Series:
        """A column of the games, or what was added, in order: by entity, season, date and game."""
        if name not in self._columns:
            self._columns[name] = self._unordered[name].take(self._order).reset_index(drop=True)
        return self._columns[name]

    @cached_property
    def games(self) -> pd.DataFrame:
        """All columns of the games, in order."""
        return self._unordered.take(self._order).reset_index(drop=True)

    def before(self, entities: Any, seasons: Any, dates: Any) -> AsOf:
        """The state of knowledge strictly before each date: one query per element of the three columns."""
        season_key, days = self._season_key(entities, seasons), _day_numbers(dates)
        return AsOf(
            log=self,
            season_start=np.searchsorted(self._keys, season_key, side="left"),
            end=np.searchsorted(self._keys, season_key + days, side="left"),
            _season_key=season_key,
            _days=days,
        )

    def add(self, name: str, values: npt.ArrayLike) -> None:
        """A statistic derived from the ordered games themselves, one value for each of them."""
        self._columns[name] = pd.Series(values)

    def days_since_previous(self) -> Floats:
        """Days between each game and the entity's previous one of the season; NULL for the first."""
        days = np.diff(_day_numbers(self.column("game_date")), prepend=0).astype(np.float64)
        days[self._starts_season()] = np.nan
        return days

    def streaks(self, won: str) -> Ints:
        """The signed run of equal results that each game ends: +3 after three wins, -1 after one loss."""
        result = self.column(won).to_numpy(dtype=bool)
        breaks = self._starts_season() | np.concatenate([[True], result[1:] != result[:-1]])[: len(result)]
        positions = np.arange(len(result))
        run_start = np.maximum.accumulate(np.where(breaks, positions, 0)) if len(result) else positions
        return np.where(result, 1, -1) * (positions - run_start + 1)

    def _starts_season(self) -> Bools:
        groups = self._keys >> _SEASON_BITS
        return np.concatenate([[True], groups[1:] != groups[:-1]])[: len(groups)]

    def _season_key(self, entities: Any, seasons: Any) -> Ints:
        """What sorts before every game of the entity's season; with a game's day number added, the game's own key."""
        codes: Ints = self._entities.get_indexer(pd.Index(np.asarray(entities))).astype(np.int64)
        return (codes << _ENTITY_BITS) + (_first_years(seasons) << _SEASON_BITS)

    def _prefix(self, stat: str) -> tuple[Ints, Ints]:
        if stat not in self._prefixes:
            values = self.column(stat)
            nulls = values.isna().to_numpy()
            self._prefixes[stat] = _prefix_sums(_as_integers(values, nulls))
            self._nulls[stat] = _prefix_sums(nulls.astype(np.int64))
        return self._prefixes[stat], self._nulls[stat]

    def _is_fraction(self, stat: str) -> bool:
        return bool(pd.api.types.is_float_dtype(self.column(stat).dtype))

    def _square(self, stat: str) -> str:
        name = f"{stat} squared"
        if name not in self._columns:
            self.add(name, self.column(stat) * self.column(stat))
        return name


@dataclass(frozen=True)
class AsOf:
    """What was known of each entity strictly before its date; gives the windows that end there.

    `season_start` and `end` are positions in the ordered log: the entity's games of the season before the date
    are log[season_start:end].
    """

    log: GameLog
    season_start: Ints
    end: Ints
    _season_key: Ints
    _days: Ints

    def only(self, chosen: Bools) -> AsOf:
        """The chosen queries alone."""
        return AsOf(self.log, self.season_start[chosen], self.end[chosen], self._season_key[chosen], self._days[chosen])

    def over(self, span: Span) -> Window:
        """The games of the season before the date that the span reaches."""
        if span.games is not None:
            return self._last(span.games, span.skip)
        if span.calendar_days is not None:
            return self._days_back(span.calendar_days)
        return Window(self.log, self.season_start, self.end)

    def _last(self, n: int, skip: int) -> Window:
        end = np.maximum(self.season_start, self.end - skip)
        return Window(self.log, np.maximum(self.season_start, end - n), end)

    def _days_back(self, k: int) -> Window:
        first = self._season_key + np.maximum(self._days - k, 0)
        start = np.searchsorted(self.log._keys, first, side="left")
        return Window(self.log, np.maximum(start, self.season_start), self.end)

    def latest(self, column: str) -> pd.Series:
        """The column's value in the entity's newest game of the season; NULL before the first."""
        values = self.log.column(column)
        known = self.end > self.season_start
        if not len(values):
            return pd.Series([None] * len(self.end), dtype=object)
        newest = values.iloc[np.where(known, self.end - 1, 0)].reset_index(drop=True)
        return newest.where(pd.Series(known))

    def days_since_latest(self) -> Floats:
        """Days from the newest game to the query's date; NULL before the first game of the season."""
        latest = self.latest("game_date")
        if latest.dtype == object:
            return np.full(len(self._days), np.nan)
        played = latest.notna().to_numpy()
        return np.where(played, self._days - _day_numbers(latest.fillna(pd.Timestamp(0))), np.nan)


@dataclass(frozen=True)
class Window:
    """One window per query: the games log[start:end], all dated before the query's date."""

    log: GameLog
    start: Ints
    end: Ints

    @property
    def count(self) -> Ints:
        """Games in the window."""
        return self.end - self.start

    def sum(self, stat: str) -> Floats:
        """The exact sum of a statistic; NULL where any game of the window has none, 0 over no games."""
        prefix, nulls = self.log._prefix(stat)
        total = (prefix[self.end] - prefix[self.start]).astype(np.float64)
        if self.log._is_fraction(stat):
            total /= _FRACTION
        if nulls[-1]:  # the whole log's number of them
            total[nulls[self.end] > nulls[self.start]] = np.nan
        return total

    def sum_of_known(self, stat: str) -> Floats:
        """The exact sum over the games that have the statistic."""
        prefix, _ = self.log._prefix(stat)
        total = (prefix[self.end] - prefix[self.start]).astype(np.float64)
        return total / _FRACTION if self.log._is_fraction(stat) else total

    def count_known(self, stat: str) -> Ints:
        """Games in the window that have the statistic."""
        _, nulls = self.log._prefix(stat)
        return self.count - (nulls[self.end] - nulls[self.start])

    def sum_of_squares(self, stat: str) -> Floats:
        """The exact sum of squares of an integer statistic."""
        return self.sum(self.log._square(stat))

    def mean(self, stat: str) -> Floats:
        """Sum / games; NULL over an empty window."""
        games = self.count
        means: Floats = np.divide(self.sum(stat), games, out=np.full(len(games), np.nan), where=games > 0)
        return means

    def without_first(self) -> Window:
        """The window less its oldest game, for statistics of pairs of neighbouring games."""
        return Window(self.log, np.minimum(self.start + 1, self.end), self.end)

    def has_any(self, marked: str) -> Bools:
        """The converse look-up: which queries the games touch that a boolean column of the log marks."""
        return self.sum(marked) > 0


def pairs(entities: Sequence[Any] | pd.Series, dates: Sequence[Any] | pd.Series) -> pd.DataFrame:
    """Every entity with every date: a frame of queries with the columns entity and date."""
    return pd.merge(pd.DataFrame({"date": dates}), pd.DataFrame({"entity": entities}), how="cross")


def _day_numbers(dates: Any) -> Ints:
    return np.asarray(dates, dtype="datetime64[D]").astype(np.int64)


def _first_years(seasons: Any) -> Ints:
    """The year in which each season starts; few of them are different, so that only those are read."""
    codes, names = pd.factorize(np.asarray(seasons))
    if (codes < 0).any():
        raise ValueError("a game or a query without a season")
    years: Ints = np.array([int(name[:4]) for name in names], dtype=np.int64)[codes]
    return years


def _as_integers(values: pd.Series, nulls: Bools) -> Ints:
    if pd.api.types.is_float_dtype(values.dtype):
        scaled = np.rint(values.to_numpy(dtype=np.float64, na_value=0.0) * _FRACTION)
        return np.where(nulls, 0.0, scaled).astype(np.int64)
    integers: Ints = np.zeros(len(values), dtype=np.int64)
    integers[~nulls] = values[~nulls].to_numpy(dtype=np.int64)
    return integers


def _prefix_sums(values: Ints) -> Ints:
    return np.concatenate([[0], np.cumsum(values, dtype=np.int64)])
