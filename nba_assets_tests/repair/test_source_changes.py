"""Files that change behind a warehouse: exactly what is made of them is STALE, and a repair heals it unasked."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from nba_assets.engine.materialize import RunInfo, materialize
from nba_assets.engine.refetch import request_refetch
from nba_assets.engine.run_options import RunOptions
from nba_assets.partition import Cause, Partition, Status
from nba_assets.planning.load import load_state
from nba_assets.planning.repair import repairable
from nba_assets.session import Session
from nba_assets.sources.base import ResultSet
from nba_assets.sources.files import FilesSource
from nba_assets.tables import RAW, TABLES
from nba_assets.warehouse.corrections import CORRECTIONS, Correction, corrections_of
from nba_assets_tests.engine.warehouses import OPENING_NIGHT, build_range, cell, copy_of, session, stored
from nba_assets_tests.needs import real_data
from nba_assets_tests.repair.season import days_from, repair

SEASON = "2021-22"
LAST = date(2021, 11, 10)
DAYS = days_from(OPENING_NIGHT, LAST)
DAY, GAME = date(2021, 11, 8), "0022100147"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home and its data, which nobody writes to."""
    folder = tmp_path_factory.mktemp("built")
    _data(folder)
    build_range(session(folder, FilesSource(folder / "data")), OPENING_NIGHT, LAST)
    return folder


def _data(folder: Path) -> None:
    shutil.copytree(real_data() / SEASON, folder / "data" / SEASON)


@pytest.fixture
def home(built: Path, tmp_path: Path) -> Path:
    _data(tmp_path)
    return copy_of(built, tmp_path)


def _now(home: Path) -> Session:
    return session(home, FilesSource(home / "data"))


def _edit(home: Path, result_set: ResultSet, where: dict[str, object], **values: object) -> None:
    path = home / "data" / SEASON / f"{result_set}.parquet"
    frame = pd.read_parquet(path)
    is_it = pd.Series(data=True, index=frame.index)
    for column, value in where.items():
        is_it &= frame[column].map(value).astype(bool) if callable(value) else frame[column].eq(value)
    first = frame.index[is_it][0]
    for column, value in values.items():
        frame.loc[first, column] = value(frame.loc[first, column]) if callable(value) else value
    frame.to_parquet(path, index=False)


def _stale(at: Session) -> dict[Partition, str | None]:
    """The partitions that are STALE of themselves."""
    state = load_state(at, DAYS[0], DAYS[-1])
    cells = [state.cell(name, day) for name in TABLES for day in DAYS]
    return {
        c.partition: c.reason
        for c in cells
        if c.status == Status.STALE and c.findings and c.findings[0].cause is Cause.SOURCE_CHANGED
    }


def test_copies_of_the_same_files_are_no_news(home: Path) -> None:
    state = load_state(_now(home), DAYS[0], DAYS[-1])
    assert not [c for name in TABLES for day in DAYS if (c := state.cell(name, day)).status == Status.STALE]
    assert repairable(_now(home)) == []


@pytest.mark.parametrize(
    ("result_set", "where", "values", "stale"),
    [
        (ResultSet.PLAYER_LOG, {"GAME_ID": GAME}, {"STL": lambda n: n + 1}, {("raw_player_boxscores", DAY)}),
        (ResultSet.BOX_SCORES, {"gameId": GAME, "comment": ""}, {"comment": "x"}, {("raw_player_boxscores", DAY)}),
        (ResultSet.INACTIVES, {"GAME_ID": GAME}, {"PLAYER_NAME": "Somebody Else"}, {("raw_player_boxscores", DAY)}),
        (ResultSet.TEAM_LOG, {"GAME_ID": GAME}, {"STL": lambda n: n + 1}, {("raw_team_boxscores", DAY)}),
        (ResultSet.SHOTS, {"GAME_ID": GAME}, {"LOC_X": lambda n: n + 1}, {("raw_shots", DAY)}),
        (ResultSet.GAME_LINES, {"gameId": GAME}, {"total": 200.5}, {("raw_game_lines", DAY)}),
        (
            ResultSet.INJURY_REPORTS,
            {"reportDate": "2021-11-08"},
            {"playerReason": "another reason"},
            {("raw_injury_reports", DAY)},
        ),
        (ResultSet.SCHEDULE, {"gameId": GAME}, {"arenaName": "elsewhere"}, {("raw_schedule", DAY)}),
    ],
    ids=lambda value: str(value) if isinstance(value, ResultSet) else "",
)
def test_one_changed_value_makes_exactly_its_partition_stale(
    home: Path, result_set: ResultSet, where: dict[str, object], values: dict[str, object], stale: set[tuple[str, date]]
) -> None:
    _edit(home, result_set, where, **values)
    found = _stale(_now(home))
    assert {(p.table, p.day) for p in found} == stale
    [reason] = found.values()
    assert (reason or "").startswith(f"the source has changed: {result_set} of ")
    assert {c.partition for c in repairable(_now(home))} >= set(found), "the sensor sees it as well"


