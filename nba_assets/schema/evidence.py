"""What one partition must have, and what a table's `expect` may look at to say so.

Expected entities never come from the table itself. Readiness asks whether the pipeline loaded every game that a team
has finished, never whether a player appeared. What a table expects is said in its module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd

from nba_assets.partition import Cause, Finding, finding
from nba_assets.schema.policy import Policy

if TYPE_CHECKING:
    from nba_assets.schema.table import Inputs


@dataclass
class Expectation:
    """What one partition must have.

    `lacking` holds the entities that fall short and why; `accepted` those of them that lack only games a person
    has accepted as missing, which no longer count against the threshold. `degraded` are findings that never count
    against it: unknown shots. `notes` are worth saying and degrade nothing. `insufficient` holds entities without
    enough history yet, which are not expected. Where the entities are the two sides of games, `games` counts these
    games and `game_of` names the game of each side that falls short.
    """

    expected: int = 0
    lacking: dict[str, Finding] = field(default_factory=dict)
    accepted: set[str] = field(default_factory=set)
    degraded: list[Finding] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)
    insufficient: dict[str, Finding] = field(default_factory=dict)
    games: int = 0
    game_of: dict[str, str] = field(default_factory=dict)

    def expect_sides(self, sides: pd.DataFrame) -> None:
        """Expect both teams of finished games: one row per game_id and team."""
        self.expected += len(sides)
        self.games += sides["game_id"].nunique()

    def lack(self, entity: object, cause: Cause, **numbers: Any) -> str:
        """An entity falls short; returns its name."""
        self.lacking[str(entity)] = finding(cause, **numbers)
        return str(entity)

    def lack_side(self, game: str, team: str, cause: Cause, **numbers: Any) -> str:
        """One team of a game falls short; returns the entity's name."""
        entity = self.lack(f"{game} {team}", cause, **numbers)
        self.game_of[entity] = game
        return entity

    def accept(self, entity: object, game_dates: Iterable[pd.Timestamp], accepted: frozenset[date]) -> None:
        """What the entity lacks does not count if all of its missing games are of accepted dates."""
        if all(day.date() in accepted for day in game_dates):
            self.accepted.add(str(entity))

    def degrade(self, cause: Cause, *entities: object, **numbers: Any) -> None:
        """Something is missing that never counts against the threshold; entities that lack the same are one finding."""
        found = finding(cause, *entities, **numbers)
        for at, other in enumerate(self.degraded):
            if entities and (other.cause, other.numbers) == (cause, numbers):
                self.degraded[at] = replace(other, entities=(*other.entities, *found.entities))
                return
        self.degraded.append(found)

    def note(self, cause: Cause, *entities: object, **numbers: Any) -> None:
        """Something worth saying."""
        self.notes.append(finding(cause, *entities, **numbers))

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
    """Everything that an expectation may look at: the rows that were computed, and what they were computed from.

    `accepted_dates` are the dates of which a person has accepted what is missing (`force`): their missing games
    degrade the windows that contain them and block nobody.
    """

    rows: pd.DataFrame
    inputs: Inputs
    dates: pd.DatetimeIndex
    policy: Policy
    accepted_dates: frozenset[date] = frozenset()


Expect = Callable[[Evidence], dict[date, Expectation]]
"""What a table must have on each date of the evidence."""


def none_expected(evidence: Evidence) -> dict[date, Expectation]:
    """No entity is expected on any date: where every expectation starts."""
    return {day.date(): Expectation() for day in evidence.dates}


def by_date(rows: pd.DataFrame, column: str) -> Iterator[tuple[date, pd.DataFrame]]:
    """The rows of each date that has any."""
    for day, of_day in rows.groupby(column):
        yield pd.Timestamp(day).date(), of_day
