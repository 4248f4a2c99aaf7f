"""`tables` and `export`: what exists, and a range of it as a file."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer

from nba_assets.cli import completion
from nba_assets.cli.console import (
    AsFormat,
    Format,
    NamedStart,
    NotThereError,
    OptionalEnd,
    Quiet,
    UsageError,
    err,
    out,
    plain_table,
    print_json,
    require_place,
    written,
)
from nba_assets.cli.place import opened
from nba_assets.cli.selection import Last, OfSeason, required_dates
from nba_assets.overview.roots import next_step, roots_of
from nba_assets.partition import FINE, Cause
from nba_assets.planning.load import load_state
from nba_assets.planning.state import Cell
from nba_assets.schema.contract import Column, columns_of
from nba_assets.schema.fingerprint import are_other_rows, partition_hashes
from nba_assets.schema.table import Table
from nba_assets.session import Session
from nba_assets.tables import TABLES, TIERS
from nba_assets.tables.named import table_named
from nba_assets.text import counted, joined
from nba_assets.warehouse.base import OutOfContractError

_MOST_DATES = 3
_ROOM_FOR_ALL = 130


def tables(
    name: Annotated[
        str | None,
        typer.Argument(
            autocompletion=completion.table, help="Show the columns of this table, like ml_feature_store_v2 or MLFS."
        ),
    ] = None,
    format: AsFormat = Format.TABLE,
) -> None:
    """List the tables with their keys, or the columns of one."""
    if name is None:
        _list_tables(format)
    else:
        _list_columns(table_named(name), format)


def export(
    table: Annotated[
        str,
        typer.Argument(
            autocompletion=completion.table, help="Table, like ml_feature_store_v2, or its short name, like MLFS."
        ),
    ],
    file: Annotated[Path, typer.Option("--out", help="A .parquet or .csv file.")],
    start: NamedStart = None,
    end: OptionalEnd = None,
    last: Last = None,
    season: OfSeason = None,
    partial: Annotated[bool, typer.Option("--partial", help="Write what is there, though dates are not.")] = False,
    quiet: Quiet = False,
) -> None:
    """Write the rows of a range to a Parquet or CSV file; of the whole range, or with --partial of what is there.

    Dates that are computed and have no rows (no games, the season's first days) are there; dates whose rows are not
    those that were published are not.
    """
    spec = table_named(table)
    if file.suffix not in (".parquet", ".csv"):
        raise UsageError(f"--out {file}: the name must end in .parquet or .csv")
    require_place(file)
    session = opened(quiet=quiet)
    days = required_dates(session, start, end, last, season)
    try:
        rows = session.warehouse.read(spec, start=days[0], end=days[-1])
    except OutOfContractError as error:
        raise NotThereError(f"{error} {days[0]} {days[-1]}") from error
    _check(session, spec, days, rows, partial=partial)
    _write(rows, file)
    if not quiet:
        err.say(f"{counted(len(rows), 'row')} of {spec.name} {days[0]} … {days[-1]} written to {file}")


def _check(session: Session, table: Table, days: Sequence[date], rows: pd.DataFrame, *, partial: bool) -> None:
    """Warn of dates whose rows are out of date.

    Dates that are missing, or have other rows than were published, are a NotThereError; with --partial a warning.
    """
    state = load_state(session, days[0], days[-1], [table.name])
    contents = partition_hashes(rows, table.contract, days)
    cells = {day: state.cell(table.name, day) for day in days}
    altered = [cell for day, cell in cells.items() if _is_altered(cell, contents[day])]
    wrong = [cell for cell in cells.values() if cell.status not in FINE and cell not in altered]
    missing = [cell for cell in wrong if cell.published is None]
    outdated = [cell for cell in wrong if cell.published is not None]
    if outdated:
        repair = next_step(roots_of(state, outdated), days[-1])
        err.say("warning:", f"the rows of {_named(outdated, days)} are out of date. Next: {repair}")
    if altered:
        span_ = f"{altered[0].partition.day} {altered[-1].partition.day}"
        nothing = f"{table.name} has other rows than were published for {_named(altered, days)}."
        _refuse(nothing, f"Next: nba-assets repair {span_}", partial=partial)
    if missing:
        nothing = f"{table.name} has nothing for {_named(missing, days)}."
        _refuse(nothing, f"Next: {next_step(roots_of(state, missing), days[-1])}", partial=partial)


def _refuse(nothing: str, repair: str, *, partial: bool) -> None:
    if not partial:
        raise NotThereError(f"{nothing} Nothing is written. {repair}. Or write what is there, with --partial.")
    err.say("warning:", nothing, repair)


def _is_altered(cell: Cell, stands: str) -> bool:
    """Whether rows that were published are not the rows that stand: that is known, or `stands`, their content, says it.

    What an older version published in other columns cannot be compared.
    """
    if cell.published is None:
        return False
    if cell.findings and cell.findings[0].cause in (Cause.ROWS_ALTERED, Cause.CONTENT_ALTERED):
        return True
    published = cell.published.content_hash
    return published is not None and are_other_rows(published, stands)


def _named(cells: Collection[Cell], days: Sequence[date]) -> str:
    dates = joined([f"{cell.partition.day} {cell.status}" for cell in cells], _MOST_DATES)
    return f"{len(cells)} of {counted(len(days), 'date')} ({dates})"


def _write(rows: pd.DataFrame, file: Path) -> None:
    with written(file) as place:
        if file.suffix == ".parquet":
            rows.to_parquet(place, index=False)
        else:
            rows.to_csv(place, index=False)


def _list_tables(format_: Format) -> None:
    if format_ == Format.JSON:
        print_json({"tables": [_described(table) for table in TABLES.values()]})
        return
    heads = ["table", "short", "dataset", "available", "partition", "key", "columns", "what it is"]
    if out.width < _ROOM_FOR_ALL:
        heads = ["table", "short", "key", "what it is"]
    shown = plain_table(heads, right=["columns"], whole=["table", "short"])
    for table in TABLES.values():
        texts = _described(table) | {
            "key": ", ".join(column for column in table.keys if column != table.partition),
            "columns": len(columns_of(table.contract)),
            "what it is": table.description.splitlines()[0],
        }
        shown.add_row(*(str(texts[head]) for head in heads))
    out.print(shown)


def _described(table: Table) -> dict[str, Any]:
    return {
        "table": table.name,
        "short": table.short_name,
        "dataset": table.dataset,
        "available": table.phase.value,
        "tier": TIERS[table.name],
        "partition": table.partition,
        "key": table.keys,
        "optional": table.optional,
        "inputs": sorted(table.upstream),
        "columns": [column.name for column in columns_of(table.contract)],
        "description": table.description,
    }


def _column_as_dict(column: Column) -> dict[str, Any]:
    return {
        "column": column.name,
        "type": column.type.value,
        "unit": column.unit,
        "nullable": column.nullable,
        "key": column.is_key,
        "description": column.description,
    }


def _list_columns(table: Table, format_: Format) -> None:
    columns = columns_of(table.contract)
    if format_ == Format.JSON:
        print_json({"table": table.name, "columns": [_column_as_dict(column) for column in columns]})
        return
    out.print(f"[bold]{table.dataset}.{table.name}[/]: {table.description}\n")
    shown = plain_table(["column", "type", "unit", "NULL", "description"], whole=["column"])
    for c in columns:
        name = f"{c.name} (key)" if c.is_key else c.name
        shown.add_row(name, c.type.value, c.unit or "", "yes" if c.nullable else "", c.description)
    out.print(shown)
