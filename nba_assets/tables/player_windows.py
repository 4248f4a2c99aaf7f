"""A player's played games beside his team's totals of the same games: the log behind every player window."""

from __future__ import annotations

import pandas as pd

from nba_assets.league import distinct, formulas
from nba_assets.league.windows import GameLog, Span, Window
from nba_assets.schema.reads import Read, games_of
from nba_assets.schema.table import Input, before_date

_TEAM_TOTALS = {"fga": "team_fga", "fta": "team_fta", "tov": "team_tov", "seconds_played": "team_seconds"}


def team_totals_before(summaries: str, over: Span, *reads: Read) -> Input:
    """The input that `played_games` joins to a player's games in `summaries`; `reads` is what else it is read for."""
    columns = ("game_date", "season", "game_id", "team", *_TEAM_TOTALS)
    return before_date("team_offense_game_summary", *columns, reads=(games_of(summaries, over), *reads))


def played_games(summaries: pd.DataFrame, offense: pd.DataFrame) -> GameLog:
    """The log of player_game_summary rows with team_fga, team_fta, team_tov and team_seconds of the same game.

    Where the team's row is not loaded the totals are NULL, and so is every usage over a window with that game.
    """
    totals = offense[["game_id", "team", *_TEAM_TOTALS]].rename(columns=_TEAM_TOTALS)
    of_team = distinct.beside(summaries, totals, ["game_id", "team"], list(_TEAM_TOTALS.values()))
    games = summaries.assign(**{name: values.astype("Int64") for name, values in of_team.items()})
    return GameLog(games, entity="player_id")


def usage_over(window: Window) -> formulas.Floats:
    """Usage in percent over each window: the formula with every quantity replaced by its sum."""
    return formulas.usage(
        formulas.plays(window.sum("fga"), window.sum("fta"), window.sum("tov")),
        window.sum("seconds_played"),
        formulas.plays(window.sum("team_fga"), window.sum("team_fta"), window.sum("team_tov")),
        window.sum("team_seconds"),
    )


def minutes_per_game(window: Window) -> formulas.Floats:
    """Mean minutes per game; NULL over no games. One division, so that whole values come out whole."""
    return formulas.ratio(window.sum("seconds_played"), 60 * window.count)
