"""ml_feature_store_v2: the features of every slate player, as models train on and predict from them."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from nba_assets.league import distinct, teams
from nba_assets.league.calendar import GameType
from nba_assets.league.formulas import Floats
from nba_assets.league.slate import LISTING_COLUMNS, stints
from nba_assets.league.windows import GameLog, days, season
from nba_assets.partition import Cause
from nba_assets.schema.contract import Date, Flag, Integer, Number, Text, TextList, column
from nba_assets.schema.evidence import Evidence, Expectation, by_date
from nba_assets.schema.feature import Feature, FeatureSet, Lack
from nba_assets.schema.policy import Policy
from nba_assets.schema.reads import Read, for_rest, games_of, opponent, own_player, own_team, until_loaded
from nba_assets.schema.table import Input, Inputs, Phase, Table, announced, before_date, same_date
from nba_assets.tables.cup_final import REST_FROM_TEAM, is_rest_from_team, players_of_cup_finals
from nba_assets.tables.games import RESULT_COLUMNS, finished_games, team_games, without_cup_finals
from nba_assets.tables.player_composite_factors import lists_of
from nba_assets.tables.player_daily_cache import EARLY_SEASON_GAMES, GAMES_NOT_LOADED, SHOTS_MISSING
from nba_assets.tables.pregame import expect_slate, shots_known_before
from nba_assets.tables.raw_injury_reports import AVAILABLE, DOUBTFUL, OUT, PROBABLE, QUESTIONABLE

FORTNIGHT, SEASON = days(14), season()

_INJURY_RISK = {AVAILABLE: 0.0, PROBABLE: 1.0, QUESTIONABLE: 2.0, DOUBTFUL: 3.0, OUT: 3.0}


def rest_advantage(own: pd.Series, opponent: pd.Series) -> pd.Series:
    """Days of rest more than the opponent's, clamped ±2; NULL if either is."""
    return (own - opponent).clip(-2, 2)


def injury_risk(status: pd.Series) -> pd.Series:
    """The injury report's status as a step; NULL if it is unknown."""
    return status.map(_INJURY_RISK)


def is_playoff(game_type: pd.Series) -> pd.Series:
    """Whether a game belongs to the playoffs proper."""
    return game_type.eq(GameType.PLAYOFFS)


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


