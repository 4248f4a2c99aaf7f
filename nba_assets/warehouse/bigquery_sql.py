"""The statements that the BigQuery warehouse sends, as text; sending them does not belong here.

Rules that a lenient server does not check: every name is quoted (`rows` is a reserved word), dates are compared
with DATE literals only, partitions are never addressed by decorators, and a replacement is one transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from nba_assets.schema.contract import names_of
from nba_assets.schema.table import Table
from nba_assets.warehouse.ddl import Relation, quoted, text_literal
from nba_assets.warehouse.ledger import (
    DATASET,
    ENTITY_FAILURES,
    ID_DIGITS,
    ID_ROOM,
    PROCESSOR_RUNS,
    is_current,
    is_newest,
)
from nba_assets.warehouse.relations import relation_of

OVERTAKEN = "overtaken by a newer attempt"
LOCK = f"{DATASET}.publication_lock"


@dataclass(frozen=True)
class Names:
    """How datasets and tables are called in one project under one prefix."""

    project: str
    prefix: str = ""

    def dataset(self, dataset: str) -> str:
        """The dataset's name, as the API wants it."""
        return f"{self.prefix}{dataset}"

    def api(self, qualified: str) -> str:
        """`dataset.table` as project.dataset.table, as the API wants it."""
        return f"{self.project}.{self.prefix}{qualified}"

    def sql(self, qualified: str) -> str:
        """`dataset.table` as SQL wants it."""
        return ".".join(quoted(part) for part in (self.project, *f"{self.prefix}{qualified}".split(".")))


def date_literal(day: date) -> str:
    """A DATE literal: BigQuery refuses to compare a DATE with a timestamp."""
    return f"DATE '{day:%Y-%m-%d}'"


def one_of(column: str, dates: Sequence[date]) -> str:
    """The condition that a DATE column is one of some dates; BigQuery reads only those partitions."""
    return f"{quoted(column)} IN ({', '.join(date_literal(day) for day in sorted(set(dates)))})"


def between(column: str, start: date | None, end: date | None) -> str:
    """The condition that a DATE column lies in start … end, either of them open."""
    bounds = [f"{quoted(column)} {op} {date_literal(day)}" for op, day in ((">=", start), ("<=", end)) if day]
    return " AND ".join(bounds) or "TRUE"


def select(names: Names, relation: Relation, columns: Sequence[str], where: str, order: Sequence[str]) -> str:
    """Rows of a relation. NULLs come last, as in DuckDB and pandas."""
    by = ", ".join(f"{quoted(column)} NULLS LAST" for column in order)
    query = f"SELECT {_listed(columns)} FROM {names.sql(relation.qualified)} WHERE {where}"
    return f"{query} ORDER BY {by}" if by else query


def select_all(names: Names, relation: Relation) -> str:
    """All rows of a relation, with the columns that it has."""
    return f"SELECT * FROM {names.sql(relation.qualified)}"


def sources(names: Names) -> str:
    """The sources that the ledger names."""
    return f"SELECT DISTINCT source FROM {names.sql(PROCESSOR_RUNS.qualified)} WHERE source IS NOT NULL"


def newest_attempts(names: Names, start: date | None, end: date | None) -> str:
    """The newest attempt at each partition, and the newest published one if it is another."""
    return (
        f"SELECT {_listed(names_of(PROCESSOR_RUNS.contract))} FROM {names.sql(PROCESSOR_RUNS.qualified)} "
        f"WHERE {between('partition_date', start, end)} QUALIFY {is_current(quoted)} "
        "ORDER BY `partition_date`, `table_name`, `attempt_id`"
    )


def row_counts(names: Names, tables: Sequence[Table], start: date, end: date) -> str:
    """How many rows each partition of some tables has; reads the tables' partition columns and nothing else."""
    return " UNION ALL ".join(
        f"SELECT {text_literal(table.name)} AS `table_name`, {quoted(table.partition)} AS `partition_date`, "
        f"COUNT(*) AS `rows` FROM {names.sql(relation_of(table).qualified)} "
        f"WHERE {between(table.partition, start, end)} GROUP BY {quoted(table.partition)}"
        for table in tables
    )


def about(table: str, dates: Sequence[date]) -> str:
    """The condition that a bookkeeping row is about one of a table's partitions of some dates."""
    return f"{one_of('partition_date', dates)} AND `table_name` = {text_literal(table)}"


def delete(names: Names, relation: Relation, where: str) -> str:
    """Delete rows of a relation."""
    return f"DELETE FROM {names.sql(relation.qualified)} WHERE {where}"


def insert(names: Names, relation: Relation, staging: str) -> str:
    """Insert everything from a staging table, by name."""
    columns = _listed(names_of(relation.contract))
    return f"INSERT INTO {names.sql(relation.qualified)} ({columns}) SELECT {columns} FROM {names.sql(staging)}"


def replacement(names: Names, relation: Relation, staging: str | None) -> str:
    """All rows of a relation replaced by everything from a staging table, by none without one; all or nothing.

    It is one statement, and may be run twice.
    """
    if staging is None:
        return delete(names, relation, "TRUE")
    columns = _listed(names_of(relation.contract))
    return (
        f"MERGE INTO {names.sql(relation.qualified)} USING {names.sql(staging)} ON FALSE "
        f"WHEN NOT MATCHED THEN INSERT ({columns}) VALUES ({columns}) WHEN NOT MATCHED BY SOURCE THEN DELETE"
    )


