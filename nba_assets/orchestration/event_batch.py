"""What a step has to say of many dates, as one batch of events, where a log line for each would take half a backfill.

The events are what `context.log_event` would make of them, without what only repeats their run and step. An event log
of ours stores them in a few statements (bulk_events.py), any other one after the other.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import Any

import dagster as dg

from nba_assets.orchestration.dagster_private import AssetObservationData, StepMaterializationData

Event = dg.AssetMaterialization | dg.AssetObservation | dg.AssetCheckEvaluation


def store(context: dg.AssetExecutionContext, events: Sequence[Event]) -> None:
    """Store the events of a step; where the event log is one of ours, all of them or none."""
    store_in(context.instance, context.run, context.op_execution_context.op_handle.name, events)


def store_in(instance: dg.DagsterInstance, run: dg.DagsterRun, step: str, events: Sequence[Event]) -> None:
    """The same for a step of any run, whether it goes on or has ended."""
    storage = instance.event_log_storage
    entries = [_entry(run, step, event, at) for event, at in zip(events, _moments(len(events)), strict=True)]
    if hasattr(storage, "store_together"):
        storage.store_together(entries)
        return
    for entry in entries:  # a batch of Dagster's own may refuse the results of checks
        storage.store_event(entry)


def _moments(count: int) -> list[float]:
    """So many moments up to now, in seconds, each in a millisecond of its own.

    Dagster's pages show one event of those of a run that share their type and millisecond.
    """
    now = int(time.time() * 1000)
    return [(now - earlier + 0.5) / 1000 for earlier in reversed(range(count))]


def _entry(run: dg.DagsterRun, step: str, event: Event, at: float) -> dg.EventLogEntry:
    kind, data, message = _described(event)
    return dg.EventLogEntry(
        error_info=None,
        level=logging.DEBUG,
        user_message="",
        run_id=run.run_id,
        timestamp=at,
        step_key=step,
        job_name=run.job_name,
        dagster_event=dg.DagsterEvent(
            kind.value, run.job_name, event_specific_data=data, message=message, step_key=step
        ),
    )


def _described(event: Event) -> tuple[dg.DagsterEventType, Any, str]:
    """The type of an event, what it holds, and its line in the run's log."""
    if isinstance(event, dg.AssetMaterialization):
        return dg.DagsterEventType.ASSET_MATERIALIZATION, StepMaterializationData(event), f"{event.partition} is there"
    if isinstance(event, dg.AssetObservation):
        return dg.DagsterEventType.ASSET_OBSERVATION, AssetObservationData(event), event.description or ""
    verdict = "passed" if event.passed else "did not pass"
    return dg.DagsterEventType.ASSET_CHECK_EVALUATION, event, f"{event.check_name} {verdict} of {event.partition}"
