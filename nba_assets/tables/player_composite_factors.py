"""player_composite_factors: how tonight's circumstances shift a player's expectation, in points."""

from __future__ import annotations

import numpy as np
import pandas as pd

from nba_assets.league import distinct
from nba_assets.league.formulas import Floats
from nba_assets.league.zones import BALANCED, PAINT, ZONES
from nba_assets.schema.contract import Contract, Date, Integer, Number, Text, TextList, column
from nba_assets.schema.policy import Policy
from nba_assets.schema.reads import opponent
from nba_assets.schema.table import Inputs, Phase, Table, announced, same_date
from nba_assets.tables.pregame import expect_slate, shots_known_before

CALCULATION_VERSION = "v2"
# Scores are sums and ratios in floating point: a value that is equal in exact arithmetic is not "beyond".
_ROUNDING = 1e-9
EXTREME_FATIGUE, EXTREME_MATCHUP, EXTREME_ADJUSTMENT = "EXTREME_FATIGUE", "EXTREME_MATCHUP", "EXTREME_ADJUSTMENT"

_FROM_CONTEXT = (
    *("season", "player_id", "opponent", "days_rest", "back_to_back", "games_last_7_days", "minutes_last_7_days"),
    *("avg_minutes_per_game_last_7_days", "back_to_backs_last_14_days", "player_age", "pace_differential"),
    *("projected_usage", "avg_usage_last_7_games", "star_teammates_out"),
)

_FROM_DEFENSE = tuple(f"{zone}_defense_vs_league_avg" for zone in ZONES)


class PlayerCompositeFactors(Contract):
    """One row per slate player: fatigue, zone matchup, pace and usage shift, and their sum."""

    game_date: Date = column("Eastern date of tip-off", partition=True)
    season: Text = column('Season, like "2021-22"')
    player_id: Integer = column("NBA player id", key=True)
    fatigue_score: Number = column("Freshness; 100 = fresh", unit="score", ge=0, le=100)
    shot_zone_mismatch_score: Number = column(
        "His zone against the opponent's defence; + = good for the scorer",
        unit="score",
        null_when="if his zones are not known, or the opponent's defence in them",
        ge=-10,
        le=10,
    )
    pace_score: Number = column(
        "pace_differential / 2, clamped",
        unit="score",
        null_when="if one of the teams has fewer than 5 games this season",
        ge=-3,
        le=3,
    )
    usage_spike_score: Number = column(
        "0.3 · (projected − recent usage), raised when star teammates are out",
        unit="score",
        null_when="with fewer than 5 games this season, or without time on the floor in his last 7",
        ge=-3,
        le=3,
    )
    total_composite_adjustment: Number = column(
        "(fatigue_score − 100)/20 + the known scores",
        unit="points",
        null_when="if the scores of zone matchup, pace and usage are all NULL",
    )
    data_completeness: Number = column("Share of the five inputs that are present", unit="fraction", ge=0, le=1)
    missing_inputs: TextList = column("Names of the absent inputs", texts=True)
    warnings: TextList = column("EXTREME_FATIGUE, EXTREME_MATCHUP, EXTREME_ADJUSTMENT", texts=True)
    calculation_version: Text = column("Version of these formulas", isin=(CALCULATION_VERSION,))


