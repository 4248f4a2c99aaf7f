"""Corrections as the league makes them, days later: edits of the result sets, all of them consistent."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from nba_assets.sources.base import GAME_IDS, ResultSet, Source
from nba_assets_tests.engine.warehouses import Edit, EditedSource


def one_basket_more(game_id: str, player_id: int, team: str) -> dict[ResultSet, Edit]:
    """A missed two-pointer of a player went in after all: two points more for him, his team and the score."""

    def to_line(frame: pd.DataFrame, of_line: pd.Series) -> pd.DataFrame:
        assert of_line.sum() == 1
        frame.loc[of_line, ["PTS", "FGM"]] += [2, 1]
        return frame

    def of_player(frame: pd.DataFrame) -> pd.DataFrame:
        return to_line(frame, frame["GAME_ID"].eq(game_id) & frame["PLAYER_ID"].eq(player_id))

    def of_team(frame: pd.DataFrame) -> pd.DataFrame:
        return to_line(frame, frame["GAME_ID"].eq(game_id) & frame["TEAM_ABBREVIATION"].eq(team))

    def score(frame: pd.DataFrame) -> pd.DataFrame:
        for side in ("home", "away"):
            frame.loc[frame["gameId"].eq(game_id) & frame[f"{side}Team_teamTricode"].eq(team), f"{side}Team_score"] += 2
        return frame

    def shot(frame: pd.DataFrame) -> pd.DataFrame:
        missed = frame["SHOT_MADE_FLAG"].eq(0) & frame["SHOT_TYPE"].str.startswith("2PT")
        of_him = frame.index[frame["GAME_ID"].eq(game_id) & frame["PLAYER_ID"].eq(player_id) & missed]
        frame.loc[of_him[0], "SHOT_MADE_FLAG"] = 1
        return frame

    return {
        ResultSet.PLAYER_LOG: of_player,
        ResultSet.TEAM_LOG: of_team,
        ResultSet.SCHEDULE: score,
        ResultSet.SHOTS: shot,
    }


def shot_reclassified(game_id: str, player_id: int) -> dict[ResultSet, Edit]:
    """A player's first shot from mid-range was taken in the paint."""

    def move(frame: pd.DataFrame) -> pd.DataFrame:
        of_him = frame["GAME_ID"].eq(game_id) & frame["PLAYER_ID"].eq(player_id)
        first = frame.index[of_him & frame["SHOT_ZONE_BASIC"].eq("Mid-Range")][0]
        frame.loc[first, "SHOT_ZONE_BASIC"] = "In The Paint (Non-RA)"
        return frame

    return {ResultSet.SHOTS: move}


def postponed(game_id: str) -> EditedSource:
    """The real files as if a game had been put off: listed on its day as postponed, and never played."""

    def put_off(frame: pd.DataFrame) -> pd.DataFrame:
        of_game = frame["gameId"].eq(game_id)
        frame.loc[of_game, ["gameId", "homeTeam_score", "awayTeam_score"]] = None
        frame.loc[of_game, ["gameStatus", "postponedStatus"]] = [1, "Y"]
        return frame

    def drop(column: str) -> Edit:
        return lambda frame: frame[frame[column].ne(game_id)]

    edits = {result_set: drop(column) for result_set, column in GAME_IDS.items()}
    return EditedSource(edits | {ResultSet.SCHEDULE: put_off})


def as_files(source: Source, season: str, directory: Path) -> Path:
    """A source's season as a directory that the command line can read."""
    (directory / season).mkdir(parents=True)
    for result_set in ResultSet:
        frame = source.read(result_set, season)
        if frame is not None:
            frame.to_parquet(directory / season / f"{result_set}.parquet")
    return directory
