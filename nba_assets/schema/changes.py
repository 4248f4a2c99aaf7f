"""What differs between the rows that stand and those that replace them: rows by key, and cell by cell.

Two cells are the same if they count alike in the content hash; so partitions with the same hash differ in nothing, and
those with another differ in something. Where rows are read, and what is made of it, does not belong here.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from nba_assets.schema.contract import Column, ColumnType, Contract, columns_of, keys_of, partition_column
from nba_assets.schema.fingerprint import cell_hashes, key_hashes

LABELS = ("player_name", "team")
"""Columns that say whom a row is about, beside its keys."""

_NUMBERS = (ColumnType.INTEGER, ColumnType.FLOAT)
_Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class CellChange:
    """One value that was published, and the one that replaces it; NULL is None.

    `row` says whose it is: the row's keys, and its name and team where it has them. `size` is the difference of two
    numbers; from or to NULL, and of what is no number, it is 0.
    """

    day: date
    row: Mapping[str, Any]
    column: str
    before: Any
    after: Any
    size: float = 0.0


@dataclass(frozen=True)
class Changes:
    """How the rows of some partitions changed; `columns` has the number of cells by column.

    `largest` are the largest changes of a column each.
    """

    rows_added: int = 0
    rows_removed: int = 0
    rows_changed: int = 0
    columns: Mapping[str, int] = field(default_factory=dict)
    largest: tuple[CellChange, ...] = ()

    @property
    def cells_changed(self) -> int:
        """Cells with another value, of rows that were there before."""
        return sum(self.columns.values())

    @property
    def counts(self) -> dict[str, int]:
        """The numbers, as the ledger calls them."""
        return {name: getattr(self, name) for name in COUNTS}


COUNTS = ("rows_added", "rows_removed", "rows_changed", "cells_changed")


def total(parts: Iterable[Changes]) -> Changes:
    """Several partitions' changes as one, with the largest change of each column."""
    added = removed = changed = 0
    columns: Counter[str] = Counter()
    largest: dict[str, CellChange] = {}
    for part in parts:
        added, removed, changed = added + part.rows_added, removed + part.rows_removed, changed + part.rows_changed
        columns.update(part.columns)
        for cell in part.largest:
            largest[cell.column] = max(largest.get(cell.column, cell), cell, key=lambda one: one.size)
    return Changes(added, removed, changed, dict(columns), tuple(largest.values()))


@dataclass(frozen=True)
class Comparison:
    """Old and new rows of a contract side by side.

    `before` and `after` are those that have the same key, in the same order; `added` and `removed` the others.
    """

    contract: type[Contract]
    before: pd.DataFrame
    after: pd.DataFrame
    added: pd.DataFrame
    removed: pd.DataFrame

    @cached_property
    def differing(self) -> dict[Column, _Mask]:
        """Where the cells of each column differ; columns that do not differ at all are left out."""
        return {column: where for column, where in self._compared() if where.any()}

    def _compared(self) -> Iterator[tuple[Column, _Mask]]:
        for column in columns_of(self.contract):
            if column.is_business and not column.is_key:
                before, after = (cell_hashes(rows[column.name], column) for rows in (self.before, self.after))
                yield column, before != after

    def by_date(self, days: Iterable[date]) -> dict[date, Changes]:
        """The changes of each date; the largest of a column stands with the date that it is of, and there alone."""
        added, removed, changed = map(self._per_day, (self.added, self.removed, self.after[self._is_changed]))
        columns: dict[date, dict[str, int]] = defaultdict(dict)
        for column, where in self.differing.items():
            for day, cells in self._per_day(self.after.loc[where, [self._partition]]).items():
                columns[day][column.name] = cells
        largest: dict[date, list[CellChange]] = defaultdict(list)
        for cell in self._largest():
            largest[cell.day].append(cell)
        return {day: Changes(added[day], removed[day], changed[day], columns[day], (*largest[day],)) for day in days}

    @property
    def _partition(self) -> str:
        return partition_column(self.contract)

    @property
    def _is_changed(self) -> _Mask:
        changed = np.zeros(len(self.after), dtype=bool)
        for where in self.differing.values():
            changed |= where
        return changed

    def _per_day(self, rows: pd.DataFrame) -> Counter[date]:
        sizes = rows[self._partition].value_counts(sort=False)
        return Counter({pd.Timestamp(day).date(): int(size) for day, size in sizes.items()})

    def _largest(self) -> Iterator[CellChange]:
        for column, where in self.differing.items():
            sizes = self._sizes(column, where)
            first = int(sizes.argmax())
            yield self._cell(column, int(np.flatnonzero(where)[first]), sizes[first])

    def cells(self) -> Iterator[CellChange]:
        """Every cell that differs."""
        for column, where in self.differing.items():
            for place, size in zip(np.flatnonzero(where), self._sizes(column, where), strict=True):
                yield self._cell(column, int(place), size)

    def _cell(self, column: Column, place: int, size: float) -> CellChange:
        about = [*keys_of(self.contract), *(name for name in LABELS if name in self.after)]
        row = {name: _plain(self.after[name].iloc[place]) for name in about}
        before, after = (_plain(rows[column.name].iloc[place]) for rows in (self.before, self.after))
        return CellChange(row.pop(self._partition).date(), row, column.name, before, after, float(size))

    def _sizes(self, column: Column, where: _Mask) -> npt.NDArray[np.float64]:
        if column.type not in _NUMBERS:
            return np.zeros(int(where.sum()))
        old, new = (
            rows.loc[where, column.name].to_numpy(np.float64, na_value=np.nan) for rows in (self.before, self.after)
        )
        # A value that was not there yet has not moved by its own size: it would hide every other change.
        sizes: npt.NDArray[np.float64] = np.nan_to_num(np.abs(new - old))
        return sizes


def compare(before: pd.DataFrame, after: pd.DataFrame, contract: type[Contract]) -> Comparison:
    """Old and new rows by key; of rows that have the same key as another all but one are added, or removed."""
    old, new = (key_hashes(rows, contract) for rows in (before, after))
    _, of_old, of_new = np.intersect1d(old, new, return_indices=True)
    in_order = of_new.argsort()
    return Comparison(
        contract,
        before.iloc[of_old[in_order]].reset_index(drop=True),
        after.iloc[of_new[in_order]].reset_index(drop=True),
        added=_without(after, of_new),
        removed=_without(before, of_old),
    )


def _without(rows: pd.DataFrame, places: npt.NDArray[np.intp]) -> pd.DataFrame:
    is_other = np.ones(len(rows), dtype=bool)
    is_other[places] = False
    return rows[is_other]


def _plain(value: Any) -> Any:
    """A cell as plain Python."""
    if pd.api.types.is_list_like(value):
        return [*map(str, value)]
    if pd.isna(value):
        return None
    return value.item() if isinstance(value, np.generic) else value
