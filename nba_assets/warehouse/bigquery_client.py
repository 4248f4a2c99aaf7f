"""A connection to BigQuery: made on first use, counted, bounded, and patient where that helps.

What is sent over it is in `bigquery_sql.py`; what a publication is, in `bigquery.py`; what errors mean, in
`bigquery_errors.py`.
"""

from __future__ import annotations

import importlib.util
import io
import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import GoogleAuthError
from google.cloud import bigquery
from google.cloud.bigquery.retry import DEFAULT_RETRY

from nba_assets.backoff import doubled, jittered
from nba_assets.warehouse.base import DisturbedError, WarehouseError
from nba_assets.warehouse.bigquery_errors import EMULATED_PROJECT, BusyError, Target, explained
from nba_assets.warehouse.cuts import MOST_PARTITIONS

log = logging.getLogger(__name__)

_RETRY = DEFAULT_RETRY.with_timeout(30.0)
"""Transient errors only, and not for the client's default of ten minutes: the first call is where people wait."""
METADATA: dict[str, Any] = {"retry": _RETRY, "timeout": 30.0}
_RESULT: dict[str, Any] = {"retry": _RETRY, "job_retry": None}
T = TypeVar("T")
_LABELS = {"application": "nba_assets"}
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 8.0
_SILENT_ATTEMPTS = 4
"""So many are made within a few seconds, and need no word."""
_REQUEST_SECONDS = 60.0


@dataclass(frozen=True)
class Limits:
    """How much may be asked of BigQuery.

    `patience` is how long, in seconds, to repeat what another writer or BigQuery itself has disturbed;
    `absence_seconds`, how long a reader takes it that a table does not exist before it looks again; `counts_seconds`,
    how long numbers of rows stand that no publication has changed: only a person can have altered them since.
    """

    load_jobs_per_day: int = 1000
    partitions_per_job: int = MOST_PARTITIONS
    job_seconds: float = 3600.0
    maximum_bytes_billed: int | None = None
    patience: float = 600.0
    absence_seconds: float = 5.0
    counts_seconds: float = 600.0


