"""Rows against their contract: columns, types, ranges, and keys that are there once. Violations are kept by date."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

import pandas as pd
from pandera.errors import SchemaError, SchemaErrors

from nba_assets.partition import Cause, Finding, finding
from nba_assets.schema.contract import is_kept
from nba_assets.schema.table import Table


def violations(table: Table, rows: pd.DataFrame, days: Sequence[date]) -> dict[date, Finding]:
    """What breaks the contract, of each date where something does."""
    return _of_contract(table, rows, days) | _of_keys(table, rows)


def _of_contract(table: Table, rows: pd.DataFrame, days: Sequence[date]) -> dict[date, Finding]:
    if is_kept(table.contract, rows):
        return {}
    try:
        table.contract.validate(rows, lazy=True)
    except (SchemaErrors, SchemaError) as error:
        return _by_date(table, rows, error, days)
    return {}


def _by_date(
    table: Table, rows: pd.DataFrame, error: SchemaErrors | SchemaError, days: Sequence[date]
) -> dict[date, Finding]:
    cases = error.failure_cases
    if not isinstance(cases, pd.DataFrame) or cases["index"].isna().any():
        return dict.fromkeys(days, finding(Cause.CONTRACT_VIOLATED, str(error).splitlines()[0], broken=[]))
    texts: dict[date, list[str]] = defaultdict(list)
    broken: dict[date, set[str]] = defaultdict(set)
    for case in cases.to_dict("records"):
        row = rows.loc[case["index"]]
        day = row[table.partition].date()
        entity = ", ".join(f"{key} {row[key]}" for key in table.keys if key != table.partition)
        texts[day].append(f"{case['column']} = {case['failure_case']} fails {case['check']} ({entity})")
        broken[day].add(f"{case['column']} {str(case['check']).partition('(')[0]}")
    return {day: finding(Cause.CONTRACT_VIOLATED, *cases, broken=sorted(broken[day])) for day, cases in texts.items()}


def _of_keys(table: Table, rows: pd.DataFrame) -> dict[date, Finding]:
    twice = rows[rows.duplicated(table.keys, keep=False)]
    if twice.empty:
        return {}
    keys = [key for key in table.keys if key != table.partition]
    found = {}
    for day, of_day in twice.groupby(twice[table.partition].dt.date):
        counts = of_day.groupby(keys, dropna=False).size()
        named = [f"{' '.join(map(str, key if isinstance(key, tuple) else (key,)))} × {n}" for key, n in counts.items()]
        found[day] = finding(Cause.DUPLICATE_KEYS, *named)
    return found
