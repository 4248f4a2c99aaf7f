"""The oracle against rows worked out by hand: what everything is compared with must itself be tested."""

import datetime as dt
from fractions import Fraction

import pandas as pd
import pytest

from . import slow_rules as rules
from .made_up_league import (
    DAY,
    MadeUpLeague,
    Night,
    Zones,
    days_before,
    fifteen_identical_games_of_boston,
    row_of,
    scorer_league,
)
from .slow_league import first_name_first, last_name, player_lookup, without_suffix
from .slow_tables import SlowLeague

# Team defence zones


@pytest.fixture(scope="module")
def fifteen_identical_games() -> SlowLeague:
    return fifteen_identical_games_of_boston().league()


def test_zone_defence_over_fifteen_identical_games(fifteen_identical_games):
    row = row_of(fifteen_identical_games.team_defense_zone_analysis(DAY), team="BOS")
    assert row["paint_pct_allowed_last_15"] == pytest.approx(0.5714, abs=5e-5)
    assert row["mid_range_pct_allowed_last_15"] == pytest.approx(0.400)
    assert row["three_pt_pct_allowed_last_15"] == pytest.approx(0.3429, abs=5e-5)
    assert row["paint_defense_vs_league_avg"] == pytest.approx(-0.86, abs=0.005)
    assert row["mid_range_defense_vs_league_avg"] == pytest.approx(-1.0)
    assert row["three_pt_defense_vs_league_avg"] == pytest.approx(-1.21, abs=0.005)
    assert (row["strongest_zone"], row["weakest_zone"]) == ("three_pt", "paint")
    assert row["paint_attempts_allowed_per_game"] == 35
    assert row["paint_points_allowed_per_game"] == 40
    assert (row["games_in_sample"], row["games_with_shots"], row["data_quality_tier"]) == (15, 15, "high")
    assert row["early_season_flag"] is False


def test_league_average_needs_fifty_team_games(fifteen_identical_games):
    """A day earlier there are only 46 team-games; zones stay known, the comparison does not."""
    row = row_of(fifteen_identical_games.team_defense_zone_analysis(days_before(1)), team="BOS")
    assert row["paint_pct_allowed_last_15"] == pytest.approx(20 / 35)
    assert row["paint_defense_vs_league_avg"] is None
    assert row["strongest_zone"] is None


def test_one_game_without_shots_makes_the_zones_of_its_windows_unknown():
    made = MadeUpLeague()
    for number in range(1, 7):
        made.game(days_before(number), "BOS", "NYK", with_shots=number != 3)
    row = row_of(made.league().team_defense_zone_analysis(DAY), team="BOS")
    assert row["paint_pct_allowed_last_15"] is None
    assert row["paint_points_allowed_per_game"] is None
    assert (row["games_in_sample"], row["games_with_shots"]) == (6, 5)
    assert row["opponent_points_per_game"] == 100


@pytest.mark.parametrize(
    ("versus", "strongest", "weakest"),
    [
        ((Fraction("3.0"), Fraction("-2.5"), Fraction("0.5")), "mid_range", "paint"),
        ((Fraction("2.0"), None, Fraction("-1.0")), "three_pt", "paint"),
        ((None, None, None), None, None),
        ((0, 0, 0), "paint", "paint"),
    ],
)
def test_strongest_and_weakest_zone(versus, strongest, weakest):
    paint, mid_range, three_pt = versus
    picked = rules.strongest_and_weakest(paint=paint, mid_range=mid_range, three_pt=three_pt)
    assert picked == (strongest, weakest)


# Player shot zones


