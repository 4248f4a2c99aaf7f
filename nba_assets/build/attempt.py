"""An attempt at some dates of one table: rows and an outcome for each date, nothing written yet.

A date's failure is its own: what raises for a range is tried again date by date.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import pandas as pd
from pandera.errors import SchemaError, SchemaErrors

from nba_assets.build.reading import with_source
from nba_assets.build.session import Session
from nba_assets.build.state import State
from nba_assets.league.calendar import season_of
from nba_assets.quality.audit import BY_FORCE, SHORT_NAMES, EntityFailure, Mode, Outcome, Partition, audit
from nba_assets.quality.expectation import by_date
from nba_assets.quality.expectations import Evidence, expectations
from nba_assets.quality.status import Status
from nba_assets.sources.base import ResultSet, SeasonNotCoveredError, SourceError
from nba_assets.tables import Inputs, Phase, Table
from nba_assets.tables.games import FINAL, POSTPONED, SCHEDULED, counting_games
from nba_assets.tables.raw_schedule import RAW_SCHEDULE, opening_nights, whole_schedule

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Tried:
    """Outcomes by date, the rows of those to be published, and opening nights (raw_schedule only)."""

    rows: pd.DataFrame
    outcomes: dict[date, Outcome]
    opening_nights: dict[str, pd.Timestamp] = field(default_factory=dict)


def attempt(
    session: Session,
    state: State,
    table: Table,
    stored: Inputs,
    days: Sequence[date],
    mode: Mode,
    bootstrap_days: int | None,
) -> Tried:
    """Rows and outcomes for the dates, whose inputs are all there.

    `stored` is what the table reads of other tables (`read_stored`); the source is asked here. `bootstrap_days`
    replaces the policy's.
    """
    if not days:
        return Tried(table.empty(), {})
    try:
        inputs = with_source(session, table, stored, days)
    except (SourceError, KeyError, ValueError) as error:
        if len(days) == 1:
            calendar = _Calendar(session, state, table, stored, mode, bootstrap_days)
            return Tried(table.empty(), {days[0]: _without_source(table, calendar, days[0], error)})
        # What the source has for the other dates is not lost with one that it cannot deliver.
        return _joined(table, [attempt(session, state, table, stored, [day], mode, bootstrap_days) for day in days])
    calendar = _Calendar(session, state, table, inputs, mode, bootstrap_days)
    outcomes = {day: outcome for day in days if (outcome := calendar.settled(day)) is not None}
    # A night without counting games can still have rows in the schedule.
    to_compute = [day for day in days if day not in outcomes or _keeps_rows(table, outcomes[day])]
    rows, errors = _compute(table, inputs, to_compute)
    audited = [day for day in to_compute if day not in errors and day not in outcomes]
    outcomes |= errors | _audit(session, state, table, inputs, rows, audited, mode)
    outcomes |= {day: calendar.forced(outcomes[day]) for day in audited}
    rejected = _rejections(table, inputs, audited)
    of_day, nothing = dict(by_date(rows, table.partition)), rows.head(0)
    outcomes = {
        day: _completed(outcome, table, of_day.get(day, nothing), rejected[day]) for day, outcome in outcomes.items()
    }
    published = [day for day, outcome in outcomes.items() if outcome.is_published]
    rows = _marked_as_forced(rows[rows[table.partition].isin(pd.DatetimeIndex(published))], table, outcomes)
    nights = opening_nights(inputs.source.get(ResultSet.SCHEDULE)) if table.name == "raw_schedule" else {}
    return Tried(rows, outcomes, nights)


def _without_source(table: Table, calendar: _Calendar, day: date, error: Exception) -> Outcome:
    """A date without games needs nothing of the source; a season that it does not cover is a gap, the rest an error."""
    is_settled = bool(table.inputs) or isinstance(error, SeasonNotCoveredError)
    settled = calendar.settled(day) if is_settled else None
    if settled is None:
        return _error(table, day, error)
    return replace(settled, reason=f"{settled.reason}: {error}") if settled.status == Status.GAP else settled


def _joined(table: Table, parts: Sequence[Tried]) -> Tried:
    frames = [part.rows for part in parts if len(part.rows)]
    rows = table.shape(pd.concat(frames, ignore_index=True)) if frames else table.empty()
    outcomes = {day: outcome for part in parts for day, outcome in part.outcomes.items()}
    return Tried(rows, outcomes, {season: night for part in parts for season, night in part.opening_nights.items()})


class _Calendar:
    """What the schedule alone settles about a date: nothing to do, too early in the season, or not played yet."""

    def __init__(
        self, session: Session, state: State, table: Table, inputs: Inputs, mode: Mode, bootstrap_days: int | None
    ) -> None:
        self._session, self._state, self._table, self._mode = session, state, table, mode
        self._listed = inputs.source.get(ResultSet.SCHEDULE)
        is_schedule = table.name == "raw_schedule"
        self._schedule = whole_schedule(self._listed) if is_schedule else inputs.on_date.get("raw_schedule")
        counting = _counting(self._schedule, inputs.counting_types)
        self._games = Counter(counting["game_date"].dt.date)
        # What is computed from the announced schedule alone waits for no result.
        waits = not is_schedule and self._schedule is not None and "status" in self._schedule
        self._unfinished = Counter(counting.loc[counting["status"] != FINAL, "game_date"].dt.date if waits else [])
        policy_days = session.policies[table.name].bootstrap_days
        self._seasons = set(self._schedule["season"]) if is_schedule and self._schedule is not None else set()
        self._bootstrap_days = policy_days if bootstrap_days is None else bootstrap_days

    def settled(self, day: date) -> Outcome | None:
        """The outcome, if no rows need to be computed for it."""
        partition = Partition(self._table.name, day)
        if self._table.name == "raw_schedule" and season_of(day) not in self._seasons:
            reason = f"the source '{self._session.source.name}' has no schedule that covers {day}"
            return Outcome(partition, Status.GAP, reason=reason, label="no schedule")
        if self._table.name == "raw_injury_reports":
            is_open = day >= self._session.today()
            return Outcome(partition, Status.NOT_DUE, reason="the day is not over") if is_open else None
        if self._schedule is None:
            return None
        games, unfinished = self._games[day], self._unfinished[day]
        if not games:
            of_day = self._schedule[self._schedule["game_date"] == pd.Timestamp(day)]
            return Outcome(partition, Status.NO_GAMES, reason=_why_no_games(of_day))
        if unfinished and not self._session.results_are_due(day):
            return Outcome(partition, Status.NOT_DUE, reason=f"{unfinished} of {games} games are not final yet")
        if self._is_bootstrap(day) and not self._mode.force:
            return Outcome(partition, Status.BOOTSTRAP, reason=f"day {self._season_day(day)} of the season")
        return None

    def forced(self, outcome: Outcome) -> Outcome:
        """What is published in bootstrap stands there by force, and is not production-ready."""
        day = outcome.partition.day
        if not self._is_bootstrap(day) or outcome.status not in (Status.OK, Status.DEGRADED) or _is_forced(outcome):
            return outcome
        why = [f"{BY_FORCE}: day {self._season_day(day)} of the season", outcome.reason]
        return replace(outcome, status=Status.DEGRADED, reason="; ".join(filter(None, why)))

    def _season_day(self, day: date) -> int:
        opening = self._state.opening_night(day)
        return (day - opening).days if opening else 0

    def _is_bootstrap(self, day: date) -> bool:
        opening = self._state.opening_night(day)
        is_early = opening is not None and day < opening + timedelta(days=self._bootstrap_days)
        return is_early and self._table.phase == Phase.PRE_GAME


def _counting(schedule: pd.DataFrame | None, counting_types: frozenset[str]) -> pd.DataFrame:
    """The counting games of a schedule; of an announced one, which has no results, as not finished."""
    if schedule is None:
        return RAW_SCHEDULE.empty()
    has_results = "status" in schedule
    return counting_games(schedule if has_results else schedule.assign(status=SCHEDULED), counting_types)


def _why_no_games(games: pd.DataFrame) -> str:
    if games.empty:
        return "no game scheduled"
    postponed = int(games["status"].eq(POSTPONED).sum()) if "status" in games else 0
    kinds = ", ".join(sorted(games["game_type"].dropna().unique()))
    parts = [f"{postponed} postponed" if postponed else "", f"only games of type {kinds}" if kinds else ""]
    return "no counting game: " + ", ".join(filter(None, parts))


def _keeps_rows(table: Table, outcome: Outcome) -> bool:
    return table.name == "raw_schedule" and outcome.status == Status.NO_GAMES


def _compute(table: Table, inputs: Inputs, days: Sequence[date]) -> tuple[pd.DataFrame, dict[date, Outcome]]:
    """The valid rows of the dates, and ERROR outcomes of the others."""
    if not days:
        return table.empty(), {}
    try:
        rows = table.shape(table.compute(inputs, pd.DatetimeIndex(days)))
    except Exception as error:
        _log_failure(f"{table.name} {days[0]} … {days[-1]}", error)
        if len(days) == 1:
            return table.empty(), {days[0]: _error(table, days[0], error)}
        parts = [_compute(table, inputs, [day]) for day in days]
        frames = [part for part, _ in parts if len(part)]
        whole = pd.concat(frames, ignore_index=True) if frames else table.empty()
        return table.shape(whole), {day: outcome for _, errors in parts for day, outcome in errors.items()}
    wrong = _contract_violations(table, rows, days) | _duplicates(table, rows)
    errors = {day: _invalid(table, day, what) for day, what in wrong.items()}
    return rows[~rows[table.partition].dt.date.isin(set(errors))].reset_index(drop=True), errors


def _contract_violations(table: Table, rows: pd.DataFrame, days: Sequence[date]) -> dict[date, str]:
    try:
        table.contract.validate(rows, lazy=True)
    except (SchemaErrors, SchemaError) as error:
        return _violations_by_date(table, rows, error, days)
    return {}


def _violations_by_date(
    table: Table, rows: pd.DataFrame, error: SchemaErrors | SchemaError, days: Sequence[date]
) -> dict[date, str]:
    cases = error.failure_cases
    if not isinstance(cases, pd.DataFrame) or cases["index"].isna().any():
        return dict.fromkeys(days, f"contract violated: {str(error).splitlines()[0]}")
    found: dict[date, list[str]] = defaultdict(list)
    for case in cases.to_dict("records"):
        row = rows.loc[case["index"]]
        entity = ", ".join(f"{key} {row[key]}" for key in table.keys if key != table.partition)
        found[row[table.partition].date()].append(
            f"{case['column']} = {case['failure_case']} fails {case['check']} ({entity})"
        )
    return {day: "contract violated: " + _first(texts) for day, texts in found.items()}


def _duplicates(table: Table, rows: pd.DataFrame) -> dict[date, str]:
    twice = rows[rows.duplicated(table.keys, keep=False)]
    found = {}
    for day, of_day in twice.groupby(twice[table.partition].dt.date):
        counts = of_day.groupby([key for key in table.keys if key != table.partition], dropna=False).size()
        named = [f"{' '.join(map(str, _tuple(key)))} × {count}" for key, count in counts.items()]
        found[day] = f"rows that should be unique are not: {_first(named)}"
    return found


def _audit(
    session: Session,
    state: State,
    table: Table,
    inputs: Inputs,
    rows: pd.DataFrame,
    days: Sequence[date],
    mode: Mode,
) -> dict[date, Outcome]:
    if not days:
        return {}
    policy = session.policies[table.name]
    accepted = state.accepted_dates()
    try:
        expected = expectations(Evidence(table, rows, inputs, pd.DatetimeIndex(days), policy, accepted))
    except Exception as error:
        # A guard that fails must not fail open.
        _log_failure(f"audit of {table.name} {days[0]} … {days[-1]}", error)
        return {day: _error(table, day, error) for day in days}
    sizes = rows.groupby(rows[table.partition].dt.date).size()
    outcomes = {}
    for day in days:
        weak = state.weak_inputs(table.name, day)
        expected[day].degraded += [f"{cell.partition} is {cell.status}" for cell in weak]
        outcomes[day] = audit(Partition(table.name, day), int(sizes.get(day, 0)), expected[day], policy, mode)
    return outcomes


def _rejections(table: Table, inputs: Inputs, days: Sequence[date]) -> dict[date, list[EntityFailure]]:
    found: dict[date, list[EntityFailure]] = defaultdict(list)
    if table.reject is None or not days:
        return found
    rejected = table.reject(inputs, pd.DatetimeIndex(days))
    for row in rejected.itertuples():
        found[pd.Timestamp(row.date).date()].append(EntityFailure(str(row.entity), row.category, row.details))
    return found


def _completed(outcome: Outcome, table: Table, of_day: pd.DataFrame, rejected: list[EntityFailure]) -> Outcome:
    """The outcome with what its rows and the source's rejected rows add to it."""
    ready = None
    if "is_production_ready" in of_day and len(of_day):
        ready = 0.0 if _is_forced(outcome) else float(of_day["is_production_ready"].mean())
    size = len(of_day) if outcome.is_published or outcome.status == Status.GAP else 0
    failures = (*outcome.failures, *rejected)
    completed = replace(outcome, rows=size, production_ready_share=ready, failures=failures)
    return _doubted(completed, rejected) if table.phase == Phase.RAW and not table.optional else completed


