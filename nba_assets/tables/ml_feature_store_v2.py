"""ml_feature_store_v2: the twenty-five features of every slate player, as models train on and predict from them."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from nba_assets.league import teams
from nba_assets.league.calendar import GameType
from nba_assets.league.formulas import Floats
from nba_assets.league.slate import LISTING_COLUMNS, stints
from nba_assets.league.windows import GameLog, season
from nba_assets.partition import Cause
from nba_assets.schema.contract import Contract, Date, Flag, Integer, Number, Text, TextList, column
from nba_assets.schema.evidence import Evidence, Expectation, by_date
from nba_assets.schema.policy import Policy
from nba_assets.schema.reads import games_of, opponent, own_player, own_team, until_loaded
from nba_assets.schema.table import Inputs, Phase, Table, announced, before_date, same_date
from nba_assets.tables.games import RESULT_COLUMNS, finished_games, team_games
from nba_assets.tables.player_composite_factors import lists_of
from nba_assets.tables.player_daily_cache import EARLY_SEASON_GAMES, GAMES_NOT_LOADED, SHOTS_MISSING
from nba_assets.tables.pregame import expect_slate
from nba_assets.tables.raw_injury_reports import AVAILABLE, DOUBTFUL, OUT, PROBABLE, QUESTIONABLE

FEATURE_VERSION = "v2_baseline_25"
SEASON = season()

_INJURY_RISK = {AVAILABLE: 0.0, PROBABLE: 1.0, QUESTIONABLE: 2.0, DOUBTFUL: 3.0, OUT: 3.0}


# The one list of feature names, in the order of the feature vector: name -> (definition, unit, range).
FEATURES: dict[str, tuple[str, str, float | None, float | None]] = {
    "points_avg_last_5": ("Points per game over his last 5 games", "points per game", 0, 100),
    "points_avg_last_10": ("Points per game over his last 10 games", "points per game", 0, 100),
    "points_avg_season": ("Points per game over his season to date", "points per game", 0, 100),
    "points_std_last_10": ("Sample standard deviation of his points over the last 10 games", "points", 0, 70),
    "games_in_last_7_days": ("Games he played on D−7 … D−1", "games", 0, 7),
    "fatigue_score": ("100 = fresh: less for back-to-backs, many minutes, age (composite factors)", "score", 0, 100),
    "shot_zone_mismatch_score": (
        "His main zone against the opponent's defence there, + = good for him (composite factors)",
        "score",
        -10,
        10,
    ),
    "pace_score": ("Half the difference of both teams' pace, clamped ±3 (composite factors)", "score", -3, 3),
    "usage_spike_score": (
        "0.3 × (usage of the season − usage of the last 7 games), more with stars out (composite factors)",
        "score",
        -3,
        3,
    ),
    "rest_advantage": ("His days_rest − the opposing team's, clamped ±2", "days", -2, 2),
    "injury_risk": ("available 0, probable 1, questionable 2, doubtful and out 3; NULL without a report", "step", 0, 3),
    "recent_trend": ("Mean of the newest 2 games − mean of games 3-5, in steps; NULL below 5 games", "step", -2, 2),
    "minutes_change": ("Minutes of the last 10 games against the season, in steps", "step", -2, 2),
    "opponent_def_rating": (
        "Points allowed by the opponent per 100 possessions over its last 15 games",
        "points per 100 possessions",
        50,
        200,
    ),
    "opponent_pace": ("The opponent's pace over its last 15 games", "possessions per 48 min", 50, 150),
    "home_away": ("1 at home, 0 away", "0 or 1", 0, 1),
    "back_to_back": ("1 if he played the day before", "0 or 1", 0, 1),
    "playoff_game": ("1 for a playoff game (type 004)", "0 or 1", 0, 1),
    "pct_paint": ("Share of his attempts from the paint over the last 10 games", "fraction", 0, 1),
    "pct_mid_range": ("Share of his attempts from mid-range over the last 10 games", "fraction", 0, 1),
    "pct_three": ("Share of his attempts that are three-pointers over the last 10 games", "fraction", 0, 1),
    "pct_free_throw": ("Share of his points that are free throws over the last 10 games", "fraction", 0, 1),
    "team_pace": ("His team's pace over its last 10 games", "possessions per 48 min", 50, 150),
    "team_off_rating": (
        "His team's points per 100 possessions over its last 10 games",
        "points per 100 possessions",
        50,
        200,
    ),
    "team_win_pct": ("His team's share of games won this season; NULL below 5 games", "fraction", 0, 1),
}
FEATURE_NAMES: tuple[str, ...] = tuple(FEATURES)
CRITICAL_FEATURES: tuple[str, ...] = FEATURE_NAMES[0:6] + FEATURE_NAMES[13:17] + FEATURE_NAMES[22:25]


def _feature_fields() -> type[Contract]:
    fields = {
        name: column(definition, unit=unit, nullable=True, ge=low, le=high)
        for name, (definition, unit, low, high) in FEATURES.items()
    }
    return type("Features", (Contract,), {"__annotations__": dict.fromkeys(fields, Number), **fields})


class MlFeatureStoreV2(_feature_fields()):  # type: ignore[misc]
    """One row per slate player: twenty-five features known before tip-off, NULL where unknown."""

    game_date: Date = column("Eastern date of tip-off", partition=True)
    season: Text = column('Season, like "2021-22"')
    player_id: Integer = column("NBA player id", key=True)
    feature_version: Text = column("Version of the feature list", key=True, isin=(FEATURE_VERSION,))
    feature_count: Integer = column("Number of features", unit="features", ge=25, le=25)
    game_id: Text = column("NBA game id")
    team: Text = column("Team code", isin=teams.CODES)
    opponent: Text = column("Opponent's code", isin=teams.CODES)
    is_home: Flag = column("Home team by the schedule")
    missing_features: TextList = column("Names of the features that are NULL", texts=True)
    feature_quality_score: Number = column("100 × share of the features present", unit="percent", ge=0, le=100)
    is_production_ready: Flag = column(
        "No critical feature (0-5, 13-16, 22-24) missing, and every finished game of his team, the opponent and "
        "his own windows loaded"
    )
    early_season_flag: Flag = column("Fewer than 10 games played this season")
    data_quality_issues: TextList = column("GAMES_NOT_LOADED, SHOTS_MISSING", texts=True)


_CONTEXT = [
    *("season", "player_id", "game_id", "team", "opponent", "is_home", "days_rest", "opponent_days_rest"),
    *("back_to_back", "games_last_7_days", "player_status", "games_played_season", "games_expected", "games_loaded"),
]
_CACHE = [
    *("player_id", "points_avg_last_5", "points_avg_last_10", "points_avg_season", "points_std_last_10"),
    *("points_avg_last_2", "points_avg_games_3_to_5", "minutes_avg_last_10", "minutes_avg_season"),
    *("pct_free_throw", "shot_zone_data_available"),
]
_CACHE_NAMES = {"cache_date": "game_date", "ft_points_share_last_10": "pct_free_throw"}
_FACTORS = ["fatigue_score", "shot_zone_mismatch_score", "pace_score", "usage_spike_score"]
_ZONES = {
    "paint_rate_last_10": "pct_paint",
    "mid_range_rate_last_10": "pct_mid_range",
    "three_pt_rate_last_10": "pct_three",
}
_DEFENSE = {
    "team": "opponent",
    "defensive_rating_last_15": "opponent_def_rating",
    "opponent_pace": "opponent_pace",
}
_OWN_TEAM = {"pace_last_10": "team_pace", "off_rating_last_10": "team_off_rating", "win_pct": "team_win_pct"}


def compute(inputs: Inputs, dates: pd.DatetimeIndex) -> pd.DataFrame:
    """The slate of the dates with everything that the other pre-game tables know of it."""
    rows = _gather(inputs, dates)
    features = _features(rows)
    absent = {name: values.isna() for name, values in features.items()}
    lacking_games = _lacks_games(rows, inputs)
    lacking_shots = rows["shot_zone_data_available"].eq(False).fillna(False).astype(bool)
    missing = sum(flag.astype("int64") for flag in absent.values())
    critical = np.logical_or.reduce([absent[name].to_numpy() for name in CRITICAL_FEATURES])
    return rows.assign(
        **features,
        feature_version=FEATURE_VERSION,
        feature_count=len(FEATURE_NAMES),
        missing_features=lists_of(absent),
        feature_quality_score=100.0 * (len(FEATURE_NAMES) - missing) / len(FEATURE_NAMES),
        is_production_ready=~critical & ~lacking_games,
        early_season_flag=rows["games_played_season"] < EARLY_SEASON_GAMES,
        data_quality_issues=lists_of({GAMES_NOT_LOADED: lacking_games, SHOTS_MISSING: lacking_shots}),
    )


def _features(rows: pd.DataFrame) -> dict[str, pd.Series]:
    """The feature vector of each gathered row: those that another table has under the feature's name, and the rest."""
    games = rows["games_played_season"]
    others = {
        "games_in_last_7_days": rows["games_last_7_days"],
        "rest_advantage": (rows["days_rest"] - rows["opponent_days_rest"]).clip(-2, 2),
        "injury_risk": rows["player_status"].map(_INJURY_RISK),
        "recent_trend": recent_trend(rows["points_avg_last_2"], rows["points_avg_games_3_to_5"], games),
        "minutes_change": minutes_change(rows["minutes_avg_last_10"], rows["minutes_avg_season"], games),
        "home_away": rows["is_home"],
        "playoff_game": rows["game_type"].eq(GameType.PLAYOFFS),
    }
    found = {name: others[name] if name in others else rows[name] for name in FEATURE_NAMES}
    return {name: pd.Series(values, index=rows.index).astype("float64") for name, values in found.items()}


