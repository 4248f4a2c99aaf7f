"""A publication of many dates as several of few: BigQuery refuses a job that changes more than 4,000 partitions.

Where cuts lie belongs here; how a publication is written does not.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import date

import pandas as pd

from nba_assets.league.calendar import season_of
from nba_assets.warehouse.base import Publication

MOST_PARTITIONS = 3000
"""Below BigQuery's 4,000 by more than two seasons: what counts as one more partition there need not be known here."""


def cut(publication: Publication, most: int = MOST_PARTITIONS) -> Iterator[Publication]:
    """A publication as several, one after the other in time, none about more than `most` dates.

    Each has all of its dates: rows, ledger rows, entity failures, corrections. One that is short enough is left alone.
    """
    days = dates_of(publication)
    if len(days) <= most:
        yield publication
        return
    for some in cut_dates(days, most):
        yield _part(publication, some)


def cut_dates(days: Collection[date], most: int) -> Iterator[list[date]]:
    """Dates in order, in pieces of `most` at most; between seasons, except in one that is longer than a piece."""
    left = sorted(set(days))
    while len(left) > most:
        end = next((end for end in range(most, 0, -1) if season_of(left[end - 1]) != season_of(left[end])), most)
        yield left[:end]
        left = left[end:]
    if left:
        yield left


def dates_of(publication: Publication) -> list[date]:
    """All dates that a publication says anything about, in order."""
    corrected = {one.partition.day for one in publication.corrections}
    recorded = set(publication.runs["partition_date"].dt.date)
    return sorted({*publication.dates, *publication.failure_dates, *recorded, *corrected})


def _part(publication: Publication, days: Sequence[date]) -> Publication:
    """What a publication says of some of its dates."""
    wanted = set(days)
    return replace(
        publication,
        dates=[day for day in publication.dates if day in wanted],
        rows=_of(publication.rows, publication.table.partition, wanted),
        runs=_of(publication.runs, "partition_date", wanted),
        failures=_of(publication.failures, "partition_date", wanted),
        failure_dates=[day for day in publication.failure_dates if day in wanted],
        corrections=[one for one in publication.corrections if one.partition.day in wanted],
    )


def _of(rows: pd.DataFrame, column: str, days: Collection[date]) -> pd.DataFrame:
    return rows[rows[column].dt.date.isin(days)]
