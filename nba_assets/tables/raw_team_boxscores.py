"""raw_team_boxscores: what each team did in each finished game, from the league's team game log."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from nba_assets.league import teams
from nba_assets.league.formulas import SECONDS_PER_GAME, SECONDS_PER_OVERTIME
from nba_assets.partition import Cause
from nba_assets.schema.contract import Date, Flag, Integer, Text, column
from nba_assets.schema.evidence import Evidence, Expectation, by_date
from nba_assets.schema.table import REJECTION_COLUMNS, Inputs, Phase, Table, rejections, same_date
from nba_assets.sources.base import ResultSet
from nba_assets.tables.games import finished_games, game_name, team_games
from nba_assets.tables.postgame import finished_sides, unfinished
from nba_assets.tables.statistics import GAME_LOG_COLUMNS, counting_columns


class RawTeamBoxscores(counting_columns()):  # type: ignore[misc]
    """Two rows per finished counting game: each team's counting statistics and the game's length."""

    game_date: Date = column("Eastern date of tip-off", partition=True)
    season: Text = column('Season, like "2021-22"')
    game_id: Text = column("NBA game id", key=True)
    team: Text = column("Team code", key=True, isin=teams.CODES)
    opponent: Text = column("Opponent's code", isin=teams.CODES)
    is_home: Flag = column("Home team by the schedule, also on neutral courts")
    won: Flag = column("Won the game")
    overtime_periods: Integer = column("Overtime periods", unit="periods", ge=0, le=10)
    seconds_played: Integer = column("5 × (2880 + 300 × overtime periods)", unit="player-seconds", ge=14400)


def compute(inputs: Inputs, dates: pd.DatetimeIndex) -> pd.DataFrame:
    """The team game log's rows of the finished games of the dates, newest version of each."""
    games = _expected(inputs, dates)
    log = _team_log(inputs).drop_duplicates(["game_id", "team"], keep="last")
    rows = games[["game_date", "season", "game_id", "team", "opponent", "is_home"]].merge(log, on=["game_id", "team"])
    overtimes = np.rint((rows["MIN"] - 240) / 25).clip(lower=0).astype("int64")
    return rows.assign(
        won=rows["WL"].eq("W"),
        overtime_periods=overtimes,
        seconds_played=5 * (SECONDS_PER_GAME + SECONDS_PER_OVERTIME * overtimes),
    )


def reject(inputs: Inputs, dates: pd.DatetimeIndex) -> pd.DataFrame:
    """Team-games that disagree with another version of themselves, or that no scheduled game knows."""
    log = _team_log(inputs)
    log = log[log["log_date"].isin(dates)]
    games = inputs.on_date["raw_schedule"]
    unknown = log[~log["game_id"].isin(games["game_id"])]
    versions = log.drop_duplicates()
    rivals = versions[versions.duplicated(["game_id", "team"], keep=False)].drop_duplicates(["game_id", "team"])
    if unknown.empty and rivals.empty:
        return pd.DataFrame(columns=REJECTION_COLUMNS)
    return pd.concat(
        [
            rejections(unknown["log_date"], unknown["game_id"], "not in the schedule: " + unknown["team"]),
            rejections(
                rivals["log_date"],
                rivals["game_id"] + " " + rivals["team"],
                "two versions disagree; the newest was used (" + rivals["team"] + ")",
            ),
        ]
    )


def _expected(inputs: Inputs, dates: pd.DatetimeIndex) -> pd.DataFrame:
    games = finished_games(inputs.on_date["raw_schedule"], inputs.counting_types)
    return team_games(games[games["game_date"].isin(dates)])


def _team_log(inputs: Inputs) -> pd.DataFrame:
    log = inputs.source[ResultSet.TEAM_LOG]
    if log is None:
        return pd.DataFrame(columns=["game_id", "team", "log_date", "WL", "MIN", *GAME_LOG_COLUMNS.values()])
    renamed = log.rename(columns=GAME_LOG_COLUMNS)
    return renamed[["WL", "MIN", *GAME_LOG_COLUMNS.values()]].assign(
        game_id=log["GAME_ID"],
        team=teams.canonical_codes(log["TEAM_ABBREVIATION"]),
        log_date=pd.to_datetime(log["GAME_DATE"].str[:10]),
    )


def expect(evidence: Evidence) -> dict[date, Expectation]:
    """Both teams of every finished game have a row, with the points that the schedule says."""
    found = unfinished(evidence)
    rows = evidence.rows[["game_id", "team", "points"]]
    sides = finished_sides(evidence).merge(rows, on=["game_id", "team"], how="left")
    for day, of_day in by_date(sides, "game_date"):
        found[day].expect_sides(of_day)
        for side in of_day.itertuples():
            if pd.isna(side.points):
                found[day].lack_side(game_name(side), side.team, Cause.NO_BOX_SCORE)
            elif pd.notna(side.score) and side.score != side.points:
                numbers = {"points": int(side.points), "score": int(side.score)}
                found[day].lack_side(game_name(side), side.team, Cause.SCORE_DIFFERS, **numbers)
    return found


RAW_TEAM_BOXSCORES = Table(
    name="raw_team_boxscores",
    short_name="TBOX",
    dataset="nba_raw",
    phase=Phase.RAW,
    contract=RawTeamBoxscores,
    compute=compute,
    expect=expect,
    reject=reject,
    inputs=(same_date("raw_schedule"),),
    result_sets=(ResultSet.TEAM_LOG,),
)
