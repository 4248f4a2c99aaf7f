"""What the catalogue says of a table before anything is built: columns, what they are made of, where the code is.

All of it is derived from the table's declaration and from the record of its lineage; nothing is written here.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg

import nba_assets
from nba_assets.orchestration.partitions import TIME_ZONE
from nba_assets.schema.contract import Column, columns_of
from nba_assets.schema.table import Table
from nba_assets.settings import Settings
from nba_assets.sources.registry import SOURCES
from nba_assets.tables import SCHEDULE, TIERS
from nba_assets.tables.lineage import made_of
from nba_assets.text import joined
from nba_assets.warehouse.ddl import DUCKDB_TYPES
from nba_assets.warehouse.relations import relation_of

COVERAGE_EVERY_DAY = dg.FreshnessPolicy.cron("30 9 * * *", timedelta(minutes=31), TIME_ZONE)
"""The matrix is computed at nine, whatever became of the tables; half an hour is room for runs that are queued."""

_SCHEDULE_EVERY_MORNING = dg.FreshnessPolicy.cron("0 9 * * *", timedelta(hours=9), TIME_ZONE)
"""The schedule of the day is read from six o'clock on, also in summer: a date without games has a partition, too."""

_MOST_SOURCES = 3
_PACKAGE = Path(nba_assets.__file__).parent


def tags_of(table: Table, settings: Settings) -> dict[str, str]:
    """What the catalogue can be filtered by: phase, tier, and whether others wait for it."""
    is_critical = settings.policies[table.name].critical and not table.optional
    phase = table.phase.value.replace(" ", "_")
    return {"phase": phase, "critical": str(is_critical).lower(), "tier": str(TIERS[table.name])}


def metadata_of(table: Table, settings: Settings) -> dict[str, Any]:
    """The metadata of a table's asset."""
    page, sources = f"docs/tables/{table.name}.md", made_of(table)
    metadata: dict[str, Any] = {
        "dagster/column_schema": dg.TableSchema(
            columns=[_column(c, sources[c.name]) for c in columns_of(table.contract)]
        ),
        "dagster/table_name": relation_of(table).qualified,
        "dagster/code_references": dg.CodeReferencesMetadataValue(code_references=[_code(table, settings)]),
        "nba/key": ", ".join(table.keys),
        "nba/available": table.phase.value,
        "nba/dictionary": dg.MetadataValue.url(f"{settings.code_url}/{page}") if settings.code_url else page,
    }
    deps = _deps(sources)
    return metadata | ({"dagster/column_lineage": dg.TableColumnLineage(deps)} if deps else {})


def freshness_of(table: Table, settings: Settings) -> dg.FreshnessPolicy | None:
    """A policy where Dagster's words are true: it asks when anything of an asset was built last, whichever date.

    Of the schedule that is every morning, where someone can be asked for it and the clock is the real one. Of no other
    table: days without games and summers would be late, and an old date built again would make a late one fresh.
    """
    source = SOURCES[settings.source]
    is_live = not source.is_made_up and not source.may_have_ended
    if table is not SCHEDULE or not is_live or settings.now is not None or settings.partitions_end is not None:
        return None
    return _SCHEDULE_EVERY_MORNING


def _column(column: Column, sources: Sequence[str]) -> dg.TableColumn:
    """Its description says what it is made of, too: Dagster's open-source UI does not draw the lineage of columns."""
    unit = f" [{column.unit}]" if column.unit else ""
    of = f" ← {joined(sources, _MOST_SOURCES)}" if sources else ""
    return dg.TableColumn(
        name=column.name,
        type=DUCKDB_TYPES[column.type],
        description=f"{column.description}{unit}{' (key)' if column.is_key else ''}{of}",
        constraints=dg.TableColumnConstraints(nullable=column.nullable, unique=False),
    )


def _deps(sources: Mapping[str, Sequence[str]]) -> dict[str, list[dg.TableColumnDep]]:
    """The columns of other assets that each column is made of; without those that are made of none."""
    found = {}
    for column, names in sources.items():
        if names:
            found[column] = [dg.TableColumnDep(dg.AssetKey(of), name) for of, name in (n.split(".") for n in names)]
    return found


def _code(table: Table, settings: Settings) -> dg.LocalFileCodeReference | dg.UrlCodeReference:
    """Where the table is declared: its contract, with the functions below. Not the factory that makes assets of it."""
    file = Path(inspect.getfile(table.contract))
    line = inspect.getsourcelines(table.contract)[1]
    within = file.relative_to(_PACKAGE.parent).as_posix() if file.is_relative_to(_PACKAGE) else None
    if settings.code_url and within:
        return dg.UrlCodeReference(url=f"{settings.code_url}/{within}#L{line}", label=within)
    return dg.LocalFileCodeReference(file_path=str(file), line_number=line, label=within or file.name)
