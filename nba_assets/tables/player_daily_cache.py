"""player_daily_cache: form, minutes, usage and schedule load of each slate player with some history."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from nba_assets.league import distinct, formulas
from nba_assets.league.windows import last, season
from nba_assets.league.zones import BALANCED, ZONES
from nba_assets.partition import Cause, finding
from nba_assets.schema.contract import NEVER, Contract, Date, Flag, Integer, Number, OptionalInteger, Text, column
from nba_assets.schema.evidence import Evidence, Expectation, by_date, none_expected
from nba_assets.schema.policy import Policy
from nba_assets.schema.reads import own_player, own_team
from nba_assets.schema.table import Inputs, Phase, Table, announced, before_date, same_date
from nba_assets.tables.player_windows import minutes_per_game, played_games, team_totals_before, usage_over

GAMES_NOT_LOADED = "GAMES_NOT_LOADED"
SHOTS_MISSING = "SHOTS_MISSING"
EARLY_SEASON_GAMES = 10
LAST_2, LAST_5, GAMES_3_TO_5, LAST_10, SEASON = last(2), last(5), last(3, skip=2), last(10), season()
_POLICY = Policy(min_share=0.9, backfill_min_share=0.5, min_rows=100, backfill_min_rows=50)

_FROM_CONTEXT = (
    *("season", "player_id", "team", "games_played_season", "days_rest", "back_to_back"),
    *("games_last_7_days", "games_last_14_days", "minutes_last_7_days", "minutes_last_14_days"),
    *("avg_minutes_per_game_last_7_days", "back_to_backs_last_14_days", "player_age"),
    *("games_expected", "games_loaded"),
)
_FROM_ZONES = ("primary_scoring_zone", *(f"{zone}_rate_last_10" for zone in ZONES))
_ZONES_UNKNOWN = "unless the shots of his last 10 games are all known, or if he took no shot"


class PlayerDailyCache(Contract):
    """One row per slate player with at least 5 played games this season; windows end before the date."""

    cache_date: Date = column("The date whose slate it is", partition=True)
    season: Text = column('Season, like "2021-22"')
    player_id: Integer = column("NBA player id", key=True)
    points_avg_last_5: Number = column("Points per game, last ≤ 5 games", unit="points per game", null_when=NEVER, ge=0)
    points_avg_last_10: Number = column(
        "Points per game, last ≤ 10 games", unit="points per game", null_when=NEVER, ge=0
    )
    points_avg_season: Number = column("Points per game, season to date", unit="points per game", null_when=NEVER, ge=0)
    points_std_last_10: Number = column(
        "Sample standard deviation of points, last ≤ 10 games",
        unit="points",
        null_when="with fewer than 2 games this season",
        ge=0,
    )
    minutes_avg_last_10: Number = column("Minutes per game, last ≤ 10 games", unit="min", null_when=NEVER, ge=0)
    minutes_avg_season: Number = column("Minutes per game, season to date", unit="min", null_when=NEVER, ge=0)
    usage_last_10: Number = column(
        "Usage over the last ≤ 10 games",
        unit="percent",
        null_when="without time on the floor in his last 10 games",
        ge=0,
    )
    usage_season: Number = column(
        "Usage over the season to date", unit="percent", null_when="without time on the floor this season", ge=0
    )
    ts_pct_last_10: Number = column(
        "True shooting over the last ≤ 10 games",
        unit="fraction",
        null_when="if he attempted no field goal and no free throw in his last 10 games",
        ge=0,
    )
    ft_points_share_last_10: Number = column(
        "Σ FTM / Σ points over the last ≤ 10 games",
        unit="fraction",
        null_when="if he scored no point in his last 10 games",
        ge=0,
        le=1,
    )
    games_played_season: Integer = column("Games played this season before the date", unit="games", ge=0)
    points_avg_last_2: Number = column(
        "Points per game, newest ≤ 2 games", unit="points per game", null_when=NEVER, ge=0
    )
    points_avg_games_3_to_5: Number = column(
        "Points per game, third- to fifth-newest game", unit="points per game", null_when=NEVER, ge=0
    )
    team_pace_last_10: Number = column(
        "The team's pace_last_10",
        unit="possessions per 48 min",
        null_when="before the team's first game of the season",
        ge=0,
    )
    team_off_rating_last_10: Number = column(
        "The team's off_rating_last_10",
        unit="points per 100 possessions",
        null_when="before the team's first game of the season",
        ge=0,
    )
    days_rest: OptionalInteger = column("Full days off since his last played game", unit="days", null_when=NEVER, ge=0)
    back_to_back: Flag = column("Played the day before")
    games_last_7_days: Integer = column("Games played on D−7 … D−1", unit="games", ge=0)
    games_last_14_days: Integer = column("Games played on D−14 … D−1", unit="games", ge=0)
    minutes_last_7_days: Number = column("Minutes on D−7 … D−1", unit="min", ge=0)
    minutes_last_14_days: Number = column("Minutes on D−14 … D−1", unit="min", ge=0)
    avg_minutes_per_game_last_7_days: Number = column(
        "Minutes per game on D−7 … D−1", unit="min", null_when="if he played no game on D−7 … D−1", ge=0
    )
    back_to_backs_last_14_days: Integer = column("Pairs of played games on consecutive days", unit="pairs", ge=0)
    player_age: Number = column("Age at the date", unit="years", null_when="if his birth date is not known", ge=0)
    primary_scoring_zone: Text = column(
        "From player_shot_zone_analysis", null_when=_ZONES_UNKNOWN, isin=(*ZONES, BALANCED)
    )
    paint_rate_last_10: Number = column(
        "From player_shot_zone_analysis", unit="fraction", null_when=_ZONES_UNKNOWN, ge=0, le=1
    )
    mid_range_rate_last_10: Number = column(
        "From player_shot_zone_analysis", unit="fraction", null_when=_ZONES_UNKNOWN, ge=0, le=1
    )
    three_pt_rate_last_10: Number = column(
        "From player_shot_zone_analysis", unit="fraction", null_when=_ZONES_UNKNOWN, ge=0, le=1
    )
    shot_zone_data_available: Flag = column("The shots of every game of the last-10 window are known")
    games_expected: Integer = column("His present team's finished games of the season", unit="games", ge=0)
    games_loaded: Integer = column("Those of them whose team box score is loaded", unit="games", ge=0)
    is_production_ready: Flag = column("All expected games loaded, and shot zones available")
    early_season_flag: Flag = column("Fewer than 10 games played this season")
    insufficient_data_reason: Text = column(
        "Comma list of GAMES_NOT_LOADED and SHOTS_MISSING", null_when="where no game and no shots are missing"
    )


def compute(inputs: Inputs, dates: pd.DatetimeIndex) -> pd.DataFrame:
    """The slate players of the dates with enough games, their windows and their teams'."""
    rows = _slate_with_history(inputs, dates)
    log = played_games(inputs.before["player_game_summary"], inputs.before["team_offense_game_summary"])
    as_of = log.before(rows["player_id"], rows["season"], rows["cache_date"])
    last_2, last_5, last_10, to_date = (as_of.over(span) for span in (LAST_2, LAST_5, LAST_10, SEASON))
    zones_known = last_10.count_known("paint_attempts") == last_10.count
    rows = rows.assign(
        points_avg_last_5=last_5.mean("points"),
        points_avg_last_10=last_10.mean("points"),
        points_avg_season=to_date.mean("points"),
        points_std_last_10=formulas.sample_std(last_10.sum("points"), last_10.sum_of_squares("points"), last_10.count),
        minutes_avg_last_10=minutes_per_game(last_10),
        minutes_avg_season=minutes_per_game(to_date),
        usage_last_10=usage_over(last_10),
        usage_season=usage_over(to_date),
        ts_pct_last_10=formulas.true_shooting(last_10.sum("points"), last_10.sum("fga"), last_10.sum("fta")),
        ft_points_share_last_10=formulas.ratio(last_10.sum("ftm"), last_10.sum("points")),
        points_avg_last_2=last_2.mean("points"),
        points_avg_games_3_to_5=as_of.over(GAMES_3_TO_5).mean("points"),
        shot_zone_data_available=zones_known,
        early_season_flag=to_date.count < EARLY_SEASON_GAMES,
    )
    return _add_readiness(rows)


