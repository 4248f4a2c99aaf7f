"""Jobs of a day, of a range and of nothing to do on BigQuery, counted between the client and the emulator.

Billed at least is what BigQuery's documentation says of on-demand prices: 10 MB for each table that a query touches.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from nba_assets_tests.benchmarks.measure import command
from nba_assets_tests.emulator import Emulator, bigquery_emulator
from nba_assets_tests.warehouse.faulty_bigquery import FaultyBigQuery, Request, faulty_bigquery

_DOLLARS_PER_TIB, _LEAST_MB = 6.25, 10
_TABLE = re.compile(r"`([^`]+\.[^`]+)`")
_WORK = {
    "twelve dates, all tables, on empty datasets": ("backfill", "2021-10-19", "2021-10-30"),
    "one more day": ("backfill", "2021-10-31", "2021-10-31"),
    "the same day again, nothing to do": ("backfill", "2021-10-31", "2021-10-31"),
    "repair, nothing to do": ("repair",),
    "coverage of a month": ("coverage", "2021-10-19", "2021-11-18"),
}


def main() -> None:
    """The simulated league."""
    with tempfile.TemporaryDirectory() as directory, bigquery_emulator(Path(directory)) as emulator:
        for name, arguments in _WORK.items():
            print(f"  {name}: {_jobs(emulator, Path(directory) / 'home', arguments)}", flush=True)


def _jobs(emulator: Emulator, home: Path, arguments: Sequence[str]) -> str:
    with faulty_bigquery([], emulator.endpoint) as between:
        place = {"NBA_BIGQUERY_PROJECT": emulator.project, "NBA_BIGQUERY_ENDPOINT": between.endpoint}
        settings = {"NBA_HOME": str(home), "NBA_WAREHOUSE": "bigquery", "NBA_SOURCE": "simulated", **place}
        cost = command([*arguments, "--quiet"], os.environ | settings)
        return f"{_counted(between)}, {len(between.asked):,} requests; {cost.seconds:.0f} s on the emulator"


def _counted(between: FaultyBigQuery) -> str:
    queries = [request for request in between.asked if request.sql]
    loads = sum(request.is_load for request in between.asked)
    megabytes = sum(_tables(request) for request in queries) * _LEAST_MB
    dollars = megabytes / 2**20 * _DOLLARS_PER_TIB
    return f"{len(queries)} queries, {loads} load jobs, billed at least {megabytes:,} MB ({dollars:.4f} dollars)"


def _tables(request: Request) -> int:
    """How many tables a query or a script touches, each statement for itself."""
    statements = request.sql.split(";")
    return sum(len(set(_TABLE.findall(statement))) for statement in statements)
