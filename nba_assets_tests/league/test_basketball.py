"""Zones, names, dates and formulas: the rules that no table repeats."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from nba_assets.league import calendar, formulas
from nba_assets.league.names import first_last, last_name, player_lookup, player_lookups, without_generation
from nba_assets.league.slate import stints
from nba_assets.league.teams import canonical_codes, codes_from_names
from nba_assets.league.zones import is_corner_three, shot_zones


@pytest.mark.parametrize(
    ("is_three", "area", "zone"),
    [
        (False, "Restricted Area", "paint"),
        (False, "In The Paint (Non-RA)", "paint"),
        (False, "Mid-Range", "mid_range"),
        (True, "Above the Break 3", "three_pt"),
        (True, "Left Corner 3", "three_pt"),
        (True, "Backcourt", "three_pt"),
        (False, "Left Corner 3", "mid_range"),
    ],
)
def test_zone_of_a_shot(is_three, area, zone):
    """A heave from the backcourt is a three; a two with a toe on the corner line is not."""
    assert shot_zones(pd.Series([is_three]), pd.Series([area]))[0] == zone


def test_corner_threes():
    areas = pd.Series(["Left Corner 3", "Right Corner 3", "Backcourt", "Left Corner 3"])
    assert is_corner_three(pd.Series([True, True, True, False]), areas).tolist() == [True, True, False, False]


def test_lookups_keep_suffixes_and_drop_accents():
    assert player_lookup("Luka Dončić") == "lukadoncic"
    assert player_lookup(first_last("Porter Jr., Michael")) == "michaelporterjr"
    assert player_lookups(pd.Series([], dtype=object)).dtype == object
    assert player_lookups(pd.Series(["De'Aaron Fox", None])).isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("reported", "name", "last"),
    [
        ("Porter Jr., Michael", "Michael Porter", "porter"),
        ("Porter, Michael Jr.", "Michael Porter", "porter"),
        ("Porter, Jr., Michael", "Michael Porter", "porter"),
        ("Michael Porter JR", "Michael Porter", "porter"),
        ("Payton II, Gary", "Gary Payton", "payton"),
        ("Morris Sr., Marcus", "Marcus Morris", "morris"),
        ("Walker IV, Lonnie", "Lonnie Walker", "walker"),
        ("Dončić, Luka", "Luka Dončić", "doncic"),
        ("Edgecombe, V.J.", "V.J. Edgecombe", "edgecombe"),
        ("Mbah a Moute, Luc", "Luc Mbah a Moute", "moute"),
        ("Livers, Isaiah", "Isaiah Livers", "livers"),
        ("Nenê", "Nenê", "nene"),
        ("Jr.", "Jr.", "jr"),
        ("", "", ""),
    ],
)
def test_names_without_their_generation(reported, name, last):
    """Wherever a feed puts it; names that merely end like one stay whole."""
    assert without_generation(first_last(reported)) == name
    assert last_name(first_last(reported)) == last


def test_eastern_dates_on_the_nights_that_change_clocks():
    """22:30 Pacific is the same Eastern evening's date; so it is on 2021-11-07 and 2022-03-13."""
    tipoffs = ["2021-11-06T02:30:00Z", "2021-11-08T03:30:00Z", "2022-03-14T02:30:00Z", "2022-01-01T00:00:00Z", None]
    dates = calendar.eastern_dates(pd.to_datetime(pd.Series(tipoffs), utc=True))
    assert dates.dt.strftime("%m-%d").tolist()[:4] == ["11-05", "11-07", "03-13", "12-31"]
    assert pd.isna(dates[4])


@pytest.mark.parametrize(
    ("day", "season"),
    [
        (date(2021, 10, 19), "2021-22"),
        (date(2022, 6, 30), "2021-22"),
        (date(2022, 7, 1), "2022-23"),
        (date(2020, 10, 11), "2019-20"),
        (date(2020, 12, 22), "2020-21"),
        (date(2021, 7, 20), "2020-21"),
    ],
)
def test_season_of_a_day(day, season):
    assert calendar.season_of(day) == season
    assert calendar.season_first_day(season) <= day <= calendar.season_last_day(season)


def test_type_and_season_are_read_off_the_game_id():
    ids = pd.Series(["0022100001", "0042100405", "0062300001", "postponed-20211220-A-B", None, "0029600001"])
    assert calendar.game_types(ids).tolist()[:3] == ["002", "004", "006"]
    assert calendar.game_types(ids).isna().tolist() == [False, False, False, True, True, False]
    assert calendar.seasons_of_games(ids).tolist()[:3] == ["2021-22", "2021-22", "2023-24"]
    assert calendar.seasons_of_games(ids)[5] == "1996-97"


def test_a_season_is_written_like_2021_22():
    with pytest.raises(ValueError, match="write it like 2021-22"):
        calendar.season_start_year("2021-2022")


def test_team_codes_of_other_sources():
    assert canonical_codes(pd.Series(["BRK", "PHO", "WSH", "LAL", "RMD"])).tolist() == [
        "BKN",
        "PHX",
        "WAS",
        "LAL",
        "RMD",
    ]
    assert codes_from_names(pd.Series(["Los Angeles Clippers", "LA Clippers", "Nobody"])).tolist()[:2] == ["LAC", "LAC"]


def test_ratios_without_a_denominator_are_unknown():
    np.testing.assert_equal(formulas.ratio([1, 0, np.nan], [0, 4, 4]), [np.nan, 0.0, np.nan])
    np.testing.assert_equal(formulas.usage([5], [0], [100], [14400]), [np.nan])


def test_standard_deviation_is_of_a_sample():
    values = np.array([26, 30, 35])
    got = formulas.sample_std([values.sum(), 7], [(values**2).sum(), 49], [3, 1])
    np.testing.assert_allclose(got, [np.std(values, ddof=1), np.nan])


def test_stints_end_with_the_first_listing_elsewhere():
    rows = [("BKN", 1), ("BKN", 3), ("PHI", 9), ("PHI", 12), ("BKN", 20)]
    listings = pd.DataFrame(
        {
            "season": "2021-22",
            "player_id": 7,
            "team": [team for team, _ in rows],
            "game_date": [pd.Timestamp(2022, 2, day) for _, day in rows],
            "game_id": [f"{day:03d}" for _, day in rows],
        }
    )
    spells = stints(listings.sample(frac=1, random_state=1))
    assert spells["team"].tolist() == ["BKN", "PHI", "BKN"]
    assert spells["first_day"].dt.day.tolist() == [1, 9, 20]
    assert spells["next_day"].dt.day.tolist()[:2] == [9, 20]
    assert pd.isna(spells["next_day"][2])
