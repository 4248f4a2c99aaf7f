"""Jobs of a day, of a range and of nothing to do on BigQuery, counted between the client and the emulator.

Billed at least is what BigQuery's documentation says of on-demand prices: 10 MB for each table that a statement
touches, nothing for load jobs and for statements that only create something.
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
_TABLE = re.compile(r"`[^`]+`\.`[^`]+`\.`[^`]+`")
_WORK = {
    "a plan of three dates, on an empty project": ("backfill", "2021-10-19", "2021-10-21", "--dry-run", "--quiet"),
    "twelve dates, all tables, on an empty project": ("backfill", "2021-10-19", "2021-10-30", "--quiet"),
    "one more day": ("backfill", "2021-10-31", "2021-10-31", "--quiet"),
    "the same day again, nothing to do": ("backfill", "2021-10-31", "2021-10-31", "--quiet"),
    "repair, nothing to do": ("repair", "--quiet"),
    "coverage of a month": ("coverage", "2021-10-19", "2021-11-18"),
    "one more month": ("backfill", "2021-11-01", "2021-11-30", "--quiet"),
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
        cost = command(arguments, os.environ | settings)
        return f"{_counted(between)}, {len(between.asked):,} requests; {cost.seconds:.0f} s on the emulator"


def _counted(between: FaultyBigQuery) -> str:
    queries = [request for request in between.asked if request.sql]
    loads = sum(request.is_load for request in between.asked)
    megabytes = sum(_tables(request) for request in queries) * _LEAST_MB
    dollars = megabytes * 1e6 / 2**40 * _DOLLARS_PER_TIB
    of_ledger = sum("processor_runs" in request.sql and request.sql.startswith("SELECT") for request in queries)
    return (
        f"{len(queries)} queries ({of_ledger} of the ledger), {loads} load jobs, billed at least {megabytes:,} MB "
        f"({dollars:.4f} dollars)"
    )


def _tables(request: Request) -> int:
    """How many tables a query or a script touches and is billed for, each statement for itself."""
    statements = [statement.strip() for statement in request.sql.split(";")]
    return sum(len(set(_TABLE.findall(one))) for one in statements if not one.startswith("CREATE "))
