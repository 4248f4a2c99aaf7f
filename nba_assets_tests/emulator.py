"""A BigQuery emulator in a process of its own, so that tests talk to a server through the official client.

Installing, starting and stopping it belong here; what the tests do with it does not. The emulator needs Python
3.13 and packages that the project must not depend on, hence the virtual environment apart.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from nba_assets_tests.ports import free_ports

PROJECT = "nba-test"
LOCATION = "US"

_DUCKDB = "1.5.5"
_EXTENSIONS = ("ducklake", "icu", "spatial")
_REQUIREMENTS = (
    "local-bigquery==0.3.2",
    f"duckdb=={_DUCKDB}",
    *(f"duckdb-extension-{name}=={_DUCKDB}" for name in _EXTENSIONS),
)

# The extensions come as files inside packages; left alone, the server would download them while it starts.
_INSTALL_EXTENSIONS = """
import importlib.util, pathlib, sys, duckdb
connection = duckdb.connect()
for name in sys.argv[1:]:
    package = pathlib.Path(importlib.util.find_spec("duckdb_extension_" + name).origin).parent
    file = package / "extensions" / ("v" + duckdb.__version__) / (name + ".duckdb_extension")
    connection.install_extension(str(file))
    connection.load_extension(name)
"""

# Standard input closes when the process that runs the tests ends, however it ends: no server outlives it.
# For every table that a statement names the server has all tables and columns listed, several times: a third of its
# time. Until the catalogue has another snapshot the list is the same.
_SERVE = """
import os, sys, threading

def leave_with_the_tests():
    sys.stdin.buffer.read()
    os._exit(0)

threading.Thread(target=leave_with_the_tests, daemon=True).start()
from local_bigquery.cli import main
from local_bigquery.engine import database

LISTS = ("duckdb_tables()", "duckdb_columns()")
NEWEST = 'SELECT max(snapshot_id) FROM "__ducklake_metadata_{}".main.ducklake_snapshot'
ask, known = database.fetch, {}

def fetch(sql, params=None):
    project = params[0] if params else None
    if project not in database._attached or not any(name in sql for name in LISTS):
        return ask(sql, params)
    question = (sql, *params, *ask(NEWEST.format(project)))
    if question not in known:
        known[question] = ask(sql, params)
    return known[question]

