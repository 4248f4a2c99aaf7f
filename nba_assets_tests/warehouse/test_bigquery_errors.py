"""What is wrong with credentials, project, permission or location is said before any work, and says what to do."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from google.cloud import bigquery as api

from nba_assets.tables import TABLES
from nba_assets.warehouse.alert_state import ALERTS
from nba_assets.warehouse.base import WarehouseError
from nba_assets.warehouse.bigquery import BigQueryWarehouse, open_warehouse
from nba_assets_tests.warehouse.publications import LINES

Connect = Callable[..., BigQueryWarehouse]


@contextmanager
def server_that_answers(status: int, reason: str, message: str) -> Iterator[tuple[str, list[str]]]:
    """A BigQuery that refuses everything in BigQuery's own format; also the requests that it got."""
    asked: list[str] = []
    errors = [{"message": message, "domain": "global", "reason": reason}]
    body = json.dumps({"error": {"code": status, "message": message, "errors": errors}}).encode()

    class Refusal(BaseHTTPRequestHandler):
        def answer(self) -> None:
            asked.append(f"{self.command} {self.path}")
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = answer  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Refusal)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """A machine on which nobody has logged in to Google Cloud, and that is not a Google machine."""
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT", "BIGQUERY_EMULATOR_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    return monkeypatch


def test_without_credentials_the_message_says_how_to_get_some(no_credentials: pytest.MonkeyPatch) -> None:
    with pytest.raises(WarehouseError, match=r"needs Google credentials.*gcloud auth application-default login"):
        BigQueryWarehouse("some-project").prepare()
    no_credentials.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere/key.json")
    with pytest.raises(WarehouseError, match=r"/nowhere/key\.json.*GOOGLE_APPLICATION_CREDENTIALS"):
        BigQueryWarehouse("some-project").read(LINES)


def test_nothing_is_connected_before_use(no_credentials: pytest.MonkeyPatch) -> None:  # noqa: ARG001
    warehouse = BigQueryWarehouse("some-project", location="EU", prefix="dev_")
    assert warehouse.describe() == "BigQuery project some-project in EU, datasets dev_nba_*"
    assert warehouse.cost() == "BigQuery: 0 jobs, 0 MB billed"


@pytest.mark.parametrize(
    ("status", "reason", "message", "advice"),
    [
        (403, "accessDenied", "Access Denied: Project p: bigquery.jobs.create", "BigQuery Job User"),
        (404, "notFound", "Not found: Project no-such-project", "Check NBA_BIGQUERY_PROJECT"),
        (400, "invalid", "Invalid project ID 'No Such Project'", "Invalid project ID"),
        (403, "quotaExceeded", "Quota exceeded: Your project exceeded quota", "Quota exceeded"),
    ],
)
@pytest.mark.parametrize("use", [BigQueryWarehouse.ledger, BigQueryWarehouse.prepare], ids=["read", "written"])
def test_a_refusal_comes_at_once_and_before_any_work(
    status: int, reason: str, message: str, advice: str, use: Callable[[BigQueryWarehouse], object]
) -> None:
    with server_that_answers(status, reason, message) as (endpoint, asked):
        warehouse = BigQueryWarehouse("no-such-project", endpoint=endpoint)
        with pytest.raises(WarehouseError) as error:
            use(warehouse)
    assert message in str(error.value)
    assert advice in str(error.value)
    assert len(asked) == 1, "what is not transient is not tried again"


def test_reading_creates_no_dataset(connect: Connect) -> None:
    reader, day = connect("unread_"), date(2022, 1, 1)
    assert reader.read(TABLES["raw_schedule"]).empty
    assert reader.row_counts([*TABLES.values()], day, day).empty
    assert reader.ledger().empty
    assert reader.stored_ledger().empty
    assert reader.failures("raw_schedule", day).empty
    assert reader.read_relation(ALERTS).empty
    assert reader.sources() == frozenset()
    names = [one.dataset_id for one in reader.connection.client.list_datasets()]
    assert not [name for name in names if name.startswith("unread_")]


def test_a_dataset_in_another_location_is_named_with_the_way_out(connect: Connect) -> None:
    elsewhere = connect("elsewhere_")
    dataset = api.Dataset(f"{elsewhere.target.project}.elsewhere_nba_raw")
    dataset.location = "EU"
    elsewhere.connection.client.create_dataset(dataset)
    with pytest.raises(WarehouseError, match=r"elsewhere_nba_raw is in EU.*NBA_BIGQUERY_LOCATION=EU"):
        elsewhere.prepare()
    assert not list(elsewhere.connection.client.list_tables("elsewhere_nba_processing"))


def test_the_settings_name_project_location_datasets_and_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    from nba_assets.settings import load_settings

    for name, value in {"PROJECT": "p", "LOCATION": "EU", "DATASET_PREFIX": "dev_", "ENDPOINT": "http://e"}.items():
        monkeypatch.setenv(f"NBA_BIGQUERY_{name}", value)
    warehouse = open_warehouse(load_settings())
    assert warehouse.describe() == "BigQuery project p in EU at http://e, datasets dev_nba_*"