def insert_numbered(names: Names, staging: str) -> str:
    """Insert staged ledger rows after all that the ledger has: all moved up, in one step, if they are not already."""
    columns = names_of(PROCESSOR_RUNS.contract)
    number, ledger = "CAST(`attempt_id` AS INT64)", names.sql(PROCESSOR_RUNS.qualified)
    first, last = f"MIN({number}) OVER ()", "CAST(`newest` AS INT64)"
    distance = f"IF({first} > {last}, 0, {last} + {ID_ROOM} - {first})"
    moved = f"LPAD(CAST({number} + {distance} AS STRING), {ID_DIGITS}, '0')"
    selected = ", ".join(moved if column == "attempt_id" else quoted(column) for column in columns)
    newest = f"SELECT COALESCE(MAX(`attempt_id`), '0') AS `newest` FROM {ledger}"
    return (
        f"INSERT INTO {ledger} ({_listed(columns)}) "
        f"SELECT {selected} FROM {names.sql(staging)} CROSS JOIN ({newest}) AS `stored`"
    )


def refuse_if_overtaken(
    names: Names,
    table: str,
    *,
    replaced: Sequence[date],
    recorded: Sequence[date],
    staged_runs: str,
    seen: str | None,
) -> str:
    """Fail if the ledger has moved on since the staged ledger rows were computed.

    That is: a partition was published after `seen`, the newest attempt that their computation knew, or has other
    content than what we confirm without replacing it. Without this the last to commit would win, even if it was
    computed from older inputs. Ids grow with every publication, so no clock has a say.
    """
    confirmed = sorted(set(recorded) - set(replaced))
    contradicts = f"`mine`.{one_of('partition_date', confirmed)}" if confirmed else "FALSE"
    newest = (
        f"SELECT `partition_date`, `attempt_id`, `content_hash` FROM {names.sql(PROCESSOR_RUNS.qualified)} "
        f"WHERE {about(table, recorded)} AND `published` QUALIFY {is_newest(quoted)}"
    )
    moved_on = (
        f"SELECT 1 FROM ({newest}) AS `stored` JOIN {names.sql(staged_runs)} AS `mine` "
        "ON `stored`.`partition_date` = `mine`.`partition_date` "
        f"WHERE `mine`.`published` AND (`stored`.`attempt_id` > {text_literal(seen or '')} "
        f"OR ({contradicts} AND `stored`.`content_hash` != `mine`.`content_hash`))"
    )
    return f"SELECT IF(EXISTS({moved_on}), ERROR({text_literal(OVERTAKEN)}), 0)"


def create_lock(names: Names) -> str:
    """The table whose single row every publication changes; created with that row in one statement."""
    purpose = "Changed by every publication, so that of two at once BigQuery cancels one, which then tries again."
    return (
        f"CREATE TABLE IF NOT EXISTS {names.sql(LOCK)} OPTIONS (description = {text_literal(purpose)}) "
        "AS SELECT 'nobody' AS `holder`, CURRENT_TIMESTAMP() AS `since`"
    )


def take_lock(names: Names, holder: str) -> str:
    """Change the lock's row. Two transactions that do cannot both commit, whatever else they write."""
    return f"UPDATE {names.sql(LOCK)} SET `holder` = {text_literal(holder)}, `since` = CURRENT_TIMESTAMP() WHERE TRUE"


def lock_holder(names: Names) -> str:
    """Who wrote last, and when."""
    return f"SELECT `holder`, `since` FROM {names.sql(LOCK)}"


def transaction(statements: Sequence[str]) -> str:
    """All or nothing; without an exception handler BigQuery rolls back whatever fails."""
    return ";\n".join(["BEGIN TRANSACTION", *statements, "COMMIT TRANSACTION"]) + ";"


def publication(
    names: Names,
    relation: Relation,
    *,
    partition: str,
    dates: Sequence[date],
    failure_dates: Sequence[date],
    recorded: Sequence[date],
    staged: dict[Relation, str],
    seen: str | None = None,
    keeps_ids: bool = False,
) -> list[str]:
    """What replaces partitions and their entity failures and appends their ledger rows.

    `recorded` are the dates that the ledger rows call published; `staged` says where the rows of each relation are;
    `seen` and `keeps_ids` are those of the `Publication`.
    """
    statements = []
    if recorded:
        runs = staged[PROCESSOR_RUNS]
        statements.append(
            refuse_if_overtaken(names, relation.name, replaced=dates, recorded=recorded, staged_runs=runs, seen=seen)
        )
    if dates:
        statements.append(delete(names, relation, one_of(partition, dates)))
    if failure_dates:
        statements.append(delete(names, ENTITY_FAILURES, about(relation.name, failure_dates)))
    for into, staging in staged.items():
        is_numbered = into == PROCESSOR_RUNS and not keeps_ids
        statements.append(insert_numbered(names, staging) if is_numbered else insert(names, into, staging))
    return statements


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(quoted(column) for column in columns)
