"""The coverage asset and its standing checks: red until the last gap of all history is repaired."""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest
import time_machine
from dagster._core.definitions.freshness import FreshnessState
from dagster._core.definitions.freshness_evaluator import CronFreshnessPolicyEvaluator
from dagster._core.loader import LoadingContextForTest

from nba_assets.definitions import build_defs
from nba_assets.engine.refetch import request_refetch
from nba_assets.orchestration.coverage_asset import FRESHNESS_CHECK, standing_check
from nba_assets.orchestration.reporting import COMPLETE
from nba_assets.orchestration.resources import Pipeline
from nba_assets.overview.freshness import deadline_passed_for
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
        behind = ["raw_player_boxscores", "raw_shots", *(name for name in AFTER_GAMES if name.endswith("summary"))]
        red = {name for name, check in found.items() if not check.passed}
        assert red == {standing_check(name) for name in ("raw_team_boxscores", *behind)}
        told = found[standing_check("raw_team_boxscores")]
        assert told.metadata["GAP"].value == 1
        assert f"nba-assets explain raw_team_boxscores {GAP}" in str(told.description)
        for name in behind:
            told = found[standing_check(name)]
            assert told.metadata["BLOCKED"].value == 1
            assert f"GAP raw_team_boxscores {GAP}: 10/11 games" in str(told.metadata["roots"].value)
            assert told.metadata["next"].value == f"nba-assets explain raw_team_boxscores {GAP}"

        repaired = _session(tmp_path, MORNING)
        build_range(repaired, GAP, GAP, tables=AFTER_GAMES)
        assert all(check.passed for check in _coverage(repaired, instance).values())
        told = instance.get_latest_materialization_event(dg.AssetKey("coverage")).asset_materialization.metadata
    assert f"| {GAP} |" in told["newest dates, with numbers"].value
    assert "TBOX  ····" in told["newest dates"].value
    assert told["seasons"].value.startswith("- **2021-22**: 4 dates, ")
    assert "<html" in Path(told["page"].value).read_text()


def test_of_an_empty_warehouse_nothing_is_asked(tmp_path: Path) -> None:
    """Not the last thirty days by the clock, which may have no partitions at all."""
    with dg.DagsterInstance.ephemeral() as instance:
        found = _coverage(_session(tmp_path, MORNING), instance)
        told = instance.get_latest_materialization_event(dg.AssetKey("coverage")).asset_materialization.metadata
    assert all(check.passed for name, check in found.items() if name != FRESHNESS_CHECK)
    assert told["attention"].value == "- nothing has been built yet"
    assert told["newest dates"].value == "nothing has been built yet"
    assert told["dates"].value == 0
    assert "MISSING" not in told["newest dates, with numbers"].value


@pytest.mark.long
def test_a_date_that_no_run_was_for_says_why_and_heals(tmp_path: Path) -> None:
    """Dagster never requests what is behind a failed partition: coverage tells its page, once."""
    faulty = _session(tmp_path, MORNING, EditedSource({ResultSet.TEAM_LOG: _without_a_game}))
    build_range(faulty, FIRST, LAST, tables=[name for name in AFTER_GAMES if name != "player_game_summary"])
    build_range(faulty, FIRST, FIRST, tables=["player_game_summary"])
    asked = dg.AssetRecordsFilter(dg.AssetKey("player_game_summary"), asset_partitions=[str(GAP)])
    with dg.DagsterInstance.ephemeral() as instance:
        for _ in range(2):
            _coverage(faulty, instance)
            told = instance.fetch_observations(asked, limit=10).records
            assert len(told) == 1
        text = str(told[0].asset_observation.description)
        assert text.startswith(f"player_game_summary {GAP} BLOCKED: because of raw_team_boxscores {GAP} GAP")
        assert "0022100003" in text
        assert _check(instance, GAP) == ("FAILED", text.partition("BLOCKED: ")[2])

        repaired = _session(tmp_path, MORNING)
        build_range(repaired, GAP, LAST, tables=[name for name in AFTER_GAMES if name != "player_game_summary"])
        _coverage(repaired, instance)
        assert _check(instance, GAP) == ("FAILED", "never computed")
        job = build_defs(pipeline=Pipeline(repaired)).resolve_implicit_global_asset_job_def()
        job.execute_in_process(
            run_config=QUIET,
            instance=instance,
            asset_selection=[dg.AssetKey("player_game_summary")],
            partition_key=str(GAP),
        )
        assert _check(instance, GAP)[0] == "SUCCEEDED"
        _coverage(repaired, instance)
        assert _check(instance, GAP)[0] == "SUCCEEDED"


