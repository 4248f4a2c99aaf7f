"""November 2021, the month in which half the dates were missing: what a complete run has, date by date."""

from datetime import date

import pandas as pd
import pytest

from nba_assets.tables.injury_status import unmatched_names
from nba_assets.verification.replay import replay
from nba_assets_tests.verification.real_seasons import raw_season, source

pytestmark = pytest.mark.xdist_group("real seasons")

# Day of November -> (games, slate, player_daily_cache, player_shot_zone_analysis).
COUNTS = {
    2: (5, 164, 95, 304),
    3: (11, 371, 225, 311),
    4: (5, 166, 108, 327),
    5: (9, 301, 197, 333),
    6: (6, 200, 135, 337),
    7: (8, 270, 178, 338),
    8: (8, 268, 182, 347),
    9: (3, 99, 70, 355),
    10: (13, 434, 312, 358),
    11: (3, 99, 70, 363),
    12: (11, 368, 270, 364),
    13: (7, 232, 166, 366),
    14: (7, 235, 174, 371),
    15: (11, 367, 276, 375),
    16: (3, 101, 73, 382),
    17: (11, 367, 283, 383),
    18: (6, 200, 151, 385),
    19: (9, 301, 233, 391),
    20: (9, 300, 233, 393),
    21: (5, 167, 132, 400),
    22: (10, 335, 268, 403),
    23: (4, 133, 108, 408),
    24: (13, 433, 354, 409),
    25: (0, 0, 0, 414),
    26: (12, 400, 329, 414),
    27: (8, 267, 222, 418),
    28: (5, 167, 139, 419),
    29: (9, 301, 251, 421),
    30: (5, 166, 139, 423),
}


@pytest.fixture(scope="module")
def november() -> dict[str, pd.DataFrame]:
    dates = [date(2021, 11, day) for day in range(1, 31)]
    return replay(raw_season("2021-22"), dates, counting_types=source().counting_types)


def rows_on(rows: pd.DataFrame, day: int) -> pd.DataFrame:
    partition = next(name for name in ("game_date", "analysis_date", "cache_date") if name in rows)
    return rows[rows[partition] == pd.Timestamp(2021, 11, day)]


@pytest.mark.parametrize("day", COUNTS)
def test_rows_of_every_date(november, day: int):
    games, slate, cached, with_zones = COUNTS[day]
    counts = {name: len(rows_on(rows, day)) for name, rows in november.items()}
    assert counts["upcoming_team_game_context"] == 2 * games
    assert counts["upcoming_player_game_context"] == slate
    assert counts["player_composite_factors"] == slate
    assert counts["ml_feature_store_v2"] == slate
    assert counts["player_daily_cache"] == cached
    assert counts["player_shot_zone_analysis"] == with_zones
    assert counts["team_defense_zone_analysis"] == 30


def test_teams_with_fifteen_games_in_their_window(november):
    rows = november["team_defense_zone_analysis"]
    with_fifteen = {day: int((rows_on(rows, day)["games_in_sample"] == 15).sum()) for day in range(15, 31)}
    assert with_fifteen == {15: 1, 16: 8, 17: 10, 18: 18, 19: 26} | dict.fromkeys(range(20, 31), 30)


@pytest.mark.parametrize(
    ("player", "games", "last_5", "season", "deviation"),
    [
        ("alexlen", 8, 6.2, 6.625, 3.4200),
        ("bradwanamaker", 8, 4.6, 3.875, 4.4541),
        ("charlesbassey", 7, 3.4, 3.0, 4.3589),
    ],
)
def test_real_players_before_november_20(november, player, games, last_5, season, deviation):
    names = november["player_game_summary"].drop_duplicates("player_id").set_index("player_id")["player_lookup"]
    rows = rows_on(november["player_daily_cache"], 20)
    (row,) = rows[rows["player_id"].map(names) == player].to_dict("records")
    assert row["games_played_season"] == games
    assert row["points_avg_last_5"] == pytest.approx(last_5)
    assert row["points_avg_season"] == pytest.approx(season)
    assert row["points_std_last_10"] == pytest.approx(deviation, abs=5e-5)


def test_two_names_on_ten_nights_are_nobodys_and_like_nobodys(november):
    """Two players with two-way contracts whom no game listed."""
    raw = raw_season("2021-22")
    slate = november["upcoming_player_game_context"]
    names = unmatched_names(raw["raw_injury_reports"], slate, raw["raw_player_boxscores"])
    assert set(zip(names["team"], names["player_name"], strict=True)) == {
        ("DET", "Chris Smith"),
        ("NOP", "Daulton Hommes"),
    }
    assert names["game_date"].nunique() == 10
    assert set(names["status"]) == {"out"}
    assert names["resembles"].map(len).sum() == 0


def test_the_one_name_that_a_report_had_without_its_generation_is_his(november):
    """Reggie Bullock Jr., whom the report of the 5th has as Reggie Bullock."""
    slate = rows_on(november["upcoming_player_game_context"], 6).set_index("player_id")
    assert slate.loc[203493, "player_status"] == "questionable"
