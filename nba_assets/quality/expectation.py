"""What one partition must have, and what an expectation may look at. Shared by the tables' expectations.

Which entities a table's partition must have is the business of `after_games` and `before_games`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date

import pandas as pd

from nba_assets.quality.policy import Policy
from nba_assets.tables import Inputs, Table


@dataclass
class Expectation:
    """What one partition must have.

    `lacking` holds the entities that fall short and why; `accepted` those of them that lack only games a person
    has accepted as missing, which no longer count against the threshold. `degraded` are shortcomings that never
    count against it: unknown shots. `notes` are worth saying and degrade nothing. `insufficient` holds entities
    without enough history yet, which are not expected. Where the entities are the two sides of games, `games`
    counts these games and `game_of` names the game of each side that falls short.
    """

    expected: int
    lacking: dict[str, str] = field(default_factory=dict)
    accepted: set[str] = field(default_factory=set)
    degraded: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    insufficient: dict[str, str] = field(default_factory=dict)
    games: int = 0
    game_of: dict[str, str] = field(default_factory=dict)

    def expect_sides(self, sides: pd.DataFrame) -> None:
        """Expect both teams of finished games: one row per game_id and team."""
        self.expected += len(sides)
        self.games += sides["game_id"].nunique()

    def lack_side(self, game: str, team: str, what: str) -> str:
        """One team of a game falls short; returns the entity's name."""
        entity = f"{game} {team}"
        self.lacking[entity] = what
        self.game_of[entity] = game
        return entity

    @property
    def complete_games(self) -> int:
        """Games of which neither side falls short."""
        return self.games - len(set(self.game_of.values()))

    @property
    def complete(self) -> int:
        """Entities that lack nothing."""
        return self.expected - len(self.lacking)

    @property
    def open(self) -> int:
        """Entities that lack something nobody has accepted."""
        return len(self.lacking) - len(self.accepted)


@dataclass(frozen=True)
class Evidence:
    """Everything that an expectation may look at.

    `accepted_dates` are the dates of which a person has accepted what is missing (`force`): their missing games
    degrade the windows that contain them and block nobody.
    """

    table: Table
    rows: pd.DataFrame
    inputs: Inputs
    dates: pd.DatetimeIndex
    policy: Policy
    accepted_dates: frozenset[date] = frozenset()


Expect = Callable[[Evidence], dict[date, Expectation]]
"""What a table must have on each date of the evidence."""


def none_expected(evidence: Evidence) -> dict[date, Expectation]:
    """No entity is expected on any date: where every expectation starts."""
    return {day.date(): Expectation(expected=0) for day in evidence.dates}


def by_date(rows: pd.DataFrame, column: str) -> Iterator[tuple[date, pd.DataFrame]]:
    """The rows of each date that has any."""
    for day, of_day in rows.groupby(column):
        yield pd.Timestamp(day).date(), of_day


def some(names: list[str], noun: str) -> str:
    """ "7 teams: ATL, BKN, BOS, CHA, CHI and 2 more" """
    return f"{len(names)} {noun}{'s' if len(names) != 1 else ''}: {first(names, 5)}"


def first(names: list[str], n: int) -> str:
    """ "ATL, BKN and 5 more" """
    more = f" and {len(names) - n} more" if len(names) > n else ""
    return ", ".join(names[:n]) + more


def game_name(game: object) -> str:
    """ "0022100111 LAC@LAL", of a row with game_id, away_team and home_team."""
    return f"{game.game_id} {game.away_team}@{game.home_team}"  # type: ignore[attr-defined]
