"""The real seasons as raw tables and replayed, each read once per test run."""

from __future__ import annotations

from functools import cache

import pandas as pd

from nba_assets.sources.files import FilesSource
from nba_assets.verification.replay import raw_tables, replay
from nba_assets_tests.needs import real_data

SEASONS = ("2021-22", "2022-23", "2023-24")
READ_AT = pd.Timestamp("2024-07-01", tz="UTC")


def source() -> FilesSource:
    """The files named by NBA_DATA_DIR."""
    return FilesSource(real_data())


@cache
def raw_season(season: str) -> dict[str, pd.DataFrame]:
    """The raw tables of a season; to be left as they are."""
    return raw_tables(source(), [season], read_at=READ_AT)


def game_days(season: str) -> list[pd.Timestamp]:
    """The days on which games of the season were finished."""
    return sorted(raw_season(season)["raw_team_boxscores"]["game_date"].unique())


@cache
def replayed_season(season: str) -> dict[str, pd.DataFrame]:
    """Every post-game and pre-game table of all game days of a season, computed as one range."""
    return replay(raw_season(season), game_days(season), counting_types=source().counting_types)
