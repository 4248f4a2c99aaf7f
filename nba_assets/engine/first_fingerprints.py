"""Raw partitions of a ledger that did not record yet what the source said: recorded now, where it still says the same.

A raw table is computed again from what is at hand, nobody being asked. Where that is what stands, what is said now was
said then; where it is not, the partition stays without a fingerprint and is counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import pandas as pd

from nba_assets.engine.inputs import read_stored
from nba_assets.engine.progress import Progress, unseen
from nba_assets.league.calendar import season_of
from nba_assets.schema.fingerprint import partition_hashes
from nba_assets.schema.table import Table
from nba_assets.session import Session
from nba_assets.sources.base import SourceError
from nba_assets.sources.fingerprints import SeasonFingerprints
from nba_assets.tables import RAW, TABLES
from nba_assets.warehouse.base import WarehouseError, ledger_only
from nba_assets.warehouse.ledger import is_published, numbered


@dataclass
class Recorded:
    """How many partitions got a fingerprint (or would), and how many are not what the source says now."""

    partitions: int = 0
    different: int = 0


def record_first_fingerprints(session: Session, *, dry_run: bool, progress: Progress = unseen) -> Recorded:
    """Fill in what the source said of published raw partitions, in one transaction a table. Raises WarehouseError."""
    ledger = session.warehouse.ledger()
    is_open = is_published(ledger) & ledger["source_fingerprint"].isna() & ledger["content_hash"].notna()
    open_ = ledger[is_open & ledger["table_name"].isin(RAW)]
    recorded = Recorded()
    if open_.empty:
        return recorded
    with progress(len(open_)) as advance:
        for name in RAW:
            filled = []
            for season, rows in _by_season(open_[open_["table_name"].eq(name)]):
                filled.append(_filled(session, TABLES[name], season, rows, recorded))
                advance(len(rows), f"{name} {season}")
            if filled and not dry_run and len(rows := pd.concat(filled)):
                seen = ledger["attempt_id"].max()
                session.warehouse.publish(ledger_only(TABLES[name], rows, seen=seen, keeps_ids=True))
    return recorded


def _by_season(rows: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    if rows.empty:
        return []
    seasons = rows["partition_date"].dt.date.map(season_of)
    return [(str(season), of_season) for season, of_season in rows.groupby(seasons)]


def _filled(session: Session, table: Table, season: str, rows: pd.DataFrame, recorded: Recorded) -> pd.DataFrame:
    """The ledger rows of one season once more, right after those that they repeat, with their fingerprints."""
    says = session.fingerprints.season(season)
    if says is None:
        return rows.head(0)
    days = rows["partition_date"].dt.date
    hashes = _said_now(session, table, says, list(days))
    is_same = days.map(hashes).eq(rows["content_hash"])
    recorded.partitions += int(is_same.sum())
    recorded.different += int((~is_same).sum())
    same = rows[is_same]
    return same.assign(
        attempt_id=[numbered(int(attempt_id) + 1) for attempt_id in same["attempt_id"]],
        source_fingerprint=[says.fingerprint(table.asked_for, day) for day in days[is_same]],
    )


def _said_now(session: Session, table: Table, says: SeasonFingerprints, days: Sequence[date]) -> dict[date, str]:
    """The content hash of each date as it would be computed now; none for dates of which it cannot be."""
    source = {}
    try:
        for result_set in table.asked_for:
            snapshot = session.source.snapshot(result_set, says.name)
            if snapshot is not None and snapshot.version != says.versions.get(result_set):
                return {}
            source[str(result_set)] = None if snapshot is None else snapshot.frame
    except SourceError:
        return {}
    return _computed(session, table, source, sorted(days))


def _computed(
    session: Session, table: Table, source: dict[str, pd.DataFrame | None], days: Sequence[date]
) -> dict[date, str]:
    try:
        inputs = replace(read_stored(session, table, days), source=source)
        rows = table.shape(table.compute(inputs, pd.DatetimeIndex(days)))
    except WarehouseError:
        raise
    except Exception:
        half = len(days) // 2
        if not half:
            return {}
        return _computed(session, table, source, days[:half]) | _computed(session, table, source, days[half:])
    return partition_hashes(rows, table.contract, days)
