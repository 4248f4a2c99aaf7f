"""upcoming_player_game_context: the slate, and each player on it before his game of the day."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd

from nba_assets.league import distinct, teams
from nba_assets.league.ages import age_on
from nba_assets.league.formulas import Floats
from nba_assets.league.slate import LISTING_COLUMNS, slate
from nba_assets.league.windows import GameLog, days, last, season
from nba_assets.partition import Cause
from nba_assets.schema.contract import (
    Contract,
    Date,
    Flag,
    Integer,
    Number,
    OptionalInteger,
    Text,
    column,
)
from nba_assets.schema.evidence import Evidence, Expectation, none_expected
from nba_assets.schema.reads import for_rest, opponent, own_player, own_team, slate_membership, team_mates
from nba_assets.schema.table import Inputs, Phase, Table, announced, before_date, day_before, same_date
from nba_assets.sources.base import ResultSet
from nba_assets.tables.cup_final import players_of_cup_finals, rest_log
from nba_assets.tables.doubtful_lists import judge_slates
from nba_assets.tables.games import RESULT_COLUMNS, finished_games, team_games, without_cup_finals
from nba_assets.tables.injury_status import player_statuses, reports_of_teams, unmatched_names
from nba_assets.tables.player_windows import minutes_per_game, played_games, team_totals_before, usage_over
from nba_assets.tables.raw_injury_reports import AVAILABLE, DOUBTFUL, OUT, PROBABLE, QUESTIONABLE
from nba_assets.tables.upcoming_team_game_context import SEASON_PHASES, days_rest

STAR_POINTS_PER_GAME, STAR_GAMES = 18, 10
GAMES_FOR_PROJECTED_USAGE = 5
GAMES_FOR_PACE = 5
MIN_SLATE, MAX_SLATE = 8, 26
_DAY = timedelta(days=1)
LAST_GAME, LAST_7, WEEK, FORTNIGHT, SEASON = last(1), last(7), days(7), days(14), season()


class UpcomingPlayerGameContext(Contract):
    """One row per player on the slate: whose latest listing before the date is the latest game of a team that plays.

    His own rest and windows count the games that he played; the team's, the games that the team finished. A Cup final
    is a game of the days of rest, of back-to-backs and of the games of the last days; minutes are its box score's.
    """

    game_date: Date = column("Eastern date of tip-off", partition=True)
    season: Text = column('Season, like "2021-22"')
    player_id: Integer = column("NBA player id", key=True)
    game_id: Text = column("NBA game id")
    team: Text = column("Team code", isin=teams.CODES)
    opponent: Text = column("Opponent's code", isin=teams.CODES)
    is_home: Flag = column("Home team by the schedule")
    season_phase: Text = column("early, mid, late, play_in or playoffs", isin=SEASON_PHASES)
    days_rest: OptionalInteger = column(
        "Full days off since his last played game, a Cup final too",
        unit="days",
        null_when="before his first game of the season",
        ge=0,
    )
    back_to_back: Flag = column("Played the day before")
    opponent_days_rest: OptionalInteger = column(
        "The opposing team's days_rest",
        unit="days",
        null_when="before the opposing team's first game of the season",
        ge=0,
    )
    games_last_7_days: Integer = column("Games played on D−7 … D−1, a Cup final too", unit="games", ge=0, le=7)
    games_last_14_days: Integer = column("Games played on D−14 … D−1, a Cup final too", unit="games", ge=0, le=14)
    minutes_last_7_days: Number = column("Minutes on D−7 … D−1, those of a Cup final if known", unit="min", ge=0)
    minutes_last_14_days: Number = column("Minutes on D−14 … D−1, those of a Cup final if known", unit="min", ge=0)
    avg_minutes_per_game_last_7_days: Number = column(
        "Minutes per game on D−7 … D−1, without a Cup final",
        unit="min",
        null_when="if he played no game on D−7 … D−1",
        ge=0,
    )
    back_to_backs_last_14_days: Integer = column(
        "Pairs of played games on consecutive days, both in D−14 … D−1", unit="pairs", ge=0
    )
    games_played_season: Integer = column("Games played this season before D", unit="games", ge=0)
    avg_usage_last_7_games: Number = column(
        "Usage over the last ≤ 7 games", unit="percent", null_when="without time on the floor in his last 7 games", ge=0
    )
    projected_usage: Number = column(
        "Usage of the season to date", unit="percent", null_when="with fewer than 5 games this season", ge=0
    )
    pace_differential: Number = column(
        "Team's pace_last_10 less the opponent's",
        unit="possessions per 48 min",
        null_when="if one of the teams has fewer than 5 games this season",
    )
    opponent_pace_last_10: Number = column(
        "The opponent's pace_last_10",
        unit="possessions per 48 min",
        null_when="before the opponent's first game of the season",
    )
    opponent_def_rating_last_10: Number = column(
        "The opponent's def_rating_last_10",
        unit="points per 100 possessions",
        null_when="before the opponent's first game of the season",
    )
    player_status: Text = column(
        "Injury report's status, available if not on it",
        null_when="without an injury report of the day before that has his team, or if a name on it may be his",
        isin=(OUT, DOUBTFUL, QUESTIONABLE, PROBABLE, AVAILABLE),
    )
    star_teammates_out: OptionalInteger = column(
        "Other slate players of the team with ≥ 18 points per game over ≥ 10 games who are out",
        unit="players",
        null_when="without an injury report of the day before that has his team, or if the status of a "
        "star teammate is unknown",
        ge=0,
    )
    player_age: Number = column("Age at D", unit="years", null_when="if his birth date is not known", ge=0)
    games_expected: Integer = column("His present team's finished games of the season before D", unit="games", ge=0)
    games_loaded: Integer = column("Those of them with a row in team_offense_game_summary", unit="games", ge=0)


def compute(inputs: Inputs, dates: pd.DatetimeIndex) -> pd.DataFrame:
    """The slate of each date with the players' and the teams' windows before it."""
    rows = _slate(inputs, dates)
    has_report = reports_of_teams(inputs.before["raw_injury_reports"], rows)["has_report"].array
    rows = rows.assign(**_own_windows(rows, inputs), **_games_of_team(rows, inputs), has_report=has_report)
    return rows.assign(**_injury_status(rows, inputs), player_age=_ages(rows, inputs))


def _slate(inputs: Inputs, dates: pd.DatetimeIndex) -> pd.DataFrame:
    context = inputs.on_date["upcoming_team_game_context"]
    context = context[context["game_date"].isin(dates)]
    of_team_alone = ["days_rest", "back_to_back", "games_last_7_days", "games_last_14_days", "players_out"]
    listings = without_cup_finals(inputs.before["raw_player_boxscores"])
    rows = slate(listings, context.drop(columns=of_team_alone))
    opponents = context[["game_date", "team", "pace_last_10", "def_rating_last_10", "wins", "losses"]]
    opponents = opponents.rename(columns=lambda c: c if c == "game_date" else f"opponent_{c}")
    opponents = opponents.rename(columns={"opponent_team": "opponent"})
    return rows.assign(**distinct.beside(rows, opponents, ["game_date", "opponent"], opponents.columns[2:]))


def _own_windows(rows: pd.DataFrame, inputs: Inputs) -> dict[str, object]:
    log = played_games(inputs.before["player_game_summary"], inputs.before["team_offense_game_summary"])
    as_of = log.before(rows["player_id"], rows["season"], rows["game_date"])
    to_date = as_of.over(SEASON)
    games_known = np.minimum(rows["wins"] + rows["losses"], rows["opponent_wins"] + rows["opponent_losses"])
    enough_games = to_date.count >= GAMES_FOR_PROJECTED_USAGE
    is_star = (to_date.count >= STAR_GAMES) & (to_date.sum("points") >= STAR_POINTS_PER_GAME * to_date.count)
    return {
        **_own_rest(rows, inputs, log),
        "avg_minutes_per_game_last_7_days": minutes_per_game(as_of.over(WEEK)),
        "games_played_season": to_date.count,
        "avg_usage_last_7_games": usage_over(as_of.over(LAST_7)),
        "projected_usage": np.where(enough_games, usage_over(to_date), np.nan),
        "pace_differential": (rows["pace_last_10"] - rows["opponent_pace_last_10"]).where(
            games_known >= GAMES_FOR_PACE
        ),
        "_is_star": is_star,
    }


def _own_rest(rows: pd.DataFrame, inputs: Inputs, played: GameLog) -> dict[str, object]:
    """What a Cup final counts for, besides the games that he played."""
    finals = players_of_cup_finals(inputs.before["raw_schedule"], inputs.before["raw_player_boxscores"])
    log = rest_log(played, finals)
    log.add("back_to_back", log.days_since_previous() == 1)
    as_of = log.before(rows["player_id"], rows["season"], rows["game_date"])
    rest, week, fortnight = days_rest(as_of), as_of.over(WEEK), as_of.over(FORTNIGHT)
    return {
        "days_rest": rest.array,
        "back_to_back": rest.eq(0).fillna(False).to_numpy(dtype=bool),
        "games_last_7_days": week.count,
        "games_last_14_days": fortnight.count,
        "minutes_last_7_days": week.sum("seconds_played") / 60,
        "minutes_last_14_days": fortnight.sum("seconds_played") / 60,
        "back_to_backs_last_14_days": fortnight.without_first().sum("back_to_back"),
    }


def _games_of_team(rows: pd.DataFrame, inputs: Inputs) -> dict[str, object]:
    finished = team_games(finished_games(inputs.before["raw_schedule"], inputs.counting_types))
    loaded = inputs.before["team_offense_game_summary"][["game_id", "team"]].assign(loaded=True)
    log = GameLog(finished.merge(loaded, on=["game_id", "team"], how="left"), entity="team")
    to_date = log.before(rows["team"], rows["season"], rows["game_date"]).over(SEASON)
    return {"games_expected": to_date.count, "games_loaded": to_date.count_known("loaded")}


def _ages(rows: pd.DataFrame, inputs: Inputs) -> Floats:
    """By the birth date in the newest of his listings before the date that has one."""
    listings = without_cup_finals(inputs.before["raw_player_boxscores"])
    known = listings[listings["birth_date"].notna()]
    if known.empty:
        return np.full(len(rows), np.nan)
    key = ["season", "player_id"]
    known = known[["game_date", *key, "birth_date"]].sort_values("game_date", kind="stable")
    asked = rows[["game_date", *key]].reset_index(drop=True).reset_index().sort_values("game_date", kind="stable")
    found = pd.merge_asof(asked, known, on="game_date", by=key, allow_exact_matches=False)
    found = found.sort_values("index")
    return age_on(found["birth_date"], found["game_date"])


def _injury_status(rows: pd.DataFrame, inputs: Inputs) -> dict[str, pd.Series]:
    listings = without_cup_finals(inputs.before["raw_player_boxscores"])
    statuses = player_statuses(inputs.before["raw_injury_reports"], rows, listings)
    statuses = statuses.set_axis(rows.index)
    stars = pd.DataFrame({"out": statuses.eq(OUT), "unknown": statuses.isna()}).mul(rows["_is_star"], axis=0)
    others = stars.groupby([rows["game_date"], rows["team"]]).transform("sum") - stars
    is_known = rows["has_report"] & others["unknown"].eq(0)
    return {"player_status": statuses, "star_teammates_out": others["out"].astype("Int64").where(is_known)}


def expect(evidence: Evidence) -> dict[date, Expectation]:
    """Every team that plays has enough players on the slate, and its last list is not in doubt."""
    found = none_expected(evidence)
    context = evidence.inputs.on_date["upcoming_team_game_context"]
    sizes = evidence.rows.groupby(["game_date", "team"]).size()
    for row in context[context["game_date"].isin(evidence.dates)].itertuples():
        result = found[row.game_date.date()]
        result.expected += 1
        size = int(sizes.get((row.game_date, row.team), 0))
        if size < MIN_SLATE:
            result.lack(row.team, Cause.SMALL_SLATE, players=size)
            if row.wins + row.losses == 0:  # nobody was listed yet: there is no slate before a team's first game
                result.accepted.add(row.team)
        elif size > MAX_SLATE:
            result.note(Cause.LARGE_SLATE, row.team, players=size)
    judge_slates(evidence, found)
    _judge_names(evidence, found)
    return found


def _judge_names(evidence: Evidence, found: dict[date, Expectation]) -> None:
    """Names of the injury report that nobody on the slate was listed under: they degrade if they may be somebody's."""
    before = evidence.inputs.before
    listings = without_cup_finals(before["raw_player_boxscores"])
    names = unmatched_names(before["raw_injury_reports"], evidence.rows, listings)
    for row in names.itertuples():
        result = found[row.game_date.date()]
        if row.resembles:
            who = f"{row.player_name} ({row.team}, {row.status}) is like {' and '.join(row.resembles)}"
            result.degrade(Cause.NAMES_IN_DOUBT, who, report=str(row.game_date.date() - _DAY))
        else:
            result.note(Cause.NAME_NOT_LISTED, row.player_name, team=row.team, status=row.status)


