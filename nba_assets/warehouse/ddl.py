"""Contract -> DDL, Arrow schema and migrations: the only place that knows the warehouses' type names."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pyarrow as pa

from nba_assets.schema.contract import Column, ColumnType, Contract, columns_of, keys_of, partition_column

DUCKDB_TYPES: dict[ColumnType, str] = {
    ColumnType.DATE: "DATE",
    ColumnType.TIMESTAMP: "TIMESTAMP",
    ColumnType.STRING: "VARCHAR",
    ColumnType.STRING_LIST: "VARCHAR[]",
    ColumnType.INTEGER: "BIGINT",
    ColumnType.FLOAT: "DOUBLE",
    ColumnType.BOOLEAN: "BOOLEAN",
}
BIGQUERY_TYPES: dict[ColumnType, str] = {
    ColumnType.DATE: "DATE",
    ColumnType.TIMESTAMP: "TIMESTAMP",
    ColumnType.STRING: "STRING",
    ColumnType.STRING_LIST: "ARRAY<STRING>",
    ColumnType.INTEGER: "INT64",
    ColumnType.FLOAT: "FLOAT64",
    ColumnType.BOOLEAN: "BOOL",
}
_ARROW_TYPES: dict[ColumnType, pa.DataType] = {
    ColumnType.DATE: pa.date32(),
    ColumnType.TIMESTAMP: pa.timestamp("us", tz="UTC"),
    ColumnType.STRING: pa.string(),
    ColumnType.STRING_LIST: pa.list_(pa.string()),
    ColumnType.INTEGER: pa.int64(),
    ColumnType.FLOAT: pa.float64(),
    ColumnType.BOOLEAN: pa.bool_(),
}


@dataclass(frozen=True)
class Relation:
    """A table as a warehouse stores it: where, what it is called, and its contract."""

    dataset: str
    name: str
    contract: type[Contract]

    @property
    def qualified(self) -> str:
        """dataset.name"""
        return f"{self.dataset}.{self.name}"


def arrow_schema(contract: type[Contract]) -> pa.Schema:
    """The contract's columns as Arrow fields, in table order."""
    return arrow_schema_of(columns_of(contract))


def arrow_schema_of(columns: Iterable[Column]) -> pa.Schema:
    """Columns as Arrow fields."""
    return pa.schema([pa.field(c.name, _ARROW_TYPES[c.type]) for c in columns])


def is_required(column: Column) -> bool:
    """Only keys are NOT NULL in storage: a contract may relax later, and the check is pandera's."""
    return column.is_key and not column.nullable


def create_table(relation: Relation) -> str:
    """DuckDB's CREATE TABLE for a relation that does not exist."""
    columns = ", ".join(_definition(column) for column in columns_of(relation.contract))
    return f"CREATE TABLE IF NOT EXISTS {relation.qualified} ({columns})"


def _definition(column: Column) -> str:
    return f"{column.name} {DUCKDB_TYPES[column.type]}{' NOT NULL' if is_required(column) else ''}"


def bigquery_create_table(relation: Relation, *, name: str) -> str:
    """BigQuery's CREATE TABLE: partitioned by day, clustered by key, described. `name` is the quoted full name."""
    columns = ", ".join(_bigquery_definition(column) for column in columns_of(relation.contract))
    options = f"description = {text_literal(description_of(relation))}, labels = [('application', 'nba_assets')]"
    return f"CREATE TABLE IF NOT EXISTS {name} ({columns}) {_bigquery_layout(relation)} OPTIONS ({options})"


def description_of(relation: Relation) -> str:
    """What a table is: its contract's docstring."""
    return inspect.getdoc(relation.contract) or relation.name


def column_description(column: Column) -> str:
    """What a column is, with its unit."""
    return f"{column.description} [{column.unit}]" if column.unit else column.description


def clustering_of(relation: Relation) -> list[str]:
    """The key columns beside the partition date; BigQuery takes four at most."""
    return [key for key in keys_of(relation.contract) if key != partition_column(relation.contract)][:4]


def quoted(name: str) -> str:
    """A name as BigQuery's SQL wants it, also if it is a reserved word."""
    return f"`{name}`"


def text_literal(text: str) -> str:
    """A text as BigQuery's SQL wants it."""
    for character, escaped in (("\\", "\\\\"), ("'", "\\'"), ("\n", "\\n")):
        text = text.replace(character, escaped)
    return f"'{text}'"


