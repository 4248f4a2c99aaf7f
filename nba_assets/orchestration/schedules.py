"""The morning: what the source has to be asked for, when the next time, and the schedules that do it.

Which partitions are computed from what was loaded is not decided here, but by the condition in `automation.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import dagster as dg

from nba_assets.orchestration.partitions import TIME_ZONE
from nba_assets.planning.pending_requests import dates_to_reread, dates_to_sweep, next_request_at, pending_requests
from nba_assets.session import Session

MORNING_TAG = "nba/morning"
"""The Eastern date of the morning that a run of `daily` belongs to."""

_SLACK = timedelta(seconds=30)


def load_every_morning(
    open_session: Callable[[], Session], job: dg.JobDefinition, *, cron: str = "*/15 6-14 * * *"
) -> dg.ScheduleDefinition:
    """The schedule of `daily`; `open_session` is called at every evaluation, because threads share no session."""

    @dg.schedule(
        name="every_morning",
        job=job,
        cron_schedule=cron,
        execution_timezone=TIME_ZONE,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="From 06:00 Eastern: yesterday's results and today's schedule. Asks again every 15 minutes "
        "for two hours, then every hour, until the source has them; for what is older once a day. "
        "Days without games start no run but today's schedule.",
    )
    def every_morning(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        return next_attempt(open_session(), context.instance)

    return every_morning


def next_attempt(session: Session, instance: dg.DagsterInstance) -> dg.RunRequest | dg.SkipReason:
    """A run of `daily`, or why there is none now. Waiting is measured by the real clock, dates by the session's."""
    if session.warehouse.ledger().empty:
        return dg.SkipReason("nothing has been built yet; begin with: nba-assets backfill START END")
    if session.has_ended():
        return dg.SkipReason(f"the last partition is {session.last_partition}: there is nothing to wait for")
    pending, today = pending_requests(session), session.today()
    if not pending.must_be_there and not pending.outdated:
        return dg.SkipReason(f"everything that {today} needs is loaded")
    attempts = instance.get_run_records(dg.RunsFilter(job_name="daily", tags={MORNING_TAG: str(today)}))
    if any(not record.dagster_run.is_finished for record in attempts):
        return dg.SkipReason("an attempt is under way")
    youngest = max([*pending.outdated, *(partition.day for partition in pending.must_be_there)])
    made = [record.create_timestamp.replace(tzinfo=UTC) for record in attempts]
    next_at = next_request_at(made, youngest, today)
    if datetime.now(UTC) < next_at - _SLACK:
        return dg.SkipReason(f"waits until {next_at:%H:%M} UTC to ask again for: {pending}")
    return dg.RunRequest(run_key=f"{today}/{len(attempts) + 1}", tags={MORNING_TAG: str(today)})


def reread_results(open_session: Callable[[], Session], job: dg.JobDefinition) -> dg.ScheduleDefinition:
    """The schedule of `reread`: nothing to do where nobody can be asked, or there were no games."""

    @dg.schedule(
        name="reread_at_eleven",
        job=job,
        cron_schedule="0 11 * * *",
        execution_timezone=TIME_ZONE,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="At 11:00 Eastern: the box scores of 1, 3 and 7 days ago (NBA_REREAD_DAYS) once more, of a live "
        "source; on Mondays the season's logs too. What the league has corrected is built again, and nothing else.",
    )
    def reread_at_eleven() -> dg.RunRequest | dg.SkipReason:
        session = open_session()
        days = dates_to_reread(session)
        if not days and not dates_to_sweep(session):
            return dg.SkipReason(f"no date of {session.today()} is to be asked for again")
        return dg.RunRequest(run_key=str(session.today()))

    return reread_at_eleven


def fixed_schedules() -> list[dg.ScheduleDefinition]:
    """Coverage at the hour by which yesterday's results must be in, and what is done weekly; Eastern time."""
    return [
        _fixed(
            "coverage_at_nine",
            "coverage",
            "0 9 * * *",
            "At 09:00 Eastern: the coverage matrix, no_failed_partitions of every table over all history, and whether "
            "yesterday's results are in.",
        ),
        _fixed(
            "verify_on_mondays",
            "verify",
            "0 10 * * 1",
            "Mondays at 10:00 Eastern: identities, published totals, recomputation and the leak test.",
        ),
        _fixed(
            "drift_on_mondays",
            "drift",
            "30 10 * * 1",
            "Mondays at 10:30 Eastern: whether the newest season's features are those of the season before. Off, until "
            "somebody who trains on them switches it on.",
            default_status=dg.DefaultScheduleStatus.STOPPED,
        ),
    ]


def _fixed(
    name: str,
    job: str,
    cron: str,
    description: str,
    *,
    default_status: dg.DefaultScheduleStatus = dg.DefaultScheduleStatus.RUNNING,
) -> dg.ScheduleDefinition:
    return dg.ScheduleDefinition(
        name=name,
        job_name=job,
        cron_schedule=cron,
        execution_timezone=TIME_ZONE,
        default_status=default_status,
        description=description,
    )
