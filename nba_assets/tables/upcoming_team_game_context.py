"""upcoming_team_game_context: each team before its game of the day."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from nba_assets.league import formulas, teams
from nba_assets.league.calendar import REST_TYPES, GameType
from nba_assets.league.windows import AsOf, GameLog, days, last, season
from nba_assets.partition import Cause
from nba_assets.schema.contract import (
    Contract,
    Date,
    Flag,
    Integer,
    Number,
    OptionalInteger,
    Text,
    Timestamp,
    column,
)
from nba_assets.schema.evidence import Evidence, Expectation, by_date, none_expected
from nba_assets.schema.reads import for_rest, opponent, own_team
from nba_assets.schema.table import Inputs, Phase, Table, announced, before_date, day_before, same_date
from nba_assets.tables.games import RESULT_COLUMNS, finished_games, team_games, tonight
from nba_assets.tables.injury_status import reports_of_teams
from nba_assets.tables.pregame import finished_sides_before, lack_games

EARLY, MID, LATE, PLAY_IN, PLAYOFFS = "early", "mid", "late", "play_in", "playoffs"
SEASON_PHASES = (EARLY, MID, LATE, PLAY_IN, PLAYOFFS)
GAMES_FOR_WIN_PCT = 5
LAST_GAME, LAST_10, WEEK, FORTNIGHT, SEASON = last(1), last(10), days(7), days(14), season()


class UpcomingTeamGameContext(Contract):
    """Two rows per counting game scheduled on the date: what is known of each team before tip-off."""

    game_date: Date = column("Eastern date of tip-off", partition=True)
    season: Text = column('Season, like "2021-22"')
    team: Text = column("Team code", key=True, isin=teams.CODES)
    game_id: Text = column("NBA game id")
    opponent: Text = column("Opponent's code", isin=teams.CODES)
    is_home: Flag = column("Home team by the schedule")
    tipoff_utc: Timestamp = column("Tip-off, UTC", null_when="if the schedule does not tell it")
    season_phase: Text = column(
        "early (Oct-Nov), mid (Dec-Feb), late (from March), play_in or playoffs", isin=SEASON_PHASES
    )
    days_rest: OptionalInteger = column(
        "Full days off since the last finished game, a Cup final too; 0 = back-to-back",
        unit="days",
        null_when="before the team's first game of the season",
        ge=0,
    )
    back_to_back: Flag = column("Played the day before")
    opponent_days_rest: OptionalInteger = column(
        "The opponent's days_rest", unit="days", null_when="before the opponent's first game of the season", ge=0
    )
    rest_advantage: OptionalInteger = column(
        "days_rest − opponent_days_rest",
        unit="days",
        null_when="before the first game of the season of one of the two teams",
    )
    games_last_7_days: Integer = column("Finished games on D−7 … D−1, a Cup final too", unit="games", ge=0, le=7)
    games_last_14_days: Integer = column("Finished games on D−14 … D−1, a Cup final too", unit="games", ge=0, le=14)
    game_number: Integer = column("Finished games of the season before D, plus 1", unit="games", ge=1)
    wins: Integer = column("Wins of the season before D", unit="games", ge=0)
    losses: Integer = column("Losses of the season before D", unit="games", ge=0)
    win_pct: Number = column(
        "wins / (wins + losses)", unit="fraction", null_when="with fewer than 5 games this season", ge=0, le=1
    )
    streak: Integer = column("Run of wins (+) or losses (−); 0 before the first game", unit="games")
    last_margin: OptionalInteger = column(
        "Margin of the last game", unit="points", null_when="before the team's first game of the season"
    )
    pace_last_10: Number = column(
        "Pace over the last ≤ 10 games, ratio of sums",
        unit="possessions per 48 min",
        null_when="before the team's first game of the season",
        ge=0,
    )
    off_rating_last_10: Number = column(
        "Offensive rating over the last ≤ 10 games, ratio of sums",
        unit="points per 100 possessions",
        null_when="before the team's first game of the season",
        ge=0,
    )
    def_rating_last_10: Number = column(
        "Defensive rating over the last ≤ 10 games, ratio of sums",
        unit="points per 100 possessions",
        null_when="before the team's first game of the season",
        ge=0,
    )
    spread: Number = column(
        "Betting spread; negative = this team favoured", unit="points", null_when="without a betting line for the game"
    )
    total: Number = column("Betting total of the game", unit="points", null_when="without a betting line for the game")
    players_out: OptionalInteger = column(
        "Players the injury report lists as out",
        unit="players",
        null_when="without an injury report of the day before that has the team",
        ge=0,
    )


def compute(inputs: Inputs, dates: pd.DatetimeIndex) -> pd.DataFrame:
    """The teams that play on each date, with their finished games before it."""
    rows = tonight(inputs.on_date["raw_schedule"], inputs.counting_types, dates)
    rows = rows.assign(season_phase=season_phases(rows["game_type"], rows["game_date"]))
    rows = rows.assign(**_rest(rows, inputs), **_results(rows, inputs.before["team_offense_game_summary"]))
    rows = rows.assign(**_lines(rows, inputs.on_date["raw_game_lines"]))
    rows["players_out"] = reports_of_teams(inputs.before["raw_injury_reports"], rows)["players_out"].array
    other = rows[["game_date", "team", "days_rest"]]
    other = other.rename(columns={"team": "opponent", "days_rest": "opponent_days_rest"})
    rows = rows.merge(other, on=["game_date", "opponent"], how="left")
    return rows.assign(rest_advantage=rows["days_rest"] - rows["opponent_days_rest"])


def season_phases(game_types: pd.Series, game_dates: pd.Series) -> np.ndarray:
    """early, mid or late by month for regular games; play_in and playoffs by game type."""
    month = game_dates.dt.month
    return np.select(
        [
            game_types.eq(GameType.PLAY_IN),
            game_types.eq(GameType.PLAYOFFS),
            month.isin([10, 11]),
            month.isin([12, 1, 2]),
        ],
        [PLAY_IN, PLAYOFFS, EARLY, MID],
        LATE,
    ).astype(object)


def days_rest(as_of: AsOf) -> pd.Series:
    """Full days off between the newest game and the date; NULL before the first game of the season."""
    return pd.Series(as_of.days_since_latest() - 1).astype("Int64")


def _rest(rows: pd.DataFrame, inputs: Inputs) -> dict[str, object]:
    """Rest counts a Cup final, the number of the game does not."""
    counting, as_of = (
        GameLog(team_games(finished_games(inputs.before["raw_schedule"], types)), entity="team").before(
            rows["team"], rows["season"], rows["game_date"]
        )
        for types in (inputs.counting_types, inputs.counting_types | REST_TYPES)
    )
    rest = days_rest(as_of)
    return {
        "days_rest": rest.array,
        "back_to_back": rest.eq(0).fillna(False).to_numpy(dtype=bool),
        "games_last_7_days": as_of.over(WEEK).count,
        "games_last_14_days": as_of.over(FORTNIGHT).count,
        "game_number": counting.over(SEASON).count + 1,
    }


def _results(rows: pd.DataFrame, offense: pd.DataFrame) -> dict[str, object]:
    log = GameLog(offense, entity="team")
    log.add("streak", log.streaks("won"))
    as_of = log.before(rows["team"], rows["season"], rows["game_date"])
    to_date, last_10 = as_of.over(SEASON), as_of.over(LAST_10)
    wins = to_date.sum("won")
    possessions = last_10.sum("possessions")
    return {
        "wins": wins,
        "losses": to_date.count - wins,
        "win_pct": np.where(to_date.count >= GAMES_FOR_WIN_PCT, formulas.ratio(wins, to_date.count), np.nan),
        "streak": as_of.latest("streak").astype("Int64").fillna(0).array,
        "last_margin": as_of.latest("margin").astype("Int64").array,
        "pace_last_10": formulas.pace(possessions, last_10.sum("seconds_played")),
        "off_rating_last_10": formulas.rating(last_10.sum("points"), possessions),
        "def_rating_last_10": formulas.rating(last_10.sum("opponent_points"), possessions),
    }


def _lines(rows: pd.DataFrame, lines: pd.DataFrame) -> dict[str, object]:
    found = rows[["game_id", "is_home"]].merge(lines[["game_id", "home_spread", "total"]], on="game_id", how="left")
    away = 0.0 - found["home_spread"]  # not a plain minus: a spread of 0 must not become -0.0
    return {"spread": found["home_spread"].where(found["is_home"], away).array, "total": found["total"].array}


def expect(evidence: Evidence) -> dict[date, Expectation]:
    """Every team that plays has a row, and every game that it has finished is loaded."""
    found = none_expected(evidence)
    playing = tonight(evidence.inputs.on_date["raw_schedule"], evidence.inputs.counting_types, evidence.dates)
    present = set(zip(evidence.rows["game_date"], evidence.rows["team"], strict=True))
    for day, of_day in by_date(playing, "game_date"):
        found[day].expected = len(of_day)
        for team in of_day["team"]:
            if (pd.Timestamp(day), team) not in present:
                found[day].lack(team, Cause.NO_ROW)
    for (on, team), games in _not_loaded(evidence, playing).groupby(["on", "team"]):
        lack_games(found[on.date()], team, games, evidence.accepted_dates)
    return found


def _not_loaded(evidence: Evidence, playing: pd.DataFrame) -> pd.DataFrame:
    """Finished games without a loaded row, of each team that plays, before each date (`on`)."""
    loaded = evidence.inputs.before["team_offense_game_summary"][["game_id", "team"]].assign(loaded=True)
    finished = finished_sides_before(evidence).merge(loaded, on=["game_id", "team"], how="left")
    lacking = finished.loc[finished["loaded"].isna(), ["season", "team", "game_date", "game_id"]]
    pairs = playing[["game_date", "season", "team"]].rename(columns={"game_date": "on"})
    pairs = pairs.merge(lacking, on=["season", "team"])
    return pairs[pairs["game_date"] < pairs["on"]]


UPCOMING_TEAM_GAME_CONTEXT = Table(
    name="upcoming_team_game_context",
    short_name="UTGC",
    dataset="nba_analytics",
    phase=Phase.PRE_GAME,
    contract=UpcomingTeamGameContext,
    compute=compute,
    expect=expect,
    inputs=(
        announced("raw_schedule"),
        before_date(
            "raw_schedule",
            *RESULT_COLUMNS,
            reads=(
                for_rest(own_team(LAST_GAME, into=("days_rest", "back_to_back", "rest_advantage"))),
                for_rest(own_team(WEEK, into=("games_last_7_days",))),
                for_rest(own_team(FORTNIGHT, into=("games_last_14_days",))),
                own_team(SEASON, into=("game_number",)),
                for_rest(opponent(LAST_GAME, into=("opponent_days_rest", "rest_advantage"))),
            ),
        ),
        before_date(
            "team_offense_game_summary",
            *("game_date", "season", "game_id", "team", "won", "margin", "points", "opponent_points"),
            *("possessions", "seconds_played"),
            reads=(
                own_team(LAST_GAME, into=("last_margin",)),
                own_team(LAST_10, into=("pace_last_10", "off_rating_last_10", "def_rating_last_10")),
                own_team(SEASON, into=("wins", "losses", "win_pct", "streak")),
            ),
        ),
        same_date("raw_game_lines"),
        day_before("raw_injury_reports"),
    ),
)
