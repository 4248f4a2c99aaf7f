"""Stored tables brought to their contracts: safe changes applied without loss, others refused with their statement."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb as engine
import pytest
import typer
from typer.testing import CliRunner

from nba_assets.alerts import store
from nba_assets.alerts.alert import Delivery, Event, Message, Tier
from nba_assets.alerts.store import AlertState
from nba_assets.cli.lazy import Command
from nba_assets.cli.migrate import migrate
from nba_assets.schema.changes import COUNTS
from nba_assets.tables import TABLES
from nba_assets.warehouse.alert_state import ALERT_MESSAGES
from nba_assets.warehouse.base import Warehouse, WarehouseError
from nba_assets.warehouse.bigquery import BigQueryWarehouse
from nba_assets.warehouse.ddl import BIGQUERY, DUCKDB, migrations
from nba_assets.warehouse.duckdb import DuckDBWarehouse
from nba_assets.warehouse.ledger import ID_DIGITS, PROCESSOR_RUNS
from nba_assets.warehouse.relations import relation_of
from nba_assets_tests.turns import marked
from nba_assets_tests.warehouse.publications import LINES, lines, publication

Run = Callable[[str], list[tuple[object, ...]]]
RUNS = "nba_processing.processor_runs"
# Columns that were REQUIRED while runs came without them: one that the contract knows, one that it has dropped.
OLD_COLUMNS = {
    "duckdb": "partition_date DATE NOT NULL, table_name VARCHAR NOT NULL, attempt_id VARCHAR NOT NULL, "
    "status VARCHAR NOT NULL, reason VARCHAR NOT NULL, published BOOLEAN, records_processed BIGINT NOT NULL",
    "bigquery": "partition_date DATE NOT NULL, table_name STRING NOT NULL, attempt_id STRING NOT NULL, "
    "status STRING NOT NULL, reason STRING NOT NULL, published BOOL, records_processed INT64 NOT NULL",
}
OLD_ROW = "DATE '2021-11-05', 'raw_game_lines', '0', 'OK', 'none', TRUE, 224"


@pytest.fixture(params=["duckdb", *marked("long", ["bigquery"])])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Warehouse, Run]:
    """A warehouse whose processor_runs has REQUIRED columns and a row in it, and a way to ask it anything."""
    if request.param == "duckdb":
        warehouse: Warehouse = DuckDBWarehouse(tmp_path / "old.duckdb")

        def run(statement: str) -> list[tuple[object, ...]]:
            with engine.connect(str(tmp_path / "old.duckdb")) as connection:
                return connection.execute(statement).fetchall()

        warehouse.prepare()
        # What reads it has to go with it.
        run("DROP VIEW nba_processing.coverage")
        run(f"DROP TABLE {RUNS}")
    else:
        warehouse = request.getfixturevalue("bigquery")
        client = request.getfixturevalue("connect")().connection.client

        def run(statement: str) -> list[tuple[object, ...]]:
            return [tuple(row.values()) for row in client.query(statement).result()]

        run(f"DROP TABLE IF EXISTS {RUNS}")
    partitioning = " PARTITION BY partition_date" if request.param == "bigquery" else ""
    run(f"CREATE TABLE {RUNS} ({OLD_COLUMNS[request.param]}){partitioning}")
    run(f"INSERT INTO {RUNS} VALUES ({OLD_ROW})")
    return warehouse, run


def test_required_columns_are_relaxed_without_loss_and_runs_record_again(old: tuple[Warehouse, Run], day: date) -> None:
    warehouse, run = old
    with pytest.raises(WarehouseError):
        fresh(warehouse).publish(publication(lines(day, [210.5]), [day]))
    planned = warehouse.migrate(dry_run=True)
    relaxed = {m.statement.split("COLUMN ")[1].strip("`") for m in planned if "DROP NOT NULL" in m.statement}
    assert {text.replace("`", "") for text in relaxed} == {
        f"{name} DROP NOT NULL" for name in ("status", "reason", "records_processed")
    }
    assert all(m.is_safe and m.relation == RUNS for m in planned)
    assert not [m for m in planned if "SET NOT NULL" in m.statement]
    assert [m.statement for m in warehouse.migrate(dry_run=True)] == [m.statement for m in planned]
    assert warehouse.migrate(dry_run=False) == planned
    assert warehouse.migrate(dry_run=True) == []
    assert run(f"SELECT status, reason, records_processed, content_hash FROM {RUNS}") == [("OK", "none", 224, None)]
    fresh(warehouse).publish(publication(lines(day, [210.5]), [day]))
    assert warehouse.read_relation(PROCESSOR_RUNS)["attempt_id"].sort_values().tolist() == ["0", "1".zfill(ID_DIGITS)]


def test_a_ledger_that_did_not_count_changes_is_migrated_and_counts_from_then_on(
    old: tuple[Warehouse, Run], day: date
) -> None:
    warehouse, run = old
    planned = warehouse.migrate(dry_run=False)
    assert {f"{name} is new in the contract" for name in COUNTS} <= {m.why for m in planned if m.is_safe}
    counted = publication(lines(day, [210.5]), [day])
    fresh(warehouse).publish(replace(counted, runs=counted.runs.assign(rows_added=1, rows_removed=0)))
    rows = run(f"SELECT rows_added, rows_removed, rows_changed, cells_changed FROM {RUNS} ORDER BY attempt_id")
    assert rows == [(None, None, None, None), (1, 0, None, None)]


def test_an_old_ledger_is_read_as_it_is_and_one_that_is_not_there_is_empty(old: tuple[Warehouse, Run]) -> None:
    warehouse, run = old
    [row] = fresh(warehouse).stored_ledger().to_dict("records")
    assert (row["table_name"], row["status"], row["published"]) == ("raw_game_lines", "OK", True)
    assert (row["code_version"], row["inputs_hash"]) == (None, None)
    run(f"DROP TABLE {RUNS}")
    assert fresh(warehouse).stored_ledger().empty


def fresh(warehouse: Warehouse) -> Warehouse:
    """The same warehouse as another process sees it, which has checked nothing yet."""
    if isinstance(warehouse, BigQueryWarehouse):
        return BigQueryWarehouse(warehouse.target.project, endpoint=warehouse.target.endpoint)
    assert isinstance(warehouse, DuckDBWarehouse)
    return DuckDBWarehouse(warehouse.path)


def test_duckdb_says_before_any_work_that_a_table_must_be_migrated(tmp_path: Path, day: date) -> None:
    path = tmp_path / "old.duckdb"
    DuckDBWarehouse(path).prepare()
    with engine.connect(str(path)) as connection:
        connection.execute("ALTER TABLE nba_raw.raw_game_lines DROP COLUMN total")
    with pytest.raises(WarehouseError, match=r"raw_game_lines is missing the column\(s\) total.*nba-assets migrate"):
        DuckDBWarehouse(path).prepare()
    assert [m.why for m in DuckDBWarehouse(path).migrate(dry_run=False)] == ["total is new in the contract"]
    migrated = DuckDBWarehouse(path)
    migrated.publish(publication(lines(day, [210.5]), [day]))
    assert migrated.read(LINES, start=day, end=day)["total"].tolist() == [210.5]


@pytest.mark.long
def test_bigquery_says_before_a_publication_that_a_table_must_be_migrated(
    bigquery: BigQueryWarehouse, day: date
) -> None:
    client = bigquery.connection.client
    client.query("ALTER TABLE nba_raw.raw_game_lines DROP COLUMN total").result()
    with pytest.raises(WarehouseError, match=r"raw_game_lines.*total is new.*nba-assets migrate.*Nothing was written"):
        fresh(bigquery).publish(publication(lines(day, [210.5]), [day]))
    assert [m.why for m in bigquery.migrate(dry_run=False)] == ["total is new in the contract"]
    bigquery.publish(publication(lines(day, [210.5]), [day]))
    assert bigquery.read(LINES, start=day, end=day)["total"].tolist() == [210.5]


@pytest.mark.long
def test_bigquery_descriptions_follow_the_contract(bigquery: BigQueryWarehouse) -> None:
    client = bigquery.connection.client
    alter = "ALTER TABLE nba_raw.raw_game_lines ALTER COLUMN total SET OPTIONS (description = 'old')"
    client.query(alter).result()
    [found] = bigquery.migrate(dry_run=False)
    assert (found.is_safe, found.why) == (True, "total is described differently in the contract")
    described = {f.name: f.description for f in client.get_table("nba_raw.raw_game_lines").schema}
    assert described["total"] == "Expected points of both teams; NULL without a total for the game [points]"
    assert bigquery.migrate(dry_run=True) == []


@pytest.mark.long
def test_bigquery_refuses_what_a_person_must_do_and_changes_nothing_of_it(bigquery: BigQueryWarehouse) -> None:
    client, name = bigquery.connection.client, "nba_raw.raw_injury_reports"
    client.query(f"DROP TABLE {name}; CREATE TABLE {name} (report_date DATE NOT NULL, season INT64)").result()
    try:
        refused = [m for m in bigquery.migrate(dry_run=False) if not m.is_safe]
        whys = {m.why for m in refused}
        assert "season is INT64, the contract says STRING" in whys
        assert "the table is partitioned by nothing, the contract says report_date" in whys
        layout = next(m.statement for m in refused if "PARTITION BY" in m.statement)
        assert "PARTITION BY `report_date` CLUSTER BY `game_date`, `team`, `player_name` AS SELECT * FROM" in layout
        stored = client.get_table(name)
        assert {f.name: f.field_type for f in stored.schema}["season"] == "INTEGER"
        assert stored.time_partitioning is None
    finally:
        client.query(f"DROP TABLE {name}").result()
    assert [m.why for m in bigquery.migrate(dry_run=False)] == ["the table does not exist"]


def test_messages_of_a_version_without_channels_are_what_they_were_and_take_channels(
    old: tuple[Warehouse, Run],
) -> None:
    warehouse, run = old
    written = datetime(2026, 3, 1, 15, tzinfo=UTC)
    waiting = Message(
        "waits", Event.OPENED, (Tier.CRITICAL,), "subject", "text", "html", written, alert_ids=("a",), attempts=3
    )
    waiting = replace(waiting, next_attempt_at=written + timedelta(minutes=4), error="no answer")
    delivered = replace(waiting, message_id="delivered", delivered_at=written, delivered_to="ada@hoops.example")
    before = AlertState(messages=(delivered, waiting))
    warehouse.migrate(dry_run=False)
    store.save(warehouse, AlertState(), before, now=written)
    for column in ("slack", "deliveries"):
        run(f"ALTER TABLE {ALERT_MESSAGES.qualified} DROP COLUMN {column}")
    with pytest.raises(WarehouseError):
        store.load(fresh(warehouse))
    assert all(m.is_safe for m in warehouse.migrate(dry_run=False))
    migrated = store.load(fresh(warehouse))
    assert migrated == before
    claimed = waiting.with_delivery(Delivery("smtp", 4, written, None, ("ada@hoops.example",), "refused bob"))
    after = replace(migrated, messages=(delivered, claimed))
    store.save(fresh(warehouse), migrated, after, now=written)
    assert store.load(fresh(warehouse)) == after
    store.save(fresh(warehouse), after, AlertState(), now=written)  # other tests share it


@pytest.mark.parametrize("dialect", [DUCKDB, BIGQUERY], ids=["duckdb", "bigquery"])
def test_nothing_ever_becomes_required(dialect: object) -> None:
    relation = relation_of(LINES)
    as_stored = {name: (type_, False) for name, type_ in types_of(LINES.name, dialect).items()}
    assert migrations(relation, as_stored, dialect=dialect) == []  # type: ignore[arg-type]
    del as_stored["game_id"]
    [found] = migrations(relation, as_stored, dialect=dialect)  # type: ignore[arg-type]
    assert not found.is_safe
    assert found.why == "game_id is new in the contract"
    assert "NOT NULL" not in found.statement


def types_of(table: str, dialect: object) -> dict[str, str]:
    """Column -> type of a table in one warehouse's words."""
    from nba_assets.schema.contract import columns_of

    return {c.name: dialect.types[c.type] for c in columns_of(TABLES[table].contract)}  # type: ignore[attr-defined]


