"""Who a client of BigQuery is: a key in a setting, or what Google's tools have; and nobody, which is said soon."""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import dagster as dg
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from dagster._core.remote_representation.external_data import RepositorySnap
from dagster_gcp import BigQueryResource

from nba_assets.definitions import build_defs
from nba_assets.settings import load_settings
from nba_assets.warehouse.base import WarehouseError
from nba_assets.warehouse.bigquery import BigQueryWarehouse, open_warehouse
from nba_assets_tests.emulator import Emulator
from nba_assets_tests.warehouse.faulty_bigquery import Answer, Fault, FaultyBigQuery, Request, faulty_bigquery, refusal
from nba_assets_tests.warehouse.publications import LINES, lines, publication

DAY = "2021-11-05"


def gives_token(request: Request) -> bool:
    """Whether it is the exchange of a key for a token."""
    return request.path == "/token"


def token(*_: object) -> Answer:
    """What a key is exchanged for."""
    body = json.dumps({"access_token": "of-the-key", "expires_in": 3600, "token_type": "Bearer"}).encode()
    return Answer(200, {"Content-Type": "application/json"}, body)


@pytest.fixture
def google(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FaultyBigQuery]:
    """A Google that knows a key and lets it do nothing, on a machine on which nobody has logged in."""
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NBA_WAREHOUSE", "bigquery")
    monkeypatch.setenv("NBA_HOME", str(tmp_path / "home"))
    denied = refusal(403, "accessDenied", "Access Denied: bigquery.jobs.create")
    faults = [Fault(gives_token, token, is_lasting=True), Fault(lambda _: True, denied, is_lasting=True)]
    with faulty_bigquery(faults) as server:
        monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", server.endpoint)
        yield server


def key_of(server: FaultyBigQuery, project: str = "of-the-key") -> bytes:
    """A service account's key file."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    fields = {
        "type": "service_account",
        "project_id": project,
        "private_key": private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        "client_email": "builder@of-the-key.iam.gserviceaccount.com",
        "token_uri": f"{server.endpoint}/token",
    }
    return json.dumps(fields).encode()


def asked_of(server: FaultyBigQuery) -> tuple[str, str | None]:
    """The project that was asked for something, and the token with which."""
    [request] = [one for one in server.asked if not gives_token(one)]
    return request.path.split("/projects/")[1].split("/")[0], request.headers.get("authorization")


@pytest.mark.parametrize("project", [None, "another"])
def test_a_key_in_the_settings_is_used_and_its_project_unless_another_is_set(
    google: FaultyBigQuery, monkeypatch: pytest.MonkeyPatch, project: str | None
) -> None:
    monkeypatch.setenv("NBA_BIGQUERY_CREDENTIALS", base64.b64encode(key_of(google)).decode())
    if project:
        monkeypatch.setenv("NBA_BIGQUERY_PROJECT", project)
    with pytest.raises(WarehouseError, match="Access Denied"):
        open_warehouse(load_settings()).prepare()
    assert asked_of(google) == (project or "of-the-key", "Bearer of-the-key")
    assert "GOOGLE_APPLICATION_CREDENTIALS" not in os.environ


def test_a_key_file_of_googles_own_variable_is_used(
    google: FaultyBigQuery, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "key.json").write_bytes(key_of(google))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "key.json"))
    with pytest.raises(WarehouseError, match="Access Denied"):
        BigQueryWarehouse(None).ledger()
    assert asked_of(google) == ("of-the-key", "Bearer of-the-key")
    with pytest.raises(WarehouseError, match="are both set: unset one"):
        BigQueryWarehouse("p", credentials=base64.b64encode(key_of(google)).decode()).ledger()


def test_a_key_writes_and_reads(
    bigquery: BigQueryWarehouse, emulator: Emulator, day: date, google: FaultyBigQuery, monkeypatch: pytest.MonkeyPatch
) -> None:
    with faulty_bigquery([Fault(gives_token, token, is_lasting=True)], emulator.endpoint) as server:
        monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", server.endpoint)
        ours = BigQueryWarehouse(emulator.project, credentials=base64.b64encode(key_of(server)).decode())
        ours.publish(publication(lines(day, [210.5]), [day]))
        assert ours.read(LINES, start=day, end=day)["total"].tolist() == [210.5]
        tokens = {request.headers.get("authorization") for request in server.asked if not gives_token(request)}
    assert tokens == {"Bearer of-the-key"}
    assert bigquery.read(LINES, start=day, end=day)["total"].tolist() == [210.5]
    assert google.asked == []


@pytest.mark.parametrize("key", ["no base64!", base64.b64encode(b"{}").decode(), base64.b64encode(b"key").decode()])
def test_a_key_that_is_none_is_named_by_its_setting(google: FaultyBigQuery, key: str) -> None:
    with pytest.raises(WarehouseError, match=r"NBA_BIGQUERY_CREDENTIALS is no service account's key.*base64 -w0"):
        BigQueryWarehouse("p", credentials=key).ledger()
    assert google.asked == []


def run(definitions: dg.Definitions, **configured: str) -> dg.ExecuteInProcessResult:
    """A run of one asset with the BigQuery resource as somebody configures it in the launchpad."""
    return definitions.resolve_implicit_global_asset_job_def().execute_in_process(
        asset_selection=[dg.AssetKey("raw_schedule")],
        partition_key=DAY,
        run_config={"resources": {"bigquery": {"config": configured}}} if configured else {},
        raise_on_error=False,
    )


def why_failed(result: dg.ExecuteInProcessResult) -> str:
    """What a run's failed step says."""
    return str(result.failure_data_for_node("raw_schedule"))