def test_what_is_missing_or_stale_between_built_dates_is_red(tmp_path: Path) -> None:
    """A date that was never computed, and one that was computed from what is no longer so."""
    hole, table = date(2021, 10, 20), "player_game_summary"
    opened = _session(tmp_path, MORNING)
    build_range(opened, FIRST, LAST, tables=[name for name in AFTER_GAMES if name != table])
    for day in (FIRST, date(2021, 10, 21)):
        build_range(opened, day, day, tables=[table])
    with dg.DagsterInstance.ephemeral() as instance:
        check = _coverage(opened, instance)[standing_check(table)]
        assert not check.passed
        assert check.metadata["MISSING"].value == 2, "the hole, and the last date, of which everything is there"
        told = f"MISSING {table} {hole} … {LAST}, 2 dates: never computed"
        assert told in str(check.metadata["roots"].value)
        assert check.metadata["next"].value == f"nba-assets backfill {hole} {LAST}"
        build_range(opened, hole, LAST, tables=[table])
        assert _coverage(opened, instance)[standing_check(table)].passed

        request_refetch(opened, [hole])
        check = _coverage(opened, instance)[standing_check("raw_team_boxscores")]
        assert not check.passed
        assert check.metadata["STALE"].value == 1


def test_of_a_season_in_which_a_table_was_never_tried_nothing_is_missing(tmp_path: Path) -> None:
    opened = _session(tmp_path, MORNING)
    build_range(opened, FIRST, LAST, tables=["raw_schedule", "raw_injury_reports"])
    build_range(opened, FIRST, GAP, tables=["raw_team_boxscores"])
    with dg.DagsterInstance.ephemeral() as instance:
        found = _coverage(opened, instance)
    assert {name for name, check in found.items() if not check.passed} == {FRESHNESS_CHECK}


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
    assert "no box score; holds back: " in first
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


def test_nothing_is_awaited_of_a_source_that_has_ended(tmp_path: Path) -> None:
    build_range(_session(tmp_path, MORNING), FIRST, GAP, tables=AFTER_GAMES)
    ended = session(tmp_path, now=MORNING, partitions_start=FIRST, partitions_end=GAP)
    with dg.DagsterInstance.ephemeral() as instance:
        check = _coverage(ended, instance)[FRESHNESS_CHECK]
    assert check.passed
    assert check.metadata["awaited"].value == f"nothing: the last partition is {GAP}"


def _check(instance: dg.DagsterInstance, day: date) -> tuple[str, str]:
    """The newest result of the blocking check of a date, and its reason."""
    key = dg.AssetCheckKey(dg.AssetKey("player_game_summary"), COMPLETE)
    history = instance.event_log_storage.get_asset_check_execution_history(key, limit=100)
    newest = next(record for record in history if record.partition == str(day))
    assert newest.event is not None
    evaluation = newest.event.dagster_event.asset_check_evaluation_data
    return newest.status.value, str(evaluation.metadata["reason"].value) if "reason" in evaluation.metadata else ""


def _session(home: Path, now: datetime, source: EditedSource | None = None, **settings: str) -> Session:
    return session(home, source, now=now, partitions_start=FIRST, **settings)


def _without_a_game(rows: pd.DataFrame) -> pd.DataFrame:
    games = rows.loc[pd.to_datetime(rows["GAME_DATE"]).dt.date == GAP, "GAME_ID"]
    return rows[rows["GAME_ID"] != games.min()]


def _coverage(opened: Session, instance: dg.DagsterInstance) -> dict[str, dg.AssetCheckEvaluation]:
    defs = build_defs(pipeline=Pipeline(opened))
    job = defs.resolve_job_def("coverage")
    result = job.execute_in_process(instance=instance, run_config=QUIET)
    found = (one for one in result.get_asset_check_evaluations() if one.asset_key == dg.AssetKey("coverage"))
    return {evaluation.check_name: evaluation for evaluation in found}


def _freshness_of_coverage(defs: dg.Definitions, instance: dg.DagsterInstance) -> FreshnessState:
    node = defs.resolve_asset_graph().get(dg.AssetKey("coverage"))
    context = LoadingContextForTest(instance)
    return asyncio.run(CronFreshnessPolicyEvaluator().evaluate_freshness(context=context, node=node))
