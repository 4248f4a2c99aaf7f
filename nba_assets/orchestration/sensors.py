"""The sensors that follow when nobody is at work: repair of what may come out differently now, and coverage."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import dagster as dg
import pandas as pd

from nba_assets.backoff import doubled
from nba_assets.orchestration.alert_sensor import BACKFILLS_RUNNING
from nba_assets.orchestration.automation import AFTER_PEOPLE
from nba_assets.orchestration.dagster_private import BulkActionsFilter
from nba_assets.orchestration.dead_runs import UNFINISHED, bury_the_dead
from nba_assets.planning.repair import repairable
from nba_assets.planning.state import Cell
from nba_assets.session import Session
from nba_assets.tables import TABLES, downstream_of
from nba_assets.text import counted

MOST_ATTEMPTS = 6
FIRST_WAIT_SECONDS = 600.0
_QUIET = timedelta(minutes=1)
_PAUSE = timedelta(seconds=45)
"""Longer than automation takes from one tier to the next."""
_UNFINISHED = [dg.DagsterRunStatus.QUEUED, *UNFINISHED]


@dataclass
class Patience:
    """How often each date was attempted, and when last (seconds); kept in the sensor's cursor."""

    attempts: dict[str, tuple[int, float]]

    @classmethod
    def read(cls, cursor: str | None) -> Patience:
        """From a cursor; an unreadable one starts afresh."""
        try:
            return cls({day: (int(n), float(last)) for day, (n, last) in json.loads(cursor or "{}").items()})
        except (ValueError, TypeError, AttributeError):
            return cls({})

    def due(self, days: Iterable[date], now: float) -> Iterator[date]:
        """The dates that may be attempted now: 10, 20, 40 … minutes after the last time, six times at most."""
        for day in days:
            n, last = self.attempts.get(str(day), (0, 0.0))
            if n == 0 or (n < MOST_ATTEMPTS and now >= last + doubled(FIRST_WAIT_SECONDS, n)):
                yield day

    def after(self, wrong: Iterable[date], trying: Iterable[date], now: float) -> str:
        """The cursor once `trying` is requested; dates that are no longer wrong are forgotten."""
        kept: dict[str, Any] = {str(day): self.attempts[str(day)] for day in wrong if str(day) in self.attempts}
        for day in trying:
            kept[str(day)] = (kept.get(str(day), (0, 0.0))[0] + 1, now)
        return json.dumps(kept)


def repair_sensor(
    open_session: Callable[[], Session], job: dg.JobDefinition, *, minimum_interval_seconds: int = 60
) -> dg.SensorDefinition:
    """The sensor of `repair`; `open_session` is called at every evaluation, because threads share no session."""

    @dg.sensor(
        name="repair_what_is_stale",
        job=job,
        minimum_interval_seconds=minimum_interval_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Recomputes what is STALE, and what failed or was left out and can come out differently now, "
        "however old it is. Waits until nothing runs and the ledger was quiet for a minute: automation goes "
        "first. A date is attempted six times at most, with growing pauses.",
    )
    def repair_what_is_stale(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        session, now = open_session(), time.time()
        busy = _busy(session.warehouse.newest_attempts(), context.instance, _QUIET)
        if busy is not None:
            return dg.SkipReason(busy)
        cells, patience = repairable(session), Patience.read(context.cursor)
        wrong = sorted({cell.partition.day for cell in cells})
        trying = list(patience.due(wrong, now))
        context.update_cursor(patience.after(wrong, trying, now))
        if not trying:
            waiting = f"waiting for the next attempt: {counted(len(wrong), 'date')}"
            return dg.SkipReason(waiting if wrong else "nothing to repair")
        tags = AFTER_PEOPLE | {"nba/repair": counted(len(trying), "date")}
        return dg.RunRequest(run_config=repair_config(cells, trying), tags=tags)

    return repair_what_is_stale


def coverage_sensor(
    open_session: Callable[[], Session], job: Any, *, minimum_interval_seconds: int = 30
) -> dg.SensorDefinition:
    """The sensor of `coverage`: whatever has been at work, the matrix and the standing checks follow."""

    @dg.sensor(
        name="coverage_after_work",
        job=job,
        minimum_interval_seconds=minimum_interval_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Computes coverage once a backfill, a morning, a repair or a command has ended: when the ledger "
        "has changed, nothing runs and nothing was written for 45 seconds.",
    )
    def coverage_after_work(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        session = open_session()
        attempts = session.warehouse.newest_attempts()
        newest = str(attempts["attempt_id"].max()) if len(attempts) else ""
        if newest <= (context.cursor or ""):
            return dg.SkipReason("nothing has been built since coverage was computed")
        busy = _busy(attempts, context.instance, _PAUSE)
        if busy is not None:
            return dg.SkipReason(busy)
        context.update_cursor(newest)
        return dg.RunRequest(run_key=newest, tags=AFTER_PEOPLE)

    return coverage_after_work


def repair_config(cells: Sequence[Cell], days: Sequence[date]) -> dict[str, Any]:
    """The configuration of the job `repair`: the dates, their tables, and what follows from these."""
    named = {cell.partition.table for cell in cells if cell.partition.day in days}
    named |= {follower for name in named for follower in downstream_of(name)}
    config = {"dates": [str(day) for day in days], "tables": [name for name in TABLES if name in named]}
    return {"ops": {"repair_partitions": {"config": config}}}


def _busy(attempts: pd.DataFrame, instance: dg.DagsterInstance, quiet: timedelta) -> str | None:
    """Why nothing is to be started now: somebody is at work, or was a moment ago and may go on."""
    bury_the_dead(instance)
    if instance.get_runs_count(dg.RunsFilter(statuses=_UNFINISHED)):
        return "runs are under way"
    if instance.get_backfills(filters=BulkActionsFilter(statuses=[*BACKFILLS_RUNNING]), limit=1):
        return "a backfill is under way"
    # Attempts of another machine's clock may lie in the future: they say nothing of the last minutes.
    if ((datetime.now(UTC) - attempts["started_at"]).abs() < quiet).any():
        return "the ledger was written to a moment ago: automation goes first"
    return None
