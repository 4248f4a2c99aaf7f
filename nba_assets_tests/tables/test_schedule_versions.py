"""A schedule that lists a game more than once, and how far a schedule reaches."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from nba_assets.schema.table import Inputs
from nba_assets.sources.base import ResultSet, SourceError
from nba_assets.tables.raw_schedule import RAW_SCHEDULE, reach, whole_schedule
from nba_assets_tests.engine.warehouses import files

GAME = "0022100136"
NIGHT, NEXT = "2021-11-06", "2021-11-07"


@pytest.fixture(scope="module")
def listed() -> pd.DataFrame:
    frame = files().read(ResultSet.SCHEDULE, "2021-22")
    assert frame is not None
    return frame


def _again(listed: pd.DataFrame, **changes: object) -> pd.DataFrame:
    """The schedule with a second entry of the game."""
    entry = listed[listed["gameId"] == GAME].assign(**changes)
    return pd.concat([listed, entry.astype(listed.dtypes)], ignore_index=True)


def _whole(listed: pd.DataFrame) -> pd.DataFrame:
    return whole_schedule({ResultSet.SCHEDULE: listed})


ON_THE_NEXT = {"gameDateEst": NEXT, "gameDateTimeUTC": "2021-11-08T00:30:00Z"}
NOT_PLAYED = {"gameStatus": 1, "homeTeam_score": pd.NA, "awayTeam_score": pd.NA}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        NOT_PLAYED,
        {"gameStatus": 2},
        {"homeTeam_score": pd.NA, "awayTeam_score": pd.NA},
        {"postponedStatus": "Y"},
        ON_THE_NEXT | NOT_PLAYED,
        {"arenaName": "elsewhere"},
    ],
    ids=["the same", "scheduled", "in progress", "no score", "postponed", "scheduled on another date", "arena"],
)
def test_the_farther_entry_of_a_game_stays(listed: pd.DataFrame, changes: dict[str, object]) -> None:
    rows = _whole(_again(listed, **changes))
    [entry] = rows[rows["game_id"] == GAME].itertuples()
    assert (entry.status, str(entry.game_date.date()), entry.home_score) == ("final", NIGHT, 107)
    assert len(rows) == len(_whole(listed))


def test_the_date_that_a_game_was_postponed_from_keeps_its_entry(listed: pd.DataFrame) -> None:
    rows = _whole(_again(listed, postponedStatus="Y", **ON_THE_NEXT | NOT_PLAYED))
    of_game = rows[rows["game_id"] == GAME].sort_values("game_date")
    assert of_game["status"].tolist() == ["final", "postponed"]


@pytest.mark.parametrize(
    "changes",
    [
        ON_THE_NEXT,
        {"gameDateTimeUTC": "2021-11-07T02:00:00Z"},
        {"homeTeam_score": 90},
        {"homeTeam_teamTricode": "LAL"},
    ],
    ids=["date", "tip-off", "score", "teams"],
)
def test_two_entries_that_are_equally_far_are_refused_by_name(listed: pd.DataFrame, changes: dict[str, object]) -> None:
    inputs = Inputs(source={ResultSet.SCHEDULE: _again(listed, **changes)})
    with pytest.raises(SourceError, match=f"game {GAME} is listed 2 times, as final BOS@DAL .* on 2021-11-06 and"):
        RAW_SCHEDULE.compute(inputs, pd.DatetimeIndex([NIGHT]))
    others = RAW_SCHEDULE.compute(inputs, pd.DatetimeIndex(["2021-11-05"]))
    assert len(others) == 9


def test_a_schedule_reaches_to_its_last_entry_and_a_finished_season_to_its_end(listed: pd.DataFrame) -> None:
    whole = _whole(listed)
    assert reach(whole, "2021-22") == date(2022, 6, 30)
    assert reach(whole[whole["game_date"] <= NIGHT], "2021-22") == date(2021, 11, 6)
    one_game_short = whole[whole["game_id"] != "0022101230"]
    assert reach(one_game_short, "2021-22") == date(2022, 6, 16)
    assert reach(whole, "2020-21") is None
