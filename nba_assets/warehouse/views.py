"""Views over the tables: the feature vector for consumers of arrays, and coverage for those who think in SQL."""

from __future__ import annotations

from collections.abc import Callable

from nba_assets.schema.contract import names_of
from nba_assets.schema.feature import FeatureSet
from nba_assets.schema.table import Table
from nba_assets.tables import WITH_FEATURES
from nba_assets.warehouse.ddl import BIGQUERY, DUCKDB, Dialect
from nba_assets.warehouse.ledger import DATASET, PROCESSOR_RUNS, is_newest

COVERAGE_VIEW = f"{DATASET}.coverage"

_BESIDE_THE_KEY = frozenset(("season", "game_id", "team", "opponent", "is_production_ready"))
_COVERAGE_COLUMNS = (
    *("partition_date", "table_name", "status", "rows", "expected", "complete", "required", "share"),
    *("production_ready_share", "reason", "root_table", "root_date", "started_at", "code_version", "run_id"),
)


def vector_view(table: Table) -> str:
    """The name, with its dataset, of the view of a table's features as arrays."""
    return f"{table.dataset}.{table.name}_vector"


VIEWS: tuple[str, ...] = (*(vector_view(table) for table, _ in WITH_FEATURES), COVERAGE_VIEW)


def views(name: Callable[[str], str] = str, dialect: Dialect = DUCKDB) -> list[str]:
    """The statements that (re)create the views; `name` turns dataset.table into the name that statements use."""
    queries = {
        vector_view(table): vector_query(table, features, name(f"{table.dataset}.{table.name}"), dialect)
        for table, features in WITH_FEATURES
    }
    queries[COVERAGE_VIEW] = _coverage_query(name(PROCESSOR_RUNS.qualified), dialect)
    return [f"CREATE OR REPLACE VIEW {name(view)} AS {query}" for view, query in queries.items()]


def vector_query(table: Table, features: FeatureSet, name: str, dialect: Dialect = DUCKDB) -> str:
    """One row per row of the table with `features` and `feature_names` as arrays, in the order of the feature list.

    In BigQuery a feature that is NULL is NaN, because it cannot return an array with a NULL in it.
    """
    quote = dialect.quote
    keys = (quote(column) for column in names_of(table.contract) if column in _BESIDE_THE_KEY.union(table.keys))
    value = "IFNULL({}, CAST('NaN' AS FLOAT64))" if dialect is BIGQUERY else "{}"
    values = ", ".join(value.format(quote(feature)) for feature in features.names)
    names = ", ".join(f"'{feature}'" for feature in features.names)
    arrays = f"[{values}] AS {quote('features')}, [{names}] AS {quote('feature_names')}"
    return f"SELECT {', '.join(keys)}, {arrays} FROM {name}"


def _coverage_query(ledger: str, dialect: Dialect) -> str:
    """The newest attempt at every partition."""
    quote = dialect.quote
    renamed = {"started_at": f"{quote('started_at')} AS {quote('computed_at')}"}
    columns = ", ".join(renamed.get(name, quote(name)) for name in _COVERAGE_COLUMNS)
    return f"SELECT {columns} FROM {ledger} WHERE TRUE QUALIFY {is_newest(quote)}"
