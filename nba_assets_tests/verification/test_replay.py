"""A range equals its single dates, in any order; the order of rows, threads and repetition change no bit."""

import os
import random
import subprocess
import sys
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from nba_assets.schema.fingerprint import partition_hashes
from nba_assets.sources.simulated import SimulatedSource
from nba_assets.tables import TABLES
from nba_assets.verification.leak import deaf_tables, identical, leaking_tables
from nba_assets.verification.replay import POST_GAME_TABLES, PRE_GAME_TABLES, RAW_TABLES, raw_tables, replay
from nba_assets_tests.oracle.random_leagues import Shape, random_league
from nba_assets_tests.verification.real_seasons import READ_AT, raw_season, replayed_season, source

SMALL = Shape(seed=5, teams=6, players=5, season_starts=30, absences=0.1, trades=0.05, reports=1.0, lines=1.0)
THIRTY_DATES = [date(2021, 12, 1) + timedelta(days=k) for k in range(30)]


@pytest.fixture(scope="module")
def small() -> dict[str, pd.DataFrame]:
    return random_league(SMALL).frames()


@pytest.fixture(scope="module")
def hashes_of_range() -> dict[str, dict[date, str]]:
    return content_hashes(replay(raw_season("2021-22"), THIRTY_DATES, counting_types=source().counting_types))


def content_hashes(tables: dict[str, pd.DataFrame], dates: list[date] = THIRTY_DATES) -> dict[str, dict[date, str]]:
    return {name: partition_hashes(rows, TABLES[name].contract, dates) for name, rows in tables.items()}


def test_thirty_real_dates_one_by_one_equal_one_range(hashes_of_range):
    """In a random order, each from what would then be stored: its raw rows, and post-game tables of the season."""
    raw, counting = raw_season("2021-22"), source().counting_types
    stored = {**raw, **{name: replayed_season("2021-22")[name] for name in POST_GAME_TABLES}}
    for day in random.Random(8).sample(THIRTY_DATES, 30):
        of_day = {name: rows[rows[TABLES[name].partition] == pd.Timestamp(day)] for name, rows in raw.items()}
        after = replay(of_day, [day], tables=POST_GAME_TABLES, counting_types=counting)
        before = replay(stored, [day], counting_types=counting)
        alone = content_hashes({**after, **before}, [day])
        assert {name: by_day[day] for name, by_day in alone.items()} == {
            name: by_day[day] for name, by_day in hashes_of_range.items()
        }, day


def test_the_whole_season_as_one_range_equals_its_months(hashes_of_range):
    season = content_hashes(replayed_season("2021-22"))
    with_games = [day for day in THIRTY_DATES if not season["upcoming_team_game_context"][day].endswith("empty")]
    assert len(with_games) == 29
    for name, by_day in hashes_of_range.items():
        assert [by_day[day] for day in with_games] == [season[name][day] for day in with_games], name


def test_the_order_of_input_rows_and_repetition_change_nothing(small):
    days = sorted(small["raw_team_boxscores"]["game_date"].unique())[-12:]
    first, again = replay(small, days), replay(small, days)
    shuffled = {name: rows.sample(frac=1, random_state=3).reset_index(drop=True) for name, rows in small.items()}
    other_order = replay(shuffled, days)
    for name, rows in first.items():
        assert identical(rows, again[name], TABLES[name]), name
        assert identical(rows, other_order[name], TABLES[name]), name


def test_the_order_of_a_source_changes_nothing_real():
    """The real raw tables shuffled, as a warehouse without an order might hand them out."""
    raw = raw_season("2023-24")
    shuffled = {name: rows.sample(frac=1, random_state=9) for name, rows in raw.items()}
    days = [date(2024, 2, 9), date(2024, 2, 10)]
    counting = source().counting_types
    one, other = (replay(frames, days, counting_types=counting) for frames in (raw, shuffled))
    for name, rows in one.items():
        assert len(rows) > 0
        assert identical(rows, other[name], TABLES[name]), name


_PRINT_HASHES = """
from nba_assets_tests.verification.test_replay import SMALL, content_hashes
from nba_assets_tests.oracle.random_leagues import random_league
from nba_assets.verification.replay import replay
league = random_league(SMALL)
print(sorted(content_hashes(replay(league.frames(), league.days), league.days).items()))
"""


def test_threads_and_hash_seeds_change_nothing():
    """The same content hashes from processes with one and four threads and different hash seeds."""
    outputs = set()
    for threads, seed in (("1", "0"), ("4", "123")):
        variables = {"OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads, "PYTHONHASHSEED": seed}
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", _PRINT_HASHES],
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            check=True,
        )
        outputs.add(done.stdout)
    assert len(outputs) == 1
    assert "ml_feature_store_v2" in outputs.pop()


def test_only_the_wanted_tables_and_what_they_read_are_computed(small):
    day = [date(2022, 11, 10)]
    few = replay(small, day, tables=["team_defense_zone_analysis"])
    assert set(few) == {*POST_GAME_TABLES} - {"player_game_summary"} | {"team_defense_zone_analysis"}
    everything = replay(small, day)
    assert set(everything) == {*POST_GAME_TABLES, *PRE_GAME_TABLES}
    name = "team_defense_zone_analysis"
    assert identical(few[name], everything[name], TABLES[name])


def test_no_dates_give_no_rows(small):
    assert {name: len(rows) for name, rows in replay(small, []).items()} == dict.fromkeys(
        (*POST_GAME_TABLES, *PRE_GAME_TABLES), 0
    )


@pytest.fixture(scope="module")
def simulated() -> dict[str, pd.DataFrame]:
    return raw_tables(SimulatedSource(today=date(2022, 2, 20)), ["2021-22"], read_at=READ_AT)


def test_raw_tables_keep_their_contracts(simulated):
    assert set(simulated) == set(RAW_TABLES)
    for name, rows in simulated.items():
        assert len(rows) > 0, name
        TABLES[name].contract.validate(rows)


def test_no_table_leaks_in_the_simulated_league(simulated):
    assert leaking_tables(simulated, date(2022, 1, 27)) == []
    assert deaf_tables(simulated, date(2022, 1, 27)) == []


def test_every_table_of_a_simulated_and_a_real_season_keeps_its_contract(simulated):
    days = sorted(simulated["raw_team_boxscores"]["game_date"].unique())
    for tables in (replay(simulated, days), replayed_season("2021-22")):
        for name, rows in tables.items():
            assert len(rows) > 0
            TABLES[name].contract.validate(rows)
            assert not np.any(rows.duplicated(TABLES[name].keys)), name
