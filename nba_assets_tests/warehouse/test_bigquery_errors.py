"""What is wrong with credentials, project, permission or location is said before any work, and says what to do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from google.api_core.exceptions import BadRequest
from google.cloud import bigquery as api

from nba_assets.tables import TABLES
from nba_assets.warehouse.alert_state import ALERTS
from nba_assets.warehouse.base import WarehouseError
from nba_assets.warehouse.bigquery import BigQueryWarehouse, open_warehouse
from nba_assets.warehouse.bigquery_client import Limits
from nba_assets.warehouse.bigquery_errors import Target, explained
from nba_assets_tests.warehouse.faulty_bigquery import Fault, faulty_bigquery, refusal
from nba_assets_tests.warehouse.publications import LINES

Connect = Callable[..., BigQueryWarehouse]


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
    everything = Fault(lambda _: True, refusal(status, reason, message), is_lasting=True)
    with faulty_bigquery([everything]) as server:
        warehouse = BigQueryWarehouse("no-such-project", endpoint=server.endpoint)
        with pytest.raises(WarehouseError) as error:
            use(warehouse)
    assert message in str(error.value)
    assert advice in str(error.value)
    assert len(server.asked) == 1, "what is not transient is not tried again"


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


_SET = {"PROJECT": "p", "LOCATION": "EU", "DATASET_PREFIX": "dev_", "ENDPOINT": "http://e"}
_SET |= {"LOAD_JOBS_PER_DAY": "7", "JOB_SECONDS": "90", "MAXIMUM_BYTES_BILLED": "1000000000"}


def test_the_settings_name_project_location_datasets_endpoint_and_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    from nba_assets.settings import load_settings

    for name, value in _SET.items():
        monkeypatch.setenv(f"NBA_BIGQUERY_{name}", value)
    warehouse = open_warehouse(load_settings())
    assert warehouse.describe() == "BigQuery project p in EU at http://e, datasets dev_nba_*"
    assert warehouse.limits == Limits(load_jobs_per_day=7, job_seconds=90.0, maximum_bytes_billed=10**9)


def test_a_column_that_a_table_of_before_lacks_leads_to_the_migration() -> None:
    with pytest.raises(WarehouseError) as raised, explained(Target("p", "US")):
        raise BadRequest("GET https://host/jobs: Unrecognized name: slack at [1:2]")
    said = "BigQuery project p in US: Unrecognized name: slack at [1:2]. A table may be of an earlier version: "
    assert str(raised.value) == said + "nba-assets migrate --dry-run tells."
