"""Yesterday's results by 09:00 Eastern: the one question of freshness that a daily pipeline has.

Dagster's time-partition freshness check takes today for the last complete partition once today has one
(`end_offset`), knows nothing of days without games, and is an unpartitioned check on a partitioned asset. So this one
reads the ledger, and stands on the `coverage` asset.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time, timedelta

from nba_assets.build.session import Session
from nba_assets.build.state import Cell, State
from nba_assets.league.calendar import EASTERN
from nba_assets.quality.status import FINE
from nba_assets.tables import TABLES, Phase

DEADLINE = time(9, 0)
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Freshness:
    """Whether the results of a date are in, and what lacks."""

    day: date
    late: tuple[Cell, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing is late."""
        return not self.late


def results_by_nine(session: Session, state: State) -> Freshness:
    """The newest date whose deadline has passed: yesterday from 09:00 Eastern on, the day before until then."""
    day = deadline_passed_for(session)
    results = (t for t in TABLES.values() if t.phase != Phase.PRE_GAME and not t.optional)
    cells = [state.cell(table.name, day) for table in results]
    return Freshness(day, tuple(cell for cell in cells if cell.status not in FINE))


def deadline_passed_for(session: Session) -> date:
    """The newest date whose results must be in by now."""
    now = session.now().astimezone(EASTERN)
    return now.date() - (_DAY if now.time() >= DEADLINE else 2 * _DAY)
