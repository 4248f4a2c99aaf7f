"""Ids and clocks in all the spellings that sources have had."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nba_assets.league.clocks import ClockError, clock_seconds, clock_text
from nba_assets.league.game_ids import is_game_id, normal_game_ids


@pytest.mark.parametrize("clock", ["28:10", " 28:10 ", "28.000000:10", "PT28M10.00S", "PT28M10S", 28 + 10 / 60])
def test_a_clock_in_every_spelling(clock: object):
    assert clock_seconds(clock) == 28 * 60 + 10
    assert clock_text(clock) == "28:10"


@pytest.mark.parametrize("clock", [None, "", " ", np.nan, pd.NA])
def test_who_did_not_play_has_no_clock(clock: object):
    assert clock_seconds(clock) is None


@pytest.mark.parametrize("clock", ["0:00", "PT00M00.00S", 0, 0.0])
def test_nothing_on_the_floor(clock: object):
    assert clock_seconds(clock) == 0


@pytest.mark.parametrize("clock", ["28", "28.17", "28:75", "PT40M", "34:12.5", "12 min", "-1:00", -3, np.inf, True])
def test_what_is_no_clock_is_shown(clock: object):
    with pytest.raises(ClockError, match="no time on the floor"):
        clock_seconds(clock)


@given(st.integers(0, 5999))
def test_every_spelling_of_any_time_is_the_same(seconds: int):
    minutes, rest = divmod(seconds, 60)
    spellings = [
        f"{minutes}:{rest:02d}",
        f"{minutes}.000000:{rest:02d}",
        f"PT{minutes:02d}M{rest:02d}.00S",
        seconds / 60,
    ]
    assert [clock_seconds(clock) for clock in spellings] == [seconds] * 4


@pytest.mark.parametrize("given_id", ["22100001", 22100001, 22100001.0, np.int64(22100001), "0022100001", "022100001"])
def test_an_id_gets_its_zeros_back(given_id: object):
    assert normal_game_ids(pd.Series([given_id, None], dtype=object), "2021-22").tolist() == ["0022100001", None]


@pytest.mark.parametrize(
    "given_id", ["22200001", "72100001", "99", "0072100001", "00221000011", "postponed-1277da5d", 22100001.5, -1, "A"]
)
def test_what_is_no_id_of_the_season_stays(given_id: object):
    (same,) = normal_game_ids(pd.Series([given_id], dtype=object), "2021-22")
    assert same == given_id
    assert not is_game_id(same)