def test_shot_zones_over_ten_games():
    made = MadeUpLeague()
    zones: Zones = {"paint": (8, 5), "mid_range": (4, 2), "three_pt": (6, 2)}
    for number in range(1, 11):
        made.game(days_before(number), Night("BOS", zones=zones, shooter=1, players={1: {}}), "NYK")
    row = row_of(made.league().player_shot_zone_analysis(DAY), player_id=1)
    assert row["paint_rate_last_10"] == pytest.approx(0.4444, abs=5e-5)
    assert row["mid_range_rate_last_10"] == pytest.approx(0.2222, abs=5e-5)
    assert row["three_pt_rate_last_10"] == pytest.approx(0.3333, abs=5e-5)
    assert row["paint_pct_last_10"] == 0.625
    assert row["mid_range_pct_last_10"] == 0.5
    assert row["three_pt_pct_last_10"] == pytest.approx(1 / 3)
    assert row["total_shots_last_10"] == 180
    assert row["primary_scoring_zone"] == "paint"
    assert (row["games_in_sample_10"], row["games_in_sample_20"]) == (10, 10)
    assert row["paint_rate_last_20"] is None
    assert row["sample_quality"] == "excellent"


def test_a_player_without_a_shot_has_a_row_without_rates():
    row = row_of(scorer_league([0] * 5).league().player_shot_zone_analysis(DAY), player_id=1)
    assert row["total_shots_last_10"] == 0
    assert row["paint_rate_last_10"] is None
    assert row["primary_scoring_zone"] is None
    assert row["sample_quality"] == "limited"


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
def test_primary_scoring_zone(paint, mid_range, three_pt, zone):
    shares = {"paint": paint, "mid_range": mid_range, "three_pt": three_pt}
    rates = {name: Fraction(share, 100) for name, share in shares.items()}
    assert rules.primary_scoring_zone(**rates) == zone


# The daily cache


def test_daily_cache_of_ten_games():
    league = scorer_league(list(range(35, 25, -1))).league()
    row = row_of(league.player_daily_cache(DAY), player_id=1)
    assert row["points_avg_last_5"] == 28.0
    assert row["points_avg_last_10"] == 30.5
    assert row["points_std_last_10"] == pytest.approx(3.0277, abs=5e-5)
    assert row["points_avg_last_2"] == 26.5
    assert row["points_avg_games_3_to_5"] == 29.0
    assert row["early_season_flag"] is False
    assert row["is_production_ready"] is True
    assert row["insufficient_data_reason"] is None


def test_seven_games_make_an_early_row_and_four_make_none():
    (row,) = scorer_league([20] * 7).league().player_daily_cache(DAY)
    assert row["early_season_flag"] is True
    few = scorer_league([20] * 4).league()
    assert few.player_daily_cache(DAY) == []
    assert [player["player_id"] for player in few.ml_feature_store_v2(DAY)] == [1]


@pytest.mark.parametrize(
    ("points", "last_5", "season", "deviation"),
    [
        pytest.param([8, 10, 4, 4, 12, 5, 2, 8], 6.2, 6.625, 3.4200, id="Alex Len"),
        pytest.param([0, 8, 0, 0, 5, 5, 1, 12], 4.6, 3.875, 4.4541, id="Brad Wanamaker"),
        pytest.param([2, 2, 0, 0, 0, 5, 12], 3.4, 3.0, 4.3589, id="Charles Bassey"),
    ],
)
def test_daily_cache_of_real_players(points, last_5, season, deviation):
    """Their games before 2021-11-20, oldest first."""
    (row,) = scorer_league(points).league().player_daily_cache(DAY)
    assert row["points_avg_last_5"] == pytest.approx(last_5)
    assert row["points_avg_season"] == pytest.approx(season)
    assert row["points_std_last_10"] == pytest.approx(deviation, abs=5e-5)


def test_share_of_points_from_free_throws():
    points = [53, 53, 53, 52, 52]
    league = scorer_league(points, ftm=14, fta=16).league()
    (cache,) = league.player_daily_cache(DAY)
    assert cache["ft_points_share_last_10"] == pytest.approx(70 / 263)
    (features,) = league.ml_feature_store_v2(DAY)
    assert features["pct_free_throw"] == pytest.approx(0.266, abs=5e-4)


