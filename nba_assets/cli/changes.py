"""What a command has changed in cells, or would: a line, the counts as JSON, and with --diff columns and names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Annotated, Any

import pandas as pd
import typer

from nba_assets.cli.console import out, plain_table
from nba_assets.engine.materialize import PartitionResult
from nba_assets.overview.player_names import player_names
from nba_assets.schema.changes import COUNTS, CellChange, Changes, total
from nba_assets.session import Session
from nba_assets.tables import TABLES
from nba_assets.text import counted

Diff = Annotated[
    bool, typer.Option("--diff", help="Show which columns change, and the largest change of each by name.")
]
_MOST_COLUMNS = 20
Names = Mapping[str, str]


def rows_line(results: Sequence[PartitionResult]) -> str | None:
    """ "rows: 12 added, 0 removed, 340 changed (1,020 cells) in 7 tables"; None if nothing was published."""
    if not any(result.outcome.is_published for result in results):
        return None
    found = _by_table(results)
    number = _unknown(results)
    unknown = f"; what stood in {counted(number, 'partition')} could not be read, and is not counted" if number else ""
    if not found:
        return f"rows: none added, removed or changed{unknown}"
    return f"rows: {_in_words(total(found.values()))} in {counted(len(found), 'table')}{unknown}"


def changes_as_dict(session: Session, results: Sequence[PartitionResult], *, diff: bool) -> dict[str, Any]:
    """The counts, in all and by table; with `diff` also the columns that changed."""
    by_table = tables_as_dicts(session, results, diff=diff)
    tables = [{"table": name} | by_table[name] for name in _by_table(results)]
    counts = total(_by_table(results).values()).counts
    return {**counts, "partitions_not_compared": _unknown(results), "tables": tables}


def tables_as_dicts(session: Session, results: Sequence[PartitionResult], *, diff: bool) -> dict[str, dict[str, Any]]:
    """The same of each table in which anything changes."""
    found = _by_table(results)
    names = _names(session, found.values()) if diff else {}
    return {
        name: changes.counts | ({"columns": _columns(changes, names)} if diff else {})
        for name, changes in found.items()
    }


def print_changes(session: Session, results: Sequence[PartitionResult]) -> None:
    """Table by table the numbers, the columns with the most changed cells, and the largest change of each."""
    found = _by_table(results)
    names = _names(session, found.values())
    for name, changes in found.items():
        out.say(f"{name}: {_in_words(changes)}")
        if changes.columns:
            _print_columns(changes, names)


def _print_columns(changes: Changes, names: Names) -> None:
    columns = _columns(changes, names)
    lines = plain_table(["  column", "cells", "largest change"], right=["cells"])
    for of_column in columns[:_MOST_COLUMNS]:
        largest = of_column["largest"]
        before, after = _texts(largest["before"], largest["after"])
        change = f"{largest['date']} {largest['entity']}: {before} → {after}"
        lines.add_row(f"  {of_column['column']}", f"{of_column['cells']:,}", change)
    out.print(lines, markup=False)
    if len(columns) > _MOST_COLUMNS:
        out.say(f"  and {counted(len(columns) - _MOST_COLUMNS, 'more column')}; --format json has all")


def _by_table(results: Iterable[PartitionResult]) -> dict[str, Changes]:
    """The changes of each table that has any, in the order of the graph."""
    parts: dict[str, list[Changes]] = defaultdict(list)
    for result in results:
        if result.changes is not None:
            parts[result.outcome.partition.table].append(result.changes)
    found = {name: total(parts[name]) for name in TABLES if name in parts}
    return {name: changes for name, changes in found.items() if any(changes.counts.values())}


def _unknown(results: Iterable[PartitionResult]) -> int:
    return sum(result.outcome.is_published and result.changes is None for result in results)


def _in_words(changes: Changes) -> str:
    added, removed, changed, cells = (changes.counts[name] for name in COUNTS)
    return f"{added:,} added, {removed:,} removed, {changed:,} changed ({counted(cells, 'cell')})"


def _columns(changes: Changes, names: Names) -> list[dict[str, Any]]:
    """The columns that changed, those with the most cells first."""
    largest = {cell.column: cell for cell in changes.largest}
    in_order = sorted(changes.columns.items(), key=lambda one: (-one[1], one[0]))
    return [
        {"column": column, "cells": cells, "largest": _as_dict(largest[column], names)} for column, cells in in_order
    ]


def _as_dict(cell: CellChange, names: Names) -> dict[str, Any]:
    entity = _entity(cell.row, names)
    return {"date": str(cell.day), "entity": entity, "row": cell.row, "before": cell.before, "after": cell.after}


def _entity(row: Mapping[str, Any], names: Names) -> str:
    """ "Damian Lillard (MIL)", "0022300195 MIL", "0022300195 event_id 23": whose row it is."""
    name, team = row.get("player_name") or names.get(str(row.get("player_id"))), row.get("team")
    if name:
        return f"{name} ({team})" if team else name
    return " ".join(value if isinstance(value, str) else f"{key} {value}" for key, value in row.items() if value)


def _names(session: Session, found: Collection[Changes]) -> Names:
    """The names of players of whom the changed rows have only the id."""
    cells = [cell for changes in found for cell in changes.largest]
    days = [cell.day for cell in cells if "player_id" in cell.row and "player_name" not in cell.row]
    return player_names(session.warehouse, min(days), max(days)) if days else {}


def _texts(before: Any, after: Any) -> tuple[str, str]:
    """Both values in few digits, or in all where few do not tell them apart."""
    short = _text(before), _text(after)
    return short if short[0] != short[1] else (str(before), str(after))


def _text(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, pd.Timestamp) and value.tz is None:
        return str(value.date())
    if isinstance(value, list):
        return ", ".join(value) or "none"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
