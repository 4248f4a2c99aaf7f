"""A connection to BigQuery: made on first use, counted, bounded, and clear about what went wrong.

What is sent over it is in `bigquery_sql.py`; what a publication is, in `bigquery.py`.
"""

from __future__ import annotations

import importlib.util
import io
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any, TypeVar

import google.auth.exceptions
import pyarrow as pa
import pyarrow.parquet as pq
import requests.exceptions
from google.api_core import exceptions as api
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from google.cloud.bigquery.retry import DEFAULT_RETRY

from nba_assets.backoff import doubled, jittered
from nba_assets.warehouse.base import DisturbedError, OvertakenError, WarehouseError
from nba_assets.warehouse.bigquery_sql import OVERTAKEN

METADATA: dict[str, Any] = {"retry": DEFAULT_RETRY.with_timeout(30.0), "timeout": 30.0}
"""Transient errors only, and not for the client's default of ten minutes: the first call is where people wait."""
T = TypeVar("T")
_LABELS = {"application": "nba_assets"}
# BigQuery's words for two transactions that changed the same table, and the emulator's.
_DISTURBED = ("due to concurrent update", "Failed to commit DuckLake transaction")
_EMULATED_PROJECT = "local"
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 8.0
_REQUEST_SECONDS = 60.0


@dataclass(frozen=True)
class Target:
    """Where BigQuery is. `project` None: the project of the credentials. `endpoint`: an emulator, no credentials."""

    project: str | None
    location: str
    endpoint: str | None = None


class Connection:
    """The official client with what a warehouse needs around it; jobs and billed bytes are counted."""

    def __init__(self, target: Target, *, load_jobs_per_day: int) -> None:
        self.target = target
        self.jobs = 0
        self.bytes_billed = 0
        self._load_jobs_per_day = load_jobs_per_day
        self._loads: dict[date, int] = {}

    @cached_property
    def client(self) -> bigquery.Client:
        """The client; the first use finds the credentials."""
        with explained(self.target):
            return _client(self.target)

    @property
    def project(self) -> str:
        """The project that is written to."""
        return str(self.client.project)

    def query(self, sql: str) -> pa.Table:
        """Run a statement or a script and return its rows."""
        with explained(self.target):
            job = self._run(sql)
            # The emulator serves the Storage API on another port and without TLS: rows come over REST.
            storage = self.target.endpoint is None and _has_storage_client()
            return job.result().to_arrow(create_bqstorage_client=storage)

    def execute(self, sql: str) -> None:
        """Run a statement or a script whose rows are not needed."""
        with explained(self.target):
            self._run(sql)

    def commit(self, script: str, *, patience: float, blame: Callable[[], str]) -> None:
        """Run a transaction; again, for up to `patience` seconds, while another one keeps changing the same tables."""
        self.repeated(lambda: self._run(script), patience=patience, blame=blame)

    def repeated(self, action: Callable[[], T], *, patience: float, blame: Callable[[], str]) -> T:
        """Do something that another writer may disturb, until it succeeds or `patience` seconds are over.

        What BigQuery cancelled has left nothing behind, so repeating it is safe.
        """
        deadline = time.monotonic() + patience
        attempts = 0
        while True:
            try:
                with explained(self.target):
                    return action()
            except DisturbedError as error:
                if time.monotonic() > deadline:
                    raise WarehouseError(
                        f"Another writer kept changing the warehouse for {patience:g} s ({blame()}). Nothing was "
                        "written. Wait for it to end, or stop it; interrupting is safe."
                    ) from error
            attempts += 1
            time.sleep(jittered(doubled(_FIRST_PAUSE, attempts, _LONGEST_PAUSE)))

    def start_load(self, rows: pa.Table, table: str, schema: list[bigquery.SchemaField]) -> bigquery.LoadJob:
        """Start a load job into an existing table, by name, with an explicit schema."""
        self._count_load()
        config = bigquery.LoadJobConfig(
            schema=schema,
            autodetect=False,
            source_format=bigquery.SourceFormat.PARQUET,
            create_disposition=bigquery.CreateDisposition.CREATE_NEVER,
            write_disposition=bigquery.WriteDisposition.WRITE_TRUNCATE,
            labels=_LABELS,
        )
        lists = bigquery.ParquetOptions()
        lists.enable_list_inference = True
        config.parquet_options = lists
        buffer = io.BytesIO()
        pq.write_table(rows, buffer, coerce_timestamps="us")
        self.jobs += 1
        return self.client.load_table_from_file(buffer, table, rewind=True, job_config=config)

    def _run(self, sql: str) -> bigquery.QueryJob:
        job = self.client.query(sql, job_config=bigquery.QueryJobConfig(labels=_LABELS), timeout=_REQUEST_SECONDS)
        self.jobs += 1
        job.result()
        # A script's own statistics are the sum over its statements.
        self.bytes_billed += job.total_bytes_billed or 0
        return job

    def _count_load(self) -> None:
        today = datetime.now(UTC).date()
        self._loads[today] = self._loads.get(today, 0) + 1
        if self._loads[today] > self._load_jobs_per_day:
            raise WarehouseError(
                f"{self._load_jobs_per_day} load jobs today: this process stops before BigQuery's own quota does. "
                "Publish longer ranges at once, or raise NBA_BIGQUERY_LOAD_JOBS_PER_DAY."
            )


