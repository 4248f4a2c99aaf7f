"""What a warehouse holds of one season, and what a check says about it. The checks themselves are in `checks`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from functools import cached_property
from typing import Any, Protocol

import pandas as pd

from nba_assets.league.calendar import COUNTING_TYPES, season_first_day, season_last_day
from nba_assets.partition import Partition, Status
from nba_assets.planning.load import published_contents
from nba_assets.schema.table import Table
from nba_assets.tables import TABLES, WITH_FEATURES
from nba_assets.verification.leak import days_around
from nba_assets.verification.replay import RAW_TABLES, replay_with_history
from nba_assets.warehouse.ledger import is_published

_EXAMPLES = 3


class Reader(Protocol):
    """The part of a warehouse that verification needs; every `Warehouse` is one."""

    def read(
        self, table: Table, *, columns: Sequence[str] | None = None, start: date | None = None, end: date | None = None
    ) -> pd.DataFrame:
        """Rows of the partitions start … end (inclusive) in the contract's types, ordered by key."""
        ...

    def ledger(
        self, start: date | None = None, end: date | None = None, *, tables: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """Per (table_name, partition_date): the newest attempt, and the newest published one if it is another."""
        ...


@dataclass
class StoredSeason:
    """One season of a warehouse; each table is read once, when a check first asks for it."""

    warehouse: Reader
    season: str
    counting_types: frozenset[str] = COUNTING_TYPES
    min_games: int | Mapping[str, int] = 5
    sampled_dates: int = 3
    _read: dict[str, pd.DataFrame] = field(default_factory=dict, repr=False)

    def rows(self, table: Table) -> pd.DataFrame:
        """All rows of a table in the season; to be left as they are."""
        if table.name not in self._read:
            start, end = season_first_day(self.season), season_last_day(self.season)
            self._read[table.name] = self.warehouse.read(table, start=start, end=end)
        return self._read[table.name]

    @cached_property
    def _ledger(self) -> pd.DataFrame:
        return self.warehouse.ledger(season_first_day(self.season), season_last_day(self.season))

    def published(self) -> dict[Partition, str]:
        """The content hash of everything that the ledger says was published in the season."""
        return published_contents(self._ledger)

    def published_empty(self) -> set[str]:
        """The tables that were published, and each time rightly without rows: no games, or bootstrap."""
        attempts = self._ledger[is_published(self._ledger)]
        rightly = attempts["status"].isin([Status.NO_GAMES, Status.BOOTSTRAP]).groupby(attempts["table_name"]).all()
        return set(rightly.index[rightly])

    def raw(self) -> dict[str, pd.DataFrame]:
        """The raw tables."""
        return {name: self.rows(TABLES[name]) for name in RAW_TABLES}

    @cached_property
    def recomputed(self) -> dict[str, pd.DataFrame]:
        """The post-game and pre-game tables from the stored raw ones: the sampled dates, and those around them."""
        dates = {around for day in self.sample() for around in days_around(day)}
        return replay_with_history(self.raw(), dates, counting_types=self.counting_types, min_games=self.min_games)

    def sample(self) -> list[date]:
        """Some dates that have features, spread evenly over the season."""
        days = sorted({day for table, _ in WITH_FEATURES for day in self.rows(table)[table.partition].dt.date.unique()})
        number = min(self.sampled_dates, len(days))
        return [days[(2 * k + 1) * len(days) // (2 * number)] for k in range(number)]


@dataclass(frozen=True)
class CheckResult:
    """The answer of one check: it passed if nothing of what it examined violates it.

    `note` says why nothing was examined, or what is known besides.
    """

    name: str
    examined: int
    violations: int = 0
    examples: tuple[str, ...] = ()
    note: str = ""

    @property
    def passed(self) -> bool:
        """Whether there is no violation; a check that had nothing to examine passes, and says so in its note."""
        return self.violations == 0

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"name": self.name, "passed": self.passed} | asdict(self)


def result(name: str, *, examined: int, violations: Iterable[str], note: str = "") -> CheckResult:
    """A check's answer from the texts of its violations; the first of them are its examples."""
    found = list(violations)
    nothing = "nothing to examine" if examined == 0 and not found and not note else note
    return CheckResult(name, int(examined), len(found), tuple(found[:_EXAMPLES]), nothing)
