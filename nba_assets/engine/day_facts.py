"""What is known of each date before anything is computed: from the schedule, the state and the clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import NamedTuple

import pandas as pd

from nba_assets.league.calendar import opening_at_the_latest, season_of
from nba_assets.partition import Cause, Finding, finding
from nba_assets.planning.state import State
from nba_assets.quality.calendar_rules import DayFacts
from nba_assets.schema.table import Inputs, Table
from nba_assets.session import Session
from nba_assets.sources.base import ResultSet, Source
from nba_assets.tables import SCHEDULE
from nba_assets.tables.games import FINAL, POSTPONED, SCHEDULED, counting_games
from nba_assets.tables.raw_schedule import reach, whole_schedule
from nba_assets.tables.reconciliation import results, results_of_players


def day_facts(
    session: Session, state: State, table: Table, inputs: Inputs, bootstrap_days: int | None
) -> Callable[[date], DayFacts]:
    """The facts of any date of the inputs; `bootstrap_days` replaces the policy's."""
    schedule = whole_schedule(inputs.source) if table.is_schedule else inputs.on_date.get(SCHEDULE.name)
    counting = SCHEDULE.empty() if schedule is None else _counting(schedule, inputs.counting_types)
    games = Counter(counting["game_date"].dt.date)
    # What is computed from the announced schedule alone waits for no result.
    waits = not table.is_schedule and schedule is not None and "status" in schedule
    unfinished = Counter(counting.loc[counting["status"] != FINAL, "game_date"].dt.date if waits else [])
    early = session.policies[table.name].bootstrap_days if bootstrap_days is None else bootstrap_days
    of_schedule = _of_schedule(session.source, schedule, inputs) if table.is_schedule else None

    def of(day: date) -> DayFacts:
        opening = state.opening_night(day)
        facts = DayFacts(
            games=None if schedule is None else games[day],
            unfinished=unfinished[day],
            no_games=_QUIET if games[day] else _no_games(schedule, day),
            results_are_due=session.results_are_due(day),
            is_over=day < session.today(),
            season_day=(day - opening).days if opening else 0,
            is_early=opening is not None and day < opening + timedelta(days=early),
        )
        return facts if of_schedule is None else of_schedule(facts, day)

    return of


def _of_schedule(source: Source, schedule: pd.DataFrame, inputs: Inputs) -> Callable[[DayFacts, date], DayFacts]:
    """What the schedule's own facts have besides: how far it reaches, and the dates of which there are results."""
    played = Counter(results(inputs).drop_duplicates("game_id")["log_date"].dt.date)
    played |= Counter(results_of_players(inputs).drop_duplicates("game_id")["log_date"].dt.date)
    reaches = {season: _Reach.of(source, schedule, season) for season in schedule["season"].unique()}
    is_there = inputs.source.get(ResultSet.SCHEDULE) is not None

    def of(facts: DayFacts, day: date) -> DayFacts:
        season = season_of(day)
        reached = reaches.get(season)
        # A schedule that is still empty in the summer says so: it is not published yet.
        is_covered = reached is not None or (is_there and day < opening_at_the_latest(season))
        return replace(
            facts,
            uncovered=None if is_covered else source.name,
            beyond=None if reached is None or day <= reached.last else reached.why,
            results=played[day],
        )

    return of


class _Reach(NamedTuple):
    """The last date that a schedule speaks of, and why no further."""

    last: date
    why: Finding

    @classmethod
    def of(cls, source: Source, schedule: pd.DataFrame, season: str) -> _Reach | None:
        whole = reach(schedule, season)
        fetched_on = source.schedule_fetched_on(season)
        last = reach(schedule, season, fetched_on)
        if whole is None or last is None:
            return None
        if last == whole:
            return cls(last, finding(Cause.BEYOND_SCHEDULE, source=source.name, reach=str(last)))
        numbers = {"source": source.name, "season": season, "fetched": str(fetched_on), "reach": str(last)}
        return cls(last, finding(Cause.SCHEDULE_TOO_OLD, **numbers))


def _counting(schedule: pd.DataFrame, counting_types: frozenset[str]) -> pd.DataFrame:
    """The counting games of a schedule; of an announced one, which has no results, as not finished."""
    has_results = "status" in schedule
    return counting_games(schedule if has_results else schedule.assign(status=SCHEDULED), counting_types)


_QUIET = finding(Cause.NO_GAME_SCHEDULED)


def _no_games(schedule: pd.DataFrame | None, day: date) -> Finding:
    """Why a date has no counting game, if it has none."""
    games = None if schedule is None else schedule[schedule["game_date"] == pd.Timestamp(day)]
    if games is None or games.empty:
        return _QUIET
    postponed = int(games["status"].eq(POSTPONED).sum()) if "status" in games else 0
    kinds = ", ".join(sorted(games["game_type"].dropna().unique()))
    others = [f"{postponed} postponed" if postponed else "", f"only games of type {kinds}" if kinds else ""]
    return finding(Cause.NO_COUNTING_GAME, others=", ".join(filter(None, others)))
