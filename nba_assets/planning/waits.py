"""What keeps partitions waiting: every root of a block, and the finished games that these roots themselves lack.

A root that failed on some of its games lacks these, and not the others of its night, which wait for them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

from nba_assets.partition import FAILED, STOPS_DEPENDENTS, Partition
from nba_assets.planning.games_named import games_named
from nba_assets.planning.histories import Histories
from nba_assets.schema.table import Input, TimeRule
from nba_assets.tables import TABLES, place_of
from nba_assets.tables.games import team_games

if TYPE_CHECKING:
    from nba_assets.planning.state import State

_DAY = timedelta(days=1)
_NONE: frozenset[Partition] = frozenset()


class Waits:
    """The roots behind the partitions of a state. `finished` gives its finished counting games, as State has them."""

    def __init__(self, state: State, finished: Callable[[], pd.DataFrame]) -> None:
        self._state = state
        self._finished = finished
        self._lacking: dict[Partition, frozenset[tuple[str, str]]] = {}
        self._behind: dict[Partition, frozenset[Partition]] = {}
        self._histories = Histories(self._roots_at)

    def roots(self, partition: Partition) -> list[Partition]:
        """Every partition because of which this one cannot be built, the oldest first; none that is not due."""
        return sorted(self._roots_behind(partition), key=place_of)

    def games(self, roots: Collection[Partition], before: date) -> pd.DataFrame:
        """`team_games` of the finished games before a date that the roots themselves lack, by team and date."""
        lacking = [self._games_of(root) for root in roots if root.day < before]
        found = pd.concat([self._sides.head(0), *lacking]).drop_duplicates(["game_id", "team"])
        return found.sort_values(["team", "game_date"])

    def games_by_team(self, roots: Collection[Partition], before: date) -> dict[str, int]:
        """How many of these games each team has played, those with most of them first."""
        sides = frozenset[tuple[str, str]]().union(*(self._sides_of(root) for root in roots if root.day < before))
        counts = Counter(team for _, team in sides)
        return dict(sorted(counts.items(), key=lambda of_team: (-of_team[1], of_team[0])))

    def nights_of(self, game_id: str) -> set[date]:
        """The date of a finished game; of one that is not known none."""
        return {night.date() for night in self._sides.loc[self._sides["game_id"] == game_id, "game_date"]}

    def _sides_of(self, root: Partition) -> frozenset[tuple[str, str]]:
        """(game, team) of the games that a root lacks: asked for by every partition that waits for it."""
        if root not in self._lacking:
            games = self._games_of(root)
            self._lacking[root] = frozenset(zip(games["game_id"], games["team"], strict=True))
        return self._lacking[root]

    def _roots_behind(self, partition: Partition) -> frozenset[Partition]:
        if partition not in self._behind:
            inputs = (self._of_input(input_, partition.day) for input_ in TABLES[partition.table].inputs)
            self._behind[partition] = _NONE.union(*inputs)
        return self._behind[partition]

    def _of_input(self, input_: Input, day: date) -> frozenset[Partition]:
        if input_.rule == TimeRule.DAY_BEFORE or not self._state.is_critical(input_.table):
            return _NONE
        if input_.rule == TimeRule.BEFORE_DATE:
            return self._of_history(input_.table, day)
        return self._roots_at(Partition(input_.table, day))

    def _of_history(self, table: str, day: date) -> frozenset[Partition]:
        """Of the dates of the season before `day`, from the opening night on."""
        opening = self._state.opening_night(day)
        if opening is None:
            return _NONE
        return self._histories.before(table, opening, day)

    def _roots_at(self, partition: Partition) -> frozenset[Partition]:
        """The partition itself if its trouble began there, else the roots that it waits for; nothing if it is there."""
        cell = self._state.own_cell(partition)
        if cell.status not in STOPS_DEPENDENTS:
            return _NONE
        itself = frozenset({cell.origin})
        return itself if cell.status in FAILED else self._roots_behind(partition) or itself

    def _games_of(self, root: Partition) -> pd.DataFrame:
        sides = self._sides
        named = games_named(self._state.own_cell(root).findings)
        of_date = sides["game_date"].eq(pd.Timestamp(root.day))
        return sides[of_date if named is None else of_date & sides["game_id"].isin(named)]

    @cached_property
    def _sides(self) -> pd.DataFrame:
        return team_games(self._finished())
