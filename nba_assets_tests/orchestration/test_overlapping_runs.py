"""Two runs over the same date, made in one order and executed in the other, as two backfills at once are."""

# Without postponed annotations: Dagster reads those of an asset's context.
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run

from nba_assets.orchestration.instance import open_instance
from nba_assets.settings import Settings
from nba_assets_tests.orchestration.our_event_logs import PLACES, settings_of

DAY = "2021-10-24"
CHECK = dg.AssetCheckKey(dg.AssetKey("numbers"), "complete")


PARTITIONS = dg.DailyPartitionsDefinition("2021-10-19")


@dg.asset(
    partitions_def=PARTITIONS,
    check_specs=[dg.AssetCheckSpec("complete", asset="numbers", partitions_def=PARTITIONS)],
)
def numbers(context: dg.AssetExecutionContext) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Complete, unless the run's tag says otherwise."""
    passed = "gap" not in context.run.tags
    return dg.MaterializeResult(check_results=[dg.AssetCheckResult(passed=passed, check_name="complete")])


JOB = dg.Definitions(assets=[numbers], executor=dg.in_process_executor).resolve_implicit_global_asset_job_def()


def made(instance: dg.DagsterInstance, **tags: str) -> dg.DagsterRun:
    """A run that waits in the queue, with what it plans."""
    return instance.create_run_for_job(JOB, tags={"dagster/partition": DAY, **tags})


@pytest.fixture(params=PLACES)
def settings(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    with settings_of(request.param, tmp_path, monkeypatch) as settings:
        yield settings


@pytest.mark.parametrize("is_last_a_gap", [True, False])
def test_the_result_of_the_run_that_was_executed_last_counts(settings: Settings, is_last_a_gap: bool) -> None:
    with open_instance(settings) as instance:
        made_first = made(instance, **({"gap": ""} if is_last_a_gap else {}))
        made_last = made(instance, **({} if is_last_a_gap else {"gap": ""}))
        storage = instance.event_log_storage
        assert len(storage.get_asset_check_execution_history(CHECK, limit=10)) == 2, "both are planned"
        for run in (made_last, made_first):
            execute_run(InMemoryJob(JOB), run, instance)
        newest = storage.get_latest_asset_check_execution_by_key([CHECK])[CHECK]
        assert newest.run_id == made_first.run_id
        assert newest.status.value == ("FAILED" if is_last_a_gap else "SUCCEEDED")
        assert len(storage.get_asset_check_execution_history(CHECK, limit=10)) == 2, "a result replaces its plan"
