"""Gaps that are accepted as they are: by a person or a policy, once nobody waits for them; and taken back."""

from __future__ import annotations

import getpass
import json
from datetime import date, datetime
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest
from typer.testing import Result

from nba_assets.engine.run_options import RunOptions
from nba_assets.engine.unaccept import unaccept
from nba_assets.league.calendar import EASTERN
from nba_assets.overview.matrix import matrix
from nba_assets.overview.terminal import accepted_gaps as accepted_line
from nba_assets.overview.terminal import cell_text
from nba_assets.partition import Status
from nba_assets.planning.acceptance import accepted_gaps
from nba_assets.planning.repair import repairable
from nba_assets.session import Session
from nba_assets.sources.base import ResultSet, SourceError
from nba_assets.sources.parquet import read_parquet
from nba_assets.tables import TABLES
from nba_assets_tests.cli.command import nba_assets
from nba_assets_tests.engine.warehouses import (
    KNOWN_AFTER,
    KNOWN_BEFORE,
    Edit,
    EditedSource,
    build_range,
    cell,
    copy_of,
    healthy,
    session,
)
from nba_assets_tests.needs import real_data

BEFORE, DAY, NEXT = date(2021, 11, 6), date(2021, 11, 7), date(2021, 11, 8)
GAME, OTHER_GAME = "0022100139", "0022100140"
ROOT = "raw_team_boxscores"
ACCEPT = RunOptions(accept_gaps=True, forced_by="ada")
_WITH_BOX_SCORES = (ResultSet.TEAM_LOG, ResultSet.PLAYER_LOG, ResultSet.BOX_SCORES, ResultSet.INACTIVES)


def _lacking(*games: str) -> EditedSource:
    def without(frame: pd.DataFrame) -> pd.DataFrame:
        column = "GAME_ID" if "GAME_ID" in frame else "gameId"
        return frame[~frame[column].isin(games)]

    return EditedSource(dict.fromkeys(_WITH_BOX_SCORES, without))


def _night(home: Path, options: RunOptions | None = None, *, only_root: bool = False, **settings: object) -> Session:
    """The night without one of its games, on a warehouse that is healthy up to the day before."""
    at = session(copy_of(healthy(BEFORE), home), _lacking(GAME), **settings)
    build_range(at, DAY, DAY, tables=["raw_schedule", ROOT] if only_root else TABLES, options=options)
    return at


