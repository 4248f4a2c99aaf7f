"""Game logs, box scores and inactive lists of a season, in the league's spelling and rounding."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from nba_assets.sources.base import ResultSet
from nba_assets.sources.simulated.availability import DNP, INACTIVE, PLAYED
from nba_assets.sources.simulated.places import TEAM_CODE, TEAM_ID
from nba_assets.sources.simulated.possessions import STATISTICS
from nba_assets.sources.simulated.published import Published, publish
from nba_assets.sources.simulated.rosters import Ints, Texts
from nba_assets.sources.simulated.schedule import date_texts
from nba_assets.sources.simulated.season import Season

_SUMS = [*STATISTICS, "PTS"]


@dataclass(frozen=True)
class Sides:
    """The sides of a season's games, an element each (home team first)."""

    game_id: Texts
    day: Ints
    date: Texts
    team: Ints
    points: Ints

    @property
    def margin(self) -> Ints:
        """Points less the opponent's."""
        return self.points - self.points.reshape(-1, 2)[:, ::-1].ravel()


def sides_of(season: Season) -> Sides:
    """Game, day, team and points of every side."""
    games = season.games
    day = np.repeat(games["day"].to_numpy(), 2)
    return Sides(
        game_id=np.repeat(games["game_id"].to_numpy(), 2),
        day=day,
        date=date_texts(season.dates, day),
        team=games[["home", "away"]].to_numpy().ravel(),
        points=games[["home_points", "away_points"]].to_numpy().ravel(),
    )


def team_log(season: Season) -> Published:
    """Two rows a game; MIN is the sum of the players' whole minutes, as in the league's log."""
    sides = sides_of(season)
    lines = season.lines[["side", *_SUMS]].assign(MIN=_whole_minutes(season.lines))
    totals = lines.groupby("side").sum()
    rows = pd.DataFrame(
        {
            "TEAM_ID": TEAM_ID[sides.team],
            "TEAM_ABBREVIATION": TEAM_CODE[sides.team],
            "GAME_ID": sides.game_id,
            "GAME_DATE": sides.date,
            "MATCHUP": _matchups(season.games),
            "WL": np.where(sides.margin > 0, "W", "L"),
            "REB": totals["OREB"] + totals["DREB"],
            **totals,
        }
    )
    return publish(rows, ResultSet.TEAM_LOG, first=sides.day + 1)


def player_log(season: Season) -> Published:
    """A row per player who appeared, in whole minutes: 0 for less than half of one."""
    sides, lines = sides_of(season), season.lines
    side = lines["side"].to_numpy()
    names = ["GAME_ID", "TEAM_ID", "TEAM_ABBREVIATION", "PLAYER_ID", "PLAYER_NAME"]
    rows = _who(season, lines, season.league.players.log_name, names).assign(
        GAME_DATE=sides.date[side],
        MIN=_whole_minutes(lines),
        REB=lines["OREB"] + lines["DREB"],
        PLUS_MINUS=lines["plus_minus"],
        **lines[_SUMS],
    )
    return publish(rows, ResultSet.PLAYER_LOG, first=sides.day[side] + 1)


def box_scores(season: Season) -> Published:
    """Everybody in the box score: those who played, with the clock, and those who did not, with a comment.

    The Cup final has one as well.
    """
    parts = [_box_scores(each) for each in (season, season.cup_final) if each is not None]
    first = np.concatenate([first for _, first in parts])
    return publish(pd.concat([rows for rows, _ in parts], ignore_index=True), ResultSet.BOX_SCORES, first=first)


def _box_scores(season: Season) -> tuple[pd.DataFrame, Ints]:
    """The rows, and the day from which each is there."""
    listed = season.availability[season.availability["listing"].isin([PLAYED, DNP])].reset_index(drop=True)
    played = listed["listing"].to_numpy() == PLAYED
    clock = np.full(len(listed), "", dtype=object)
    # Lines are the listed who played, in the same order; their seconds include overtime.
    clock[played] = [f"{s // 60}:{s % 60:02d}" for s in season.lines["seconds"].tolist()]
    names = ["gameId", "teamId", "teamTricode", "personId", "playerName"]
    rows = _who(season, listed, season.league.players.log_name, names).assign(
        starter=(listed["starter"] & played).astype("boolean"), minutes=clock, comment=listed["comment"]
    )
    return rows, sides_of(season).day[listed["side"]] + 1


def inactives(season: Season) -> Published:
    """Those who were not in uniform, in the spelling of the inactive list."""
    listed = season.availability[season.availability["listing"] == INACTIVE]
    names = ["GAME_ID", "TEAM_ID", "TEAM_ABBREVIATION", "PLAYER_ID", "PLAYER_NAME"]
    rows = _who(season, listed, season.league.players.listed_name, names)
    return publish(rows, ResultSet.INACTIVES, first=sides_of(season).day[listed["side"]] + 1)


def _who(season: Season, rows: pd.DataFrame, spelling: Texts, names: list[str]) -> pd.DataFrame:
    """Game, team (id and code) and player (id and name) of rows with a side and a player, in columns of these names."""
    sides, side, player = sides_of(season), rows["side"].to_numpy(), rows["player"].to_numpy()
    team, player_id = sides.team[side], season.league.players.player_id[player]
    values = (sides.game_id[side], TEAM_ID[team], TEAM_CODE[team], player_id, spelling[player])
    return pd.DataFrame(dict(zip(names, values, strict=True)))


def _whole_minutes(lines: pd.DataFrame) -> Ints:
    minutes: Ints = (lines["seconds"].to_numpy() + 30) // 60
    return minutes


def _matchups(games: pd.DataFrame) -> Texts:
    """ "HOM vs. AWY" and "AWY @ HOM"; on neutral courts the latter for both teams."""
    home, away = TEAM_CODE[games["home"].to_numpy()], TEAM_CODE[games["away"].to_numpy()]
    as_guest = away + " @ " + home
    as_host = np.where(games["neutral"].to_numpy() < 0, home + " vs. " + away, as_guest)
    return np.column_stack([as_host, as_guest]).ravel()
