"""The sensor that alerts: the ledger's outcomes, and runs that failed without leaving any.

What is worth a message is the business of `alerts/`; here is only what Dagster alone knows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta

import dagster as dg
from dagster import DagsterEvent, DagsterEventType, DagsterRun, DagsterRunStatus

from nba_assets.alerts.heartbeat import beat
from nba_assets.alerts.notify import notify
from nba_assets.alerts.observe import InstanceFacts
from nba_assets.alerts.root_cause import FailedRun
from nba_assets.orchestration.dagster_private import WILL_RETRY_TAG, BulkActionStatus
from nba_assets.orchestration.partitions import days_of_run
from nba_assets.partition import Partition
from nba_assets.session import Session
from nba_assets.tables import TABLES
from nba_assets.warehouse.ledger import moment_of

_LOOK_BACK = timedelta(days=1)
_OVERLAP = timedelta(seconds=5)
_MOST_RUNS = 500
BACKFILLS_RUNNING = frozenset({BulkActionStatus.REQUESTED, BulkActionStatus.CANCELING, BulkActionStatus.FAILING})


def alert_sensor(
    open_session: Callable[[], Session], *, minimum_interval_seconds: int = 60, name: str = "alerts"
) -> dg.SensorDefinition:
    """The sensor; `open_session` is called at every evaluation, so that settings are those of the moment."""

    @dg.sensor(
        name=name,
        minimum_interval_seconds=minimum_interval_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="One alert per root cause: opened, changed and resolved. Starts no runs.",
    )
    def alerts(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        instance, now = context.instance, datetime.now(UTC)
        since = _since(context.cursor, now)
        session = open_session()
        run = notify(session, instance_facts=instance_facts(instance, since))
        if run.recorded:
            beat(session.settings)
            context.update_cursor(json.dumps({"failures_since": (now - _OVERLAP).isoformat()}))
        return dg.SkipReason(str(run))

    return alerts


def instance_facts(instance: dg.DagsterInstance, since: datetime) -> InstanceFacts:
    """What the instance knows of: failed runs since a moment, its backfills, jobs that recovered."""
    return InstanceFacts(
        failures=tuple(_failures(instance, since)),
        backfill_is_over=lambda backfill_id: _is_over(instance, backfill_id),
        job_recovered=lambda job, attempt: _has_recovered(instance, job, attempt),
        backfill_asked=lambda backfill_id: _asked(instance, backfill_id),
    )


def _since(cursor: str | None, now: datetime) -> datetime:
    try:
        return datetime.fromisoformat(json.loads(cursor or "{}")["failures_since"])
    except (ValueError, KeyError, TypeError):
        return now - _LOOK_BACK


def _is_over(instance: dg.DagsterInstance, backfill_id: str) -> bool | None:
    """None for backfills of the command line, which Dagster does not know of."""
    backfill = instance.get_backfill(backfill_id)
    return None if backfill is None else backfill.status not in BACKFILLS_RUNNING


def _asked(instance: dg.DagsterInstance, backfill_id: str) -> set[Partition] | None:
    """All partitions that a backfill was launched for, also those that no run of it has reached."""
    backfill = instance.get_backfill(backfill_id)
    if backfill is None or backfill.asset_backfill_data is None:
        return None
    asked = backfill.asset_backfill_data.target_subset.iterate_asset_partitions()
    return {
        Partition(one.asset_key.to_user_string(), date.fromisoformat(one.partition_key))
        for one in asked
        if one.partition_key is not None and one.asset_key.to_user_string() in TABLES
    }


def _has_recovered(instance: dg.DagsterInstance, job: str, attempt_id: str) -> bool:
    succeeded = dg.RunsFilter(job_name=job, statuses=[DagsterRunStatus.SUCCESS], created_after=moment_of(attempt_id))
    return bool(instance.get_runs(succeeded, limit=1))


def _failures(instance: dg.DagsterInstance, since: datetime) -> Iterator[FailedRun]:
    failed = dg.RunsFilter(statuses=[DagsterRunStatus.FAILURE], updated_after=since)
    for record in instance.get_run_records(failed, limit=_MOST_RUNS):
        run = record.dagster_run
        if run.tags.get(WILL_RETRY_TAG) == "true":
            continue
        started = _moment(record.start_time) or record.create_timestamp.replace(tzinfo=UTC)
        ended = _moment(record.end_time) or datetime.now(UTC)
        yield from _of_run(instance, run, started, ended)


def _of_run(instance: dg.DagsterInstance, run: DagsterRun, started: datetime, ended: datetime) -> Iterator[FailedRun]:
    """One per failed step; one for the whole run if it failed outside its steps."""
    days = tuple(days_of_run(run.tags))
    entries = instance.all_logs(run.run_id, of_type={DagsterEventType.STEP_FAILURE, DagsterEventType.RUN_FAILURE})
    events = [entry.dagster_event for entry in entries if entry.dagster_event is not None]
    steps = [event for event in events if event.event_type is DagsterEventType.STEP_FAILURE]
    for event in steps:
        tables = (event.step_key,) if event.step_key in TABLES else ()
        error, kind, is_outcome = _error_of(event)
        yield FailedRun(run.job_name, run.run_id, tables, days, error, kind, is_outcome, started, ended)
    if not steps:
        texts = [event.message for event in events if event.message]
        error = texts[-1] if texts else "the run failed outside its steps"
        kind, selected = "outside its steps", tuple(key.to_user_string() for key in run.asset_selection or ())
        yield FailedRun(run.job_name, run.run_id, selected, days, error, kind, False, started, ended)


def _error_of(failed_step: DagsterEvent) -> tuple[str, str, bool]:
    """The error in a line, its class, and whether it is a Failure that our code raised for an outcome."""
    data = failed_step.step_failure_data
    cause = data.error.cause if data.error else None
    error = cause or data.error
    kind = (error.cls_name if error else None) or "unknown"
    if data.user_failure_data is not None:
        return (data.user_failure_data.description or "").strip(), kind, cause is None
    return " ".join(error.message.split()) if error else "unknown error", kind, False


def _moment(timestamp: float | None) -> datetime | None:
    return datetime.fromtimestamp(timestamp, UTC) if timestamp else None
