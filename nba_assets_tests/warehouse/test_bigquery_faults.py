"""What BigQuery says of a moment is tried again, and nothing is done twice; what it says for good ends the work."""

from __future__ import annotations

import re
from datetime import date

import pytest

from nba_assets.warehouse.base import DisturbedError, WarehouseError
from nba_assets.warehouse.bigquery import BigQueryWarehouse
from nba_assets.warehouse.bigquery_client import Limits
from nba_assets.warehouse.bigquery_errors import BusyError
from nba_assets.warehouse.ledger import PROCESSOR_RUNS
from nba_assets_tests.emulator import Emulator
from nba_assets_tests.warehouse.faulty_bigquery import (
    Fault,
    FaultyBigQuery,
    Request,
    Response,
    failure,
    failure_after_all,
    faulty_bigquery,
    refusal,
)
from nba_assets_tests.warehouse.publications import LINES, lines, publication

pytestmark = pytest.mark.long

INVALID = "invalidQuery"
"""What a script says of whatever goes wrong in one of its statements."""

RATES = "Query error: Exceeded rate limits: too many table dml insert operations for this table at [3:1]"
OUTSTANDING = "Resources exceeded: Too many DML statements outstanding against table p:d.t, limit is 20 at [4:1]"
CONCURRENT = "Query error: Transaction is aborted due to concurrent update against table p:d.t. at [2:1]"
QUOTA = "Quota exceeded: Your table exceeded quota for partition modifications"
BYTES = "Query exceeded limit for bytes billed: 5. 10485760 or higher required."


def is_transaction(request: Request) -> bool:
    """Whether it is a publication's."""
    return "COMMIT TRANSACTION" in request.sql


def is_query(request: Request) -> bool:
    """Whether a statement or a script is to be run."""
    return bool(request.sql)


def is_load(request: Request) -> bool:
    """Whether a load job begins after it."""
    return request.is_load


def warehouse_at(server: FaultyBigQuery, emulator: Emulator, **limits: float) -> BigQueryWarehouse:
    """A client of the server."""
    return BigQueryWarehouse(emulator.project, endpoint=server.endpoint, limits=Limits(**limits))


def attempts(bigquery: BigQueryWarehouse, day: date) -> int:
    """How many ledger rows there are about a day of lines."""
    runs = bigquery.read_relation(PROCESSOR_RUNS)
    return int(runs["partition_date"].dt.date.eq(day).sum())


def totals(bigquery: BigQueryWarehouse, day: date) -> list[float]:
    """The totals stored for a day."""
    return bigquery.read(LINES, start=day, end=day)["total"].tolist()


@pytest.mark.parametrize(
    ("reason", "message", "kind"),
    [
        (INVALID, RATES, BusyError),
        (INVALID, OUTSTANDING, BusyError),
        ("jobRateLimitExceeded", "Exceeded rate limits: too many concurrent jobs", BusyError),
        ("jobBackendError", "The job encountered an error during execution", BusyError),
        ("backendError", "Error encountered during execution. Retrying may solve the problem.", BusyError),
        ("internalError", "An internal error occurred and the request could not be completed", BusyError),
        (INVALID, CONCURRENT, DisturbedError),
        (INVALID, "Could not serialize access to table p:d.t due to concurrent update", DisturbedError),
        ("duplicate", "Already Exists: Table p:d.t", DisturbedError),
    ],
)
def test_what_passes_is_told_from_what_does_not(reason: str, message: str, kind: type[WarehouseError]) -> None:
    with faulty_bigquery([Fault(is_query, failure(reason, message))]) as server:
        with pytest.raises(kind, match=re.escape(message.rstrip("."))):
            BigQueryWarehouse("p", endpoint=server.endpoint).connection.run("SELECT 1")
        assert sum(map(is_query, server.asked)) == 1


@pytest.mark.parametrize(
    ("answer", "advice"),
    [
        (failure("quotaExceeded", QUOTA), "a quota is used up: Quota exceeded.*24 hours"),
        (failure(INVALID, f"{QUOTA} at [3:1]"), "a quota is used up: Quota exceeded.*24 hours"),
        (refusal(403, "quotaExceeded", QUOTA), "a quota is used up: .*Quota exceeded.*24 hours"),
        (failure("bytesBilledLimitExceeded", BYTES), "10485760 or higher.*NBA_BIGQUERY_MAXIMUM_BYTES_BILLED"),
        (failure("stopped", "Job execution was cancelled: Job timed out after 7s"), "NBA_BIGQUERY_JOB_SECONDS"),
    ],
)
def test_what_is_said_for_good_ends_the_work_at_once_and_says_what_to_do(answer: Response, advice: str) -> None:
    with faulty_bigquery([Fault(is_query, answer)]) as server:
        with pytest.raises(WarehouseError, match=advice):
            BigQueryWarehouse("p", endpoint=server.endpoint).connection.execute("SELECT 1")
        assert sum(map(is_query, server.asked)) == 1


