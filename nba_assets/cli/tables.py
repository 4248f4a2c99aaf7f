"""`tables` and `export`: what exists, and a range of it as a file."""

from __future__ import annotations

import os
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer
from rich.table import Table as RichTable

from nba_assets.build.session import open_session
from nba_assets.cli.console import (
    AsFormat,
    End,
    Format,
    Quiet,
    Start,
    UsageError,
    err,
    errors_explained,
    out,
    print_json,
    read_range,
)
from nba_assets.quality.audit import SHORT_NAMES
from nba_assets.tables import TABLES, TIERS, Table
from nba_assets.tables.contract import columns_of


def tables(
    name: Annotated[str | None, typer.Argument(help="Show the columns of this table.")] = None,
    format: AsFormat = Format.TABLE,
) -> None:
    """List the tables with their keys, or the columns of one."""
    with errors_explained():
        if name is None:
            _list_tables(format)
        else:
            _list_columns(find_table(name), format)


def export(
    table: Annotated[str, typer.Argument(help="Table name, as `nba-assets tables` lists it.")],
    start: Start,
    end: End,
    file: Annotated[Path, typer.Option("--out", help="A .parquet or .csv file.")],
    quiet: Quiet = False,
) -> None:
    """Write the rows of a range to a Parquet or CSV file."""
    with errors_explained():
        spec = find_table(table)
        if file.suffix not in (".parquet", ".csv"):
            raise UsageError(f"--out {file}: the name must end in .parquet or .csv")
        session = open_session()
        days = read_range(session, start, end)
        session.warehouse.prepare()
        rows = session.warehouse.read(spec, start=days[0], end=days[-1])
        _write(rows, file)
        if not quiet:
            err.print(f"{len(rows):,} rows of {spec.name} {start} … {end} written to {file}", highlight=False)


def find_table(name: str) -> Table:
    """The table of that name; UsageError with the nearest one."""
    if name not in TABLES:
        nearest = get_close_matches(name, TABLES, n=1, cutoff=0.0)[0]
        raise UsageError(f"there is no table '{name}'; did you mean '{nearest}'? See `nba-assets tables`.")
    return TABLES[name]


def _write(rows: pd.DataFrame, file: Path) -> None:
    """The file is the old one or the new one, never a part."""
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.suffix == ".parquet":
            rows.to_parquet(part, index=False)
        else:
            rows.to_csv(part, index=False)
        part.replace(file)
    except OSError as error:
        raise UsageError(f"--out {file}: cannot be written ({error})") from error
    finally:
        part.unlink(missing_ok=True)


def _list_tables(format_: Format) -> None:
    if format_ == Format.JSON:
        print_json([_described(table) for table in TABLES.values()])
        return
    shown = RichTable(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for head in ("table", "short", "dataset", "available", "partition", "key", "columns", "what it is"):
        shown.add_column(head, justify="right" if head == "columns" else "left", overflow="fold")
    for table in TABLES.values():
        told = _described(table)
        key = ", ".join(column for column in table.keys if column != table.partition)
        shown.add_row(
            table.name,
            told["short"],
            table.dataset,
            table.phase.value,
            table.partition,
            key,
            str(len(told["columns"])),
            table.description.splitlines()[0],
        )
    out.print(shown)


def _described(table: Table) -> dict[str, Any]:
    return {
        "table": table.name,
        "short": SHORT_NAMES[table.name],
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


def _list_columns(table: Table, format_: Format) -> None:
    columns = columns_of(table.contract)
    if format_ == Format.JSON:
        print_json(
            [
                {
                    "column": c.name,
                    "type": c.type.value,
                    "unit": c.unit,
                    "nullable": c.nullable,
                    "key": c.is_key,
                    "description": c.description,
                }
                for c in columns
            ]
        )
        return
    out.print(f"[bold]{table.dataset}.{table.name}[/]: {table.description}\n")
    shown = RichTable(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for head in ("column", "type", "unit", "NULL", "description"):
        shown.add_column(head, overflow="fold")
    for c in columns:
        name = f"{c.name} (key)" if c.is_key else c.name
        shown.add_row(name, c.type.value, c.unit or "", "yes" if c.nullable else "", c.description)
    out.print(shown)
