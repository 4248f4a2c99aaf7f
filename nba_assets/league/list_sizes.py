"""How many a team lists for a game, measured against its own games before: blank is not empty.

A list that is much shorter than the team's lists usually are has most likely not arrived whole. What is to be done
about it is the business of `tables/`.
"""

from __future__ import annotations

from math import ceil

import pandas as pd

from nba_assets.league.slate import INACTIVE, counted_listings, latest_listing
from nba_assets.league.windows import GameLog

PREVIOUS_GAMES, ENOUGH_GAMES = 5, 4
"""A team's list is measured against its last five games of the season, once it has played four."""
LEAST_SHARE = 0.75
FEWEST_LISTED = 10
"""Before its fifth game a team has no measure of its own."""
FEWEST_DOUBTFUL, NIGHTS_SHARE = 3, 3
FEWEST_GAMES_OF_NIGHT = 2
"""Of a night of one game both lists may really be without inactive players: two games of three regular seasons (3,690)
were. None of their 487 nights of two games or more was, nor were their two of one; 22 nights had two games."""
MOST_BLANK_IN_A_ROW = 2
"""In three real seasons (7,380 lists) one team had two in a row without an inactive player, and none began with one."""
MOST_LOST = 0.2
KNOWN_BY = pd.Timedelta(days=7)
"""By then whoever has left a team is on another's list, if he is to be on one."""


def list_sizes(listings: pd.DataFrame) -> pd.DataFrame:
    """One row per team's game of `listings` (season, game_date, game_id, team, listing; a row per listed player).

    `listed` and `inactive` count players; `games` says how many previous games of the team's season (up to five)
    the row is measured against, `with_some` how many of them had an inactive player, `median` what they listed.
    """
    team, keys = ["season", "team"], ["season", "team", "game_date", "game_id"]
    sizes = listings.assign(inactive=listings["listing"].eq(INACTIVE)).groupby(keys)["inactive"].agg(["size", "sum"])
    sizes = sizes.rename(columns={"size": "listed", "sum": "inactive"}).reset_index()
    of_team = sizes.groupby(team, sort=False)
    before = sizes[team].assign(listed=of_team["listed"].shift(), had_some=of_team["inactive"].shift() > 0)
    recent = before.groupby(team, sort=False)[["listed", "had_some"]].rolling(PREVIOUS_GAMES, min_periods=1)
    return sizes.assign(
        games=of_team.cumcount().clip(upper=PREVIOUS_GAMES),
        with_some=recent["had_some"].sum().to_numpy(),
        median=recent["listed"].median().to_numpy(),
    )


def doubtful_lists(listings: pd.DataFrame) -> pd.DataFrame:
    """The rows of `list_sizes` that are doubtful, with `lacks_inactive` and the numbers of their night.

    `doubtful_of_night` counts the doubtful ones of the date, `lists_of_night` all of them.
    """
    sizes = list_sizes(listings)
    is_measured = sizes["games"] >= ENOUGH_GAMES
    lacks_inactive = is_measured & sizes["inactive"].eq(0) & (sizes["with_some"] >= ENOUGH_GAMES)
    is_short = (sizes["listed"] < LEAST_SHARE * sizes["median"]).where(is_measured, sizes["listed"] < FEWEST_LISTED)
    is_doubtful = lacks_inactive | is_short
    nights = sizes["game_date"]
    return sizes.assign(
        lacks_inactive=lacks_inactive,
        doubtful_of_night=is_doubtful.groupby(nights).transform("sum"),
        lists_of_night=nights.groupby(nights).transform("size"),
    )[is_doubtful]


def is_gap(doubtful: pd.DataFrame) -> pd.Series:
    """Whether so many lists of the night of each row of `doubtful_lists` are doubtful that the night is not whole."""
    most = doubtful["lists_of_night"].map(lambda lists: max(FEWEST_DOUBTFUL, ceil(lists / NIGHTS_SHARE)))
    return doubtful["doubtful_of_night"] >= most


def nights_without_inactives(listings: pd.DataFrame) -> pd.Series:
    """The nights on which no team lists an inactive player, each with its number of games (two or more).

    A list that is blank from opening night on cannot be told from the team's own lists before.
    """
    is_inactive = listings["listing"].eq(INACTIVE)
    nights = listings.assign(is_inactive=is_inactive).groupby("game_date")
    games = nights["game_id"].nunique()
    return games[~nights["is_inactive"].any() & games.ge(FEWEST_GAMES_OF_NIGHT)]


