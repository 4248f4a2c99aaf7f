"""A warehouse in memory, for checks that only read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import pandas as pd

from nba_assets.schema.table import Table
from nba_assets.verification.season import StoredSeason


class InMemory:
    """The reading half of a warehouse over frames of its tables."""

    def __init__(self, frames: Mapping[str, pd.DataFrame]) -> None:
        self.frames = dict(frames)

    def read(
        self, table: Table, *, columns: Sequence[str] | None = None, start: date | None = None, end: date | None = None
    ) -> pd.DataFrame:
        rows = self.frames[table.name]
        days = rows[table.partition]
        first, last = pd.Timestamp(start or date.min.replace(year=1900)), pd.Timestamp(end or date(2200, 1, 1))
        rows = rows[(days >= first) & (days <= last)].reset_index(drop=True)
        return rows if columns is None else rows[list(columns)]


def stored_season(frames: Mapping[str, pd.DataFrame], season: str, **options: object) -> StoredSeason:
    return StoredSeason(InMemory(frames), season, **options)
