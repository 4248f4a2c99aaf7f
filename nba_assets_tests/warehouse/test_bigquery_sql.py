"""The statements that BigQuery gets, where the emulator would let worse ones pass: read from its job history."""

from __future__ import annotations

import re
from datetime import date

import pytest
from google.cloud.bigquery import LoadJob, QueryJob

from nba_assets.schema.contract import columns_of, names_of
from nba_assets.warehouse import bigquery_sql as sql
from nba_assets.warehouse.bigquery import BigQueryWarehouse
from nba_assets.warehouse.ddl import Relation, bigquery_create_table, clustering_of
from nba_assets.warehouse.relations import all_relations
from nba_assets_tests.warehouse.publications import LINES, failure_rows, lines, publication

DAY = date(2019, 11, 5)
NAMES = sql.Names("a-project", "dev_")
TEXT = re.compile(r"'(?:[^'\\]|\\.)*'")
RESERVED = {"rows", "range", "hash", "window", "order", "group", "partition", "set", "at", "by", "end", "current"}


@pytest.fixture(scope="module")
def jobs(bigquery: BigQueryWarehouse) -> list[QueryJob | LoadJob]:
    """Everything that was sent to prepare a warehouse, publish, read and replace."""
    day = DAY
    failures = failure_rows(LINES.name, day, ["it's"])
    bigquery.publish(publication(lines(day, [210.5]), [day], failures=failures))
    bigquery.read(LINES, start=day, end=day)
    bigquery.ledger(day, None)
    bigquery.failures(LINES.name, day)
    client = bigquery.connection.client
    return [client.get_job(job.job_id) for job in client.list_jobs()]


@pytest.fixture(scope="module")
def statements(jobs: list[QueryJob | LoadJob]) -> list[str]:
    """The queries and scripts of our own jobs, texts blanked out but for dates."""
    ours = [job.query for job in jobs if isinstance(job, QueryJob) and job.labels.get("application") == "nba_assets"]
    assert any("BEGIN TRANSACTION" in text for text in ours)
    assert any("CREATE TABLE" in text for text in ours)
    return [blanked(text) for text in ours]


def blanked(text: str) -> str:
    """A statement without what its texts say; DATE literals stay."""
    return re.sub(rf"DATE '[^']*'|{TEXT.pattern}", lambda m: m[0] if m[0].startswith("DATE") else "''", text)


def test_partitions_are_never_addressed_by_decorators(statements: list[str], jobs: list[QueryJob | LoadJob]) -> None:
    assert not [text for text in statements if "$" in text]
    loads = [job for job in jobs if isinstance(job, LoadJob)]
    assert loads
    assert not [job for job in loads if "$" in job.destination.table_id]


def test_dates_are_compared_with_date_literals_only(statements: list[str]) -> None:
    date_columns = {c.name for relation in all_relations() for c in columns_of(relation.contract) if c.type == "date"}
    compared = [
        (name, operand)
        for text in statements
        for name, operand in re.findall(r"`(\w+)` (?:>=|<=|IN|=|>|<) (\(?[^ ,)]+ ?\S*)", text)
        if name in date_columns
    ]
    assert len(compared) >= 8
    assert [pair for pair in compared if not re.match(r"\(?DATE '\d{4}-\d\d-\d\d'|`mine`", pair[1])] == []
    assert not [text for text in statements if re.search(r"TIMESTAMP ?'|DATETIME", text)]


def test_tables_are_called_by_their_full_quoted_names(statements: list[str]) -> None:
    targets = [
        target
        for text in statements
        for target in re.findall(r"(?:FROM|INTO|UPDATE|JOIN|TABLE IF NOT EXISTS|REPLACE VIEW) (\S+)", text)
    ]
    assert len(targets) > 20
    assert [t for t in targets if not re.fullmatch(r"`[\w-]+`\.`\w+`\.`\w+`[;)]?|\(SELECT", t)] == []


def test_reserved_words_are_quoted_wherever_they_are_columns(statements: list[str]) -> None:
    used = {name for relation in all_relations() for name in names_of(relation.contract)} & RESERVED
    assert "rows" in used
    bare = re.compile(rf"(?<![`\w])({'|'.join(used)})(?![`\w])")
    assert [match for text in statements for match in bare.findall(text)] == []


def test_loads_name_their_columns_and_require_none(jobs: list[QueryJob | LoadJob]) -> None:
    loads = [job for job in jobs if isinstance(job, LoadJob)]
    assert {job.source_format for job in loads} == {"PARQUET"}
    assert not any(job.autodetect for job in loads)
    assert all(job.schema for job in loads)
    assert {field.mode for job in loads for field in job.schema} <= {"NULLABLE", "REPEATED"}
    assert {job.create_disposition for job in loads} == {"CREATE_NEVER"}


def test_a_publication_is_one_transaction_that_deletes_before_it_inserts(statements: list[str]) -> None:
    [ours] = [text for text in statements if "BEGIN TRANSACTION" in text and f"DATE '{DAY}'" in text]
    words = re.findall(r"^(BEGIN|UPDATE|SELECT|DELETE|INSERT|COMMIT)", ours, re.MULTILINE)
    assert words == "BEGIN UPDATE SELECT DELETE DELETE INSERT INSERT INSERT COMMIT".split()


@pytest.mark.parametrize("relation", all_relations(), ids=lambda relation: relation.name)
def test_tables_are_partitioned_by_a_date_and_clustered_by_keys_that_they_have(relation: Relation) -> None:
    text = TEXT.sub("''", bigquery_create_table(relation, name=NAMES.sql(relation.qualified)))
    types = dict(re.findall(r"`(\w+)` ([A-Z0-9<>]+)", text.split("PARTITION BY")[0]))
    assert list(types) == names_of(relation.contract)
    assert types[re.findall(r"PARTITION BY `(\w+)`", text)[0]] == "DATE"
    clustered = re.findall(r"CLUSTER BY (.+) OPTIONS", text)[0].replace("`", "").split(", ")
    assert clustered == clustering_of(relation)
    assert {types[name] for name in clustered} <= {"STRING", "INT64", "DATE", "TIMESTAMP"}
    assert text.count("OPTIONS (description = '')") == len(types)
    assert text.startswith(f"CREATE TABLE IF NOT EXISTS `a-project`.`dev_{relation.dataset}`.`{relation.name}` (")


def test_between_and_one_of_read_only_the_partitions_asked_for() -> None:
    first, last = date(2021, 11, 5), date(2021, 11, 7)
    assert (
        sql.between("game_date", first, last) == "`game_date` >= DATE '2021-11-05' AND `game_date` <= DATE '2021-11-07'"
    )
    assert sql.between("game_date", None, last) == "`game_date` <= DATE '2021-11-07'"
    assert sql.between("game_date", None, None) == "TRUE"
    assert sql.one_of("game_date", [last, first, first]) == "`game_date` IN (DATE '2021-11-05', DATE '2021-11-07')"
