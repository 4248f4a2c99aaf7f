"""Whom a name on the injury report means: by the whole name, without its generation, or perhaps somebody alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import pytest

from nba_assets.tables.injury_status import player_statuses, unmatched_names

DAY = pd.Timestamp("2021-11-10")
EARLIER, LATER = DAY - pd.Timedelta(days=3), DAY + pd.Timedelta(days=3)
PORTER, CAMPAZZO, JOKIC, GREEN = 1629008, 1630267, 203999, 201145
DENVER = {
    PORTER: "Michael Porter Jr.",
    CAMPAZZO: "Facundo Campazzo",
    JOKIC: "Nikola Jokić",
    GREEN: "JaMychal Green",
}
Listing = tuple[int, str, str, pd.Timestamp]
Row = tuple[str | None, str | None]


def _slate(players: Sequence[int]) -> pd.DataFrame:
    rows = pd.DataFrame({"player_id": list(players)})
    return rows.assign(game_date=DAY, season="2021-22", team="DEN", has_report=True)


def _listings(players: Mapping[int, str], others: Sequence[Listing]) -> pd.DataFrame:
    rows = [(player, name, "DEN", EARLIER) for player, name in players.items()]
    listed = pd.DataFrame([*rows, *others], columns=["player_id", "player_name", "team", "game_date"])
    return listed.assign(season="2021-22")


def _report(*rows: Row, team: str = "DEN") -> pd.DataFrame:
    named = pd.DataFrame(list(rows), columns=["player_name", "status"], dtype=object)
    return named.assign(report_date=DAY - pd.Timedelta(days=1), game_date=DAY, team=team)


def _read(
    *rows: Row, players: Mapping[int, str] = DENVER, others: Sequence[Listing] = ()
) -> tuple[dict[int, str | None], dict[str, list[str]]]:
    """The statuses that are not `available`, by player; and the names that mean nobody, with whom they are like."""
    report, slate, listings = _report(*rows), _slate([*players]), _listings(players, others)
    found = player_statuses(report, slate, listings)
    unmatched = unmatched_names(report, slate, listings)
    statuses = dict(zip(slate["player_id"], found, strict=True))
    return (
        {player: status for player, status in statuses.items() if status != "available"},
        dict(zip(unmatched["player_name"], unmatched["resembles"], strict=True)),
    )


@pytest.mark.parametrize("spelling", ["Michael Porter Jr.", "Michael Porter", "michael porter jr", "Michael Porter II"])
def test_a_name_with_another_generation_or_none_is_his_who_is_alone_with_it(spelling: str) -> None:
    assert _read((spelling, "out")) == ({PORTER: "out"}, {})


def test_a_name_is_compared_without_the_generation_on_the_report_as_well() -> None:
    assert _read(("Nikola Jokic Jr.", "questionable")) == ({JOKIC: "questionable"}, {})


@pytest.mark.parametrize("status", ["out", "doubtful"])
def test_a_name_that_is_nobodys_leaves_those_with_the_last_name_unknown_and_nobody_else(status: str) -> None:
    like = ["Michael Porter Jr. (1629008)"]
    assert _read(("Mike Porter", status), ("Nikola Jokic", "out")) == (
        {PORTER: None, JOKIC: "out"},
        {"Mike Porter": like},
    )


@pytest.mark.parametrize("status", ["questionable", "probable", "available"])
def test_who_may_well_play_leaves_nobody_unknown(status: str) -> None:
    assert _read(("Mike Porter", status)) == ({}, {"Mike Porter": []})


def test_a_name_that_is_like_nobodys_changes_nothing() -> None:
    assert _read(("Chris Smith", "out"), ("", "out")) == ({}, {"Chris Smith": [], "": []})


TWO = {1: "Jalen Williams", 2: "Jalen Williams II", 3: "Kenrich Williams", 4: "Josh Giddey"}


def test_of_two_with_the_same_name_but_for_the_generation_each_has_his_own() -> None:
    assert _read(("Jalen Williams", "out"), players=TWO) == ({1: "out"}, {})
    assert _read(("Jalen Williams II", "out"), players=TWO) == ({2: "out"}, {})


def test_without_a_generation_that_tells_them_apart_all_who_are_alike_are_unknown() -> None:
    statuses, unmatched = _read(("Jalen Williams III", "out"), players=TWO)
    assert statuses == {1: None, 2: None, 3: None}
    assert unmatched == {"Jalen Williams III": [f"{name} ({player})" for player, name in list(TWO.items())[:3]]}


def test_whom_another_row_names_keeps_his_status() -> None:
    rows = (("Jalen Williams III", "out"), ("Jalen Williams", "probable"), ("Kenrich Williams Sr.", "available"))
    assert _read(*rows, players=TWO) == (
        {1: "probable", 2: None},
        {"Jalen Williams III": ["Jalen Williams II (2)"]},
    )
    assert _read(("Mike Porter", "out"), ("Michael Porter", "available")) == ({}, {"Mike Porter": []})


def test_of_two_spellings_of_one_player_the_gravest_status_counts() -> None:
    assert _read(("Michael Porter Jr.", "questionable"), ("Michael Porter", "out")) == ({PORTER: "out"}, {})


def test_somebody_whom_the_team_listed_before_has_his_name_to_himself() -> None:
    """He is on no slate, so that he has no status; but he is not to be taken for somebody else."""
    before: Listing = (7, "Michael Porter", "DEN", EARLIER - pd.Timedelta(days=9))
    assert _read(("Michael Porter", "out"), others=[before]) == ({}, {"Michael Porter": []})
    statuses, unmatched = _read(("Michael Porter II", "out"), others=[before])
    assert (statuses, list(unmatched)) == ({PORTER: None}, ["Michael Porter II"])
    elsewhere: Listing = (7, "Michael Porter", "NYK", EARLIER)
    assert _read(("Michael Porter", "out"), others=[elsewhere]) == ({PORTER: "out"}, {})


def test_names_of_the_date_itself_and_later_are_not_known_yet() -> None:
    """Neither his own, nor that of somebody who would make a name ambiguous."""
    later: list[Listing] = [(GREEN, "Jay Green", "DEN", DAY), (7, "Michael Porter", "DEN", LATER)]
    assert _read(("Jay Green", "out"), ("Michael Porter", "out"), others=later) == (
        {GREEN: None, PORTER: "out"},
        {"Jay Green": ["JaMychal Green (201145)"]},
    )


def test_a_name_under_which_another_team_listed_him_is_his() -> None:
    before: Listing = (GREEN, "J. Green", "LAC", EARLIER - pd.Timedelta(days=9))
    assert _read(("J. Green", "out"), others=[before]) == ({GREEN: "out"}, {})


def test_the_report_of_another_team_or_day_says_nothing() -> None:
    slate, listings = _slate([*DENVER]), _listings(DENVER, ())
    of_day = _report(("Mike Porter", "out"))
    for report in (_report(("Mike Porter", "out"), team="NYK"), of_day.assign(report_date=DAY)):
        assert set(player_statuses(report, slate, listings)) == {"available"}
        assert unmatched_names(report, slate, listings).empty


def test_without_a_report_everybody_is_unknown() -> None:
    slate = _slate([*DENVER]).assign(has_report=False)
    statuses = player_statuses(_report().head(0), slate, _listings(DENVER, ()))
    assert statuses.isna().all()
    assert len(statuses) == len(DENVER)
