"""The league's game logs in our names: what each team and each player did, one row per version that the source has."""

from __future__ import annotations

import pandas as pd

from nba_assets.league import distinct, teams
from nba_assets.schema.table import Inputs
from nba_assets.sources.base import ResultSet
from nba_assets.tables.statistics import COUNTING_STATISTICS, GAME_LOG_COLUMNS

_TEAM_COLUMNS = ["game_id", "team", "log_date", "MATCHUP", "WL", "MIN", *COUNTING_STATISTICS]
_PLAYER_COLUMNS = ["game_id", "player_id", "player_name", "team", "log_date", "MIN", "plus_minus", *COUNTING_STATISTICS]


def team_log(inputs: Inputs) -> pd.DataFrame:
    """One row per team-game and version: game_id, team, log_date, MATCHUP, WL, MIN and the counting statistics."""
    return _renamed(inputs.source.get(ResultSet.TEAM_LOG), {}, _TEAM_COLUMNS)


def player_log(inputs: Inputs) -> pd.DataFrame:
    """One row per player-game and version: also player_id, player_name and plus_minus."""
    names = {"PLAYER_ID": "player_id", "PLAYER_NAME": "player_name", "PLUS_MINUS": "plus_minus"}
    return _renamed(inputs.source.get(ResultSet.PLAYER_LOG), names, _PLAYER_COLUMNS)


def newest(log: pd.DataFrame, by: str) -> pd.DataFrame:
    """One row per game and `by`, a team or a player: of several versions the last."""
    return log.drop_duplicates(["game_id", by], keep="last")


def rivals(log: pd.DataFrame, by: str) -> pd.DataFrame:
    """The first row of each game and `by` of which there are versions that disagree."""
    versions = log.drop_duplicates()
    return versions[versions.duplicated(["game_id", by], keep=False)].drop_duplicates(["game_id", by])


def _renamed(log: pd.DataFrame | None, names: dict[str, str], columns: list[str]) -> pd.DataFrame:
    if log is None:
        return pd.DataFrame(columns=columns).astype({"log_date": "datetime64[ns]"})
    renamed = log.rename(columns=names | GAME_LOG_COLUMNS).assign(
        game_id=log["GAME_ID"],
        team=teams.canonical_codes(log["TEAM_ABBREVIATION"]),
        log_date=distinct.dates(log["GAME_DATE"]),
    )
    return renamed[columns]
