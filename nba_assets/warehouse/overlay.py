"""A warehouse on top of another: what is published stays in memory, and is what is read from then on.

So a dry run takes the road of the command itself, to its end, and nothing is written.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import date
from functools import cached_property

import pandas as pd

from nba_assets.schema.evidence import by_date
from nba_assets.schema.table import Table
from nba_assets.warehouse.base import (
    LedgerInMemory,
    Publication,
    Warehouse,
    WarehouseError,
    columns_to_read,
    in_contract,
)
from nba_assets.warehouse.ddl import Migration, Relation
from nba_assets.warehouse.ledger import PROCESSOR_RUNS, is_published, rows_of, shifted

_PARTITION = ["table_name", "partition_date"]


class Overlay(LedgerInMemory):
    """Reads what `below` has, but for the partitions that were published here."""

    locks_out_others = True
    """Nobody else writes here; what is below may change, and a plan is of the moment at which it began."""

    def __init__(self, below: Warehouse) -> None:
        self._below = below
        self._rows: dict[str, dict[date, pd.DataFrame]] = defaultdict(dict)
        self._failures: dict[tuple[str, date], pd.DataFrame] = {}
        self._runs = rows_of(PROCESSOR_RUNS, [])
        self._relations: dict[str, pd.DataFrame] = {}

    def describe(self) -> str:
        """The place of what is below."""
        return self._below.describe()

    def prepare(self) -> None:
        """Nothing is created: what is not there is read as empty, and what is published stays here."""

    def writer(self, purpose: str) -> AbstractContextManager[None]:  # noqa: ARG002
        """Nobody is in the way: nothing is written."""
        return nullcontext()

    def bookkeeping(self) -> AbstractContextManager[None]:
        """Nobody is in the way."""
        return nullcontext()

    def reading(self) -> AbstractContextManager[None]:
        """As below."""
        return self._below.reading()

    def read(
        self, table: Table, *, columns: Sequence[str] | None = None, start: date | None = None, end: date | None = None
    ) -> pd.DataFrame:
        """The rows below with those published here in place of theirs, ordered by key."""
        names = columns_to_read(table, columns)
        here = {day: rows for day, rows in self._rows[table.name].items() if _is_between(day, start, end)}
        if not here:
            return self._below.read(table, columns=names, start=start, end=end)
        with_keys = [name for name in columns_to_read(table, None) if name in names or name in table.keys]
        stands = self._below.read(table, columns=with_keys, start=start, end=end)
        stands = stands[~stands[table.partition].dt.date.isin(here)]
        parts = [part[with_keys] for part in (stands, *here.values()) if len(part)]
        rows = pd.concat(parts, ignore_index=True).sort_values(table.keys, ignore_index=True) if parts else stands
        return in_contract(rows[names], table, names)

    def row_counts(self, tables: Sequence[Table], start: date, end: date) -> pd.DataFrame:
        """Those below, and those published here in place of theirs."""
        counts = self._below.row_counts(tables, start, end)
        names = {table.name for table in tables}
        here = [
            (name, pd.Timestamp(day), len(rows))
            for name, dates in self._rows.items()
            for day, rows in dates.items()
            if name in names and start <= day <= end
        ]
        hidden = {(name, day) for name, day, _ in here}
        keys = zip(counts["table_name"], counts["partition_date"], strict=True)
        stands = counts[pd.Series([key not in hidden for key in keys], dtype=bool, index=counts.index)]
        filled = pd.DataFrame([one for one in here if one[2]], columns=[*_PARTITION, "rows"])
        return pd.concat([stands, filled], ignore_index=True) if len(filled) else stands

    def publish(self, publication: Publication) -> None:
        """Keep it."""
        table = publication.table
        of_day = dict(by_date(publication.rows, table.partition))
        for day in publication.dates:
            self._rows[table.name][day] = of_day.get(day, publication.rows.head(0))
        failures = dict(by_date(publication.failures, "partition_date"))
        for day in publication.failure_dates:
            self._failures[table.name, day] = failures.get(day, publication.failures.head(0))
        runs = publication.runs
        if not publication.keeps_ids:
            runs = runs.assign(attempt_id=shifted(runs["attempt_id"], self._newest))
        self._runs = pd.concat([self._runs, runs], ignore_index=True) if len(self._runs) else runs

    def ledger(
        self, start: date | None = None, end: date | None = None, *, tables: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """The newest attempt at each partition, and the newest published one if it is another."""
        stands = self._below.ledger(start, end, tables=tables)
        days = self._runs["partition_date"].dt.date
        asked = [_is_between(day, start, end) for day in days]
        here = self._runs[pd.Series(asked, dtype=bool, index=self._runs.index)]
        here = here if tables is None else here[here["table_name"].isin(tables)]
        if here.empty:
            return stands
        rows = pd.concat([stands, here], ignore_index=True).sort_values("attempt_id")
        newest = rows.drop_duplicates(_PARTITION, keep="last")
        published = rows[is_published(rows)].drop_duplicates(_PARTITION, keep="last")
        current = rows.loc[newest.index.union(published.index)]
        return current.sort_values(["partition_date", "table_name", "attempt_id"], ignore_index=True)

    def marks(self) -> dict[date, str]:
        """Those below, until something is published here."""
        return self._below.marks() if self._runs.empty else super().marks()

    def attempted(self) -> tuple[date, date] | None:
        """That of what is below, until something is published here."""
        return self._below.attempted() if self._runs.empty else super().attempted()

    def stored_ledger(self) -> pd.DataFrame:
        """All attempts."""
        return pd.concat([self._below.stored_ledger(), self._runs], ignore_index=True)

    def sources(self) -> frozenset[str]:
        """Those of what is below: it is they that what is published here has to suit."""
        return self._below.sources()

    def failures(self, table: str, day: date) -> pd.DataFrame:
        """The entity failures of one partition."""
        here = self._failures.get((table, day))
        return self._below.failures(table, day) if here is None else here

    def read_relation(self, relation: Relation) -> pd.DataFrame:
        """All rows of a bookkeeping table."""
        here = self._relations.get(relation.name)
        return self._below.read_relation(relation) if here is None else here

    def replace_relation(self, relation: Relation, rows: pd.DataFrame) -> None:
        """Keep them."""
        self._relations[relation.name] = rows

    def migrate(self, *, dry_run: bool) -> list[Migration]:
        """What is below is not touched. Raises WarehouseError if it is to be."""
        if not dry_run:
            raise WarehouseError("nothing is migrated in a dry run")
        return self._below.migrate(dry_run=True)

    def cost(self) -> str | None:
        """That of reading what is below."""
        return self._below.cost()

    @property
    def _newest(self) -> str | None:
        known = (self._newest_below, None if self._runs.empty else self._runs["attempt_id"].max())
        return max((one for one in known if one is not None), default=None)

    @cached_property
    def _newest_below(self) -> str | None:
        stands = self._below.newest_attempts()
        return None if stands.empty else stands["attempt_id"].max()


def _is_between(day: date, start: date | None, end: date | None) -> bool:
    return (start is None or day >= start) and (end is None or day <= end)
