"""The real season 2021-22 up to mid-March: its boundary, its shots that end in January, overtime, clocks, lines."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from nba_assets.overview.matrix import Matrix, matrix
from nba_assets.partition import Status
from nba_assets.session import Session
from nba_assets.sources.base import ResultSet
from nba_assets.tables import TABLES
from nba_assets_tests.engine.warehouses import OPENING_NIGHT, PRE_GAME, cells, files, healthy, session, stored

LAST = date(2022, 3, 14)
SHOTS_END = date(2022, 1, 6)
FROM_SHOTS = ("raw_shots", "player_game_summary", "team_offense_game_summary", "team_defense_game_summary")


@pytest.fixture(scope="module")
def season() -> Session:
    return session(healthy(LAST))


@pytest.fixture(scope="module")
def coverage(season: Session) -> Matrix:
    return matrix(season, OPENING_NIGHT, LAST)


def _statuses(coverage: Matrix, day: date) -> dict[str, Status]:
    [row] = [row for row in coverage.rows if row.day == day]
    return {name: cell.status for name, cell in row.cells.items()}


def test_14_the_first_fourteen_days_are_bootstrap_and_windows_start_empty(season: Session, coverage: Matrix) -> None:
    bootstrap = [row.day for row in coverage.rows if row.status == "Bootstrap"]
    assert bootstrap == [OPENING_NIGHT + timedelta(days=n) for n in range(14)]
    assert {stored(season, name, OPENING_NIGHT).shape[0] for name in PRE_GAME} == {0}
    first = stored(season, "upcoming_team_game_context", date(2021, 11, 2))
    assert (first["game_number"] - 1).equals(first["wins"] + first["losses"])
    assert first["game_number"].between(6, 9).all()


def test_14_days_without_games_are_no_games(coverage: Matrix) -> None:
    quiet = {row.day for row in coverage.rows if row.status == "No games"}
    all_star = {date(2022, 2, day) for day in range(18, 24)}
    assert quiet == {date(2021, 11, 25), date(2021, 12, 24)} | all_star
    weekend = _statuses(coverage, date(2022, 2, 20))
    assert weekend["raw_schedule"] == Status.NO_GAMES
    assert {weekend[name] for name in PRE_GAME} == {Status.NO_GAMES}


def test_14_the_all_star_game_stays_in_the_schedule_and_says_why_it_does_not_count(season: Session) -> None:
    assert set(stored(season, "raw_schedule", date(2022, 2, 20))["game_type"]) == {"003"}
    assert cells(season, date(2022, 2, 20))["raw_schedule"].reason == "no counting game: only games of type 003"


def test_25_the_shots_end_in_january_and_the_games_are_named(season: Session, coverage: Matrix) -> None:
    degraded = [row.day for row in coverage.rows if row.cells["raw_shots"].status == Status.DEGRADED]
    game_dates = [row.day for row in coverage.rows if row.games and row.day >= SHOTS_END]
    assert degraded == game_dates
    first = cells(season, SHOTS_END)["raw_shots"]
    assert first.label == "SHOTS 3/4"
    assert first.reason == (
        "3/4 complete, 4 required; 0022100581 LAC@PHX: "
        "LAC 64 shots (24 made), the box score 86 (31), PHX 78 shots (32 made), the box score 107 (44)"
    )
    assert stored(season, "raw_shots", SHOTS_END)["game_id"].nunique() == 4, "what is there is published"
    schedule = stored(season, "raw_schedule", date(2022, 1, 7))
    reason = cells(season, date(2022, 1, 7))["raw_shots"].reason or ""
    assert reason.startswith("0/9 complete, 9 required; no shots: ")
    assert all(game in reason for game in schedule["game_id"])


def test_25_whatever_needs_no_shots_is_there_and_nothing_is_blocked(coverage: Matrix) -> None:
    assert set(coverage.counts()) == {Status.OK, Status.DEGRADED, Status.BOOTSTRAP, Status.NO_GAMES}
    for row in coverage.rows:
        assert row.is_fine
        assert row.cells["raw_player_boxscores"].status in (Status.OK, Status.NO_GAMES)
        assert row.cells["upcoming_team_game_context"].status != Status.DEGRADED
    before = {row.cells[name].status for row in coverage.rows for name in TABLES if row.day < SHOTS_END}
    assert Status.DEGRADED not in before


def test_25_windows_that_reach_such_games_have_no_zones_and_everything_else(season: Session) -> None:
    day = date(2022, 3, 1)
    states = cells(season, day)
    zoned = ("team_defense_zone_analysis", "player_shot_zone_analysis", "player_daily_cache", "ml_feature_store_v2")
    assert {states[name].status for name in zoned} == {Status.DEGRADED}
    defense = stored(season, "team_defense_zone_analysis", day)
    assert defense["paint_pct_allowed_last_15"].isna().all()
    assert defense["defensive_rating_last_15"].notna().all()
    features = stored(season, "ml_feature_store_v2", day)
    assert features[["pct_paint", "pct_mid_range", "pct_three", "shot_zone_mismatch_score"]].isna().mean().min() > 0.9
    assert features["points_avg_last_10"].notna().mean() > 0.9
    assert features["is_production_ready"].mean() > 0.8, "shots are not critical to the features"
    cache = stored(season, "player_daily_cache", day)
    assert not cache.loc[~cache["shot_zone_data_available"], "is_production_ready"].any()
    published = states["player_daily_cache"].published
    assert published is not None
    assert published.production_ready_share == pytest.approx(cache["is_production_ready"].mean())


def test_16_a_game_of_no_minute_and_no_point_counts_and_a_dnp_does_not(season: Session) -> None:
    """Miles McBride (1630540), November 2021: listed far more often than he played, twice for no whole minute."""
    day = date(2021, 12, 1)
    logged = files().read(ResultSet.PLAYER_LOG, "2021-22")
    assert logged is not None
    his = logged[logged["PLAYER_ID"].eq(1630540) & logged["GAME_DATE"].lt(str(day))]
    assert his["MIN"].eq(0).sum() >= 2
    assert his["PTS"].eq(0).sum() >= 2
    listings = season.warehouse.read(TABLES["raw_player_boxscores"], start=OPENING_NIGHT, end=day - timedelta(days=1))
    listed = listings[listings["player_id"].eq(1630540)]["listing"].value_counts()
    assert listed["played"] == len(his)
    assert listed["dnp"] > 0
    zones = stored(season, "player_shot_zone_analysis", day).set_index("player_id")
    assert zones.loc[1630540, "games_in_sample_10"] == min(10, len(his))
    context = stored(season, "upcoming_player_game_context", date(2021, 11, 30)).set_index("player_id")
    before = his[his["GAME_DATE"].lt("2021-11-30")]
    assert context.loc[1630540, "games_played_season"] == len(before)
    cache = stored(season, "player_daily_cache", date(2021, 11, 30)).set_index("player_id")
    assert cache.loc[1630540, "points_avg_season"] == pytest.approx(before["PTS"].mean())


def test_17_game_dates_are_eastern_also_on_the_nights_when_the_clocks_change(season: Session) -> None:
    for night, next_utc_day in ((date(2021, 11, 7), 3), (date(2022, 3, 13), None)):
        schedule = stored(season, "raw_schedule", night)
        eastern = schedule["tipoff_utc"].dt.tz_convert("America/New_York")
        assert (eastern.dt.date == night).all()
        if next_utc_day is not None:
            assert (schedule["tipoff_utc"].dt.date > night).sum() == next_utc_day
    assert len(stored(season, "raw_schedule", date(2021, 11, 7))) == 8


@pytest.mark.parametrize(
    ("day", "game", "periods"),
    [
        (date(2021, 10, 22), "0022100019", 1),
        (date(2021, 11, 27), "0022100292", 2),
        (date(2021, 11, 26), "0022100291", 3),
    ],
)
def test_18_overtime_is_known_and_pace_is_per_48_minutes(season: Session, day: date, game: str, periods: int) -> None:
    box = stored(season, "raw_team_boxscores", day)
    box = box[box["game_id"] == game]
    assert set(box["overtime_periods"]) == {periods}
    minutes = 240 + 25 * periods
    assert set(box["seconds_played"]) == {60 * minutes}
    offense = stored(season, "team_offense_game_summary", day)
    offense = offense[offense["game_id"] == game]
    assert offense["pace"].to_numpy() == pytest.approx((48 * 5 * offense["possessions"] / minutes).to_numpy())
    assert offense["pace"].between(85, 112).all()
    players = stored(season, "player_game_summary", day)
    players = players[players["game_id"] == game]
    shares = players["usage"] * players["seconds_played"] / (60 * minutes / 5)
    assert shares.groupby(players["team"]).sum().to_numpy() == pytest.approx([100.0, 100.0])
    assert players["seconds_played"].groupby(players["team"]).sum().sub(60 * minutes).abs().max() <= 0.01 * 60 * minutes


def test_26_impossible_lines_are_left_out_and_named(season: Session) -> None:
    dirty = {
        "0022100042": (date(2021, 10, 25), "total 3"),
        "0022100156": (date(2021, 11, 9), "total 22"),
    }
    for game, (day, what) in dirty.items():
        failures = season.warehouse.failures("raw_game_lines", day).set_index("entity")
        assert what in failures.loc[game, "details"]
        assert game not in set(stored(season, "raw_game_lines", day)["game_id"])
    totals = season.warehouse.read(TABLES["raw_game_lines"])["total"]
    assert totals.between(150, 300).all()