_FEATURES = (
    Feature(
        "points_avg_last_5",
        "Points per game over his last 5 games",
        "points per game",
        (0, 100),
        sources=("player_daily_cache.points_avg_last_5",),
        critical=True,
        null_when="with fewer than 5 games this season",
    ),
    Feature(
        "points_avg_last_10",
        "Points per game over his last 10 games",
        "points per game",
        (0, 100),
        sources=("player_daily_cache.points_avg_last_10",),
        critical=True,
        null_when="with fewer than 5 games this season",
    ),
    Feature(
        "points_avg_season",
        "Points per game over his season to date",
        "points per game",
        (0, 100),
        sources=("player_daily_cache.points_avg_season",),
        critical=True,
        null_when="with fewer than 5 games this season",
    ),
    Feature(
        "points_std_last_10",
        "Sample standard deviation of his points over the last 10 games",
        "points",
        (0, 70),
        sources=("player_daily_cache.points_std_last_10",),
        critical=True,
        null_when="with fewer than 5 games this season",
    ),
    Feature(
        "games_in_last_7_days",
        "Games he played on D−7 … D−1",
        "games",
        (0, 7),
        sources=("upcoming_player_game_context.games_last_7_days",),
        critical=True,
    ),
    Feature(
        "fatigue_score",
        "100 = fresh: less for back-to-backs, many minutes, age (composite factors)",
        "score",
        (0, 100),
        sources=("player_composite_factors.fatigue_score",),
        critical=True,
    ),
    Feature(
        "shot_zone_mismatch_score",
        "His main zone against the opponent's defence there, + = good for him (composite factors)",
        "score",
        (-10, 10),
        sources=("player_composite_factors.shot_zone_mismatch_score",),
        null_when="with fewer than 5 games this season, or unless the shots of his last 10 games and of the opponent's "
        "last 15 are all known, or if he took no shot",
        lack=Lack.ZONES,
    ),
    Feature(
        "pace_score",
        "Half the difference of both teams' pace, clamped ±3 (composite factors)",
        "score",
        (-3, 3),
        sources=("player_composite_factors.pace_score",),
        null_when="if one of the teams has fewer than 5 games this season",
    ),
    Feature(
        "usage_spike_score",
        "0.3 × (usage of the season − usage of the last 7 games), more with stars out (composite factors)",
        "score",
        (-3, 3),
        sources=("player_composite_factors.usage_spike_score",),
        null_when="with fewer than 5 games this season",
    ),
    Feature(
        "rest_advantage",
        "His days_rest − the opposing team's, clamped ±2",
        "days",
        (-2, 2),
        sources=("upcoming_player_game_context.days_rest", "upcoming_player_game_context.opponent_days_rest"),
        formula=rest_advantage,
        null_when="before his first game of the season, or before the opponent's first",
    ),
    Feature(
        "injury_risk",
        "available 0, probable 1, questionable 2, doubtful and out 3",
        "step",
        (0, 3),
        sources=("upcoming_player_game_context.player_status",),
        formula=injury_risk,
        null_when="without an injury report of the day before that has his team, or if a name on it may be his",
        lack=Lack.REPORT,
    ),
    Feature(
        "recent_trend",
        "Mean of the newest 2 games − mean of games 3-5, in steps",
        "step",
        (-2, 2),
        sources=(
            "player_daily_cache.points_avg_last_2",
            "player_daily_cache.points_avg_games_3_to_5",
            "upcoming_player_game_context.games_played_season",
        ),
        formula=recent_trend,
        null_when="with fewer than 5 games this season",
    ),
    Feature(
        "minutes_change",
        "Minutes of the last 10 games against the season, in steps",
        "step",
        (-2, 2),
        sources=(
            "player_daily_cache.minutes_avg_last_10",
            "player_daily_cache.minutes_avg_season",
            "upcoming_player_game_context.games_played_season",
        ),
        formula=minutes_change,
        null_when="with fewer than 5 games this season",
    ),
    Feature(
        "opponent_def_rating",
        "Points allowed by the opponent per 100 possessions over its last 15 games",
        "points per 100 possessions",
        (50, 200),
        sources=("team_defense_zone_analysis.defensive_rating_last_15",),
        critical=True,
        null_when="if the opponent has fewer than 5 games this season",
    ),
    Feature(
        "opponent_pace",
        "The opponent's pace over its last 15 games",
        "possessions per 48 min",
        (50, 150),
        sources=("team_defense_zone_analysis.opponent_pace",),
        critical=True,
        null_when="if the opponent has fewer than 5 games this season",
    ),
    Feature(
        "home_away",
        "1 at home, 0 away",
        "0 or 1",
        (0, 1),
        sources=("upcoming_player_game_context.is_home",),
        critical=True,
    ),
    Feature(
        "back_to_back",
        "1 if he played the day before",
        "0 or 1",
        (0, 1),
        sources=("upcoming_player_game_context.back_to_back",),
        critical=True,
    ),
    Feature(
        "playoff_game",
        "1 for a playoff game (type 004)",
        "0 or 1",
        (0, 1),
        sources=("raw_schedule.game_type",),
        formula=is_playoff,
        constant_when="outside the playoffs",
    ),
    Feature(
        "pct_paint",
        "Share of his attempts from the paint over the last 10 games",
        "fraction",
        (0, 1),
        sources=("player_shot_zone_analysis.paint_rate_last_10",),
        null_when="with fewer than 5 games this season, or unless the shots of his last 10 games are all known, "
        "or if he took no shot",
        lack=Lack.ZONES,
    ),
    Feature(
        "pct_mid_range",
        "Share of his attempts from mid-range over the last 10 games",
        "fraction",
        (0, 1),
        sources=("player_shot_zone_analysis.mid_range_rate_last_10",),
        null_when="with fewer than 5 games this season, or unless the shots of his last 10 games are all known, "
        "or if he took no shot",
        lack=Lack.ZONES,
    ),
    Feature(
        "pct_three",
        "Share of his attempts that are three-pointers over the last 10 games",
        "fraction",
        (0, 1),
        sources=("player_shot_zone_analysis.three_pt_rate_last_10",),
        null_when="with fewer than 5 games this season, or unless the shots of his last 10 games are all known, "
        "or if he took no shot",
        lack=Lack.ZONES,
    ),
    Feature(
        "pct_free_throw",
        "Share of his points that are free throws over the last 10 games",
        "fraction",
        (0, 1),
        sources=("player_daily_cache.ft_points_share_last_10",),
        null_when="with fewer than 5 games this season, or if he scored no point in his last 10",
        lack=Lack.POINTS,
    ),
    Feature(
        "team_pace",
        "His team's pace over its last 10 games",
        "possessions per 48 min",
        (50, 150),
        sources=("upcoming_team_game_context.pace_last_10",),
        critical=True,
        null_when="before his team's first game of the season",
    ),
    Feature(
        "team_off_rating",
        "His team's points per 100 possessions over its last 10 games",
        "points per 100 possessions",
        (50, 200),
        sources=("upcoming_team_game_context.off_rating_last_10",),
        critical=True,
        null_when="before his team's first game of the season",
    ),
    Feature(
        "team_win_pct",
        "His team's share of games won this season",
        "fraction",
        (0, 1),
        sources=("upcoming_team_game_context.win_pct",),
        critical=True,
        null_when="if his team has fewer than 5 games this season",
    ),
)
FEATURES = FeatureSet(f"v2_baseline_{len(_FEATURES)}", _FEATURES)


