"""The result sets of the real season 2021-22 as frames that can be damaged, and sources and files made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path

import pandas as pd

from nba_assets.sources.base import ResultSet, Unversioned, conform
from nba_assets_tests.engine.warehouses import files
from nba_assets_tests.needs import real_data

SEASON = "2021-22"
Frames = dict[ResultSet, pd.DataFrame]
"""A season: every result set that the source has, in its declared columns."""


@cache
def _real_frames() -> Mapping[ResultSet, pd.DataFrame]:
    read = {result_set: files().read(result_set, SEASON) for result_set in ResultSet}
    return {result_set: frame for result_set, frame in read.items() if frame is not None}


def real_frames() -> Frames:
    """The undamaged season; the frames are shared and must not be written to."""
    return dict(_real_frames())


@cache
def games_of(day: date) -> tuple[str, ...]:
    """The ids of the games that the real schedule has on a date."""
    schedule = _real_frames()[ResultSet.SCHEDULE]
    return tuple(schedule.loc[schedule["gameDateEst"].str[:10].eq(str(day)), "gameId"])


class DamagedSource(Unversioned):
    """A source that has these frames of the season, and of other seasons what the real files have."""

    name = "files"

    def __init__(self, frames: Mapping[ResultSet, pd.DataFrame]) -> None:
        self.counting_types = files().counting_types
        self._frames = frames
        self._conformed: Frames = {}

    def read(self, result_set: ResultSet, season: str, dates: Sequence[date] | None = None) -> pd.DataFrame | None:
        """The frame in its declared types. Raises SourceSchemaError where it cannot have them."""
        if season != SEASON:
            return files().read(result_set, season, dates)
        frame = self._frames.get(result_set)
        if frame is None or frame is _real_frames().get(result_set):
            return frame
        if result_set not in self._conformed:
            self._conformed[result_set] = conform(frame, result_set, origin="damaged")
        return self._conformed[result_set]


def as_directory(frames: Mapping[ResultSet, pd.DataFrame], directory: Path) -> Path:
    """A directory that NBA_DATA_DIR can name: damaged frames as files, all others as links to the real ones."""
    season = directory / SEASON
    season.mkdir(parents=True)
    for result_set, frame in frames.items():
        path = season / f"{result_set}.parquet"
        if frame is _real_frames().get(result_set):
            path.symlink_to(real_data() / SEASON / path.name)
        else:
            frame.to_parquet(path)
    return directory
