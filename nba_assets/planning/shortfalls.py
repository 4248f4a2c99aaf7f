"""What raw tables lacked at their newest attempt: the result sets and games to ask the source for again."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from functools import reduce

from nba_assets.partition import FAILED, Status, from_json
from nba_assets.planning.games_named import games_named
from nba_assets.planning.state import State
from nba_assets.session import Session
from nba_assets.sources.base import GAME_LOGS, Shortfall, SourceError
from nba_assets.tables import RAW, SCHEDULE, TABLES

_INCOMPLETE = FAILED | {Status.DEGRADED}


def shortfalls(state: State, days: Collection[date], tables: Collection[str] = RAW) -> dict[date, Shortfall]:
    """What of each date one of the raw tables lacked; dates that lacked nothing are left out."""
    found = {day: list(_of_day(state, day, tables)) for day in days}
    return {day: reduce(_both, short) for day, short in found.items() if short}


def may_help_to_ask(session: Session, short: Mapping[date, Shortfall]) -> bool:
    """Whether the source may say more by now of what was lacking; also where it cannot be asked."""
    try:
        return bool(short) and bool(session.source.unsettled(short))
    except SourceError:
        return True


def _of_day(state: State, day: date, tables: Collection[str]) -> Iterator[Shortfall]:
    for name in RAW:
        attempt = state.newest(name, day)
        if name in tables and attempt is not None and attempt.status in _INCOMPLETE:
            result_sets = frozenset(TABLES[name].result_sets)
            # Of the logs, and of a schedule that contradicts them, either may be the wrong one.
            if name == SCHEDULE.name or not result_sets.isdisjoint(GAME_LOGS):
                result_sets = result_sets.union(GAME_LOGS)
            yield Shortfall(result_sets, games_named(from_json(attempt.causes)))


def _both(one: Shortfall, other: Shortfall) -> Shortfall:
    games = None if one.games is None or other.games is None else one.games | other.games
    return Shortfall(one.result_sets | other.result_sets, games)
