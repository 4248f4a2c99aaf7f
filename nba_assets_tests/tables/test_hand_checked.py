"""Rows and scores worked out by hand, against the tables and their formulas as they are shipped."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nba_assets.league import formulas
from nba_assets.league.zones import extreme_zones, primary_zone
from nba_assets.schema.contract import ColumnType, columns_of
from nba_assets.tables import TABLES
from nba_assets.tables.ml_feature_store_v2 import minutes_change, recent_trend
from nba_assets.tables.player_composite_factors import fatigue_score, mismatch_score, pace_score, usage_spike_score
from nba_assets.verification.replay import RAW_TABLES, replay
from nba_assets_tests.oracle.made_up_league import (
    DAY,
    MadeUpLeague,
    Night,
    days_before,
    fifteen_identical_games_of_boston,
    scorer_league,
)

_BLANK = {ColumnType.INTEGER: 0, ColumnType.FLOAT: 0.0, ColumnType.BOOLEAN: False, ColumnType.STRING: ""}
_ROWS_OF = {
    "raw_schedule": "schedule",
    "raw_team_boxscores": "teams",
    "raw_player_boxscores": "players",
    "raw_shots": "shots",
    "raw_injury_reports": "reports",
    "raw_game_lines": "lines",
}


def raw_frames(made: MadeUpLeague) -> dict[str, pd.DataFrame]:
    """The made-up rows in the contracts' columns; what they leave out is NULL or blank."""
    frames = {}
    for name in RAW_TABLES:
        rows = pd.DataFrame(getattr(made, _ROWS_OF[name]))
        for column in columns_of(TABLES[name].contract):
            if column.name not in rows:
                rows[column.name] = None if column.nullable else _BLANK.get(column.type)
        frames[name] = TABLES[name].shape(rows)
    return frames


def row_of(made: MadeUpLeague, table: str, day: date = DAY, **key: Any) -> dict[str, Any]:
    """The one row of a table on a date with that key."""
    rows = replay(raw_frames(made), [day], tables=[table])[table].to_dict("records")
    (found,) = [row for row in rows if all(row[name] == value for name, value in key.items())]
    return found


# team_defense_zone_analysis


def test_zone_defence_over_fifteen_identical_games():
    row = row_of(fifteen_identical_games_of_boston(), "team_defense_zone_analysis", team="BOS")
    assert row["paint_pct_allowed_last_15"] == pytest.approx(0.5714, abs=5e-5)
    assert row["mid_range_pct_allowed_last_15"] == pytest.approx(0.400)
    assert row["three_pt_pct_allowed_last_15"] == pytest.approx(0.3429, abs=5e-5)
    assert row["paint_defense_vs_league_avg"] == pytest.approx(-0.86, abs=0.005)
    assert row["mid_range_defense_vs_league_avg"] == pytest.approx(-1.0)
    assert row["three_pt_defense_vs_league_avg"] == pytest.approx(-1.21, abs=0.005)
    assert (row["strongest_zone"], row["weakest_zone"]) == ("three_pt", "paint")
    assert (row["games_in_sample"], row["data_quality_tier"]) == (15, "high")


@pytest.mark.parametrize(
    ("versus", "strongest", "weakest"),
    [
        ((3.0, -2.5, 0.5), "mid_range", "paint"),
        ((2.0, np.nan, -1.0), "three_pt", "paint"),
        ((np.nan, np.nan, np.nan), None, None),
        ((0.0, 0.0, 0.0), "paint", "paint"),
    ],
)
def test_strongest_and_weakest_zone(versus, strongest, weakest):
    low, high = extreme_zones(*([value] for value in versus))
    assert (low[0], high[0]) == (strongest, weakest)


# player_shot_zone_analysis


def test_shot_zones_over_ten_games():
    made = MadeUpLeague()
    zones = {"paint": (8, 5), "mid_range": (4, 2), "three_pt": (6, 2)}
    for number in range(1, 11):
        made.game(days_before(number), Night("BOS", zones=zones, shooter=1, players={1: {}}), "NYK")
    row = row_of(made, "player_shot_zone_analysis", player_id=1)
    rates = [row[f"{zone}_rate_last_10"] for zone in zones]
    assert rates == pytest.approx([0.4444, 0.2222, 0.3333], abs=5e-5)
    assert [row[f"{zone}_pct_last_10"] for zone in zones] == pytest.approx([0.625, 0.5, 1 / 3])
    assert (row["total_shots_last_10"], row["primary_scoring_zone"]) == (180, "paint")


