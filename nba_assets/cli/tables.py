"""`tables` and `export`: what exists, and a range of it as a file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer

from nba_assets.api.asked import NotThereError, columns_asked
from nba_assets.api.frames import typed
from nba_assets.api.standing import Standing, standing
from nba_assets.cli import completion
from nba_assets.cli.console import (
    AsFormat,
    Format,
    NamedStart,
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
from nba_assets.cli.selection import Last, OfSeason, listed_in, required_dates
from nba_assets.schema.contract import Column, ColumnType, column_as_dict, columns_of
from nba_assets.schema.table import Table
from nba_assets.tables import TABLES, TIERS
from nba_assets.tables.named import table_named
from nba_assets.text import counted

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
    columns: Annotated[
        str | None, typer.Option("--columns", metavar="A,B,…", help="Only these columns, in this order.")
    ] = None,
    partial: Annotated[bool, typer.Option("--partial", help="Write what is there, though dates are not.")] = False,
    quiet: Quiet = False,
) -> None:
    """Write the rows of a range to a Parquet or CSV file; of the whole range, or with --partial of what is there.

    Dates that are computed and have no rows (no games, the season's first days) are there; dates whose rows are not
    those that were published are not. Every file has the date as game_date, too; in CSV lists are JSON.
    """
    spec = table_named(table)
    if file.suffix not in (".parquet", ".csv"):
        raise UsageError(f"--out {file}: the name must end in .parquet or .csv")
    require_place(file)
    session = opened(quiet=quiet)
    chosen = columns_asked(spec, listed_in(columns))
    days = required_dates(session, start, end, last, season)
    found = standing(session, spec, days, typed=start is not None)
    _tell(found, partial=partial)
    _write(typed(found.rows, spec, chosen), chosen, file)
    if not quiet:
        err.say(f"{counted(len(found.rows), 'row')} of {spec.name} {days[0]} … {days[-1]} written to {file}")


def _tell(found: Standing, *, partial: bool) -> None:
    """Warn of dates whose rows are out of date; what is not there is a NotThereError, with --partial a warning."""
    if outdated := found.outdated():
        err.say("warning:", outdated.what, outdated.next_step)
    for lack in found.lacks():
        if not partial:
            how = "Or write what is there, with --partial."
            raise NotThereError(f"{lack.what} Nothing is written. {lack.next_step}. {how}")
        err.say("warning:", lack.what, lack.next_step)


def _write(rows: pd.DataFrame, columns: Sequence[Column], file: Path) -> None:
    """Parquet as pandas reads it again; CSV with lists as JSON, and a line per row."""
    lists = [column.name for column in columns if column.type == ColumnType.STRING_LIST]
    with written(file) as place:
        if file.suffix == ".parquet":
            rows.to_parquet(place, index=False)
        else:
            rows.assign(**{name: rows[name].map(_as_json, na_action="ignore") for name in lists}).to_csv(
                place, index=False
            )


def _as_json(texts: list[str]) -> str:
    return json.dumps(texts, ensure_ascii=False)


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


def _without_bounds(column: Column) -> dict[str, Any]:
    return {name: value for name, value in column_as_dict(column).items() if name not in ("minimum", "maximum")}


def _list_columns(table: Table, format_: Format) -> None:
    columns = columns_of(table.contract)
    if format_ == Format.JSON:
        print_json({"table": table.name, "columns": [_without_bounds(column) for column in columns]})
        return
    out.print(f"[bold]{table.dataset}.{table.name}[/]: {table.description}\n")
    shown = plain_table(["column", "type", "unit", "NULL", "description"], whole=["column"])
    for c in columns:
        name = f"{c.name} (key)" if c.is_key else c.name
        shown.add_row(name, c.type.value, c.unit or "", "yes" if c.nullable else "", c.description)
    out.print(shown)
