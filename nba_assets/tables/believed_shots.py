"""Which games' shots are not believed: zones that nobody knows, and shots that are not their player's. For raw_shots.

A game with too few shots is another matter: what there is of it is published, and `shot_counts` says that it is not
known.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from nba_assets.league import distinct, teams, zones
from nba_assets.partition import Cause, Finding, finding
from nba_assets.schema.table import Inputs
from nba_assets.sources.base import ResultSet
from nba_assets.tables.shot_counts import known_shots

_KEY = ["game_id", "player_id"]
_OF_LOG = {"attempts": "FGA", "makes": "FGM", "threes": "FG3A"}


def believed(shots: pd.DataFrame, inputs: Inputs) -> pd.DataFrame:
    """The shots of the games whose shots are believed; see `disbelieved`."""
    doubted = disbelieved(shots, inputs)
    return shots[~shots["game_id"].isin(doubted)] if doubted else shots


def disbelieved(shots: pd.DataFrame, inputs: Inputs) -> dict[str, Finding]:
    """Game id -> why its shots are not believed.

    `shots` has game_id, player_id, team, made, SHOT_TYPE and SHOT_ZONE_BASIC. Players are compared where the shots
    agree with the teams' box scores and the players' log has the team's game.
    """
    return _of_players(shots, inputs) | _of_zones(shots)


def _of_zones(shots: pd.DataFrame) -> dict[str, Finding]:
    unknown = shots[~zones.is_known(shots["SHOT_TYPE"], shots["SHOT_ZONE_BASIC"])]
    return {
        str(game_id): finding(
            Cause.UNKNOWN_ZONE,
            shots=len(of_game),
            texts=sorted(set(zones.unknown_texts(of_game["SHOT_TYPE"], of_game["SHOT_ZONE_BASIC"]))),
        )
        for game_id, of_game in unknown.groupby("game_id", observed=True)
    }


def _of_players(shots: pd.DataFrame, inputs: Inputs) -> dict[str, Finding]:
    log = inputs.source.get(ResultSet.PLAYER_LOG)
    if log is None or shots.empty:
        return {}
    known = known_shots(shots, inputs.on_date["raw_team_boxscores"])
    rows = _beside_log(shots[distinct.where(shots["game_id"], set(known.index[known]).__contains__)], _of_log(log))
    rows["differ"] = pd.concat([(rows[name] - rows[f"log_{name}"]).abs() for name in _OF_LOG], axis=1).max(axis=1)
    rows = rows[rows["differ"] > 1].sort_values(["differ", "player_id"], ascending=[False, True])
    return {
        str(game_id): finding(Cause.PLAYER_SHOTS_DIFFER, players=[_told(player) for player in of_game.itertuples()])
        for game_id, of_game in rows.groupby("game_id", observed=True)
    }


def _of_log(log: pd.DataFrame) -> pd.DataFrame:
    rows = pd.DataFrame(
        {
            "game_id": log["GAME_ID"],
            "player_id": log["PLAYER_ID"],
            "team": teams.canonical_codes(log["TEAM_ABBREVIATION"]),
            "player_name": log["PLAYER_NAME"],
            **{f"log_{name}": log[column] for name, column in _OF_LOG.items()},
        }
    )
    return rows.drop_duplicates(_KEY, keep="last")


def _beside_log(shots: pd.DataFrame, log: pd.DataFrame) -> pd.DataFrame:
    """Each player of these games with what he took by the shots and by the log; 0 where he is in one of them alone."""
    shots = shots.dropna(subset="team")
    group, taken = distinct.groups(shots, [*_KEY, "team"])
    made, three = shots["made"].to_numpy(dtype=bool), distinct.where(shots["SHOT_TYPE"], zones.THREE_POINTER.__eq__)
    of = {"attempts": group, "makes": group[made], "threes": group[three]}
    taken = taken.assign(**{name: np.bincount(groups, minlength=len(taken)) for name, groups in of.items()})
    sides = taken[["game_id", "team"]].drop_duplicates().merge(log[["game_id", "team"]].drop_duplicates())
    rows = taken.merge(log, on=[*_KEY, "team"], how="outer").merge(sides, on=["game_id", "team"])
    counts = [*_OF_LOG, *(f"log_{name}" for name in _OF_LOG)]
    rows["player_name"] = rows["player_name"].fillna("player")
    return rows.assign(**rows[counts].astype("float64").fillna(0))


def _told(player: Any) -> str:
    by_shots = f"{player.attempts:g} shots ({player.makes:g} made, {player.threes:g} threes)"
    by_log = f"{player.log_attempts:g} ({player.log_makes:g}, {player.log_threes:g})"
    return f"{player.player_name} ({player.player_id}) {by_shots}, the log {by_log}"
