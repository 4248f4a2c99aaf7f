"""raw_team_boxscores: what each team did in each finished game, from the league's team game log."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from nba_assets.league import teams
from nba_assets.league.formulas import SECONDS_PER_GAME, SECONDS_PER_OVERTIME
from nba_assets.partition import Cause, Finding, finding
from nba_assets.schema.contract import Date, Flag, Integer, Text, column
from nba_assets.schema.evidence import Evidence, Expectation, by_date
from nba_assets.schema.table import Inputs, Phase, Table, all_rejections, rejections, same_date
from nba_assets.sources.base import ResultSet
from nba_assets.tables.game_logs import newest, player_log, rivals, team_log
from nba_assets.tables.games import finished_sides_on, game_name, is_listed
from nba_assets.tables.identities import (
    MOST_OF_A_TEAM,
    OF_OPPONENT,
    broken_between_teams,
    broken_identities,
    contradicting_players,
    differing_sum,
)
from nba_assets.tables.postgame import PLAYERS_ON_THE_FLOOR, finished_sides, unfinished
from nba_assets.tables.reconciliation import Contradiction, contradictions
from nba_assets.tables.statistics import COUNTING_STATISTICS, counting_columns
from nba_assets.text import counted


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
    games = finished_sides_on(dates, inputs.on_date["raw_schedule"], inputs.counting_types)
    log = newest(team_log(inputs), "team")
    rows = games[["game_date", "season", "game_id", "team", "opponent", "is_home"]].merge(log, on=["game_id", "team"])
    overtimes = _overtimes(rows["MIN"]).astype("int64")
    return rows.assign(
        won=rows["WL"].eq("W"),
        overtime_periods=overtimes,
        seconds_played=5 * (SECONDS_PER_GAME + SECONDS_PER_OVERTIME * overtimes),
    )


def reject(inputs: Inputs, dates: pd.DatetimeIndex) -> pd.DataFrame:
    """Team-games that disagree with another version of themselves, or that no scheduled game knows."""
    log = team_log(inputs)
    log = log[log["log_date"].isin(dates)]
    unknown = log[~is_listed(log["game_id"], log["log_date"], inputs.on_date["raw_schedule"])]
    disagreeing = rivals(log, "team")
    return all_rejections(
        rejections(unknown["log_date"], unknown["game_id"], "not in the schedule: " + unknown["team"]),
        rejections(
            disagreeing["log_date"],
            disagreeing["game_id"] + " " + disagreeing["team"],
            "two versions disagree; the newest was used (" + disagreeing["team"] + ")",
        ),
    )


def expect(evidence: Evidence) -> dict[date, Expectation]:
    """Both teams of every finished game have a row, which nothing contradicts.

    Neither the schedule's score, nor the row itself, nor the opponent's, nor what the players did. Box scores of games
    that the schedule does not have on the date fall short as well.
    """
    found = unfinished(evidence)
    sides = _with_opponents(evidence)
    for day, of_day in by_date(sides, "game_date"):
        found[day].expect_sides(of_day)
    for side, wrong in _shortcomings(sides, player_log(evidence.inputs)):
        found[side.game_date.date()].lack_side(game_name(side), side.team, wrong.cause, **wrong.numbers)
    for contradiction in contradictions(evidence, evidence.inputs.on_date["raw_schedule"]):
        _lack_game(found[contradiction.day], contradiction)
    return found


def _with_opponents(evidence: Evidence) -> pd.DataFrame:
    """The sides of the finished games with their rows (NULL without one), WL and MIN, and the opponent's points."""
    rows = evidence.rows[["game_id", "team", "won", "overtime_periods", *COUNTING_STATISTICS]]
    log = newest(team_log(evidence.inputs), "team")[["game_id", "team", "WL", "MIN"]]
    rows = rows.merge(log, on=["game_id", "team"])
    others = rows[["game_id", "team", "points", "overtime_periods", *OF_OPPONENT]]
    others = others.rename(columns={c: f"opponent_{c}" for c in others.columns[2:]} | {"team": "opponent"})
    sides = finished_sides(evidence).merge(rows, on=["game_id", "team"], how="left")
    return sides.merge(others, on=["game_id", "opponent"], how="left")


def _shortcomings(sides: pd.DataFrame, lines: pd.DataFrame) -> Iterator[tuple[Any, Finding]]:
    """Each side that falls short, and the first reason."""
    is_there = sides["points"].notna()
    for side in sides[~is_there].itertuples():
        yield side, finding(Cause.NO_BOX_SCORE)
    whole = ["overtime_periods", *COUNTING_STATISTICS]
    present = sides[is_there].astype(dict.fromkeys(whole, "int64")).reset_index(drop=True)
    of_players = _against_players(present, lines)
    # Who is wrong says more than that the team is.
    wrong = {at: found for at, found in of_players.items() if found.cause is Cause.PLAYERS_CONTRADICT}
    by_team = (broken_identities(present, MOST_OF_A_TEAM), broken_between_teams(present))
    for source in (_against_others(present), *by_team, of_players):
        for at, found in source.items():
            wrong.setdefault(at, found)
    for side in present.itertuples():
        if side.Index in wrong:
            yield side, wrong[side.Index]


