"""What the product computed, held against the slow oracle: every table, every row, every column."""

import math
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import pandas as pd

from nba_assets.schema.contract import names_of
from nba_assets.tables import TABLES

from .slow_tables import SlowLeague

Record = dict[str, Any]


def slow_league(raw: Mapping[str, pd.DataFrame], *, counting_types: Iterable[str]) -> SlowLeague:
    """The oracle over frames of the raw tables."""
    return SlowLeague(
        schedule=raw["raw_schedule"],
        team_boxscores=raw["raw_team_boxscores"],
        player_boxscores=raw["raw_player_boxscores"],
        shots=raw["raw_shots"],
        injury_reports=raw["raw_injury_reports"],
        game_lines=raw["raw_game_lines"],
        counting_types=sorted(counting_types),
    )


def differences(
    computed: Mapping[str, pd.DataFrame], oracle: SlowLeague, dates: Iterable[date], *, limit: int = 10
) -> list[str]:
    """What differs between the product's tables and the oracle's on the dates, one line each."""
    found: list[str] = []
    for day in dates:
        for name, rows in computed.items():
            table = TABLES[name]
            of_day = rows[rows[table.partition] == pd.Timestamp(day)]
            found += _of_partition(name, records(of_day), getattr(oracle, name)(day), f"{name} {day}")
            if len(found) >= limit:
                return found[:limit]
    return found


def _of_partition(name: str, product: list[Record], slow: list[Record], where: str) -> list[str]:
    keys = TABLES[name].keys
    product_by_key = {tuple(row[key] for key in keys): row for row in product}
    slow_by_key = {tuple(row[key] for key in keys): row for row in slow}
    found = [f"{where}: duplicate keys"] if len(product_by_key) != len(product) else []
    found += [f"{where}: only the product has {key}" for key in product_by_key.keys() - slow_by_key.keys()]
    found += [f"{where}: only the oracle has {key}" for key in slow_by_key.keys() - product_by_key.keys()]
    columns = names_of(TABLES[name].contract)
    for key in product_by_key.keys() & slow_by_key.keys():
        ours, theirs = product_by_key[key], slow_by_key[key]
        if set(theirs) != set(columns):
            return [f"{where}: columns differ: {set(theirs) ^ set(columns)}"]
        found += [
            f"{where} {key}: {column} is {ours[column]!r}, the oracle says {theirs[column]!r}"
            for column in columns
            if not same(ours[column], theirs[column])
        ]
    return found


def records(rows: pd.DataFrame) -> list[Record]:
    """The rows as dicts in plain Python values: dates as dates, every missing value as None."""
    columns = {name: [_plain(value) for value in rows[name].tolist()] for name in rows.columns}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def same(ours: Any, theirs: Any) -> bool:
    """Equal; numbers within 1e-9, relative or absolute."""
    theirs = _plain(theirs)
    if ours is None or theirs is None or isinstance(ours, str | list | date):
        return ours == theirs
    return math.isclose(ours, theirs, rel_tol=1e-9, abs_tol=1e-9)


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return value
    if value is None or pd.isna(value):
        return None
    if isinstance(value, pd.Timestamp) and value.tzinfo is None:
        return value.date()
    return value