def _slate_with_history(inputs: Inputs, dates: pd.DatetimeIndex) -> pd.DataFrame:
    context = inputs.on_date["upcoming_player_game_context"]
    slate = context[context["game_date"].isin(dates) & (context["games_played_season"] >= inputs.min_games)]
    rows = slate[["game_date", *_FROM_CONTEXT]].rename(columns={"game_date": "cache_date"})
    team = inputs.on_date["upcoming_team_game_context"][["game_date", "team", "pace_last_10", "off_rating_last_10"]]
    team = team.rename(
        columns={
            "game_date": "cache_date",
            "pace_last_10": "team_pace_last_10",
            "off_rating_last_10": "team_off_rating_last_10",
        }
    )
    zones = inputs.on_date["player_shot_zone_analysis"][["analysis_date", "player_id", *_FROM_ZONES]]
    zones = zones.rename(columns={"analysis_date": "cache_date"})
    return rows.assign(
        **distinct.beside(rows, team, ["cache_date", "team"], ["team_pace_last_10", "team_off_rating_last_10"]),
        **distinct.beside(rows, zones, ["cache_date", "player_id"], _FROM_ZONES),
    )


def _add_readiness(rows: pd.DataFrame) -> pd.DataFrame:
    all_loaded = rows["games_loaded"] == rows["games_expected"]
    zones = rows["shot_zone_data_available"]
    reason = np.select(
        [~all_loaded & ~zones, ~all_loaded, ~zones],
        [f"{GAMES_NOT_LOADED},{SHOTS_MISSING}", GAMES_NOT_LOADED, SHOTS_MISSING],
        "",
    ).astype(object)
    reason[reason == ""] = None
    return rows.assign(is_production_ready=all_loaded & zones, insufficient_data_reason=reason)


