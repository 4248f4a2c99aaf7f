"""How many a team lists against its own games before, and who falls off a slate; by hand, on made-up teams."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import pytest

from nba_assets.league.list_sizes import (
    blank_in_a_row,
    doubtful_lists,
    doubtful_lists_of,
    is_gap,
    list_sizes,
    lost_of_slates,
    nights_without_inactives,
)
from nba_assets.league.slate import counted_listings, slate, stints

OPENING = pd.Timestamp("2021-10-19")
Lists = Sequence[tuple[int, int]]
"""(in uniform, inactive) of a team's games, one every other day."""


def night(number: int) -> pd.Timestamp:
    return OPENING + pd.Timedelta(days=2 * number)


def listings(teams: Mapping[str, Lists]) -> pd.DataFrame:
    """Every player of a team has a number of his own, the same in all games."""
    rows = [
        {
            "season": "2021-22",
            "game_date": night(number),
            "game_id": f"00221{number:05d}",
            "team": team,
            "listing": "played" if place < in_uniform else "inactive",
            "player_id": 100 * order + place,
        }
        for order, (team, lists) in enumerate(teams.items())
        for number, (in_uniform, inactive) in enumerate(lists)
        for place in range(in_uniform + inactive)
    ]
    return pd.DataFrame(rows)


