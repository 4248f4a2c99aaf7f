"""Facts of one real game that contradict each other: each check has a fault that it names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from nba_assets.partition import Status
from nba_assets.sources.base import GAME_IDS, ResultSet
from nba_assets_tests.engine.warehouses import Edit, EditedSource, build_range, cell, copy_of, healthy, session, stored

BEFORE, DAY = date(2021, 11, 6), date(2021, 11, 7)
GAME, NAME = "0022100142", "0022100142 MIL@WAS"
BEAL, KUZMA, GAFFORD, TODD = 203078, 1628398, 1629655, 1630225
SCHEDULE, TEAMS, PLAYERS, BOX = ResultSet.SCHEDULE, ResultSet.TEAM_LOG, ResultSet.PLAYER_LOG, ResultSet.BOX_SCORES
_WHOSE = {TEAMS: "TEAM_ABBREVIATION", PLAYERS: "PLAYER_ID", BOX: "personId"}
Edits = Mapping[ResultSet, Edit]


def _of(result_set: ResultSet, whose: object = None, **values: object) -> Edits:
    """The game's rows, or those of one team or player, with other values; a value may be a function of the old one."""

    def change(rows: pd.DataFrame) -> pd.DataFrame:
        of_game = rows[GAME_IDS[result_set]].eq(GAME)
        at = rows.index[of_game & rows[_WHOSE[result_set]].eq(whose)] if whose else rows.index[of_game]
        assert len(at)
        for column, value in values.items():
            rows.loc[at, column] = [value(old) if callable(value) else value for old in rows.loc[at, column]]
        return rows

    return {result_set: change}


def _without(result_set: ResultSet, whose: object = None) -> Edits:
    def change(rows: pd.DataFrame) -> pd.DataFrame:
        gone = rows[GAME_IDS[result_set]].eq(GAME)
        if whose:
            gone &= rows[_WHOSE[result_set]].eq(whose)
        assert gone.any()
        return rows[~gone]

    return {result_set: change}


def _one_after_the_other(result_set: ResultSet, first: Edits, second: Edits) -> Edits:
    return {result_set: lambda rows: second[result_set](first[result_set](rows))}


def _more(by: int) -> Callable[[int], int]:
    return lambda value: value + by


OF_THE_SCHEDULE: dict[str, tuple[Edits, Status, str]] = {
    "not there": (
        _without(SCHEDULE),
        Status.GAP,
        f"{NAME}: a box score, and on this date no such game in the schedule",
    ),
    "not there, nor in the teams' log": (
        _without(SCHEDULE) | _without(TEAMS),
        Status.GAP,
        f"{GAME} MIL@WAS: a box score, and on this date no such game in the schedule",
    ),
    "postponed": (_of(SCHEDULE, postponedStatus="Y"), Status.GAP, f"{NAME}: postponed by the schedule"),
    "on another date in one log": (
        _of(TEAMS, GAME_DATE="2021-11-08"),
        Status.DEGRADED,
        "GAME_DATE of the teams' log 2021-11-08, GAME_DATE of the players' log 2021-11-07: put on 2021-11-07",
    ),
    "another team": (_of(SCHEDULE, awayTeam_teamTricode="CHI"), Status.GAP, "no team of this game"),
    "the other arena": (
        _of(SCHEDULE, homeTeam_teamTricode="MIL", awayTeam_teamTricode="WAS", homeTeam_score=94, awayTeam_score=101),
        Status.GAP,
        "says otherwise who is at home",
    ),
    "no matchup": (_of(TEAMS, "WAS", MATCHUP="?"), Status.GAP, "MATCHUP '?' says otherwise"),
    "against itself": (_of(SCHEDULE, awayTeam_teamTricode="WAS"), Status.GAP, "WAS@WAS: a team against itself"),
    "twice": (_of(SCHEDULE, awayTeam_teamTricode="UTA"), Status.GAP, "more than one game on this date"),
    "a new team": (
        _of(SCHEDULE, awayTeam_teamTricode="SEA"),
        Status.GAP,
        "unknown team SEA: teams are declared in nba_assets/league/teams.py",
    ),
    "no score": (
        _of(SCHEDULE, homeTeam_score=pd.NA, awayTeam_score=pd.NA),
        Status.DEGRADED,
        f"{NAME}: final without a score",
    ),
    "another score": (
        _of(SCHEDULE, homeTeam_score=102),
        Status.DEGRADED,
        f"{NAME} WAS: box score has 101 points, the schedule 102",
    ),
    "the score of a line that cannot be": (
        _of(SCHEDULE, homeTeam_score=103) | _of(TEAMS, "WAS", PTS=103),
        Status.DEGRADED,
        f"{NAME} WAS: 103 points, but 2 FGM + FG3M + FTM",
    ),
    "not over": (_of(SCHEDULE, gameStatus=2), Status.DEGRADED, f"{NAME}: a result, and not final in the schedule"),
}

