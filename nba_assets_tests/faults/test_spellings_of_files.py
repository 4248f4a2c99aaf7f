"""Ids and clocks of a real season's files in other spellings: understood, with the same rows, or refused by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from nba_assets.partition import Status
from nba_assets.sources.base import COLUMNS, GAME_IDS, ResultSet, SourceSchemaError, conform
from nba_assets.sources.files import FilesSource
from nba_assets_tests.engine.warehouses import OPENING_NIGHT, build_range, cell, session
from nba_assets_tests.faults.season_frames import as_directory, real_frames

REPORTS = ResultSet.INJURY_REPORTS
BUILT = ("raw_schedule", "raw_team_boxscores", "raw_game_lines", "raw_player_boxscores", "raw_shots")
IDS = {name: next(c for c in ("gameId", "GAME_ID") if c in COLUMNS[name]) for name in GAME_IDS}
BOX = ResultSet.BOX_SCORES


def _hashes(directory: Path, home: Path) -> dict[str, str | None]:
    home.mkdir()
    at = session(home, FilesSource(directory))
    build_range(at, OPENING_NIGHT, OPENING_NIGHT, tables=BUILT)
    assert {name: cell(at, name, OPENING_NIGHT).status for name in BUILT} == dict.fromkeys(BUILT, Status.OK)
    return {name: row.content_hash for name in BUILT if (row := cell(at, name, OPENING_NIGHT).published)}


@pytest.fixture(scope="module")
def undamaged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str | None]:
    folder = tmp_path_factory.mktemp("undamaged")
    return _hashes(as_directory(real_frames(), folder / "data"), folder / "home")


def _number(ids: pd.Series) -> pd.Series:
    return pd.to_numeric(ids.where(ids.str.fullmatch(r"\d+", na=False))).astype("Int64")


def _floating(ids: pd.Series) -> pd.Series:
    return pd.to_numeric(ids.where(ids.str.fullmatch(r"\d+", na=False))).astype("float64")


@pytest.mark.parametrize(
    "spelt",
    [lambda ids: ids.str.lstrip("0"), lambda ids: ids.str.replace("^0", "", regex=True), _number, _floating],
    ids=["text", "one zero less", "number", "number with NULLs"],
)
def test_ids_without_their_zeros_are_the_same_ids(
    undamaged: dict[str, str | None], tmp_path: Path, spelt: Callable[[pd.Series], pd.Series]
) -> None:
    frames = {
        name: frame.assign(**{IDS[name]: spelt(frame[IDS[name]])}) if name in IDS else frame
        for name, frame in real_frames().items()
    }
    assert _hashes(as_directory(frames, tmp_path / "data"), tmp_path / "home") == undamaged


@pytest.mark.long
@pytest.mark.parametrize(
    ("result_set", "value", "failed"),
    [
        (ResultSet.SCHEDULE, "22200001", "raw_schedule"),
        (ResultSet.SCHEDULE, "0092100001", "raw_schedule"),
        (ResultSet.TEAM_LOG, "game 1", "raw_team_boxscores"),
        (ResultSet.PLAYER_LOG, "002210000", "raw_player_boxscores"),
        (ResultSet.BOX_SCORES, "0022100001.0", "raw_player_boxscores"),
        (ResultSet.INACTIVES, "", "raw_player_boxscores"),
        (ResultSet.SHOTS, "22100001x", "raw_shots"),
    ],
)
def test_an_id_that_is_none_is_an_error_that_shows_it(
    tmp_path: Path, result_set: ResultSet, value: str, failed: str
) -> None:
    """Never "no games"."""
    frames = real_frames()
    ids = frames[result_set][IDS[result_set]].copy()
    ids.iloc[0] = value
    frames[result_set] = frames[result_set].assign(**{IDS[result_set]: ids})
    at = session(tmp_path, FilesSource(as_directory(frames, tmp_path / "data")))
    build_range(at, OPENING_NIGHT, OPENING_NIGHT, tables=BUILT)
    found = cell(at, failed, OPENING_NIGHT)
    assert found.status == Status.ERROR
    assert f"{result_set}.{IDS[result_set]}: {value!r} is no NBA game id" in (found.reason or "")


def test_a_game_without_an_id_that_is_not_postponed_is_an_error(tmp_path: Path) -> None:
    frames = real_frames()
    listed = frames[ResultSet.SCHEDULE]
    is_one = listed["gameId"].eq("0022100001")
    frames[ResultSet.SCHEDULE] = listed.assign(gameId=listed["gameId"].mask(is_one))
    at = session(tmp_path, FilesSource(as_directory(frames, tmp_path / "data")))
    build_range(at, OPENING_NIGHT, OPENING_NIGHT, tables=BUILT)
    found = cell(at, "raw_schedule", OPENING_NIGHT)
    assert found.status == Status.ERROR
    assert "games without an id that are not postponed: BKN@MIL on 2021-10-19" in (found.reason or "")


def _minutes_and_seconds(clock: str) -> tuple[int, int]:
    minutes, seconds = clock.split(":")
    return int(minutes), int(seconds)


def _as_v2(clock: str) -> str:
    minutes, seconds = _minutes_and_seconds(clock)
    return f"{minutes}.000000:{seconds:02d}"


def _as_duration(clock: str) -> str:
    minutes, seconds = _minutes_and_seconds(clock)
    return f"PT{minutes:02d}M{seconds:02d}.00S"


def _as_decimal(clock: str) -> float:
    minutes, seconds = _minutes_and_seconds(clock)
    return round(minutes + seconds / 60, 2)


@pytest.mark.long
@pytest.mark.parametrize("spelt", [_as_v2, _as_duration, _as_decimal])
def test_clocks_in_other_spellings_are_the_same_clocks(
    undamaged: dict[str, str | None], tmp_path: Path, spelt: Callable[[str], Any]
) -> None:
    frames = real_frames()
    clocks = frames[BOX]["minutes"]
    written = clocks.map(lambda clock: spelt(clock) if clock and ":" in clock else None, na_action="ignore")
    frames[BOX] = frames[BOX].assign(minutes=written)
    assert _hashes(as_directory(frames, tmp_path / "data"), tmp_path / "home") == undamaged


@pytest.mark.long
@pytest.mark.parametrize("clock", ["28.17", "PT40M", "34:12.5", "28:70", "half an hour", "-3:00"])
def test_a_clock_that_is_none_is_an_error_that_shows_it(tmp_path: Path, clock: str) -> None:
    frames = real_frames()
    his = frames[BOX]["gameId"].eq("0022100001") & frames[BOX]["playerName"].eq("Giannis Antetokounmpo")
    assert his.sum() == 1
    frames[BOX] = frames[BOX].assign(minutes=frames[BOX]["minutes"].mask(his, clock))
    at = session(tmp_path, FilesSource(as_directory(frames, tmp_path / "data")))
    build_range(at, OPENING_NIGHT, OPENING_NIGHT, tables=BUILT)
    found = cell(at, "raw_player_boxscores", OPENING_NIGHT)
    assert found.status == Status.ERROR
    for said in (repr(clock), "Giannis Antetokounmpo", "0022100001"):
        assert said in (found.reason or "")
    assert "Error" not in (found.reason or ""), "people do not read the names of classes"


@pytest.mark.parametrize("column", ["PLAYER_ID", "TEAM_ID", "GAME_ID"])
def test_an_inactive_player_s_id_with_blanks_is_an_error_that_shows_it(column: str) -> None:
    listed = real_frames()[ResultSet.INACTIVES].astype(object)
    blanks = f" {listed[column].iloc[7]} "
    listed.loc[7, column] = blanks
    with pytest.raises(SourceSchemaError, match=f"{column}: .*{blanks!r}"):
        conform(listed, ResultSet.INACTIVES, origin="a file", season="2021-22")
