"""The coverage asset and its standing checks: red until the last gap of all history is repaired."""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from pathlib import Path

import dagster as dg
import pandas as pd
import time_machine
from dagster._core.definitions.freshness import FreshnessState
from dagster._core.definitions.freshness_evaluator import CronFreshnessPolicyEvaluator
from dagster._core.loader import LoadingContextForTest

from nba_assets.coverage.freshness import deadline_passed_for
from nba_assets.definitions import build_defs
from nba_assets.orchestration.coverage_asset import FRESHNESS_CHECK, standing_check
from nba_assets.orchestration.resources import Pipeline
from nba_assets.session import Session
from nba_assets.sources.base import ResultSet
from nba_assets.tables import TABLES
from nba_assets_tests.engine.warehouses import EditedSource, build_range, session
from nba_assets_tests.orchestration.morning import QUIET, eastern

FIRST, GAP, LAST = date(2021, 10, 19), date(2021, 10, 20), date(2021, 10, 22)
AFTER_GAMES = [name for name, table in TABLES.items() if name.startswith("raw_") or name.endswith("game_summary")]
MORNING = eastern(2021, 10, 23, 9)


def test_a_gap_keeps_its_table_red_until_it_is_repaired(tmp_path: Path) -> None:
    faulty = _session(tmp_path, MORNING, EditedSource({ResultSet.TEAM_LOG: _without_a_game}))
    build_range(faulty, FIRST, LAST, tables=AFTER_GAMES)
    with dg.DagsterInstance.ephemeral() as instance:
        found = _coverage(faulty, instance)
        assert {name for name, check in found.items() if not check.passed} == {standing_check("raw_team_boxscores")}
        told = found[standing_check("raw_team_boxscores")].metadata
        assert told["failed"].value == 1
        assert f"nba-assets explain raw_team_boxscores {GAP}" in str(told["partitions"].value)
        assert found[standing_check("raw_player_boxscores")].metadata["blocked behind others"].value == 1

        repaired = _session(tmp_path, MORNING)
        build_range(repaired, GAP, GAP, tables=AFTER_GAMES)
        assert all(check.passed for check in _coverage(repaired, instance).values())
        told = instance.get_latest_materialization_event(dg.AssetKey("coverage")).asset_materialization.metadata
    assert f"| {GAP} |" in told["newest dates, with numbers"].value
    assert "TBOX  ····" in told["newest dates"].value
    assert told["seasons"].value.startswith("- **2021-22**: 4 dates, ")
    assert "<html" in Path(told["page"].value).read_text()


def test_what_needs_attention_is_read_without_a_click(tmp_path: Path) -> None:
    """Of Markdown, Dagster shows fewer than a thousand characters as they are."""
    address = "http://coverage.example:3001"
    faulty = _session(tmp_path, MORNING, EditedSource({ResultSet.TEAM_LOG: _without_a_game}), coverage_url=address)
    build_range(faulty, FIRST, LAST, tables=AFTER_GAMES)
    with dg.DagsterInstance.ephemeral() as instance:
        _coverage(faulty, instance)
        told = instance.get_latest_materialization_event(dg.AssetKey("coverage")).asset_materialization.metadata
    assert next(iter(told)) == "attention"
    assert all(len(told[name].value) < 1000 for name in ("attention", "newest dates", "seasons"))
    first = told["attention"].value.splitlines()[0]
    assert first.startswith(f"- **GAP** [raw_team_boxscores {GAP}]({address}/#{GAP}/raw_team_boxscores): ")
    assert "no box score; waiting for it: " in first
    assert "TBOX  ·X··" in told["newest dates"].value
    assert told["page"] == dg.MetadataValue.url(address)


def test_the_matrix_is_late_if_it_was_not_computed_at_nine(tmp_path: Path) -> None:
    """Dagster's own evaluation, by its own clock."""
    defs = build_defs(pipeline=Pipeline(_session(tmp_path, MORNING)))
    with dg.DagsterInstance.ephemeral() as instance:
        for computed, now, state in [
            (None, eastern(2021, 10, 23, 12), FreshnessState.UNKNOWN),
            (eastern(2021, 10, 22, 12), eastern(2021, 10, 23, 9, 15), FreshnessState.PASS),
            (None, eastern(2021, 10, 23, 9, 45), FreshnessState.FAIL),
            (eastern(2021, 10, 23, 9, 50), eastern(2021, 10, 23, 10), FreshnessState.PASS),
            (eastern(2021, 10, 24, 9, 1), eastern(2021, 10, 25, 9), FreshnessState.PASS),
        ]:
            if computed is not None:
                with time_machine.travel(computed, tick=False):
                    instance.report_runless_asset_event(dg.AssetMaterialization("coverage"))
            with time_machine.travel(now, tick=False):
                assert _freshness_of_coverage(defs, instance) is state, (computed, now)


def test_results_that_are_not_in_by_nine_are_late(tmp_path: Path) -> None:
    build_range(_session(tmp_path, MORNING), FIRST, date(2021, 10, 21), tables=AFTER_GAMES)
    with dg.DagsterInstance.ephemeral() as instance:
        late = _coverage(_session(tmp_path, MORNING), instance)[FRESHNESS_CHECK]
        in_time = _coverage(_session(tmp_path, eastern(2021, 10, 23, 8, 59)), instance)[FRESHNESS_CHECK]
    assert not late.passed
    assert "raw_team_boxscores 2021-10-22" in str(late.metadata["late"].value)
    assert in_time.passed


def test_the_deadline_is_nine_o_clock_eastern(tmp_path: Path) -> None:
    assert deadline_passed_for(_session(tmp_path, eastern(2021, 11, 8, 9))) == date(2021, 11, 7)
    assert deadline_passed_for(_session(tmp_path, eastern(2021, 11, 8, 8, 59))) == date(2021, 11, 6)


def _session(home: Path, now: datetime, source: EditedSource | None = None, **settings: str) -> Session:
    return session(home, source, now=now, partitions_start=FIRST, **settings)


def _without_a_game(rows: pd.DataFrame) -> pd.DataFrame:
    games = rows.loc[pd.to_datetime(rows["GAME_DATE"]).dt.date == GAP, "GAME_ID"]
    return rows[rows["GAME_ID"] != games.min()]


def _coverage(opened: Session, instance: dg.DagsterInstance) -> dict[str, dg.AssetCheckEvaluation]:
    defs = build_defs(pipeline=Pipeline(opened))
    job = defs.resolve_job_def("coverage")
    result = job.execute_in_process(instance=instance, run_config=QUIET)
    return {evaluation.check_name: evaluation for evaluation in result.get_asset_check_evaluations()}


def _freshness_of_coverage(defs: dg.Definitions, instance: dg.DagsterInstance) -> FreshnessState:
    node = defs.resolve_asset_graph().get(dg.AssetKey("coverage"))
    context = LoadingContextForTest(instance)
    return asyncio.run(CronFreshnessPolicyEvaluator().evaluate_freshness(context=context, node=node))
