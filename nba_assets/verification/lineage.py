"""Which columns each column of a table is made of, found by experiment: alter what is read, and see what changes.

`compute` is a pure function: what comes out differently depends on what was altered. Nobody has to declare it, and
nobody can forget it: `python -m nba_assets.verification.lineage` finds it all, for `tables/lineage.json`.

The columns by which rows are found are not altered: with other keys a row reads other rows, and everything changes. A
table's own keys and identities are those of the first table read that has them all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd

from nba_assets.schema.contract import Column, ColumnType, columns_of
from nba_assets.schema.graph import basis_of
from nba_assets.schema.reads import OPPONENT, TEAM
from nba_assets.schema.table import Inputs, Table
from nba_assets.sources.simulated import SimulatedSource
from nba_assets.tables import TABLES
from nba_assets.tables.lineage import IDENTITIES, RECORD, SIDES, finders, read_columns, text_of
from nba_assets.verification.replay import POST_GAME_TABLES, PRE_GAME_TABLES, raw_tables, replay

COMPUTED = (*POST_GAME_TABLES, *PRE_GAME_TABLES)
_SEASON = "2021-22"
_EARLY = tuple(date(2021, 11, 26) + timedelta(days=n) for n in range(12))
_LATE = tuple(date(2022, 4, 14) + timedelta(days=n) for n in range(4))
"""Dates of the regular season, and some on which the play-in ends and the playoffs begin."""

_Alteration = Callable[[pd.Series, Column], pd.Series | None]


def found_by_experiment() -> dict[str, dict[str, list[str]]]:
    """Table -> lineage of every computed table: what two parts of a season show together."""
    parts = [what_is_read(COMPUTED, dates) for dates in (_EARLY, _LATE)]
    return {name: _together([lineage(TABLES[name], *part[name]) for part in parts], TABLES[name]) for name in COMPUTED}


def _together(found: Sequence[dict[str, list[str]]], table: Table) -> dict[str, list[str]]:
    order = [f"{of}.{column}" for of, columns in read_columns(table).items() for column in columns]
    return {name: sorted({of for one in found for of in one[name]}, key=order.index) for name in found[0]}


def what_is_read(
    tables: Sequence[str], dates: Sequence[date] = _EARLY, *, seed: int = 2021
) -> dict[str, tuple[Inputs, pd.DatetimeIndex]]:
    """What tables are given, and the dates that they are asked for, on some dates of a simulated season."""
    today = dates[-1] + timedelta(days=30)
    source = SimulatedSource(seed, today=today)
    raw = raw_tables(source, [_SEASON], read_at=pd.Timestamp(today, tz="UTC"))
    read: dict[str, tuple[Inputs, pd.DatetimeIndex]] = {}

    def keeping(table: Table) -> Table:
        def compute(inputs: Inputs, days: pd.DatetimeIndex) -> pd.DataFrame:
            read[table.name] = (inputs, days)
            return table.compute(inputs, days)

        return replace(table, compute=compute)

    replay(raw, dates, tables=tables, graph={name: keeping(table) for name, table in TABLES.items()})
    return {name: read[name] for name in tables}


def lineage(table: Table, inputs: Inputs, dates: pd.DatetimeIndex) -> dict[str, list[str]]:
    """Every column of the table with the "table.column" that it is made of, in the order in which they are read."""
    as_it_is = table.shape(table.compute(inputs, dates))
    found: dict[str, list[str]] = {column.name: [] for column in columns_of(table.contract)}
    for column in alterable(table):
        for name in changed_by(table, as_it_is, inputs, dates, column):
            found[name].append(column)
    for name in (table.partition, *IDENTITIES):
        if name in found:
            found[name] = _taken_from(name, table, as_it_is[name], inputs)
    return found


def alterable(table: Table) -> list[str]:
    """The "table.column" that it reads, without those by which rows are found."""
    held = finders(table)
    read = [f"{of}.{name}" for of, names in read_columns(table).items() for name in names]
    return [column for column in read if column not in held]


def changed_by(table: Table, as_it_is: pd.DataFrame, inputs: Inputs, dates: pd.DatetimeIndex, column: str) -> list[str]:
    """The table's columns that come out differently with other values in one column that it reads."""
    changed: set[str] = set()
    for altered in _alterations(inputs, *column.split(".")):
        with suppress(ValueError, TypeError):  # nonsense that a table refuses tells nothing
            changed |= _differences(table, as_it_is, table.shape(table.compute(altered, dates)))
    return [one.name for one in columns_of(table.contract) if one.name in changed]


