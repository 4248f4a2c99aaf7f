"""Yesterday's results by 09:00 Eastern: the one question of freshness that a daily pipeline has.

Dagster's time-partition freshness check takes today for the last complete partition once today has one
(`end_offset`), knows nothing of days without games, and is an unpartitioned check on a partitioned asset. So this one
reads the ledger. The check on the `coverage` asset asks it, and so do the alerts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta

from nba_assets.league.calendar import EASTERN, days_between
from nba_assets.partition import FINE, Partition, Status
from nba_assets.planning.schedule_at_hand import ScheduleAtHand
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
    def never_asked(self) -> list[Partition]:
        """The same without the schedule, which is no result."""
        return [partition for partition in self.never_computed if partition.table != SCHEDULE.name]

    @property
    def passed(self) -> bool:
        """Whether nothing is late."""
        return not self.late


def results_by_nine(session: Session, state: State) -> Freshness:
    """The newest date whose deadline has passed: yesterday from 09:00 Eastern on, the day before until then."""
    return _results_of(deadline_passed_for(session), state)


def results_are_missed(session: Session, state: State) -> bool:
    """Whether the source still owes the newest results that must be in, of a date that has games, or may have."""
    day = deadline_passed_for(session)
    if session.has_ended():
        return False
    are_in = all(state.cell(name, day).status in FINE for name in _RESULTS)
    return not are_in and _may_have_had_games(day, state, ScheduleAtHand(session))


def never_asked_for(session: Session, state: State) -> list[Freshness]:
    """The dates whose games are over and whose results the source was never asked for, in a pipeline that is alive.

    Those of the last week that follow within seven days on a schedule that was asked for, and all dates of a silence
    that is still going on, however long. A range of the past that was never backfilled is no omission. A date whose
    schedule was never loaded had games, unless the schedule at hand says that it had none.
    """
    last = min(deadline_passed_for(session), session.last_partition)
    attempted = [day for day in state.attempted_days() if state.newest(SCHEDULE.name, day) is not None]
    silence = _silence(attempted, state, last)
    recent = last - (_RECENT_DAYS - 1) * _DAY
    days = days_between(max(min(silence or recent, recent), session.settings.partitions_start), last)
    alive = [d for d in days if (silence and d >= silence) or not _week_before(d).isdisjoint(attempted)]
    at_hand = ScheduleAtHand(session)
    silent = (day for day in alive if not _was_asked_for(day, state))
    return [_results_of(day, state) for day in silent if _may_have_had_games(day, state, at_hand)]


def _silence(attempted: Sequence[date], state: State, last: date) -> date | None:
    """The first date of the silence that is going on: after the last whose results somebody has asked for.

    Only if its schedule was loaded, as every morning does: a range that was backfilled ends with results.
    """
    past = [day for day in attempted if day <= last]
    asked = next((day for day in reversed(past) if was_tried(day, state)), min(past, default=last))
    return asked + _DAY if state.newest(SCHEDULE.name, asked + _DAY) is not None else None


def _week_before(day: date) -> set[date]:
    return {day - n * _DAY for n in range(1, _RECENT_DAYS + 1)}


def deadline_passed_for(session: Session) -> date:
    """The newest date whose results must be in by now."""
    now = session.now().astimezone(EASTERN)
    return now.date() - (_DAY if now.time() >= DEADLINE else 2 * _DAY)


def _results_of(day: date, state: State) -> Freshness:
    results = (t for t in TABLES.values() if t.phase != Phase.PRE_GAME and not t.optional)
    cells = [state.cell(table.name, day) for table in results]
    return Freshness(day, tuple(cell for cell in cells if cell.status not in FINE))


def _may_have_had_games(day: date, state: State, at_hand: ScheduleAtHand) -> bool:
    schedule = state.published(SCHEDULE.name, day)
    return at_hand.may_have_games(day) if schedule is None else schedule.status != Status.NO_GAMES


def _was_asked_for(day: date, state: State) -> bool:
    """Also where an attempt has come to nothing, and where the results are not due."""
    return any(state.cell(name, day).status != Status.MISSING for name in _RESULTS)


def was_tried(day: date, state: State) -> bool:
    """Whether an attempt at results of a date had a chance."""
    newest = (state.newest(name, day) for name in _RESULTS)
    return any(attempt is not None and attempt.status not in _NO_CHANCE for attempt in newest)


_RESULTS = tuple(t.name for t in TABLES.values() if t.phase == Phase.RAW and not t.is_schedule and not t.optional)
_NO_CHANCE = frozenset({Status.BLOCKED, Status.MISSING, Status.NOT_DUE})
