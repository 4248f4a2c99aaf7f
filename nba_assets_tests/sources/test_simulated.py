"""The simulated source: any season, the same every time, and nothing before its day."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from nba_assets.league.calendar import COUNTING_TYPES, OPENING_NIGHTS, season_of
from nba_assets.league.teams import CODES
from nba_assets.sources.base import COLUMNS, OF_NO_DATE, ResultSet
from nba_assets.sources.simulated import SimulatedSource

LATER = date(2100, 1, 1)
MIDWINTER = date(2022, 1, 15)
PUBLISHED = [one for one in ResultSet if one not in OF_NO_DATE]


@pytest.fixture(scope="module")
def source() -> SimulatedSource:
    return SimulatedSource(today=LATER)


def _read(source: SimulatedSource, result_set: ResultSet, season: str = "2021-22") -> pd.DataFrame:
    frame = source.read(result_set, season)
    assert frame is not None
    return frame


def _fingerprint(source: SimulatedSource, season: str) -> str:
    digest = hashlib.sha256()
    for result_set in PUBLISHED:
        digest.update(pd.util.hash_pandas_object(_read(source, result_set, season), index=False).to_numpy().tobytes())
    return digest.hexdigest()


@pytest.mark.parametrize("season", ["1989-90", "2015-16", "2020-21", "2021-22", "2024-25", "2037-38"])
def test_any_season_can_be_the_first_one_asked_for(season: str) -> None:
    source = SimulatedSource(today=LATER)
    schedule = _read(source, ResultSet.SCHEDULE, season)
    regular = schedule[schedule["gameId"].str.startswith("002")]
    assert len(regular) == regular["gameId"].nunique() == 1230
    sides = pd.concat([regular["homeTeam_teamTricode"], regular["awayTeam_teamTricode"]])
    assert dict(sides.value_counts()) == dict.fromkeys(CODES, 82)
    assert {season_of(date.fromisoformat(day)) for day in schedule["gameDateEst"]} == {season}
    opening = date.fromisoformat(regular["gameDateEst"].min())
    assert opening == OPENING_NIGHTS.get(season, opening)
    counting = schedule[schedule["gameId"].str[:3].isin(COUNTING_TYPES)]
    assert set(_read(source, ResultSet.TEAM_LOG, season)["GAME_ID"]) == set(counting["gameId"])
    assert set(_read(source, ResultSet.SHOTS, season)["GAME_ID"]) == set(counting["gameId"])


def test_the_cup_final_is_played_from_2023_on_and_is_in_no_log(source: SimulatedSource) -> None:
    finals = {}
    for season in ("2021-22", "2023-24"):
        schedule = _read(source, ResultSet.SCHEDULE, season)
        finals[season] = schedule[schedule["gameId"].str.startswith("006")]
    assert finals["2021-22"].empty
    final = finals["2023-24"].iloc[0]
    assert len(finals["2023-24"]) == 1
    assert "2023-12-05" < final["gameDateEst"] < "2023-12-20"
    assert {final["homeTeam_teamTricode"], final["awayTeam_teamTricode"]} <= set(CODES)
    for result_set in (ResultSet.TEAM_LOG, ResultSet.PLAYER_LOG, ResultSet.INACTIVES, ResultSet.SHOTS):
        assert final["gameId"] not in set(_read(source, result_set, "2023-24")["GAME_ID"]), result_set


def test_the_cup_final_has_a_box_score_if_it_is_wanted(source: SimulatedSource) -> None:
    without = _read(SimulatedSource(today=LATER, cup_final_box_score=False), ResultSet.BOX_SCORES, "2023-24")
    whole = _read(source, ResultSet.BOX_SCORES, "2023-24")
    is_final = whole["gameId"].str.startswith("006")
    pd.testing.assert_frame_equal(whole[~is_final], without)
    final = whole[is_final]
    schedule = _read(source, ResultSet.SCHEDULE, "2023-24").set_index("gameId")
    played_on = schedule.loc[final["gameId"].iloc[0]]
    assert set(final["teamTricode"]) == {played_on["homeTeam_teamTricode"], played_on["awayTeam_teamTricode"]}
    clocks = final["minutes"][final["minutes"].ne("")].str.split(":", expand=True).astype(int)
    assert (60 * clocks[0] + clocks[1]).sum() == 2 * 5 * 2880
    assert final["starter"].sum() == 10
    day = date.fromisoformat(played_on["gameDateEst"][:10])
    for today, is_known in ((day, False), (day + timedelta(days=1), True)):
        shown = _read(SimulatedSource(today=today), ResultSet.BOX_SCORES, "2023-24")
        assert shown["gameId"].str.startswith("006").any() == is_known


def test_a_malformed_season_is_an_error_and_one_before_the_league_is_absent(source: SimulatedSource) -> None:
    with pytest.raises(ValueError, match="write it like 2021-22"):
        source.read(ResultSet.SCHEDULE, "2021-23")
    assert source.read(ResultSet.SCHEDULE, "1945-46") is None


@pytest.mark.parametrize("result_set", PUBLISHED)
def test_frames_have_the_declared_columns(source: SimulatedSource, result_set: ResultSet) -> None:
    assert list(_read(source, result_set).columns) == list(COLUMNS[result_set])


def test_the_same_seed_gives_the_same_bits_in_another_process(source: SimulatedSource) -> None:
    program = (
        "from datetime import date; from nba_assets.sources.simulated import SimulatedSource; "
        "from nba_assets_tests.sources.test_simulated import _fingerprint; "
        "print(_fingerprint(SimulatedSource(today=date(2100, 1, 1)), '2021-22'))"
    )
    environment = os.environ | {"PYTHONHASHSEED": "7", "OMP_NUM_THREADS": "1"}
    other = subprocess.run(
        [sys.executable, "-c", program], env=environment, check=True, capture_output=True, text=True
    ).stdout.strip()
    assert other == _fingerprint(source, "2021-22")


def test_another_seed_is_another_league(source: SimulatedSource) -> None:
    other = SimulatedSource(source.seed + 1, today=LATER)
    for result_set in PUBLISHED:
        assert not _read(source, result_set).equals(_read(other, result_set)), result_set


def test_seasons_do_not_depend_on_each_other_nor_on_what_is_kept(source: SimulatedSource) -> None:
    first = _read(source, ResultSet.PLAYER_LOG, "2012-13")
    for year in range(2008, 2012):
        assert len(_read(source, ResultSet.TEAM_LOG, f"{year}-{(year + 1) % 100:02d}")) > 2460
    pd.testing.assert_frame_equal(_read(source, ResultSet.PLAYER_LOG, "2012-13"), first)


def test_careers_span_seasons(source: SimulatedSource) -> None:
    one, two = (_read(source, ResultSet.PLAYER_LOG, season)["PLAYER_ID"].unique() for season in ("2021-22", "2022-23"))
    stayed = np.isin(two, one).mean()
    assert 0.8 < stayed < 1


# In the middle of a season


@pytest.fixture(scope="module")
def midwinter() -> SimulatedSource:
    return SimulatedSource(today=MIDWINTER)


@pytest.mark.parametrize(
    ("result_set", "column"),
    [
        (ResultSet.TEAM_LOG, "GAME_DATE"),
        (ResultSet.PLAYER_LOG, "GAME_DATE"),
        (ResultSet.SHOTS, "GAME_DATE"),
        (ResultSet.INJURY_REPORTS, "reportDate"),
    ],
)
def test_what_has_happened_is_what_the_whole_season_says(
    source: SimulatedSource, midwinter: SimulatedSource, result_set: ResultSet, column: str
) -> None:
    whole = _read(source, result_set)
    past = whole[pd.to_datetime(whole[column]) < pd.Timestamp(MIDWINTER)]
    assert 0 < len(past) < len(whole)
    pd.testing.assert_frame_equal(_read(midwinter, result_set), past.reset_index(drop=True))


@pytest.mark.parametrize(("result_set", "column"), [(ResultSet.BOX_SCORES, "gameId"), (ResultSet.INACTIVES, "GAME_ID")])
def test_nobody_is_listed_for_a_game_to_come(midwinter: SimulatedSource, result_set: ResultSet, column: str) -> None:
    played = set(_read(midwinter, ResultSet.TEAM_LOG)["GAME_ID"])
    assert set(_read(midwinter, result_set)[column]) <= played


def test_lines_are_published_on_the_day_of_the_game(midwinter: SimulatedSource) -> None:
    assert _read(midwinter, ResultSet.GAME_LINES)["gameDateEst"].max() == MIDWINTER.isoformat()


def test_games_to_come_are_scheduled_without_a_score(midwinter: SimulatedSource) -> None:
    schedule = _read(midwinter, ResultSet.SCHEDULE)
    on = schedule[schedule["postponedStatus"].eq("N") & schedule["gameId"].str.startswith("002")]
    past = on["gameDateEst"] < MIDWINTER.isoformat()
    assert (on["gameStatus"].eq(3) == past).all()
    assert (on["homeTeam_score"].notna() == past).all()
    assert (on["awayTeam_score"].notna() == past).all()
    assert len(on) == 1230
    assert set(on.loc[past, "gameId"]) == set(_read(midwinter, ResultSet.TEAM_LOG)["GAME_ID"])


class _Calendar:
    """A today that can be turned."""

    day = LATER

    def __call__(self) -> date:
        return self.day


@pytest.fixture(scope="module")
def calendar() -> _Calendar:
    return _Calendar()


@pytest.fixture(scope="module")
def travelling(calendar: _Calendar) -> SimulatedSource:
    """A source that is asked on the calendar's day."""
    return SimulatedSource(today=calendar)