def recent_trend(newest_2: pd.Series, games_3_to_5: pd.Series, games: pd.Series) -> Floats:
    """Steps of the difference of two means: ±5 → ±2, ±2 → ±1, else 0; NULL below 5 games.

    Compared in sixths of a point, which both means are whole numbers of.
    """
    sixths = np.rint(6 * (newest_2.to_numpy(dtype=np.float64) - games_3_to_5.to_numpy(dtype=np.float64)))
    step = np.select([sixths >= 30, sixths >= 12, sixths <= -30, sixths <= -12], [2.0, 1.0, -2.0, -1.0], 0.0)
    return np.where(np.isnan(sixths) | (games.to_numpy() < 5), np.nan, step)


def minutes_change(last_10: pd.Series, season: pd.Series, games: pd.Series) -> Floats:
    """Steps of minutes last 10 / season − 1: ±20 % → ±2, ±10 % → ±1, else 0; NULL without minutes.

    Both means are turned back into whole seconds, so that exactly 20 % is 20 %.
    """
    n = games.to_numpy(dtype=np.float64)
    seconds_last_10 = np.rint(60 * np.minimum(n, 10) * last_10.to_numpy(dtype=np.float64))
    seconds_season = np.rint(60 * n * season.to_numpy(dtype=np.float64))
    change = 10 * (seconds_last_10 * n - seconds_season * np.minimum(n, 10))
    base = seconds_season * np.minimum(n, 10)
    steps = [change >= 2 * base, change >= base, change <= -2 * base, change <= -base]
    step = np.select(steps, [2.0, 1.0, -2.0, -1.0], 0.0)
    return np.where(np.isnan(change) | (base == 0), np.nan, step)


