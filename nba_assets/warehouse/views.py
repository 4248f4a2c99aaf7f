"""Views over the tables: the feature vector for consumers of arrays, and coverage for those who think in SQL."""

from __future__ import annotations

from collections.abc import Callable

from nba_assets.schema.contract import names_of
from nba_assets.schema.feature import FeatureSet
from nba_assets.schema.table import Table
from nba_assets.tables import WITH_FEATURES

COVERAGE_VIEW = "nba_processing.coverage"

_BESIDE_THE_KEY = frozenset(("season", "game_id", "team", "opponent", "is_production_ready"))
_COVERAGE_COLUMNS = (
    "partition_date, table_name, status, rows, expected, complete, required, share, production_ready_share, "
    "reason, root_table, root_date, started_at AS computed_at, code_version, run_id"
)


def vector_view(table: Table) -> str:
    """The name, with its dataset, of the view of a table's features as arrays."""
    return f"{table.dataset}.{table.name}_vector"


VIEWS: tuple[str, ...] = (*(vector_view(table) for table, _ in WITH_FEATURES), COVERAGE_VIEW)


def vector_query(table: Table, features: FeatureSet) -> str:
    """One row per row of the table with `features` and `feature_names` as arrays, in the order of the feature list."""
    return (
        f"SELECT {', '.join(_vector_keys(table))}, [{', '.join(features.names)}] AS features, "
        f"[{_quoted(features)}] AS feature_names FROM {table.dataset}.{table.name}"
    )


def _vector_keys(table: Table) -> list[str]:
    """What says whose vector it is, in table order."""
    return [name for name in names_of(table.contract) if name in _BESIDE_THE_KEY.union(table.keys)]


def _quoted(features: FeatureSet) -> str:
    return ", ".join(f"'{name}'" for name in features.names)


def coverage_query(*, ledger: str) -> str:
    """The newest attempt at every partition."""
    newest = "row_number() OVER (PARTITION BY table_name, partition_date ORDER BY attempt_id DESC)"
    return f"SELECT {_COVERAGE_COLUMNS} FROM {ledger} WHERE TRUE QUALIFY {newest} = 1"


def duckdb_views() -> list[str]:
    """The statements that (re)create the views."""
    queries = {vector_view(table): vector_query(table, features) for table, features in WITH_FEATURES}
    queries[COVERAGE_VIEW] = coverage_query(ledger="nba_processing.processor_runs")
    return [f"CREATE OR REPLACE VIEW {view} AS {query}" for view, query in queries.items()]


def bigquery_vector_query(table: Table, features: FeatureSet, *, name: str) -> str:
    """As `vector_query`; a feature that is NULL is NaN, because BigQuery cannot return an array with a NULL in it."""
    values = ", ".join(f"IFNULL(`{feature}`, CAST('NaN' AS FLOAT64))" for feature in features.names)
    keys = ", ".join(f"`{column}`" for column in _vector_keys(table))
    return f"SELECT {keys}, [{values}] AS `features`, [{_quoted(features)}] AS `feature_names` FROM {name}"


def bigquery_coverage_query(*, ledger: str) -> str:
    """As `coverage_query`, with every name quoted: `rows` is a reserved word."""
    newest = "ROW_NUMBER() OVER (PARTITION BY `table_name`, `partition_date` ORDER BY `attempt_id` DESC)"
    columns = ", ".join(
        f"`{name}` AS `{alias[0]}`" if alias else f"`{name}`"
        for name, *alias in (column.split(" AS ") for column in _COVERAGE_COLUMNS.split(", "))
    )
    return f"SELECT {columns} FROM {ledger} WHERE TRUE QUALIFY {newest} = 1"


def bigquery_views(name: Callable[[str], str]) -> list[str]:
    """The statements that (re)create the views; `name` turns dataset.table into the quoted full name."""
    queries = {
        vector_view(table): bigquery_vector_query(table, features, name=name(f"{table.dataset}.{table.name}"))
        for table, features in WITH_FEATURES
    }
    queries[COVERAGE_VIEW] = bigquery_coverage_query(ledger=name("nba_processing.processor_runs"))
    return [f"CREATE OR REPLACE VIEW {name(view)} AS {query}" for view, query in queries.items()]
