"""The check of the `feature_drift` asset: by its own job on an instance, on two simulated seasons, and moved ones."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from nba_assets.definitions import build_defs
from nba_assets.evaluation.drift import Limits
from nba_assets.orchestration.drift_asset import ASSET, DRIFT_CHECK
from nba_assets.settings import SettingsError, load_settings
from nba_assets_tests.cli.command import nba_assets, printed_json
from nba_assets_tests.evaluation.made_up import NOW
from nba_assets_tests.orchestration.morning import QUIET

GENEROUS = {"drift_psi": 0.7}
"""Three weeks of a season are no other season's: teams differ more than in a whole one."""


def check(home: Path, **settings: Any) -> dg.AssetCheckEvaluation:
    """The one result of the job `drift`; it succeeds whatever the result is, and is of no partition."""
    defs = build_defs(load_settings(home=home, **{"now": NOW["NBA_NOW"], **settings}))
    with dg.DagsterInstance.ephemeral() as instance:
        ran = defs.resolve_job_def("drift").execute_in_process(instance=instance, run_config=QUIET)
        assert ran.success
        [found] = ran.get_asset_check_evaluations()
        [recorded] = instance.event_log_storage.get_asset_check_execution_history(
            dg.AssetCheckKey(dg.AssetKey(ASSET), DRIFT_CHECK), limit=5
        )
        assert recorded.status.value == ("SUCCEEDED" if found.passed else "FAILED")
        assert instance.get_latest_materialization_event(dg.AssetKey(ASSET)) is not None
    assert (found.check_name, found.severity, found.blocking) == (DRIFT_CHECK, dg.AssetCheckSeverity.WARN, False)
    return found


def with_rows_changed(home: Path, to: Path, change: str, where: str = "season = '2022-23'") -> Path:
    """A copy of a home in which rows of the store have been changed, by default those of the second season."""
    copied = Path(shutil.copytree(home, to / "changed"))
    with duckdb.connect(str(copied / "simulated" / "warehouse.duckdb")) as connection:
        found = connection.execute(
            "SELECT table_schema FROM information_schema.tables WHERE table_name = 'ml_feature_store_v2'"
        ).fetchone()
        assert found is not None
        connection.execute(f"UPDATE {found[0]}.ml_feature_store_v2 SET {change} WHERE {where}")
    return copied


def table(metadata: Mapping[str, Any], name: str) -> dict[str, dict[str, Any]]:
    """The rows of a table in the metadata, by feature."""
    return {record.data["feature"]: dict(record.data) for record in metadata[name].records}


def test_it_passes_where_nothing_has_drifted(home: Path) -> None:
    found = check(home, **GENEROUS)
    assert found.passed
    assert found.description == "2022-23 beside 2021-22: none of 25 features drifted."
    assert found.metadata["drifted"].value == 0
    assert found.metadata["baseline"].value.startswith("2021-22, 1,")
    assert 0 < found.metadata["greatest psi"].value < GENEROUS["drift_psi"]


def test_a_season_that_has_moved_is_a_warning_that_names_what(home: Path, tmp_path: Path) -> None:
    moved = with_rows_changed(home, tmp_path, "points_avg_last_10 = points_avg_last_10 + 30, team_pace = NULL")
    found = check(moved, **GENEROUS)
    assert not found.passed
    told = table(found.metadata, "drifted features")
    assert {name: row["verdict"] for name, row in told.items()} == {
        "points_avg_last_10": "drifted",
        "team_pace": "more NULLs",
    }
    assert told["points_avg_last_10"]["psi"] > GENEROUS["drift_psi"]
    assert told["team_pace"]["null_share_current"] == 1
    assert told["team_pace"]["psi"] is None
    assert "2 of 25 features drifted: points_avg_last_10 (psi " in str(found.description)
    assert "team_pace (NULL 0% → 100%)" in str(found.description)


