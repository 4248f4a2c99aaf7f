"""A player on two lists of one date: what counts, what is noted, and what is refused."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from nba_assets.partition import Cause, finding
from nba_assets.schema.evidence import Expectation
from nba_assets.tables.two_lists import TwoTeamsError, note_two_lists, refuse_two_teams

DAY = date(2021, 11, 10)
EARLY, LATE = "0022100163", "0022100166"
SIDES = pd.DataFrame(
    [(DAY, EARLY, "DAL"), (DAY, EARLY, "CHI"), (DAY, LATE, "SAS"), (DAY, LATE, "SAC")],
    columns=["game_date", "game_id", "team"],
).astype({"game_date": "datetime64[ns]"})

List = tuple[str, str, str]


def listed(*lists: List) -> pd.DataFrame:
    """Luka Dončić on these lists (listing, team, game), beside a team mate on one."""
    rows = [(game, 1629029, "Luka Dončić", team, listing) for listing, team, game in lists]
    rows += [(EARLY, 1, "Team Mate", "DAL", "played")]
    return pd.DataFrame(rows, columns=["game_id", "player_id", "player_name", "team", "listing"])


def notes(*lists: List) -> list[str]:
    found = {DAY: Expectation()}
    note_two_lists(listed(*lists), SIDES, found)
    assert not found[DAY].degraded
    assert not found[DAY].lacking
    return [str(note) for note in found[DAY].notes]


def test_one_list_is_nothing_to_say() -> None:
    assert notes(("played", "DAL", EARLY)) == []
    assert notes(("played", "DAL", EARLY), ("dnp", "DAL", EARLY)) == [], "the box score has all who played"
    refuse_two_teams(listed(("played", "DAL", EARLY), ("dnp", "DAL", EARLY)), SIDES)


@pytest.mark.parametrize(
    ("lists", "told"),
    [
        (
            [("inactive", "DAL", EARLY), ("inactive", "SAS", LATE)],
            f"inactive for SAS in {LATE}, inactive for DAL in {EARLY}",
        ),
        ([("dnp", "DAL", EARLY), ("inactive", "SAS", LATE)], f"dnp for DAL in {EARLY}, inactive for SAS in {LATE}"),
        (
            [("inactive", "DAL", EARLY), ("played", "SAS", LATE)],
            f"played for SAS in {LATE}, inactive for DAL in {EARLY}",
        ),
        (
            [("played", "DAL", EARLY), ("inactive", "DAL", EARLY)],
            f"played for DAL in {EARLY}, inactive for DAL in {EARLY}",
        ),
    ],
)
def test_two_lists_are_noted_and_the_one_that_counts_comes_first(lists: list[List], told: str) -> None:
    refuse_two_teams(listed(*lists), SIDES)
    assert notes(*lists) == [f"Luka Dončić (1629029): {told}; the first counts"]


@pytest.mark.parametrize("other", [("dnp", "SAS", LATE), ("played", "SAS", LATE), ("dnp", "CHI", EARLY)])
@pytest.mark.parametrize("own", [("played", "DAL", EARLY), ("dnp", "DAL", EARLY)])
def test_nobody_is_in_uniform_for_two_teams(own: List, other: List) -> None:
    with pytest.raises(TwoTeamsError) as refused:
        refuse_two_teams(listed(own, other), SIDES)
    for listing, team, game in (own, other):
        assert f"{listing} for {team} in {game}" in str(refused.value)
    assert str(refused.value).startswith("Luka Dončić (1629029) is ")


def test_a_list_of_a_team_that_is_not_in_the_game_is_none() -> None:
    refuse_two_teams(listed(("played", "DAL", EARLY), ("dnp", "UTA", LATE)), SIDES)
    assert notes(("played", "DAL", EARLY), ("inactive", "UTA", LATE)) == []


def test_another_date_is_another_matter() -> None:
    tomorrow = SIDES.assign(game_date=SIDES["game_date"] + pd.to_timedelta(SIDES["game_id"].eq(LATE).astype(int), "D"))
    refuse_two_teams(listed(("played", "DAL", EARLY), ("played", "SAS", LATE)), tomorrow)


def test_the_note_is_a_finding_with_its_lists() -> None:
    found = {DAY: Expectation()}
    note_two_lists(listed(("dnp", "DAL", EARLY), ("inactive", "SAS", LATE)), SIDES, found)
    texts = [f"dnp for DAL in {EARLY}", f"inactive for SAS in {LATE}"]
    assert found[DAY].notes == [finding(Cause.ON_TWO_LISTS, "Luka Dončić (1629029)", lists=texts)]
