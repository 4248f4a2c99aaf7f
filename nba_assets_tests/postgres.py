"""A PostgreSQL of the tests' own: a fresh cluster in a directory, on a port of its own, that ends with them."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg2

from nba_assets_tests.ports import free_port

SUPERUSER = "dagster"
_WAIT_SECONDS = 60


class PostgresUnavailableError(Exception):
    """There is no PostgreSQL to start."""


@contextmanager
def postgres_server() -> Iterator[str]:
    """The address of a running server: `postgresql://…`, with an empty database."""
    binaries, account = _binaries(), _account()
    # Not below the tests' own directory, which another account than theirs cannot enter.
    with tempfile.TemporaryDirectory(prefix="nba-postgres-", ignore_cleanup_errors=True) as directory:
        if account:
            shutil.chown(directory, account)
        cluster, log = Path(directory) / "cluster", Path(directory) / "log"
        initdb = [binaries / "initdb", "-D", cluster, "-U", SUPERUSER, "-A", "trust", "--no-sync", "-E", "UTF8"]
        subprocess.run(_as(account, initdb), check=True, capture_output=True, cwd="/")
        port = free_port()
        options = ("-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={directory}", "-c", "fsync=off")
        command = _as(account, [binaries / "postgres", "-D", cluster, "-p", port, *options])
        with log.open("wb") as written:
            server = subprocess.Popen(command, stdout=written, stderr=written, cwd="/")
        try:
            address = f"postgresql://{SUPERUSER}@127.0.0.1:{port}/postgres"
            _wait_for(server, address, log)
            yield address
        finally:
            server.send_signal(signal.SIGINT)  # at once, with its connections
            server.wait(_WAIT_SECONDS)


def dagster_yaml(address: str) -> str:
    """A configuration of Dagster with its storage there."""
    return f"storage:\n  postgres:\n    postgres_url: {address}\ntelemetry:\n  enabled: false\n"


def _wait_for(server: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + _WAIT_SECONDS
    while True:
        try:
            psycopg2.connect(address).close()
        except psycopg2.OperationalError as error:
            if server.poll() is not None or time.monotonic() > deadline:
                raise PostgresUnavailableError(log.read_text(errors="replace")[-2000:]) from error
            time.sleep(0.1)
        else:
            return


def _binaries() -> Path:
    """Where its programs are: Debian keeps them out of the PATH."""
    found = shutil.which("initdb")
    of_debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    places = [Path(found).resolve().parent] if found else of_debian
    for place in places:
        if (place / "postgres").exists():
            return place
    raise PostgresUnavailableError("no initdb and no /usr/lib/postgresql: install the package postgresql")


def _account() -> str | None:
    """Whose the server is: it refuses to be root's."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in known)


def _as(account: str | None, command: Sequence[object]) -> list[str]:
    before = [] if account is None else ["setpriv", f"--reuid={account}", "--clear-groups", "--"]
    return [*before, *map(str, command)]