def _differences(table: Table, before: pd.DataFrame, after: pd.DataFrame) -> set[str]:
    """The columns whose values differ in rows that are there both times."""
    both = before.merge(after, on=table.keys, suffixes=(" before", " after"), validate="one_to_one")
    others = [name for name in before.columns if name not in table.keys]
    return {name for name in others if not both[f"{name} before"].equals(both[f"{name} after"])}


def _taken_from(name: str, table: Table, values: pd.Series, inputs: Inputs) -> list[str]:
    """The table read that has all the values under this name: the one whose rows it has, or else the first."""
    known, basis = set(values.dropna()), basis_of(table, TABLES)
    frames = [(of, rows) for side in (inputs.on_date, inputs.before) for of, rows in side.items()]
    for of, rows in sorted(frames, key=lambda read: basis is None or read[0] != basis.name):
        same = TABLES[of].partition if name == table.partition else name
        for columns in ((same,), SIDES if name in (TEAM, OPPONENT) else ()):
            if columns and set(columns) <= set(rows) and known <= set(pd.concat([rows[one] for one in columns])):
                return [f"{of}.{one}" for one in columns]
    return []


def _alterations(inputs: Inputs, of: str, column: str) -> Iterator[Inputs]:
    """The same inputs with other values in one column of one table, in several ways."""
    declared = next(one for one in columns_of(TABLES[of].contract) if one.name == column)
    for alter in (_the_next, _mixed, _larger, _any_allowed(of, column), _partly_unknown, _known_everywhere):
        on_date, before = dict(inputs.on_date), dict(inputs.before)
        altered = False
        for frames in (on_date, before):
            if of in frames and column in frames[of]:
                rows = frames[of]
                values = alter(rows[column], declared)
                if values is not None:
                    frames[of] = rows.assign(**{column: values.astype(rows[column].dtype)})
                    altered = True
        if altered:
            yield replace(inputs, on_date=on_date, before=before)


def _the_next(values: pd.Series, column: Column) -> pd.Series | None:
    """Every value becomes the next one that occurs; a flag its opposite."""
    if column.type is ColumnType.BOOLEAN:
        return ~values
    if column.type is ColumnType.STRING_LIST:
        return values.map(lambda texts: [*texts, "another"])
    known = sorted(values.dropna().unique())
    return values.map(dict(zip(known, [*known[1:], *known[:1]], strict=True))) if len(known) > 1 else None


def _mixed(values: pd.Series, _: Column) -> pd.Series:
    """The same values in other rows."""
    known = values.dropna()
    mixed = values.copy()
    mixed[known.index] = known.array[_chance().permutation(len(known))]
    return mixed


def _larger(values: pd.Series, column: Column) -> pd.Series | None:
    """Numbers and moments that do not occur otherwise."""
    if column.type in (ColumnType.INTEGER, ColumnType.FLOAT):
        return values * 25 + 1
    return values + pd.Timedelta(hours=7) if column.type is ColumnType.TIMESTAMP else None


def _any_allowed(of: str, name: str) -> _Alteration:
    """Texts that the contract allows, also those that do not occur on these dates."""
    checks = TABLES[of].contract.to_schema().columns[name].checks
    allowed = [value for check in checks for value in (check.statistics or {}).get("allowed_values", ())]

    def choose(values: pd.Series, _: Column) -> pd.Series | None:
        if not allowed:
            return None
        chosen = pd.Series(_chance().choice(np.array(allowed, dtype=object), len(values)), index=values.index)
        return chosen.where(values.notna(), None)

    return choose


def _partly_unknown(values: pd.Series, column: Column) -> pd.Series | None:
    return values.mask(_chance().random(len(values)) < 0.3) if column.nullable else None


def _known_everywhere(values: pd.Series, column: Column) -> pd.Series | None:
    """Numbers and dates where there are none, also in a column that nobody can fill yet."""
    if column.type not in (ColumnType.INTEGER, ColumnType.FLOAT, ColumnType.DATE) or values.notna().all():
        return None
    numbers = pd.Series(_chance().integers(1, 60, len(values)), index=values.index)
    if column.type is ColumnType.DATE:
        return values.fillna(pd.Timestamp("1980-01-20") + pd.to_timedelta(100 * numbers, unit="D"))
    return values.fillna(numbers)


def _chance() -> np.random.Generator:
    return np.random.default_rng(1)


if __name__ == "__main__":
    RECORD.write_text(text_of(found_by_experiment()), encoding="utf-8")