def test_dnp_is_not_a_game_and_a_game_of_no_points_is():
    made = scorer_league([0] * 5)
    made.game(days_before(1), Night("BOS", players={1: {"listing": "dnp"}}), "NYK")
    (row,) = made.league().upcoming_player_game_context(DAY)
    assert row["games_played_season"] == 5
    assert row["days_rest"] == 1
    assert row["avg_minutes_per_game_last_7_days"] == 30.0
    assert (row["games_expected"], row["games_loaded"]) == (6, 6)


# Composite factors


@pytest.mark.parametrize(
    ("rest", "games", "minutes", "average", "pairs", "age", "score"),
    [
        (2, 3, 175, Fraction("29.2"), 0, 28, 100),
        (1, 3, 175, Fraction("29.2"), 0, 32, 95),
        (0, 4, 250, Fraction("36.5"), 2, 35, 35),
        (None, 0, 0, None, 0, None, 100),
    ],
)
def test_fatigue_score(rest, games, minutes, average, pairs, age, score):
    assert score == rules.fatigue_score(
        back_to_back=rest == 0,
        days_rest=rest,
        games_last_7_days=games,
        minutes_last_7_days=minutes,
        avg_minutes_per_game_last_7_days=average,
        back_to_backs_last_14_days=pairs,
        age=age,
    )


@pytest.mark.parametrize(
    ("versus", "rate", "score"),
    [
        ("6.0", "0.70", "7.2"),
        ("5.0", "1.0", "5.0"),
        ("4.0", "0.25", "2.0"),
        ("15", "0.80", "10.0"),
        ("-3.8", "0.50", "-3.8"),
        ("-3.8", "0.90", "-3.8"),
    ],
)
def test_shot_zone_mismatch_score(versus, rate, score):
    got = rules.shot_zone_mismatch_score(vs_league=Fraction(versus), rate=Fraction(rate))
    assert got == Fraction(score)


def test_pace_score():
    assert rules.pace_score(10) == 3
    assert rules.pace_score(-2) == -1
    assert rules.pace_score(None) is None


@pytest.mark.parametrize(
    ("projected", "recent", "stars_out", "score"),
    [
        (30, 25, 1, "1.725"),
        (30, 25, 2, "1.95"),
        (30, 25, None, "1.5"),
        (20, 25, 2, "-1.5"),
        (50, 20, 0, "3.0"),
    ],
)
def test_usage_spike_score(projected, recent, stars_out, score):
    got = rules.usage_spike_score(projected=projected, recent=recent, stars_out=stars_out)
    assert got == Fraction(score)


def test_total_adjustment_is_unknown_when_only_fatigue_is_known():
    assert rules.total_composite_adjustment(fatigue=50, scores=[None, None, None]) is None
    assert rules.total_composite_adjustment(fatigue=50, scores=[None, 3, None]) == Fraction("0.5")


def test_composite_factors_name_the_missing_inputs():
    (row,) = scorer_league([20] * 4).league().player_composite_factors(DAY)
    assert row["missing_inputs"] == [
        "projected_usage",
        "pace_differential",
        "player_shot_zone_analysis",
        "team_defense_zone_analysis",
    ]
    assert row["data_completeness"] == 0.2
    assert row["total_composite_adjustment"] is None


# Features


@pytest.mark.parametrize(
    ("newest_first", "trend"),
    [
        ([25, 24, 26, 18, 17], 1),
        ([17, 18, 16, 25, 26], -1),
        ([22, 19, 24, 18, 21], 0),
        ([30, 30, 25, 25, 25], 2),
        ([30, 30, 25, 25], None),
    ],
)
def test_recent_trend(newest_first, trend):
    assert rules.recent_trend(newest_first) == trend


@pytest.mark.parametrize(
    ("last_10", "season", "change"),
    [
        (36, 28, 2),
        (32, 28, 1),
        (24, 32, -2),
        (33, 30, 1),
        (36, 30, 2),
        (30, 30, 0),
        (0, 0, None),
        (None, 30, None),
    ],
)
def test_minutes_change(last_10, season, change):
    assert rules.minutes_change(last_10=last_10, season=season) == change


