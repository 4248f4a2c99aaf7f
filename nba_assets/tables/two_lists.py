"""A player on two lists of one date: where he was in uniform counts, and nobody plays for two teams.

Teams list a player whom they have just traded as inactive on the same night. Used by raw_player_boxscores alone.
"""

from __future__ import annotations

from datetime import date

import pandas as pd

from nba_assets.league.slate import INACTIVE
from nba_assets.partition import Cause
from nba_assets.schema.evidence import Expectation
from nba_assets.sources.base import SourceError

_OF_DATE = ["game_date", "player_id"]


class TwoTeamsError(SourceError):
    """A player was in uniform for two teams on one date."""


def refuse_two_teams(listed: pd.DataFrame, sides: pd.DataFrame) -> None:
    """Raise TwoTeamsError, naming players, games and teams, if one was in uniform for two teams on one date.

    `listed` has game_id, player_id, player_name, team, listing; `sides` game_date, game_id, team.
    """
    twice = _on_two_lists(listed, sides)
    in_uniform = twice[~twice["is_inactive"]].sort_values("game_id", kind="stable")
    teams = in_uniform.groupby(_OF_DATE)["team"].transform("nunique")
    players = [_told(lists) for _, lists in in_uniform[teams > 1].groupby(_OF_DATE)]
    if players:
        raise TwoTeamsError(
            f"{'; '.join(players)}: nobody plays for two teams on one date. The lists of the source contradict each "
            "other: refresh the date once they are corrected"
        )


def note_two_lists(listed: pd.DataFrame, sides: pd.DataFrame, found: dict[date, Expectation]) -> None:
    """Note the players who are on two lists of one date, the one that counts first."""
    twice = _on_two_lists(listed, sides)
    for (day, _), lists in twice.groupby(_OF_DATE):
        found[pd.Timestamp(day).date()].note(Cause.ON_TWO_LISTS, _name(lists), lists=_texts(lists))


def _on_two_lists(listed: pd.DataFrame, sides: pd.DataFrame) -> pd.DataFrame:
    """The lists of those who are on more than one on a date; in uniform comes first, then the later game."""
    lists = listed.assign(is_inactive=listed["listing"].eq(INACTIVE))
    lists = lists.drop_duplicates(["game_id", "player_id", "team", "is_inactive"])  # all who played are in two files
    lists = lists.merge(sides[["game_date", "game_id", "team"]], on=["game_id", "team"])
    twice = lists[lists.duplicated(_OF_DATE, keep=False)]
    order = ["game_date", "player_id", "is_inactive", "game_id"]
    return twice.sort_values(order, ascending=[True, True, True, False], kind="stable")


def _told(lists: pd.DataFrame) -> str:
    return f"{_name(lists)} is {' and '.join(_texts(lists))}"


def _name(lists: pd.DataFrame) -> str:
    return f"{lists['player_name'].iloc[0]} ({lists['player_id'].iloc[0]})"


def _texts(lists: pd.DataFrame) -> list[str]:
    return [f"{one.listing} for {one.team} in {one.game_id}" for one in lists.itertuples()]
