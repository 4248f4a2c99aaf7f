"""Warehouses for the tests: an emulator and a file for the whole session, and a day of its own for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import count
from typing import Any

import pytest

from nba_assets.warehouse.bigquery import BigQueryWarehouse
from nba_assets.warehouse.bigquery_client import Limits
from nba_assets.warehouse.duckdb import DuckDBWarehouse
from nba_assets_tests.emulator import Emulator, EmulatorUnavailableError, bigquery_emulator
from nba_assets_tests.needs import absent

_days = (date(2022, 1, 1) + timedelta(days=2 * number) for number in count())


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """A running BigQuery emulator."""
    try:
        with bigquery_emulator(tmp_path_factory.mktemp("bigquery")) as running:
            yield running
    except EmulatorUnavailableError as error:
        absent(f"the BigQuery emulator: {error}")


@pytest.fixture(scope="session")
def connect(emulator: Emulator) -> Callable[..., BigQueryWarehouse]:
    """Make another client of the emulator, as another process would."""

    def connect_to(prefix: str = "", **options: Any) -> BigQueryWarehouse:
        remembers_nothing = {"limits": Limits(counts_seconds=0.0)}
        place = {"prefix": prefix, "endpoint": emulator.endpoint}
        return BigQueryWarehouse(emulator.project, **place, **remembers_nothing | options)

    return connect_to


@pytest.fixture(scope="session")
def bigquery(connect: Callable[..., BigQueryWarehouse]) -> BigQueryWarehouse:
    """The BigQuery warehouse that the tests share, because creating all tables takes seconds; each has its own day."""
    warehouse = connect()
    warehouse.prepare()
    return warehouse


@pytest.fixture(scope="session")
def duckdb(tmp_path_factory: pytest.TempPathFactory) -> DuckDBWarehouse:
    """The DuckDB warehouse that the tests of both share."""
    return DuckDBWarehouse(tmp_path_factory.mktemp("duckdb") / "warehouse.duckdb")


@pytest.fixture
def day() -> date:
    """A day that no other test uses, and neither the day after it."""
    return next(_days)