def _gather(inputs: Inputs, dates: pd.DatetimeIndex) -> pd.DataFrame:
    on_date = inputs.on_date
    slate = on_date["upcoming_player_game_context"]
    rows = slate.loc[slate["game_date"].isin(dates), ["game_date", *_CONTEXT]]
    types = on_date["raw_schedule"][["game_id", "game_type"]]
    cache = on_date["player_daily_cache"].rename(columns=_CACHE_NAMES)[["game_date", *_CACHE]]
    zones = on_date["player_shot_zone_analysis"].rename(columns={"analysis_date": "game_date", **_ZONES})
    defense = on_date["team_defense_zone_analysis"].rename(columns={"analysis_date": "game_date", **_DEFENSE})
    team = on_date["upcoming_team_game_context"]
    own = team.rename(columns=_OWN_TEAM)[["game_date", "team", *_OWN_TEAM.values()]]
    loaded = team.assign(opponent_lacks_games=team["game_number"] - 1 != team["wins"] + team["losses"])
    loaded = loaded.drop(columns="opponent").rename(columns={"team": "opponent"})
    by_player, by_opponent = ["game_date", "player_id"], ["game_date", "opponent"]
    rows = rows.merge(types, on="game_id", how="left")
    rows = rows.merge(cache, on=by_player, how="left")
    rows = rows.merge(on_date["player_composite_factors"][[*by_player, *_FACTORS]], on=by_player, how="left")
    rows = rows.merge(zones[[*by_player, *_ZONES.values()]], on=by_player, how="left")
    rows = rows.merge(defense[["game_date", *_DEFENSE.values()]], on=by_opponent, how="left")
    rows = rows.merge(own, on=["game_date", "team"], how="left")
    return rows.merge(loaded[[*by_opponent, "opponent_lacks_games"]], on=by_opponent, how="left")


