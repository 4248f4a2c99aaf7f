"""A source that is not asked: it says what is at hand, and what it would have to ask for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date

import pandas as pd

from nba_assets.sources.base import OutOfReach, ResultSet, Shortfall, Snapshot, Source, SourceError


class NotAskedError(SourceError):
    """Somebody would have to be asked."""


class Unasked:
    """What `asked` has at hand. `refused` are the dates of each result set for which it would have been asked."""

    def __init__(self, asked: Source) -> None:
        self._asked = asked
        self.name = asked.name
        self.counting_types = asked.counting_types
        self.is_asked = asked.is_asked
        self.refused: dict[ResultSet, set[date]] = defaultdict(set)
        self._renewed: dict[ResultSet, set[date]] = defaultdict(set)

    def read(self, result_set: ResultSet, season: str, dates: Sequence[date] | None = None) -> pd.DataFrame | None:
        """What is at hand. Raises NotAskedError where that is not all of it, else SourceError."""
        if self.would_ask(result_set, season, dates):
            self.refused[result_set].update(d for d in dates or () if self.would_ask(result_set, season, [d]))
            raise NotAskedError(f"the {result_set} of {season} has to be asked for, which a dry run does not")
        return self._asked.read(result_set, season, dates)

    def would_ask(self, result_set: ResultSet, season: str, dates: Sequence[date] | None) -> bool:
        """Whether it is wanted again, or not at hand."""
        is_wanted = self.is_asked and not self._renewed[result_set].isdisjoint(dates or ())
        return is_wanted or self._asked.would_ask(result_set, season, dates)

    def version(self, result_set: ResultSet, season: str) -> str | None:
        """As it is at hand."""
        return self._asked.version(result_set, season)

    def snapshot(self, result_set: ResultSet, season: str) -> Snapshot | None:
        """As it is at hand."""
        return self._asked.snapshot(result_set, season)

    def never_asked(self, result_set: ResultSet, season: str, games: Collection[str]) -> set[str]:
        """As it is at hand."""
        return self._asked.never_asked(result_set, season, games)

    def schedule_fetched_on(self, season: str) -> date | None:
        """As it is at hand."""
        return self._asked.schedule_fetched_on(season)

    def renew(self, dates: Collection[date], result_sets: Collection[ResultSet] = tuple(ResultSet)) -> bool:
        """From now on it would be asked for these; nothing at hand is forgotten."""
        for result_set in result_sets:
            self._renewed[result_set].update(dates)
        return self.is_asked

    def renew_short(self, short: Mapping[date, Shortfall]) -> bool:
        """The same of what was incomplete, where that may help."""
        for day in self._asked.unsettled(short):
            for result_set in short[day].result_sets:
                self._renewed[result_set].add(day)
        return self.is_asked

    def out_of_reach(self) -> OutOfReach | None:
        """As it was found last."""
        return self._asked.out_of_reach()

    def unsettled(self, short: Mapping[date, Shortfall]) -> list[date]:
        """As by what is at hand."""
        return self._asked.unsettled(short)

    def settled_games(self, season: str) -> frozenset[str]:
        """As by what is at hand."""
        return self._asked.settled_games(season)