def test_a_repair_that_knows_no_date_heals_a_correction(home: Path) -> None:
    """Two points move from one player to another."""
    before = stored(_now(home), "player_game_summary", DAY).set_index(["game_id", "player_id"])["points"]
    log = pd.read_parquet(home / "data" / SEASON / f"{ResultSet.PLAYER_LOG}.parquet")
    of_game = log[log["GAME_ID"].eq(GAME)]
    of_team = of_game[of_game["TEAM_ID"].eq(of_game["TEAM_ID"].iloc[0])]
    gives, takes = of_team.sort_values("FGM")["PLAYER_ID"].tolist()[-2:]
    for player, by in ((gives, -1), (takes, 1)):
        where = {"GAME_ID": GAME, "PLAYER_ID": player}
        more = {name: lambda n, k=by * size: n + k for name, size in (("PTS", 2), ("FGM", 1), ("FGA", 1))}
        _edit(home, ResultSet.PLAYER_LOG, where, **more)
    built = repair(_now(home), DAYS)
    now = _now(home)
    assert {b.outcome.partition for b in built if b.outcome.partition.table in RAW} == {
        Partition("raw_player_boxscores", DAY)
    }
    points = stored(now, "player_game_summary", DAY).set_index(["game_id", "player_id"])["points"]
    changed = points[points != before]
    assert changed.to_dict() == {
        (GAME, gives): before[GAME, gives] - 2,
        (GAME, takes): before[GAME, takes] + 2,
    }
    assert _stale(now) == {}
    assert repair(_now(home), DAYS) == []
    [correction] = _corrections(home)
    assert correction.partition == Partition("raw_player_boxscores", DAY)
    assert (correction.cells, correction.rows_added, correction.rows_removed) == (6, 0, 0)
    assert correction.games == (GAME,)
    changed_cells = {(c.column, int(c.after or 0) - int(c.before or 0), c.size) for c in correction.largest}
    assert changed_cells == {
        (column, by * size, size) for column, size in (("points", 2), ("fgm", 1), ("fga", 1)) for by in (-1, 1)
    }
    assert [c.size for c in correction.largest] == [2, 2, 1, 1, 1, 1], "the largest first"


@pytest.mark.long
def test_what_arrives_late_or_is_read_anew_corrects_nothing(home: Path) -> None:
    """A game without its box score is forced, comes, and is computed again without anything new."""
    path = home / "data" / SEASON / f"{ResultSet.SHOTS}.parquet"
    whole = pd.read_parquet(path)
    whole[whole["GAME_ID"].ne(GAME)].to_parquet(path, index=False)
    repair(_now(home), DAYS)
    assert cell(_now(home), "raw_shots", DAY).status == Status.DEGRADED
    assert _corrections(home)[0].rows_removed > 100, "what is taken away is"
    whole.to_parquet(path, index=False)
    repair(_now(home), DAYS)
    assert cell(_now(home), "raw_shots", DAY).status == Status.OK
    materialize(_now(home), "raw_shots", [DAY], RunInfo(options=RunOptions(rewrite=True)))
    assert len(_corrections(home)) == 1


def test_of_many_changed_cells_the_ten_largest_are_kept(home: Path) -> None:
    path = home / "data" / SEASON / f"{ResultSet.SHOTS}.parquet"
    shots = pd.read_parquet(path)
    of_game = shots["GAME_ID"].eq(GAME)
    shots.loc[of_game, "LOC_X"] += range(1, of_game.sum() + 1)
    shots.to_parquet(path, index=False)
    repair(_now(home), DAYS)
    [correction] = _corrections(home)
    assert correction.cells >= of_game.sum(), "and their distances"
    sizes = [c.size for c in correction.largest if c.column == "loc_x"]
    assert len(correction.largest) == 10
    assert sizes == sorted(range(of_game.sum() - len(sizes) + 1, of_game.sum() + 1), reverse=True)
    assert "event_id" in correction.largest[0].entity


