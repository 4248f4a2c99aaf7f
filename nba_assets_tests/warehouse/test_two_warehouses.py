"""What both warehouses promise, asked of both: partitions replaced whole and by name, with their ledger rows."""

from __future__ import annotations

import time
from datetime import date, timedelta

import duckdb as engine
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from nba_assets.partition import Partition
from nba_assets.planning.load import miscounted
from nba_assets.schema.fingerprint import partition_hashes
from nba_assets.tables import TABLES
from nba_assets.warehouse.base import Warehouse, WarehouseError, ledger_only
from nba_assets.warehouse.bigquery import BigQueryWarehouse
from nba_assets.warehouse.duckdb import DuckDBWarehouse
from nba_assets.warehouse.ledger import ENTITY_FAILURES, ID_DIGITS
from nba_assets_tests.turns import marked
from nba_assets_tests.warehouse.publications import (
    LINES,
    failure_rows,
    ledger_rows,
    lines,
    publication,
    unpublished,
)

ONE_DAY = timedelta(days=1)
DAY_OF_NS = 86_400 * 10**9


@pytest.fixture(params=["duckdb", *marked("long", ["bigquery"])])
def warehouse(request: pytest.FixtureRequest) -> Warehouse:
    """Each warehouse in turn."""
    return request.getfixturevalue(request.param)


def totals(warehouse: Warehouse, day: date) -> list[float]:
    """The totals stored for a day."""
    return warehouse.read(LINES, start=day, end=day)["total"].tolist()


def hash_of(rows: pd.DataFrame, day: date) -> str:
    """The content hash of a day of lines."""
    return partition_hashes(rows, LINES.contract, [day])[day]


def test_a_publication_replaces_its_dates_and_no_others(warehouse: Warehouse, day: date) -> None:
    next_day = day + ONE_DAY
    both = pd.concat([lines(day, [210.5, 220.0]), lines(next_day, [215.0])])
    warehouse.publish(publication(both, [day, next_day]))
    warehouse.publish(publication(lines(day, [199.5]), [day], attempt="2"))
    assert totals(warehouse, day) == [199.5]
    assert totals(warehouse, next_day) == [215.0]
    warehouse.publish(publication(LINES.empty(), [day], attempt="3"))
    assert totals(warehouse, day) == []
    assert totals(warehouse, next_day) == [215.0]


def test_rows_are_stored_by_name_whatever_their_order(warehouse: Warehouse, day: date) -> None:
    rows = lines(day, [210.5, None])
    reordered = rows[list(reversed(rows.columns))].iloc[::-1]
    warehouse.publish(publication(reordered, [day]))
    assert_frame_equal(warehouse.read(LINES, start=day, end=day), rows)


def test_reading_takes_only_the_asked_columns_and_dates(warehouse: Warehouse, day: date) -> None:
    next_day = day + ONE_DAY
    both = pd.concat([lines(day, [210.5]), lines(next_day, [215.0])])
    warehouse.publish(publication(both, [day, next_day]))
    later = warehouse.read(LINES, columns=["total", "game_date"], start=next_day)
    assert list(later.columns) == ["game_date", "total"]
    assert later.set_index("game_date")["total"][pd.Timestamp(next_day)] == 215.0
    assert later["game_date"].min() == pd.Timestamp(next_day)
    assert warehouse.read(LINES, end=day)["game_date"].max() == pd.Timestamp(day)


def test_an_unknown_column_is_refused_by_its_name(warehouse: Warehouse, day: date) -> None:
    with pytest.raises(WarehouseError, match="raw_game_lines has no column over_under; its columns: game_date"):
        warehouse.read(LINES, columns=["game_date", "over_under"], start=day)


def test_a_day_without_rows_reads_as_an_empty_frame_in_the_contracts_types(warehouse: Warehouse, day: date) -> None:
    assert_frame_equal(warehouse.read(LINES, start=day, end=day), LINES.empty())


def test_the_ledger_tells_the_newest_attempt_and_what_stands_published(warehouse: Warehouse, day: date) -> None:
    warehouse.publish(publication(lines(day, [210.5]), [day], attempt="1"))
    warehouse.publish(publication(lines(day, [211.5]), [day], attempt="2"))
    warehouse.publish(unpublished(day, attempt="3"))
    warehouse.publish(unpublished(day, attempt="4"))
    ledger = warehouse.ledger(day, day)
    assert ledger[["status", "rows"]].values.tolist() == [["OK", 1], ["GAP", 0]]
    assert ledger["attempt_id"].is_monotonic_increasing
    assert ledger["published"].tolist() == [True, False]
    assert ledger["started_at"].tolist() == [pd.Timestamp("2021-12-01 06:30", tz="UTC")] * 2
    assert ledger["share"].tolist() == [1 / 3] * 2
    assert ledger["root_table"].tolist() == [None, None]
    assert totals(warehouse, day) == [211.5]
    assert warehouse.ledger(day + ONE_DAY, day + ONE_DAY).empty


def test_what_is_published_later_is_newer_whatever_the_clocks_said(warehouse: Warehouse, day: date) -> None:
    ahead, right = time.time_ns() + 2 * DAY_OF_NS, time.time_ns()
    warehouse.publish(publication(lines(day, [210.5]), [day], attempt=str(ahead)))
    warehouse.publish(publication(lines(day, [211.5]), [day], attempt=str(right)))
    other = TABLES["raw_injury_reports"]
    warehouse.publish(publication(other.empty(), [day], table=other.name, attempt=str(right + 1)))
    ledger = warehouse.ledger(day, day).set_index("table_name")
    assert ledger.loc[LINES.name, "content_hash"] == hash_of(lines(day, [211.5]), day)
    assert int(ledger.loc[LINES.name, "attempt_id"]) > ahead
    assert ledger.loc[other.name, "attempt_id"] > ledger.loc[LINES.name, "attempt_id"], "across tables as well"
    assert ledger["attempt_id"].str.len().eq(ID_DIGITS).all()