def test_the_command_shows_applies_and_fails_on_what_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "old.duckdb"
    monkeypatch.setenv("NBA_DUCKDB_PATH", str(path))
    with engine.connect(str(path)) as connection:
        connection.execute(f"CREATE SCHEMA nba_processing; CREATE TABLE {RUNS} ({OLD_COLUMNS['duckdb']})")
    app = typer.Typer()
    app.command(cls=Command)(migrate)
    run = CliRunner().invoke
    dry = run(app, ["--dry-run"])
    assert dry.exit_code == 0
    assert (
        "would apply: nba_processing.processor_runs: status is REQUIRED, but the contract lets it be NULL" in dry.stdout
    )
    assert f"    ALTER TABLE {RUNS} ALTER COLUMN status DROP NOT NULL" in dry.stdout
    planned = json.loads(run(app, ["--dry-run", "--format", "json"]).stdout)["differences"]
    relaxed = next(m for m in planned if "DROP NOT NULL" in m["statement"])
    assert {"relation": RUNS, "is_safe": True}.items() <= relaxed.items()
    assert any(m["relation"] == "nba_raw.raw_shots" and m["why"] == "the table does not exist" for m in planned)
    applied = run(app, [])
    assert (applied.exit_code, f"{len(planned)} applied, 0 refused" in applied.stdout) == (0, True)
    assert "nothing to do" in run(app, []).stdout
    with engine.connect(str(path)) as connection:
        connection.execute(f"ALTER TABLE {RUNS} ALTER COLUMN rows TYPE VARCHAR")
    refused = run(app, [])
    assert refused.exit_code == 1
    assert f"refused, to be run by you: {RUNS}: rows is VARCHAR, the contract says BIGINT" in refused.stdout
    assert run(app, ["--quiet"]).stdout == ""