@pytest.mark.parametrize(
    ("paint", "mid_range", "three_pt", "zone"),
    [
        (40, 25, 35, "paint"),
        (35, 25, 40, "three_pt"),
        (35, 30, 35, "balanced"),
        (30, 35, 35, "mid_range"),
        (45, 10, 45, "paint"),
    ],
)
def test_primary_zone(paint, mid_range, three_pt, zone):
    assert primary_zone([paint / 100], [mid_range / 100], [three_pt / 100])[0] == zone


# player_daily_cache


def test_daily_cache_of_ten_games():
    row = row_of(scorer_league(list(range(35, 25, -1))), "player_daily_cache", player_id=1)
    assert row["points_avg_last_5"] == 28.0
    assert row["points_avg_last_10"] == 30.5
    assert row["points_std_last_10"] == pytest.approx(3.0277, abs=5e-5)
    assert not row["early_season_flag"]


def test_seven_games_make_an_early_row_and_four_make_none():
    assert row_of(scorer_league([20] * 7), "player_daily_cache")["early_season_flag"]
    tables = replay(raw_frames(scorer_league([20] * 4)), [DAY])
    assert [len(tables[name]) for name in ("player_daily_cache", "ml_feature_store_v2")] == [0, 1]


def test_share_of_points_from_free_throws():
    made = scorer_league([53, 53, 53, 52, 52], ftm=14, fta=16)
    assert row_of(made, "ml_feature_store_v2")["pct_free_throw"] == pytest.approx(70 / 263)


@pytest.mark.parametrize(("wins", "losses", "share"), [(6, 2, 0.75), (2, 0, None)])
def test_win_share(wins, losses, share):
    made = MadeUpLeague()
    for number in range(wins + losses):
        made.game(days_before(20 - number), Night("BOS", points=110 if number < wins else 90), "NYK")
    made.game(DAY, "BOS", "DEN", status="scheduled")
    win_pct = row_of(made, "upcoming_team_game_context", team="BOS")["win_pct"]
    assert np.isnan(win_pct) if share is None else win_pct == share


# player_composite_factors


@pytest.mark.parametrize(
    ("rest", "games", "minutes", "average", "pairs", "age", "score"),
    [
        (2, 3, 175, 29.2, 0, 28, 100),
        (1, 3, 175, 29.2, 0, 32, 95),
        (0, 4, 250, 36.5, 2, 35, 35),
        (3, 2, 240, 35.0, 1, np.nan, 100),
        (None, 0, 0, np.nan, 0, np.nan, 100),
    ],
)
def test_fatigue(rest, games, minutes, average, pairs, age, score):
    row = {
        "back_to_back": rest == 0,
        "days_rest": pd.array([rest], dtype="Int64"),
        "games_last_7_days": games,
        "minutes_last_7_days": minutes,
        "avg_minutes_per_game_last_7_days": average,
        "back_to_backs_last_14_days": pairs,
        "player_age": age,
    }
    assert fatigue_score(pd.DataFrame(row, index=[0]))[0] == score


@pytest.mark.parametrize(
    ("versus", "rate", "score"),
    [
        (6.0, 0.70, 7.2),
        (5.0, 1.0, 5.0),
        (4.0, 0.25, 2.0),
        (15, 0.80, 10.0),
        (-3.8, 0.50, -3.8),
        (-3.8, 0.90, -3.8),
        (np.nan, 0.5, np.nan),
        (3.0, np.nan, np.nan),
    ],
)
def test_mismatch(versus, rate, score):
    assert mismatch_score([versus], [rate])[0] == pytest.approx(score, nan_ok=True)


def test_pace_score():
    np.testing.assert_equal(pace_score([10.0, -2.0, np.nan]), [3.0, -1.0, np.nan])


