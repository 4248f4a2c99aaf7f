"""Every table computed once on nothing, from frames that have the declared columns only: what else it reads shows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import pandas as pd

from nba_assets.schema.contract import empty, names_of
from nba_assets.schema.evidence import Evidence
from nba_assets.schema.graph import GraphError
from nba_assets.schema.table import Input, Inputs, Table, TimeRule
from nba_assets.sources.base import COLUMNS, conform
from nba_assets.tables.games import ANNOUNCED_COLUMNS

_NO_DATES = pd.DatetimeIndex([])
_HISTORY = (TimeRule.BEFORE_DATE, TimeRule.DAY_BEFORE)


def rehearse(tables: Mapping[str, Table]) -> None:
    """GraphError if a table reads a column that its inputs do not declare; names the table and the column."""
    for table in tables.values():
        inputs = _nothing(table, tables)
        try:
            rows = table.shape(table.compute(inputs, _NO_DATES))
            table.expect(Evidence(rows, inputs, _NO_DATES, table.policy))
            if table.reject is not None:
                table.reject(inputs, _NO_DATES)
        except KeyError as error:
            raise GraphError(_undeclared(table, str(error.args[0]), tables)) from error


def _nothing(table: Table, tables: Mapping[str, Table]) -> Inputs:
    """Inputs without rows, in their declared columns and types."""
    return Inputs(
        on_date=_frames((i for i in table.inputs if i.rule not in _HISTORY), tables),
        before=_frames((i for i in table.inputs if i.rule in _HISTORY), tables) | _own_history(table),
        source={
            str(result_set): conform(pd.DataFrame({name: [] for name in COLUMNS[result_set]}), result_set, origin="")
            for result_set in (*table.result_sets, *table.evidence)
        },
    )


def _own_history(table: Table) -> dict[str, pd.DataFrame]:
    return {table.name: table.empty()[list(table.own_history)]} if table.own_history else {}


def _frames(inputs: Iterable[Input], tables: Mapping[str, Table]) -> dict[str, pd.DataFrame]:
    return {i.table: empty(tables[i.table].contract)[_columns(i, tables)] for i in inputs}


def _columns(input_: Input, tables: Mapping[str, Table]) -> list[str]:
    if input_.rule is TimeRule.ANNOUNCED:
        return ANNOUNCED_COLUMNS
    return list(input_.columns or names_of(tables[input_.table].contract))


def _undeclared(table: Table, missing: str, tables: Mapping[str, Table]) -> str:
    """The missing columns by the tables that have them; what pandas says, if it is none of the inputs."""
    found = [
        f"{i.table}.{name}"
        for i in table.inputs
        for name in names_of(tables[i.table].contract)
        if name not in _columns(i, tables) and re.search(rf"\b{name}\b", missing)
    ]
    return f"table {table.name} reads {' or '.join(dict.fromkeys(found)) or missing}, which its inputs do not declare"
