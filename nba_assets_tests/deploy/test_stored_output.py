"""What steps print goes to a bucket, as deploy/kubernetes says: an emulator's, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import yaml
from google.api_core.exceptions import GoogleAPICallError
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage
from requests.exceptions import ConnectionError as NoConnectionError

from nba_assets_tests.ports import free_port

VALUES = Path(__file__).parents[2] / "deploy" / "kubernetes" / "values.yaml"
FIELDS = {"bucket": "bucket", "localDir": "local_dir", "prefix": "prefix", "uploadInterval": "upload_interval"}


@dg.op
def prints() -> None:
    """What no asset of ours does, and a crash would."""
    print("something went wrong here")


@dg.job(executor_def=dg.in_process_executor)
def job() -> None:
    """A run with something to store."""
    prints()


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[storage.Bucket]:
    """An empty bucket of the name that our values have, where clients of this process look."""
    address = f"http://127.0.0.1:{(port := free_port())}"
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", address)
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "nba")
    emulator = [str(Path(sys.executable).parent / "gcp-storage-emulator"), "start", "--in-memory"]
    process = subprocess.Popen([*emulator, "--host", "127.0.0.1", "--port", str(port)], cwd=tmp_path)
    try:
        client = storage.Client(project="nba", credentials=AnonymousCredentials())
        yield _created(client, str(_configured()["bucket"]))
    finally:
        process.terminate()
        process.wait()


def _configured() -> dict[str, object]:
    """The log manager's configuration, by Dagster's names."""
    given = yaml.safe_load(VALUES.read_text(encoding="utf-8"))["computeLogManager"]["config"]["gcsComputeLogManager"]
    return {FIELDS[name]: value for name, value in given.items()}


def _created(client: storage.Client, name: str) -> storage.Bucket:
    deadline = time.monotonic() + 30
    while True:
        try:
            return client.create_bucket(name, timeout=2, retry=None)
        except (NoConnectionError, GoogleAPICallError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def test_what_a_step_prints_is_in_the_bucket(tmp_path: Path, bucket: storage.Bucket) -> None:
    config = _configured() | {"local_dir": str(tmp_path / "logs")}
    logs = {"module": "dagster_gcp.gcs.compute_log_manager", "class": "GCSComputeLogManager", "config": config}
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump({"compute_logs": logs}))
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        run = job.execute_in_process(instance=instance).run_id
    stored = {blob.name: blob.download_as_text() for blob in bucket.list_blobs()}
    (out,) = (name for name in stored if name.endswith(".out"))
    assert out.startswith(f"dagster/storage/{run}/compute_logs/")
    assert "something went wrong here" in stored[out]
