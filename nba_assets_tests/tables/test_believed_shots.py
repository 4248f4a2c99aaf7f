"""Which games' shots are not believed: names that the league does not use, and shots that are not their player's."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import pytest

from nba_assets.league.zones import is_known, shot_zones
from nba_assets.schema.table import Inputs
from nba_assets.sources.base import ResultSet
from nba_assets.tables.believed_shots import believed, disbelieved

GAME = "0022100163"
DONCIC, BRUNSON, LAVINE = 1629029, 1628973, 203897
NAMES = {DONCIC: "Luka Dončić", BRUNSON: "Jalen Brunson", LAVINE: "Zach LaVine"}
TEAMS = {DONCIC: "DAL", BRUNSON: "DAL", LAVINE: "CHI"}
Attempts = dict[int, Sequence[tuple[bool, bool]]]
"""(made, three) of each player's shots."""

TAKEN: Attempts = {
    DONCIC: [(True, True), (True, False), (False, False), (False, True), (True, False)],
    BRUNSON: [(False, False), (True, False), (False, False)],
    LAVINE: [(True, True), (False, True)],
}


def shots(taken: Attempts, **changed: str) -> pd.DataFrame:
    rows = [
        {
            "game_id": GAME,
            "player_id": player,
            "team": TEAMS[player],
            "made": made,
            "SHOT_TYPE": "3PT Field Goal" if three else "2PT Field Goal",
            "SHOT_ZONE_BASIC": "Above the Break 3" if three else "Mid-Range",
        }
        for player, attempts in taken.items()
        for made, three in attempts
    ]
    return pd.DataFrame(rows).assign(**changed)


def log() -> pd.DataFrame:
    counts = [
        {"FGA": len(attempts), "FGM": sum(m for m, _ in attempts), "FG3A": sum(t for _, t in attempts)}
        for attempts in TAKEN.values()
    ]
    players = {"PLAYER_ID": list(TAKEN), "PLAYER_NAME": list(NAMES.values()), "TEAM_ABBREVIATION": list(TEAMS.values())}
    return pd.DataFrame(counts).assign(GAME_ID=GAME, **players)


def inputs(players: pd.DataFrame | None) -> Inputs:
    box = log().groupby("TEAM_ABBREVIATION")[["FGA", "FGM"]].sum().reset_index()
    box = box.rename(columns={"TEAM_ABBREVIATION": "team", "FGA": "fga", "FGM": "fgm"}).assign(game_id=GAME)
    return Inputs(on_date={"raw_team_boxscores": box}, source={ResultSet.PLAYER_LOG: players})


def doubts(charted: pd.DataFrame, players: pd.DataFrame | None) -> dict[str, str]:
    return {game: str(why) for game, why in disbelieved(charted, inputs(players)).items()}


def test_shots_that_are_everybodys_own_are_believed() -> None:
    charted = shots(TAKEN)
    assert doubts(charted, log()) == {}
    assert len(believed(charted, inputs(log()))) == len(charted)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"SHOT_ZONE_BASIC": "Restricted"}, "10 shots in a zone or of a type that is not known: 'Restricted'"),
        ({"SHOT_ZONE_BASIC": ""}, "10 shots in a zone or of a type that is not known: ''"),
        ({"SHOT_TYPE": "4PT Field Goal"}, "10 shots in a zone or of a type that is not known: '4PT Field Goal'"),
    ],
)
@pytest.mark.parametrize("players", [log(), None])
def test_a_name_that_the_league_does_not_use_is_named(
    changed: dict[str, str], told: str, players: pd.DataFrame | None
) -> None:
    charted = shots(TAKEN, **changed)
    assert doubts(charted, players) == {GAME: told}
    assert believed(charted, inputs(players)).empty


def test_one_shot_is_enough() -> None:
    charted = shots(TAKEN)
    charted.loc[3, "SHOT_ZONE_BASIC"] = "Upper Deck"
    assert doubts(charted, log()) == {GAME: "1 shot in a zone or of a type that is not known: 'Upper Deck'"}


@pytest.mark.parametrize(
    ("three", "area", "zone"),
    [
        (True, "Mid-Range", "three_pt"),
        (False, "Above the Break 3", "mid_range"),
        (False, "Backcourt", "mid_range"),
        (True, "Backcourt", "three_pt"),
    ],
)
def test_areas_that_do_not_go_with_the_type_are_known(three: bool, area: str, zone: str) -> None:
    kind = pd.Series(["3PT Field Goal" if three else "2PT Field Goal"])
    assert is_known(kind, pd.Series([area])).all()
    assert list(shot_zones(pd.Series([three]), pd.Series([area]))) == [zone]


def test_shots_under_another_player_are_named_for_both() -> None:
    all_his = shots(TAKEN).replace({"player_id": {BRUNSON: DONCIC}})
    assert doubts(all_his, log()) == {
        GAME: "Jalen Brunson (1628973) 0 shots (0 made, 0 threes), the log 3 (1, 0), "
        "Luka Dončić (1629029) 8 shots (4 made, 2 threes), the log 5 (3, 2)"
    }


def test_one_shot_more_or_less_is_how_the_league_charts() -> None:
    moved = shots(TAKEN)
    moved.loc[2, "player_id"] = BRUNSON
    assert doubts(moved, log()) == {}
    moved.loc[3, "player_id"] = BRUNSON
    assert list(doubts(moved, log())) == [GAME]


def test_makes_and_threes_count_as_well() -> None:
    swapped = {**TAKEN, DONCIC: [(False, t) for _, t in TAKEN[DONCIC]], BRUNSON: [(True, t) for _, t in TAKEN[BRUNSON]]}
    assert "Luka Dončić (1629029) 5 shots (0 made, 2 threes), the log 5 (3, 2)" in doubts(shots(swapped), log())[GAME]
    no_threes = shots(TAKEN, SHOT_TYPE="2PT Field Goal")
    assert "Zach LaVine (203897) 2 shots (1 made, 0 threes), the log 2 (1, 2)" in doubts(no_threes, log())[GAME]


def test_players_are_compared_only_where_the_game_is_whole_and_the_log_has_it() -> None:
    few = shots({**TAKEN, DONCIC: TAKEN[DONCIC][:2]})
    assert doubts(few, log()) == {}, "too few shots: published as they are, and not known"
    everything_his = shots(TAKEN).replace({"player_id": {BRUNSON: DONCIC}})
    assert doubts(everything_his, None) == {}
    assert doubts(everything_his, log().head(0)) == {}
    assert doubts(everything_his, log()[log()["TEAM_ABBREVIATION"] == "CHI"]) == {}


def test_of_two_versions_in_the_log_the_newest_counts() -> None:
    older = log().assign(FGA=50)
    assert doubts(shots(TAKEN), pd.concat([older, log()])) == {}
