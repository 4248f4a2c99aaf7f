"""The rows of the ledger, of which the state of partitions is derived: for each the newest, and the published one."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

import pandas as pd

from nba_assets.partition import ACCEPTANCES, Finding, Partition, Status, from_json
from nba_assets.schema.contract import names_of
from nba_assets.tables import TABLES
from nba_assets.warehouse.ledger import PROCESSOR_RUNS


class LedgerRow(NamedTuple):
    """One row of the ledger; a tuple, because a season has thousands and every plan reads them."""

    partition: Partition
    attempt_id: str
    status: Status
    published: bool
    reason: str | None
    causes: str | None
    label: str | None
    root: Partition | None
    rows: int | None
    expected: int | None
    complete: int | None
    required: int | None
    games: int | None
    share: float | None
    production_ready_share: float | None
    content_hash: str | None
    announced_hash: str | None
    inputs_hash: str | None
    source_fingerprint: str | None
    opening_night: date | None
    code_version: str | None
    run_id: str | None
    backfill_id: str | None
    options: str | None
    started_at: datetime | None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The causes, as findings."""
        return from_json(self.causes)

    @property
    def accepted_by(self) -> str | None:
        """Who has accepted what the rows lack; None if nobody has."""
        # Asked of every cell of a season: most say without being parsed that nobody has.
        if self.status != Status.DEGRADED or not any(cause in (self.causes or "") for cause in ACCEPTANCES):
            return None
        acceptance = next((one for one in self.findings if one.cause in ACCEPTANCES), None)
        if acceptance is None:
            return None
        forced_by = json.loads(self.options or "{}").get("forced_by")
        return str(acceptance.numbers.get("by") or forced_by or "somebody")


_AS_STORED = tuple(sorted({*LedgerRow._fields} - {"partition", "status", "published", "root", "opening_night"}))


class Attempts:
    """Rows of the ledger, and of each partition the newest attempt and the newest that published."""

    def __init__(self, ledger: pd.DataFrame) -> None:
        self._columns: dict[str, list[Any]] = {name: [] for name in names_of(PROCESSOR_RUNS.contract)}
        self.newest, self.published = LedgerRows(self._columns), LedgerRows(self._columns)
        self.add(ledger)

    def add(self, attempts: pd.DataFrame) -> None:
        """More attempts, all of them newer than those that are known."""
        known = len(self._columns["attempt_id"])
        for name, values in self._columns.items():
            values += _plain(attempts[name])
        names, days, statuses, published, ids = (
            self._columns[name] for name in ("table_name", "partition_date", "status", "published", "attempt_id")
        )
        for row in sorted(range(known, len(ids)), key=ids.__getitem__):
            if names[row] in TABLES and statuses[row] in Status.__members__:
                partition = Partition(names[row], days[row].date())
                self.newest.note(partition, row)
                if published[row]:
                    self.published.note(partition, row)

    def of(self, tables: Collection[str]) -> Iterator[LedgerRow]:
        """The newest ones and the published ones of some tables."""
        for partition, newest in self.newest.items():
            if partition.table in tables:
                yield newest
                published = self.published.get(partition)
                if published is not None and published.attempt_id != newest.attempt_id:
                    yield published


class LedgerRows(Mapping[Partition, LedgerRow]):
    """Attempts by partition, made of the ledger's columns when they are asked for."""

    def __init__(self, columns: dict[str, list[Any]]) -> None:
        self._columns = columns
        self._rows: dict[Partition, int] = {}
        self._made: dict[Partition, LedgerRow] = {}

    def note(self, partition: Partition, row: int) -> None:
        """This row of the columns is the partition's from now on."""
        self._rows[partition] = row
        self._made.pop(partition, None)

    def __getitem__(self, partition: Partition) -> LedgerRow:
        if partition not in self._made:
            row, columns = self._rows[partition], self._columns
            root, opening = columns["root_table"][row], columns["opening_night"][row]
            self._made[partition] = LedgerRow(
                partition=partition,
                status=Status(columns["status"][row]),
                published=bool(columns["published"][row]),
                root=Partition(root, columns["root_date"][row].date()) if root else None,
                opening_night=None if opening is None else opening.date(),
                **{name: columns[name][row] for name in _AS_STORED},
            )
        return self._made[partition]

    def stale(self) -> Iterator[tuple[Partition, str | None]]:
        """Those that were recorded as STALE, with their causes."""
        statuses, causes = self._columns["status"], self._columns["causes"]
        for partition, row in self._rows.items():
            if statuses[row] == Status.STALE:
                yield partition, causes[row]

    def degraded_by(self, what: str) -> Iterator[LedgerRow]:
        """Those that are DEGRADED with a text in their causes; asked of the columns, because there are many."""
        statuses, causes = self._columns["status"], self._columns["causes"]
        for partition, row in self._rows.items():
            if statuses[row] == Status.DEGRADED and what in (causes[row] or ""):
                yield self[partition]

    def incomplete(self) -> Iterator[Partition]:
        """Those with fewer complete entities than expected; asked of the columns, because there are many.

        Not those that are no longer accepted as they are.
        """
        complete, expected, statuses = (self._columns[name] for name in ("complete", "expected", "status"))
        for partition, row in self._rows.items():
            if complete[row] is not None and complete[row] < (expected[row] or 0) and statuses[row] != Status.GAP:
                yield partition

    def __iter__(self) -> Iterator[Partition]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


def _plain(values: pd.Series) -> list[Any]:
    """Python values, None for every kind of NULL."""
    # By identity first: pd.NA refuses to be compared. What does not equal itself is NaN.
    return [None if v is None or v is pd.NA or v is pd.NaT or v != v else v for v in values.tolist()]
