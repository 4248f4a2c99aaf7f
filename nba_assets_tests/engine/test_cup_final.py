"""A Cup final on a date of its own, in files that change: NO_GAMES all along, and late news reach whom they should.

The simulated league's final is put on Thanksgiving, when nobody else plays, between two teams that play on both days
beside it.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from nba_assets.engine.materialize import RunInfo, materialize
from nba_assets.league.calendar import COUNTING_TYPES
from nba_assets.partition import FINE, Partition, Status
from nba_assets.planning.load import load_state
from nba_assets.planning.repair import repairable
from nba_assets.schema.table import Phase
from nba_assets.session import Session
from nba_assets.settings import load_settings
from nba_assets.sources.base import ResultSet
from nba_assets.tables import TABLES, downstream_of
from nba_assets.tables.cup_final import REST_FROM_TEAM
from nba_assets.verification.report import verify_warehouse
from nba_assets_tests.cup_finals import (
    DAY,
    GAME,
    REST,
    SEASON,
    Frames,
    absent,
    box_score,
    changed_columns,
    finalists,
    scheduled,
    season_with_final,
    write,
)
from nba_assets_tests.engine.warehouses import build_range, cells, copy_of, stored
from nba_assets_tests.repair.season import contents, days_from, repair

FIRST, LAST, NEXT = date(2023, 10, 24), date(2023, 11, 27), DAY + timedelta(days=1)
DAYS = days_from(FIRST, LAST)
REQUIRED = [name for name, table in TABLES.items() if not table.optional]


@pytest.fixture(scope="module")
def frames() -> Frames:
    return season_with_final(LAST + timedelta(days=3))


def _now(home: Path) -> Session:
    values = {"source": "files", "data_dir": home / "data", "counting_types": ",".join(sorted(COUNTING_TYPES))}
    return Session(load_settings(home=home, now=f"{LAST + timedelta(days=3)}", **values))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, frames: Frames) -> Path:
    """A home whose source has no box score of the final; nobody writes to it."""
    folder = tmp_path_factory.mktemp("built")
    write(folder, frames)
    build_range(_now(folder), FIRST, LAST)
    return folder


@pytest.fixture
def home(built: Path, tmp_path: Path, frames: Frames) -> Path:
    write(tmp_path, frames)
    return copy_of(built, tmp_path)


def _arrive(home: Path, frames: Frames) -> None:
    """The box score is in the files."""
    box = frames[ResultSet.BOX_SCORES]
    write(home, {ResultSet.BOX_SCORES: pd.concat([box, box_score(frames)], ignore_index=True)})


def _is_quiet(at: Session) -> bool:
    found = cells(at, DAY)
    return all(found[name].status == Status.NO_GAMES for name in REQUIRED)


def test_without_its_box_score_its_date_has_no_games_and_rest_is_from_the_team(built: Path, frames: Frames) -> None:
    at = _now(built)
    assert _is_quiet(at)
    assert "only games of type 006" in str(cells(at, DAY)["raw_player_boxscores"].reason)
    assert stored(at, "raw_player_boxscores", DAY).empty
    teams = stored(at, "upcoming_team_game_context", NEXT).set_index("team")
    rested = teams.loc[[*finalists(frames)]]
    assert rested["days_rest"].eq(0).all()
    assert rested["back_to_back"].all()
    features = stored(at, "ml_feature_store_v2", NEXT)
    from_team = features["data_quality_issues"].map(lambda codes: REST_FROM_TEAM in codes)
    played = stored(at, "player_game_summary", DAY - timedelta(days=1))
    assert set(features.loc[from_team, "player_id"]) == set(
        played.loc[played["team"].isin(finalists(frames)), "player_id"]
    )
    assert cells(at, NEXT)["ml_feature_store_v2"].status == Status.OK


@pytest.mark.long
def test_a_late_box_score_makes_stale_what_reads_it_and_a_repair_builds_that(home: Path, frames: Frames) -> None:
    before = contents(_now(home), DAYS)
    assert not _stale(_now(home))
    _arrive(home, frames)
    at = _now(home)
    state = load_state(at, FIRST, LAST)
    root = Partition("raw_player_boxscores", DAY)
    assert GAME in str(state.cell(*_of(root)).reason)
    readers = downstream_of(root.table)
    stale = _stale(at)
    assert root in stale
    assert all(one == root or one.table in readers for one in stale)
    assert all(one.day > DAY for one in stale if TABLES[one.table].phase == Phase.PRE_GAME)
    assert not {one.table for one in stale} & {"upcoming_team_game_context", "team_defense_zone_analysis"}
    assert {day for table, day in map(_of, stale) if table == "ml_feature_store_v2"} == set(days_from(NEXT, LAST))
    assert {one.partition for one in repairable(at)} == stale

    repair(at, DAYS)
    assert not _stale(_now(home))
    assert _is_quiet(at)
    changed = {one for one, content in contents(at, DAYS).items() if content != before[one]}
    assert changed - {root} == {one for one in changed if one.table in REST and one.day > DAY}
    assert Partition("ml_feature_store_v2", NEXT) in changed
    assert Partition("upcoming_team_game_context", NEXT) not in changed

    from_scratch = home / "again"
    from_scratch.mkdir()
    (from_scratch / "data").symlink_to(home / "data")
    build_range(_now(from_scratch), FIRST, LAST)
    assert contents(_now(from_scratch), DAYS) == contents(at, DAYS)


def test_with_its_box_score_its_date_has_no_games_all_the_same(home: Path, built: Path, frames: Frames) -> None:
    _arrive(home, frames)
    at = _now(home)
    repair(at, DAYS)
    assert _is_quiet(at)
    listed = stored(at, "raw_player_boxscores", DAY)
    assert set(listed["team"]) == {*finalists(frames)}
    assert listed["listing"].eq("played").all()
    assert listed["points"].isna().all()
    assert stored(at, "player_game_summary", DAY).empty
    for name in REST:
        ours, theirs = stored(at, name, NEXT), stored(_now(built), name, NEXT)
        assert changed_columns(ours, theirs, name) <= {*REST[name]}
    features = stored(at, "ml_feature_store_v2", NEXT)
    assert not features["data_quality_issues"].map(lambda codes: REST_FROM_TEAM in codes).any()
    rested = features.set_index("player_id")["back_to_back"]
    missed_it = set(absent(frames)) & set(rested.index)
    assert missed_it
    assert rested.loc[sorted(missed_it)].eq(0.0).all()
    assert rested.loc[sorted(set(listed["player_id"]) & set(rested.index))].eq(1.0).all()
    report = verify_warehouse(at.warehouse, [SEASON], counting_types=at.counting_types)
    assert report.passed, [check for check in report.results if not check.passed]


def test_a_box_score_that_is_gone_again_is_from_the_team_again(home: Path, built: Path, frames: Frames) -> None:
    _arrive(home, frames)
    repair(_now(home), DAYS)
    write(home, {ResultSet.BOX_SCORES: frames[ResultSet.BOX_SCORES]})
    at = _now(home)
    repair(at, DAYS)
    assert contents(at, DAYS) == contents(_now(built), DAYS)


@pytest.mark.parametrize(
    "postponed", [pytest.param("N", id="not final"), pytest.param("Y", id="postponed", marks=pytest.mark.soak)]
)
def test_a_final_that_was_not_played_after_all_counts_no_more(home: Path, frames: Frames, postponed: str) -> None:
    schedule = scheduled(frames[ResultSet.SCHEDULE], *finalists(frames), status=1, postponed=postponed)
    write(home, {ResultSet.SCHEDULE: schedule})
    at = _now(home)
    assert Partition("raw_schedule", DAY) in _stale(at)
    assert Partition("upcoming_team_game_context", NEXT) in _stale(at)
    repair(at, DAYS)
    teams = stored(at, "upcoming_team_game_context", NEXT).set_index("team")
    assert teams.loc[[*finalists(frames)], "days_rest"].eq(1).all()
    features = stored(at, "ml_feature_store_v2", NEXT)
    assert features["data_quality_issues"].map(len).eq(0).all()
    assert _is_quiet(at)


@pytest.mark.long
def test_a_date_that_is_built_before_the_final_is_played_has_it_after(home: Path, frames: Frames) -> None:
    """On its morning the schedule has it still to come; the answer of the day after makes the date STALE."""
    final = frames[ResultSet.SCHEDULE]
    write(home, {ResultSet.SCHEDULE: scheduled(final, *finalists(frames), status=1)})
    repair(_now(home), DAYS)
    assert stored(_now(home), "raw_schedule", DAY)["status"].tolist() == ["scheduled"]
    write(home, {ResultSet.SCHEDULE: final})
    _arrive(home, frames)
    at = _now(home)
    assert {Partition("raw_schedule", DAY), Partition("raw_player_boxscores", DAY)} <= _stale(at)
    repair(at, DAYS)
    assert len(stored(at, "raw_player_boxscores", DAY)) == len(box_score(frames))
    assert _is_quiet(at)


def test_a_clock_that_nobody_can_read_is_an_error_as_in_any_game(home: Path, frames: Frames) -> None:
    box = box_score(frames)
    box.loc[box.index[0], "minutes"] = "about half"
    write(home, {ResultSet.BOX_SCORES: pd.concat([frames[ResultSet.BOX_SCORES], box], ignore_index=True)})
    [result] = materialize(_now(home), "raw_player_boxscores", [DAY], RunInfo())
    assert result.outcome.status == Status.ERROR
    assert "about half" in str(result.outcome.reason)


def _stale(at: Session) -> set[Partition]:
    state = load_state(at, FIRST, LAST)
    found = {Partition(name, day): state.cell(name, day) for name in TABLES for day in DAYS}
    assert all(one.status in FINE | {Status.STALE} for one in found.values())
    return {partition for partition, one in found.items() if one.status == Status.STALE}


def _of(partition: Partition) -> tuple[str, date]:
    return partition.table, partition.day
