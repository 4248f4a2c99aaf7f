"""A table leaves what it reads as it found it, so that tables may be given the same frame instead of copies."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pandas as pd
import pytest

from nba_assets.schema.table import Inputs, Table
from nba_assets.sources.simulated import SimulatedSource
from nba_assets.tables import TABLES
from nba_assets.verification.replay import POST_GAME_TABLES, PRE_GAME_TABLES, raw_tables, replay

SEASON, SOME_DATES = "2021-22", pd.date_range("2021-11-10", "2021-12-10")


class InputsChangedError(Exception):
    """A table wrote into a frame that it was given to read."""


def watched(table: Table) -> Table:
    """The table, raising InputsChangedError if its functions write into their inputs."""

    def compute(inputs: Inputs, dates: pd.DatetimeIndex) -> pd.DataFrame:
        read = {**{f"{name} on the date": rows for name, rows in inputs.on_date.items()}, **inputs.before}
        as_found = {name: rows.copy() for name, rows in read.items()}
        rows = table.compute(inputs, dates)
        if table.reject is not None:
            table.reject(inputs, dates)
        changed = [name for name in read if not read[name].equals(as_found[name])]
        if changed:
            raise InputsChangedError(f"{table.name} wrote into {', '.join(changed)}")
        return rows

    return replace(table, compute=compute)


@pytest.fixture(scope="module")
def raw() -> dict[str, pd.DataFrame]:
    return raw_tables(SimulatedSource(today=date(2022, 8, 1)), [SEASON], read_at=pd.Timestamp("2022-08-01", tz="UTC"))


def test_no_table_writes_into_its_inputs(raw: dict[str, pd.DataFrame]):
    graph = {name: watched(table) for name, table in TABLES.items()}
    computed = replay(raw, [day.date() for day in SOME_DATES], graph=graph)
    assert set(computed) == {*POST_GAME_TABLES, *PRE_GAME_TABLES}
    assert all(len(computed[name]) > 300 for name in PRE_GAME_TABLES)


def test_a_table_that_does_is_noticed(raw: dict[str, pd.DataFrame]):
    def careless(inputs: Inputs, dates: pd.DatetimeIndex) -> pd.DataFrame:
        inputs.before["team_offense_game_summary"]["points"] += 1
        return TABLES["upcoming_team_game_context"].compute(inputs, dates)

    table = replace(TABLES["upcoming_team_game_context"], compute=careless)
    graph = {**TABLES, table.name: watched(table)}
    with pytest.raises(InputsChangedError, match="wrote into team_offense_game_summary"):
        replay(raw, [SOME_DATES[0].date()], tables=[table.name], graph=graph)


def test_a_column_that_is_not_declared_is_not_there_to_be_read(raw: dict[str, pd.DataFrame]):
    def curious(inputs: Inputs, dates: pd.DatetimeIndex) -> pd.DataFrame:
        inputs.before["team_offense_game_summary"]["ft_rate"].sum()
        return TABLES["upcoming_team_game_context"].compute(inputs, dates)

    table = replace(TABLES["upcoming_team_game_context"], compute=curious)
    with pytest.raises(KeyError, match="ft_rate"):
        replay(raw, [SOME_DATES[0].date()], tables=[table.name], graph={**TABLES, table.name: table})
