"""Games that move, rows that would be lost, dates that a schedule does not reach: what stands is kept."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from nba_assets.engine.materialize import RunInfo, materialize
from nba_assets.engine.moved_games import dates_of_moved_games
from nba_assets.engine.run_options import RunOptions
from nba_assets.partition import Cause, Status
from nba_assets.session import Session
from nba_assets.sources.base import ResultSet
from nba_assets.tables import TABLES
from nba_assets_tests.engine.warehouses import (
    Edit,
    EditedSource,
    build_range,
    cell,
    copy_of,
    healthy,
    session,
    stored,
)

DAY, NEXT, QUIET = date(2021, 11, 24), date(2021, 11, 26), date(2021, 11, 25)
GAME = "0022100277"
LOGS = (ResultSet.TEAM_LOG, ResultSet.PLAYER_LOG)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Healthy up to the day after the night before Thanksgiving."""
    return copy_of(healthy(NEXT), tmp_path)


def _moved_to(day: date) -> dict[ResultSet, Edit]:
    """The game was played on another date: the schedule and the logs say so."""
    tip_off = f"{day + timedelta(days=1)}T00:30:00Z"

    def in_schedule(games: pd.DataFrame) -> pd.DataFrame:
        games.loc[games["gameId"].eq(GAME), ["gameDateEst", "gameDateTimeUTC"]] = [str(day), tip_off]
        return games

    def in_log(log: pd.DataFrame) -> pd.DataFrame:
        log.loc[log["GAME_ID"].eq(GAME), "GAME_DATE"] = str(day)
        return log

    def in_shots(shots: pd.DataFrame) -> pd.DataFrame:
        shots.loc[shots["GAME_ID"].eq(GAME), "GAME_DATE"] = f"{day:%Y%m%d}"
        return shots

    return {ResultSet.SCHEDULE: in_schedule, **dict.fromkeys(LOGS, in_log), ResultSet.SHOTS: in_shots}


def _games(at: Session, table: str, day: date) -> set[str]:
    return set(stored(at, table, day)["game_id"])


@pytest.mark.parametrize("asked", [DAY, QUIET])
def test_a_game_stands_on_one_date_whichever_date_is_read(home: Path, asked: date) -> None:
    at = session(home, EditedSource(_moved_to(QUIET)))
    assert cell(at, "raw_schedule", QUIET).status == Status.NO_GAMES
    assert dates_of_moved_games(at, [asked]) == [QUIET if asked == DAY else DAY]
    read = materialize(at, "raw_schedule", [asked], RunInfo())
    assert [result.day for result in read] == [DAY, QUIET]
    assert GAME not in _games(at, "raw_schedule", DAY)
    assert _games(at, "raw_schedule", QUIET) == {GAME}
    for name in ("raw_team_boxscores", "team_offense_game_summary", "upcoming_team_game_context"):
        assert cell(at, name, DAY).status == Status.STALE, "it has the game still"
        assert cell(at, name, QUIET).status == Status.STALE, "it has no game yet"
    assert cell(at, "upcoming_team_game_context", NEXT).status == Status.STALE


@pytest.mark.soak
def test_date_by_date_and_range_come_to_the_same(home: Path, tmp_path: Path) -> None:
    one_by_one = session(home, EditedSource(_moved_to(QUIET)))
    for day in (QUIET, DAY, QUIET, NEXT):
        build_range(one_by_one, day, day)
    (tmp_path / "range").mkdir()
    in_one = session(copy_of(healthy(NEXT), tmp_path / "range"), EditedSource(_moved_to(QUIET)))
    build_range(in_one, DAY, NEXT)
    for name in TABLES:
        for day in (DAY, QUIET, NEXT):
            found, expected = cell(one_by_one, name, day), cell(in_one, name, day)
            assert found.status == expected.status != Status.STALE, f"{name} {day}: {found.reason}"
            assert found.published is not None
            assert expected.published is not None
            assert found.published.content_hash == expected.published.content_hash, f"{name} {day}"


def test_a_quiet_date_is_looked_at_again_when_a_newer_schedule_has_a_game(home: Path) -> None:
    at = session(home, EditedSource(_moved_to(QUIET)))
    materialize(at, "raw_schedule", [NEXT], RunInfo())
    assert cell(at, "raw_schedule", QUIET).status == Status.OK
    assert _games(at, "raw_schedule", QUIET) == {GAME}


