"""What Dagster has recorded of runs: the latest of them, and of one the lines that say something to people.

Reads only. Dagster's own account of steps, resources and processes is left out: the UI has it.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import dagster as dg

from nba_assets.orchestration.assets import BACKFILL_TAG
from nba_assets.orchestration.dead_runs import has_died
from nba_assets.orchestration.failing_runs import SPARED_TAG
from nba_assets.orchestration.instance import COMMAND_TAG
from nba_assets.orchestration.reporting import DAGSTER_BACKFILL_TAG
from nba_assets.partition import FAILED, Partition, Status
from nba_assets.text import counted, joined

SHORT = 8
"""So many characters of a run's id tell it from others, to people."""

_STARTERS = (COMMAND_TAG, "dagster/schedule_name", "dagster/sensor_name")
_MOST_TABLES, _MOST_CANDIDATES = 2, 5


class UnknownRunError(ValueError):
    """No run has that id, or several have one that begins so; the message names them."""


@dataclass(frozen=True)
class Run:
    """A run as a line: what it was for, who started it, what became of it."""

    run_id: str
    what: str
    dates: tuple[date, date] | None
    started_by: str
    status: str
    started_at: datetime
    seconds: float | None
    failed: tuple[Partition, ...]

    @property
    def short(self) -> str:
        """The beginning of the id, as Dagster's UI shows it."""
        return self.run_id[:SHORT]


@dataclass(frozen=True)
class Line:
    """Something that a run has said; `table` and `day` where it is about one."""

    at: datetime
    level: str
    table: str | None
    day: date | None
    text: str


def latest_runs(instance: dg.DagsterInstance, number: int) -> list[Run]:
    """The last runs, the newest first."""
    return [_run(instance, record) for record in instance.get_run_records(limit=number)]


def run_named(instance: dg.DagsterInstance, beginning: str) -> Run:
    """The run whose id begins so. Raises UnknownRunError unless there is exactly one."""
    found = [run_id for run_id in instance.get_run_ids() if run_id.startswith(beginning.lower())]
    if not found:
        raise UnknownRunError(f"there is no run '{beginning}'; `nba-assets log` shows the latest")
    if len(found) > 1:
        ids = joined([run_id[: max(SHORT, len(beginning) + 2)] for run_id in found], _MOST_CANDIDATES)
        raise UnknownRunError(f"the ids of {counted(len(found), 'run')} begin with '{beginning}': {ids}; write more")
    [record] = instance.get_run_records(dg.RunsFilter(run_ids=found))
    return _run(instance, record)


def lines_of(instance: dg.DagsterInstance, run_id: str) -> list[Line]:
    """What a run has said, in order of time."""
    entries = sorted(instance.all_logs(run_id), key=lambda entry: entry.timestamp)
    has_failed_steps = any(_is(entry, dg.DagsterEventType.STEP_FAILURE) for entry in entries)
    # That a run failed because a step did, the step has said.
    ended = () if has_failed_steps else (dg.DagsterEventType.RUN_FAILURE, dg.DagsterEventType.RUN_CANCELED)
    return [line for entry in entries for line in _said(entry, ended)]


def _run(instance: dg.DagsterInstance, record: dg.RunRecord) -> Run:
    run = record.dagster_run
    started = datetime.fromtimestamp(record.start_time, UTC) if record.start_time else record.create_timestamp
    return Run(
        run_id=run.run_id,
        what=_what(run),
        dates=_dates(run.tags),
        started_by=_started_by(run.tags),
        status="KILLED" if has_died(instance, run) else run.status.value,
        started_at=started.astimezone(UTC),
        seconds=record.end_time - record.start_time if record.start_time and record.end_time else None,
        failed=_failed(instance, run.run_id) if run.status == dg.DagsterRunStatus.FAILURE else (),
    )


def _what(run: dg.DagsterRun) -> str:
    """The job, or the tables of a run that is for tables alone."""
    if not run.job_name.startswith("__"):
        return run.job_name
    return joined(sorted(key.to_user_string() for key in run.asset_selection or ()), _MOST_TABLES) or "all assets"


