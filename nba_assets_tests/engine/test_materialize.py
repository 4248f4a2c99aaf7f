"""One table, some dates, through all six steps on a real warehouse: outcomes, force, readiness, failures."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pandas as pd
import pytest

from nba_assets.alerts.root_cause import find_root_causes
from nba_assets.engine.materialize import RunInfo, materialize
from nba_assets.engine.run_options import RunOptions
from nba_assets.league.calendar import EASTERN
from nba_assets.partition import Status
from nba_assets.planning.load import load_state
from nba_assets.schema.evidence import Evidence, Expectation
from nba_assets.schema.table import Phase
from nba_assets.session import Session
from nba_assets.sources.base import ResultSet, SourceSchemaError
from nba_assets.tables import TABLES, with_upstream
from nba_assets.tables.ml_feature_store_v2 import FEATURES
from nba_assets_tests.engine.warehouses import (
    KNOWN_AFTER,
    KNOWN_BEFORE,
    OPENING_NIGHT,
    PRE_GAME,
    REQUIRED_RAW,
    Edit,
    EditedSource,
    build_range,
    cell,
    cells,
    copy_of,
    healthy,
    session,
    stored,
)

BEFORE, DAY, NEXT = date(2021, 11, 6), date(2021, 11, 7), date(2021, 11, 8)
GAME, TEAMS = "0022100139", ["BKN", "TOR"]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A warehouse that is healthy up to the day before."""
    return copy_of(healthy(BEFORE), tmp_path)


def _without_game(frame: pd.DataFrame) -> pd.DataFrame:
    column = "GAME_ID" if "GAME_ID" in frame else "gameId"
    return frame[frame[column] != GAME]


LATE = {
    ResultSet.TEAM_LOG: _without_game,
    ResultSet.PLAYER_LOG: _without_game,
    ResultSet.BOX_SCORES: _without_game,
    ResultSet.INACTIVES: _without_game,
}


class TestForce:
    """Seven of eight games, accepted by a person."""

    @pytest.fixture(scope="class")
    @classmethod
    def forced(cls, tmp_path_factory: pytest.TempPathFactory) -> Session:
        at = session(copy_of(healthy(BEFORE), tmp_path_factory.mktemp("forced")), EditedSource(LATE))
        build_range(at, DAY, DAY, tables=KNOWN_AFTER, options=RunOptions(force=True, forced_by="somebody"))
        build_range(at, NEXT, NEXT, tables=KNOWN_BEFORE)
        return at

    def test_the_seven_games_are_published_degraded_and_the_ledger_says_who(self, forced: Session) -> None:
        attempt = cell(forced, "raw_team_boxscores", DAY).published
        assert attempt is not None
        assert (attempt.status, attempt.rows, attempt.complete, attempt.expected) == (Status.DEGRADED, 14, 14, 16)
        assert json.loads(attempt.options or "") == {"force": True, "forced_by": "somebody"}
        assert attempt.reason == (
            f"published by force: 7/8 games (14/16 complete, 16 required); {GAME} BKN@TOR: no box score"
        )

    def test_later_windows_are_degraded_and_nobody_is_blocked(self, forced: Session) -> None:
        later = {name: cell for name, cell in cells(forced, NEXT).items() if name in KNOWN_BEFORE}
        assert {cell_.status for cell_ in later.values()} <= {Status.OK, Status.DEGRADED}
        defense = later["team_defense_zone_analysis"]
        assert defense.newest is not None
        assert (defense.status, defense.newest.complete, defense.newest.expected) == (Status.DEGRADED, 28, 30)
        assert defense.reason == f"1 finished game missing: {GAME} ({DAY}): BKN, TOR"
        assert later["upcoming_team_game_context"].reason == f"BKN: 1 finished game missing: {GAME} ({DAY})"

    def test_players_whose_games_are_not_loaded_are_not_production_ready(self, forced: Session) -> None:
        rows = stored(forced, "ml_feature_store_v2", NEXT)
        touched = rows["team"].isin(TEAMS) | rows["opponent"].isin(TEAMS)
        assert not rows.loc[touched, "is_production_ready"].any()
        issues = rows["data_quality_issues"].map(lambda codes: "GAMES_NOT_LOADED" in codes)
        assert set(rows.loc[issues, "team"]) >= {"BKN"}
        assert rows.loc[~issues, "is_production_ready"].mean() > 0.5

    @pytest.mark.long
    def test_when_the_game_arrives_and_the_date_is_rebuilt_all_heals(self, forced: Session, tmp_path: Path) -> None:
        healed = session(copy_of(forced.settings.home, tmp_path))
        build_range(healed, DAY, DAY, tables=KNOWN_AFTER)
        assert cell(healed, "upcoming_team_game_context", NEXT).status == Status.STALE
        build_range(healed, NEXT, NEXT, tables=KNOWN_BEFORE)
        assert {cell(healed, name, DAY).status for name in KNOWN_AFTER} == {Status.OK}
        assert {cell(healed, name, NEXT).status for name in KNOWN_BEFORE} == {Status.OK}
        straight = session(healthy(NEXT))
        for name in PRE_GAME:
            pd.testing.assert_frame_equal(stored(healed, name, NEXT), stored(straight, name, NEXT))


