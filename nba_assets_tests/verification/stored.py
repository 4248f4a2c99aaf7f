"""A warehouse in memory, for checks that only read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import pandas as pd

from nba_assets.schema.contract import empty
from nba_assets.schema.table import Table
from nba_assets.verification.season import StoredSeason
from nba_assets.warehouse.ledger import PROCESSOR_RUNS


class InMemory:
    """The reading half of a warehouse over frames of its tables."""

    def __init__(self, frames: Mapping[str, pd.DataFrame], runs: pd.DataFrame | None = None) -> None:
        self.frames = dict(frames)
        self.runs = empty(PROCESSOR_RUNS.contract) if runs is None else runs

    def read(
        self, table: Table, *, columns: Sequence[str] | None = None, start: date | None = None, end: date | None = None
    ) -> pd.DataFrame:
        rows = self.frames[table.name]
        days = rows[table.partition]
        first, last = pd.Timestamp(start or date.min.replace(year=1900)), pd.Timestamp(end or date(2200, 1, 1))
        rows = rows[(days >= first) & (days <= last)].reset_index(drop=True)
        return rows if columns is None else rows[list(columns)]

    def ledger(
        self, start: date | None = None, end: date | None = None, *, tables: Sequence[str] | None = None
    ) -> pd.DataFrame:
        days = self.runs["partition_date"]
        is_within = days.between(pd.Timestamp(start or "1900-01-01"), pd.Timestamp(end or "2200-01-01"))
        return self.runs[is_within & (tables is None or self.runs["table_name"].isin(tables or ()))]


def stored_season(
    frames: Mapping[str, pd.DataFrame], season: str, runs: pd.DataFrame | None = None, **options: object
) -> StoredSeason:
    return StoredSeason(InMemory(frames, runs), season, **options)
