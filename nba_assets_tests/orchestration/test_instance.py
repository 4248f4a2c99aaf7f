"""The instance that we ship: its configuration, and its event log against Dagster's own."""

import json
import sqlite3
import tomllib
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

import nba_assets
from nba_assets.orchestration.dagster_private import ConsolidatedSqliteEventLogStorage
from nba_assets.orchestration.dead_runs import PROCESS_TAG
from nba_assets.orchestration.instance import LOCATION, instance_config, open_instance, shipped, unseen
from nba_assets.orchestration.sqlite_storage import LocalRunStorage, PooledSqliteEventLogStorage
from nba_assets.settings import load_settings
from nba_assets_tests.orchestration.first_at_once import open_six_at_once

ROOT = Path(nba_assets.__file__).parents[1]


@dg.asset(
    partitions_def=dg.StaticPartitionsDefinition(["a", "b"]), check_specs=[dg.AssetCheckSpec("fine", asset="told")]
)
def told(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """An asset with a check, and metadata."""
    checked = dg.AssetCheckResult(passed=context.partition_key == "a", check_name="fine", metadata={"numbers": 3})
    return dg.MaterializeResult(metadata={"rows": 7, "text": "ä"}, check_results=[checked])


def test_the_shipped_configuration_is_loaded(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path / "home")
    with open_instance(settings) as instance:
        assert isinstance(instance.event_log_storage, PooledSqliteEventLogStorage)
        assert not instance.telemetry_enabled
        assert not instance.nux_enabled
        assert instance.run_retries_enabled
        assert not instance.get_settings("run_retries")["retry_on_asset_or_op_failure"]
        pools = instance.get_concurrency_config().pool_config
        assert (pools.pool_granularity.value, pools.default_pool_limit) == ("run", 1)
        assert (settings.dagster_home / "dagster.yaml").exists()


def _state(location: str, socket: str, status: str) -> Any:
    """What Dagster 1.13 stores of a schedule that a person has touched, as it stands in the file."""
    origin = {
        "__class__": "GrpcServerRepositoryLocationOrigin",
        "additional_metadata": {"module_name": "nba_assets.definitions"},
        "host": "localhost",
        "location_name": location,
        "port": None,
        "socket": socket,
    }
    repository = {
        "__class__": "ExternalRepositoryOrigin",
        "repository_location_origin": origin,
        "repository_name": "__repository__",
    }
    state = {
        "__class__": "InstigatorState",
        "job_specific_data": {
            "__class__": "ScheduleInstigatorData",
            "cron_schedule": "0 9 * * *",
            "last_iteration_timestamp": 1795816865.0,
            "start_timestamp": 1795816865.0,
        },
        "job_type": {"__enum__": "InstigatorType.SCHEDULE"},
        "origin": {
            "__class__": "ExternalJobOrigin",
            "external_repository_origin": repository,
            "job_name": "coverage_at_nine",
        },
        "status": {"__enum__": f"InstigatorStatus.{status}"},
    }
    return dg.deserialize_value(json.dumps(state))


@pytest.mark.parametrize("known", [False, True], ids=["upgraded", "upgraded before"])
def test_what_a_person_stopped_stays_stopped_under_the_new_name_of_the_location(tmp_path: Path, known: bool) -> None:
    """Where the new name has a state of its own already, that one stands."""
    settings = load_settings(home=tmp_path)
    with open_instance(settings) as instance:
        instance.add_instigator_state(_state("nba_assets.definitions", "/one", "STOPPED"))
        instance.add_instigator_state(_state("someone.elses", "/two", "STOPPED"))
        if known:
            instance.add_instigator_state(_state(LOCATION, "/three", "DECLARED_IN_CODE"))
    for _ in range(2):
        with open_instance(settings) as instance:
            found = {
                state.origin.repository_origin.code_location_origin.location_name: state.status.value
                for state in instance.all_instigator_state()
            }
            assert found == {"someone.elses": "STOPPED", LOCATION: "DECLARED_IN_CODE" if known else "STOPPED"}
            asked = _state(LOCATION, "/of the next start", "STOPPED")
            state = instance.get_instigator_state(asked.instigator_origin_id, asked.selector_id)
            assert state is not None, "found by its name, whatever the code server's socket is"


def test_one_name_of_the_location_everywhere() -> None:
    workspace = yaml.safe_load(shipped("workspace.yaml").read_text(encoding="utf-8"))
    assert workspace == {
        "load_from": [{"python_module": {"module_name": "nba_assets.definitions", "location_name": LOCATION}}]
    }
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    names = {"module_name": "nba_assets.definitions", "code_location_name": LOCATION}
    assert project["dagster"] == names
    dg_project = project["dg"]["project"]
    assert dg_project["code_location_name"] == LOCATION
    assert dg_project["code_location_target_module"] == names["module_name"]
    included = project["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert included == {name: f"nba_assets/{name}" for name in ("dagster.yaml", "workspace.yaml")}


def test_a_run_that_the_ui_will_not_show_is_told_so(tmp_path: Path) -> None:
    settings, other = load_settings(home=tmp_path / "home"), load_settings(home=tmp_path / "other")
    with open_instance(settings) as instance:
        run = dg.materialize([told], instance=instance, partition_key="a").dagster_run
        assert unseen(instance, run, settings) is None
        notice = unseen(instance, run, other)
        assert notice is not None
        assert f"recorded in {settings.dagster_home}" in notice
        assert f"export DAGSTER_HOME={other.dagster_home} (made by the first `nba-assets backfill`" in notice
        by_a_command = run.with_tags({PROCESS_TAG: "1"})
        assert unseen(instance, by_a_command, other) is None, "our own commands know where to record"
    with dg.DagsterInstance.local_temp(str(tmp_path)) as temporary:
        notice = unseen(temporary, run, settings)
        assert notice is not None
        assert notice.endswith(f"export DAGSTER_HOME={settings.dagster_home}")
    with dg.DagsterInstance.ephemeral() as in_memory:
        assert unseen(in_memory, run, settings) is None


def _earlier(config: str) -> str:
    """A dagster.yaml as an earlier version of ours wrote it: the event log apart from the other storages."""
    event_log = config.index("event_log_storage:")
    now, before = "orchestration.sqlite_storage", ("orchestration.local_storage", "orchestration.event_log")
    found = config[:event_log].replace(now, before[0]) + config[event_log:].replace(now, before[1])
    assert (found.count(before[0]), found.count(before[1])) == (2, 1)
    return found


def test_the_configuration_of_an_earlier_version_is_brought_up_to_date(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path)
    file = settings.dagster_home / "dagster.yaml"
    with open_instance(settings) as instance:
        run = dg.materialize([told], instance=instance, partition_key="a").run_id
    addition = "\n# of a person\nrun_monitoring:\n  enabled: false\n"
    file.write_text(_earlier(instance_config()) + addition, encoding="utf-8")
    with open_instance(settings) as instance:
        assert isinstance(instance.run_storage, LocalRunStorage)
        assert isinstance(instance.event_log_storage, PooledSqliteEventLogStorage)
        assert [each.run_id for each in instance.get_runs()] == [run]
        assert instance.get_materialized_partitions(dg.AssetKey("told")) == {"a"}
    assert file.read_text(encoding="utf-8") == instance_config() + addition


def test_somebodys_own_configuration_is_left_alone(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path)
    settings.dagster_home.mkdir(parents=True)
    file, own = (
        settings.dagster_home / "dagster.yaml",
        "telemetry: {enabled: false}  # ours: event_log, local_storage\n",
    )
    file.write_text(own)
    with open_instance(settings) as instance:
        assert not isinstance(instance.run_storage, LocalRunStorage)
    assert file.read_text() == own


def test_both_event_logs_give_the_same_answers(tmp_path: Path) -> None:
    with open_instance(load_settings(home=tmp_path)) as instance:
        runs = [dg.materialize([told], instance=instance, partition_key=key).run_id for key in ("a", "b")]
        ours = instance.event_log_storage
        stock = ConsolidatedSqliteEventLogStorage(str(ours._base_dir))  # type: ignore[attr-defined]
        key, check = dg.AssetKey("told"), dg.AssetCheckKey(dg.AssetKey("told"), "fine")
        for run in runs:
            assert list(ours.get_logs_for_run(run)) == list(stock.get_logs_for_run(run))
        assert len(ours.get_logs_for_run(runs[0])) > 10
        newest = [s.get_latest_materialization_events([key]) for s in (ours, stock)]
        assert newest[0] == newest[1]
        assert ours.get_materialized_partitions(key) == stock.get_materialized_partitions(key) == {"a", "b"}
        found = [[r.event for r in s.get_asset_check_execution_history(check, limit=9)] for s in (ours, stock)]
        assert found[0] == found[1]
        assert len(found[0]) == 2
        stock.dispose()


def test_what_the_stock_event_log_wrote_is_read(tmp_path: Path) -> None:
    base = tmp_path / "storage"
    base.mkdir()
    stock = ConsolidatedSqliteEventLogStorage(str(base))
    with dg.DagsterInstance.ephemeral() as instance:
        run = dg.materialize([told], instance=instance, partition_key="a").run_id
        for entry in instance.all_logs(run):
            stock.store_event(entry)
    written = list(stock.get_logs_for_run(run))
    stock.dispose()
    ours = PooledSqliteEventLogStorage(str(base))
    assert list(ours.get_logs_for_run(run)) == written
    assert len(written) > 10
    ours.dispose()


def test_many_commands_may_be_the_first_at_once(tmp_path: Path) -> None:
    for home in (tmp_path / "first", tmp_path / "second"):
        open_six_at_once(load_settings(home=home))
        with open_instance(load_settings(home=home)) as instance:
            assert dg.materialize([told], instance=instance, partition_key="a").success


def test_an_event_log_whose_creation_was_interrupted_is_completed(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "event_log.db") as file:
        file.execute("CREATE TABLE event_logs (id INTEGER PRIMARY KEY)")
        file.execute("DROP TABLE event_logs")
    ours = PooledSqliteEventLogStorage(str(tmp_path))
    assert ours.all_asset_keys() == []
    ours.dispose()