def _lacks_games(rows: pd.DataFrame, inputs: Inputs) -> pd.Series:
    """Whether a finished game of his team, of the opponent or of his own windows has no team box score."""
    of_teams = rows["games_expected"].ne(rows["games_loaded"]) | rows["opponent_lacks_games"].fillna(True).astype(bool)
    lacking = _lacking_games_of_players(inputs)
    if lacking.empty:
        return of_teams
    as_of = GameLog(lacking, entity="player_id").before(rows["player_id"], rows["season"], rows["game_date"])
    return of_teams | (as_of.over(SEASON).count > 0)


def _lacking_games_of_players(inputs: Inputs) -> pd.DataFrame:
    """Games without a team box score that a player played in, or that his team of the time finished."""
    loaded = inputs.before["team_offense_game_summary"][["game_id", "team"]].assign(loaded=True)
    finished = team_games(finished_games(inputs.before["raw_schedule"], inputs.counting_types))
    sides = finished[["season", "game_date", "game_id", "team"]].merge(loaded, on=["game_id", "team"], how="left")
    sides = sides[sides["loaded"].isna()]
    played = inputs.before["player_game_summary"].merge(loaded, on=["game_id", "team"], how="left")
    played = played[played["loaded"].isna()]
    columns = ["season", "game_date", "game_id", "player_id"]
    if sides.empty and played.empty:
        return played[columns]
    spells = stints(inputs.before["raw_player_boxscores"]).merge(sides, on=["season", "team"])
    began = spells["first_day"] <= spells["game_date"]
    ended = spells["next_day"] <= spells["game_date"]
    return pd.concat([spells.loc[began & ~ended, columns], played[columns]]).drop_duplicates(["game_id", "player_id"])


def expect(evidence: Evidence) -> dict[date, Expectation]:
    """Everybody on the slate has a row; players with finished games that are not loaded degrade."""
    found = expect_slate(evidence)
    lacks = evidence.rows["data_quality_issues"].map(lambda issues: GAMES_NOT_LOADED in issues)
    for day, of_day in by_date(evidence.rows[lacks.astype(bool)], "game_date"):
        found[day].degrade(Cause.PLAYERS_GAMES_NOT_LOADED, players=len(of_day))
    return found


ML_FEATURE_STORE_V2 = Table(
    name="ml_feature_store_v2",
    short_name="MLFS",
    dataset="nba_predictions",
    phase=Phase.PRE_GAME,
    contract=MlFeatureStoreV2,
    compute=compute,
    expect=expect,
    policy=Policy(min_rows=100, backfill_min_rows=50),
    inputs=(
        announced("raw_schedule"),
        same_date("upcoming_player_game_context", "game_date", *_CONTEXT),
        same_date(
            "upcoming_team_game_context",
            *("game_date", "team", "opponent", "game_number", "wins", "losses", *_OWN_TEAM),
            reads=(
                own_team(through=tuple(_OWN_TEAM)),
                until_loaded(opponent(through=("game_number", "wins", "losses"))),
            ),
        ),
        same_date("player_daily_cache"),
        same_date("player_composite_factors", "game_date", "player_id", *_FACTORS),
        same_date("player_shot_zone_analysis", "analysis_date", "player_id", "total_shots_last_10", *_ZONES),
        same_date("team_defense_zone_analysis", "analysis_date", *_DEFENSE, reads=(opponent(),)),
        before_date("raw_schedule", *RESULT_COLUMNS, reads=(until_loaded(games_of("raw_player_boxscores", SEASON)),)),
        before_date("raw_player_boxscores", *LISTING_COLUMNS, reads=(until_loaded(own_player(SEASON)),)),
        before_date(
            "player_game_summary",
            *("game_date", "season", "game_id", "player_id", "team"),
            reads=(until_loaded(own_player(SEASON)),),
        ),
        before_date(
            "team_offense_game_summary",
            *("game_date", "season", "game_id", "team"),
            reads=(until_loaded(games_of("player_game_summary", SEASON)),),
        ),
    ),
)