def test_the_ids_of_one_publication_keep_their_order_and_distance(warehouse: Warehouse, day: date) -> None:
    next_day = day + ONE_DAY
    warehouse.publish(publication(lines(day, [210.5]), [day], attempt=str(time.time_ns() + 3 * DAY_OF_NS)))
    both = publication(pd.concat([lines(day, [1.0]), lines(next_day, [2.0])]), [day, next_day])
    both.runs["attempt_id"] = ["7".zfill(ID_DIGITS), "5".zfill(ID_DIGITS)]
    warehouse.publish(both)
    first, second = warehouse.ledger(day, next_day)["attempt_id"]
    assert int(first) - int(second) == 2


def test_ids_that_are_to_be_kept_are(warehouse: Warehouse, day: date) -> None:
    warehouse.publish(publication(lines(day, [210.5]), [day]))
    [stands] = warehouse.ledger(day, day)["attempt_id"]
    warehouse.publish(unpublished(day))
    again = ledger_rows(LINES.name, lines(day, [210.5]), [day], attempt=str(int(stands) + 1))
    warehouse.publish(ledger_only(LINES, again, seen="9" * ID_DIGITS, keeps_ids=True))
    ledger = warehouse.ledger(day, day)
    assert ledger["status"].tolist() == ["OK", "GAP"], "what came later stays the newest"
    assert int(ledger["attempt_id"][0]) == int(stands) + 1


def test_rows_are_counted_by_table_and_date_in_one_query(warehouse: Warehouse, day: date) -> None:
    next_day = day + ONE_DAY
    both = pd.concat([lines(day, [1.0, 2.0, None]), lines(next_day, [4.0])])
    warehouse.publish(publication(both, [day, next_day]))
    tables = [TABLES["raw_shots"], LINES]
    counted = warehouse.row_counts(tables, day, next_day)
    assert counted.sort_values("partition_date").values.tolist() == [
        [LINES.name, pd.Timestamp(day), 3],
        [LINES.name, pd.Timestamp(next_day), 1],
    ]
    assert warehouse.row_counts(tables, next_day, next_day)["rows"].tolist() == [1]


def test_a_partition_with_another_number_of_rows_than_published_is_found(warehouse: Warehouse, day: date) -> None:
    next_day, empty_day = day + ONE_DAY, day + 2 * ONE_DAY
    both = pd.concat([lines(day, [1.0, 2.0]), lines(next_day, [4.0])])
    warehouse.publish(publication(both, [day, next_day, empty_day]))
    assert altered(warehouse, day, empty_day) == {}, "an empty partition is whole"
    delete(warehouse, day)
    reason = "2 rows published, 0 rows in the table: altered outside the pipeline"
    assert altered(warehouse, day, empty_day) == {Partition(LINES.name, day): reason}
    warehouse.publish(publication(lines(day, [1.0, 2.0]), [day], attempt="2"))
    assert altered(warehouse, day, empty_day) == {}


def altered(warehouse: Warehouse, first: date, last: date) -> dict[Partition, str]:
    """The partitions whose rows are known not to be those that were published, and why."""
    found = miscounted(warehouse.ledger(first, last), warehouse.row_counts([LINES], first, last))
    return {partition: str(one) for partition, one in found.items()}


def delete(warehouse: Warehouse, day: date) -> None:
    """Delete a day of lines as a person would, in a shell or a console."""
    statement = f"DELETE FROM nba_raw.raw_game_lines WHERE game_date = DATE '{day}'"
    if isinstance(warehouse, BigQueryWarehouse):
        warehouse.connection.client.query(statement).result()
    elif isinstance(warehouse, DuckDBWarehouse):
        with engine.connect(str(warehouse.path)) as connection:
            connection.execute(statement)


def test_entity_failures_are_replaced_with_their_partition(warehouse: Warehouse, day: date) -> None:
    first = failure_rows(LINES.name, day, ["0022100130", "0022100131"])
    warehouse.publish(publication(lines(day, [1.0]), [day], failures=first))
    assert_frame_equal(warehouse.failures(LINES.name, day), first)
    second = failure_rows(LINES.name, day, ["it's `odd` \\ 0022100131"])
    warehouse.publish(publication(lines(day, [1.0]), [day], attempt="2", failures=second))
    assert_frame_equal(warehouse.failures(LINES.name, day), second)
    assert warehouse.failures("raw_shots", day).empty


def test_a_bookkeeping_table_is_replaced_whole(warehouse: Warehouse, day: date) -> None:
    for entities in (["a", "b"], ["c"], []):
        rows = failure_rows("raw_shots", day, entities)
        warehouse.replace_relation(ENTITY_FAILURES, rows)
        stored = warehouse.read_relation(ENTITY_FAILURES).sort_values("entity", ignore_index=True)
        assert_frame_equal(stored, rows)


def test_a_fresh_warehouse_needs_no_migration(warehouse: Warehouse) -> None:
    warehouse.prepare()
    assert warehouse.migrate(dry_run=True) == []
    assert warehouse.migrate(dry_run=False) == []
