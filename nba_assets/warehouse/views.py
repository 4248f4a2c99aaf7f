"""Views over the tables: the feature vector for consumers of arrays, and coverage for those who think in SQL."""

from __future__ import annotations

from collections.abc import Callable

from nba_assets.tables.ml_feature_store_v2 import FEATURE_NAMES

VECTOR_VIEW = "nba_predictions.ml_feature_store_v2_vector"
COVERAGE_VIEW = "nba_processing.coverage"

_VECTOR_KEYS = "game_date season player_id feature_version game_id team opponent is_production_ready".split()
_COVERAGE_COLUMNS = (
    "partition_date, table_name, status, rows, expected, complete, required, share, production_ready_share, "
    "reason, root_table, root_date, started_at AS computed_at, code_version, run_id"
)


def vector_query(*, table: str) -> str:
    """One row per feature row with `features` and `feature_names` as arrays, in the order of FEATURE_NAMES."""
    names = ", ".join(f"'{name}'" for name in FEATURE_NAMES)
    return (
        f"SELECT {', '.join(_VECTOR_KEYS)}, "
        f"[{', '.join(FEATURE_NAMES)}] AS features, [{names}] AS feature_names FROM {table}"
    )


def coverage_query(*, ledger: str) -> str:
    """The newest attempt at every partition."""
    newest = "row_number() OVER (PARTITION BY table_name, partition_date ORDER BY attempt_id DESC)"
    return f"SELECT {_COVERAGE_COLUMNS} FROM {ledger} WHERE TRUE QUALIFY {newest} = 1"


def duckdb_views() -> list[str]:
    """The statements that (re)create the views."""
    return [
        f"CREATE OR REPLACE VIEW {VECTOR_VIEW} AS {vector_query(table='nba_predictions.ml_feature_store_v2')}",
        f"CREATE OR REPLACE VIEW {COVERAGE_VIEW} AS {coverage_query(ledger='nba_processing.processor_runs')}",
    ]


def bigquery_vector_query(*, table: str) -> str:
    """As `vector_query`; a feature that is NULL is NaN, because BigQuery cannot return an array with a NULL in it."""
    names = ", ".join(f"'{name}'" for name in FEATURE_NAMES)
    features = ", ".join(f"IFNULL(`{name}`, CAST('NaN' AS FLOAT64))" for name in FEATURE_NAMES)
    keys = ", ".join(f"`{column}`" for column in _VECTOR_KEYS)
    return f"SELECT {keys}, [{features}] AS `features`, [{names}] AS `feature_names` FROM {table}"


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
    vector = bigquery_vector_query(table=name("nba_predictions.ml_feature_store_v2"))
    coverage = bigquery_coverage_query(ledger=name("nba_processing.processor_runs"))
    return [
        f"CREATE OR REPLACE VIEW {name(VECTOR_VIEW)} AS {vector}",
        f"CREATE OR REPLACE VIEW {name(COVERAGE_VIEW)} AS {coverage}",
    ]