@pytest.mark.parametrize(
    ("own", "opponent", "advantage"), [(2, 0, 2), (5, 0, 2), (1, 3, -2), (None, 1, None), (1, None, None)]
)
def test_rest_advantage(own, opponent, advantage):
    assert rules.rest_advantage(own=own, opponent=opponent) == advantage


@pytest.mark.parametrize(("wins", "losses", "win_pct", "streak"), [(6, 2, 0.75, -2), (2, 0, None, 2), (0, 0, None, 0)])
def test_win_percentage(wins, losses, win_pct, streak):
    made = MadeUpLeague()
    for number in range(wins + losses):
        points = 110 if number < wins else 90
        made.game(days_before(20 - number), Night("BOS", points=points), "NYK")
    made.game(DAY, "BOS", "DEN", status="scheduled")
    row = row_of(made.league().upcoming_team_game_context(DAY), team="BOS")
    assert row["win_pct"] == win_pct
    assert (row["wins"], row["losses"], row["streak"]) == (wins, losses, streak)
    assert row["game_number"] == wins + losses + 1


def test_critical_features():
    assert set(rules.CRITICAL_FEATURES) < set(rules.FEATURES)
    assert "injury_risk" not in rules.CRITICAL_FEATURES


# Formulas


def test_possessions_pace_and_ratings_of_one_game():
    """own = 90 + .4·25 − 1.07·10/40·50 + 14 = 100.625 for both teams."""
    made = MadeUpLeague()
    made.game(days_before(1), Night("BOS", points=110), "NYK")
    league = made.league()
    row = row_of(league.team_offense_game_summary(days_before(1)), team="BOS")
    assert row["possessions"] == pytest.approx(100.625)
    assert row["pace"] == pytest.approx(100.625)
    assert row["offensive_rating"] == pytest.approx(11000 / 100.625)
    assert row["ts_pct"] == pytest.approx(110 / (2 * (90 + 11)))
    assert row["efg_pct"] == pytest.approx(45 / 90)
    assert row["tov_pct"] == pytest.approx(14 / 115)
    assert row["oreb_pct"] == pytest.approx(0.25)
    defence = row_of(league.team_defense_game_summary(days_before(1)), team="NYK")
    assert defence["defensive_rating"] == pytest.approx(11000 / 100.625)
    assert (defence["points_allowed"], defence["opp_fga"], defence["paint_points_allowed"]) == (110, 90, 44)


def test_usage_of_one_game_and_of_no_time():
    """Usage = 100·(18 + 2.2 + 2)·2880 / (1800·115)."""
    made = MadeUpLeague()
    own = {"points": 20, "fga": 18, "fta": 5, "tov": 2}
    made.game(days_before(1), Night("BOS", players={1: own, 2: own | {"seconds_played": 0}}), "NYK")
    rows = made.league().player_game_summary(days_before(1))
    assert row_of(rows, player_id=1)["usage"] == pytest.approx(100 * 22.2 * 2880 / (1800 * 115))
    assert row_of(rows, player_id=2)["usage"] is None


# The slate and what is loaded


def test_a_traded_player_is_on_one_slate():
    made = MadeUpLeague()
    made.game(days_before(5), Night("BKN", players={1: {}, 2: {}}), "NYK")
    made.game(days_before(3), Night("PHI", players={1: {"listing": "inactive"}, 3: {}}), "NYK")
    made.game(days_before(2), Night("BKN", players={2: {}}), "NYK")
    made.game(DAY, "BKN", "PHI", status="scheduled")
    rows = made.league().upcoming_player_game_context(DAY)
    assert [(row["player_id"], row["team"]) for row in rows] == [(1, "PHI"), (2, "BKN"), (3, "PHI")]
    assert row_of(rows, player_id=1)["days_rest"] == 4