def expect(evidence: Evidence) -> dict[date, Expectation]:
    """Every slate player with enough games has a row, and his team's finished games are loaded."""
    found = none_expected(evidence)
    context = evidence.inputs.on_date["upcoming_player_game_context"]
    slate = context[context["game_date"].isin(evidence.dates)]
    has_history = slate["games_played_season"] >= evidence.policy.min_games
    for player in slate[~has_history].itertuples():
        early = finding(Cause.SHORT_HISTORY, games=int(player.games_played_season))
        found[player.game_date.date()].insufficient[str(player.player_id)] = early
    rows = evidence.rows.rename(columns={"cache_date": "game_date"})
    slate = slate[has_history].merge(rows[["game_date", "player_id", "shot_zone_data_available"]], how="left")
    for day, of_day in by_date(slate, "game_date"):
        result = found[day]
        result.expected = len(of_day)
        for player_id in of_day.loc[of_day["shot_zone_data_available"].isna(), "player_id"]:
            result.lack(player_id, Cause.NO_ROW)
        for player in of_day[of_day["games_loaded"] < of_day["games_expected"]].itertuples():
            missing = int(player.games_expected - player.games_loaded)
            entity = result.lack(player.player_id, Cause.TEAM_GAMES_NOT_LOADED, team=player.team, games=missing)
            result.accepted.add(entity)  # an open gap stops the line at upcoming_team_game_context
        unknown = int(of_day["shot_zone_data_available"].eq(False).sum())
        if unknown:
            result.degrade(Cause.PLAYER_WINDOW_SHOTS_UNKNOWN, players=unknown)
    return found


PLAYER_DAILY_CACHE = Table(
    name="player_daily_cache",
    short_name="PDC",
    dataset="nba_precompute",
    phase=Phase.PRE_GAME,
    contract=PlayerDailyCache,
    compute=compute,
    expect=expect,
    policy=_POLICY,
    inputs=(
        announced("raw_schedule"),
        same_date("upcoming_player_game_context", "game_date", *_FROM_CONTEXT),
        same_date(
            "upcoming_team_game_context",
            *("game_date", "team", "pace_last_10", "off_rating_last_10"),
            reads=(own_team(),),
        ),
        same_date("player_shot_zone_analysis", "analysis_date", "player_id", *_FROM_ZONES),
        before_date(
            "player_game_summary",
            *("game_date", "season", "game_id", "player_id", "team", "points", "fga", "fta", "ftm", "tov"),
            *("seconds_played", "paint_attempts"),
            reads=tuple(map(own_player, (LAST_2, LAST_5, GAMES_3_TO_5, LAST_10, SEASON))),
        ),
        team_totals_before("player_game_summary", SEASON),
    ),
)
