"""`explain`: why a cell of the coverage matrix is what it is, down to its root causes."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from nba_assets.api.asked import read_date, read_range
from nba_assets.cli import completion
from nba_assets.cli.console import out, print_json
from nba_assets.cli.place import opened
from nba_assets.overview.explain import explain as explanation_of
from nba_assets.overview.explain_text import as_dict, as_tree
from nba_assets.tables.named import table_named


class ExplainFormat(StrEnum):
    """How an explanation is printed."""

    TREE = "tree"
    JSON = "json"


def explain(
    table: Annotated[
        str,
        typer.Argument(
            autocompletion=completion.table, help="Table, like ml_feature_store_v2, or its short name, like MLFS."
        ),
    ],
    day: Annotated[str, typer.Argument(metavar="DATE", help="Date of the partition, like 2021-11-29.")],
    full: Annotated[bool, typer.Option("--full", help="Of a partition that waits, show all its inputs.")] = False,
    format: Annotated[ExplainFormat, typer.Option("--format", help="tree or json.")] = ExplainFormat.TREE,
) -> None:
    """Explain one partition: its inputs, what is missing by name, and the command that repairs it."""
    session = opened(format)
    name = table_named(table).name
    [partition_day] = read_range(session, *[read_date(day, "DATE")] * 2)
    explanation = explanation_of(session, name, partition_day)
    if format == ExplainFormat.JSON:
        print_json(as_dict(explanation))
    else:
        out.print(as_tree(explanation, full=full))
