"""Yesterday's results by 09:00 Eastern: the one question of freshness that a daily pipeline has.

Dagster's time-partition freshness check takes today for the last complete partition once today has one
(`end_offset`), knows nothing of days without games, and is an unpartitioned check on a partitioned asset. So this one
reads the ledger. The check on the `coverage` asset asks it, and so do the alerts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time, timedelta

from nba_assets.league.calendar import EASTERN
from nba_assets.partition import FINE, Partition, Status
from nba_assets.planning.state import Cell, State
from nba_assets.schema.table import Phase
from nba_assets.session import Session
from nba_assets.tables import SCHEDULE, TABLES

DEADLINE = time(9, 0)
_RECENT_DAYS = 7
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Freshness:
    """Whether the results of a date are in, and what is missing."""

    day: date
    late: tuple[Cell, ...]

    @property
    def never_computed(self) -> list[Partition]:
        """What is missing because it was never attempted, in the order of the graph."""
        return [cell.partition for cell in self.late if cell.status == Status.MISSING]

    @property
    def passed(self) -> bool:
        """Whether nothing is late."""
        return not self.late


def results_by_nine(session: Session, state: State) -> Freshness:
    """The newest date whose deadline has passed: yesterday from 09:00 Eastern on, the day before until then."""
    return _results_of(deadline_passed_for(session), state)


def never_asked_for(session: Session, state: State) -> list[Freshness]:
    """The dates of the last week whose games are over and whose results the source was never asked for.

    Only those whose loaded schedule has games, and only in a pipeline that is alive, which has attempted something in
    the seven days before: a range of the past that was never backfilled is no omission.
    """
    last, attempted = deadline_passed_for(session), set(state.attempted_days())
    days = [last - n * _DAY for n in reversed(range(_RECENT_DAYS))]
    alive = [day for day in days if attempted & {day - n * _DAY for n in range(1, _RECENT_DAYS + 1)}]
    return [_results_of(day, state) for day in alive if _has_games(day, state) and not _was_asked_for(day, state)]


def deadline_passed_for(session: Session) -> date:
    """The newest date whose results must be in by now."""
    now = session.now().astimezone(EASTERN)
    return now.date() - (_DAY if now.time() >= DEADLINE else 2 * _DAY)


def _results_of(day: date, state: State) -> Freshness:
    results = (t for t in TABLES.values() if t.phase != Phase.PRE_GAME and not t.optional)
    cells = [state.cell(table.name, day) for table in results]
    return Freshness(day, tuple(cell for cell in cells if cell.status not in FINE))


def _has_games(day: date, state: State) -> bool:
    schedule = state.published(SCHEDULE.name, day)
    return schedule is not None and schedule.status != Status.NO_GAMES


def _was_asked_for(day: date, state: State) -> bool:
    """Also where an attempt has come to nothing, and where the results are not due."""
    raw = (t for t in TABLES.values() if t.phase == Phase.RAW and not t.is_schedule and not t.optional)
    return any(state.cell(table.name, day).status != Status.MISSING for table in raw)
