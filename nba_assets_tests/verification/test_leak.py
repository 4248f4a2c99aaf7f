"""Nothing of a date's own results, or of later ones, is in any pre-game row; and earlier results are."""

import dataclasses
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from nba_assets.league.windows import GameLog
from nba_assets.schema.fingerprint import partition_hashes
from nba_assets.schema.table import Inputs
from nba_assets.tables import TABLES
from nba_assets.verification.leak import deaf_tables, identical, leaking_tables, restated, scrambled
from nba_assets.verification.replay import PRE_GAME_TABLES, replay
from nba_assets_tests.oracle.random_leagues import Shape, examples, random_league, shapes
from nba_assets_tests.verification.real_seasons import raw_season, source

MID_SEASON = {"2021-22": date(2021, 12, 15), "2022-23": date(2023, 1, 20)}
BUSY = Shape(seed=11, teams=8, players=5, season_starts=36, absences=0.1, trades=0.05, reports=1.0, lines=1.0)
DAY = date(2022, 11, 15)


@pytest.fixture(scope="module")
def busy() -> dict[str, pd.DataFrame]:
    """The raw tables of a small league whose teams play every night."""
    return random_league(BUSY).frames()


@pytest.mark.parametrize("season", MID_SEASON)
def test_no_table_leaks_on_a_real_date(season: str):
    raw, day = raw_season(season), MID_SEASON[season]
    assert leaking_tables(raw, day, counting_types=source().counting_types) == []
    assert deaf_tables(raw, day, counting_types=source().counting_types) == []


@pytest.mark.long
@examples(6)
@given(shapes())
def test_no_table_leaks_in_random_leagues(shape: Shape):
    league = random_league(shape)
    assert leaking_tables(league.frames(), league.days[len(league.days) // 2], seed=shape.seed) == []


@pytest.mark.parametrize("name", PRE_GAME_TABLES)
def test_earlier_results_are_heard(busy, name: str):
    assert deaf_tables(busy, DAY, tables=[name]) == []


def test_the_garbage_is_garbage(busy):
    """The same rows come out of the range for D, other ones for every day after it: the content hashes say so."""
    days = [DAY, date(2022, 11, 17)]
    garbage = scrambled(busy, DAY, seed=1)
    before, after = replay(busy, days), replay(garbage, days)
    for name in PRE_GAME_TABLES:
        contract = TABLES[name].contract
        hashes = [partition_hashes(tables[name], contract, days) for tables in (before, after)]
        assert hashes[0][days[0]] == hashes[1][days[0]], name
        assert hashes[0][days[1]] != hashes[1][days[1]], name


def test_the_garbage_leaves_alone_what_is_known(busy):
    garbage = scrambled(busy, DAY, seed=1)
    for name, rows in busy.items():
        earlier = rows[TABLES[name].partition].to_numpy() < np.datetime64(DAY)
        assert identical(rows[earlier], garbage[name].iloc[: earlier.sum()], TABLES[name])
    assert len(garbage["raw_schedule"]) == len(busy["raw_schedule"])
    assert len(garbage["raw_shots"]) < len(busy["raw_shots"])


def test_a_restatement_is_of_the_days_before_only(busy):
    news = restated(busy, DAY)
    for name in ("raw_team_boxscores", "raw_player_boxscores", "raw_shots"):
        other = (news[name] != busy[name]) & ~(news[name].isna() & busy[name].isna())
        days = busy[name]["game_date"][other.any(axis=1).to_numpy()]
        assert set(days.dt.date) == {date(2022, 11, 12), date(2022, 11, 13), date(2022, 11, 14)}


def a_day_too_late(inputs: Inputs, dates: pd.DatetimeIndex) -> pd.DataFrame:
    """player_shot_zone_analysis with ≤ D for < D."""
    rows = TABLES["player_shot_zone_analysis"].compute(inputs, dates + pd.Timedelta(days=1))
    return rows.assign(analysis_date=rows["analysis_date"] - pd.Timedelta(days=1))


def test_a_leaky_table_is_found_with_everything_that_reads_it(busy):
    leaky = dataclasses.replace(TABLES["player_shot_zone_analysis"], compute=a_day_too_late)
    found = leaking_tables(busy, DAY, graph={**TABLES, leaky.name: leaky})
    assert found == [
        "player_shot_zone_analysis",
        "player_daily_cache",
        "player_composite_factors",
        "ml_feature_store_v2",
    ]


def test_a_leaky_window_engine_is_found_in_every_table(busy, monkeypatch):
    before = GameLog.before

    def up_to_and_including(self, entities, seasons, dates):
        return before(self, entities, seasons, np.asarray(dates, dtype="datetime64[D]") + 1)

    monkeypatch.setattr(GameLog, "before", up_to_and_including)
    assert leaking_tables(busy, DAY) == list(PRE_GAME_TABLES)