class TestAcceptedAtItsRoot:
    """The team box scores alone were accepted: nothing that is made of them is silently green."""

    @pytest.fixture(scope="class")
    @classmethod
    def accepted(cls, tmp_path_factory: pytest.TempPathFactory) -> Session:
        at = session(copy_of(healthy(BEFORE), tmp_path_factory.mktemp("accepted")), EditedSource(LATE))
        force = RunOptions(force=True, forced_by="somebody")
        build_range(at, DAY, DAY, tables=["raw_schedule", "raw_team_boxscores"], options=force)
        build_range(at, DAY, DAY, tables=[name for name in KNOWN_AFTER if name != "raw_team_boxscores"])
        return at

    def test_every_table_of_the_night_is_degraded_and_names_the_game(self, accepted: Session) -> None:
        of_games = {name for name in KNOWN_AFTER if "raw_team_boxscores" in with_upstream([name])}
        night = {name: cell for name, cell in cells(accepted, DAY).items() if name in of_games}
        assert {name: cell.status for name, cell in night.items()} == dict.fromkeys(night, Status.DEGRADED)
        assert {name for name, cell in night.items() if GAME not in (cell.reason or "")} == set()
        players = night["player_game_summary"].newest
        assert players is not None
        assert players.reason == f"{GAME} BKN@TOR: no players' box score"
        assert (players.expected or 0) - (players.complete or 0) == 2

    def test_it_is_one_trouble(self, accepted: Session) -> None:
        (cause,) = find_root_causes(load_state(accepted, DAY, DAY), [DAY], today=NEXT)
        assert str(cause.partition) == f"raw_team_boxscores {DAY}"
        assert "player_game_summary" in {partition.table for partition in cause.affected}


def test_without_force_the_same_day_is_a_gap_and_nothing_of_it_is_published(home: Path) -> None:
    at = session(home, EditedSource(LATE))
    build_range(at, DAY, DAY, tables=REQUIRED_RAW)
    gap = cell(at, "raw_team_boxscores", DAY)
    assert (gap.status, gap.label, gap.rows) == (Status.GAP, "TBOX 7/8", 0)
    assert stored(at, "raw_team_boxscores", DAY).empty
    assert cell(at, "raw_shots", DAY).status == Status.BLOCKED


def test_force_publishes_in_bootstrap_and_its_rows_are_not_production_ready(tmp_path: Path) -> None:
    at = session(copy_of(healthy(BEFORE), tmp_path))
    day = date(2021, 11, 1)
    assert cell(at, "ml_feature_store_v2", day).status == Status.BOOTSTRAP
    build_range(at, day, day, tables=PRE_GAME, options=RunOptions(force=True))
    rows = stored(at, "ml_feature_store_v2", day)
    assert len(rows) > 200
    assert not rows["is_production_ready"].any()
    forced = cell(at, "ml_feature_store_v2", day)
    assert forced.status == Status.DEGRADED
    assert (forced.reason or "").startswith("published by force: day 13 of the season")
    assert forced.published is not None
    assert forced.published.production_ready_share == 0.0


