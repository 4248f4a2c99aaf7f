"""Who else had a hand in a shot, as far as play-by-play can be believed. Used by raw_shots alone.

A wrong number is worse than none: what disagrees with the shot chart or with the box score is not known.
"""

from __future__ import annotations

import pandas as pd

from nba_assets.schema.table import Inputs
from nba_assets.sources.base import ResultSet


def shot_credits(shots: pd.DataFrame, inputs: Inputs) -> pd.DataFrame:
    """assisted (NULL for misses) and blocked (NULL for makes), in the rows of `shots`, which have a running index.

    `shots` needs game_id, event_id, player_id, team, opponent and made. A game's credits are known if play-by-play
    has every shot of the game, by the same player and with the same result; its assists if, besides, they are as
    many as each team's box score says, and its blocks likewise.
    """
    play_by_play = inputs.source.get(ResultSet.PLAY_BY_PLAY)
    if play_by_play is None or shots.empty:
        unknown = pd.Series(pd.NA, index=shots.index, dtype="boolean")
        return pd.DataFrame({"assisted": unknown, "blocked": unknown})
    said = play_by_play.rename(columns={"gameId": "game_id", "actionNumber": "event_id", "personId": "player_id"})
    key = ["game_id", "event_id", "player_id", "made"]
    said = said[[*key, "assisted", "blocked"]].drop_duplicates(["game_id", "event_id"], keep="last")
    texts = dict.fromkeys(("game_id", "team", "opponent"), object)
    found = shots[[*key, "team", "opponent"]].astype(texts).merge(said, on=key, how="left")
    assisted = found["assisted"].astype("boolean").where(found["made"])
    blocked = found["blocked"].astype("boolean").where(~found["made"])
    matches = found["assisted"].notna().groupby(found["game_id"]).transform("all")
    box = inputs.on_date["raw_team_boxscores"].set_index(["game_id", "team"])
    return pd.DataFrame(
        {
            "assisted": assisted.where(matches & _agrees(assisted, found, box["ast"], credited_to="team")),
            "blocked": blocked.where(matches & _agrees(blocked, found, box["blk"], credited_to="opponent")),
        }
    )


def _agrees(credited: pd.Series, shots: pd.DataFrame, box: pd.Series, *, credited_to: str) -> pd.Series:
    """Of each shot: do the credits of its game sum to both teams' box scores?"""
    counted = credited.fillna(False).astype("int64").groupby([shots["game_id"], shots[credited_to]]).sum()
    agrees = counted.eq(box.reindex(counted.index))
    return shots["game_id"].map(agrees.groupby(level=0).all() & agrees.groupby(level=0).size().eq(2))