def test_a_schedule_that_has_not_changed_reads_no_other_date(home: Path) -> None:
    assert dates_of_moved_games(session(home), [DAY]) == []


def _of_one_game(log: pd.DataFrame) -> pd.DataFrame:
    """Without the rows of all other games of the night."""
    of_night = pd.to_datetime(log["GAME_DATE"].str[:10]).eq(pd.Timestamp(DAY))
    return log[~of_night | log["GAME_ID"].eq(GAME)]


def test_rows_that_stand_are_not_replaced_by_a_few(home: Path) -> None:
    at = session(home, EditedSource({ResultSet.SHOTS: _of_one_game}))
    before = stored(at, "raw_shots", DAY)
    [result] = materialize(at, "raw_shots", [DAY], RunInfo())
    assert (result.outcome.status, result.changed) == (Status.GAP, False)
    assert result.outcome.findings[0].cause is Cause.ROWS_LOST
    assert f"rows would be left of {len(before):,}".replace(",", "") in (result.outcome.reason or "")
    pd.testing.assert_frame_equal(stored(at, "raw_shots", DAY), before)
    [forced] = materialize(at, "raw_shots", [DAY], RunInfo(options=RunOptions(force=True)))
    assert (forced.outcome.status, forced.changed) == (Status.DEGRADED, True)
    assert _games(at, "raw_shots", DAY) == {GAME}


def test_a_date_that_lost_its_games_loses_its_rows(home: Path) -> None:
    """All games but one were postponed: a few rows are what there should be."""

    def put_off(games: pd.DataFrame) -> pd.DataFrame:
        off = games["gameDateEst"].eq(str(DAY)) & games["gameId"].ne(GAME)
        games.loc[off, ["gameStatus", "postponedStatus"]] = [1, "Y"]
        return games

    gone: dict[ResultSet, Edit] = dict.fromkeys((*LOGS, ResultSet.SHOTS), _of_one_game)
    at = session(home, EditedSource({ResultSet.SCHEDULE: put_off} | gone))
    build_range(at, DAY, DAY)
    assert {
        name: cell(at, name, DAY).status for name in ("raw_shots", "raw_team_boxscores", "ml_feature_store_v2")
    } == {
        "raw_shots": Status.OK,
        "raw_team_boxscores": Status.OK,
        "ml_feature_store_v2": Status.OK,
    }
    assert _games(at, "raw_shots", DAY) == {GAME}


class TestBeyondTheSchedule:
    """The schedule was fetched early: it ends with the day before Thanksgiving, and so do the logs."""

    @staticmethod
    def _early() -> EditedSource:
        until = str(DAY)
        edits: dict[ResultSet, Edit] = dict.fromkeys(LOGS, lambda log: log[log["GAME_DATE"].str[:10] <= until])
        return EditedSource(edits | {ResultSet.SCHEDULE: lambda games: games[games["gameDateEst"].str[:10] <= until]})

    @pytest.mark.long
    def test_nothing_is_no_games_and_what_needs_it_is_blocked(self, tmp_path: Path) -> None:
        at = session(copy_of(healthy(DAY), tmp_path), self._early())
        build_range(at, QUIET, NEXT)
        for day in (QUIET, NEXT):
            missing = cell(at, "raw_schedule", day)
            assert (missing.status, missing.published) == (Status.MISSING, None)
            assert "reaches to 2021-11-24: ask for a newer one" in (missing.reason or "")
            for name in ("raw_team_boxscores", "upcoming_team_game_context", "ml_feature_store_v2"):
                assert cell(at, name, day).status == Status.BLOCKED, name

    def test_what_stands_is_kept_and_a_newer_schedule_heals_it(self, home: Path) -> None:
        at = session(home, self._early())
        [result] = materialize(at, "raw_schedule", [NEXT], RunInfo())
        assert (result.outcome.status, result.changed) == (Status.MISSING, False)
        assert len(stored(at, "raw_schedule", NEXT)) == 12
        healed = session(home)
        build_range(healed, NEXT, NEXT, tables=["raw_schedule"])
        assert cell(healed, "raw_schedule", NEXT).status == Status.OK
        assert cell(healed, "ml_feature_store_v2", NEXT).status == Status.OK
