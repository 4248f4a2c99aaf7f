"""Who can play tonight, and with which team a player was on a given day: read off the listings of past games.

A listing is a player's presence in a game's box score, whether he played or not. Nothing of tonight's box score
is used.
"""

from __future__ import annotations

import pandas as pd

from nba_assets.league.windows import GameLog

PLAYED, DNP, INACTIVE = "played", "dnp", "inactive"
LISTING_COLUMNS = ("game_date", "season", "game_id", "player_id", "player_name", "team", "listing")


def slate(listings: pd.DataFrame, playing: pd.DataFrame) -> pd.DataFrame:
    """The players of each team that plays: `playing`'s columns and player_id, one row per player and date.

    `listings` has season, game_date, game_id, player_id, team; `playing` one row per team and date with season,
    game_date and team. A player is on the slate if his latest listing of the season before the date (latest by
    game_date, then game_id; of one date see `counted_listings`) is his team's latest listed game before the date.
    """
    listings = counted_listings(listings)
    team_log = GameLog(listings.drop_duplicates(["game_id", "team"]), entity="team")
    as_of = team_log.before(playing["team"], playing["season"], playing["game_date"])
    teams_now = playing.assign(_latest_game=as_of.latest("game_id").array)
    of_latest = listings[["game_id", "team", "player_id"]].rename(columns={"game_id": "_latest_game"})
    candidates = teams_now.merge(of_latest, on=["_latest_game", "team"])
    newest = latest_listing(listings, candidates)
    on_slate = candidates.loc[candidates["_latest_game"].eq(newest), candidates.columns.drop("_latest_game")]
    return on_slate.reset_index(drop=True)


def counted_listings(listings: pd.DataFrame) -> pd.DataFrame:
    """The listings that say whom a player is with: on a date on which he was in uniform, his inactive ones do not.

    Without a column `listing` all of them do.
    """
    if "listing" not in listings:
        return listings
    of_date = ["player_id", "game_date"]
    is_repeated = listings.duplicated(of_date, keep=False)
    if not is_repeated.any():
        return listings
    is_inactive = listings["listing"].eq(INACTIVE)
    in_uniform = listings.loc[is_repeated & ~is_inactive, of_date].drop_duplicates().assign(in_uniform=True)
    found = listings[of_date].merge(in_uniform, on=of_date, how="left")["in_uniform"].notna()
    return listings[~(is_inactive.to_numpy() & found.to_numpy())]


def latest_listing(listings: pd.DataFrame, queries: pd.DataFrame) -> pd.Series:
    """The game id of each (player_id, season, game_date)'s newest listing strictly before the date."""
    log = GameLog(listings, entity="player_id")
    as_of = log.before(queries["player_id"], queries["season"], queries["game_date"])
    return as_of.latest("game_id").set_axis(queries.index)


def stints(listings: pd.DataFrame) -> pd.DataFrame:
    """Each player's spells with a team: season, player_id, team, first_day, next_day (exclusive end; NaT = open).

    A spell lasts from the first listing with the team to the next listing with another one.
    """
    log = counted_listings(listings).sort_values(["player_id", "season", "game_date", "game_id"], kind="stable")
    changes = (log[["player_id", "season", "team"]] != log[["player_id", "season", "team"]].shift()).any(axis=1)
    spells = log.loc[changes, ["season", "player_id", "team", "game_date"]].rename(columns={"game_date": "first_day"})
    following = spells.groupby(["player_id", "season"], sort=False)["first_day"].shift(-1)
    return spells.assign(next_day=following).reset_index(drop=True)