def blank_in_a_row(listings: pd.DataFrame) -> pd.DataFrame:
    """The lists without an inactive player that are too many in a row, or all of the team's season so far.

    A team whose lists are blank from opening night on is no measure of itself. season, game_date, game_id, team, `run`:
    a run of one is the first list that is known of the team, and may be true: who begins in mid-season knows no other.
    """
    sizes = list_sizes(listings)
    of_team = [sizes["season"], sizes["team"]]
    is_blank = sizes["inactive"].eq(0)
    runs = is_blank.groupby([*of_team, (~is_blank).groupby(of_team).cumsum()]).cumsum()
    is_all = runs.eq(sizes.groupby(["season", "team"]).cumcount() + 1)
    found = sizes.assign(run=runs)[is_blank & (is_all | (runs > MOST_BLANK_IN_A_ROW))]
    return found[["season", "game_date", "game_id", "team", "run"]]


def doubtful_lists_of(listings: pd.DataFrame, nights: pd.DatetimeIndex) -> pd.DataFrame:
    """`doubtful_lists` of the nights, each measured against lists that could be published.

    A night that is a gap for its lists is not published: the nights after it are measured without it, in one range
    as night by night.
    """
    known: list[pd.DataFrame] = []
    while True:
        found = doubtful_lists(listings)
        found = found[found["game_date"].isin(nights)]
        gaps = found.loc[is_gap(found), "game_date"]
        if gaps.empty:
            return pd.concat([*known, found], ignore_index=True)
        first = gaps.min()
        known.append(found[found["game_date"] <= first])
        listings, nights = listings[listings["game_date"] != first], nights[nights > first]


def lost_of_slates(listings: pd.DataFrame, playing: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Teams that lost more than a fifth of their previous slate to nobody: season, game_date, team and numbers.

    `listings` as for `slate`; `playing` has season, game_date and team, `known` the same with player_id: lists of any
    date. By those of the next week somebody is found whom another team has got, and not listed before the date.

    Of the result `game_id` is the team's newest game before the date, `before` the number of players on its slate
    then, `lost` those of them whom nobody has listed since.
    """
    rows = _slates_before(counted_listings(listings), playing)
    candidates = rows.loc[rows["is_gone"], ["season", "game_date", "team", "played_on", "player_id"]]
    elsewhere = candidates.merge(known, on=["season", "player_id"], suffixes=("", "_elsewhere"))
    days = elsewhere["game_date_elsewhere"]
    found_late = days.ge(elsewhere["played_on"]) & days.le(elsewhere["game_date"] + KNOWN_BY)
    elsewhere = elsewhere[found_late & elsewhere["team_elsewhere"].ne(elsewhere["team"])]
    found = elsewhere[["game_date", "team", "player_id"]].drop_duplicates().assign(is_found=True)
    rows = rows.merge(found, on=["game_date", "team", "player_id"], how="left")
    rows = rows.assign(lost=rows["is_gone"] & rows["is_found"].isna(), before=1)
    counted = rows.groupby(["season", "game_date", "team", "game_id"])[["before", "lost"]].sum().reset_index()
    return counted[counted["lost"] > MOST_LOST * counted["before"]]


def _slates_before(listings: pd.DataFrame, playing: pd.DataFrame) -> pd.DataFrame:
    """Who was on the slate of each team's newest game before the date, and `is_gone`: listed by nobody since."""
    log = GameLog(listings.drop_duplicates(["game_id", "team"]), entity="team")
    log.add("previous", log.games.groupby(["team", "season"], sort=False)["game_id"].shift())
    as_of = log.before(playing["team"], playing["season"], playing["game_date"])
    newest = {"game_id": "game_id", "played_on": "game_date", "previous": "previous"}
    newest = {name: as_of.latest(column).array for name, column in newest.items()}
    rows = playing[["season", "game_date", "team"]].assign(**newest).dropna(subset=["previous"])
    listed = listings[["game_id", "team", "player_id"]].rename(columns={"game_id": "previous"})
    rows = rows.merge(listed, on=["previous", "team"]).astype({"played_on": "datetime64[ns]"})
    then = rows[["season", "player_id"]].assign(game_date=rows["played_on"])
    rows = rows[latest_listing(listings, then).eq(rows["previous"])].reset_index(drop=True)
    return rows.assign(is_gone=latest_listing(listings, rows).eq(rows["previous"]))