def test_two_listings_on_one_day_belong_to_the_later_game_id():
    made = MadeUpLeague()
    made.game(days_before(1), Night("BKN", players={1: {"listing": "inactive"}}), "NYK")
    made.game(days_before(1), Night("PHI", players={1: {"listing": "dnp"}}), "DEN")
    made.game(DAY, "BKN", "PHI", status="scheduled")
    rows = made.league().upcoming_player_game_context(DAY)
    assert [row["team"] for row in rows] == ["PHI"]


def test_games_that_do_not_count_and_postponed_games_are_not_there():
    made = scorer_league([20] * 5)
    made.game(days_before(1), Night("BOS", players={1: {}}), "NYK", game_type="003")
    made.game(days_before(1), "BOS", "NYK", status="postponed")
    made.game(DAY, "DEN", "UTA", status="postponed")
    league = made.league()
    assert [row["team"] for row in league.upcoming_team_game_context(DAY)] == ["BOS", "NYK"]
    (row,) = league.upcoming_player_game_context(DAY)
    assert (row["days_rest"], row["games_expected"]) == (1, 5)


def test_a_game_of_the_former_team_that_is_not_loaded():
    """Inside his time with that team it matters to him; before or after, it does not."""

    def ready(missing: int) -> tuple[bool, list[str]]:
        made = MadeUpLeague()
        former = Night("BKN", players={1: {}, 2: {}})
        for number in (30, 28, 26, 24):
            if number == missing:
                made.game(days_before(number), "BKN", "NYK", loaded=False)
            elif number == 28 or number == 24:
                made.game(days_before(number), former, "NYK")
            else:
                made.game(days_before(number), Night("BKN", players={2: {}}), "NYK")
        for number in range(1, 8):
            made.game(days_before(2 * number), Night("PHI", players={1: {"points": 10}}), "DEN")
        made.game(DAY, "PHI", "DEN", status="scheduled")
        (row,) = made.league().ml_feature_store_v2(DAY)
        return row["is_production_ready"], row["data_quality_issues"]

    assert ready(missing=0) == (True, [])
    assert ready(missing=30) == (True, [])
    assert ready(missing=26) == (False, ["GAMES_NOT_LOADED"])


def test_a_missing_game_of_the_opponent_matters_to_features_but_not_to_the_cache():
    made = scorer_league([10] * 7)
    made.game(days_before(1), "NYK", "DEN", loaded=False)
    league = made.league()
    (cache,) = league.player_daily_cache(DAY)
    assert cache["is_production_ready"] is True
    (row,) = league.ml_feature_store_v2(DAY)
    assert row["data_quality_issues"] == ["GAMES_NOT_LOADED"]


def test_a_missing_game_of_his_team_is_counted():
    made = scorer_league([10] * 7)
    made.game(days_before(1), "BOS", "DEN", loaded=False)
    made.game(days_before(2), Night("BOS", players={1: {}}), "DEN", with_shots=False)
    (cache,) = made.league().player_daily_cache(DAY)
    assert (cache["games_expected"], cache["games_loaded"]) == (9, 8)
    assert cache["insufficient_data_reason"] == "GAMES_NOT_LOADED,SHOTS_MISSING"
    assert (cache["days_rest"], cache["shot_zone_data_available"]) == (1, False)


# Injury reports and lines


def test_names_of_the_report():
    assert player_lookup(first_name_first("Porter Jr., Michael")) == "michaelporterjr"
    assert player_lookup("Luka Dončić") == "lukadoncic"
    assert player_lookup("De'Aaron Fox") == "deaaronfox"
    assert without_suffix(first_name_first("Porter Jr., Michael")) == "Michael Porter"
    assert last_name("Nikola Jokić II") == "jokic"