database.fetch = fetch
main(sys.argv[1:])
"""

_INSTALL_SECONDS = 600
_START_SECONDS = 60
_STOP_SECONDS = 5
_START_ATTEMPTS = 3


class EmulatorUnavailableError(RuntimeError):
    """This machine lacks what the emulator needs; the message says what, and what to do about it."""


@dataclass(frozen=True)
class Emulator:
    """A running emulator.

    `endpoint` is the REST address (the client's `api_endpoint`), `storage_address` the Storage Read API's
    `host:port` (gRPC without TLS). Any project id works; `project` exists from the start.
    """

    endpoint: str
    storage_address: str
    project: str
    location: str
    data_dir: Path
    log: Path
    process: subprocess.Popen[bytes]

    def client(self) -> bigquery.Client:
        """The official client on this emulator; the caller closes it."""
        return bigquery.Client(
            project=self.project,
            location=self.location,
            credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
            client_options={"api_endpoint": self.endpoint},
        )


@contextmanager
def bigquery_emulator(tmp_dir: Path) -> Iterator[Emulator]:
    """Install the emulator if need be, run it on free loopback ports with its data in `tmp_dir`, stop it.

    Raises EmulatorUnavailableError without a Python 3.13 or without its packages, RuntimeError when the server
    does not come up.
    """
    home = install()
    emulator = _start(home, tmp_dir)
    try:
        yield emulator
    finally:
        _stop(emulator.process)


def install() -> Path:
    """The emulator's folder, with its virtual environment and DuckDB extensions; made once per set of pins.

    It lies in the folder named by NBA_TEST_CACHE, by default `.nba-test` in the repository. Processes that ask
    at the same time wait for the first.
    """
    pins = hashlib.sha256("\n".join(_REQUIREMENTS).encode()).hexdigest()[:12]
    home = _cache_dir() / f"bigquery-emulator-{pins}"
    home.parent.mkdir(parents=True, exist_ok=True)
    with home.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        complete = home / "complete"
        if not (complete.exists() and _version_of(_python(home)) == (3, 13)):
            shutil.rmtree(home, ignore_errors=True)
            interpreter = find_python()
            home.mkdir()
            _run_installer([str(interpreter), "-m", "venv", str(home / "venv")])
            pip = [str(_python(home)), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            _run_installer([*pip, *_REQUIREMENTS])
            _run_installer([str(_python(home)), "-c", _INSTALL_EXTENSIONS, *_EXTENSIONS], home=home)
            complete.touch()
    return home


def find_python() -> Path:
    """A Python 3.13 that runs and can make virtual environments: from PATH, else from pyenv's versions."""
    rejected = []
    for candidate in _candidates():
        if _version_of(candidate) == (3, 13):
            return candidate
        rejected.append(str(candidate))
    tried = f"; these do not run, or lack venv: {', '.join(rejected)}" if rejected else ""
    raise EmulatorUnavailableError(
        "The BigQuery emulator needs Python 3.13, and there is none on PATH as python3.13 nor among pyenv's "
        f"versions{tried}. Install one, for example with `pyenv install 3.13`."
    )


def _candidates() -> list[Path]:
    on_path = [Path(folder) / "python3.13" for folder in os.get_exec_path()]
    roots = [Path(root) for root in (os.environ.get("PYENV_ROOT"), _pyenv_root()) if root]
    versions = [
        python
        for root in [*roots, Path.home() / ".pyenv"]
        for python in sorted(root.glob("versions/3.13*/bin/python3.13"), reverse=True)
    ]
    return [path for path in dict.fromkeys([Path(sys.executable), *on_path, *versions]) if _is_3_13(path)]


def _is_3_13(path: Path) -> bool:
    return path.exists() and (path.name == "python3.13" or sys.version_info[:2] == (3, 13))


def _pyenv_root() -> str | None:
    try:
        answer = subprocess.run(["pyenv", "root"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() or None


def _version_of(python: Path) -> tuple[int, int] | None:
    # pyenv puts a `python3.13` on PATH that only prints an error while no 3.13 is selected: run it to know.
    question = "import sys, venv, ensurepip; print(*sys.version_info[:2])"
    try:
        answer = subprocess.run([str(python), "-c", question], capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    major, minor = answer.stdout.split()
    return int(major), int(minor)


def _cache_dir() -> Path:
    named = os.environ.get("NBA_TEST_CACHE")
    return (Path(named) if named else Path(__file__).parents[1] / ".nba-test").absolute()


def _python(home: Path) -> Path:
    return home / "venv" / "bin" / "python"


def _run_installer(command: list[str], *, home: Path | None = None) -> None:
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV")}
    if home is not None:
        environment["HOME"] = str(home)
    try:
        subprocess.run(command, env=environment, capture_output=True, text=True, timeout=_INSTALL_SECONDS, check=True)
    except subprocess.SubprocessError as error:
        said = str(getattr(error, "stderr", None) or error).strip()
        raise EmulatorUnavailableError(
            f"The BigQuery emulator could not be installed ({' '.join(_REQUIREMENTS)}): {said[-1500:]}"
        ) from error


def _start(home: Path, tmp_dir: Path) -> Emulator:
    for _ in range(_START_ATTEMPTS):
        emulator = _launch(home, tmp_dir)
        try:
            if _becomes_ready(emulator):
                return emulator
        except BaseException:
            _stop(emulator.process)
            raise
        _stop(emulator.process)
        said = emulator.log.read_text(errors="replace")
        # Another process may have taken the port between its choice and the server's bind.
        if "address already in use" not in said.lower():
            break
    raise RuntimeError(f"The BigQuery emulator did not start; its log ({emulator.log}) ends:\n{said[-3000:]}")


def _launch(home: Path, tmp_dir: Path) -> Emulator:
    port, storage_port = free_ports(2)
    data_dir = tmp_dir / "bigquery-data"
    log = tmp_dir / "bigquery-emulator.log"
    tmp_dir.mkdir(parents=True, exist_ok=True)
    # The server reads its settings from variables with common names (GROUPS, CALLER): give it only these.
    kept = {k: v for k in ("PATH", "LANG", "LD_LIBRARY_PATH", "TMPDIR") if (v := os.environ.get(k))}
    options = {
        "--host": "127.0.0.1",
        "--port": str(port),
        "--grpc-port": str(storage_port),
        "--data-dir": str(data_dir),
        "--project": PROJECT,
        "--dataset": "scratch",
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(_python(home)), "-c", _SERVE, *(word for option in options.items() for word in option)],
            env={**kept, "HOME": str(home)},
            cwd=tmp_dir,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Emulator(
        endpoint=f"http://127.0.0.1:{port}",
        storage_address=f"127.0.0.1:{storage_port}",
        project=PROJECT,
        location=LOCATION,
        data_dir=data_dir,
        log=log,
        process=process,
    )


def _becomes_ready(emulator: Emulator) -> bool:
    deadline = time.monotonic() + _START_SECONDS
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < deadline and emulator.process.poll() is None:
        try:
            # Listing projects opens the database; pages before that answer while it cannot be opened.
            with opener.open(f"{emulator.endpoint}/bigquery/v2/projects", timeout=10) as answer:
                return emulator.project.encode() in answer.read()
        except urllib.error.HTTPError:
            return False
        except OSError:
            time.sleep(0.05)
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the server and whatever it started: asked first, then killed."""
    for request, patience in ((signal.SIGTERM, _STOP_SECONDS), (signal.SIGKILL, None)):
        if process.poll() is None:
            os.killpg(process.pid, request)
            try:
                process.wait(patience)
            except subprocess.TimeoutExpired:
                continue
    if process.stdin is not None:
        process.stdin.close()