class MlFeatureStoreV2(FEATURES.contract()):  # type: ignore[misc]
    """One row per slate player: the features known before tip-off, NULL where unknown."""

    game_date: Date = column("Eastern date of tip-off", partition=True)
    season: Text = column('Season, like "2021-22"')
    player_id: Integer = column("NBA player id", key=True)
    feature_version: Text = column("Version of the feature list", key=True, isin=(FEATURES.version,))
    feature_count: Integer = column("Number of features", unit="features", ge=len(FEATURES), le=len(FEATURES))
    game_id: Text = column("NBA game id")
    team: Text = column("Team code", isin=teams.CODES)
    opponent: Text = column("Opponent's code", isin=teams.CODES)
    is_home: Flag = column("Home team by the schedule")
    missing_features: TextList = column("Names of the features that are NULL", texts=True)
    feature_quality_score: Number = column("100 × share of the features present", unit="percent", ge=0, le=100)
    is_production_ready: Flag = column(
        f"No critical feature ({', '.join(FEATURES.critical)}) missing, and every finished game of his team, the "
        "opponent and his own windows loaded"
    )
    early_season_flag: Flag = column("Fewer than 10 games played this season")
    data_quality_issues: TextList = column(
        "GAMES_NOT_LOADED, SHOTS_MISSING; REST_FROM_TEAM: his rest counts a Cup final whose box score is not loaded",
        texts=True,
    )


_SLATE, _TEAMS = "upcoming_player_game_context", "upcoming_team_game_context"
_FROM_SLATE = (
    *("season", "player_id", "game_id", "team", "opponent", "is_home"),
    *("days_rest", "games_played_season", "games_expected", "games_loaded"),
)
# How a slate player's row of another table is found: its column -> the slate's.
_FOUND_BY = {
    "raw_schedule": {"game_id": "game_id"},
    _SLATE: {"game_date": "game_date", "player_id": "player_id"},
    _TEAMS: {"game_date": "game_date", "team": "team"},
    "player_daily_cache": {"cache_date": "game_date", "player_id": "player_id"},
    "player_composite_factors": {"game_date": "game_date", "player_id": "player_id"},
    "player_shot_zone_analysis": {"analysis_date": "game_date", "player_id": "player_id"},
    "team_defense_zone_analysis": {"analysis_date": "game_date", "team": "opponent"},
}


