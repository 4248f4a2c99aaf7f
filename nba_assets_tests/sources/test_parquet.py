"""Files of a source are not opened in Python: a thread of Arrow could hold one longer than the interpreter lives."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from nba_assets.sources.base import ResultSet, SourceError
from nba_assets.sources.files import FilesSource
from nba_assets.sources.nba_api.cache import SeasonCache
from nba_assets.sources.parquet import read_parquet
from nba_assets.sources.simulated import SimulatedSource

SEASON = "2021-22"

_READ = """
import sys
from pathlib import Path
opened = []
sys.addaudithook(lambda event, what: opened.append(str(what[0])) if event == "open" else None)
from nba_assets.sources.base import ResultSet
from nba_assets.sources.files import FilesSource
from nba_assets.sources.nba_api.cache import SeasonCache
directory, season = Path(sys.argv[1]), sys.argv[2]
assert len(FilesSource(directory).read(ResultSet.TEAM_LOG, season))
assert len(SeasonCache(directory, season).frame(ResultSet.TEAM_LOG))
assert SeasonCache(directory, season).games(ResultSet.TEAM_LOG)
print(*[path for path in opened if path.endswith(".parquet")])
"""


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    # A name that Arrow would take for a column, were it asked to look at the path.
    season = tmp_path / "part=1" / SEASON
    season.mkdir(parents=True)
    SimulatedSource().read(ResultSet.TEAM_LOG, SEASON).to_parquet(season / f"{ResultSet.TEAM_LOG}.parquet")
    return season.parent


def test_no_file_of_python_is_left_to_threads(directory: Path) -> None:
    read = subprocess.run([sys.executable, "-c", _READ, str(directory), SEASON], capture_output=True, text=True)
    assert (read.returncode, read.stdout.strip()) == (0, ""), read.stderr


def test_rows_and_columns_are_those_of_the_file(directory: Path) -> None:
    path = directory / SEASON / f"{ResultSet.TEAM_LOG}.parquet"
    with path.open("rb") as file:
        expected = pd.read_parquet(file)
    pd.testing.assert_frame_equal(read_parquet(path), expected)
    pd.testing.assert_frame_equal(read_parquet(path, ["GAME_ID"]), expected[["GAME_ID"]])


@pytest.mark.parametrize("content", [b"", b"no parquet", None])
def test_a_damaged_file_is_named(directory: Path, content: bytes | None) -> None:
    path = directory / SEASON / f"{ResultSet.TEAM_LOG}.parquet"
    path.write_bytes(path.read_bytes()[:-100] if content is None else content)
    with pytest.raises(SourceError, match=str(path)):
        FilesSource(directory).read(ResultSet.TEAM_LOG, SEASON)
    with pytest.raises(SourceError, match=str(path)):
        SeasonCache(directory, SEASON).games(ResultSet.TEAM_LOG)
