"""`dev`: Dagster's UI and daemon on the state that the command line works on."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import Annotated

import typer

from nba_assets.cli.console import UsageError, err, errors_explained
from nba_assets.settings import load_settings


def dev(
    port: Annotated[int, typer.Option(help="Port of the web server.")] = 3000,
    host: Annotated[str, typer.Option(help="Address of the web server.")] = "127.0.0.1",
) -> None:
    """Start the Dagster UI with its daemon (schedules, sensors, automation) on this state."""
    from nba_assets.orchestration.instance import open_instance

    with errors_explained():
        _require_free_port(host, port)
        settings = load_settings()
        # The code server may run in another directory: what is relative here must not move.
        os.environ["NBA_HOME"] = str(settings.home.absolute())
        if settings.data_dir is not None:
            os.environ["NBA_DATA_DIR"] = str(settings.data_dir.absolute())
        # Created here, by one process: the web server, the daemon and the code server all open it at once.
        with open_instance(settings):
            pass
        dagster = str(Path(sys.executable).with_name("dagster"))
        err.print(f"asset graph: http://{host}:{port}/asset-groups", highlight=False)
        arguments = ["dev", "-m", "nba_assets.definitions", "-h", host, "-p", str(port)]
        os.execv(dagster, [dagster, *arguments])


def _require_free_port(host: str, port: int) -> None:
    """Dagster would go on without its web server."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise UsageError(f"{host}:{port} cannot be opened: {error.strerror}. Choose another: --port N") from error