def compute(inputs: Inputs, dates: pd.DatetimeIndex) -> pd.DataFrame:
    """The slate of the dates with everything that the other pre-game tables know of it."""
    return with_features(inputs, dates, FEATURES)


def with_features(inputs: Inputs, dates: pd.DatetimeIndex, features: FeatureSet) -> pd.DataFrame:
    """The slate of the dates with the given features, which of them are missing, and whether the row is ready."""
    rows = _slate(inputs, dates)
    vector = _vector(_gather(rows, inputs, features), features)
    absent = {name: values.isna() for name, values in vector.items()}
    lacking_games, lacking_shots = _lacks_games(rows, inputs), _lacks_shots(rows, inputs)
    issues = {
        GAMES_NOT_LOADED: lacking_games,
        SHOTS_MISSING: lacking_shots,
        REST_FROM_TEAM: _rests_by_team(rows, inputs),
    }
    missing = sum(flag.astype("int64") for flag in absent.values())
    critical = np.logical_or.reduce([absent[name].to_numpy() for name in features.critical])
    return rows.assign(
        **vector,
        feature_version=features.version,
        feature_count=len(features),
        missing_features=lists_of(absent),
        feature_quality_score=100.0 * (len(features) - missing) / len(features),
        is_production_ready=~critical & ~lacking_games,
        early_season_flag=rows["games_played_season"] < EARLY_SEASON_GAMES,
        data_quality_issues=lists_of(issues),
    )


def _slate(inputs: Inputs, dates: pd.DatetimeIndex) -> pd.DataFrame:
    slate = inputs.on_date[_SLATE]
    return slate.loc[slate["game_date"].isin(dates), ["game_date", *_FROM_SLATE]].reset_index(drop=True)


def _gather(rows: pd.DataFrame, inputs: Inputs, features: FeatureSet) -> pd.DataFrame:
    """The slate rows with every column that a feature comes from, called "table.column"; NULL without a row there."""
    gathered: dict[str, pd.Series] = {}
    for table, found_by in _FOUND_BY.items():
        names = features.columns_of(table)
        found = inputs.on_date[table][[*found_by, *names]]
        found = found.rename(columns={**found_by, **{name: f"{table}.{name}" for name in names}})
        gathered |= distinct.beside(rows, found, list(found_by.values()), found.columns.drop(list(found_by.values())))
    return rows.assign(**gathered)


def _vector(gathered: pd.DataFrame, features: FeatureSet) -> dict[str, pd.Series]:
    """The values of each feature, in order: its formula over its sources."""
    values = {f.name: f.formula(*(gathered[source] for source in f.sources)) for f in features}
    return {name: pd.Series(found, index=gathered.index).astype("float64") for name, found in values.items()}


def _lacks_shots(rows: pd.DataFrame, inputs: Inputs) -> pd.Series:
    """Whether a player with enough games has one in his last ten whose shots are unknown."""
    cache = inputs.on_date["player_daily_cache"].rename(columns={"cache_date": "game_date"})
    known = distinct.beside(rows, cache, ["game_date", "player_id"], ["shot_zone_data_available"])
    return known["shot_zone_data_available"].eq(False)


def _rests_by_team(rows: pd.DataFrame, inputs: Inputs) -> pd.Series:
    """Whether a player's rest counts a Cup final that he is only taken to have played."""
    finals = players_of_cup_finals(inputs.before["raw_schedule"], inputs.before["raw_player_boxscores"])
    return pd.Series(is_rest_from_team(rows, finals, FORTNIGHT), index=rows.index)


def _lacks_games(rows: pd.DataFrame, inputs: Inputs) -> pd.Series:
    """Whether a finished game of his team, of the opponent or of his own windows has no team box score."""
    of_teams = rows["games_expected"].ne(rows["games_loaded"]) | _opponent_lacks_games(rows, inputs)
    lacking = _lacking_games_of_players(inputs)
    if lacking.empty:
        return of_teams
    as_of = GameLog(lacking, entity="player_id").before(rows["player_id"], rows["season"], rows["game_date"])
    return of_teams | (as_of.over(SEASON).count > 0)


