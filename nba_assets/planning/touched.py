"""What a game touches of one table: rows, and columns of them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from nba_assets.league.windows import Bools
from nba_assets.schema.reads import Columns
from nba_assets.schema.table import Table

CELL = ["table", "date", "entity"]


@dataclass
class Touched:
    """A table's rows from the game's day on, and which of their columns are touched.

    `rows` has date, season, the entity, what reads find rows by, and `is_new`: not stored, because the game brings
    the row, or has taken it away. `parts` are pairs of columns (None: any) and a mask of the rows.
    """

    table: Table
    rows: pd.DataFrame
    parts: list[tuple[Columns, Bools]] = field(default_factory=list)

    def mask(self, through: Columns = None) -> Bools:
        """The rows of which one of the columns is touched; without columns, any."""
        found = np.zeros(len(self.rows), dtype=bool)
        for into, mask in self.parts:
            if through is None or into is None or not set(into).isdisjoint(through):
                found |= mask
        return found

    def cells(self) -> pd.DataFrame:
        """The touched rows as table, date, entity (as text), in order."""
        rows = self.rows.loc[self.mask(), ["date", self.table.entity]].drop_duplicates()
        entities = rows[self.table.entity].astype(str)
        cells = pd.DataFrame({"table": self.table.name, "date": rows["date"].dt.date, "entity": entities})
        return cells[CELL].sort_values(CELL)


def with_new(rows: pd.DataFrame, new: pd.DataFrame, entity: str) -> pd.DataFrame:
    """The rows, with those of `new` that are about other entities and dates; their columns are those of `rows`."""
    if new.empty:
        return rows
    new = new[new.columns.intersection(rows.columns)].assign(is_new=True)
    both = pd.concat([rows, new], ignore_index=True) if len(rows) else new.reindex(columns=rows.columns)
    is_known = both["is_new"] & both.duplicated(["date", entity])
    return both[~is_known].reset_index(drop=True)


def are_among(rows: pd.DataFrame, columns: list[str], keys: pd.DataFrame) -> Bools:
    """Which rows have the values, in these columns, that one of the keys has in its own ones."""
    keys = keys.drop_duplicates().set_axis(columns, axis=1)
    found: Bools = rows[columns].merge(keys, how="left", indicator=True)["_merge"].eq("both").to_numpy()
    return found
