"""A directory of nba_api result sets: `<directory>/<season>/<result set>.parquet`.

A missing file is an error, except those that are optional: see `_OPTIONAL`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from nba_assets.league.calendar import GameType, season_last_day, season_name, season_start_year
from nba_assets.sources.base import (
    COLUMNS,
    OPTIONAL_RESULT_SETS,
    NobodyToAsk,
    ResultSet,
    SeasonNotCoveredError,
    Snapshot,
    SourceError,
    SourceSettingsError,
    conform,
)
from nba_assets.sources.parquet import read_parquet

if TYPE_CHECKING:
    from nba_assets.settings import Settings

LAYOUT = "one folder per season, with a file per result set: 2021-22/leaguegamelog_team.parquet, …"
_OPTIONAL = OPTIONAL_RESULT_SETS | {ResultSet.SHOTS}
"""A season without shots has everything but zones."""


class FilesSource(NobodyToAsk):
    """Reads Parquet files; the layout is the one that the live source's cache is written in.

    `counting_types` says for which game types the directory has box scores (default: regular season).
    """

    name = "files"

    def __init__(self, directory: Path, *, counting_types: frozenset[str] = frozenset({GameType.REGULAR})) -> None:
        self.directory = directory
        self.counting_types = counting_types
        self._read: dict[Path, Snapshot] = {}

    def read(
        self,
        result_set: ResultSet,
        season: str,
        dates: Sequence[date] | None = None,  # noqa: ARG002
    ) -> pd.DataFrame | None:
        """The whole season; a file that has not changed since the last call is not read again.

        None for play-by-play, shots, injury reports and lines that are not there; SourceError for any other file.
        """
        found = self.find(result_set, season)
        if found is None and result_set not in _OPTIONAL:
            raise self._missing(result_set, season)
        return found

    def find(self, result_set: ResultSet, season: str) -> pd.DataFrame | None:
        """The whole season, or None if there is no such file."""
        found = self.snapshot(result_set, season)
        return None if found is None else found.frame

    def version(self, result_set: ResultSet, season: str) -> str | None:
        """The file's place, time stamps and size; None if there is none."""
        path = self._path(result_set, season).absolute()
        try:
            state = path.stat()
        except OSError:
            return None
        return f"{path}|{state.st_mtime_ns}|{state.st_ctime_ns}|{state.st_size}|{state.st_ino}"

    def snapshot(self, result_set: ResultSet, season: str) -> Snapshot | None:
        """The whole season; None if there is no such file."""
        path = self._path(result_set, season)
        version = self.version(result_set, season) if path.is_file() else None
        if version is None:
            return None
        known = self._read.get(path)
        if known is None or known.version != version:
            self._read[path] = known = Snapshot(version, _read_parquet(path, result_set, season))
        return known

    def _path(self, result_set: ResultSet, season: str) -> Path:
        return self.directory / season / f"{result_set}.parquet"

    def _missing(self, result_set: ResultSet, season: str) -> SourceError:
        path = self._path(result_set, season)
        if not self.directory.is_dir():
            return SourceError(f"NBA_DATA_DIR: there is no directory {self.directory}; it should have {LAYOUT}")
        if not path.parent.is_dir():
            seasons = ", ".join(season_folders(self.directory)) or "none"
            return SeasonNotCoveredError(f"there is no folder {path.parent}; seasons found: {seasons}")
        return SourceError(f"there is no file {path}, the {result_set} of the season {season}: fetch or copy it")


def open_source(settings: Settings) -> FilesSource:
    """The directory that NBA_DATA_DIR names; raises SourceSettingsError if it is no directory with seasons in it."""
    directory = settings.data_dir
    if directory is None:
        raise SourceSettingsError(f"NBA_SOURCE=files needs NBA_DATA_DIR, a directory with {LAYOUT}")
    if not directory.is_dir():
        raise SourceSettingsError(f"NBA_DATA_DIR={directory}: there is no such directory")
    if not season_folders(directory):
        raise SourceSettingsError(f"NBA_DATA_DIR={directory} has no season in it; it should have {LAYOUT}")
    return FilesSource(directory, counting_types=settings.covered_types)


def ended_on(settings: Settings, today: date) -> date | None:
    """The last date of the newest season's schedule, once the season after it is over and has no folder.

    Until then that folder may still come, or somebody has forgotten it, which has to be heard: None. None also where no
    schedule can be read.
    """
    try:
        return _last_date(settings.data_dir, today) if settings.data_dir else None
    except (SourceError, OSError, ValueError):
        return None


def _last_date(directory: Path, today: date) -> date | None:
    newest = max(season_folders(directory), default=None)
    if newest is None or today <= season_last_day(season_name(season_start_year(newest) + 1)):
        return None
    schedule = FilesSource(directory).find(ResultSet.SCHEDULE, newest)
    dates = [] if schedule is None else schedule["gameDateEst"].str[:10]
    return max(map(date.fromisoformat, dates), default=None)


def season_folders(directory: Path) -> list[str]:
    """The folders of a directory that are named like a season, oldest first."""
    return sorted(path.name for path in directory.glob("[12][0-9][0-9][0-9]-[0-9][0-9]") if path.is_dir())


def _read_parquet(path: Path, result_set: ResultSet, season: str) -> pd.DataFrame:
    try:
        wanted = list(COLUMNS[result_set])
        texts = [column for column, kind in COLUMNS[result_set].items() if kind.startswith("str")]
        is_whole = set(wanted) <= set(pq.read_schema(path).names)
        frame = read_parquet(path, wanted if is_whole else None, texts=texts)
    except (pa.ArrowException, OSError) as error:
        raise SourceError(f"{path}: cannot be read as Parquet ({error}). Fetch or copy the file again.") from error
    return conform(frame, result_set, origin=str(path), season=season)
