"""Files of a real season from which games are missing, and their mending."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path

import pandas as pd

from nba_assets_tests.needs import real_data

_SEASON, _LOG = "2021-22", "leaguegamelog_team.parquet"


def data_with_gaps(directory: Path, days: Iterable[date]) -> dict[date, str]:
    """Put the season into `directory`/data, without one game of each date in the log of the teams: date -> game id."""
    season = directory / "data" / _SEASON
    season.mkdir(parents=True)
    for file in (real_data() / _SEASON).iterdir():
        (season / file.name).symlink_to(file)
    log = season / _LOG
    rows = pd.read_parquet(log)
    first_game = rows.groupby(pd.to_datetime(rows["GAME_DATE"]).dt.date)["GAME_ID"].min()
    missing = {day: str(first_game[day]) for day in days}
    log.unlink()
    rows[~rows["GAME_ID"].isin(missing.values())].to_parquet(log)
    return missing


def mend(directory: Path) -> None:
    """What was missing has come."""
    (directory / "data" / _SEASON / _LOG).write_bytes((real_data() / _SEASON / _LOG).read_bytes())