OF_THE_TEAMS: dict[str, tuple[Edits, str]] = {
    "another score": (_of(SCHEDULE, homeTeam_score=102), "WAS: box score has 101 points, the schedule 102"),
    "the winner": (_of(TEAMS, WL=lambda result: {"W": "L", "L": "W"}[result]), "WL 'L' with 101 points against 94"),
    "no winner": (_of(TEAMS, "WAS", WL=None), "with 101 points against 94"),
    "points": (
        _of(TEAMS, "WAS", PTS=103) | _of(SCHEDULE, homeTeam_score=103),
        "103 points, but 2 FGM + FG3M + FTM = 2 · 41 + 11 + 8 = 101",
    ),
    "rebounds": (_of(TEAMS, "WAS", REB=43), "43 rebounds, but OREB + DREB = 4 + 38"),
    "makes": (_of(TEAMS, "WAS", FGA=40), "FGM 41 of FGA 40"),
    "threes": (_of(TEAMS, "WAS", FG3A=82), "FG3A 82 of FGA 81"),
    "free throws": (_of(TEAMS, "WAS", FTA=7), "FTM 8 of FTA 7"),
    "impossible": (_of(TEAMS, "WAS", AST=101), "101 ast: more than is possible (100)"),
    "minutes": (_of(TEAMS, "WAS", MIN=252), "252 team minutes, neither 240 nor 25 more for each overtime"),
    "overtimes": (_of(TEAMS, "WAS", MIN=265), "265 team minutes (1 overtime, the opponent 0)"),
    "overtimes of both": (_of(TEAMS, MIN=265), "the players' time sums to 23"),
    "assists": (_of(TEAMS, "WAS", AST=25), "ast of the players sum to 24, the team has 25"),
    "a player's points": (_of(PLAYERS, BEAL, PTS=_more(7)), "(203078): 37 points, but 2 FGM"),
    "a player's points, and all sums": (
        _of(PLAYERS, BEAL, PTS=37) | _of(TEAMS, "WAS", PTS=108) | _of(SCHEDULE, homeTeam_score=108),
        "Bradley Beal (203078): 37 points, but 2 FGM",
    ),
    "a player's minutes": (_of(PLAYERS, BEAL, MIN=60), "Bradley Beal (203078): 60 minutes in a game of 48"),
    "a player's attempts": (
        _of(PLAYERS, GAFFORD, FGA=4) | _of(TEAMS, "WAS", FGA=79),
        "Daniel Gafford (1629655): FGM 5 of FGA 4",
    ),
}

