"""When the simulated league plays: the season's dates, its 1,230 fixtures and postponements.

Days are counted from opening night (0). Play-in and playoffs depend on results and are drawn in `postseason`.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from nba_assets.league.calendar import OPENING_NIGHTS, GameType, season_start_year
from nba_assets.sources.simulated.places import (
    CONFERENCE,
    DIVISION_TEAMS,
    HOURS_BEHIND,
    NEUTRAL_ARENAS,
    TEAMS,
)
from nba_assets.sources.simulated.rng import Purpose, stream
from nba_assets.sources.simulated.rosters import NEVER

GAMES_PER_TEAM = 82
FIRST_DAY = -20
"""The day on which rosters gather: the first for which absences are drawn."""

_FULL_NIGHT = TEAMS // 2
_BIGGEST_NIGHT = 14
_GAMES_BY_WEEKDAY = (8.0, 4.5, 11.5, 2.5, 11.5, 8.0, 7.5)
_FIRST_CUP, _CUP_DAYS_BEFORE_CHRISTMAS = 2023, 12
_CHRISTMAS_TIPOFFS = (12 * 60, 14 * 60 + 30, 17 * 60, 20 * 60, 22 * 60 + 30)


@dataclass(frozen=True)
class SeasonDates:
    """The landmarks of one season, in days from opening night."""

    season: str
    opening: date
    last: int
    """The last day of the regular season, a Sunday."""
    all_star: int
    """The Sunday of All-Star weekend."""
    closed: frozenset[int]
    """Days without counting games: Thanksgiving, Christmas Eve, All-Star week."""
    christmas: int

    @property
    def year(self) -> int:
        return season_start_year(self.season)

    def day(self, of: date) -> int:
        return (of - self.opening).days

    def weekday(self, day: int) -> int:
        return (self.opening.weekday() + day) % 7

    @property
    def trade_days(self) -> range:
        """The two weeks up to the trade deadline, ten days before the All-Star game."""
        return range(self.all_star - 24, self.all_star - 9)


def season_dates(season: str) -> SeasonDates:
    """The landmarks of any season, for the known opening nights and for the third Tuesday of October else."""
    year = season_start_year(season)
    opening = OPENING_NIGHTS.get(season) or _nth_weekday(year, 10, calendar.TUESDAY, 3)
    late_start = opening.month == 12
    last = 174 if not late_start else 146
    last -= (opening + timedelta(days=last) - timedelta(days=6)).weekday()
    if late_start:
        all_star = 75 + (6 - (opening + timedelta(days=75)).weekday())
    else:
        all_star = (_nth_weekday(year + 1, 2, calendar.SUNDAY, 3) - opening).days
    thanksgiving = (_nth_weekday(year, 11, calendar.THURSDAY, 4) - opening).days
    christmas = (date(year, 12, 25) - opening).days
    closed = {thanksgiving, christmas - 1, *range(all_star - 2, all_star + 4)}
    return SeasonDates(season, opening, last, all_star, frozenset(closed), christmas)


def _nth_weekday(year: int, month: int, weekday: int, n: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1))


def games_frame(
    *,
    day: npt.ArrayLike,
    home: npt.ArrayLike,
    away: npt.ArrayLike,
    tipoff: npt.ArrayLike,
    game_id: npt.ArrayLike,
    known_from: npt.ArrayLike = FIRST_DAY - NEVER,
) -> pd.DataFrame:
    """Games between two of the thirty, a row each: tip-off in minutes after Eastern midnight of `day`.

    `known_from` is the first day on which the league's schedule shows the game.
    """
    return pd.DataFrame(
        {
            "game_id": game_id,
            "day": day,
            "home": home,
            "away": away,
            "tipoff": tipoff,
            "known_from": known_from,
            "neutral": -1,
        }
    )


def regular_season(seed: int, dates: SeasonDates) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The 1,230 games as they are played in the end, and the fixtures that were postponed.

    The second frame has `game` (row number in the first), and the `day` and `tipoff` that were given up.
    """
    rng = stream(seed, Purpose.CALENDAR, dates.year)
    fixtures = np.array(_Draw(rng, dates).fixtures())
    fixtures = fixtures[np.argsort(fixtures[:, 0], kind="stable")]
    day, home, away = fixtures.T
    clock = tipoffs(stream(seed, Purpose.TIPOFFS, dates.year), dates, day, home)
    order = np.lexsort((clock, day))
    games = games_frame(
        day=day[order],
        home=home[order],
        away=away[order],
        tipoff=clock[order],
        game_id=numbered_ids(GameType.REGULAR, dates.year, len(order)),
    )
    postponed = _postpone(rng, dates, games)
    _move_abroad(rng, dates, games, exclude=postponed["game"].to_numpy())
    return games, postponed


