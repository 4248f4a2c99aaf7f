"""What a source said of a date, in short: the same for the same rows, another for others, and quickly compared."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from nba_assets.schema.table import Table
from nba_assets.sources.base import OF_NO_DATE, ResultSet, conform
from nba_assets.sources.files import FilesSource
from nba_assets.sources.fingerprints import CHANGED_MEANWHILE, SourceFingerprints, differences, marks_of
from nba_assets.tables import RAW, TABLES
from nba_assets_tests.engine.warehouses import EditedSource, files
from nba_assets_tests.faults.season_frames import SEASON, as_directory, real_frames

DAY, GAME, NEXT_GAME = date(2021, 11, 8), "0022100147", "0022100155"
PLAYERS, SCHEDULE, SHOTS = ResultSet.PLAYER_LOG, ResultSet.SCHEDULE, ResultSet.SHOTS
ABSENT = OF_NO_DATE | {ResultSet.PLAY_BY_PLAY}
"""What the real files do not have."""


@pytest.mark.parametrize("result_set", [one for one in ResultSet if one not in ABSENT])
def test_order_and_types_do_not_matter_and_every_value_does(result_set: ResultSet) -> None:
    frame = real_frames()[result_set].head(400)
    marks = marks_of(result_set, frame)
    assert marks_of(result_set, frame.sample(frac=1, random_state=1)) == marks
    again = conform(frame.astype(object).where(frame.notna(), None), result_set, origin="again", season=SEASON)
    assert marks_of(result_set, again) == marks
    assert marks_of(result_set, frame.iloc[1:]) != marks
    assert marks_of(result_set, pd.concat([frame, frame.iloc[:1]])) == marks, "a row that is there twice is no news"
    for column in frame.columns:
        if column in ("gameLabel", "seasonYear"):
            continue
        two = frame.copy()
        first = two[column].notna().idxmax()
        others = two.loc[two[column].notna() & two[column].ne(two[column][first]), column]
        if others.empty:
            continue
        two.loc[first, column] = others.iloc[0]
        assert marks_of(result_set, two) != marks, column


def test_of_a_game_that_is_on_only_what_tables_are_made_of_counts() -> None:
    schedule = real_frames()[SCHEDULE].head(20).assign(gameStatus=1)
    marks = marks_of(SCHEDULE, schedule)
    on = schedule.assign(gameStatus=2, homeTeam_score=12, awayTeam_score=7, gameLabel="tonight")
    assert marks_of(SCHEDULE, on.astype(schedule.dtypes)) == marks
    assert marks_of(SCHEDULE, schedule.assign(gameStatus=3)) != marks


def test_what_has_changed_is_named_by_result_set_and_game() -> None:
    before = '{"boxscore_players":{"1":"2:aa","2":"2:bb"},"inactive_players":{"1":"1:cc"}}'
    now = '{"boxscore_players":{"1":"2:ab","3":"2:dd"},"leaguegamelog_player":{"1":"9:ee"}}'
    assert differences(before, before) is None
    assert differences(before, now) == "boxscore_players of 1, 2, 3; leaguegamelog_player of 1"
    evidence = differences(before, now, [ResultSet.INACTIVES, PLAYERS])
    assert evidence == "boxscore_players of 1, 2, 3"
    stray = '{"boxscore_players":{"1":"2:aa","2":"2:bb"},"leaguegamelog_player":{"1":"9:ee","7":"9:ff"}}'
    assert differences(before, stray, [PLAYERS]) == "leaguegamelog_player of 7", "a game that nobody else knows"
    gone = '{"boxscore_players":{"1":"2:aa","2":"2:bb"}}'
    assert differences(before, gone) is None, "a file that is not there says nothing"
    for damaged in ("?", "[]", '{"a":1}'):
        assert differences(damaged, now) == "what was recorded cannot be read"


Edit = Callable[[pd.DataFrame], pd.DataFrame]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    frames = real_frames()
    schedule = frames[SCHEDULE]
    # Links would all change together.
    folder = as_directory(frames | {SCHEDULE: schedule.copy()}, tmp_path / "data") / SEASON
    for path in folder.iterdir():
        if path.is_symlink():
            target = path.resolve()
            path.unlink()
            shutil.copy(target, path)
    return folder.parent


def _write(directory: Path, result_set: ResultSet, edit: Edit) -> Path:
    path = directory / SEASON / f"{result_set}.parquet"
    edit(pd.read_parquet(path)).to_parquet(path, index=False)
    return path


def _all(directory: Path, home: Path, day: date = DAY) -> dict[str, str]:
    """The fingerprint of every raw table, by a process that starts now."""
    season = SourceFingerprints(FilesSource(directory), home).season(SEASON)
    assert season is not None
    return {name: season.fingerprint(_of(TABLES[name]), day) for name in RAW}


def _of(table: Table) -> tuple[ResultSet, ...]:
    return table.asked_for


def _one_more(game: str, column: str) -> Edit:
    def change(frame: pd.DataFrame) -> pd.DataFrame:
        first = frame.index[frame["GAME_ID"].eq(game)][0]
        return frame.assign(**{column: frame[column].where(frame.index != first, frame[column] + 1)})

    return change


def test_exactly_the_tables_and_dates_that_a_file_concerns_change(directory: Path, tmp_path: Path) -> None:
    before, others = _all(directory, tmp_path / "home"), _all(directory, tmp_path / "home", date(2021, 11, 9))
    _write(directory, PLAYERS, _one_more(GAME, "STL"))
    after = _all(directory, tmp_path / "home")
    changed = {name for name in RAW if after[name] != before[name]}
    assert changed == {name for name in RAW if PLAYERS in _of(TABLES[name])}
    assert _all(directory, tmp_path / "home", date(2021, 11, 9)) == others
    rows_alone = {name for name in RAW if differences(before[name], after[name], TABLES[name].evidence) is not None}
    assert rows_alone == {"raw_player_boxscores"}


def test_the_same_size_and_number_of_rows_does_not_hide_a_change(directory: Path, tmp_path: Path) -> None:
    path = _write(directory, PLAYERS, lambda frame: frame)
    before, size = _all(directory, tmp_path), path.stat()
    _write(directory, PLAYERS, _one_more(GAME, "STL"))
    os.utime(path, ns=(size.st_atime_ns, size.st_mtime_ns))  # even with the old time stamp
    assert _all(directory, tmp_path) != before


def test_a_file_that_was_only_copied_or_touched_says_the_same(directory: Path, tmp_path: Path) -> None:
    before = _all(directory, tmp_path)
    for path in list((directory / SEASON).iterdir()):
        shutil.copy(path, tmp_path / path.name)
        path.unlink()
        shutil.copy(tmp_path / path.name, path)
    assert _all(directory, tmp_path) == before


def test_unchanged_files_are_not_read_again(directory: Path, tmp_path: Path) -> None:
    before = _all(directory, tmp_path / "home")
    reader = FilesSource(directory)
    season = SourceFingerprints(reader, tmp_path / "home").season(SEASON)
    assert season is not None
    assert {name: season.fingerprint(_of(TABLES[name]), DAY) for name in RAW} == before
    assert reader._read == {}, "everything was remembered"
    _write(directory, PLAYERS, _one_more(GAME, "STL"))
    assert SourceFingerprints(reader, tmp_path / "home").season(SEASON) is not None
    assert [path.stem for path in reader._read] == [PLAYERS]


@pytest.mark.parametrize("text", ["", "[]", "{", '{"leaguegamelog_player": 3}'])
def test_a_damaged_memory_is_done_without(directory: Path, tmp_path: Path, text: str) -> None:
    before = _all(directory, tmp_path / "home")
    (tmp_path / "home" / f"{SEASON}.json").write_text(text)
    assert _all(directory, tmp_path / "home") == before


def test_no_place_for_a_memory_is_no_reason_to_fail(directory: Path, tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file where a directory should be")
    assert _all(directory, tmp_path / "home") == _all(directory, tmp_path / "elsewhere")


def test_a_file_that_cannot_be_read_is_not_compared(directory: Path, tmp_path: Path) -> None:
    before = _all(directory, tmp_path)
    (directory / SEASON / f"{SHOTS}.parquet").write_text("half a file")
    after = _all(directory, tmp_path)
    assert all(differences(before[name], after[name]) is None for name in RAW)


def test_a_file_that_changed_while_it_was_read_equals_nothing(directory: Path, tmp_path: Path) -> None:
    source = FilesSource(directory)
    fingerprints = SourceFingerprints(source, tmp_path)
    wanted = _of(TABLES["raw_player_boxscores"])
    read = {(one, SEASON): version for one in wanted if (version := source.version(one, SEASON)) is not None}
    said = fingerprints.of(wanted, [DAY], read)[DAY]
    assert GAME in said
    _write(directory, PLAYERS, _one_more(GAME, "STL"))
    assert fingerprints.of(wanted, [DAY], read) == {DAY: CHANGED_MEANWHILE}
    assert differences(CHANGED_MEANWHILE, said) is not None


def test_a_source_that_cannot_tell_and_a_season_without_a_schedule_are_not_compared(tmp_path: Path) -> None:
    assert SourceFingerprints(EditedSource({}), tmp_path).season(SEASON) is None
    assert SourceFingerprints(files(), tmp_path).season("1999-00") is None


def test_a_game_that_moves_changes_both_of_its_dates(directory: Path, tmp_path: Path) -> None:
    days = DAY, date(2021, 11, 9), date(2021, 11, 10)
    before = [_all(directory, tmp_path, day) for day in days]

    def move(column: str, text: str) -> Edit:
        def change(frame: pd.DataFrame) -> pd.DataFrame:
            game = "gameId" if "gameId" in frame else "GAME_ID"
            return frame.assign(**{column: frame[column].where(frame[game] != GAME, text)})

        return change

    for result_set in (ResultSet.TEAM_LOG, PLAYERS):
        _write(directory, result_set, move("GAME_DATE", "2021-11-09"))
    _write(directory, SCHEDULE, move("gameDateEst", "2021-11-09"))
    after = [_all(directory, tmp_path, day) for day in days]
    for name in ("raw_schedule", "raw_team_boxscores", "raw_player_boxscores"):
        assert [before[n][name] != after[n][name] for n in range(3)] == [True, True, False], name


def test_who_was_born_when_is_of_all_dates_and_without_it_nothing_is_said(directory: Path, tmp_path: Path) -> None:
    sets, days = TABLES["raw_player_boxscores"].result_sets, [DAY, date(2022, 1, 5)]
    fingerprints = SourceFingerprints(FilesSource(directory), tmp_path / "memory")
    before = fingerprints.of(sets, days, {})
    assert not any("commonteamroster" in said for said in before.values())
    rosters = pd.DataFrame({"TeamID": [1, 1], "PLAYER": ["A", "B"], "PLAYER_ID": [7, 8], "BIRTH_DATE": "JAN 20, 1999"})
    rosters.to_parquet(directory / SEASON / "commonteamroster.parquet")
    now = fingerprints.of(sets, days, {})
    assert {differences(before[day], now[day]) for day in days} == {"commonteamroster of season"}
    rosters.assign(BIRTH_DATE="JAN 21, 1999").to_parquet(directory / SEASON / "commonteamroster.parquet")
    assert differences(now[DAY], fingerprints.of(sets, days, {})[DAY]) == "commonteamroster of season"
    rosters.to_parquet(directory / SEASON / "commonteamroster.parquet")
    assert fingerprints.of(sets, days, {}) == now
