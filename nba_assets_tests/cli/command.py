"""`nba-assets …` in this process, with settings of one's own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from nba_assets.cli import app


def nba_assets(*arguments: str, home: Path | None, **settings: str) -> Result:
    """The outcome of a command line; `settings` are variables of the environment, and so is `home` if there is one."""
    place = {} if home is None else {"NBA_HOME": str(home)}
    environment: Mapping[str, str] = {**place, "COLUMNS": "160", **settings}
    return CliRunner().invoke(app, list(arguments), env=environment)


def printed_json(result: Result) -> Any:
    """What a command with --format json printed on standard output."""
    return json.loads(result.stdout)