@pytest.mark.parametrize(
    ("projected", "recent", "stars", "score"),
    [
        (30, 25, 1, 1.725),
        (30, 25, 2, 1.95),
        (30, 25, None, 1.5),
        (20, 25, 2, -1.5),
        (50, 20, 0, 3.0),
        (np.nan, 20, 2, np.nan),
    ],
)
def test_usage_spike(projected, recent, stars, score):
    stars_out = pd.Series([stars], dtype="Int64")
    assert usage_spike_score([projected], [recent], stars_out)[0] == pytest.approx(score, nan_ok=True)


# ml_feature_store_v2


@pytest.mark.parametrize(
    ("newest_first", "trend"),
    [
        ([25, 24, 26, 18, 17], 1),
        ([17, 18, 16, 25, 26], -1),
        ([22, 19, 24, 18, 21], 0),
        ([30, 30, 25, 25, 25], 2),
        ([30, 30, 25, 25], np.nan),
    ],
)
def test_recent_trend(newest_first, trend):
    newest, before = np.mean(newest_first[:2]), np.mean(newest_first[2:5])
    got = recent_trend(pd.Series([newest]), pd.Series([before]), pd.Series([len(newest_first)]))
    np.testing.assert_equal(got, [float(trend)])


@pytest.mark.parametrize(
    ("last_10", "season", "change"), [(36, 28, 2), (32, 28, 1), (24, 32, -2), (33, 30, 1), (36, 30, 2), (0, 0, np.nan)]
)
def test_minutes_change(last_10, season, change):
    got = minutes_change(pd.Series([float(last_10)]), pd.Series([float(season)]), pd.Series([20]))
    np.testing.assert_equal(got, [float(change)])


@pytest.mark.parametrize(("own", "opponent", "advantage"), [(2, 0, 2.0), (5, 0, 2.0), (1, 3, -2.0), (None, 1, np.nan)])
def test_rest_advantage(own, opponent, advantage):
    """`own` days of rest of player 1 of BOS, who has not played before if None, and `opponent` ones of NYK."""
    made = MadeUpLeague()
    listed = {"listing": "dnp"} if own is None else {}
    made.game(days_before(1 if own is None else own + 1), Night("BOS", players={1: listed}), "DEN")
    made.game(days_before(opponent + 1), "NYK", "UTA")
    made.game(DAY, "BOS", "NYK", status="scheduled")
    np.testing.assert_equal(row_of(made, "ml_feature_store_v2", player_id=1)["rest_advantage"], advantage)


# Games by hand


def test_pace_of_an_overtime_game():
    """94.2665 possessions in 265 team minutes are 85.3735 per 48; unnormalised it would be 94.3."""
    assert formulas.pace(94.2665, 5 * (2880 + 300)) == pytest.approx(85.3735, abs=1e-4)


def test_possessions_and_ratings_of_one_game_in_double_overtime():
    """90 + .4·25 − 1.07·10/40·50 + 14 = 100.625 possessions of both teams, in 48 and in 58 minutes."""
    for overtimes, pace in ((0, 100.625), (2, 100.625 * 48 / 58)):
        made = MadeUpLeague()
        made.game(days_before(1), Night("BOS", points=110), "NYK")
        for row in made.teams:
            row |= {"overtime_periods": overtimes, "seconds_played": 5 * (2880 + 300 * overtimes)}
        row = row_of(made, "team_offense_game_summary", days_before(1), team="BOS")
        assert row["possessions"] == pytest.approx(100.625)
        assert row["pace"] == pytest.approx(pace)
        assert row["offensive_rating"] == pytest.approx(11000 / 100.625)
        defence = row_of(made, "team_defense_game_summary", days_before(1), team="NYK")
        assert defence["defensive_rating"] == pytest.approx(11000 / 100.625)
        assert defence["opponent_pace"] == pytest.approx(pace)


def test_usage_of_one_game_and_of_no_time():
    """100·(18 + 2.2 + 2)·2880 / (1800·115); NULL at 0 seconds."""
    own = {"points": 20, "fga": 18, "fta": 5, "tov": 2}
    made = MadeUpLeague()
    made.game(days_before(1), Night("BOS", players={1: own, 2: own | {"seconds_played": 0}}), "NYK")
    row = row_of(made, "player_game_summary", days_before(1), player_id=1)
    assert row["usage"] == pytest.approx(100 * 22.2 * 2880 / (1800 * 115))
    assert np.isnan(row_of(made, "player_game_summary", days_before(1), player_id=2)["usage"])