def doubtful(lists: Lists) -> list[int]:
    """The numbers of a team's doubtful games."""
    found = doubtful_lists(listings({"SAS": lists}))["game_date"]
    return [(day - OPENING).days // 2 for day in found]


def test_lists_are_too_blank_in_a_row_after_two_or_from_the_first_game_on() -> None:
    some, none = (10, 3), (13, 0)

    def runs(*lists: tuple[int, int]) -> dict[int, int]:
        found = blank_in_a_row(listings({"SAS": lists}))
        return {(day - OPENING).days // 2: run for day, run in zip(found["game_date"], found["run"], strict=True)}

    assert runs(some, none, none, some, none, none) == {}
    assert runs(some, none, none, none, none, some, none) == {3: 3, 4: 4}
    assert runs(none, none, some, none) == {0: 1, 1: 2}


def test_a_list_is_measured_against_five_games_before_it() -> None:
    sizes = list_sizes(listings({"SAS": [(10, 0), (11, 1), (12, 2), (13, 3), (10, 4), (9, 5), (8, 6)]}))
    assert list(sizes["listed"]) == [10, 12, 14, 16, 14, 14, 14]
    assert list(sizes["games"]) == [0, 1, 2, 3, 4, 5, 5]
    assert list(sizes["with_some"].iloc[1:]) == [0, 1, 2, 3, 4, 5]
    assert list(sizes["median"].iloc[1:]) == [10, 11, 12, 13, 14, 14]


@pytest.mark.parametrize(
    ("lists", "expected"),
    [
        ([(13, 4)] * 5 + [(13, 0)], [5]),
        ([(13, 4)] * 4 + [(13, 0)], [4]),  # the fifth game has four before it
        ([(13, 4)] * 3 + [(13, 0)], []),
        ([(13, 0)] + [(13, 4)] * 4 + [(13, 0)], [5]),  # four of five had some
        ([(13, 0)] * 2 + [(13, 4)] * 3 + [(13, 0)], []),
        ([(13, 4)] * 5 + [(13, 0)] * 2, [5, 6]),
        ([(13, 0)] * 8, []),
    ],
)
def test_no_inactive_player_is_doubtful_where_the_team_usually_has_some(lists: Lists, expected: list[int]) -> None:
    assert doubtful(lists) == expected


@pytest.mark.parametrize(
    ("lists", "expected"),
    [
        ([(12, 4)] * 5 + [(11, 1)], []),  # 12 is three quarters of 16
        ([(12, 4)] * 5 + [(10, 1)], [5]),
        ([(12, 4)] * 4 + [(10, 1)], [4]),
        ([(12, 4)] * 3 + [(9, 1)], []),  # before the fifth game ten are enough
        ([(12, 4)] * 3 + [(8, 1)], [3]),
        ([(8, 1)], [0]),
        ([(8, 1)] * 6, [0, 1, 2, 3]),  # a team that always lists nine is measured against itself
    ],
)
def test_a_list_much_shorter_than_usual_is_doubtful(lists: Lists, expected: list[int]) -> None:
    assert doubtful(lists) == expected


def test_another_season_starts_anew_and_another_team_is_another() -> None:
    usual = listings({"SAS": [(13, 4)] * 5})
    later = listings({"SAS": [(13, 0)], "UTA": [(13, 0)]}).assign(season="2022-23", game_date=night(200))
    assert doubtful_lists(pd.concat([usual, later])).empty
    assert doubtful_lists(listings({"SAS": [(13, 4)] * 5, "UTA": [(13, 0)] * 6})).empty


@pytest.mark.parametrize(
    ("teams", "lost", "gap"),
    [(16, 5, False), (16, 6, True), (8, 2, False), (8, 3, True), (4, 2, False), (4, 3, True), (2, 2, False)],
)
def test_a_third_of_a_night_and_three_lists_are_a_gap(teams: int, lost: int, gap: bool) -> None:
    lists = {f"T{number:02d}": [(13, 4)] * 5 + [(13, 0 if number < lost else 4)] for number in range(teams)}
    found = doubtful_lists(listings(lists))
    assert list(found["doubtful_of_night"]) == [lost] * lost
    assert set(is_gap(found)) == {gap}


def test_nights_after_one_that_is_not_published_are_measured_without_it() -> None:
    """However many nights a list stays away: in one range as night by night."""
    blank = listings({f"T{number}": [(13, 4)] * 5 + [(13, 0)] * 6 for number in range(4)})
    nights = pd.DatetimeIndex([night(number) for number in range(5, 11)])
    at_once = doubtful_lists_of(blank, nights)
    assert len(at_once) == 6 * 4
    assert is_gap(at_once).all()
    standing = blank[blank["game_date"] < nights[0]]
    for day in nights:
        alone = doubtful_lists_of(pd.concat([standing, blank[blank["game_date"] == day]]), pd.DatetimeIndex([day]))
        assert is_gap(alone).all()
        assert len(alone) == 4
    assert len(doubtful_lists(blank)) < len(at_once), "the nights before make a blank list usual"


@pytest.mark.parametrize(
    ("teams", "games"),
    [
        ({"SAS": [(13, 0)], "UTA": [(13, 0)]}, 2),
        ({"SAS": [(13, 0)], "UTA": [(13, 1)]}, None),
        ({"SAS": [(13, 0)]}, None),  # both lists of one game may really be without
    ],
)
def test_a_night_of_two_games_without_inactive_players_is_known_from_its_own_lists(
    teams: Mapping[str, Lists], games: int | None
) -> None:
    lists = listings(teams)
    lists = lists.assign(game_id=lists["game_id"] + lists["team"])
    found = nights_without_inactives(lists)
    assert found.to_dict() == ({} if games is None else {OPENING: games})


def test_lists_of_other_nights_are_no_business_of_the_nights_asked_for() -> None:
    lists = listings({"SAS": [(13, 4)] * 5 + [(13, 0), (13, 4)]})
    assert doubtful_lists_of(lists, pd.DatetimeIndex([night(6)])).empty
    assert len(doubtful_lists_of(lists, pd.DatetimeIndex([night(5)]))) == 1


def lost(lists: pd.DataFrame, number: int, known: pd.DataFrame | None = None) -> list[tuple[str, int, int]]:
    playing = pd.DataFrame({"season": ["2021-22"], "game_date": [night(number)], "team": ["SAS"]})
    nobody = lists.head(0) if known is None else known
    found = lost_of_slates(lists, playing, nobody)
    return [(row.game_id, row.before, row.lost) for row in found.itertuples()]


def test_a_slate_that_loses_more_than_a_fifth_to_nobody_is_named() -> None:
    assert lost(listings({"SAS": [(13, 2), (10, 2)]}), 2) == []
    assert lost(listings({"SAS": [(13, 2), (9, 2)]}), 2) == [("0022100001", 15, 4)]
    assert lost(listings({"SAS": [(13, 2), (9, 2), (9, 2)]}), 3) == [], "he was lost before"
    assert lost(listings({"SAS": [(13, 2)]}), 1) == []


def test_whom_another_team_lists_is_not_lost() -> None:
    lists = listings({"SAS": [(13, 2), (9, 2)]})
    gone = {"season": "2021-22", "team": "UTA", "listing": "inactive", "game_id": "0022199999", "player_id": 11}
    before = pd.DataFrame([gone]).assign(game_date=night(1))
    assert lost(pd.concat([lists, before]), 2) == []
    soon, late = before.assign(game_date=night(4)), before.assign(game_date=night(6))
    assert lost(lists, 2, known=soon) == [], "traded, and listed by his new team when it played next"
    assert lost(lists, 2, known=late) == [("0022100001", 15, 4)]
    assert lost(lists, 2, known=soon.assign(team="SAS")) == [("0022100001", 15, 4)]


def on_two_lists(first: str, second: str) -> pd.DataFrame:
    """Player 7 on the lists of SAS and, in a later game of the same date, of UTA."""
    rows = [("0022100010", "SAS", first, 7), ("0022100011", "UTA", second, 7)]
    rows += [("0022100010", "SAS", "played", 8), ("0022100011", "UTA", "played", 9)]
    lists = pd.DataFrame(rows, columns=["game_id", "team", "listing", "player_id"])
    return lists.assign(season="2021-22", game_date=OPENING)


@pytest.mark.parametrize(
    ("first", "second", "team"),
    [
        ("inactive", "inactive", "UTA"),
        ("dnp", "inactive", "SAS"),
        ("played", "inactive", "SAS"),
        ("inactive", "dnp", "UTA"),
    ],
)
def test_of_two_lists_of_one_date_the_one_in_uniform_counts_then_the_later_game(
    first: str, second: str, team: str
) -> None:
    lists = on_two_lists(first, second)
    playing = pd.DataFrame({"season": "2021-22", "game_date": night(1), "team": ["SAS", "UTA"]})
    found = slate(lists, playing)
    assert list(found.loc[found["player_id"].eq(7), "team"]) == [team]
    assert set(found["player_id"]) == {7, 8, 9}
    spells = stints(lists)
    assert spells.loc[spells["player_id"].eq(7) & spells["next_day"].isna(), "team"].iloc[-1] == team


def test_listings_of_one_team_a_day_all_count() -> None:
    lists = listings({"SAS": [(13, 4)] * 3, "UTA": [(13, 4)] * 3})
    assert counted_listings(lists) is lists
    without_kind = on_two_lists("dnp", "inactive").drop(columns="listing")
    assert counted_listings(without_kind) is without_kind
