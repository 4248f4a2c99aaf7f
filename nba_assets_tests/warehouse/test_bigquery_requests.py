"""How often BigQuery is asked: for the ledger only if it has changed, for what does not exist only once a moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta

import pandas as pd
import pytest

from nba_assets.tables import TABLES
from nba_assets.warehouse.alert_state import ALERTS
from nba_assets.warehouse.bigquery import BigQueryWarehouse
from nba_assets.warehouse.bigquery_client import Limits
from nba_assets.warehouse.ledger import ENTITY_FAILURES
from nba_assets_tests.emulator import Emulator
from nba_assets_tests.warehouse.faulty_bigquery import FaultyBigQuery, Request, faulty_bigquery
from nba_assets_tests.warehouse.publications import LINES, failure_rows, lines, publication, unpublished

pytestmark = pytest.mark.long

Connect = Callable[..., BigQueryWarehouse]
NEVER = Limits(absence_seconds=1e9, counts_seconds=1e9)


@pytest.fixture
def between(emulator: Emulator) -> Iterator[FaultyBigQuery]:
    """A server between a client and the emulator that keeps what it was asked, and has no errors to give."""
    with faulty_bigquery([], emulator.endpoint) as server:
        yield server


def reader(server: FaultyBigQuery, emulator: Emulator, limits: Limits = NEVER, prefix: str = "") -> BigQueryWarehouse:
    """A client of the server; what others have read through other servers it does not know of."""
    return BigQueryWarehouse(emulator.project, endpoint=server.endpoint, prefix=prefix, limits=limits)


def queries(server: FaultyBigQuery) -> list[Request]:
    """The statements and scripts that were run since this was asked last."""
    found = [request for request in server.asked if request.sql]
    server.asked.clear()
    return found


def test_the_ledger_is_read_once_until_somebody_publishes(
    bigquery: BigQueryWarehouse, emulator: Emulator, between: FaultyBigQuery, day: date
) -> None:
    bigquery.publish(publication(lines(day, [210.5]), [day]))
    reads = [None, [LINES.name], ["raw_schedule"], None]
    first = [reader(between, emulator).ledger(day, day, tables=tables) for tables in reads]
    assert (len(queries(between)), [len(rows) for rows in first]) == (1, [1, 1, 0, 1])
    bigquery.publish(unpublished(day, attempt="2"))
    known = reader(between, emulator)
    assert known.ledger(day, day)["published"].tolist() == [True, False]
    known.publish(publication(lines(day, [211.0]), [day], attempt="3"))
    queries(between)
    assert known.ledger(day, day)["published"].tolist() == [True]
    assert len(queries(between)) == 1


@pytest.mark.soak
def test_what_is_remembered_is_what_would_be_read(
    bigquery: BigQueryWarehouse, emulator: Emulator, between: FaultyBigQuery, day: date
) -> None:
    after, other = day + timedelta(days=1), "raw_injury_reports"
    steps = [
        publication(lines(day, [210.5]), [day]),
        publication(pd.concat([lines(day, [1.0, 2.0]), lines(after, [3.0])]), [day, after], attempt="2"),
        unpublished(after, attempt="3"),
        unpublished(day, attempt="4", table=other),
        publication(lines(after, []), [after], attempt="5"),
    ]
    asked = [(day, day, None), (day, after, None), (day, after, [other]), (after, after, [LINES.name])]
    for step, publish in zip(steps, [bigquery, None] * 3, strict=False):
        remembering = reader(between, emulator)
        (publish or remembering).publish(step)
        with faulty_bigquery([], emulator.endpoint) as elsewhere:
            forgetful = reader(elsewhere, emulator)
            for start, end, tables in asked:
                now = forgetful.ledger(start, end, tables=tables)
                for _ in range(2):
                    pd.testing.assert_frame_equal(remembering.ledger(start, end, tables=tables), now)
            counted = [one.row_counts([LINES, TABLES[other]], day, after) for one in (remembering, forgetful)]
            pd.testing.assert_frame_equal(counted[0], counted[1])


def test_what_a_caller_does_to_its_ledger_nobody_else_sees(bigquery: BigQueryWarehouse, day: date) -> None:
    bigquery.publish(publication(lines(day, [210.5]), [day]))
    rows = bigquery.ledger(day, day)
    rows["table_name"] = "mine"
    assert bigquery.ledger(day, day)["table_name"].tolist() == [LINES.name]


def test_altered_rows_are_counted_again_after_a_while(
    bigquery: BigQueryWarehouse, emulator: Emulator, between: FaultyBigQuery, day: date
) -> None:
    bigquery.publish(publication(lines(day, [210.5, 220.5]), [day]))
    settled, impatient = reader(between, emulator), reader(between, emulator, Limits(counts_seconds=0))
    counts = [settled.row_counts([LINES], day, day)["rows"].tolist() for _ in range(2)]
    assert (counts, len(queries(between))) == ([[2], [2]], 1)
    bigquery.connection.execute(f"DELETE FROM nba_raw.raw_game_lines WHERE game_date = DATE '{day}' AND total < 215")
    assert impatient.row_counts([LINES], day, day)["rows"].tolist() == [1]


def test_what_does_not_exist_is_looked_for_once(emulator: Emulator, between: FaultyBigQuery, day: date) -> None:
    nothing = reader(between, emulator, prefix="absent_")
    for table in TABLES.values():
        assert nothing.read(table, start=day, end=day).empty
        assert nothing.ledger(day, day, tables=[table.name]).empty
    assert len(between.asked) <= 6


@pytest.mark.soak
def test_what_somebody_else_has_created_is_seen_a_moment_later(
    connect: Connect, emulator: Emulator, between: FaultyBigQuery, day: date
) -> None:
    at_once = reader(between, emulator, Limits(absence_seconds=0), "created_meanwhile_")
    assert at_once.ledger(day, day).empty
    connect("created_meanwhile_").publish(publication(lines(day, [210.5]), [day]))
    assert len(at_once.ledger(day, day)) == 1


def test_a_bookkeeping_table_is_replaced_in_one_statement(
    connect: Connect, emulator: Emulator, between: FaultyBigQuery, day: date
) -> None:
    connect("replaced_").prepare()
    writer = reader(between, emulator, prefix="replaced_")
    writer.prepare()
    for entities in (["BOS", "LAL"], ["LAL", "UTA", "NYK"], []):
        queries(between)
        rows = failure_rows(LINES.name, day, entities)
        writer.replace_relation(ENTITY_FAILURES, rows)
        (statement,) = queries(between)
        assert ";" not in statement.sql
        stored = writer.read_relation(ENTITY_FAILURES)
        assert sorted(stored["entity"]) == sorted(entities)
    assert writer.read_relation(ALERTS).empty