def _doubted(outcome: Outcome, rejected: list[EntityFailure]) -> Outcome:
    """Published facts of which the source has also said something else: DEGRADED, so that somebody looks."""
    if not rejected or outcome.status not in (Status.OK, Status.DEGRADED):
        return outcome
    doubts = _first([f"{failure.entity}: {failure.details}" for failure in rejected])
    return replace(outcome, status=Status.DEGRADED, reason="; ".join(filter(None, [outcome.reason, doubts])))


def _marked_as_forced(rows: pd.DataFrame, table: Table, outcomes: dict[date, Outcome]) -> pd.DataFrame:
    if "is_production_ready" not in rows:
        return rows
    forced = pd.DatetimeIndex([day for day, outcome in outcomes.items() if _is_forced(outcome)])
    ready = rows["is_production_ready"] & ~rows[table.partition].isin(forced)
    return rows.assign(is_production_ready=ready)


def _is_forced(outcome: Outcome) -> bool:
    return (outcome.reason or "").startswith(BY_FORCE)


def _log_failure(what: str, error: Exception) -> None:
    log.error("%s: %s: %s", what, type(error).__name__, error, exc_info=log.isEnabledFor(logging.DEBUG))


def _error(table: Table, day: date, error: Exception) -> Outcome:
    what = f"{type(error).__name__}: {error}" if not isinstance(error, SourceError) else str(error)
    return _invalid(table, day, what)


def _invalid(table: Table, day: date, what: str) -> Outcome:
    return Outcome(Partition(table.name, day), Status.ERROR, reason=what, label=f"{SHORT_NAMES[table.name]} error")


def _tuple(key: object) -> tuple[object, ...]:
    return key if isinstance(key, tuple) else (key,)


def _first(texts: Sequence[str], most: int = 3) -> str:
    more = f"; and {len(texts) - most} more" if len(texts) > most else ""
    return "; ".join(texts[:most]) + more
