"""`dev`: Dagster's UI and daemon on the state that the command line works on."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Annotated

import typer
from filelock import FileLock, Timeout

from nba_assets.cli.console import FAILED, UsageError, err
from nba_assets.cli.place import opened
from nba_assets.settings import Settings, places_set, set_by_file, variable
from nba_assets.whole_file import replaced_whole

_NOT_SUPERSEDED = "ignore:Function `dev_command` is superseded"
"""`dg dev`, which Dagster recommends, runs the same function, and needs twenty more packages."""

_GRACE_SECONDS, _LAST_GRACE_SECONDS = 30.0, 5.0


def dev(
    port: Annotated[
        int, typer.Option(min=1, max=65534, help="Port of the web server; the coverage page takes the next.")
    ] = 3000,
    host: Annotated[str, typer.Option(help="Address of the web server.")] = "127.0.0.1",
) -> None:
    """Start the Dagster UI with its daemon (schedules, sensors, automation) on this state."""
    from nba_assets.orchestration.instance import open_instance, shipped

    _require_free_port(host, port)
    settings = _settings_to_work_with()
    home = str(settings.dagster_home)
    # Dagster runs in its own directory: in a checkout it would warn of a dagster.yaml that does not count. What is
    # relative here must not move, and what `.env` sets here must count there.
    environment = set_by_file() | os.environ | places_set(settings) | {"DAGSTER_HOME": home}
    # Created here, by one process: the web server, the daemon and the code server all open it at once.
    with open_instance(settings):
        pass
    address = f"http://{host}:{port}/asset-groups"
    dagster = [sys.executable, "-W", _NOT_SUPERSEDED, "-m", "dagster", "dev"]
    with alone(settings, address), coverage_page(settings, host, port + 1) as page:
        err.print(f"asset graph: {address}", highlight=False)
        command = [*dagster, "-w", str(shipped("workspace.yaml")), "-h", host, "-p", str(port)]
        is_asked_to_end = supervise(command, settings.dagster_home, environment | page | ui_page(settings, host, port))
    if not is_asked_to_end:
        err.say("error: Dagster has ended by itself; its last lines above say why")
        raise typer.Exit(FAILED)


@contextmanager
def alone(settings: Settings, address: str) -> Iterator[None]:
    """UsageError if another `dev` is at work on the same state: two daemons would do everything twice.

    The lock ends with the process, whatever ends it.
    """
    lock, running = FileLock(settings.state / "dev.lock"), settings.state / "dev.address"
    try:
        lock.acquire(timeout=0)
    except Timeout:
        where = running.read_text(encoding="utf-8") if running.exists() else "elsewhere"
        raise UsageError(
            f"`nba-assets dev` is already at work on {settings.state}: {where}. Use that one, end it first, or set "
            "another NBA_HOME"
        ) from None
    with lock:
        with replaced_whole(running) as part:
            part.write_text(address, encoding="utf-8")
        yield


def ui_page(settings: Settings, host: str, port: int) -> dict[str, str]:
    """The variable with the address of the UI. Not where NBA_DAGSTER_URL says how people come to it."""
    return {} if settings.dagster_url else {variable("dagster_url"): f"http://{host}:{port}"}


@contextmanager
def coverage_page(settings: Settings, host: str, port: int) -> Iterator[dict[str, str]]:
    """Serve the coverage page; the variable with its address. Not where NBA_COVERAGE_URL says that others do.

    Without a free port there is no page, and everything else all the same.
    """
    from nba_assets.overview.serve import CoveragePageError, coverage_page_served

    with ExitStack() as served:
        address: dict[str, str] = {}
        if settings.coverage_url is None:
            try:
                url = served.enter_context(coverage_page_served(settings, host, port))
            except CoveragePageError as error:
                err.say(f"warning: {error}")
            else:
                address[variable("coverage_url")] = url
                err.print(f"coverage page: {url}", highlight=False)
        yield address


def supervise(
    command: Sequence[str], directory: Path | None = None, environment: Mapping[str, str] | None = None
) -> bool:
    """Run a command in a directory until it ends, or this process is told to end; then nothing that it started is left.

    True if this process was told to end: by Control-C, SIGTERM, or a terminal that was closed.
    """
    # SIGINT among them: a shell that starts us in the background has it ignored, and all that we start with us.
    for told in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(told, signal.default_int_handler)
    # A group of its own: it hears of Control-C once, from here, and what it started can be ended with it.
    process = subprocess.Popen(command, cwd=directory, env=environment, start_new_session=True)
    try:
        process.wait()
    except KeyboardInterrupt:
        return True
    finally:
        _end_group(process)
    return False


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """Ask a process and all that it started to end, and end what does not; at once if this process is told again."""
    try:
        _signal_group(process, signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_SECONDS)
        deadline = time.monotonic() + _LAST_GRACE_SECONDS
        while _signal_group(process, 0) and time.monotonic() < deadline:
            time.sleep(0.1)
    except KeyboardInterrupt:
        pass
    finally:
        _signal_group(process, signal.SIGKILL)
        process.wait()


def _signal_group(process: subprocess.Popen[bytes], number: int) -> bool:
    """Whether there was anybody left to hear it."""
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return False
    return True


def _settings_to_work_with() -> Settings:
    """The settings, if there is a source, a place for its tables and a date.

    Dagster would start without, and every sensor would fail.
    """
    session = opened()
    _ = session.source, session.warehouse
    first = session.settings.partitions_start
    if first > session.last_partition:
        raise UsageError(f"there is no partition yet: NBA_PARTITIONS_START={first} is after {session.last_partition}")
    return session.settings


def _require_free_port(host: str, port: int) -> None:
    """Dagster would go on without its web server."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise UsageError(
                f"{host}:{port} cannot be opened: {error.strerror}. Choose another --port or --host"
            ) from error