def _dates(tags: Mapping[str, str]) -> tuple[date, date] | None:
    """The first and the last partition of a run, if they are dates."""
    day = tags.get("dagster/partition")
    first, last = (_date(tags.get(f"dagster/asset_partition_range_{end}", day)) for end in ("start", "end"))
    return (first, last) if first and last else None


def _date(partition: str | None) -> date | None:
    """A partition's date; in an instance that others use as well, not every partition is one."""
    try:
        return None if partition is None else date.fromisoformat(partition)
    except ValueError:
        return None


def _started_by(tags: Mapping[str, str]) -> str:
    """ "backfill cli-f631b255", "repair", "every_morning", "run 1c4f7d20", "a person" """
    if spared_by := tags.get(SPARED_TAG):
        return f"run {spared_by[:SHORT]}"
    backfill = tags.get(DAGSTER_BACKFILL_TAG) or tags.get(BACKFILL_TAG)
    starter = next((tags[name] for name in _STARTERS if name in tags), "backfill" if backfill else "a person")
    return " ".join(filter(None, (starter, backfill)))


def _failed(instance: dg.DagsterInstance, run_id: str) -> tuple[Partition, ...]:
    """What a failed run says of partitions that are not there: the failed ones, or, if none has, those that wait."""
    found: dict[Partition, str] = {}
    for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_OBSERVATION):
        if (seen := entry.asset_observation) is not None and (day := _date(seen.partition)) is not None:
            found[Partition(seen.asset_key.to_user_string(), day)] = _value(seen.metadata, "status")
    return tuple(partition for partition, status in found.items() if status in FAILED) or tuple(found)


def _said(entry: dg.EventLogEntry, ended: Collection[dg.DagsterEventType]) -> Iterator[Line]:
    """The lines of an event; none of one that is Dagster's own affair."""
    at = datetime.fromtimestamp(entry.timestamp, UTC)
    if (built := entry.asset_materialization) is not None:
        status, text = _outcome("nba/", built.metadata, "materialized")
        level = "WARNING" if status == Status.DEGRADED else "INFO"
        yield Line(at, level, built.asset_key.to_user_string(), _date(built.partition), text)
    elif (missing := entry.asset_observation) is not None:
        status, text = _outcome("", missing.metadata, "observed")
        level = "ERROR" if status in FAILED else "WARNING" if status else "INFO"
        yield Line(at, level, missing.asset_key.to_user_string(), _date(missing.partition), text)
    elif _is(entry, dg.DagsterEventType.STEP_FAILURE):
        yield Line(at, "ERROR", entry.step_key, None, _failure(entry))
    elif entry.dagster_event_type in ended:
        yield Line(at, "ERROR", None, None, _one_line(entry.message))
    elif not entry.is_dagster_event and int(entry.level) >= logging.INFO:
        yield Line(at, logging.getLevelName(int(entry.level)), entry.step_key, None, _one_line(entry.user_message))


def _is(entry: dg.EventLogEntry, kind: dg.DagsterEventType) -> bool:
    return entry.dagster_event_type == kind


def _outcome(prefix: str, metadata: Mapping[str, Any], otherwise: str) -> tuple[str, str]:
    """The status of a partition of ours, and all of it: "OK, 304 rows", "GAP: 10/11 games …"; of others what it is."""
    status, rows = (_value(metadata, name) for name in (f"{prefix}status", "dagster/partition_row_count"))
    reason = _value(metadata, f"{prefix}reason")
    text = ", ".join(filter(None, [status or otherwise, counted(int(rows), "row") if rows else ""]))
    return status, f"{text}: {reason}" if reason else text


def _value(metadata: Mapping[str, Any], name: str) -> str:
    """As text; empty where there is none."""
    return str(metadata[name].value) if name in metadata else ""


def _failure(entry: dg.EventLogEntry) -> str:
    """What a step has failed of: the words of the exception that began it, not those of Dagster around it."""
    data = entry.get_dagster_event().step_failure_data
    error = data.error
    while error is not None and error.cause is not None:
        error = error.cause
    described = data.user_failure_data.description if data.user_failure_data else None
    return _one_line(described or (error.message if error else entry.message))


def _one_line(text: str) -> str:
    return " ".join(text.split())
