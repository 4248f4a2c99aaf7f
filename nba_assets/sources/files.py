"""A directory of nba_api result sets: `<directory>/<season>/<result set>.parquet`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from nba_assets.league.calendar import GameType
from nba_assets.sources.base import COLUMNS, ResultSet, SourceError, conform


class FilesSource:
    """Reads Parquet files; the layout is the one that the live source's cache is written in.

    `counting_types` says for which game types the directory has box scores (default: regular season).
    """

    name = "files"

    def __init__(self, directory: Path, *, counting_types: frozenset[str] = frozenset({GameType.REGULAR})) -> None:
        self.directory = directory
        self.counting_types = counting_types
        self._read: dict[Path, tuple[tuple[float, int], pd.DataFrame]] = {}

    def read(
        self,
        result_set: ResultSet,
        season: str,
        dates: Sequence[date] | None = None,  # noqa: ARG002
    ) -> pd.DataFrame | None:
        """The whole season; a file that has not changed since the last call is not read again."""
        if not self.directory.is_dir():
            raise SourceError(
                f"NBA_DATA_DIR: there is no directory {self.directory}. Point it at a directory with one folder "
                "per season (2021-22/leaguegamelog_team.parquet, …), or set NBA_SOURCE=simulated."
            )
        path = self.directory / season / f"{result_set}.parquet"
        if not path.is_file():
            return None
        version = (path.stat().st_mtime, path.stat().st_size)
        cached = self._read.get(path)
        if cached is None or cached[0] != version:
            self._read[path] = cached = (version, _read_parquet(path, result_set))
        return cached[1]


def _read_parquet(path: Path, result_set: ResultSet) -> pd.DataFrame:
    try:
        wanted = list(COLUMNS[result_set])
        is_whole = set(wanted) <= set(pq.read_schema(path).names)
        frame = pd.read_parquet(path, columns=wanted if is_whole else None)
    except (pa.ArrowException, OSError) as error:
        raise SourceError(f"{path}: cannot be read as Parquet ({error}). Fetch or copy the file again.") from error
    return conform(frame, result_set, origin=str(path))
