"""The coverage asset and its standing checks: red until the last gap of all history is repaired."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import dagster as dg
import pandas as pd

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
    assert f"| {GAP} |" in told["newest dates"].value
    assert "| 2021-22 | 4 |" in told["seasons"].value
    assert "<html" in Path(told["page"].value).read_text()


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


def _session(home: Path, now: datetime, source: EditedSource | None = None) -> Session:
    return session(home, source, now=now, partitions_start=FIRST)


def _without_a_game(rows: pd.DataFrame) -> pd.DataFrame:
    games = rows.loc[pd.to_datetime(rows["GAME_DATE"]).dt.date == GAP, "GAME_ID"]
    return rows[rows["GAME_ID"] != games.min()]


def _coverage(opened: Session, instance: dg.DagsterInstance) -> dict[str, dg.AssetCheckEvaluation]:
    defs = build_defs(pipeline=Pipeline(opened))
    job = defs.resolve_job_def("coverage")
    result = job.execute_in_process(instance=instance, run_config=QUIET)
    found = (one for one in result.get_asset_check_evaluations() if one.asset_key == dg.AssetKey("coverage"))
    return {evaluation.check_name: evaluation for evaluation in found}