def compute(inputs: Inputs, dates: pd.DatetimeIndex) -> pd.DataFrame:
    """The slate players of the dates, each beside his own and the opponent's zones."""
    rows = _beside_zones(inputs, dates)
    rate, against = _matchup(rows)
    scores = pd.DataFrame(
        {
            "fatigue_score": fatigue_score(rows),
            "shot_zone_mismatch_score": mismatch_score(against, rate),
            "pace_score": pace_score(rows["pace_differential"]),
            "usage_spike_score": usage_spike_score(
                rows["projected_usage"], rows["avg_usage_last_7_games"], rows["star_teammates_out"]
            ),
        },
        index=rows.index,
    )
    scores["total_composite_adjustment"] = total_adjustment(scores)
    absent = {
        "days_rest": rows["days_rest"].isna(),
        "projected_usage": rows["projected_usage"].isna(),
        "pace_differential": rows["pace_differential"].isna(),
        "player_shot_zone_analysis": ~rows["has_player_zones"],
        "team_defense_zone_analysis": ~rows["has_opponent_zones"],
    }
    extreme = {
        EXTREME_FATIGUE: scores["fatigue_score"] < 50,
        EXTREME_MATCHUP: scores["shot_zone_mismatch_score"].abs() > 8 + _ROUNDING,
        EXTREME_ADJUSTMENT: scores["total_composite_adjustment"].abs() > 12 + _ROUNDING,
    }
    missing = sum(flag.astype("int64") for flag in absent.values())
    return rows.assign(
        **scores,
        data_completeness=(len(absent) - missing) / len(absent),
        missing_inputs=lists_of(absent),
        warnings=lists_of(extreme),
        calculation_version=CALCULATION_VERSION,
    )


def fatigue_score(rows: pd.DataFrame) -> Floats:
    """0-100, 100 = fresh, from the player's load columns of upcoming_player_game_context; unknown counts 0."""
    b2b = rows["back_to_back"].to_numpy(dtype=bool)
    rest = rows["days_rest"].astype("float64").to_numpy()
    minutes_a_game = rows["avg_minutes_per_game_last_7_days"].to_numpy(dtype=np.float64)
    pairs_of_days = rows["back_to_backs_last_14_days"].to_numpy()
    age = rows["player_age"].to_numpy(dtype=np.float64)
    score = np.full(len(rows), 100.0)
    score += np.where(b2b, -15.0, np.where(rest >= 3, 5.0, 0.0))
    score -= np.where(rows["games_last_7_days"] >= 4, 10.0, 0.0)
    score -= np.where(rows["minutes_last_7_days"] > 240, 10.0, 0.0)
    score -= np.where(minutes_a_game > 35, 8.0, 0.0)
    score -= np.select([pairs_of_days >= 2, pairs_of_days == 1], [12.0, 5.0], 0.0)
    score -= np.select([age >= 35, age >= 30], [10.0, 5.0], 0.0)
    clipped: Floats = np.clip(score, 0.0, 100.0)
    return clipped


def mismatch_score(against_league: pd.Series | Floats, rate: pd.Series | Floats) -> Floats:
    """−10…10: the opponent's value in the zone (percentage points), weighted by the player's rate there.

    Beyond ±5 it counts 1.2-fold; NULL if either side is NULL.
    """
    weight = np.minimum(np.asarray(rate, dtype=np.float64) / 0.5, 1.0)
    score = np.asarray(against_league, dtype=np.float64) * weight
    return np.clip(np.where(np.abs(score) > 5 + _ROUNDING, 1.2 * score, score), -10.0, 10.0)


def pace_score(pace_differential: pd.Series | Floats) -> Floats:
    """Half the pace differential, within ±3; NULL if unknown."""
    return np.clip(np.asarray(pace_differential, dtype=np.float64) / 2, -3.0, 3.0)


def usage_spike_score(
    projected: pd.Series | Floats, recent: pd.Series | Floats, stars_out: pd.Series | Floats
) -> Floats:
    """0.3 · (projected − recent usage), if positive ×1.30 with two stars out and ×1.15 with one; within ±3."""
    score = 0.3 * (np.asarray(projected, dtype=np.float64) - np.asarray(recent, dtype=np.float64))
    stars = pd.Series(stars_out).astype("float64").to_numpy()
    factor = np.select([stars >= 2, stars == 1], [1.30, 1.15], 1.0)
    return np.clip(np.where(score > 0, score * factor, score), -3.0, 3.0)