@pytest.fixture(scope="module")
def accepted(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """Accepted by ada, and the next day built."""
    at = _night(tmp_path_factory.mktemp("accepted"), ACCEPT)
    build_range(at, NEXT, NEXT, tables=KNOWN_BEFORE)
    return at


def _copied(at: Session, home: Path, source: EditedSource | None = None, **settings: object) -> Session:
    return session(copy_of(at.settings.home, home), source or _lacking(GAME), **settings)


def _contents(at: Session) -> dict[tuple[str, date], tuple[object, ...]]:
    ledger = at.warehouse.ledger(DAY, NEXT)
    columns = [ledger[name] for name in ("table_name", "partition_date", "content_hash", "rows", "status", "complete")]
    return {(table, day.date()): tuple(rest) for table, day, *rest in zip(*columns, strict=True)}


def test_what_is_published_is_what_force_publishes_and_the_ledger_says_who(accepted: Session, tmp_path: Path) -> None:
    forced = _night(tmp_path, RunOptions(force=True, forced_by="ada"))
    build_range(forced, NEXT, NEXT, tables=KNOWN_BEFORE)
    assert _contents(accepted) == _contents(forced)
    gap = cell(accepted, ROOT, DAY)
    assert (gap.status, gap.accepted_by, gap.rows) == (Status.DEGRADED, "ada", 14)
    games = f"7/8 games (14/16 complete, 16 required); {GAME} BKN@TOR: no box score"
    assert gap.reason == f"accepted as it is by ada: {games}"
    assert cell(forced, ROOT, DAY).accepted_by == "ada", "a forced gap is an accepted one"


def test_only_windows_with_the_game_are_degraded(accepted: Session) -> None:
    assert cell(accepted, "upcoming_team_game_context", NEXT).reason == f"BKN: 1 finished game missing: {GAME} ({DAY})"
    assert cell(accepted, "ml_feature_store_v2", NEXT).status == Status.DEGRADED
    assert cell(accepted, "raw_player_boxscores", DAY).accepted_by is None, "what follows is not accepted once more"


@pytest.mark.parametrize(("today", "status"), [(date(2021, 11, 21), Status.GAP), (date(2021, 11, 22), Status.DEGRADED)])
def test_nothing_is_accepted_before_the_late_limit_has_passed(tmp_path: Path, today: date, status: Status) -> None:
    at = _night(tmp_path, ACCEPT, only_root=True, now=datetime(today.year, today.month, today.day, 12, tzinfo=EASTERN))
    assert cell(at, ROOT, DAY).status == status


@pytest.mark.parametrize(
    ("days", "today", "status"),
    [
        (20, date(2021, 11, 27), Status.GAP),
        (20, date(2021, 11, 28), Status.DEGRADED),
        (0, date(2021, 11, 21), Status.GAP),
        (0, date(2021, 11, 22), Status.DEGRADED),
    ],
)
def test_a_policy_accepts_by_itself_but_never_before_the_late_limit(
    tmp_path: Path, days: int, today: date, status: Status
) -> None:
    policy = {"*": {"accept_gap_after_days": days}}
    at = _night(
        tmp_path, only_root=True, now=datetime(today.year, today.month, today.day, 12, tzinfo=EASTERN), policy=policy
    )
    found = cell(at, ROOT, DAY)
    assert found.status == status
    assert found.accepted_by == (f"the policy accept_gap_after_days = {days}" if status == Status.DEGRADED else None)


@pytest.mark.long
def test_the_sensor_repairs_what_a_policy_accepts_by_now(tmp_path: Path) -> None:
    at = _night(tmp_path)
    assert (cell(at, ROOT, DAY).status, repairable(at)) == (Status.GAP, [])
    willing = session(tmp_path, _lacking(GAME), policy={ROOT: {"accept_gap_after_days": 30}})
    assert f"{ROOT} {DAY}" in {str(found.partition) for found in repairable(willing)}
    build_range(willing, DAY, DAY, tables=KNOWN_AFTER)
    assert cell(willing, ROOT, DAY).accepted_by == "the policy accept_gap_after_days = 30"
    assert cell(willing, "player_game_summary", DAY).status == Status.DEGRADED
    assert repairable(willing) == []


def test_a_policy_makes_nothing_stale(tmp_path: Path) -> None:
    at = session(copy_of(healthy(BEFORE), tmp_path), policy={"*": {"accept_gap_after_days": 30}})
    assert {cell(at, name, BEFORE).status for name in TABLES} == {Status.OK}


def _other_winner(frame: pd.DataFrame) -> pd.DataFrame:
    """Both teams of the game have won it."""
    return frame.assign(WL=frame["WL"].where(frame["GAME_ID"] != GAME, "W"))


@pytest.mark.parametrize("options", [ACCEPT, None], ids=["by a person", "by the policy"])
def test_what_contradicts_itself_is_not_accepted(tmp_path: Path, options: RunOptions | None) -> None:
    edits: dict[ResultSet, Edit] = {ResultSet.TEAM_LOG: _other_winner}
    policy = {"*": {"accept_gap_after_days": 1}}
    at = session(copy_of(healthy(BEFORE), tmp_path), EditedSource(edits), policy=policy)
    build_range(at, DAY, DAY, tables=["raw_schedule", ROOT], options=options)
    found = cell(at, ROOT, DAY)
    assert (found.status, found.accepted_by) == (Status.GAP, None)
    assert "points against" in (found.reason or "")


def _broken(_: pd.DataFrame) -> pd.DataFrame:
    raise SourceError("the file is damaged")


@pytest.mark.parametrize("options", [ACCEPT, None], ids=["by a person", "by the policy"])
def test_an_error_is_not_accepted(tmp_path: Path, options: RunOptions | None) -> None:
    policy = {"*": {"accept_gap_after_days": 1}}
    at = session(copy_of(healthy(BEFORE), tmp_path), EditedSource({ResultSet.TEAM_LOG: _broken}), policy=policy)
    build_range(at, DAY, DAY, tables=["raw_schedule", ROOT], options=options)
    assert cell(at, ROOT, DAY).status == Status.ERROR


def test_where_nothing_at_all_is_there_only_a_person_accepts_it(tmp_path: Path) -> None:
    nothing: dict[ResultSet, Edit] = {ResultSet.TEAM_LOG: lambda frame: frame[frame["GAME_DATE"] != f"{DAY}"]}
    at = session(copy_of(healthy(BEFORE), tmp_path), EditedSource(nothing), policy={"*": {"accept_gap_after_days": 1}})
    build_range(at, DAY, DAY, tables=["raw_schedule", ROOT])
    assert cell(at, ROOT, DAY).status == Status.GAP
    assert ROOT not in {found.partition.table for found in repairable(at)}
    build_range(at, DAY, DAY, tables=[ROOT], options=ACCEPT)
    assert (cell(at, ROOT, DAY).status, cell(at, ROOT, DAY).rows) == (Status.DEGRADED, 0)


def test_it_stays_accepted_when_it_is_built_again_but_no_more_than_it_lacked(accepted: Session, tmp_path: Path) -> None:
    at = _copied(accepted, tmp_path)
    build_range(at, DAY, DAY, tables=KNOWN_AFTER)
    assert cell(at, ROOT, DAY).accepted_by == "ada"
    worse = session(tmp_path, _lacking(GAME, OTHER_GAME))
    build_range(worse, DAY, DAY, tables=[ROOT])
    found = cell(worse, ROOT, DAY)
    assert (found.status, found.accepted_by, found.rows) == (Status.GAP, None, 14), "the rows that stand stay"
    build_range(at, DAY, DAY, tables=[ROOT])
    assert cell(at, ROOT, DAY).accepted_by == "ada", "what had been accepted, and nothing else, is missing again"


def test_the_game_arrives_and_all_is_as_if_it_had_never_been_missing(accepted: Session, tmp_path: Path) -> None:
    healed = _copied(accepted, tmp_path, EditedSource({}))
    build_range(healed, DAY, DAY, tables=KNOWN_AFTER)
    build_range(healed, NEXT, NEXT, tables=KNOWN_BEFORE)
    assert accepted_gaps(healed) == []
    straight = _contents(session(healthy(NEXT)))
    assert {key: straight[key] for key in _contents(healed)} == _contents(healed)


class TestTakenBack:
    """A gap that is no longer accepted."""

    @pytest.fixture
    def taken_back(self, accepted: Session, tmp_path: Path) -> Session:
        at = _copied(accepted, tmp_path, policy={"*": {"accept_gap_after_days": 30}})
        unaccept(at, accepted_gaps(at), by="grace")
        return at

    def test_it_is_red_its_rows_stand_and_what_comes_next_waits(self, taken_back: Session) -> None:
        found = cell(taken_back, ROOT, DAY)
        assert (found.status, found.accepted_by, found.rows, found.label) == (Status.GAP, None, 14, "TBOX 7/8")
        assert (found.reason or "").startswith("no longer accepted as it is, by grace; 7/8 games")
        assert accepted_gaps(taken_back) == []
        night = [cell(taken_back, name, DAY) for name in ("raw_player_boxscores", "team_offense_game_summary")]
        assert {(of_night.status, of_night.root) for of_night in night} == {(Status.BLOCKED, found.partition)}
        assert cell(taken_back, "ml_feature_store_v2", NEXT).status == Status.DEGRADED, "what is published stands"
        day_after = date(2021, 11, 9)
        build_range(taken_back, day_after, day_after, tables=KNOWN_BEFORE)
        later = cell(taken_back, "upcoming_team_game_context", day_after)
        assert (later.status, later.root) == (Status.BLOCKED, found.partition)

    def test_no_policy_accepts_it_again_only_a_person(self, taken_back: Session) -> None:
        assert repairable(taken_back) == []
        for _ in range(2):
            build_range(taken_back, DAY, DAY, tables=[ROOT])
            assert cell(taken_back, ROOT, DAY).status == Status.GAP
        build_range(taken_back, DAY, DAY, tables=[ROOT], options=RunOptions(accept_gaps=True, forced_by="lin"))
        assert cell(taken_back, ROOT, DAY).accepted_by == "lin"
        before = _contents(taken_back)
        build_range(taken_back, DAY, DAY, tables=KNOWN_AFTER)
        assert _contents(taken_back) == before, "all is as it was"
        assert cell(taken_back, "team_offense_game_summary", DAY).status == Status.DEGRADED

    def test_a_forced_gap_is_taken_back_as_well(self, tmp_path: Path) -> None:
        at = _night(tmp_path, RunOptions(force=True, forced_by="ada"), only_root=True)
        unaccept(at, accepted_gaps(at, [DAY]), by="grace")
        assert cell(at, ROOT, DAY).status == Status.GAP
        assert "published by force" not in (cell(at, ROOT, DAY).reason or "")


def test_the_matrix_counts_and_marks_it(accepted: Session) -> None:
    found = matrix(accepted, DAY, NEXT)
    assert cell_text(found.rows[0].cells[ROOT]) == "14!"
    assert cell_text(found.rows[0].cells["raw_player_boxscores"]).endswith("~")
    assert accepted_line(found) == f"1 gap accepted as it is: {ROOT} {DAY} by ada"


def test_the_standing_check_warns_as_long_as_one_is_accepted(accepted: Session, tmp_path: Path) -> None:
    from nba_assets.orchestration.coverage_asset import ACCEPTANCE_CHECK, coverage_asset
    from nba_assets.orchestration.resources import Pipeline

    def check(at: Session) -> dg.AssetCheckEvaluation:
        pipeline = Pipeline(at, lambda _: None, lambda: None)
        result = dg.materialize([coverage_asset(["team:x"])], resources={"pipeline": pipeline})
        return next(e for e in result.get_asset_check_evaluations() if e.check_name == ACCEPTANCE_CHECK)

    warned = check(accepted)
    assert (warned.passed, warned.severity, warned.metadata["accepted"].value) == (False, dg.AssetCheckSeverity.WARN, 1)
    assert warned.metadata["to take it back"].value == f"nba-assets unaccept {DAY} {DAY}"
    assert check(_copied(accepted, tmp_path, EditedSource({}))).passed is False, "until it is built again"
    healed = session(tmp_path)
    build_range(healed, DAY, DAY, tables=KNOWN_AFTER)
    assert check(healed).passed


class TestCommandLine:
    """The road of a person: the offer, the acceptance, and the way back."""

    @pytest.fixture(scope="class")
    @classmethod
    def files(cls, tmp_path_factory: pytest.TempPathFactory) -> Path:
        """The real season's files without the game."""
        folder = tmp_path_factory.mktemp("files")
        (folder / "2021-22").mkdir()
        for file in (real_data() / "2021-22").iterdir():
            frame = read_parquet(file)
            column = next((name for name in ("GAME_ID", "gameId") if name in frame), None)
            is_whole = column is None or file.name.startswith("schedule")
            (frame if is_whole else frame[frame[column] != GAME]).to_parquet(folder / "2021-22" / file.name)
        return folder

    @pytest.mark.long
    def test_a_blocked_backfill_offers_it_and_it_is_taken_back(self, files: Path, tmp_path: Path) -> None:
        copy_of(healthy(BEFORE), tmp_path)

        def run(*arguments: str, **settings: str) -> Result:
            settings = {"NBA_SOURCE": "files", "NBA_DATA_DIR": str(files), "NBA_NOW": "2024-07-01T12:00"} | settings
            return nba_assets(*arguments, home=tmp_path, **settings)

        days = (str(DAY), str(NEXT))
        blocked = run("backfill", *days, "--quiet")
        assert blocked.exit_code == 1
        offer = f"nba-assets backfill {DAY} {NEXT} --accept-gaps"
        assert blocked.stderr.splitlines()[-1] == f"If what is missing will not come: {offer}"
        planned = run(*offer.split()[1:], "--dry-run", "--format", "json")
        assert planned.exit_code == 0
        assert not {verdict for plan in json.loads(planned.stdout)["plan"] for verdict in plan["dates"]} - {"build"}
        taken = run(*offer.split()[1:], "--format", "json", "--quiet")
        assert taken.exit_code == 0, taken.stderr
        shown = run("coverage", *days, "--format", "json")
        night = json.loads(shown.stdout)["dates"][0]
        assert run("coverage", *days, "--check").exit_code == 1, "DEGRADED is not whole"
        assert run("coverage", *days, "--check", "--allow", "DEGRADED").exit_code == 0
        assert night["accepted"] == 1
        assert night["cells"][ROOT]["accepted_by"] == getpass.getuser()
        back = run("unaccept", *days, "--format", "json")
        assert back.exit_code == 0
        assert [one["table"] for one in json.loads(back.stdout)["taken_back"]] == [ROOT]
        again = run("unaccept", *days)
        assert (again.exit_code, "no gap is accepted in" in again.stderr) == (1, True)
        red = run("backfill", *days, "--quiet")
        assert red.exit_code == 1
        assert red.stderr.splitlines()[-1].endswith(offer)

    def test_a_young_gap_is_offered_nothing_and_not_accepted(self, files: Path, tmp_path: Path) -> None:
        copy_of(healthy(BEFORE), tmp_path)
        young = {"NBA_SOURCE": "files", "NBA_DATA_DIR": str(files), "NBA_NOW": "2021-11-14T12:00"}
        found = nba_assets("backfill", str(DAY), str(DAY), "--accept-gaps", "--quiet", home=tmp_path, **young)
        assert (found.exit_code, "--accept-gaps" in found.stderr) == (1, False)