def test_the_postseason_appears_as_its_pairings_are_settled(calendar: _Calendar, travelling: SimulatedSource) -> None:
    def known(day: str, prefix: str) -> pd.DataFrame:
        calendar.day = date.fromisoformat(day)
        schedule = _read(travelling, ResultSet.SCHEDULE)
        return schedule[schedule["gameId"].str.startswith(prefix)]

    assert known("2022-04-10", "004").empty
    assert known("2022-04-10", "005").empty
    assert len(known("2022-04-11", "005")) == 4
    assert len(known("2022-04-14", "005")) == 6
    assert set(known("2022-04-11", "004")["gameId"].str[7]) == {"1"}
    played = set(known("2022-07-01", "004")["gameId"])
    for day in ("2022-04-20", "2022-04-26", "2022-05-05", "2022-05-20", "2022-06-08"):
        on_day = known(day, "004")
        assert set(on_day["gameId"]) <= played
        assert on_day.loc[on_day["gameStatus"].eq(1), "gameDateEst"].min() >= day
        assert on_day.loc[on_day["gameStatus"].eq(3), "gameDateEst"].max() < day


def test_a_game_is_on_its_first_date_until_it_is_postponed(calendar: _Calendar, travelling: SimulatedSource) -> None:
    def shown(today: date) -> pd.DataFrame:
        calendar.day = today
        return _read(travelling, ResultSet.SCHEDULE)

    whole = shown(LATER)
    for entry in whole[whole["postponedStatus"].eq("Y")].itertuples():
        day = date.fromisoformat(entry.gameDateEst)
        versions = shown(day - timedelta(days=1)), shown(day)
        assert all(version["gameId"].is_unique for version in versions)
        eve, night = (
            version[version["gameDateEst"].eq(entry.gameDateEst)].set_index("homeTeam_teamTricode")
            for version in versions
        )
        assert eve.loc[entry.homeTeam_teamTricode, "postponedStatus"] == "N"
        assert night.loc[entry.homeTeam_teamTricode, "postponedStatus"] == "Y"
        game = whole[whole["gameId"].eq(eve.loc[entry.homeTeam_teamTricode, "gameId"])]
        assert len(game) == 1
        assert game["gameDateEst"].iloc[0] > entry.gameDateEst


def test_today_may_be_a_clock(calendar: _Calendar, travelling: SimulatedSource) -> None:
    calendar.day = date(2021, 10, 19)
    assert _read(travelling, ResultSet.TEAM_LOG).empty
    assert _read(travelling, ResultSet.SHOTS).empty
    calendar.day = date(2021, 10, 20)
    assert len(_read(travelling, ResultSet.TEAM_LOG)) == 4