def test_passing_errors_of_a_transaction_are_waited_out_and_it_is_done_once(
    bigquery: BigQueryWarehouse, emulator: Emulator, day: date
) -> None:
    answers = [
        failure(INVALID, RATES),
        failure(INVALID, CONCURRENT),
        refusal(403, "rateLimitExceeded", "Exceeded rate limits: too many api requests per user per method"),
        refusal(503, "backendError", "Service unavailable"),
    ]
    with faulty_bigquery([Fault(is_transaction, answer) for answer in answers], emulator.endpoint) as server:
        warehouse_at(server, emulator).publish(publication(lines(day, [210.5]), [day]))
        sent = [request.job["jobReference"]["jobId"] for request in server.asked if is_transaction(request)]
    assert server.faults == []
    assert len(sent) == 5
    assert len(set(sent)) == 3, "what was refused is sent again with its id, what failed with a new one"
    assert totals(bigquery, day) == [210.5]
    assert attempts(bigquery, day) == 1


@pytest.mark.parametrize("recorded_before", [False, True])
def test_a_transaction_that_was_committed_and_called_failed_is_not_repeated(
    bigquery: BigQueryWarehouse, emulator: Emulator, day: date, recorded_before: bool
) -> None:
    if recorded_before:
        bigquery.publish(publication(lines(day, [209.5]), [day]))
    newest = bigquery.read_relation(PROCESSOR_RUNS)["attempt_id"].max()
    lost = Fault(is_transaction, failure_after_all("internalError", "An internal error occurred"))
    with faulty_bigquery([lost], emulator.endpoint) as server:
        warehouse_at(server, emulator).publish(publication(lines(day, [210.5]), [day], seen=newest))
        assert sum(map(is_transaction, server.asked)) == 1
    assert totals(bigquery, day) == [210.5]
    assert attempts(bigquery, day) == 1 + recorded_before


def test_passing_errors_of_load_jobs_are_waited_out(bigquery: BigQueryWarehouse, emulator: Emulator, day: date) -> None:
    answers = [
        failure("jobRateLimitExceeded", "Exceeded rate limits: too many imports"),
        failure("backendError", "Backend error"),
    ]
    with faulty_bigquery([Fault(is_load, answer) for answer in answers], emulator.endpoint) as server:
        warehouse_at(server, emulator).publish(publication(lines(day, [210.5]), [day]))
    assert server.faults == []
    assert totals(bigquery, day) == [210.5]
    assert attempts(bigquery, day) == 1


def test_what_does_not_pass_is_given_up_and_says_so(bigquery: BigQueryWarehouse, emulator: Emulator, day: date) -> None:
    busy = Fault(is_transaction, failure(INVALID, "Exceeded rate limits: too many updates"), is_lasting=True)
    with faulty_bigquery([busy], emulator.endpoint) as server:
        impatient = warehouse_at(server, emulator, patience=0.0)
        with pytest.raises(
            WarehouseError, match=r"Exceeded rate limits.*tried again for 0 s.*same command again later"
        ):
            impatient.publish(publication(lines(day, [210.5]), [day]))
    assert totals(bigquery, day) == []
    assert attempts(bigquery, day) == 0


def test_a_quota_that_is_used_up_ends_a_publication_that_has_written_nothing(
    bigquery: BigQueryWarehouse, emulator: Emulator, day: date
) -> None:
    with faulty_bigquery([Fault(is_transaction, failure("quotaExceeded", QUOTA))], emulator.endpoint) as server:
        with pytest.raises(WarehouseError, match="a quota is used up"):
            warehouse_at(server, emulator).publish(publication(lines(day, [210.5]), [day]))
        assert sum(map(is_transaction, server.asked)) == 1
    assert totals(bigquery, day) == []
    assert attempts(bigquery, day) == 0


def test_jobs_are_sent_with_their_limits(bigquery: BigQueryWarehouse, emulator: Emulator, day: date) -> None:
    with faulty_bigquery([], emulator.endpoint) as server:
        limited = warehouse_at(server, emulator, job_seconds=90.0, maximum_bytes_billed=50_000_000)
        limited.publish(publication(lines(day, [210.5]), [day]))
        limited.read(LINES, start=day, end=day)
    sent = [request.job["configuration"] for request in server.asked if request.sql]
    assert len(sent) == 2
    assert {job["jobTimeoutMs"] for job in sent} == {"90000"}
    assert {job["query"]["maximumBytesBilled"] for job in sent} == {"50000000"}
    loads = [request for request in server.asked if request.method == "POST" and "/upload/" in request.path]
    assert len(loads) == 2
    assert all(b'"jobTimeoutMs": "90000"' in request.body for request in loads)
    assert totals(bigquery, day) == [210.5]
