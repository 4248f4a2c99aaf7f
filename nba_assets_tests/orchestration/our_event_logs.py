"""Where an event log of ours is used: in a home, and on a server's PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from nba_assets.settings import Settings, load_settings
from nba_assets_tests.needs import absent
from nba_assets_tests.postgres import PostgresUnavailableError, postgres_server

PLACES = ("our SQLite", "PostgreSQL as in deploy")
_DEPLOYED = Path(__file__).parents[2] / "deploy" / "systemd" / "dagster.yaml"


@contextmanager
def settings_of(place: str, directory: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """The settings of an empty home at one of PLACES; of deploy/ it has the storages and what is tried again."""
    if place == PLACES[0]:
        yield load_settings(home=directory)
        return
    config = yaml.safe_load(_DEPLOYED.read_text(encoding="utf-8"))
    kept = {name: part for name, part in config.items() if name.endswith(("_storage", "_retries"))}
    (directory / "dagster.yaml").write_text(yaml.safe_dump(kept))
    try:
        with postgres_server() as address:
            monkeypatch.setenv("DAGSTER_POSTGRES_URL", address)
            yield load_settings(home=directory / "home", DAGSTER_HOME=directory)
    except PostgresUnavailableError as error:
        absent(f"PostgreSQL: {error}")