OF_THE_PLAYERS: dict[str, tuple[Edits, str]] = {
    "no box score": (_without(BOX), "no box score that says who started"),
    "not in it": (_without(BOX, BEAL), "Bradley Beal (203078) played, and is not in the box score"),
    "no clock": (_of(BOX, BEAL, minutes=""), "Bradley Beal (203078) played 37 minutes, and his box score has no clock"),
    "a clock of nobody": (_of(BOX, TODD, minutes="0:40"), "Isaiah Todd (1630225) has a clock, and no line in the log"),
    "another clock": (
        _one_after_the_other(BOX, _of(BOX, BEAL, minutes="33:23"), _of(BOX, KUZMA, minutes="33:43")),
        "Bradley Beal (203078) has 37 minutes in the log, 33 by the clock",
    ),
    "another's name": (
        _one_after_the_other(
            PLAYERS, _of(PLAYERS, BEAL, PLAYER_NAME="Kyle Kuzma"), _of(PLAYERS, KUZMA, PLAYER_NAME="Bradley Beal")
        ),
        "Kyle Kuzma (203078) has the name of another in the box score",
    ),
    "six starters": (_of(BOX, TODD, starter=True), "6 starters"),
    "four starters": (_of(BOX, BEAL, starter=False), "4 starters"),
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A warehouse that is healthy up to the day before."""
    return copy_of(healthy(BEFORE), tmp_path)


@pytest.mark.parametrize("fault", OF_THE_SCHEDULE)
def test_the_schedule_against_the_results(home: Path, fault: str) -> None:
    edits, status, says = OF_THE_SCHEDULE[fault]
    at = session(home, EditedSource(edits))
    build_range(at, DAY, DAY, tables=["raw_schedule", "raw_team_boxscores", "upcoming_team_game_context"])
    found = cell(at, "raw_schedule", DAY)
    assert found.status == status
    assert says in (found.reason or "")
    assert stored(at, "raw_schedule", DAY).empty == (status == Status.GAP)
    if status == Status.GAP:
        for waiting in ("raw_team_boxscores", "upcoming_team_game_context"):
            assert cell(at, waiting, DAY).status == Status.BLOCKED


@pytest.mark.parametrize("fault", OF_THE_TEAMS)
def test_a_team_s_box_score_against_everything_else(home: Path, fault: str) -> None:
    edits, says = OF_THE_TEAMS[fault]
    at = session(home, EditedSource(edits))
    build_range(at, DAY, DAY, tables=["raw_schedule", "raw_team_boxscores", "raw_player_boxscores"])
    found = cell(at, "raw_team_boxscores", DAY)
    assert found.status == Status.GAP
    assert says in (found.reason or "")
    assert GAME in (found.reason or "")
    assert cell(at, "raw_player_boxscores", DAY).status == Status.BLOCKED, "neither branch is believed"


@pytest.mark.parametrize("fault", OF_THE_PLAYERS)
def test_the_log_against_the_box_score(home: Path, fault: str) -> None:
    edits, says = OF_THE_PLAYERS[fault]
    at = session(home, EditedSource(edits))
    build_range(at, DAY, DAY, tables=["raw_schedule", "raw_team_boxscores", "raw_player_boxscores"])
    assert cell(at, "raw_team_boxscores", DAY).status == Status.OK
    found = cell(at, "raw_player_boxscores", DAY)
    assert found.status == Status.GAP
    assert says in (found.reason or "")
    assert stored(at, "raw_player_boxscores", DAY).empty


def test_a_list_of_a_team_that_does_not_play_is_named(home: Path) -> None:
    at = session(home, EditedSource(_of(BOX, TODD, teamTricode="CHI")))
    build_range(at, DAY, DAY, tables=["raw_schedule", "raw_team_boxscores", "raw_player_boxscores"])
    found = cell(at, "raw_player_boxscores", DAY)
    assert found.status == Status.DEGRADED
    assert f"Isaiah Todd: listed for CHI in {GAME}, which that team does not play" in (found.reason or "")


def test_a_neutral_court_is_no_contradiction(home: Path) -> None:
    """Both rows of a game on a neutral court say "@": the schedule decides who is at home."""
    at = session(home, EditedSource(_of(TEAMS, "WAS", MATCHUP="WAS @ MIL")))
    build_range(at, DAY, DAY, tables=["raw_schedule", "raw_team_boxscores"])
    assert cell(at, "raw_schedule", DAY).status == Status.OK
    assert cell(at, "raw_team_boxscores", DAY).status == Status.OK


@pytest.mark.parametrize(
    ("result_set", "column", "text"),
    [
        (TEAMS, "GAME_DATE", "yesterday"),
        (TEAMS, "GAME_DATE", " 2021-11-07"),
        (SCHEDULE, "gameDateEst", "Washington"),
        (SCHEDULE, "gameDateTimeUTC", "WAS"),
        (PLAYERS, "GAME_DATE", ""),
    ],
)
def test_a_text_that_is_no_date_is_an_error_naming_it(
    home: Path, result_set: ResultSet, column: str, text: str
) -> None:
    at = session(home, EditedSource(_of(result_set, **{column: text})))
    build_range(at, DAY, DAY, tables=["raw_schedule", "raw_team_boxscores", "raw_player_boxscores"])
    table = {SCHEDULE: "raw_schedule", TEAMS: "raw_team_boxscores", PLAYERS: "raw_player_boxscores"}[result_set]
    found = cell(at, table, DAY)
    assert found.status == Status.ERROR
    assert f"{result_set}.{column}: expected a " in (found.reason or "")
    assert repr(text) in (found.reason or "")
