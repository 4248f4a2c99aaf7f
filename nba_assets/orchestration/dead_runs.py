"""Which runs are still being executed, and which have died with their process: those are marked as failed.

A run says which process executes it, and where: a number alone is no proof of life, for in every container there is a
process 1. Of runs in containers of their own Dagster's daemon finds out, if it is told to watch them (`run_monitoring`
in dagster.yaml, with a launcher that knows how: `launchers.py`; the default one does not).
"""

from __future__ import annotations

import os
import socket
import subprocess
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import dagster as dg

PROCESS_TAG = "nba/process"
"""Of a run that is executed: `this_process()` of what executes it."""

JOB_RUN_TAG = "nba/job_run"
"""Of a run that a job has launched inside its own process: the id of the job's run, which it cannot outlive."""

SILENCE = timedelta(hours=6)
"""How long a run may say nothing where nobody here can tell whether it lives; `run_monitoring.max_runtime_seconds` of
dagster.yaml, where it is set. A source that has to be asked slowly is the longest silence: an hour or two."""

UNFINISHED = (dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.NOT_STARTED)
_KILLED = "the process that executed this run was killed"


@cache
def this_process() -> str:
    """Where this process is, its number there, and when it began: "host 4026531836 · 4711 · 812345"."""
    return f"{_here()}{_SEPARATOR}{os.getpid()}{_SEPARATOR}{_beginning(os.getpid())}"


def sign(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    """Let a run that somebody else has launched say that this process executes it: all of it, not a single step."""
    if run.tags.get(PROCESS_TAG) != this_process():
        instance.add_run_tags(run.run_id, {PROCESS_TAG: this_process()})


def bury_the_dead(instance: dg.DagsterInstance) -> None:
    """Mark as failed whatever is unfinished and can be executed by nobody any more."""
    for run in instance.get_runs(dg.RunsFilter(statuses=[*UNFINISHED])):
        why = why_dead(instance, run)
        # Asked again: since it was read it may have ended well, and its process with it.
        if why and instance.get_runs(dg.RunsFilter(run_ids=[run.run_id], statuses=[*UNFINISHED])):
            instance.report_run_failed(run, message=why)


def has_died(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Whether a run is not over, and its process has died."""
    return run.status in UNFINISHED and why_dead(instance, run) is not None


def why_dead(instance: dg.DagsterInstance, run: dg.DagsterRun) -> str | None:
    """What to say of a run that has died; None for one that lives, or may live."""
    place, _, process = _process_of(instance, run).partition(_SEPARATOR)
    if process and place == _here():
        return None if _is_alive(process) else _KILLED
    job_run = instance.get_run_by_id(run.tags.get(JOB_RUN_TAG, ""))
    if job_run is not None and job_run.is_finished:
        return f"it was launched by the run {job_run.run_id} of the job {job_run.job_name}, which is over"
    limit, silent = _most_silence(instance), datetime.now(UTC) - _last_sign(instance, run)
    if silent <= limit:
        return None
    where = f"executed on {place}" if process else "launched elsewhere"
    return f"no sign of life for {_hours(silent)}; it was {where}, where nobody here can look"


def _process_of(instance: dg.DagsterInstance, run: dg.DagsterRun) -> str:
    """Its tag; not the one that Dagster copies from the run that this one retries, before this one has signed."""
    tag = run.tags.get(PROCESS_TAG, "")
    retried = instance.get_run_by_id(run.parent_run_id) if tag and run.parent_run_id else None
    return "" if retried and retried.tags.get(PROCESS_TAG) == tag else tag


def _is_alive(process: str) -> bool:
    number, _, beginning = process.partition(_SEPARATOR)
    return number.isdigit() and _beginning(int(number)) == beginning


def _most_silence(instance: dg.DagsterInstance) -> timedelta:
    seconds = instance.run_monitoring_max_runtime_seconds
    return timedelta(seconds=seconds) if seconds else SILENCE


def _last_sign(instance: dg.DagsterInstance, run: dg.DagsterRun) -> datetime:
    """When a run was last heard of: its newest event, or when it was made."""
    newest = instance.get_records_for_run(run.run_id, limit=1, ascending=False).records
    if newest:
        return datetime.fromtimestamp(newest[0].timestamp, UTC)
    record = instance.get_run_record_by_id(run.run_id)
    return record.create_timestamp.astimezone(UTC) if record else datetime.now(UTC)


_SEPARATOR = " · "


@cache
def _here() -> str:
    """The host, and on Linux which of its process-number spaces: each container has its own."""
    try:
        return f"{socket.gethostname()} {Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return socket.gethostname()


def _beginning(process: int) -> str:
    """When a process began, in whatever way the system tells; empty for one that is not there."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        told = subprocess.run(["ps", "-o", "lstart=", "-p", str(process)], capture_output=True, text=True, check=False)
        return told.stdout.strip()
    try:
        # The name of the program stands in parentheses, and may have any character in it.
        after_its_name = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2]
    except OSError:
        return ""
    return f"{boot[:8]}-{after_its_name.split()[19]}"


def _hours(time: timedelta) -> str:
    return f"{time.total_seconds() / 3600:.1f} hours"
