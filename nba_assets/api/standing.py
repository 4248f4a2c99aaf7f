"""The rows that stand on some dates, and what is to be said of them: what is not there, altered, or out of date.

The one road by which stored rows leave the house, for whoever reads, exports or trains.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import pandas as pd

from nba_assets.api.asked import NotThereError
from nba_assets.overview.roots import next_step, roots_of
from nba_assets.partition import FINE, Cause, Status
from nba_assets.planning.load import load_state
from nba_assets.planning.state import Cell, State
from nba_assets.schema.fingerprint import are_other_rows, partition_hashes
from nba_assets.schema.table import Table
from nba_assets.session import Session
from nba_assets.text import counted, joined
from nba_assets.warehouse.base import OutOfContractError

Missing = Literal["error", "skip"]
"""What becomes of dates that are not there."""

_MOST_DATES = 3
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Lack:
    """What is not as it was asked for, with its dates, and the command to run next."""

    what: str
    next_step: str


@dataclass(frozen=True)
class Standing:
    """The rows of a table that stand on some dates, the cells of the dates, and the content hash of each."""

    table: Table
    rows: pd.DataFrame
    cells: Mapping[date, Cell]
    contents: Mapping[date, str]
    state: State

    @property
    def days(self) -> tuple[date, ...]:
        """The dates."""
        return tuple(self.cells)

    @property
    def published(self) -> tuple[date, ...]:
        """Those of the dates that have been published, be it without a row."""
        return tuple(day for day, cell in self.cells.items() if cell.published is not None)

    def statuses(self) -> dict[str, int]:
        """How many dates have each status."""
        counts = Counter(cell.status for cell in self.cells.values())
        return {status.value: counts[status] for status in Status if status in counts}

    def lacks(self) -> Iterator[Lack]:
        """What was altered outside of the pipeline, and what is not there."""
        altered = self._altered()
        if altered:
            span = f"{altered[0].partition.day} {altered[-1].partition.day}"
            named = f"{self.table.name} has other rows than were published for {self._named(altered)}."
            yield Lack(named, f"Next: nba-assets repair {span}")
        missing = [cell for cell in self._wrong() if cell.published is None]
        if missing:
            yield Lack(f"{self.table.name} has nothing for {self._named(missing)}.", self._next(missing))

    def outdated(self) -> Lack | None:
        """The dates whose rows would come out differently today, or may: None if there are none."""
        outdated = [cell for cell in self._wrong() if cell.published is not None]
        if not outdated:
            return None
        return Lack(f"the rows of {self._named(outdated)} are out of date.", self._next(outdated))

    def _altered(self) -> list[Cell]:
        return [cell for day, cell in self.cells.items() if _is_altered(cell, self.contents[day])]

    def _wrong(self) -> list[Cell]:
        altered = self._altered()
        return [cell for cell in self.cells.values() if cell.status not in FINE and cell not in altered]

    def _next(self, cells: Sequence[Cell]) -> str:
        return f"Next: {next_step(roots_of(self.state, cells), self.days[-1])}"

    def _named(self, cells: Collection[Cell]) -> str:
        dates = joined([f"{cell.partition.day} {cell.status}" for cell in cells], _MOST_DATES)
        return f"{len(cells)} of {counted(len(self.cells), 'date')} ({dates})"


def published_in_both(one: Standing, other: Standing) -> pd.DatetimeIndex:
    """The dates that have been published in two tables, as their date columns have them."""
    return pd.DatetimeIndex([*{*one.published} & {*other.published}]).as_unit("ns")


def standing(session: Session, table: Table, days: Sequence[date], *, typed: bool = True) -> Standing:
    """What stands of a table on `days`, which are in order. Raises WarehouseError.

    Of dates that nobody has typed, one by one or as a range, those that are not due yet are left out. NotThereError if
    an older version has stored the rows, without columns that have come since.
    """
    with session.warehouse.reading():
        rows = _stored(session, table, days)
        state = load_state(session, days[0], days[-1], [table.name])
    cells = {day: state.cell(table.name, day) for day in days}
    if not typed:
        cells = {day: cell for day, cell in cells.items() if cell.status != Status.NOT_DUE or cell.published}
    return Standing(table, rows, cells, partition_hashes(rows, table.contract, days), state)


def _stored(session: Session, table: Table, days: Sequence[date]) -> pd.DataFrame:
    try:
        parts = [session.warehouse.read(table, start=first, end=last) for first, last in _ranges(days)]
    except OutOfContractError as error:
        raise NotThereError(f"{error} {days[0]} {days[-1]}") from error
    return parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)


def _ranges(days: Sequence[date]) -> Iterator[tuple[date, date]]:
    """The first and last of the dates that follow each other."""
    first = before = days[0]
    for day in days[1:]:
        if day != before + _DAY:
            yield first, before
            first = day
        before = day
    yield first, before


def _is_altered(cell: Cell, stands: str) -> bool:
    """Whether rows that were published are not the rows that stand: that is known, or `stands`, their content, says it.

    What an older version published in other columns cannot be compared.
    """
    if cell.published is None:
        return False
    if cell.findings and cell.findings[0].cause in (Cause.ROWS_ALTERED, Cause.CONTENT_ALTERED):
        return True
    published = cell.published.content_hash
    return published is not None and are_other_rows(published, stands)
