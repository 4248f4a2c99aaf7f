"""`dev`: Dagster's UI and daemon on the state that the command line works on."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from nba_assets.cli.console import errors_explained
from nba_assets.settings import load_settings


def dev(
    port: Annotated[int, typer.Option(help="Port of the web server.")] = 3000,
    host: Annotated[str, typer.Option(help="Address of the web server.")] = "127.0.0.1",
) -> None:
    """Start the Dagster UI with its daemon (schedules, sensors, automation) on this state."""
    from nba_assets.orchestration.instance import open_instance

    with errors_explained():
        settings = load_settings()
        # The code server may run in another directory: what is relative here must not move.
        os.environ["NBA_HOME"] = str(settings.home.absolute())
        if settings.data_dir is not None:
            os.environ["NBA_DATA_DIR"] = str(settings.data_dir.absolute())
        # Created here, by one process: the web server, the daemon and the code server all open it at once.
        with open_instance(settings):
            pass
        dagster = str(Path(sys.executable).with_name("dagster"))
        arguments = ["dev", "-m", "nba_assets.definitions", "-h", host, "-p", str(port)]
        os.execv(dagster, [dagster, *arguments])