def _against_others(sides: pd.DataFrame) -> dict[int, Finding]:
    """Sides with other points than in the schedule, with another winner than by points, or of a game of two lengths."""
    found: dict[int, Finding] = {}
    rounded = _team_minutes(sides["overtime_periods"])
    for side in sides[sides["score"].notna() & sides["score"].ne(sides["points"]).fillna(False)].itertuples():
        found[side.Index] = finding(Cause.SCORE_DIFFERS, points=side.points, score=int(side.score))
    known = sides["opponent_points"].notna()
    is_winner = sides["points"].gt(sides["opponent_points"]).astype(bool)
    result_is = sides["WL"].map({"W": True, "L": False})
    for side in sides[known & (sides["points"].eq(sides["opponent_points"]) | result_is.ne(is_winner))].itertuples():
        numbers = {"result": side.WL, "points": side.points, "opponent_points": int(side.opponent_points)}
        found.setdefault(side.Index, finding(Cause.WINNER_DIFFERS, **numbers))
    lengths_differ = known & sides["overtime_periods"].ne(sides["opponent_overtime_periods"])
    for side in sides[(sides["MIN"] - rounded).abs().gt(_ROUNDED_BY) | lengths_differ].itertuples():
        details = f"{side.MIN:g} team minutes"
        if lengths_differ[side.Index]:
            details += (
                f" ({counted(side.overtime_periods, 'overtime')}, the opponent {side.opponent_overtime_periods:g})"
            )
        else:
            details += ", neither 240 nor 25 more for each overtime"
        found.setdefault(side.Index, finding(Cause.TEAM_MINUTES, details=details))
    return found


def _against_players(sides: pd.DataFrame, lines: pd.DataFrame) -> dict[int, Finding]:
    """Sides of which a player's line cannot be, or whose players did not do what the team did.

    Judged where at least five players are in the log: whether all are there is asked of the players' table.
    """
    key = ["game_id", "team"]
    length = sides[[*key, "overtime_periods"]].assign(length=48 + 5 * sides["overtime_periods"])
    lines = newest(lines, "player_id").merge(length[[*key, "length"]], on=key)
    totals = lines.groupby(key)[["MIN", *COUNTING_STATISTICS]].sum().reset_index()
    sizes = lines.groupby(key).size().rename("played").reset_index()
    both = sides.merge(totals.merge(sizes, on=key), on=key, how="left", suffixes=("", "_of_players"))
    players = contradicting_players(lines)
    found: dict[int, Finding] = {}
    for side in both[both["played"].ge(PLAYERS_ON_THE_FLOOR)].itertuples():
        sums = side._asdict()
        wrong = players.get((side.game_id, side.team)) or differing_sum(sums) or _other_length(sums)
        if wrong is not None:
            found[side.Index] = wrong
    return found


def _other_length(side: dict[str, Any]) -> Finding | None:
    """Whole minutes of the players that make a game of another length than the team's."""
    of_players, of_game = int(side["MIN_of_players"]), _team_minutes(int(side["overtime_periods"]))
    nearest = _team_minutes(int(_overtimes(of_players)))
    # Minutes that make no game of any length are missing: that is asked of the players' table.
    if nearest != of_game and abs(of_players - nearest) <= _PLAYERS_ROUNDED_BY:
        return finding(Cause.MINUTES_DIFFER, of_players=of_players, of_game=of_game)
    return None


def _team_minutes(overtimes: Any) -> Any:
    """Team minutes of a game, or of many, with so many overtimes: 240, 265, 290, …"""
    return 240 + 25 * overtimes


def _overtimes(team_minutes: Any) -> Any:
    """The number of overtimes that comes nearest to team minutes, of a game or of many."""
    return np.rint((team_minutes - 240) / 25).clip(0)


def _lack_game(expectation: Expectation, wrong: Contradiction) -> None:
    """A game that the schedule does not have, or has otherwise."""
    if wrong.finding.cause in (Cause.NOT_IN_SCHEDULE, Cause.POSTPONED_BUT_PLAYED):
        if wrong.game not in expectation.lacking:
            expectation.expected += 1
            expectation.games += 1
        expectation.game_of[expectation.lack(wrong.game, wrong.finding.cause, **wrong.finding.numbers)] = wrong.game
    elif wrong.blocks and wrong.side and f"{wrong.game} {wrong.side}" not in expectation.lacking:
        expectation.lack_side(wrong.game, wrong.side, wrong.finding.cause, **wrong.finding.numbers)


_ROUNDED_BY = 4
"""Team minutes that the log's rounding of each player's may add or take."""

_PLAYERS_ROUNDED_BY = 10
"""The same of the sum of the players' whole minutes; an overtime has 25."""


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
    evidence=(ResultSet.PLAYER_LOG,),
)
