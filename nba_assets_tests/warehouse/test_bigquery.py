"""What BigQuery adds: transactions that cancel each other, clients that die in one, and bounded, counted jobs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from threading import Barrier
from typing import TypeVar

import numpy as np
import pandas as pd
import pytest
from google.cloud.bigquery import Client

from nba_assets.schema.contract import empty
from nba_assets.schema.fingerprint import partition_hashes
from nba_assets.tables import TABLES
from nba_assets.tables.ml_feature_store_v2 import FEATURES
from nba_assets.warehouse.base import Publication, WarehouseError
from nba_assets.warehouse.bigquery import BigQueryWarehouse
from nba_assets.warehouse.bigquery_client import Limits
from nba_assets.warehouse.ledger import ENTITY_FAILURES, ID_DIGITS, PROCESSOR_RUNS
from nba_assets_tests.emulator import PROJECT, Emulator
from nba_assets_tests.turns import marked
from nba_assets_tests.warehouse.publications import LINES, ledger_rows, lines, publication, unpublished

pytestmark = pytest.mark.long

T = TypeVar("T")
Connect = Callable[..., BigQueryWarehouse]
LONG = 20_000
"""Rows whose transaction takes a while, so that two overlap and a client can be killed in one."""


def totals(warehouse: BigQueryWarehouse, day: date) -> list[float]:
    """The totals stored for a day."""
    return warehouse.read(LINES, columns=["total"], start=day, end=day)["total"].tolist()


def many(day: date, total: float) -> pd.DataFrame:
    """A day of lines whose transaction takes a while."""
    one = lines(day, [total])
    rows = one.loc[one.index.repeat(LONG)].reset_index(drop=True)
    return rows.assign(game_id=np.char.add("002", np.arange(LONG).astype(str)).astype(object))


def assert_ledger_and_rows_agree(warehouse: BigQueryWarehouse, day: date) -> None:
    """What stands is what the newest published attempt says it published."""
    ledger = warehouse.ledger(day, day)
    said = ledger[(ledger["table_name"] == LINES.name) & ledger["published"]].iloc[-1]
    rows = warehouse.read(LINES, start=day, end=day)
    assert partition_hashes(rows, LINES.contract, [day])[day] == said["content_hash"]
    assert len(rows) == said["rows"]


def test_a_transaction_that_fails_after_the_delete_leaves_the_old_rows(bigquery: BigQueryWarehouse, day: date) -> None:
    bigquery.publish(publication(lines(day, [210.5]), [day]))
    broken = publication(lines(day, [1.0, 2.0]), [day], attempt="2")
    broken.runs["attempt_id"] = None  # REQUIRED, and inserted after the rows were replaced
    with pytest.raises(WarehouseError, match=r"attempt_id.*What was published before is untouched"):
        bigquery.publish(broken)
    assert totals(bigquery, day) == [210.5]
    assert_ledger_and_rows_agree(bigquery, day)


def test_a_client_killed_in_the_transaction_leaves_all_or_nothing(
    bigquery: BigQueryWarehouse, emulator: Emulator, day: date
) -> None:
    bigquery.publish(publication(lines(day, [210.5]), [day]))
    child = f"""
        from datetime import date
        from nba_assets.warehouse.bigquery import BigQueryWarehouse
        from nba_assets_tests.warehouse.publications import publication
        from nba_assets_tests.warehouse.test_bigquery import many
        day = date.fromisoformat("{day}")
        bigquery = BigQueryWarehouse("{emulator.project}", endpoint="{emulator.endpoint}")
        bigquery.publish(publication(many(day, 199.5), [day], attempt="2"))
        print("the publication was not interrupted")
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(child)], stdout=subprocess.PIPE)
    client = bigquery.connection.client
    try:
        job = wait_for(lambda: running_transaction(client, day))
        process.send_signal(signal.SIGKILL)
        assert process.communicate()[0] == b""
    finally:
        process.kill()
    wait_for(lambda: client.get_job(job).state == "DONE")
    assert len(totals(bigquery, day)) in (1, LONG)
    assert_ledger_and_rows_agree(bigquery, day)
    left_behind = [table for table in client.list_tables("nba_processing") if "staging_" in table.table_id]
    assert left_behind, "the killed client cannot have dropped its staging tables"
    soon = datetime.now(UTC) + timedelta(hours=6)
    assert all(client.get_table(table.reference).expires <= soon for table in left_behind)
    bigquery.publish(publication(lines(day, [211.0]), [day], attempt="3"))
    assert totals(bigquery, day) == [211.0]


def running_transaction(client: Client, day: date) -> str | None:
    """The id of a transaction on a day that is running."""
    jobs = client.list_jobs(state_filter="running")
    found = [
        job.job_id for job in jobs if job.job_type == "query" and f"DELETE FROM `{PROJECT}`.`nba_raw`" in job.query
    ]
    return next((job for job in found if f"DATE '{day}'" in client.get_job(job).query), None)