def cup_final(dates: SeasonDates, games: pd.DataFrame) -> pd.DataFrame:
    """From 2023 on the Cup final (as `games_frame`), between teams of both conferences that have that day off."""
    if dates.year < _FIRST_CUP:
        return games.head(0)
    day = dates.christmas - _CUP_DAYS_BEFORE_CHRISTMAS
    busy = games.loc[games["day"] == day, ["home", "away"]].to_numpy()
    east, west = (np.setdiff1d(np.flatnonzero(side == CONFERENCE), busy)[0] for side in (0, 1))
    ids = numbered_ids(GameType.CUP_FINAL, dates.year, 1)
    return games_frame(day=[day], home=[east], away=[west], tipoff=[20 * 60 + 30], game_id=ids)


def numbered_ids(game_type: GameType, year: int, count: int) -> list[str]:
    """Ids in the order of the schedule: 0022100001, 0022100002, …"""
    return [f"{game_type}{year % 100:02d}{number:05d}" for number in range(1, count + 1)]


def tipoffs(
    rng: np.random.Generator, dates: SeasonDates, day: npt.NDArray[np.int64], home: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Minutes after Eastern midnight: evenings at the home team's clock, some Sunday afternoons, Christmas."""
    evening = np.where(rng.random(len(day)) < 0.6, 19 * 60, 19 * 60 + 30) + 60 * HOURS_BEHIND[home]
    evening = np.minimum(evening, 22 * 60 + 30)
    matinee = rng.choice([13 * 60, 15 * 60 + 30, 18 * 60], size=len(day))
    sunday = dates.weekday(0) + day
    clock = np.where((sunday % 7 == calendar.SUNDAY) & (rng.random(len(day)) < 0.4), matinee, evening)
    christmas = np.flatnonzero(day == dates.christmas)
    clock[christmas] = np.resize(_CHRISTMAS_TIPOFFS, len(christmas))
    return clock


class _Draw:
    """One draw of the calendar: day by day, the pairs that are most overdue and rested enough."""

    def __init__(self, rng: np.random.Generator, dates: SeasonDates) -> None:
        self.rng = rng
        self.dates = dates
        self.hosting = _hosting(rng)
        """hosting[a, b]: games that a still has to host against b."""
        self.first, self.second = np.triu_indices(TEAMS, 1)
        self.total = (self.hosting + self.hosting.T)[self.first, self.second]
        self.days_of: list[set[int]] = [set() for _ in range(TEAMS)]

    def fixtures(self) -> list[tuple[int, int, int]]:
        """(day, home, away) of all games, in no particular order."""
        pairs = self.rng.permutation(TEAMS).reshape(-1, 2).tolist()
        played = [self._play(self.dates.last, a, b) for a, b in pairs]
        for day, fixed, due in self._nights(1230 - len(played)):
            wanted = fixed or int(np.clip(round(due - len(played)), 1, _BIGGEST_NIGHT))
            played += [self._play(day, a, b) for a, b in self._best_pairs(day, wanted)]
        return played + list(self._leftovers())

    def _play(self, day: int, a: int, b: int) -> tuple[int, int, int]:
        """Take a game of the pair off the list; whoever has more left to host, hosts."""
        surplus = self.hosting[a, b] - self.hosting[b, a]
        if surplus < 0 or (surplus == 0 and self.rng.random() < 0.5):
            a, b = b, a
        self.hosting[a, b] -= 1
        self.days_of[a].add(day)
        self.days_of[b].add(day)
        return day, a, b

    def _nights(self, games: int) -> Iterator[tuple[int, int | None, float]]:
        """The days to fill before the last one: a fixed number of games, or how many are due by then in all."""
        open_days = [day for day in range(self.dates.last) if day not in self.dates.closed]
        size = np.array([_GAMES_BY_WEEKDAY[self.dates.weekday(day)] for day in open_days])
        size *= self.rng.uniform(0.75, 1.25, len(size))
        fixed = {0: 2, self.dates.christmas: 5, self.dates.last - 1: 1}
        is_fixed = np.array([day in fixed for day in open_days])
        size[is_fixed] = [fixed[day] for day in open_days if day in fixed]
        size[~is_fixed] *= (games - size[is_fixed].sum()) / size[~is_fixed].sum()
        due = _FULL_NIGHT + np.cumsum(size)
        for position, day in enumerate(open_days):
            yield day, fixed.get(day), float(due[position])

    def _best_pairs(self, day: int, wanted: int) -> list[tuple[int, int]]:
        recent = np.array([[day - back in days for back in range(1, 5)] for days in self.days_of])
        next_day = np.array([day + 1 in days for days in self.days_of])
        tired = recent[:, 0] & (recent[:, 1] | next_day) | (recent.sum(axis=1) >= 3)
        progress = (day + 1) / (self.dates.last + 1)
        overdue = GAMES_PER_TEAM * progress - np.array([sum(d <= day for d in days) for days in self.days_of])
        left = (self.hosting + self.hosting.T)[self.first, self.second]
        want = overdue - 1.3 * recent[:, 0]
        score = want[self.first] + want[self.second] + self.rng.normal(0, 0.7, len(left))
        score += 2.0 * (left / self.total - (1 - progress))
        score[(left == 0) | tired[self.first] | tired[self.second]] = -np.inf
        return _disjoint(score, self.first, self.second, wanted)

    def _leftovers(self) -> Iterator[tuple[int, int, int]]:
        """Games for which no night had room: on the earliest later day that both teams have free."""
        for a, b in zip(*np.nonzero(np.triu(self.hosting + self.hosting.T)), strict=True):
            while self.hosting[a, b] + self.hosting[b, a]:
                free = _free_days(self.days_of, self.dates, a, b, range(self.dates.last - 1, 0, -1))
                yield self._play(free[0], int(a), int(b))


def _hosting(rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Who hosts whom how often: 82 games a team, 41 of them at home, by the league's formula.

    Four games against division rivals, three or four within the conference, two against the other one.
    """
    hosting: npt.NDArray[np.int64] = (CONFERENCE[:, None] != CONFERENCE[None, :]).astype(np.int64)
    divisions = [rng.permutation(teams) for teams in DIVISION_TEAMS]
    for one, teams in enumerate(divisions):
        conference = divisions[3 * (one // 3) : 3 * (one // 3) + 3]
        for rivals in conference:
            hosting[np.ix_(teams, rivals)] = 2
    for one, other in ((0, 1), (0, 2), (1, 2), (3, 4), (3, 5), (4, 5)):
        for place, team in enumerate(divisions[one]):
            # Two opponents a division come three times: one of them hosts once, the other twice.
            hosting[divisions[other][place], team] = 1
            hosting[team, divisions[other][(place + 1) % 5]] = 1
    np.fill_diagonal(hosting, 0)
    return hosting


def _disjoint(
    score: npt.NDArray[np.float64], first: npt.NDArray[np.int64], second: npt.NDArray[np.int64], wanted: int
) -> list[tuple[int, int]]:
    """The best-scored pairs of which no two share a team, at most `wanted`."""
    chosen: list[tuple[int, int]] = []
    busy: set[int] = set()
    order = np.argsort(-score)
    order = order[np.isfinite(score[order])]
    for a, b in zip(first[order].tolist(), second[order].tolist(), strict=True):
        if len(chosen) == wanted:
            break
        if a not in busy and b not in busy:
            chosen.append((a, b))
            busy |= {a, b}
    return chosen


def _free_days(days_of: list[set[int]], dates: SeasonDates, a: int, b: int, days: range) -> list[int]:
    """The days in `days` on which both teams are free; those without a third game in three days, if any.

    Christmas has its five games and takes no others.
    """
    taken = days_of[a] | days_of[b] | dates.closed | {dates.christmas}
    free = [day for day in days if day not in taken]
    rested = [day for day in free if not any(_third_in_three_days(days_of[team], day) for team in (a, b))]
    return rested or free


def _third_in_three_days(days: set[int], day: int) -> bool:
    return any({day + k, day + k + 1, day + k + 2} <= days | {day} for k in (-2, -1, 0))


def _postpone(rng: np.random.Generator, dates: SeasonDates, games: pd.DataFrame) -> pd.DataFrame:
    """Move three to six midwinter games to a later day, in place; what they gave up is returned."""
    start = min(50, dates.all_star - 40)
    candidates = np.flatnonzero(games["day"].between(start, start + 42) & (games["day"] != dates.christmas))
    chosen = np.sort(rng.choice(candidates, size=int(rng.integers(3, 7)), replace=False))
    given_up = games.loc[chosen, ["day", "tipoff"]].assign(game=chosen)
    days_of = [set(games.loc[(games["home"] == t) | (games["away"] == t), "day"]) for t in range(TEAMS)]
    for game, day in zip(chosen.tolist(), given_up["day"].tolist(), strict=True):
        a, b = int(games.at[game, "home"]), int(games.at[game, "away"])
        later = _free_days(days_of, dates, a, b, range(day + 15, dates.last - 3))
        new_day = later[int(rng.integers(0, min(20, len(later))))]
        for team in (a, b):
            days_of[team] = days_of[team] - {day} | {new_day}
        games.loc[game, "day"] = new_day
    return given_up.reset_index(drop=True)


def _move_abroad(
    rng: np.random.Generator, dates: SeasonDates, games: pd.DataFrame, exclude: npt.NDArray[np.int64]
) -> None:
    """Play one or two games in a foreign arena, in the afternoon, in place."""
    eligible = games["day"].between(15, 110) & (games["day"] != dates.christmas) & ~games.index.isin(exclude)
    chosen = rng.choice(np.flatnonzero(eligible), size=int(rng.integers(1, 3)), replace=False)
    games.loc[chosen, "neutral"] = rng.choice(len(NEUTRAL_ARENAS), size=len(chosen), replace=False)
    games.loc[chosen, "tipoff"] = 15 * 60
