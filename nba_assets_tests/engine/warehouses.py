"""Real dates built into DuckDB files: healthy ones, made once per test run and copied, and sources with a fault."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from nba_assets.engine.materialize import PartitionResult, RunInfo, materialize
from nba_assets.engine.run_options import RunOptions
from nba_assets.league.calendar import EASTERN, days_between
from nba_assets.planning.load import compare, load_state
from nba_assets.planning.state import Cell
from nba_assets.schema.table import Phase
from nba_assets.session import Session
from nba_assets.settings import load_settings
from nba_assets.sources.base import ResultSet, Source, Unversioned, conform
from nba_assets.sources.files import FilesSource
from nba_assets.tables import TABLES
from nba_assets_tests.needs import real_data

OPENING_NIGHT = date(2021, 10, 19)
LONG_AFTER = datetime(2024, 7, 1, 12, tzinfo=EASTERN)
PRE_GAME = tuple(name for name, table in TABLES.items() if table.phase == Phase.PRE_GAME)
KNOWN_AFTER = tuple(name for name in TABLES if name not in PRE_GAME)
REQUIRED_RAW = ("raw_schedule", "raw_team_boxscores", "raw_player_boxscores", "raw_shots")
UNSEEN_BY_GAMES = ("raw_injury_reports", "raw_game_lines")
KNOWN_BEFORE = ("raw_schedule", *UNSEEN_BY_GAMES, *PRE_GAME)
"""What a night has before tip-off."""

Edit = Callable[[pd.DataFrame], pd.DataFrame | None]
_kept: list[TemporaryDirectory[str]] = []


@cache
def files() -> FilesSource:
    """The real files, each read once per test run."""
    return FilesSource(real_data())


class EditedSource(Unversioned):
    """The real files, some result sets edited on the way: a source with a fault."""

    name = "files"

    def __init__(self, edits: Mapping[ResultSet, Edit]) -> None:
        self.counting_types = files().counting_types
        self._edits = edits

    def read(self, result_set: ResultSet, season: str, dates: Sequence[date] | None = None) -> pd.DataFrame | None:
        """The season's frame, edited and in its declared types again."""
        frame = files().read(result_set, season, dates)
        if frame is None or result_set not in self._edits:
            return frame
        edited = self._edits[result_set](frame.copy())
        return None if edited is None else conform(edited, result_set, origin="edited")


def session(home: Path, source: Source | None = None, **settings: Any) -> Session:
    """A session on the warehouse in `home`, long after the season unless `now` says otherwise."""
    values = {"home": home, "source": "files", "data_dir": real_data(), "now": LONG_AFTER} | settings
    return Session(load_settings(**values), given_source=source or files())


def build_range(
    session: Session,
    start: date,
    end: date,
    *,
    tables: Iterable[str] = TABLES,
    options: RunOptions | None = None,
) -> dict[str, list[PartitionResult]]:
    """Build tables over start … end in the order of the graph, as a backfill does: on one state, which learns."""
    days = days_between(start, end)
    run, wanted = RunInfo(options=options or RunOptions()), set(tables)
    names, built = [name for name in TABLES if name in wanted], {}
    with session.warehouse.writer("building a range"):
        state = load_state(session, start, end, names)
        for name in names:
            compare(session, state)
            built[name] = materialize(session, name, days, run, state)
    return built


@cache
def healthy(end: date, tables: tuple[str, ...] = tuple(TABLES)) -> Path:
    """A home whose warehouse holds opening night … `end` without a fault; to be copied, never written to."""
    directory = TemporaryDirectory(prefix="nba_assets_healthy_")
    _kept.append(directory)
    home = Path(directory.name)
    build_range(session(home), OPENING_NIGHT, end, tables=tables)
    return home


def copy_of(home: Path, to: Path) -> Path:
    """A home of one's own with the same warehouse."""
    shutil.copy(home / "warehouse.duckdb", to / "warehouse.duckdb")
    return to


def cells(session: Session, day: date) -> dict[str, Cell]:
    """The state of every table on a date."""
    state = load_state(session, day, day)
    return {name: state.cell(name, day) for name in TABLES}


def cell(session: Session, table: str, day: date) -> Cell:
    """The state of one partition."""
    return load_state(session, day, day).cell(table, day)


def stored(session: Session, table: str, day: date) -> pd.DataFrame:
    """The published rows of one partition."""
    return session.warehouse.read(TABLES[table], start=day, end=day)
