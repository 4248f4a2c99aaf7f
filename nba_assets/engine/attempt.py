"""An attempt at some dates of one table: rows and an outcome for each date, nothing written yet.

A date's failure is its own: what raises for a range is repeated date by date.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import pandas as pd

from nba_assets.engine.day_facts import day_facts
from nba_assets.engine.inputs import with_source
from nba_assets.engine.losses import without_losses
from nba_assets.engine.validate import violations
from nba_assets.partition import Cause, EntityFailure, Finding, Outcome, Partition, Status, finding
from nba_assets.planning.acceptance import accepting_policy, is_past_late_limit
from nba_assets.planning.state import State
from nba_assets.quality.acceptance import accepted, accepted_before, may_be_accepted
from nba_assets.quality.audit import Mode, audit
from nba_assets.quality.calendar_rules import DayFacts, forced_early, settled
from nba_assets.schema.evidence import Evidence, by_date
from nba_assets.schema.table import Inputs, Phase, Table
from nba_assets.session import Session
from nba_assets.sources.base import SeasonNotCoveredError, SourceError
from nba_assets.tables.raw_schedule import opening_nights

log = logging.getLogger(__name__)

_READY = "is_production_ready"


@dataclass(frozen=True)
class AttemptResult:
    """Outcomes by date, the rows of those to be published, and opening nights (of the schedule only).

    `fingerprints` are those of what the source said of each date (of raw tables, where the source can tell).
    """

    rows: pd.DataFrame
    outcomes: dict[date, Outcome]
    opening_nights: dict[str, pd.Timestamp] = field(default_factory=dict)
    fingerprints: dict[date, str] = field(default_factory=dict)

    @property
    def published(self) -> list[date]:
        """The dates whose rows are to be published."""
        return [day for day, outcome in self.outcomes.items() if outcome.is_published]


@dataclass(frozen=True)
class Attempt:
    """One table as a run is to build it. `bootstrap_days` replaces the policy's; `accepted_by` accepts gaps."""

    session: Session
    state: State
    table: Table
    mode: Mode
    bootstrap_days: int | None = None
    accepted_by: str | None = None

    def at(self, days: Sequence[date], stored: Inputs) -> AttemptResult:
        """Rows and outcomes for the dates, whose inputs are all there.

        `stored` is what the table reads of other tables (`read_stored`); the source is asked here.
        """
        if not days:
            return AttemptResult(self.table.empty(), {})
        try:
            inputs, versions = with_source(self.session, self.table, stored, days)
        except (SourceError, KeyError, ValueError) as error:
            if len(days) == 1:
                outcome = self._without_source(days[0], self._facts(stored)(days[0]), error)
                is_published = self.table.asked_for and outcome.is_published
                # A date without games is published all the same: what the source has later on is news then.
                fingerprints = self.session.fingerprints.of(self.table.asked_for, days, {}) if is_published else {}
                return AttemptResult(self.table.empty(), {days[0]: outcome}, fingerprints=fingerprints)
            # What the source has for the other dates is not lost with one that it cannot deliver.
            return self._joined([self.at([day], stored) for day in days])
        asked_for = self.table.asked_for
        fingerprints = self.session.fingerprints.of(asked_for, days, versions) if asked_for else {}
        return replace(self._with_inputs(days, inputs), fingerprints=fingerprints)

    def _with_inputs(self, days: Sequence[date], inputs: Inputs) -> AttemptResult:
        table = self.table
        try:
            facts = self._facts(inputs)
            known = {day: facts(day) for day in days}
        except Exception as error:
            _log_failure(f"{table.name} {days[0]} … {days[-1]}", error)
            return AttemptResult(table.empty(), {day: self._error(day, _failed(error)) for day in days})
        outcomes = {day: done for day in days if (done := self._settled(day, known[day])) is not None}
        to_compute = [day for day in days if day not in outcomes or self._keeps_rows(outcomes[day])]
        rows, errors = self._computed(inputs, to_compute)
        audited = [day for day in to_compute if day not in errors and day not in outcomes]
        outcomes |= errors | self._audited(inputs, rows, audited)
        outcomes |= {day: forced_early(table, outcomes[day], known[day]) for day in audited}
        rejected = self._rejected(inputs, audited)
        of_day, nothing = dict(by_date(rows, table.partition)), rows.head(0)
        outcomes = {
            day: replace(self._completed(outcome, of_day.get(day, nothing), rejected[day]), games=known[day].games)
            for day, outcome in outcomes.items()
        }
        if not self.mode.force:
            standing = {day: self.state.published(table.name, day) for day in outcomes}
            outcomes = without_losses(outcomes, standing, rows.groupby(rows[table.partition].dt.date).size())
        published = pd.DatetimeIndex([day for day, outcome in outcomes.items() if outcome.is_published])
        rows = _marked_as_forced(rows[rows[table.partition].isin(published)], table, outcomes)
        nights = opening_nights(inputs.source) if table.is_schedule else {}
        return AttemptResult(rows, outcomes, nights)

    def _facts(self, inputs: Inputs) -> Callable[[date], DayFacts]:
        return day_facts(self.session, self.state, self.table, inputs, self.bootstrap_days)

    def _settled(self, day: date, facts: DayFacts) -> Outcome | None:
        return settled(self.table, day, facts, force=self.mode.force)

    def _keeps_rows(self, outcome: Outcome) -> bool:
        """A night without counting games can still have rows in the schedule, and those who played a Cup final."""
        return (self.table.is_schedule or self.table.is_listing) and outcome.status == Status.NO_GAMES

    def _without_source(self, day: date, facts: DayFacts, error: Exception) -> Outcome:
        """A date without games needs nothing of the source; a season that it does not cover is a gap, else an error."""
        may_be_settled = bool(self.table.inputs) or isinstance(error, SeasonNotCoveredError)
        outcome = self._settled(day, facts) if may_be_settled else None
        failed = _failed(error)
        if outcome is None:
            return self._error(day, failed)
        if outcome.status != Status.GAP:
            return outcome
        return replace(outcome, findings=(*outcome.findings, failed))

    def _joined(self, parts: Sequence[AttemptResult]) -> AttemptResult:
        nights = {season: night for part in parts for season, night in part.opening_nights.items()}
        outcomes = {day: outcome for part in parts for day, outcome in part.outcomes.items()}
        fingerprints = {day: said for part in parts for day, said in part.fingerprints.items()}
        return AttemptResult(self._concatenated([part.rows for part in parts]), outcomes, nights, fingerprints)

    def _concatenated(self, parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
        frames = [part for part in parts if len(part)]
        return self.table.shape(pd.concat(frames, ignore_index=True)) if frames else self.table.empty()

    def _computed(self, inputs: Inputs, days: Sequence[date]) -> tuple[pd.DataFrame, dict[date, Outcome]]:
        """The valid rows of the dates, and ERROR outcomes of the others."""
        table = self.table
        if not days:
            return table.empty(), {}
        try:
            rows = table.shape(table.compute(inputs, pd.DatetimeIndex(days)))
        except Exception as error:
            _log_failure(f"{table.name} {days[0]} … {days[-1]}", error)
            if len(days) == 1:
                return table.empty(), {days[0]: self._error(days[0], _failed(error))}
            parts = [self._computed(inputs, [day]) for day in days]
            errors = {day: outcome for _, found in parts for day, outcome in found.items()}
            return self._concatenated([part for part, _ in parts]), errors
        errors = {day: self._error(day, wrong) for day, wrong in violations(table, rows, days).items()}
        return rows[~rows[table.partition].dt.date.isin(set(errors))].reset_index(drop=True), errors

    def _audited(self, inputs: Inputs, rows: pd.DataFrame, days: Sequence[date]) -> dict[date, Outcome]:
        table, policy = self.table, self.session.policies[self.table.name]
        if not days:
            return {}
        evidence = Evidence(rows, inputs, pd.DatetimeIndex(days), policy, self.state.accepted_dates())
        try:
            expected = table.expect(evidence)
        except Exception as error:
            # A guard that fails must not fail open.
            _log_failure(f"audit of {table.name} {days[0]} … {days[-1]}", error)
            return {day: self._error(day, _failed(error)) for day in days}
        sizes = rows.groupby(rows[table.partition].dt.date).size()
        for day in days:
            for cell in self.state.weak_inputs(table.name, day):
                expected[day].degrade(Cause.INPUT_WEAK, cell.partition, status=cell.status.value)
        audited = [audit(table, day, int(sizes.get(day, 0)), expected[day], policy, self.mode) for day in days]
        return {outcome.partition.day: self._accepted(outcome) for outcome in audited}

    def _accepted(self, outcome: Outcome) -> Outcome:
        """The outcome; of a gap that is accepted, by whoever accepts it first, as published."""
        if not may_be_accepted(self.table.phase, outcome.status, outcome.findings):
            return outcome
        published = self.state.published(self.table.name, outcome.partition.day)
        by = accepted_before(outcome, published.findings if published else ())
        by = by or (self.accepted_by if is_past_late_limit(self.session, outcome.partition.day) else None)
        if by is None and outcome.rows:  # where nothing at all is there, a person has to look
            by = accepting_policy(self.session, outcome.partition, published)
        return accepted(outcome, by) if by else outcome

    def _rejected(self, inputs: Inputs, days: Sequence[date]) -> dict[date, list[EntityFailure]]:
        found: dict[date, list[EntityFailure]] = defaultdict(list)
        if self.table.reject is None or not days:
            return found
        for row in self.table.reject(inputs, pd.DatetimeIndex(days)).itertuples():
            found[pd.Timestamp(row.date).date()].append(EntityFailure(str(row.entity), row.category, row.details))
        return found

    def _completed(self, outcome: Outcome, of_day: pd.DataFrame, rejected: list[EntityFailure]) -> Outcome:
        """The outcome with what its rows and the source's rejected rows add to it."""
        ready = None
        if _READY in of_day and len(of_day):
            ready = 0.0 if outcome.is_forced else float(of_day[_READY].mean())
        size = len(of_day) if outcome.is_published or outcome.status == Status.GAP else 0
        failures = (*outcome.failures, *rejected)
        completed = replace(outcome, rows=size, production_ready_share=ready, failures=failures)
        return _doubted(completed, rejected) if self.table.phase == Phase.RAW and not self.table.optional else completed

    def _error(self, day: date, why: Finding) -> Outcome:
        return Outcome(Partition(self.table.name, day), Status.ERROR, (why,), label=f"{self.table.short_name} error")


def _doubted(outcome: Outcome, rejected: list[EntityFailure]) -> Outcome:
    """Published facts that the source has also reported differently: DEGRADED, so that people look at them."""
    if not rejected or outcome.status not in (Status.OK, Status.DEGRADED):
        return outcome
    doubts = [finding(Cause.ROW_REJECTED, failure.entity, details=failure.details) for failure in rejected]
    return replace(outcome, status=Status.DEGRADED, findings=(*outcome.findings, *doubts))


def _marked_as_forced(rows: pd.DataFrame, table: Table, outcomes: dict[date, Outcome]) -> pd.DataFrame:
    if _READY not in rows:
        return rows
    forced = pd.DatetimeIndex([day for day, outcome in outcomes.items() if outcome.is_forced])
    return rows.assign(**{_READY: rows[_READY] & ~rows[table.partition].isin(forced)})


def _log_failure(what: str, error: Exception) -> None:
    log.error("%s: %s: %s", what, type(error).__name__, error, exc_info=log.isEnabledFor(logging.DEBUG))


def _failed(error: Exception) -> Finding:
    if isinstance(error, SourceError):
        return finding(Cause.SOURCE_FAILED, error=str(error))
    return finding(Cause.COMPUTATION_FAILED, kind=type(error).__name__, error=str(error))