def wait_for(condition: Callable[[], T | None], seconds: float = 30.0) -> T:
    """The first true answer of a condition."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := condition():
            return answer
        time.sleep(0.005)
    raise AssertionError(f"nothing happened within {seconds:g} s")


def said_by(writer: BigQueryWarehouse, what: Publication) -> str:
    """What a writer's publication came to: "published", or the refusal."""
    try:
        writer.publish(what)
    except WarehouseError as error:
        return str(error)
    return "published"


def newest_attempt(warehouse: BigQueryWarehouse) -> str | None:
    """What a computation that begins now knows of."""
    ids = warehouse.read_relation(PROCESSOR_RUNS)["attempt_id"]
    return None if ids.empty else ids.max()


def test_of_two_writers_of_one_partition_the_first_stands_and_the_other_is_refused(connect: Connect, day: date) -> None:
    writers = [connect(), connect()]
    seen = newest_attempt(writers[0])
    wanted = [publication(many(day, 200.0 + n), [day], attempt=f"{n}", seen=seen) for n in range(2)]
    with ThreadPoolExecutor(2) as threads:
        said = list(threads.map(said_by, writers, wanted))
    assert sorted(text == "published" for text in said) == [False, True]
    assert any("overtaken by a newer attempt" in text for text in said)
    assert totals(writers[0], day) == [200.0 + said.index("published")] * LONG
    assert_ledger_and_rows_agree(writers[0], day)


@pytest.mark.parametrize("days_ahead", [2, *marked("soak", [-2, 0])])
def test_machines_with_different_clocks_agree_on_what_is_newer(connect: Connect, day: date, days_ahead: int) -> None:
    right, wrong = connect(), connect()
    now = time.time_ns()
    other_now = now + days_ahead * 86_400 * 10**9
    began = newest_attempt(wrong)
    right.publish(publication(lines(day, [210.5]), [day], attempt=str(now), seen=began))
    late = publication(lines(day, [1.0]), [day], attempt=str(other_now), seen=began)
    assert "overtaken" in said_by(wrong, late), "it was computed before the other one was published"
    again = publication(lines(day, [211.5]), [day], attempt=str(other_now), seen=newest_attempt(wrong))
    assert said_by(wrong, again) == "published"
    back = publication(lines(day, [212.5]), [day], attempt=str(now + 1), seen=newest_attempt(right))
    assert said_by(right, back) == "published"
    assert totals(right, day) == [212.5]
    assert_ledger_and_rows_agree(right, day)


@pytest.mark.soak
def test_two_writers_of_different_tables_both_succeed(connect: Connect, day: date) -> None:
    first, second = connect(), connect()
    other = TABLES["raw_injury_reports"]
    gaps = [publication(other.empty(), [day], table=other.name, attempt=f"{number}") for number in range(3)]
    with ThreadPoolExecutor(2) as threads:
        slow = threads.submit(said_by, first, publication(many(day, 210.0), [day]))
        fast = threads.submit(lambda: [said_by(second, gap) for gap in gaps])
        assert [slow.result(), *fast.result()] == ["published"] * 4
    assert first.ledger(day, day)["table_name"].tolist() == [LINES.name, other.name]


@pytest.mark.soak
def test_a_writer_gives_up_after_its_time_and_names_the_other(connect: Connect, day: date) -> None:
    impatient = [connect(limits=Limits(patience=0.0)) for _ in range(3)]
    with ThreadPoolExecutor(3) as threads:
        said = list(threads.map(said_by, impatient, [publication(many(day, 200.0), [day])] * 3))
    assert "published" in said
    refusals = [text for text in said if text != "published"]
    assert refusals, "three transactions over the same rows cannot all have been apart"
    assert all("Another writer kept changing" in text and f"process {os.getpid()}" in text for text in refusals)
    assert len(totals(impatient[0], day)) == LONG


def test_two_first_starts_at_once_both_succeed(connect: Connect, day: date) -> None:
    both, at_once = [connect("at_once_"), connect("at_once_")], Barrier(2)

    def start(warehouse: BigQueryWarehouse) -> str:
        at_once.wait()
        return said_by(warehouse, unpublished(day))

    with ThreadPoolExecutor(2) as threads:
        assert [*threads.map(start, both)] == ["published"] * 2
    assert both[0].migrate(dry_run=True) == []
    locks = both[0].connection.query("SELECT COUNT(*) AS `rows` FROM `at_once_nba_processing`.`publication_lock`")
    assert locks.to_pylist() == [{"rows": 1}]
    assert len(both[0].read_relation(PROCESSOR_RUNS)) == 2


def test_an_attempt_computed_before_what_stands_is_refused(bigquery: BigQueryWarehouse, day: date) -> None:
    began = newest_attempt(bigquery)
    bigquery.publish(publication(lines(day, [211.5]), [day]))
    with pytest.raises(WarehouseError, match=r"overtaken by a newer attempt.*Nothing was written"):
        bigquery.publish(publication(lines(day, [210.5]), [day], seen=began))
    assert totals(bigquery, day) == [211.5]
    assert len(bigquery.ledger(day, day)) == 1


