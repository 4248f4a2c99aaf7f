"""The morning: what the source has to be asked for, when to ask again, and the schedules that do it.

Which partitions are computed from what was loaded is not decided here, but by the condition in `automation.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pandas as pd
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from nba_assets.build.again import RAW
from nba_assets.build.reading import load_state
from nba_assets.build.session import Session
from nba_assets.build.state import State
from nba_assets.league.calendar import days_between
from nba_assets.orchestration.partitions import TIME_ZONE
from nba_assets.quality.audit import Partition
from nba_assets.quality.status import FINE, Status
from nba_assets.tables import TABLES
from nba_assets.tables.games import RESULT_COLUMNS, SCHEDULED, counting_games

MORNING_TAG = "nba/morning"
"""The Eastern date of the morning that a run of `daily` belongs to."""

MOST_ATTEMPTS = 6
FIRST_WAIT = timedelta(minutes=15)
_SLACK = timedelta(seconds=30)
_LOOK_BACK = timedelta(days=14)
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Wanted:
    """What the source has to be asked for: partitions that lack, and dates whose loaded schedule is out of date."""

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
        lacking = self.must_be_there
        named = ", ".join(map(str, lacking[:4])) + (f" and {len(lacking) - 4} more" if len(lacking) > 4 else "")
        waiting = ", ".join(f"results of {day}" for day in sorted(self.outdated))
        return "; ".join(filter(None, [named, waiting])) or "nothing"


def wanted(session: Session) -> Wanted:
    """What the source has to be asked for now.

    The schedule of today, always: it says whether there are games. Where there are some today or were some
    yesterday, also all raw partitions of the last fourteen days of the season that are not there; days without games
    among them, because history has no holes. Otherwise nothing: a day without games is no reason to run.
    """
    today = session.today()
    session.warehouse.prepare()
    state = load_state(session, today - _LOOK_BACK, today)
    first = _first_day(session, state, today)
    schedule = session.warehouse.read(TABLES["raw_schedule"], columns=RESULT_COLUMNS, start=first, end=today)
    games = counting_games(schedule, session.counting_types)
    played = {pd.Timestamp(day).date() for day in games["game_date"].unique()}
    open_ = {pd.Timestamp(day).date() for day in games.loc[games["status"] == SCHEDULED, "game_date"].unique()}
    outdated = frozenset(day for day in open_ if day < today and session.results_are_due(day))
    partitions = [Partition("raw_schedule", today)] if _lacks(state, "raw_schedule", today) else []
    if played & {today, today - _DAY}:
        days = days_between(first, today)
        partitions = [Partition(name, day) for day in days for name in RAW if _lacks(state, name, day)]
    return Wanted(tuple(partitions), outdated)


def _first_day(session: Session, state: State, today: date) -> date:
    """Fourteen days back, but not beyond the day before opening night."""
    opening = state.opening_night(today)
    first = today - _LOOK_BACK
    if opening is not None:
        first = min(max(first, opening - _DAY), today - _DAY)
    return max(first, session.settings.partitions_start)


def _lacks(state: State, table: str, day: date) -> bool:
    return state.cell(table, day).status not in FINE | {Status.NOT_DUE}


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
        description="From 06:00 Eastern: yesterday's results and today's schedule. Asks again after 15, 30, 60 … "
        "minutes until the source has them, six times at most. Days without games start no run but today's schedule.",
    )
    def every_morning(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        return next_attempt(open_session(), context.instance)

    return every_morning


def next_attempt(session: Session, instance: dg.DagsterInstance) -> dg.RunRequest | dg.SkipReason:
    """A run of `daily`, or why there is none now. Waiting is measured by the real clock, dates by the session's."""
    if session.warehouse.ledger().empty:
        return dg.SkipReason("nothing has been built yet; begin with: nba-assets backfill START END")
    wants, today = wanted(session), session.today()
    if not wants.must_be_there and not wants.outdated:
        return dg.SkipReason(f"everything that {today} needs is loaded")
    attempts = instance.get_run_records(dg.RunsFilter(job_name="daily", tags={MORNING_TAG: str(today)}))
    if any(not record.dagster_run.is_finished for record in attempts):
        return dg.SkipReason("an attempt is under way")
    again = asks_again_at([record.create_timestamp.replace(tzinfo=UTC) for record in attempts])
    if again is None:
        return dg.SkipReason(f"{MOST_ATTEMPTS} attempts did not bring: {wants}. Next: nba-assets explain, or repair")
    if datetime.now(UTC) < again - _SLACK:
        return dg.SkipReason(f"waits until {again:%H:%M} UTC to ask again for: {wants}")
    return dg.RunRequest(run_key=f"{today}/{len(attempts) + 1}", tags={MORNING_TAG: str(today)})


def asks_again_at(attempts: Sequence[datetime]) -> datetime | None:
    """When the next attempt may be made: after 15, 30, 60 … minutes; None if there have been enough."""
    if len(attempts) >= MOST_ATTEMPTS:
        return None
    if not attempts:
        return datetime.min.replace(tzinfo=UTC) + _SLACK
    return max(attempts) + FIRST_WAIT * 2 ** (len(attempts) - 1)


def coverage_at_nine(job: UnresolvedAssetJobDefinition) -> dg.ScheduleDefinition:
    """The standing checks, once a day at 09:00 Eastern: the hour by which yesterday's results must be in."""
    return dg.ScheduleDefinition(
        name="coverage_at_nine",
        job=job,
        cron_schedule="0 9 * * *",
        execution_timezone=TIME_ZONE,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="At 09:00 Eastern: the coverage matrix, no_failed_partitions of every table over all history, "
        "and whether yesterday's results are in.",
    )


def verify_on_mondays(job: dg.JobDefinition) -> dg.ScheduleDefinition:
    """The verification of everything stored, Mondays at 10:00 Eastern."""
    return dg.ScheduleDefinition(
        name="verify_on_mondays",
        job=job,
        cron_schedule="0 10 * * 1",
        execution_timezone=TIME_ZONE,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Mondays at 10:00 Eastern: identities, published totals, recomputation and the leak test.",
    )
