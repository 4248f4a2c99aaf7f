"""The data dictionary: one Markdown page per table, made of its contract and nothing else.

`python -m nba_assets.tables.dictionary docs/tables` writes the pages.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from nba_assets.schema.contract import NEVER, Column, columns_of
from nba_assets.schema.feature import Feature, FeatureSet
from nba_assets.schema.graph import reads_of
from nba_assets.schema.table import Input, Phase, Table
from nba_assets.tables import TABLES
from nba_assets.tables.lineage import made_of

_WHEN = {
    Phase.RAW: "facts of a date, as the source tells them",
    Phase.POST_GAME: "after the games of its date",
    Phase.PRE_GAME: "before the first tip-off of its date",
}

_WHAT_FROM_MEANS = """\
*From* are the columns that change it, found by experiment. Every column also depends on which rows there are, and they
are found by date, season, game, team and player, as told under "Reads": where *from* is empty, on nothing else."""


def pages() -> dict[str, str]:
    """File name -> text: README.md with all tables, and a page for each."""
    return {"README.md": _overview()} | {f"{name}.md": _page(table) for name, table in TABLES.items()}


def write_pages(directory: Path) -> list[Path]:
    """Write all pages; returns the files that changed."""
    directory.mkdir(parents=True, exist_ok=True)
    changed = []
    for name, text in pages().items():
        file = directory / name
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
            changed.append(file)
    return changed


def _overview() -> str:
    lines = [
        "# Data dictionary",
        "",
        "One page per table, in the order of the graph. Made from the contracts in `nba_assets/tables/` by",
        "`python -m nba_assets.tables.dictionary docs/tables`; do not edit.",
        "",
        "| table | dataset | known | columns | what a row is |",
        "|---|---|---|---|---|",
    ]
    for name, table in TABLES.items():
        summary = table.description.splitlines()[0]
        size = len(columns_of(table.contract))
        lines.append(f"| [{name}]({name}.md) | {table.dataset} | {_WHEN[table.phase]} | {size} | {_cell(summary)} |")
    return "\n".join(lines) + "\n"


def _page(table: Table) -> str:
    lines = [
        f"# {table.dataset}.{table.name}",
        "",
        table.description,
        "",
        f"- **Known:** {_WHEN[table.phase]}{'; optional' if table.optional else ''}",
        f"- **Partitioned by:** `{table.partition}`",
        f"- **Key:** {_names(table.keys)}",
        *_inputs(table),
        "",
        *_columns(table),
        "",
        *(_features(table.features) if table.features else []),
        "[All tables](README.md)",
    ]
    return "\n".join(lines) + "\n"


def _inputs(table: Table) -> list[str]:
    lines = (
        [f"- **Reads of the source:** {_names([str(r.value) for r in table.result_sets])}"] if table.result_sets else []
    )
    if table.inputs:
        lines.append("- **Reads:**")
        lines += [_input(table, input_) for input_ in table.inputs]
    return lines


def _input(table: Table, input_: Input) -> str:
    """The table, when it is read, and over which windows: "season's dates before D: of the team, last 10 games"."""
    ways = dict.fromkeys(str(read) for read in reads_of(table, input_, TABLES))
    found = f": {'; '.join(ways)}" if ways else ""
    return f"  - [{input_.table}]({input_.table}.md): {input_.rule.value}{found}"


def _columns(table: Table) -> list[str]:
    """The columns, and of a table that is made of others what each is made of, as it was found by experiment."""
    found = made_of(table)
    sources = found if any(found.values()) else None
    heads = ["column", "type", "unit", "NULL", "range", "description", *(["from"] if sources else [])]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for column in columns_of(table.contract):
        of = [] if sources is None else [_from(sources[column.name])]
        lines.append(f"| {' | '.join([*_cells(column), *of])} |")
    if sources is not None:
        lines += ["", _WHAT_FROM_MEANS]
    return lines


def _cells(column: Column) -> list[str]:
    name = f"**{column.name}**" if column.is_key else column.name
    range_ = _range(column.minimum, column.maximum)
    null = "" if not column.nullable else NEVER if column.null_when == NEVER else "yes"
    return [name, column.type.value, column.unit or "", null, range_, _cell(column.description)]


def _from(sources: Sequence[str]) -> str:
    """ "raw_shots: made, zone; raw_team_boxscores: fga" """
    by_table: dict[str, list[str]] = {}
    for source in sources:
        table, column = source.split(".")
        by_table.setdefault(table, []).append(column)
    return "; ".join(f"{table}: {', '.join(columns)}" for table, columns in by_table.items())


def _features(features: FeatureSet) -> list[str]:
    """The list of features; a row without a critical one is not production-ready."""
    return [
        "## Features",
        "",
        f"The {len(features)} features of version `{features.version}`, in the order of the vector. A row that lacks a",
        "critical one is not production-ready.",
        "",
        "| feature | definition | unit | range | NULL | critical | source |",
        "|---|---|---|---|---|---|---|",
        *(_feature(feature) for feature in features),
        "",
    ]


def _feature(feature: Feature) -> str:
    critical, range_ = "yes" if feature.critical else "", _range(*feature.bounds)
    what = f"{feature.name} | {_cell(feature.definition)} | {feature.unit} | {range_} | {feature.null_when}"
    return f"| {what} | {critical} | {_names(feature.sources)} |"


def _range(minimum: float | None, maximum: float | None) -> str:
    if minimum is None and maximum is None:
        return ""
    if maximum is None:
        return f"≥ {minimum:g}"
    return f"≤ {maximum:g}" if minimum is None else f"{minimum:g} … {maximum:g}"


def _names(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    for written in write_pages(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/tables")):
        print(written)