def _bigquery_definition(column: Column) -> str:
    required = " NOT NULL" if is_required(column) else ""
    options = f"OPTIONS (description = {text_literal(column_description(column))})"
    return f"{quoted(column.name)} {BIGQUERY_TYPES[column.type]}{required} {options}"


def _bigquery_layout(relation: Relation) -> str:
    cluster = ", ".join(quoted(column) for column in clustering_of(relation))
    return f"PARTITION BY {quoted(partition_column(relation.contract))}{f' CLUSTER BY {cluster}' if cluster else ''}"


@dataclass(frozen=True)
class Migration:
    """One difference between a contract and a stored table, and the statement that removes it."""

    relation: str
    statement: str
    is_safe: bool
    why: str


@dataclass(frozen=True)
class Dialect:
    """What differs between the warehouses' ALTER TABLE."""

    types: dict[ColumnType, str]
    quote: Callable[[str], str]
    change_type: str


DUCKDB = Dialect(DUCKDB_TYPES, lambda name: name, "TYPE")
BIGQUERY = Dialect(BIGQUERY_TYPES, quoted, "SET DATA TYPE")


def missing_table(relation: Relation) -> Migration:
    """What a table that is not there needs in DuckDB: its schema and itself."""
    statement = f"CREATE SCHEMA IF NOT EXISTS {relation.dataset}; {create_table(relation)}"
    return Migration(relation.qualified, statement, True, "the table does not exist")


def migrations(
    relation: Relation, stored: dict[str, tuple[str, bool]], *, dialect: Dialect = DUCKDB, name: str | None = None
) -> list[Migration]:
    """What it takes to bring a stored table to its contract.

    `stored` maps column -> (type, is NOT NULL); `name` is what statements call the table. Safe: new nullable
    columns and NOT NULL -> nullable. A new required column or another type is refused with the statement that a
    person would have to run. Nothing ever becomes NOT NULL.
    """
    found = []
    alter = f"ALTER TABLE {name or relation.qualified}"
    for column in columns_of(relation.contract):
        wanted, quoted_name = dialect.types[column.type], dialect.quote(column.name)
        if column.name not in stored:
            add = f"{alter} ADD COLUMN {quoted_name} {wanted}"
            why = f"{column.name} is new in the contract"
            found.append(Migration(relation.qualified, add, not is_required(column), why))
            continue
        type_, not_null = stored[column.name]
        if type_ != wanted:
            change = f"{alter} ALTER COLUMN {quoted_name} {dialect.change_type} {wanted}"
            why = f"{column.name} is {type_}, the contract says {wanted}"
            found.append(Migration(relation.qualified, change, False, why))
        if not_null and not is_required(column):
            found.append(_relaxation(relation, alter, quoted_name, "the contract lets it be NULL"))
    declared = {column.name for column in columns_of(relation.contract)}
    extra = sorted(column for column in set(stored) - declared if stored[column][1])
    return found + [_relaxation(relation, alter, dialect.quote(column), "is no longer written") for column in extra]


def _relaxation(relation: Relation, alter: str, column: str, but: str) -> Migration:
    statement = f"{alter} ALTER COLUMN {column} DROP NOT NULL"
    return Migration(relation.qualified, statement, True, f"{column.strip('`')} is REQUIRED, but {but}")


def bigquery_layout_migrations(
    relation: Relation, *, name: str, partitioned_by: str | None, descriptions: dict[str, str]
) -> list[Migration]:
    """The differences that only BigQuery has: partitioning (refused: a person must copy the table), descriptions."""
    found = []
    wanted = partition_column(relation.contract)
    if partitioned_by != wanted:
        copy = name.removesuffix("`") + "_partitioned`"
        statement = (
            f"CREATE TABLE {copy} {_bigquery_layout(relation)} AS SELECT * FROM {name}; "
            f"DROP TABLE {name}; ALTER TABLE {copy} RENAME TO {quoted(relation.name)}"
        )
        why = f"the table is partitioned by {partitioned_by or 'nothing'}, the contract says {wanted}"
        found.append(Migration(relation.qualified, statement, False, why))
    for column in columns_of(relation.contract):
        text = column_description(column)
        if descriptions.get(column.name, text) != text:
            describe = f"ALTER COLUMN {quoted(column.name)} SET OPTIONS (description = {text_literal(text)})"
            why = f"{column.name} is described differently in the contract"
            found.append(Migration(relation.qualified, f"ALTER TABLE {name} {describe}", True, why))
    return found