@contextmanager
def explained(target: Target) -> Iterator[None]:
    """Turn what the client raises into a WarehouseError that says what to do."""
    where = describe(target)
    try:
        yield
    except google.auth.exceptions.TransportError as error:
        raise WarehouseError(f"{where} cannot be reached: {error}. Check the network and the proxy.") from error
    except google.auth.exceptions.GoogleAuthError as error:
        raise WarehouseError(
            f"{where} needs Google credentials: {error}. Run `gcloud auth application-default login`, or point "
            "GOOGLE_APPLICATION_CREDENTIALS at a service account's key file."
        ) from error
    except (requests.exceptions.ConnectionError, api.RetryError) as error:
        hint = "Check NBA_BIGQUERY_ENDPOINT; unset it" if target.endpoint else "Check the network and the proxy"
        raise WarehouseError(f"{where} cannot be reached: {error}. {hint}.") from error
    except api.Forbidden as error:
        raise WarehouseError(
            f"{where} refuses: {_message(error)}. Check NBA_BIGQUERY_PROJECT, and that the account has the roles "
            "BigQuery Job User on the project and BigQuery Data Editor on the datasets (docs/bigquery.md)."
        ) from error
    except api.NotFound as error:
        raise WarehouseError(
            f"{where}: {_message(error)}. Check NBA_BIGQUERY_PROJECT, NBA_BIGQUERY_DATASET_PREFIX and "
            "NBA_BIGQUERY_LOCATION."
        ) from error
    except api.GoogleAPICallError as error:
        raise _class_of(error)(f"{where}: {_message(error)}. What was published before is untouched.") from error


def describe(target: Target) -> str:
    """Where it is, for messages."""
    at = f" at {target.endpoint}" if target.endpoint else ""
    project = target.project or (_EMULATED_PROJECT if target.endpoint else "of the credentials")
    return f"BigQuery project {project} in {target.location}{at}"


def _client(target: Target) -> bigquery.Client:
    if target.endpoint:
        return bigquery.Client(
            project=target.project or _EMULATED_PROJECT,
            location=target.location,
            credentials=AnonymousCredentials(),
            client_options={"api_endpoint": target.endpoint},
        )
    from dagster_gcp import BigQueryResource  # loads Dagster: only where a real project is used

    try:
        with BigQueryResource(project=target.project, location=target.location).get_client() as client:
            return client
    except OSError as error:
        raise WarehouseError(f"BigQuery: {error} Set NBA_BIGQUERY_PROJECT.") from error


def _message(error: api.GoogleAPICallError) -> str:
    return str(error.message).split("\n")[0].rstrip(".")


def _class_of(error: api.GoogleAPICallError) -> type[WarehouseError]:
    """The service gives these no code of their own: its words are read here, once, and nowhere else."""
    if OVERTAKEN in str(error):
        return OvertakenError
    return DisturbedError if any(words in str(error) for words in _DISTURBED) else WarehouseError


def _has_storage_client() -> bool:
    return importlib.util.find_spec("google.cloud.bigquery_storage") is not None