def test_bootstrap_days_of_a_run_replace_the_policys(tmp_path: Path) -> None:
    at = session(copy_of(healthy(BEFORE), tmp_path))
    day = date(2021, 11, 1)
    [built] = materialize(at, "upcoming_team_game_context", [day], RunInfo(options=RunOptions(bootstrap_days=7)))
    assert (built.outcome.status, built.outcome.rows, built.changed) == (Status.OK, 18, True)
    [again] = materialize(at, "upcoming_team_game_context", [day], RunInfo(options=RunOptions(bootstrap_days=30)))
    assert (again.outcome.status, again.outcome.reason) == (Status.BOOTSTRAP, "day 13 of the season")


def test_no_games_goes_before_bootstrap_and_cannot_be_forced(home: Path) -> None:
    logs = (ResultSet.TEAM_LOG, ResultSet.PLAYER_LOG)
    quiet: dict[ResultSet, Edit] = dict.fromkeys(logs, lambda log: log[log["GAME_DATE"].str[:10] != str(DAY)])
    quiet[ResultSet.SCHEDULE] = lambda games: games[games["gameDateEst"] != str(DAY)]
    at = session(home, EditedSource(quiet))
    built = build_range(at, DAY, DAY, options=RunOptions(force=True))
    for name, [result] in built.items():
        if not TABLES[name].optional:
            assert (result.outcome.status, result.outcome.reason) == (Status.NO_GAMES, "no game scheduled"), name


def test_running_twice_changes_nothing_and_renews_the_ledger(home: Path) -> None:
    at = session(home)
    [first] = materialize(at, "raw_schedule", [DAY], RunInfo(run_id="first"))
    [second] = materialize(at, "raw_schedule", [DAY], RunInfo(run_id="second"))
    assert (first.changed, second.changed) == (True, False)
    renewed = cell(at, "raw_schedule", DAY)
    assert renewed.newest is not None
    assert (renewed.status, renewed.newest.run_id) == (Status.OK, "second")


def test_an_exception_inside_an_audit_is_an_error_and_publishes_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Evidence) -> dict[date, Expectation]:
        raise RuntimeError("the guard fell over")

    at = session(home)
    materialize(at, "raw_schedule", [DAY], RunInfo())
    monkeypatch.setitem(TABLES, "raw_team_boxscores", replace(TABLES["raw_team_boxscores"], expect=broken))
    [built] = materialize(at, "raw_team_boxscores", [DAY], RunInfo())
    assert (built.outcome.status, built.outcome.reason) == (Status.ERROR, "RuntimeError: the guard fell over")
    assert stored(at, "raw_team_boxscores", DAY).empty


def test_one_date_that_raises_takes_no_other_with_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = TABLES["raw_schedule"]

    def fragile(inputs, dates):  # type: ignore[no-untyped-def]
        if pd.Timestamp(DAY) in dates:
            raise ZeroDivisionError("a season of no games")
        return table.compute(inputs, dates)

    monkeypatch.setitem(TABLES, table.name, replace(table, compute=fragile))
    built = materialize(session(home), table.name, [BEFORE, DAY, NEXT], RunInfo())
    assert [result.outcome.status for result in built] == [Status.OK, Status.ERROR, Status.OK]
    assert built[1].outcome.reason == "ZeroDivisionError: a season of no games"


def test_a_source_that_cannot_answer_is_an_error_with_its_message(home: Path) -> None:
    def fail(_: pd.DataFrame) -> pd.DataFrame:
        raise SourceSchemaError("endpoint: the answer was HTML")

    at = session(home, EditedSource({ResultSet.TEAM_LOG: fail}))
    materialize(at, "raw_schedule", [DAY], RunInfo())
    [built] = materialize(at, "raw_team_boxscores", [DAY], RunInfo())
    assert (built.outcome.status, built.outcome.reason) == (Status.ERROR, "endpoint: the answer was HTML")


def test_a_blocked_partition_is_recorded_once_per_root(home: Path) -> None:
    at = session(home)
    for _ in range(2):
        [built] = materialize(at, "raw_team_boxscores", [DAY], RunInfo())
        assert built.outcome.status == Status.BLOCKED
        assert built.outcome.reason == f"because of raw_schedule {DAY} MISSING; run: nba-assets backfill {DAY} {DAY}"
    attempts = at.warehouse.ledger(DAY, DAY)
    assert len(attempts[attempts["table_name"] == "raw_team_boxscores"]) == 1


