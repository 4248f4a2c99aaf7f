"""Birth dates: from the rosters beside the lists, to ages and fatigue; without rosters nothing is otherwise."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import pytest

from nba_assets.schema.fingerprint import are_other_rows, partition_hashes
from nba_assets.schema.table import Inputs
from nba_assets.sources.base import ResultSet, conform
from nba_assets.tables import TABLES
from nba_assets_tests.faults.season_frames import real_frames
from nba_assets_tests.oracle.made_up_league import DAY, MadeUpLeague, scorer_league
from nba_assets_tests.tables.test_hand_checked import row_of

NIGHT, NEXT = date(2021, 11, 8), date(2021, 11, 9)
BOXES = TABLES["raw_player_boxscores"]


def boxes(born: dict[int, str | None] | None, *, reject: bool = False) -> pd.DataFrame:
    """raw_player_boxscores of two real nights, with a roster of these players or without any."""
    source: dict[str, Any] = {**real_frames()}
    if born is not None:
        told = {"TeamID": 1, "PLAYER": "x", "PLAYER_ID": [*born], "BIRTH_DATE": [*born.values()]}
        source[ResultSet.BIRTH_DATES] = conform(pd.DataFrame(told), ResultSet.BIRTH_DATES, origin="here")
    days = pd.DatetimeIndex([NIGHT, NEXT])
    schedule = TABLES["raw_schedule"].compute(Inputs(source=source), days)
    inputs = Inputs(on_date={"raw_schedule": schedule}, source=source, counting_types=frozenset({"002"}))
    assert BOXES.reject is not None
    return BOXES.reject(inputs, days) if reject else BOXES.shape(BOXES.compute(inputs, days))


@pytest.fixture(scope="module")
def without() -> pd.DataFrame:
    return boxes(None)


def test_without_rosters_rows_and_hashes_are_those_of_before(without: pd.DataFrame) -> None:
    assert without["birth_date"].isna().all()
    days = [NIGHT, NEXT]
    before = partition_hashes(without.drop(columns="birth_date"), BOXES.contract, days)
    assert partition_hashes(without, BOXES.contract, days) == before
    assert partition_hashes(boxes({}), BOXES.contract, days) == before


def test_they_count_on_the_dates_of_whom_they_are_known(without: pd.DataFrame) -> None:
    days = [NIGHT, NEXT]
    on_one = without.loc[without["player_id"].isin(set(without.loc[without["game_date"].eq(str(NIGHT)), "player_id"]))]
    who = next(int(one) for one in on_one["player_id"] if len(on_one[on_one["player_id"].eq(one)]) == 1)
    before, one = (partition_hashes(rows, BOXES.contract, days) for rows in (without, boxes({who: "1990-01-20"})))
    assert (one[NIGHT] != before[NIGHT], one[NEXT] == before[NEXT]) == (True, True)
    other = partition_hashes(boxes({who: "1990-01-21"}), BOXES.contract, days)
    assert are_other_rows(one[NIGHT], other[NIGHT])
    assert not are_other_rows(before[NIGHT], one[NIGHT]), "of other columns nothing can be said"


@pytest.mark.parametrize("told", ["1988-03-14", "1988-03-14T00:00:00", "MAR 14, 1988", "Mar 14, 1988", " 1988-03-14 "])
def test_spellings(told: str, without: pd.DataFrame) -> None:
    who = int(without["player_id"].iloc[0])
    rows = boxes({who: told, 999: "1990-01-01"})
    assert set(rows.loc[rows["player_id"].eq(who), "birth_date"]) == {pd.Timestamp("1988-03-14")}
    assert rows.loc[rows["player_id"].ne(who), "birth_date"].isna().all()


def test_what_nobody_can_read_is_null_and_named(without: pd.DataFrame) -> None:
    played = without[without["listing"].eq("played")]
    who, other = played["player_id"].iloc[:2].astype(int)
    rows, found = boxes({who: "soon", other: None}), boxes({who: "soon", other: None}, reject=True)
    assert rows["birth_date"].isna().all()
    found = found[found["details"].str.contains("birth date")]
    assert set(found["entity"]) == {str(who)}
    assert set(found["details"]) == {"birth date 'soon' not understood"}


@pytest.mark.parametrize("born", ["2031-05-05", "2015-01-01", "1800-01-01", "1961-01-01"])
def test_who_could_not_play_at_that_age_has_no_birth_date_and_is_named(born: str, without: pd.DataFrame) -> None:
    who = int(without.loc[without["listing"].eq("played"), "player_id"].iloc[0])
    assert boxes({who: born})["birth_date"].isna().all()
    found = boxes({who: born}, reject=True)
    found = found[found["details"].str.contains("birth date")]
    assert set(found["entity"]) == {str(who)}
    assert set(found["details"]) == {f"birth date '{born}' makes him too young to play, or too old"}


def born_on(born: str | None) -> MadeUpLeague:
    made = scorer_league([20] * 8)
    for row in made.players:
        row["birth_date"] = None if born is None else pd.Timestamp(born)
    return made


@pytest.mark.parametrize(("years", "less"), [(25, 0), (30, 5), (34, 5), (35, 10)])
def test_age_and_what_it_takes_from_fatigue(years: int, less: int) -> None:
    born, unknown = born_on(str(DAY.replace(year=DAY.year - years))), born_on(None)
    player = {"player_id": born.players[0]["player_id"]}
    assert row_of(born, "upcoming_player_game_context", **player)["player_age"] == years
    assert pd.isna(row_of(unknown, "upcoming_player_game_context", **player)["player_age"])
    scores = [row_of(made, "player_composite_factors", **player)["fatigue_score"] for made in (unknown, born)]
    assert scores[0] - scores[1] == less