def test_a_repair_of_altered_rows_is_not_said_by_the_source(home: Path) -> None:
    """Rows of one game were altered by hand, and another game of the date is corrected."""
    other = stored(_now(home), "raw_player_boxscores", DAY).query("game_id != @GAME")["game_id"].iloc[0]
    with duckdb.connect(str(home / "warehouse.duckdb")) as connection:
        connection.execute("UPDATE nba_raw.raw_player_boxscores SET points = points + 10 WHERE game_id = ?", [other])
    _edit(home, ResultSet.BOX_SCORES, {"gameId": GAME, "comment": lambda text: text != ""}, comment="REST")
    repair(_now(home), DAYS)
    [correction] = _corrections(home)
    assert (correction.games, [cell.column for cell in correction.largest]) == ((GAME,), ["dnp_reason"])
    restored = stored(_now(home), "raw_player_boxscores", DAY).query("game_id == @other")["points"].max()
    assert restored < 60


def _corrections(home: Path) -> list[Correction]:
    return corrections_of(_now(home).warehouse.read_relation(CORRECTIONS))


def test_a_gap_is_repaired_once_the_file_is_whole(home: Path) -> None:
    path = home / "data" / SEASON / f"{ResultSet.TEAM_LOG}.parquet"
    whole = pd.read_parquet(path)
    whole[whole["GAME_ID"].ne(GAME)].to_parquet(path, index=False)
    at = _now(home)
    repair(at, DAYS)
    assert cell(at, "raw_team_boxscores", DAY).status == Status.GAP
    waiting = session(home, FilesSource(home / "data"))
    assert Partition("raw_team_boxscores", DAY) not in {c.partition for c in repairable(waiting)}
    whole.to_parquet(path, index=False)
    assert Partition("raw_team_boxscores", DAY) in {c.partition for c in repairable(_now(home))}
    repair(_now(home), DAYS)
    assert cell(_now(home), "raw_team_boxscores", DAY).status == Status.OK


def test_a_verdict_that_rested_on_other_facts_is_given_again_when_they_change(home: Path) -> None:
    """The schedule is doubted because of the log; nothing but the log is corrected."""
    right = pd.read_parquet(home / "data" / SEASON / f"{ResultSet.TEAM_LOG}.parquet")
    _edit(home, ResultSet.TEAM_LOG, {"GAME_ID": GAME}, PTS=lambda n: n + 1)
    request_refetch(_now(home), [DAY])
    repair(_now(home), DAYS)
    assert cell(_now(home), "raw_schedule", DAY).status == Status.DEGRADED
    right.to_parquet(home / "data" / SEASON / f"{ResultSet.TEAM_LOG}.parquet", index=False)
    assert cell(_now(home), "raw_schedule", DAY).status == Status.STALE
    repair(_now(home), DAYS)
    assert cell(_now(home), "raw_schedule", DAY).status == Status.OK


def test_a_refresh_reads_what_the_date_takes_from_the_day_before(home: Path) -> None:
    """The report of the evening before came late: without it four cells of the date were wrong, and green."""
    at = _now(home)
    eve = DAY - timedelta(days=1)
    report = Partition("raw_injury_reports", eve)
    assert report in request_refetch(at, [DAY])
    assert cell(at, report.table, eve).status == Status.STALE
    assert cell(at, report.table, eve - timedelta(days=1)).status != Status.STALE
    materialize(at, report.table, [eve], RunInfo())
    assert cell(at, report.table, eve).status == Status.OK


def test_a_ledger_without_fingerprints_compares_nothing(home: Path) -> None:
    with duckdb.connect(str(home / "warehouse.duckdb")) as connection:
        connection.execute("UPDATE nba_processing.processor_runs SET source_fingerprint = NULL")
    _edit(home, ResultSet.PLAYER_LOG, {"GAME_ID": GAME}, STL=lambda n: n + 1)
    assert _stale(_now(home)) == {}