class TestFutureAndPast:
    """Half past noon on the day: nobody has played yet."""

    NOON = datetime(2021, 11, 7, 12, 30, tzinfo=EASTERN)

    @staticmethod
    def _not_played(games: pd.DataFrame) -> pd.DataFrame:
        is_tonight = games["gameDateEst"].ge(str(DAY))
        return games.assign(gameStatus=games["gameStatus"].mask(is_tonight, 1))

    def test_tonight_is_computed_and_its_results_are_not_due(self, home: Path) -> None:
        at = session(home, EditedSource({ResultSet.SCHEDULE: self._not_played}), now=self.NOON)
        build_range(at, DAY, NEXT)
        tonight = cells(at, DAY)
        for name, table in TABLES.items():
            if table.phase == Phase.PRE_GAME or name in ("raw_schedule", "raw_game_lines"):
                assert tonight[name].status == Status.OK, name
            else:
                assert tonight[name].status == Status.NOT_DUE, name
        assert len(stored(at, "ml_feature_store_v2", DAY)) == 270
        tomorrow = cells(at, NEXT)
        assert {tomorrow[name].status for name in PRE_GAME} == {Status.NOT_DUE}

    def test_not_played_long_after_the_night_is_a_gap(self, home: Path) -> None:
        late = datetime(2021, 11, 9, 12, tzinfo=EASTERN)
        at = session(home, EditedSource({ResultSet.SCHEDULE: self._not_played}), now=late)
        build_range(at, DAY, DAY, tables=REQUIRED_RAW)
        gap = cell(at, "raw_team_boxscores", DAY)
        assert (gap.status, gap.label) == (Status.GAP, "TBOX 0/8")
        assert "not final in the schedule: 0022100139 BKN@TOR" in (gap.reason or "")

    def test_a_date_of_which_the_source_has_no_schedule_is_a_gap(self, tmp_path: Path) -> None:
        at = session(tmp_path)
        [built] = materialize(at, "raw_schedule", [date(2015, 11, 1)], RunInfo())
        assert built.outcome.status == Status.GAP
        assert (built.outcome.reason or "").startswith("the source 'files' has no schedule that covers 2015-11-01; ")
        mixed = materialize(at, "raw_schedule", [date(2020, 12, 25), OPENING_NIGHT], RunInfo())
        assert [result.outcome.status for result in mixed] == [Status.GAP, Status.OK]


class TestProductionReadiness:
    """tables.md: what makes a row production-ready, and the share of them in the ledger."""

    def test_the_ledger_holds_the_share_of_the_rows(self) -> None:
        at = session(healthy(BEFORE))
        for table in ("player_daily_cache", "ml_feature_store_v2"):
            attempt = cell(at, table, BEFORE).published
            assert attempt is not None
            rows = stored(at, table, BEFORE)
            assert attempt.production_ready_share == pytest.approx(rows["is_production_ready"].mean())
            assert 0 < attempt.production_ready_share <= 1
        assert cell(at, "player_composite_factors", BEFORE).published.production_ready_share is None  # type: ignore[union-attr]
        early = cell(at, "ml_feature_store_v2", OPENING_NIGHT).published
        assert early is not None
        assert early.production_ready_share is None, "of no rows there is no share"

    def test_the_cache_is_ready_with_all_games_loaded_and_zones_known(self) -> None:
        rows = stored(session(healthy(BEFORE)), "player_daily_cache", BEFORE)
        ready = rows["games_loaded"].eq(rows["games_expected"]) & rows["shot_zone_data_available"]
        assert rows["is_production_ready"].equals(ready)
        assert rows.loc[~ready, "insufficient_data_reason"].notna().all()
        assert rows.loc[ready, "insufficient_data_reason"].isna().all()

    def test_a_feature_row_is_ready_with_every_critical_feature_and_game(self) -> None:
        rows = stored(session(healthy(BEFORE)), "ml_feature_store_v2", BEFORE)
        has_critical = rows[list(FEATURES.critical)].notna().all(axis=1)
        lacks_games = rows["data_quality_issues"].map(lambda codes: "GAMES_NOT_LOADED" in codes)
        assert rows["is_production_ready"].equals(has_critical & ~lacks_games)
        assert 0 < rows["is_production_ready"].sum() < len(rows)
        assert len(FEATURES.critical) == 13
