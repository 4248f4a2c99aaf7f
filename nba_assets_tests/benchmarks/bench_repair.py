"""One late game in a full season: `nba-assets refresh` as a whole process, Dagster's events included."""

from __future__ import annotations

import tempfile
from pathlib import Path

from nba_assets_tests.benchmarks.measure import command
from nba_assets_tests.needs import real_data
from nba_assets_tests.repair.corrections import as_files
from nba_assets_tests.repair.season import without

SEASON, FIRST, LAST = "2023-24", "2023-10-24", "2024-04-14"
LATE_GAMES = {"0022300195": "2023-11-15", "0022300450": "2023-12-31", "0022300902": "2024-03-07"}


def main() -> None:
    """The real season 2023-24 without three games, which then arrive one after the other; the last first."""
    with tempfile.TemporaryDirectory() as folder:
        settings = {"NBA_SOURCE": "files", "NBA_HOME": f"{folder}/home", "NBA_DATA_DIR": str(real_data())}
        missing = list(LATE_GAMES)
        files = as_files(without(*missing), SEASON, Path(folder) / "without all")
        command(["backfill", FIRST, LAST, "--quiet"], settings | {"NBA_DATA_DIR": str(files)})
        while missing:
            game = missing.pop()
            files = as_files(without(*missing), SEASON, Path(folder) / game)
            arrived = settings | {"NBA_DATA_DIR": str(files)}
            day = LATE_GAMES[game]
            print(f"  refresh {day}, game {game}: {command(['refresh', day, day, '--quiet'], arrived)}")
        print(f"  repair, nothing to do: {command(['repair', '--quiet'], settings)}")
