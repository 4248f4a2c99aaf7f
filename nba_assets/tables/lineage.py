"""What each column of a table is made of: columns of the tables that it reads.

`lineage.json` is a record of what was found by experiment (`verification/lineage.py`), and never written by hand; a
test makes it again. To it are added the sources that features declare. Raw tables are made of what the source says.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from nba_assets.schema.contract import columns_of, names_of
from nba_assets.schema.graph import reads_of
from nba_assets.schema.reads import GAME, OPPONENT, PLAYER, TEAM
from nba_assets.schema.table import Table, TimeRule
from nba_assets.tables import TABLES
from nba_assets.tables.games import ANNOUNCED_COLUMNS

RECORD = Path(__file__).with_name("lineage.json")
SIDES = ("home_team", "away_team")
IDENTITIES = ("season", GAME, PLAYER, TEAM, OPPONENT)
"""Whom and when a row is about: it has them of the rows that it was found by."""

_BY = frozenset({*IDENTITIES, *SIDES})


def made_of(table: Table) -> dict[str, tuple[str, ...]]:
    """Column -> the "table.column" that its values depend on, in the order in which they are read.

    Which rows a row reads depends on `finders` as well, for every column. Empty for a column that only counts rows,
    or is the same everywhere, and for raw tables.
    """
    recorded = _recorded().get(table.name, {})
    declared = {feature.name: feature.sources for feature in table.features or ()}
    return {
        name: tuple(dict.fromkeys((*recorded.get(name, ()), *declared.get(name, ()))))
        for name in names_of(table.contract)
    }


def read_columns(table: Table) -> dict[str, list[str]]:
    """Input table -> its columns that are read, in the order of its contract."""
    found: dict[str, list[str]] = {}
    for input_ in table.inputs:
        every = names_of(TABLES[input_.table].contract)
        wanted = ANNOUNCED_COLUMNS if input_.rule is TimeRule.ANNOUNCED else input_.columns or every
        found[input_.table] = [name for name in every if name in {*found.get(input_.table, ()), *wanted}]
    return found


def finders(table: Table) -> tuple[str, ...]:
    """The "table.column" that say which rows a row reads: keys, identities, and what its Reads go by."""
    by = {name for i in table.inputs for read in reads_of(table, i, TABLES) for name in (read.by, read.of) if name}
    return tuple(
        f"{of}.{column.name}"
        for of, names in read_columns(table).items()
        for column in columns_of(TABLES[of].contract)
        if column.name in names and (column.is_key or column.name in by | _BY)
    )


def text_of(found: Mapping[str, Mapping[str, Sequence[str]]]) -> str:
    """The record as it is written: a line for each column."""
    tables = []
    for name, lineage in found.items():
        columns = ",\n".join(f"  {json.dumps(column)}: {json.dumps(list(of))}" for column, of in lineage.items())
        tables.append(f" {json.dumps(name)}: {{\n{columns}\n }}")
    return "{\n" + ",\n".join(tables) + "\n}\n"


@cache
def _recorded() -> dict[str, dict[str, list[str]]]:
    found: dict[str, dict[str, list[str]]] = json.loads(RECORD.read_text(encoding="utf-8"))
    return found
