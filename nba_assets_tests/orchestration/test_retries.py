"""A run that has failed says so, and whether it is tried again, before Dagster's daemon can hear of its failure."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.events import JobFailureData, RunFailureReason
from dagster._daemon.auto_run_reexecution.auto_run_reexecution import should_retry

from nba_assets.orchestration.instance import open_instance
from nba_assets_tests.orchestration.our_event_logs import PLACES, settings_of


@pytest.fixture(params=PLACES)
def instance(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dg.DagsterInstance]:
    with settings_of(request.param, tmp_path, monkeypatch) as settings, open_instance(settings) as instance:
        yield instance


TRIED_AGAIN = {"dagster/max_retries": "2"}  # of a home nothing is, unless a run says so


@dg.job
def work() -> None:
    """Nothing."""


def failure(run: dg.DagsterRun, reason: RunFailureReason) -> dg.EventLogEntry:
    """The event of a failure, as Dagster makes it."""
    said = dg.DagsterEvent(
        dg.DagsterEventType.RUN_FAILURE.value,
        run.job_name,
        event_specific_data=JobFailureData(error=None, failure_reason=reason),
    )
    return dg.EventLogEntry(None, logging.ERROR, "", run.run_id, time.time(), job_name=run.job_name, dagster_event=said)


@pytest.mark.parametrize(
    ("reason", "again"), [(RunFailureReason.RUN_EXCEPTION, True), (RunFailureReason.STEP_FAILURE, False)]
)
def test_who_reads_the_event_of_a_failure_knows_whether_the_run_is_tried_again(
    instance: dg.DagsterInstance, reason: RunFailureReason, again: bool
) -> None:
    run = instance.create_run_for_job(work, tags=TRIED_AGAIN)
    instance.event_log_storage.store_event(failure(run, reason))  # the first that Dagster does when a run fails
    (read,) = instance.event_log_storage.get_logs_for_all_runs_by_log_id(
        dagster_event_type={dg.DagsterEventType.RUN_FAILURE}
    ).values()
    told = instance.get_run_by_id(read.run_id)
    assert told is not None
    assert told.status is dg.DagsterRunStatus.FAILURE
    assert should_retry(told, instance) is again
    assert told.is_complete_and_waiting_to_retry is again, "its backfill waits for the run that is tried again"


def test_a_failure_is_noted_once(instance: dg.DagsterInstance) -> None:
    run = instance.create_run_for_job(work, tags=TRIED_AGAIN)
    instance.report_run_failed(run, "killed")
    told = instance.get_run_by_id(run.run_id)
    assert told is not None
    assert (told.status, told.tags["dagster/will_retry"]) == (dg.DagsterRunStatus.FAILURE, "true")
    assert len(instance.all_logs(run.run_id, of_type=dg.DagsterEventType.RUN_FAILURE)) == 1


def test_the_failure_of_a_run_that_is_gone_is_stored(instance: dg.DagsterInstance) -> None:
    run = instance.create_run_for_job(work, tags=TRIED_AGAIN)
    instance.delete_run(run.run_id)
    instance.event_log_storage.store_event(failure(run, RunFailureReason.UNKNOWN))
    assert len(instance.all_logs(run.run_id)) == 1
