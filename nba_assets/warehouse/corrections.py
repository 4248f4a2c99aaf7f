"""Corrections: published facts that the source has said otherwise since, as rows of the warehouse, and back.

One row per corrected partition, written with its ledger row; append-only. What has changed is found in
`engine/corrections.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime

import pandas as pd

from nba_assets.partition import Partition
from nba_assets.schema.contract import Contract, Date, OptionalInteger, Text, Timestamp, column, names_of, shape
from nba_assets.warehouse.ddl import Relation
from nba_assets.warehouse.ledger import DATASET


class Corrections(Contract):
    """One row per published raw partition that was replaced because the source says something else."""

    partition_date: Date = column("Partition", partition=True)
    table_name: Text = column("Table", key=True)
    corrected_at: Timestamp = column("Start of the attempt that published the correction, UTC", key=True)
    run_id: Text = column("Run that made the attempt", nullable=True)
    backfill_id: Text = column("Backfill that the run belonged to", nullable=True)
    cells: OptionalInteger = column("Cells that have another value", nullable=True)
    rows_added: OptionalInteger = column("Rows that were not there before", nullable=True)
    rows_removed: OptionalInteger = column("Rows that are no longer there", nullable=True)
    games: Text = column("Games of these cells and rows, comma-separated", nullable=True)
    largest: Text = column("The largest changes, JSON: game, entity, column, before, after, size", nullable=True)


CORRECTIONS = Relation(DATASET, "corrections", Corrections)


@dataclass(frozen=True)
class CorrectedCell:
    """One value that was published, and the one that has replaced it, as text; NULL is None.

    `entity` is a player with his team, a team, or what else has a row of its own in a game. `size` is the difference,
    of times in minutes; 0 for what is no number.
    """

    game: str
    entity: str
    column: str
    before: str | None
    after: str | None
    size: float = 0.0

    def __str__(self) -> str:
        return f"{self.entity}: {self.column} {_shown(self.before)} → {_shown(self.after)}"


def _shown(value: str | None) -> str:
    return "NULL" if value is None else value


@dataclass(frozen=True)
class Correction:
    """What has changed in one partition: `largest` are the largest of its `cells` changes, in order."""

    partition: Partition
    corrected_at: datetime
    cells: int
    rows_added: int
    rows_removed: int
    games: tuple[str, ...]
    largest: tuple[CorrectedCell, ...] = field(repr=False)
    run_id: str | None = None
    backfill_id: str | None = None


def correction_rows(corrections: Iterable[Correction]) -> pd.DataFrame:
    """Corrections as rows of their table."""
    rows = [
        {name: getattr(one, name) for name in _AS_THEY_ARE}
        | {
            "partition_date": one.partition.day,
            "table_name": one.partition.table,
            "games": ",".join(one.games),
            "largest": json.dumps([asdict(cell) for cell in one.largest]),
        }
        for one in corrections
    ]
    return shape(pd.DataFrame(rows, columns=names_of(Corrections)), Corrections)


def corrections_of(rows: pd.DataFrame) -> list[Correction]:
    """Rows of the table as corrections, in order of time."""
    return [
        Correction(
            partition=Partition(row.table_name, row.partition_date.date()),
            corrected_at=row.corrected_at.to_pydatetime(),
            cells=int(row.cells),
            rows_added=int(row.rows_added),
            rows_removed=int(row.rows_removed),
            games=tuple(filter(None, row.games.split(","))),
            largest=tuple(CorrectedCell(**cell) for cell in json.loads(row.largest)),
            run_id=row.run_id,
            backfill_id=row.backfill_id,
        )
        for row in rows.sort_values("corrected_at").itertuples()
    ]


_AS_THEY_ARE = ("corrected_at", "run_id", "backfill_id", "cells", "rows_added", "rows_removed")