@pytest.mark.parametrize(("total", "is_allowed"), [(210.5, False), (211.5, True)])
def test_rows_are_confirmed_only_if_they_are_still_there(
    bigquery: BigQueryWarehouse, day: date, total: float, is_allowed: bool
) -> None:
    bigquery.publish(publication(lines(day, [211.5]), [day], attempt="1"))
    runs = ledger_rows(LINES.name, lines(day, [total]), [day], attempt="2")
    everything = "9" * ID_DIGITS
    confirmed = Publication(LINES, [], LINES.empty(), runs, empty(ENTITY_FAILURES.contract), [day], everything)
    said = said_by(bigquery, confirmed)
    assert said == "published" if is_allowed else "overtaken" in said
    assert_ledger_and_rows_agree(bigquery, day)


def test_one_publication_takes_one_load_per_relation_and_one_transaction(
    bigquery: BigQueryWarehouse, day: date
) -> None:
    next_day = day + timedelta(days=1)
    before = bigquery.connection.jobs
    both = pd.concat([lines(day, [210.5]), lines(next_day, [215.0])])
    bigquery.publish(publication(both, [day, next_day]))
    assert bigquery.connection.jobs - before == 3  # rows, ledger rows, transaction
    assert bigquery.cost() == f"BigQuery: {before + 3:,} jobs, 0 MB billed"


def test_a_long_publication_is_several_and_a_part_that_fails_leaves_those_before_it(
    connect: Connect, day: date, bigquery: BigQueryWarehouse
) -> None:
    cutting = connect(limits=Limits(partitions_per_job=2))
    days = [day - timedelta(days=2001), day - timedelta(days=2000), day, day + timedelta(days=1)]
    cutting.publish(publication(pd.concat([lines(d, [200.0]) for d in days]), days))
    assert cutting.connection.jobs == 2 * 3  # of each part: rows, ledger rows, transaction
    again = publication(pd.concat([lines(d, [201.0]) for d in days]), days)
    again.runs.loc[3, "attempt_id"] = None  # REQUIRED: the last part is refused
    with pytest.raises(
        WarehouseError, match=rf"attempt_id.*This is about {days[2]} … {days[3]}; {days[0]} … .* stands"
    ):
        cutting.publish(again)
    assert [totals(bigquery, one) for one in days[1:]] == [[201.0], [200.0], [200.0]]
    assert_ledger_and_rows_agree(bigquery, days[1])
    assert_ledger_and_rows_agree(bigquery, days[2])


def test_load_jobs_are_bounded(connect: Connect, day: date) -> None:
    bigquery = connect(limits=Limits(load_jobs_per_day=2))
    bigquery.publish(publication(lines(day, [210.5]), [day]))
    with pytest.raises(WarehouseError, match=r"2 load jobs today.*NBA_BIGQUERY_LOAD_JOBS_PER_DAY"):
        bigquery.publish(publication(lines(day, [1.0]), [day], attempt="2"))
    assert totals(bigquery, day) == [210.5]


def test_the_views_show_features_as_an_array_and_the_newest_attempts(bigquery: BigQueryWarehouse, day: date) -> None:
    store, next_day = TABLES["ml_feature_store_v2"], day + timedelta(days=1)
    bigquery.publish(publication(feature_rows(day, [2544, 201939]), [day], table=store.name))
    bigquery.publish(unpublished(next_day, table=store.name))
    client = bigquery.connection.client
    of_day = f"WHERE game_date = DATE '{day}'"
    vectors = [*client.query(f"SELECT * FROM nba_predictions.ml_feature_store_v2_vector {of_day}").result()]
    assert [len(row.features) for row in vectors] == [len(FEATURES)] * 2
    assert vectors[0].feature_names == list(FEATURES.names)
    assert vectors[0].features[0] == 21.5
    assert np.isnan(vectors[0].features[1])
    query = f"SELECT * FROM nba_processing.coverage WHERE partition_date >= '{day}' ORDER BY partition_date"
    assert [(row.status, row.rows) for row in client.query(query).result()] == [("OK", 2), ("GAP", 0)]


def feature_rows(day: date, players: Sequence[int]) -> pd.DataFrame:
    """Rows of the feature store in which one feature is known and the others are NULL."""
    store = TABLES["ml_feature_store_v2"]
    known = {"game_date": pd.Timestamp(day), "season": "2021-22", "feature_version": "v2", FEATURES.names[0]: 21.5}
    texts = {"game_id": "0022100130", "team": "LAL", "opponent": "GSW", "is_production_ready": False}
    columns = store.contract.to_schema().columns
    rows = pd.DataFrame([{**known, **texts, "player_id": player} for player in players]).reindex(columns=list(columns))
    for name, column in columns.items():
        kind = str(column.dtype)
        if kind == "object" and rows[name].isna().all():
            rows[name] = [[] for _ in players] if column.metadata["texts"] else "?"
        elif kind in ("int64", "bool") and rows[name].isna().all():
            rows[name] = 0
    return store.shape(rows)
