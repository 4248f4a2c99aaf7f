"""Rows that stand are not replaced by a few: what a build would lose is a gap, unless the date lost games to match."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pandas as pd

from nba_assets.partition import Cause, Outcome, Status, finding
from nba_assets.planning.ledger_rows import LedgerRow
from nba_assets.tables import TABLES

_SMALLEST_SHARE = 0.5


def without_losses(
    outcomes: dict[date, Outcome], standing: dict[date, LedgerRow | None], sizes: pd.Series
) -> dict[date, Outcome]:
    """The outcomes, but a GAP where fewer than half of the rows that stand would be left of as many games.

    `sizes` is the number of rows to be published, by date. A date that lost games may lose rows alike.
    """
    return {day: _kept(outcome, standing[day], int(sizes.get(day, 0))) for day, outcome in outcomes.items()}


def _kept(outcome: Outcome, standing: LedgerRow | None, rows: int) -> Outcome:
    if standing is None or not standing.rows or outcome.status not in (Status.OK, Status.DEGRADED):
        return outcome
    games, before = outcome.games, standing.games or outcome.games
    share_of_games = min(games / before, 1.0) if games is not None and before else 1.0
    if rows >= _SMALLEST_SHARE * share_of_games * standing.rows:
        return outcome
    lost = finding(Cause.ROWS_LOST, rows=rows, standing=standing.rows, games=games)
    label = f"{TABLES[outcome.partition.table].short_name} {rows}/{standing.rows} rows"
    return replace(outcome, status=Status.GAP, findings=(lost, *outcome.findings), label=label)
