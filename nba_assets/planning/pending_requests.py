"""The morning: what has to be read from the source now, and when the next attempt may be made."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pandas as pd

from nba_assets.backoff import pause_while_settling
from nba_assets.league.calendar import REST_TYPES, days_between, season_first_day, season_of
from nba_assets.partition import FAILED, IN_ORDER, Partition, Status
from nba_assets.planning.load import load_state
from nba_assets.planning.shortfalls import shortfalls
from nba_assets.planning.state import Cell, State
from nba_assets.session import Session
from nba_assets.tables import RAW, SCHEDULE, TABLES
from nba_assets.tables.games import RESULT_COLUMNS, SCHEDULED, counting_games
from nba_assets.text import joined
from nba_assets.warehouse.ledger import is_published

_DAY = timedelta(days=1)
_MONDAY = 0


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
    """What the source has to be asked for now; nothing of a source that has ended.

    The schedule of today, always: it says whether there are games. If one of the dates since the last that is complete
    lacks something and had games, or had them today or yesterday, all raw partitions that are missing since; days
    without games among them, because history has no holes. A Cup final is a game here, and a date whose schedule is not
    loaded is taken for one with games. What the source can still complete is asked for again: a gap, and what is
    published with something missing.
    """
    today = session.today()
    if session.has_ended():
        return PendingRequests((), frozenset())
    resumed = _resumed_on(session, today)
    state = load_state(session, resumed, today)
    first = _first_day(session, state, resumed, today)
    schedule = session.warehouse.read(SCHEDULE, columns=RESULT_COLUMNS, start=first, end=today)
    games = counting_games(schedule, session.counting_types | REST_TYPES)
    played = {pd.Timestamp(day).date() for day in games["game_date"].unique()}
    open_ = {pd.Timestamp(day).date() for day in games.loc[games["status"] == SCHEDULED, "game_date"].unique()}
    outdated = frozenset(day for day in open_ if day < today and session.results_are_due(day))
    missing = _missing(session, state, days_between(first, today))
    unknown = {day for day in missing if day < today and SCHEDULE.name in missing[day]}
    if played & {today, today - _DAY} or played & missing.keys() or unknown:
        wanted = [Partition(name, day) for day, names in missing.items() for name in names]
    else:
        wanted = [Partition(SCHEDULE.name, today)] if SCHEDULE.name in missing.get(today, ()) else []
    return PendingRequests(tuple(wanted), outdated)


def _resumed_on(session: Session, today: date) -> date:
    """The late limit back, or further: to the first date of this season that was never loaded after others were."""
    back = today - session.settings.late_limit
    ledger = session.warehouse.ledger(season_first_day(season_of(today)), today, tables=[SCHEDULE.name])
    loaded = {day.date() for day in ledger.loc[is_published(ledger), "partition_date"]}
    since = days_between(min(loaded, default=back), back)
    return next((day for day in since if day not in loaded), back)


def _first_day(session: Session, state: State, first: date, today: date) -> date:
    """The first date that may be asked for, of those since `first`: not before the day before opening night."""
    opening = state.opening_night(today)
    if opening is not None:
        first = min(max(first, opening - _DAY), today - _DAY)
    return max(first, session.settings.partitions_start)


def _missing(session: Session, state: State, days: Sequence[date]) -> dict[date, list[str]]:
    """The raw tables of each date that lack something which the source may have by now; dates without any left out."""
    completable = set(session.source.unsettled(shortfalls(state, days)))
    found = {day: [name for name in RAW if _is_missing(state.cell(name, day), state, completable)] for day in days}
    return {day: names for day, names in found.items() if names}


def _is_missing(cell: Cell, state: State, completable: Collection[date]) -> bool:
    if cell.partition.day in completable and cell.status in FAILED | {Status.DEGRADED}:
        return True
    if cell.status in FAILED and cell.newest is not None and cell.newest.source_fingerprint is not None:
        return state.is_outdated(cell.newest)  # it says the same as it did: asking again is in vain
    return cell.status not in IN_ORDER


def dates_to_reread(session: Session) -> list[date]:
    """The dates of games so many days ago (`NBA_REREAD_DAYS`): the league goes on correcting box scores for days.

    None of a source that nobody can ask, or that has ended.
    """
    if not _is_read_again(session):
        return []
    days = [session.today() - timedelta(days=n) for n in sorted(session.settings.reread_days, reverse=True)]
    schedule = session.warehouse.read(SCHEDULE, columns=RESULT_COLUMNS, start=days[0], end=days[-1])
    with_games = set(counting_games(schedule, session.counting_types | REST_TYPES)["game_date"])
    return [day for day in days if pd.Timestamp(day) in with_games]


def dates_to_sweep(session: Session) -> list[date]:
    """On Mondays of a season, all its dates with loaded games: of these the logs are asked for once more.

    A correction may come later than any date is read again. None where dates are not read again either, and none once
    the season's last game is older than the late limit.
    """
    today = session.today()
    if not _is_read_again(session) or today.weekday() != _MONDAY:
        return []
    days = days_between(max(season_first_day(season_of(today)), session.settings.partitions_start), today - _DAY)
    if not days:
        return []
    state = load_state(session, days[0], days[-1], [SCHEDULE.name])
    played = [day for day in days if (loaded := state.published(SCHEDULE.name, day)) is not None and loaded.games]
    return played if played and played[-1] >= today - session.settings.late_limit else []


def _is_read_again(session: Session) -> bool:
    """Whether results that are complete are asked for once more: somebody can be asked, wants it, and goes on."""
    return session.source.is_asked and bool(session.settings.reread_days) and not session.has_ended()


def next_request_at(attempts: Sequence[datetime], youngest: date, today: date) -> datetime:
    """When the next attempt may be made, of this morning's so far: at first every quarter of an hour, then every hour.

    `youngest` is the last date that something is missing of; what is older than yesterday is asked for once a day.
    """
    if not attempts:
        return datetime.min.replace(tzinfo=UTC) + _DAY
    last = max(attempts)
    return last + (pause_while_settling(last - min(attempts)) if youngest >= today - _DAY else _DAY)