def test_a_run_works_where_the_resource_is_configured(google: FaultyBigQuery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBA_BIGQUERY_PROJECT", "of-the-settings")
    monkeypatch.setenv("NBA_BIGQUERY_CREDENTIALS", base64.b64encode(key_of(google)).decode())
    definitions = build_defs()
    assert "project of-the-settings in US refuses: " in why_failed(run(definitions))
    assert asked_of(google) == ("of-the-settings", "Bearer of-the-key")
    said = why_failed(run(definitions, project="of-the-launchpad", location="EU"))
    assert "project of-the-launchpad in EU refuses: " in said
    assert "/projects/of-the-launchpad/" in google.asked[-1].path
    assert google.asked[-1].headers["authorization"] == "Bearer of-the-key"


def test_a_resource_of_somebodys_own_counts_for_runs_and_sensors(
    google: FaultyBigQuery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUR_KEY", base64.b64encode(key_of(google)).decode())
    definitions = build_defs(bigquery=BigQueryResource(project="ours", gcp_credentials=dg.EnvVar("OUR_KEY")))
    assert "project ours in US refuses: " in why_failed(run(definitions))
    sensor = definitions.resolve_sensor_def("repair_what_is_stale")
    with dg.DagsterInstance.ephemeral() as instance, pytest.raises(WarehouseError, match="project ours in US"):
        sensor.evaluate_tick(dg.build_sensor_context(instance=instance))
    asked = [request for request in google.asked if not gives_token(request)]
    assert len(asked) == 2
    assert all("/projects/ours/" in request.path for request in asked)


def test_the_key_is_shown_by_its_variables_name_alone(google: FaultyBigQuery, monkeypatch: pytest.MonkeyPatch) -> None:
    key = base64.b64encode(key_of(google)).decode()
    monkeypatch.setenv("NBA_BIGQUERY_CREDENTIALS", key)
    shown = str(RepositorySnap.from_def(build_defs().get_repository_def()))
    assert key not in shown
    assert '"gcp_credentials": {"env": "NBA_BIGQUERY_CREDENTIALS"}' in shown


@pytest.mark.long
def test_without_credentials_a_command_asks_a_machine_that_does_not_answer_once_and_says_what_to_do(
    tmp_path: Path,
) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=8) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("GOOGLE_", "GCE_", "NO_GCE"))}
        ours = {"NBA_WAREHOUSE": "bigquery", "NBA_BIGQUERY_PROJECT": "p", "NBA_HOME": str(tmp_path)}
        google = {"GCE_METADATA_IP": address, "GCE_METADATA_HOST": address, "CLOUDSDK_CONFIG": str(tmp_path)}
        command = [sys.executable, "-m", "nba_assets", "coverage"]
        ended = subprocess.run(command, env=kept | ours | google, capture_output=True, text=True, check=False)
        silent.setblocking(False)
        connections = [silent.accept()[0]]
        with pytest.raises(BlockingIOError):
            silent.accept()
        connections[0].close()
    assert ended.returncode == 1
    [error] = [line for line in ended.stderr.splitlines() if "error" in line]
    assert "gcloud auth application-default login" in error
    assert "Traceback" not in ended.stderr
