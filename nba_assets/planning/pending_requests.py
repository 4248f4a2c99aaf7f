"""The morning: what has to be read from the source now, and when the next attempt may be made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pandas as pd

from nba_assets.backoff import doubled
from nba_assets.league.calendar import days_between
from nba_assets.partition import FINE, Partition, Status
from nba_assets.planning.load import load_state
from nba_assets.planning.state import State
from nba_assets.session import Session
from nba_assets.tables import RAW, SCHEDULE, TABLES
from nba_assets.tables.games import RESULT_COLUMNS, SCHEDULED, counting_games
from nba_assets.text import joined

MOST_ATTEMPTS = 6
FIRST_WAIT = timedelta(minutes=15)
_LOOK_BACK = timedelta(days=14)
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class PendingRequests:
    """What the source has to be asked for: missing partitions, and dates whose loaded schedule is out of date."""

    partitions: tuple[Partition, ...]
    outdated: frozenset[date]

    @property
    def days(self) -> list[date]:
        """All dates concerned, in order."""
        return sorted({partition.day for partition in self.partitions} | self.outdated)

    @property
    def must_be_there(self) -> list[Partition]:
        """Without the optional tables: what another attempt is made for."""
        return [partition for partition in self.partitions if not TABLES[partition.table].optional]

    def __str__(self) -> str:
        partitions = joined(self.must_be_there, 4)
        results = ", ".join(f"results of {day}" for day in sorted(self.outdated))
        return "; ".join(filter(None, [partitions, results])) or "nothing"


def pending_requests(session: Session) -> PendingRequests:
    """What the source has to be asked for now.

    The schedule of today, always: it says whether there are games. Where there are some today or were some
    yesterday, also all raw partitions of the last fourteen days of the season that are missing; days without games
    among them, because history has no holes. Otherwise nothing: a day without games is no reason to run.
    """
    today = session.today()
    session.warehouse.prepare()
    state = load_state(session, today - _LOOK_BACK, today)
    first = _first_day(session, state, today)
    schedule = session.warehouse.read(SCHEDULE, columns=RESULT_COLUMNS, start=first, end=today)
    games = counting_games(schedule, session.counting_types)
    played = {pd.Timestamp(day).date() for day in games["game_date"].unique()}
    open_ = {pd.Timestamp(day).date() for day in games.loc[games["status"] == SCHEDULED, "game_date"].unique()}
    outdated = frozenset(day for day in open_ if day < today and session.results_are_due(day))
    partitions = [Partition(SCHEDULE.name, today)] if _is_missing(state, SCHEDULE.name, today) else []
    if played & {today, today - _DAY}:
        days = days_between(first, today)
        partitions = [Partition(name, day) for day in days for name in RAW if _is_missing(state, name, day)]
    return PendingRequests(tuple(partitions), outdated)


def _first_day(session: Session, state: State, today: date) -> date:
    """Fourteen days back, but not beyond the day before opening night."""
    opening = state.opening_night(today)
    first = today - _LOOK_BACK
    if opening is not None:
        first = min(max(first, opening - _DAY), today - _DAY)
    return max(first, session.settings.partitions_start)


def _is_missing(state: State, table: str, day: date) -> bool:
    return state.cell(table, day).status not in FINE | {Status.NOT_DUE}


def next_request_at(attempts: Sequence[datetime]) -> datetime | None:
    """When the next attempt may be made: after 15, 30, 60 … minutes; None if there have been enough."""
    if len(attempts) >= MOST_ATTEMPTS:
        return None
    if not attempts:
        return datetime.min.replace(tzinfo=UTC) + timedelta(days=1)
    return max(attempts) + doubled(FIRST_WAIT, len(attempts))
