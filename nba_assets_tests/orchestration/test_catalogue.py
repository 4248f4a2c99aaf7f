"""What the catalogue says: a snapshot of keys, dependencies, groups and owners; and that everything is described."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from nba_assets.definitions import build_defs
from nba_assets.schema.contract import columns_of, names_of
from nba_assets.settings import SettingsError, load_settings
from nba_assets.tables import TABLES

SNAPSHOT = Path(__file__).with_name("catalogue.json")


@pytest.fixture(scope="module")
def defs(tmp_path_factory: pytest.TempPathFactory) -> dg.Definitions:
    return build_defs(load_settings(home=tmp_path_factory.mktemp("home")))


def snapshot(defs: dg.Definitions) -> dict[str, Any]:
    graph = defs.resolve_asset_graph()
    return {
        key.to_user_string(): {
            "deps": sorted(parent.to_user_string() for parent in graph.get(key).parent_keys),
            "group": graph.get(key).group_name,
            "kinds": sorted(graph.get(key).kinds),
            "owners": sorted(graph.get(key).owners),
            "checks": sorted(check.name for check in graph.get_check_keys_for_assets([key])),
        }
        for key in sorted(graph.get_all_asset_keys())
    }


def test_the_graph_is_as_it_was(defs: dg.Definitions) -> None:
    """After a change that is meant: NBA_TEST_WRITE_SNAPSHOT=1 pytest …/test_catalogue.py, and read the difference."""
    found = snapshot(defs)
    if os.environ.get("NBA_TEST_WRITE_SNAPSHOT"):
        SNAPSHOT.write_text(json.dumps(found, indent=1) + "\n")
    assert found == json.loads(SNAPSHOT.read_text())


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_described(defs: dg.Definitions, name: str) -> None:
    node = defs.resolve_asset_graph().get(dg.AssetKey(name))
    table = TABLES[name]
    schema = node.metadata["dagster/column_schema"]
    assert node.description == table.description
    assert node.metadata["dagster/table_name"] == f"{table.dataset}.{name}"
    assert [column.name for column in schema.columns] == [column.name for column in columns_of(table.contract)]
    for column, declared in zip(schema.columns, columns_of(table.contract), strict=True):
        assert column.description.startswith(declared.description)
        assert declared.unit is None or f"[{declared.unit}]" in column.description
    assert {"phase", "tier", "critical"} <= set(node.tags)
    assert node.pools == {"nba_warehouse_writer"}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_leads_to_the_module_that_declares_it(defs: dg.Definitions, name: str) -> None:
    (code,) = defs.resolve_asset_graph().get(dg.AssetKey(name)).metadata["dagster/code_references"].code_references
    assert isinstance(code, dg.LocalFileCodeReference)
    declared = Path(code.file_path).read_text().splitlines()[code.line_number - 1]
    assert declared.startswith(f"class {TABLES[name].contract.__name__}(")
    assert code.label == f"nba_assets/tables/{Path(code.file_path).name}"


def test_where_the_code_can_be_read_is_linked(tmp_path: Path) -> None:
    where = "https://git.example.org/nba/-/blob/main"
    defs = build_defs(load_settings(home=tmp_path, code_url=f"{where}/"))
    metadata = defs.resolve_asset_graph().get(dg.AssetKey("raw_shots")).metadata
    (code,) = metadata["dagster/code_references"].code_references
    assert isinstance(code, dg.UrlCodeReference)
    assert code.url.startswith(f"{where}/nba_assets/tables/raw_shots.py#L")
    assert metadata["nba/dictionary"] == dg.MetadataValue.url(f"{where}/docs/tables/raw_shots.md")
    assert (Path(__file__).parents[2] / "docs" / "tables" / "raw_shots.md").exists()


def test_an_address_of_the_code_that_is_none_is_refused() -> None:
    with pytest.raises(SettingsError, match="NBA_CODE_URL=docs: must be an address"):
        load_settings(code_url="docs")


def test_columns_lead_to_the_columns_that_they_are_made_of(defs: dg.Definitions) -> None:
    graph = defs.resolve_asset_graph()
    for name, table in TABLES.items():
        node = graph.get(dg.AssetKey(name))
        lineage = node.metadata.get("dagster/column_lineage")
        assert (lineage is None) == bool(table.result_sets), name
        for column, deps in lineage.deps_by_column.items() if lineage else ():
            assert column in names_of(table.contract)
            for dep in deps:
                assert dep.asset_key in node.parent_keys
                assert dep.column_name in names_of(TABLES[dep.asset_key.to_user_string()].contract)
    store = graph.get(dg.AssetKey("ml_feature_store_v2")).metadata["dagster/column_lineage"]
    cache = dg.AssetKey("player_daily_cache")
    schema = graph.get(dg.AssetKey("ml_feature_store_v2")).metadata["dagster/column_schema"]
    told = {column.name: column.description for column in schema.columns}
    assert told["points_avg_last_5"].endswith(" ← player_daily_cache.points_avg_last_5")
    assert told["missing_features"].endswith(" more")
    assert store.deps_by_column["points_avg_last_5"] == [dg.TableColumnDep(cache, "points_avg_last_5")]


@pytest.mark.parametrize(
    ("settings", "is_expected_every_morning"),
    [
        ({"source": "nba_api"}, True),
        ({"source": "nba_api", "now": "2021-11-17T10:00"}, False),
        ({"source": "nba_api", "partitions_end": "2024-06-30"}, False),
        ({"source": "files", "data_dir": "."}, False),
        ({"source": "simulated"}, False),
    ],
)
def test_only_what_is_read_every_day_may_be_late(
    tmp_path: Path, settings: dict[str, str], is_expected_every_morning: bool
) -> None:
    graph = build_defs(load_settings(home=tmp_path, **settings)).resolve_asset_graph()
    with_policy = {key.to_user_string() for key in graph.get_all_asset_keys() if graph.get(key).freshness_policy}
    assert with_policy == {"coverage", *(["raw_schedule"] if is_expected_every_morning else [])}


def test_everything_runs_by_default_but_drift_and_says_when_it_fires(defs: dg.Definitions) -> None:
    schedules, sensors = list(defs.schedules or []), list(defs.sensors or [])
    running = {s.name for s in schedules if s.default_status == dg.DefaultScheduleStatus.RUNNING}
    assert running == {"every_morning", "reread_at_eleven", "coverage_at_nine", "verify_on_mondays"}
    assert {s.name for s in schedules} - running == {"drift_on_mondays"}
    assert {s.name for s in sensors} == {"automation", "repair_what_is_stale", "coverage_after_work", "alerts"}
    assert {s.default_status for s in sensors} == {dg.DefaultSensorStatus.RUNNING}
    assert all(s.description for s in [*schedules, *sensors])
    assert {job.name for job in defs.jobs or []} == {"daily", "reread", "repair", "verify", "coverage", "drift"}


def test_people_go_first(defs: dg.Definitions) -> None:
    """What automation requests waits in the queue behind whatever a person launches, whose runs say nothing."""
    (automation,) = (s for s in defs.sensors or [] if isinstance(s, dg.AutomationConditionSensorDefinition))
    assert int(automation.run_tags["dagster/priority"]) < 0


def test_tiers_never_share_a_backfill_run(defs: dg.Definitions) -> None:
    """A table and one that it reads have different backfill policies: a gap does not take its dependents with it."""
    graph = defs.resolve_asset_graph()
    for name, table in TABLES.items():
        for upstream in table.upstream:
            policies = [graph.get(dg.AssetKey(each)).backfill_policy for each in (name, upstream)]
            assert policies[0] != policies[1], f"{name} and {upstream}"


def test_no_unpartitioned_check_stands_on_a_partitioned_asset(defs: dg.Definitions) -> None:
    graph = defs.resolve_asset_graph()
    for key in graph.asset_check_keys:
        is_partitioned = graph.get(key.asset_key).partitions_def is not None
        assert (graph.get(key).partitions_def is not None) == is_partitioned, key
