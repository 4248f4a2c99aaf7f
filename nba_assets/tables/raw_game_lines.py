"""raw_game_lines (optional): the betting market's spread and total before each game."""

from __future__ import annotations

import pandas as pd

from nba_assets.schema.contract import Contract, Date, Number, Text, column
from nba_assets.schema.policy import Policy
from nba_assets.schema.table import REJECTION_COLUMNS, Available, Inputs, Phase, Table, announced, rejections
from nba_assets.sources.base import ResultSet
from nba_assets.tables.games import tonight

_LOWEST_TOTAL, _HIGHEST_TOTAL, _WIDEST_SPREAD = 150.0, 300.0, 30.0


class RawGameLines(Contract):
    """One row per counting game that has a plausible line."""

    game_date: Date = column("Eastern date of tip-off", partition=True)
    season: Text = column('Season, like "2021-22"')
    game_id: Text = column("NBA game id", key=True)
    home_spread: Number = column(
        "Points given to the home team; negative = home favoured",
        unit="points",
        null_when="without a spread for the game",
        ge=-30,
        le=30,
    )
    total: Number = column(
        "Expected points of both teams", unit="points", null_when="without a total for the game", ge=150, le=300
    )


def compute(inputs: Inputs, dates: pd.DatetimeIndex) -> pd.DataFrame:
    """The lines of the dates' counting games, impossible ones left out."""
    lines = _lines(inputs, dates)
    return lines[_is_plausible(lines)]


def reject(inputs: Inputs, dates: pd.DatetimeIndex) -> pd.DataFrame:
    """Lines with a total outside 150-300 or a spread beyond 30."""
    lines = _lines(inputs, dates)
    impossible = lines[~_is_plausible(lines)]
    if impossible.empty:
        return pd.DataFrame(columns=REJECTION_COLUMNS)
    details = impossible.apply(lambda r: f"impossible line: spread {r['home_spread']:g}, total {r['total']:g}", axis=1)
    return rejections(impossible["game_date"], impossible["game_id"], details)


def _lines(inputs: Inputs, dates: pd.DatetimeIndex) -> pd.DataFrame:
    listed = inputs.source[ResultSet.GAME_LINES]
    games = tonight(inputs.on_date["raw_schedule"], inputs.counting_types, dates)
    games = games.loc[games["is_home"], ["game_date", "season", "game_id"]]
    if listed is None:
        return games.head(0).assign(home_spread=0.0, total=0.0)
    lines = listed.rename(columns={"gameId": "game_id", "homeSpread": "home_spread"})
    return games.merge(lines.drop_duplicates("game_id", keep="last")[["game_id", "home_spread", "total"]], on="game_id")


def _is_plausible(lines: pd.DataFrame) -> pd.Series:
    total_is_possible = lines["total"].isna() | lines["total"].between(_LOWEST_TOTAL, _HIGHEST_TOTAL)
    return total_is_possible & ~lines["home_spread"].abs().gt(_WIDEST_SPREAD)


RAW_GAME_LINES = Table(
    name="raw_game_lines",
    short_name="LINES",
    dataset="nba_raw",
    phase=Phase.RAW,
    contract=RawGameLines,
    compute=compute,
    policy=Policy(critical=False),
    available=Available.ANNOUNCED,
    reject=reject,
    inputs=(announced("raw_schedule"),),
    result_sets=(ResultSet.GAME_LINES,),
    optional=True,
)