def total_adjustment(scores: pd.DataFrame) -> Floats:
    """(fatigue_score − 100)/20 plus the scores that are known; NULL when none of the three is."""
    shifts = scores[["shot_zone_mismatch_score", "pace_score", "usage_spike_score"]].to_numpy(dtype=np.float64)
    total = (scores["fatigue_score"].to_numpy(dtype=np.float64) - 100) / 20 + np.nansum(shifts, axis=1)
    return np.where(np.isnan(shifts).all(axis=1), np.nan, total)


def lists_of(flags: dict[str, pd.Series]) -> pd.Series:
    """For each row the list of names whose flag is set, in the order given; rows with the same flags share one list."""
    which = sum(flag.fillna(False).to_numpy(dtype=np.int64) << bit for bit, flag in enumerate(flags.values()))
    codes, combinations = pd.factorize(which)
    lists = np.empty(len(combinations), dtype=object)
    for i, combination in enumerate(combinations):
        lists[i] = [name for bit, name in enumerate(flags) if combination >> bit & 1]
    return pd.Series(lists[codes], index=next(iter(flags.values())).index)


def _beside_zones(inputs: Inputs, dates: pd.DatetimeIndex) -> pd.DataFrame:
    context = inputs.on_date["upcoming_player_game_context"]
    rows = context.loc[context["game_date"].isin(dates), ["game_date", *_FROM_CONTEXT]]
    zones = inputs.on_date["player_shot_zone_analysis"].rename(columns={"analysis_date": "game_date"})
    zones = zones[["game_date", "player_id", "primary_scoring_zone", *(f"{z}_rate_last_10" for z in ZONES)]]
    defense = inputs.on_date["team_defense_zone_analysis"]
    defense = defense.rename(columns={"analysis_date": "game_date", "team": "opponent"})
    defense = defense[["game_date", "opponent", *_FROM_DEFENSE]]
    own, other = (found.columns[2:] for found in (zones, defense))
    rows = rows.assign(
        **distinct.beside(rows, zones.assign(has_player_zones=True), ["game_date", "player_id"], [*own, _HAS[0]]),
        **distinct.beside(rows, defense.assign(has_opponent_zones=True), ["game_date", "opponent"], [*other, _HAS[1]]),
    )
    return rows.assign(**{name: rows[name].notna() for name in _HAS})


_HAS = ("has_player_zones", "has_opponent_zones")


def _matchup(rows: pd.DataFrame) -> tuple[Floats, Floats]:
    """The player's rate in his primary zone (balanced counts as paint), and the opponent's value there."""
    zone = rows["primary_scoring_zone"].replace(BALANCED, PAINT)
    is_zone = [zone.eq(z).to_numpy() for z in ZONES]
    rate = np.select(is_zone, [rows[f"{z}_rate_last_10"] for z in ZONES], np.nan)
    against = np.select(is_zone, [rows[f"{z}_defense_vs_league_avg"] for z in ZONES], np.nan)
    return rate, against


PLAYER_COMPOSITE_FACTORS = Table(
    name="player_composite_factors",
    short_name="PCF",
    dataset="nba_precompute",
    phase=Phase.PRE_GAME,
    contract=PlayerCompositeFactors,
    compute=compute,
    expect=expect_slate,
    policy=Policy(min_rows=100, backfill_min_rows=50),
    inputs=(
        announced("raw_schedule"),
        same_date("upcoming_player_game_context", "game_date", *_FROM_CONTEXT),
        same_date(
            "player_shot_zone_analysis",
            *("analysis_date", "player_id", "primary_scoring_zone", "total_shots_last_10"),
            *(f"{z}_rate_last_10" for z in ZONES),
        ),
        same_date(
            "team_defense_zone_analysis",
            *("analysis_date", "team", *_FROM_DEFENSE, "games_in_sample", "games_with_shots"),
            reads=(opponent(through=_FROM_DEFENSE),),
        ),
        shots_known_before(),
    ),
)
