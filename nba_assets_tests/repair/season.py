"""The season 2023-24 with games left out or corrected, backfilled and repaired as the command line does it.

Without Dagster, where Dagster is not the point; what it adds is tested in `orchestration`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import date, timedelta

import pandas as pd

from nba_assets.engine.in_order import build_in_order
from nba_assets.engine.materialize import PartitionResult, RunInfo, materialize
from nba_assets.engine.refetch import request_refetch
from nba_assets.partition import Partition
from nba_assets.planning.load import load_state
from nba_assets.planning.state import State
from nba_assets.session import Session
from nba_assets.sources.base import GAME_IDS
from nba_assets.tables import TABLES
from nba_assets_tests.engine.warehouses import EditedSource

OPENING_NIGHT = date(2023, 10, 24)


def days_from(start: date, end: date) -> list[date]:
    """Every date of a range."""
    return [start + timedelta(days=n) for n in range((end - start).days + 1)]


def without(*game_ids: str) -> EditedSource:
    """The real files as if these games had never been."""

    def drop(column: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
        return lambda frame: frame[~frame[column].isin(game_ids)]

    return EditedSource({result_set: drop(column) for result_set, column in GAME_IDS.items()})


def repair(
    session: Session, days: Sequence[date], refresh: Collection[date] = (), tables: Collection[str] = tuple(TABLES)
) -> list[PartitionResult]:
    """What `repair` does over the dates, and `refresh` if dates are given for it."""
    run = RunInfo()
    request_refetch(session, refresh)

    def build(table: str, of_table: Sequence[date], state: State) -> list[PartitionResult]:
        return materialize(session, table, of_table, run, state)

    with session.warehouse.writer("repairing a range"):
        return build_in_order(session, days, tables, run, build)


def contents(session: Session, days: Sequence[date]) -> dict[Partition, str | None]:
    """The content hash of everything that stands published on the dates."""
    state = load_state(session, days[0], days[-1])
    stands = {Partition(name, day): state.published(name, day) for name in TABLES for day in days}
    return {partition: attempt.content_hash for partition, attempt in stands.items() if attempt is not None}


def statuses(session: Session, days: Sequence[date]) -> pd.Series:
    """The status of every partition: indexed by table and date."""
    state = load_state(session, days[0], days[-1])
    cells = {(name, day): state.cell(name, day).status.value for name in TABLES for day in days}
    return pd.Series(cells)
