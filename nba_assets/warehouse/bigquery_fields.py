"""The columns of a stored table as BigQuery's API has them, beside those of a contract."""

from __future__ import annotations

from google.cloud import bigquery

from nba_assets.schema.contract import Column
from nba_assets.warehouse.ddl import column_description, is_required

_TYPES = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL"}
"""The API's names of types that SQL calls otherwise."""


def sql_type(field: bigquery.SchemaField) -> str:
    """The type of a stored column as SQL calls it."""
    name = _TYPES.get(field.field_type, field.field_type)
    return f"ARRAY<{name}>" if field.mode == "REPEATED" else name


def new_field(name: str, type_: str) -> bigquery.SchemaField:
    """A column of a type as SQL calls it, that may be NULL."""
    mode = "REPEATED" if type_.startswith("ARRAY<") else "NULLABLE"
    return bigquery.SchemaField(name, type_.removeprefix("ARRAY<").removesuffix(">"), mode=mode)


def changed(field: bigquery.SchemaField, column: Column | None) -> bigquery.SchemaField:
    """A stored column as the contract wants it: described, and REQUIRED only if it is and stays so."""
    as_stored = field.to_api_repr()
    if field.mode == "REQUIRED" and (column is None or not is_required(column)):
        as_stored["mode"] = "NULLABLE"
    if column is not None:
        as_stored["description"] = column_description(column)
    return bigquery.SchemaField.from_api_repr(as_stored)