def test_it_says_what_the_command_says(home: Path) -> None:
    """With the limits of the evaluation, which are those of the settings; `next` is that command."""
    found = check(home)
    assert asdict(Limits()) == {"psi": load_settings().drift_psi, "null_share": load_settings().drift_null_share}
    command = found.metadata["next"].value.split()
    assert command[:2] == ["nba-assets", "drift"]
    told = printed_json(nba_assets(*command[1:6], "--partial", "--format", "json", home=home, **NOW))
    assert [*table(found.metadata, "drifted features")] == told["drifted"]
    assert found.metadata["current"].value == f"2022-23, {told['rows']['current']:,} rows"
    stricter = nba_assets(*command[1:6], "--partial", "--format", "json", home=home, **NOW, NBA_DRIFT_PSI="0.7")
    assert printed_json(stricter)["drifted"] == []


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"drift_baseline": "2022-23"}, "2022-23 is the newest season, and NBA_DRIFT_BASELINE names it, too"),
        ({"now": "2021-11-06T12:00"}, "2020-21 has 0 rows of ml_feature_store_v2"),
    ],
)
def test_without_a_season_to_compare_it_passes_and_says_so(home: Path, settings: dict[str, str], said: str) -> None:
    found = check(home, **settings)
    assert found.passed
    assert f"Not compared: {said}" in str(found.description)
    assert found.metadata["not compared"].value.startswith(said)


def test_a_season_that_is_named_and_is_not_there_is_a_warning(home: Path) -> None:
    found = check(home, drift_baseline="2020-21")
    assert not found.passed
    rows = "2020-21 has 0 rows of ml_feature_store_v2 until 2021-01-09: 500 are needed"
    assert found.description == f"Not compared: NBA_DRIFT_BASELINE=2020-21: {rows}."


def test_a_season_that_has_only_begun_is_not_compared(home: Path) -> None:
    found = check(home, now="2022-10-20T12:00")
    assert found.passed
    assert "Not compared: 2021-22 has 0 rows of ml_feature_store_v2 until 2021-10-21" in str(found.description)


def test_a_season_that_is_under_way_is_compared_with_as_much_of_the_other(home: Path, tmp_path: Path) -> None:
    """Both are read until their opening night and as many days: what came later in the older one does not count."""
    later = with_rows_changed(home, tmp_path, "team_pace = NULL", "game_date = '2021-11-06'")
    gone = "team_pace (NULL 17% → 0%)"
    assert gone in str(check(later, **GENEROUS).description)
    assert gone not in str(check(later, **GENEROUS, now="2022-11-04T12:00").description)


def test_of_an_empty_home_nothing_is_asked(tmp_path: Path) -> None:
    found = check(tmp_path / "empty")
    assert (found.passed, found.description) == (True, "Not compared: nothing has been built yet.")


def test_it_takes_neither_models_nor_plots(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("sklearn", "matplotlib"):
        monkeypatch.setitem(sys.modules, package, None)
    assert check(home, **GENEROUS).passed


def test_building_a_date_of_the_store_does_not_execute_it(tmp_path: Path) -> None:
    """Neither by name nor as a range: the store's own checks are the only ones of its runs."""
    defs = build_defs(load_settings(home=tmp_path, now="2021-11-06T12:00"))
    graph = defs.resolve_asset_graph()
    of_store = {key.name for key in graph.get_check_keys_for_assets([dg.AssetKey("ml_feature_store_v2")])}
    assert of_store == {"complete", "production_ready"}
    with dg.DagsterInstance.ephemeral() as instance:
        for tags in ({"dagster/partition": "2021-11-01"}, _range("2021-11-01", "2021-11-02")):
            ran = defs.resolve_implicit_global_asset_job_def().execute_in_process(
                instance=instance,
                run_config=QUIET,
                asset_selection=[dg.AssetKey("ml_feature_store_v2")],
                tags=tags,
                raise_on_error=False,
            )
            assert {one.check_name for one in ran.get_asset_check_evaluations()} == {"complete", "production_ready"}
        drift = dg.AssetCheckKey(dg.AssetKey(ASSET), DRIFT_CHECK)
        assert instance.event_log_storage.get_asset_check_execution_history(drift, limit=5) == []


def _range(first: str, last: str) -> dict[str, str]:
    return {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"drift_baseline": "lately"}, "NBA_DRIFT_BASELINE"),
        ({"drift_baseline": "1890-91"}, "must begin in the years 1946"),
        ({"drift_psi": 0}, "NBA_DRIFT_PSI"),
        ({"drift_null_share": 2}, "NBA_DRIFT_NULL_SHARE"),
    ],
)
def test_settings_that_cannot_be_are_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        load_settings(**given)
