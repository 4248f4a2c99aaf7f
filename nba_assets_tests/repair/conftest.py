"""The first month of the season 2023-24, built once for all tests that repair it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from nba_assets.session import Session
from nba_assets.sources.base import Source
from nba_assets_tests.engine.warehouses import build_range, session
from nba_assets_tests.repair.season import OPENING_NIGHT

LAST_DAY = date(2023, 11, 22)
Month = Callable[..., Session]


@pytest.fixture(scope="session")
def built_month(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose warehouse holds opening night to November 22; to be copied, never written to."""
    home = tmp_path_factory.mktemp("month")
    build_range(session(home), OPENING_NIGHT, LAST_DAY)
    return home


@pytest.fixture
def month(built_month: Path, tmp_path: Path) -> Month:
    """`month(source)`: a session on a copy of it, reading another source from now on."""

    def copy(source: Source | None = None) -> Session:
        target = tmp_path / "warehouse.duckdb"
        if not target.exists():
            shutil.copy(built_month / "warehouse.duckdb", target)
        return session(tmp_path, source)

    return copy
