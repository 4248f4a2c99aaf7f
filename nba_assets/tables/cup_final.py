"""The Cup final: a game for rest, and for nothing else. Who played in it, by its box score or by his team.

No source must have its box score. Where none is loaded, those are taken to have played who played in their team's
counting game before it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from nba_assets.league.calendar import REST_TYPES
from nba_assets.league.slate import PLAYED, counted_listings, latest_listing, slate
from nba_assets.league.windows import Bools, GameLog, Span
from nba_assets.tables.games import finished_games, team_games, without_cup_finals

REST_FROM_TEAM = "REST_FROM_TEAM"
_SIDE = ["season", "game_date", "game_id", "team"]


def players_of_cup_finals(schedule: pd.DataFrame, listings: pd.DataFrame) -> pd.DataFrame:
    """One row per player and finished Cup final that he played: season, game_date, game_id, player_id, is_from_team.

    `schedule` and `listings` (as `league.slate` has them) are those before the dates that are asked about. What else
    `listings` has of who is in a box score is kept; it is NULL where a player is taken from his team.
    """
    finals = team_games(finished_games(schedule, REST_TYPES))[_SIDE]
    if finals.empty:
        return listings.head(0).assign(is_from_team=False)
    listed = listings[listings["game_id"].isin(finals["game_id"]) & listings["listing"].eq(PLAYED)]
    is_loaded = pd.MultiIndex.from_frame(finals[["game_id", "team"]]).isin(
        pd.MultiIndex.from_frame(listed[["game_id", "team"]])
    )
    taken = _from_team(finals[~is_loaded], listings)
    parts = [part for part in (listed.assign(is_from_team=False), taken.assign(is_from_team=True)) if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else listed.assign(is_from_team=False)


def _from_team(finals: pd.DataFrame, listings: pd.DataFrame) -> pd.DataFrame:
    """Those who were with the team and played in its counting game before the final.

    Not who is on another team's list of the final's own date.
    """
    counting = without_cup_finals(listings)
    if finals.empty or counting.empty:
        return finals.assign(player_id=pd.Series(dtype="int64")).head(0)
    rows = slate(counting, finals)
    before = latest_listing(counted_listings(counting), rows)
    played = counting.loc[counting["listing"].eq(PLAYED), ["game_id", "player_id"]]
    in_that_game = pd.MultiIndex.from_arrays([before, rows["player_id"]]).isin(pd.MultiIndex.from_frame(played))
    of_date = ["game_date", "player_id"]
    elsewhere = pd.MultiIndex.from_frame(rows[of_date]).isin(pd.MultiIndex.from_frame(listings[of_date]))
    return rows[in_that_game & ~elsewhere]


def rest_log(played: GameLog, finals: pd.DataFrame) -> GameLog:
    """The games that a player's rest counts: those that he `played`, and the Cup finals; minutes where they are known.

    Both have season, game_date, game_id, player_id and seconds_played.
    """
    if finals.empty:
        return played
    columns = ["season", "game_date", "game_id", "player_id", "seconds_played"]
    known = finals.reindex(columns=columns).fillna({"seconds_played": 0}).astype({"seconds_played": "int64"})
    return GameLog(pd.concat([played.games[columns], known], ignore_index=True), entity="player_id")


def is_rest_from_team(rows: pd.DataFrame, finals: pd.DataFrame, longest: Span) -> Bools:
    """Whether the rest of each row (season, game_date, player_id, days_rest) counts a final that no box score tells of.

    It does while the final is his newest game, and as long as it is in the `longest` window of days.
    """
    if finals.empty:
        return np.zeros(len(rows), dtype=bool)
    taken = finals.loc[finals["is_from_team"], ["season", "player_id", "game_date"]]
    taken = taken.rename(columns={"game_date": "final"})
    asked = rows[["season", "player_id", "game_date", "days_rest"]].assign(row=range(len(rows)))
    asked = asked.merge(taken, on=["season", "player_id"])
    ago = (asked["game_date"] - asked["final"]).dt.days
    is_newest = ago.sub(1).eq(asked["days_rest"]).fillna(False).astype(bool)
    counts = ago.gt(0) & (is_newest | ago.le(longest.calendar_days or 0))
    found: Bools = pd.RangeIndex(len(rows)).isin(asked.loc[counts, "row"])
    return found
