"""What a team and its opponent make possible for each other."""

from __future__ import annotations

import pandas as pd
import pytest

from nba_assets.schema.table import Inputs
from nba_assets.sources.base import ResultSet
from nba_assets.tables.game_logs import team_log
from nba_assets.tables.identities import OF_OPPONENT, broken_between_teams
from nba_assets_tests.engine.warehouses import files


@pytest.fixture(scope="module")
def sides() -> pd.DataFrame:
    """Both sides of every game of a season, with the opponent's numbers."""
    log = team_log(Inputs(source={ResultSet.TEAM_LOG: files().read(ResultSet.TEAM_LOG, "2021-22")}))
    others = log[["game_id", "team", *OF_OPPONENT]]
    others = others.rename(columns={name: f"opponent_{name}" for name in OF_OPPONENT} | {"team": "opponent"})
    both = log.merge(others, on="game_id")
    return both[both["team"] != both["opponent"]].reset_index(drop=True)


def test_nobody_had_more_than_was_possible_in_a_season(sides: pd.DataFrame) -> None:
    assert len(sides) == 2460
    assert broken_between_teams(sides) == {}


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"oreb": 22}, r"\d+ offensive rebounds, and \d+ defensive ones of the opponent, of \d+ misses"),
        ({"stl": 30}, r"\d+ steals, and \d+ turnovers of the opponent"),
        ({"ast": 60}, r"\d+ assists, and \d+ field goals"),
        ({"blk": 90}, r"\d+ blocks, and \d+ missed field goals of the opponent"),
    ],
    ids=["rebounds", "steals", "assists", "blocks"],
)
def test_one_side_with_more_is_named(sides: pd.DataFrame, more: dict[str, int], told: str) -> None:
    for name, amount in more.items():
        sides = sides.assign(**{name: sides[name].where(sides.index != 7, sides[name] + amount)})
    [(at, found)] = broken_between_teams(sides).items()
    assert at == 7
    assert pd.Series([str(found)]).str.fullmatch(told).all(), found


def test_without_the_opponents_row_only_its_own_numbers_are_judged(sides: pd.DataFrame) -> None:
    alone = sides.assign(**{f"opponent_{name}": float("nan") for name in OF_OPPONENT}, blk=99, stl=99, oreb=99)
    assert broken_between_teams(alone) == {}
    assert set(broken_between_teams(alone.assign(ast=99))) == set(range(len(alone)))
