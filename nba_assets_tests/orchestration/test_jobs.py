"""The jobs as a person launches them, without configuration."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from nba_assets.definitions import build_defs
from nba_assets.orchestration.resources import Pipeline
from nba_assets.overview.matrix import matrix
from nba_assets.partition import Status
from nba_assets.session import Session
from nba_assets.sources.base import ResultSet
from nba_assets_tests.engine.warehouses import EditedSource, build_range, cell, session
from nba_assets_tests.orchestration.morning import POST_GAME, QUIET, REQUIRED_RAW, eastern

FIRST, GAP, LAST = date(2021, 10, 19), date(2021, 10, 20), date(2021, 10, 21)
NOW = eastern(2021, 10, 22, 12)


def without_a_game(rows: pd.DataFrame) -> pd.DataFrame:
    of_date = rows.loc[pd.to_datetime(rows["GAME_DATE"]).dt.date == GAP, "GAME_ID"]
    return rows[rows["GAME_ID"] != of_date.min()]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Three dates, one of them a gap in the box scores of the teams; nothing that is known before a game."""
    faulty = session(tmp_path, EditedSource({ResultSet.TEAM_LOG: without_a_game}), now=NOW, partitions_start=FIRST)
    build_range(faulty, FIRST, LAST, tables=[*REQUIRED_RAW, *POST_GAME])
    assert cell(faulty, "raw_team_boxscores", GAP).status == Status.GAP
    return tmp_path


def run(
    opened: Session, job: str, instance: dg.DagsterInstance, config: Mapping[str, Any] = MappingProxyType({})
) -> dg.ExecuteInProcessResult:
    found = build_defs(pipeline=Pipeline(opened)).resolve_job_def(job)
    return found.execute_in_process(instance=instance, run_config=QUIET | config, raise_on_error=False)


def asking(**config: list[str]) -> dict[str, Any]:
    return {"ops": {"repair_partitions": {"config": config}}}


@pytest.mark.long
def test_repair_repairs_all_history_and_names_what_it_cannot(home: Path) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        faulty = session(home, EditedSource({ResultSet.TEAM_LOG: without_a_game}), now=NOW, partitions_start=FIRST)
        failed = run(faulty, "repair", instance)
        assert not failed.success
        told = next(event for event in failed.all_events if event.is_step_failure).step_failure_data
        assert f"raw_team_boxscores {GAP} GAP" in str(told.user_failure_data.description)

        repaired = session(home, now=NOW, partitions_start=FIRST)
        assert run(repaired, "repair", instance).success
        assert all(row.is_fine for row in matrix(repaired, FIRST, LAST).rows)
        assert dg.AssetKey("ml_feature_store_v2") in instance.all_asset_keys()


def test_verify_fails_where_a_check_fails(home: Path) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        failed = run(session(home, now=NOW, partitions_start=FIRST), "verify", instance)
    assert not failed.success
    told = next(event for event in failed.all_events if event.is_step_failure).step_failure_data
    assert "2021-22: no table empty" in str(told.error.cause.message)
    assert "nba-assets verify" in str(told.error.cause.message)


def test_verify_fails_where_nothing_has_been_built(tmp_path: Path) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        failed = run(session(tmp_path, now=NOW, partitions_start=FIRST), "verify", instance)
    assert not failed.success
    told = next(event for event in failed.all_events if event.is_step_failure).step_failure_data
    assert "nothing has been built yet" in str(told.error.cause.message)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"dates": ["2021-10-21"], "tables": ["raw_nothing"]}, "there is no table 'raw_nothing'; did you mean"),
        pytest.param(
            {"dates": ["2021-10-21", "2021-10-18"]},
            "2021-10-18 is before the first partition, 2021-10-19",
            marks=pytest.mark.soak,
        ),
        ({"dates": ["2021-10-24"]}, "2021-10-24 is after today, 2021-10-22"),
        ({"dates": ["tomorrow"]}, "Invalid isoformat string: 'tomorrow'; write them like 2021-11-01"),
    ],
)
def test_what_does_not_exist_is_not_repaired_in_silence(home: Path, asked: dict[str, list[str]], said: str) -> None:
    opened = session(home, now=NOW, partitions_start=FIRST)
    before = opened.warehouse.ledger()["attempt_id"].max()
    with dg.DagsterInstance.ephemeral() as instance:
        failed = run(opened, "repair", instance, asking(**asked))
        assert instance.get_runs_count() == 1
    assert not failed.success
    told = next(event for event in failed.all_events if event.is_step_failure).step_failure_data
    assert said in str(told.user_failure_data.description)
    assert opened.warehouse.ledger()["attempt_id"].max() == before


def test_nothing_is_built_beyond_the_end_of_the_partitions(home: Path) -> None:
    opened = session(home, now=NOW, partitions_start=FIRST, partitions_end=GAP)
    with dg.DagsterInstance.ephemeral() as instance:
        failed = run(opened, "repair", instance, asking(dates=[str(LAST)]))
    told = next(event for event in failed.all_events if event.is_step_failure).step_failure_data
    assert f"Set NBA_PARTITIONS_END to {LAST} or later" in str(told.user_failure_data.description)


def test_a_table_goes_by_its_short_name_too(home: Path) -> None:
    opened = session(home, now=NOW, partitions_start=FIRST)
    with dg.DagsterInstance.ephemeral() as instance:
        assert run(opened, "repair", instance, asking(dates=[str(GAP)], tables=["tbox"])).success
    assert cell(opened, "raw_team_boxscores", GAP).status == Status.OK