def _opponent_lacks_games(rows: pd.DataFrame, inputs: Inputs) -> pd.Series:
    team = inputs.on_date[_TEAMS]
    lacks = team["game_number"] - 1 != team["wins"] + team["losses"]
    opponents = pd.DataFrame({"game_date": team["game_date"], "opponent": team["team"], "lacks": lacks})
    found = distinct.beside(rows, opponents, ["game_date", "opponent"], ["lacks"])["lacks"]
    return found.ne(False)


def _lacking_games_of_players(inputs: Inputs) -> pd.DataFrame:
    """Games without a team box score that a player played in, or that his team of the time finished."""
    loaded, played = inputs.before["team_offense_game_summary"], inputs.before["player_game_summary"]
    sides = team_games(finished_games(inputs.before["raw_schedule"], inputs.counting_types))
    sides = sides[["season", "game_date", "game_id", "team"]]
    sides, played = (of[distinct.positions(of, loaded, ["game_id", "team"]) < 0] for of in (sides, played))
    columns = ["season", "game_date", "game_id", "player_id"]
    if sides.empty and played.empty:
        return played[columns]
    spells = stints(without_cup_finals(inputs.before["raw_player_boxscores"])).merge(sides, on=["season", "team"])
    began = spells["first_day"] <= spells["game_date"]
    ended = spells["next_day"] <= spells["game_date"]
    return pd.concat([spells.loc[began & ~ended, columns], played[columns]]).drop_duplicates(["game_id", "player_id"])


def expect(evidence: Evidence) -> dict[date, Expectation]:
    """Everybody on the slate has a row; unknown shots and finished games that are not loaded degrade."""
    found = expect_slate(evidence)
    lacks = evidence.rows["data_quality_issues"].map(lambda issues: GAMES_NOT_LOADED in issues)
    for day, of_day in by_date(evidence.rows[lacks.astype(bool)], "game_date"):
        found[day].degrade(Cause.PLAYERS_GAMES_NOT_LOADED, players=len(of_day))
    return found


def _read(table: str, *others: str, reads: tuple[Read, ...] | None = None) -> Input:
    """Partition D reads partition D: what a player's row is found by, what the features come from, and the others."""
    return same_date(table, *dict.fromkeys([*_FOUND_BY[table], *FEATURES.columns_of(table), *others]), reads=reads)


ML_FEATURE_STORE_V2 = Table(
    name="ml_feature_store_v2",
    short_name="MLFS",
    dataset="nba_predictions",
    phase=Phase.PRE_GAME,
    contract=MlFeatureStoreV2,
    features=FEATURES,
    compute=compute,
    expect=expect,
    policy=Policy(min_rows=100, backfill_min_rows=50),
    inputs=(
        announced("raw_schedule"),
        _read(_SLATE, *_FROM_SLATE),
        _read(
            _TEAMS,
            *("game_number", "wins", "losses"),
            reads=(
                own_team(through=FEATURES.columns_of(_TEAMS)),
                until_loaded(opponent(through=("game_number", "wins", "losses"))),
            ),
        ),
        _read("player_daily_cache", "shot_zone_data_available"),
        _read("player_composite_factors"),
        _read("player_shot_zone_analysis", "total_shots_last_10"),
        _read(
            "team_defense_zone_analysis",
            *("games_in_sample", "games_with_shots"),
            reads=(opponent(through=FEATURES.columns_of("team_defense_zone_analysis")),),
        ),
        shots_known_before(),
        before_date("raw_schedule", *RESULT_COLUMNS, reads=(until_loaded(games_of("raw_player_boxscores", SEASON)),)),
        before_date(
            "raw_player_boxscores",
            *LISTING_COLUMNS,
            reads=(
                until_loaded(own_player(SEASON)),
                for_rest(until_loaded(own_player(FORTNIGHT, into=("data_quality_issues",)))),
            ),
        ),
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