_OF_REPORT = ("player_status", "star_teammates_out")

UPCOMING_PLAYER_GAME_CONTEXT = Table(
    name="upcoming_player_game_context",
    short_name="UPGC",
    dataset="nba_analytics",
    phase=Phase.PRE_GAME,
    contract=UpcomingPlayerGameContext,
    compute=compute,
    expect=expect,
    evidence=(ResultSet.PLAYER_LOG, ResultSet.INACTIVES),
    inputs=(
        announced("raw_schedule"),
        same_date(
            "upcoming_team_game_context",
            reads=(
                # Wins and losses count up to the games that a pace needs: fewer than it is made of.
                own_team(through=("pace_last_10",), into=("pace_differential",)),
                own_team(through=("opponent_days_rest",), into=("opponent_days_rest",)),
                opponent(through=("pace_last_10",), into=("pace_differential", "opponent_pace_last_10")),
                opponent(through=("def_rating_last_10",), into=("opponent_def_rating_last_10",)),
            ),
        ),
        before_date(
            "raw_schedule", *RESULT_COLUMNS, reads=(own_team(SEASON, into=("games_expected", "games_loaded")),)
        ),
        before_date(
            "raw_player_boxscores",
            *LISTING_COLUMNS,
            *("seconds_played", "birth_date"),
            # The names that the injury report may call him by are those of all his listings, if they are his alone.
            reads=(
                slate_membership(),
                own_player(SEASON, into=("player_status",), where="player_status"),
                own_player(SEASON, into=("player_age",), where="player_age"),
                team_mates(SEASON, into=_OF_REPORT, where="player_status"),
                own_team(SEASON, into=_OF_REPORT, where="player_status"),
            ),
        ),
        before_date(
            "player_game_summary",
            *("game_date", "season", "game_id", "player_id", "team", "points", "fga", "fta", "tov", "seconds_played"),
            reads=(
                *map(own_player, (LAST_7, SEASON)),
                for_rest(own_player(LAST_GAME, into=("days_rest", "back_to_back"))),
                *(for_rest(own_player(span)) for span in (WEEK, FORTNIGHT)),
                team_mates(SEASON, into=("star_teammates_out",), where="player_status"),
            ),
        ),
        team_totals_before("player_game_summary", SEASON, own_team(SEASON, into=("games_loaded",))),
        day_before("raw_injury_reports"),
    ),
)
