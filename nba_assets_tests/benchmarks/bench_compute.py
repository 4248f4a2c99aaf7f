"""All tables of every date in memory, from the raw files on: a real season beside a loop over dates and players, then
twenty simulated seasons, written once to files as the source has them.

What another commit takes is measured by this module too: run it in a worktree of that commit, in turn with this one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from nba_assets.sources.base import ResultSet, Source
from nba_assets.sources.files import FilesSource
from nba_assets.sources.simulated import SimulatedSource
from nba_assets.verification.replay import POST_GAME_TABLES, PRE_GAME_TABLES, RAW_TABLES, raw_tables, replay
from nba_assets_tests.benchmarks.measure import here
from nba_assets_tests.needs import real_data
from nba_assets_tests.oracle import SlowLeague

_READ_AT = pd.Timestamp("2026-01-01", tz="UTC")
_SIMULATED_SEASONS = tuple(f"{year}-{(year + 1) % 100:02d}" for year in range(2002, 2022))
_NAIVE_DATES = (date(2023, 11, 20), date(2024, 1, 15), date(2024, 3, 15))


def main() -> None:
    """One real season with the naive loop beside it, then twenty simulated ones."""
    _measure("real 2023-24", FilesSource(real_data()), ("2023-24",), naive=True)
    with TemporaryDirectory() as directory:
        _write(SimulatedSource(today=date(2030, 1, 1)), _SIMULATED_SEASONS, Path(directory))
        types = SimulatedSource.counting_types
        _measure("20 simulated seasons", FilesSource(Path(directory), counting_types=types), _SIMULATED_SEASONS)


def _write(source: Source, seasons: Sequence[str], directory: Path) -> None:
    """What a source has of seasons, in the layout of the files."""
    for season in seasons:
        (directory / season).mkdir()
        for result_set in ResultSet:
            frame = source.read(result_set, season)
            if frame is not None:
                frame.to_parquet(directory / season / f"{result_set}.parquet", index=False)


def _measure(what: str, source: Source, seasons: tuple[str, ...], *, naive: bool = False) -> None:
    raw, cost = here(lambda: raw_tables(source, seasons, read_at=_READ_AT))
    dates = _dates(raw)
    print(f"{what}: {len(dates)} dates, {len(raw['raw_player_boxscores']):,} listings")
    print(f"  reading and raw tables   {cost}")
    post, cost = here(lambda: replay(raw, dates, tables=POST_GAME_TABLES, counting_types=source.counting_types))
    print(f"  post-game tables         {cost}")
    whole, cost_of_all = here(lambda: replay(raw, dates, counting_types=source.counting_types))
    pre = cost_of_all.process_seconds - cost.process_seconds
    rows = sum(len(whole[name]) for name in PRE_GAME_TABLES)
    print(f"  pre-game tables          {pre:7.2f} s process time ({rows:,} rows), peak {cost_of_all.peak_mib:,.0f} MiB")
    assert set(post) >= set(POST_GAME_TABLES)
    if naive:
        _measure_naive(raw, len(dates))


def _measure_naive(raw: dict[str, pd.DataFrame], dates: int) -> None:
    league = SlowLeague(**{name.removeprefix("raw_"): raw[name] for name in RAW_TABLES})
    _, cost = here(lambda: [_naive_tables(league, day) for day in _NAIVE_DATES])
    each = cost.process_seconds / len(_NAIVE_DATES)
    print(
        f"  naive loop, {len(_NAIVE_DATES)} dates       {each:7.2f} s a date, so {each * dates:,.0f} s for the season"
    )


def _naive_tables(league: SlowLeague, day: date) -> list[Any]:
    return [getattr(league, name)(day) for name in PRE_GAME_TABLES]


def _dates(raw: dict[str, pd.DataFrame]) -> list[date]:
    games = raw["raw_team_boxscores"]["game_date"]
    return [day.date() for day in sorted(games.unique())]