class Connection:
    """The official client with what a warehouse needs around it; jobs and billed bytes are counted."""

    def __init__(self, target: Target, limits: Limits, credentials: str | None = None) -> None:
        self.target = target
        self.limits = limits
        self._credentials = credentials
        self.jobs = 0
        self.bytes_billed = 0
        self._loads: dict[date, int] = {}

    @cached_property
    def client(self) -> bigquery.Client:
        """The client; the first use finds the credentials."""
        with explained(self.target):
            return _client(self.target, self._credentials)

    @property
    def project(self) -> str:
        """The project that is written to."""
        return str(self.client.project)

    def query(self, sql: str) -> pa.Table:
        """Run a statement that only reads, and return its rows."""
        # The emulator serves the Storage API on another port and without TLS: rows come over REST.
        storage = self.target.endpoint is None and _has_storage_client()
        return self.repeated(lambda: self._run(sql).result(**_RESULT).to_arrow(create_bqstorage_client=storage))

    def execute(self, sql: str) -> None:
        """Run a statement or a script, which it must be safe to run again, and whose rows are not needed."""
        self.repeated(lambda: self._run(sql))

    def run(self, sql: str) -> None:
        """Run a statement or a script, once. Raises DisturbedError or BusyError where it might succeed if repeated."""
        with explained(self.target):
            self._run(sql)

    def repeated(self, action: Callable[[], T], *, blame: Callable[[], str] | None = None) -> T:
        """Do what another writer or BigQuery itself may disturb, until it succeeds or there is no more patience.

        `blame` says who the other writer is.
        """
        deadline = time.monotonic() + self.limits.patience
        attempts = 0
        while True:
            try:
                with explained(self.target):
                    return action()
            except (DisturbedError, BusyError) as error:
                if time.monotonic() > deadline:
                    raise self._given_up(error, blame) from error
                if attempts == _SILENT_ATTEMPTS:
                    log.warning("%s It is tried again, for up to %g s.", error, self.limits.patience)
            attempts += 1
            time.sleep(jittered(doubled(_FIRST_PAUSE, attempts, _LONGEST_PAUSE)))

    def _given_up(self, error: WarehouseError, blame: Callable[[], str] | None) -> WarehouseError:
        patience = f"{self.limits.patience:g} s"
        if isinstance(error, BusyError):
            return WarehouseError(f"{error} It was tried again for {patience}. Run the same command again later.")
        who = f" ({blame()})" if blame else ""
        return WarehouseError(
            f"Another writer kept changing the warehouse for {patience}{who}. Nothing was written. Wait for it to end, "
            "or stop it; interrupting is safe."
        )

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
            job_timeout_ms=self._job_milliseconds,
        )
        lists = bigquery.ParquetOptions()
        lists.enable_list_inference = True
        config.parquet_options = lists
        buffer = io.BytesIO()
        pq.write_table(rows, buffer, coerce_timestamps="us")
        self.jobs += 1
        return self.client.load_table_from_file(buffer, table, rewind=True, job_config=config)

    def _run(self, sql: str) -> bigquery.QueryJob:
        config = bigquery.QueryJobConfig(labels=_LABELS, job_timeout_ms=self._job_milliseconds)
        if self.limits.maximum_bytes_billed is not None:
            config.maximum_bytes_billed = self.limits.maximum_bytes_billed
        self.jobs += 1
        # The client keeps a job's id when it has to send it again, but would run a failed one again of its own accord.
        job = self.client.query(sql, job_config=config, retry=_RETRY, timeout=_REQUEST_SECONDS, job_retry=None)
        job.result(**_RESULT)
        # A script's own statistics are the sum over its statements.
        self.bytes_billed += job.total_bytes_billed or 0
        return job

    @property
    def _job_milliseconds(self) -> int:
        return round(self.limits.job_seconds * 1000)

    def _count_load(self) -> None:
        today, most = datetime.now(UTC).date(), self.limits.load_jobs_per_day
        self._loads[today] = self._loads.get(today, 0) + 1
        if self._loads[today] > most:
            raise WarehouseError(
                f"{most} load jobs today: this process stops before BigQuery's own quota does. "
                "Publish longer ranges at once, or raise NBA_BIGQUERY_LOAD_JOBS_PER_DAY."
            )


def _client(target: Target, credentials: str | None) -> bigquery.Client:
    if target.endpoint:
        return bigquery.Client(
            project=target.project or EMULATED_PROJECT,
            location=target.location,
            credentials=AnonymousCredentials(),
            client_options={"api_endpoint": target.endpoint},
        )
    if credentials and os.environ.get("GOOGLE_APPLICATION_CREDENTIALS"):
        raise WarehouseError("NBA_BIGQUERY_CREDENTIALS and GOOGLE_APPLICATION_CREDENTIALS are both set: unset one.")
    # Outside of Google's cloud nobody answers there, and google-auth would ask three times, which takes ten seconds or
    # more. Its own machines it also knows without an answer.
    os.environ.setdefault("GCE_METADATA_DETECT_RETRIES", "1")
    from dagster_gcp import BigQueryResource  # loads Dagster: only where a real project is used

    resource = BigQueryResource(project=target.project, location=target.location, gcp_credentials=credentials)
    try:
        with resource.get_client() as client:
            return client
    except (ValueError, GoogleAuthError) as error:
        if not credentials:
            raise
        raise WarehouseError(
            f"NBA_BIGQUERY_CREDENTIALS is no service account's key ({error}): it must be the whole JSON file, "
            "base64-encoded, as by `base64 -w0 key.json`."
        ) from error
    except OSError as error:
        raise WarehouseError(f"BigQuery: {error} Set NBA_BIGQUERY_PROJECT.") from error


def _has_storage_client() -> bool:
    return importlib.util.find_spec("google.cloud.bigquery_storage") is not None