def test_injury_report_of_the_day_before():
    made = scorer_league([20] * 10)
    made.game(days_before(1), Night("BOS", players={1: {"points": 20}, 2: {"player_name": "Jo Two"}}), "NYK")
    made.report("BOS", "One, Star", "out")
    made.report("BOS", "Nobody, Known", "out")
    made.report("NYK", None, None)
    league = made.league()
    rows = league.upcoming_player_game_context(DAY)
    assert [row["player_status"] for row in rows] == ["out", "available"]
    assert [row["star_teammates_out"] for row in rows] == [0, 1]
    assert [row["injury_risk"] for row in league.ml_feature_store_v2(DAY)] == [3.0, 0.0]
    teams = league.upcoming_team_game_context(DAY)
    assert row_of(teams, team="BOS")["players_out"] == 2
    assert row_of(teams, team="NYK")["players_out"] is None


@pytest.mark.parametrize(
    ("name", "statuses", "stars_out"),
    [
        ("One Jr., Star", ["out", "available"], [0, 1]),  # without suffix
        ("One, Shooting", [None, "available"], [0, None]),  # resembles
        ("Three, Star", ["available", "available"], [0, 0]),  # resembles nobody
    ],
)
def test_a_name_on_the_report_that_nobody_was_listed_under(name, statuses, stars_out):
    made = scorer_league([20] * 10)
    made.game(days_before(1), Night("BOS", players={1: {"points": 20}, 2: {"player_name": "Jo Two"}}), "NYK")
    made.report("BOS", name, "out")
    rows = made.league().upcoming_player_game_context(DAY)
    assert [row["player_status"] for row in rows] == statuses
    assert [row["star_teammates_out"] for row in rows] == stars_out


def test_without_a_report_the_status_is_unknown():
    made = scorer_league([20] * 10)
    made.report("BOS", "One, Star", "out", day=days_before(1))
    (row,) = made.league().upcoming_player_game_context(DAY)
    assert (row["player_status"], row["star_teammates_out"]) == (None, None)


def test_spread_is_negative_for_the_favourite():
    made = scorer_league([20])
    game_id = made.schedule[-1]["game_id"]
    made.lines.append({"game_id": game_id, "game_date": pd.Timestamp(DAY), "home_spread": -4.5, "total": 220})
    rows = made.league().upcoming_team_game_context(DAY)
    assert [(row["team"], row["spread"], row["total"]) for row in rows] == [
        ("BOS", -4.5, 220),
        ("NYK", 4.5, 220),
    ]


# Time

PRE_GAME_TABLES = (
    "upcoming_team_game_context",
    "upcoming_player_game_context",
    "team_defense_zone_analysis",
    "player_shot_zone_analysis",
    "player_daily_cache",
    "player_composite_factors",
    "ml_feature_store_v2",
)


@pytest.mark.parametrize("table", PRE_GAME_TABLES)
def test_results_on_and_after_the_day_do_not_matter(table):
    def league(later_points: int) -> SlowLeague:
        made = scorer_league([20] * 7)
        made.schedule[-1]["status"] = "final"
        for number in (0, 1):
            night = Night("DEN", points=later_points, players={1: {"points": later_points}, 9: {}})
            made.game(DAY + dt.timedelta(days=number), night, "UTA")
        return made.league()

    assert getattr(league(1), table)(DAY) == getattr(league(150), table)(DAY)


def test_season_of_a_date():
    league = scorer_league([20]).league()
    assert league.facts.season_of(DAY) == "2021-22"
    assert league.facts.season_of(dt.date(2020, 6, 30)) == "2019-20"
    assert league.facts.season_of(dt.date(2020, 7, 1)) == "2020-21"


def test_rows_are_in_the_order_of_keys_and_every_row_has_its_season(fifteen_identical_games):
    rows = fifteen_identical_games.team_defense_zone_analysis(DAY)
    assert [row["team"] for row in rows] == ["BOS", "DEN", "NYK", "UTA"]
    assert {(row["season"], row["analysis_date"]) for row in rows} == {("2021-22", DAY)}
