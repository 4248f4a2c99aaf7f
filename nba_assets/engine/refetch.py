"""Partitions that are to be read from the source again, because somebody wants to, or because something is missing.

A request is written into the ledger first, so that an interruption cannot forget it: until a partition has been
read again it is STALE, and any repair reads it. Everything that raw tables of a date are made of is asked for before
the first of them is built: each of them is doubted in the light of the others.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime

from nba_assets.engine.mark_stale import mark_stale
from nba_assets.league.calendar import season_of, seasons_between
from nba_assets.partition import IN_ORDER, Cause, Partition, finding
from nba_assets.planning.load import load_state
from nba_assets.planning.plan import read_of_the_day_before
from nba_assets.planning.shortfalls import shortfalls
from nba_assets.planning.state import State
from nba_assets.session import Session
from nba_assets.sources.base import GAME_LOGS, SourceError
from nba_assets.tables import RAW, TABLES
from nba_assets.warehouse.ledger import warn_if_clock_is_behind

log = logging.getLogger(__name__)


def request_refetch(session: Session, days: Collection[date]) -> list[Partition]:
    """Make the raw partitions of the dates STALE, unless they are to be built anyway, and what tables read beside them.

    Returns the latter: published partitions of the day before. Raises WarehouseError.
    """
    if not days:
        return []
    session.warehouse.prepare()
    before = read_of_the_day_before(days)
    state = load_state(session, min([*days, *(p.day for p in before)]), max(days), RAW)
    warn_if_clock_is_behind(state.newest_attempt)
    beside = sorted((p for p in before if state.published(p.table, p.day) is not None), key=lambda p: p.day)
    partitions = [*beside, *(Partition(name, day) for day in sorted(days) for name in RAW)]
    settled = [one for one in partitions if state.cell(one.table, one.day).status in IN_ORDER]
    if settled:
        requested = finding(Cause.REFETCH_REQUESTED, since=f"{datetime.now(UTC):%Y-%m-%d %H:%M}")
        mark_stale(session, dict.fromkeys(settled, (requested,)))
    return beside


def ask_for(session: Session, days: Collection[date]) -> None:
    """Have everything at hand that the source has of the dates. What it cannot deliver is said by whoever needs it."""
    result_sets = dict.fromkeys(result_set for name in RAW for result_set in TABLES[name].result_sets)
    for season in seasons_between(days):
        of_season = sorted(day for day in days if season_of(day) == season)
        for result_set in result_sets:
            try:
                session.source.read(result_set, season, of_season)
            except SourceError as error:
                log.debug("%s of %s: %s", result_set, season, error)


def changed_in_logs(session: Session, days: Sequence[date]) -> list[date]:
    """Ask for the game logs of the dates, a few calls a season; the dates of which they say something else by now.

    Raises SourceError.
    """
    session.source.renew(days, GAME_LOGS)
    for season in seasons_between(days):
        for log_ in GAME_LOGS:
            session.source.read(log_, season, [day for day in days if season_of(day) == season])
    state = load_state(session, days[0], days[-1], RAW)
    standing = {day: [row for name in RAW if (row := state.published(name, day)) is not None] for day in days}
    return [day for day in days if any(map(state.is_outdated, standing[day]))]


def ask_again(session: Session, state: State, days: Collection[date], tables: Collection[str] = RAW) -> None:
    """Ask once more for what one of the raw tables lacked on the dates, if the source may have it by now."""
    short = shortfalls(state, days, tables)
    if not short:
        return
    try:
        unsettled = session.source.unsettled(short)
        if unsettled and session.source.renew_short({day: short[day] for day in unsettled}):
            ask_for(session, unsettled)
    except SourceError as error:
        log.warning("the source is not asked again: %s", error)
