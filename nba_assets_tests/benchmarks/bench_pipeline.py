"""`nba-assets backfill` as whole processes: a season from nothing, one more day on it, and the same again."""

from __future__ import annotations

import tempfile

from nba_assets_tests.benchmarks.measure import command
from nba_assets_tests.needs import real_data


def main() -> None:
    """The real season 2023-24, Dagster's events included."""
    with tempfile.TemporaryDirectory() as home:
        environment = {"NBA_SOURCE": "files", "NBA_DATA_DIR": str(real_data()), "NBA_HOME": home}
        for what, start, end in (
            ("a season from nothing", "2023-10-24", "2024-04-13"),
            ("one more day", "2024-04-14", "2024-04-14"),
            ("nothing to do", "2023-10-24", "2024-04-14"),
        ):
            print(f"  backfill {start} … {end}, {what}: {command(['backfill', start, end, '--quiet'], environment)}")
