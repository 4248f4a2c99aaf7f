"""What a damage comes to: built on top of a healthy warehouse, from nothing, and healed. See `damages`.

A cell is *wrong and green* if its status says that nothing is wrong (OK, BOOTSTRAP, NO_GAMES) and the rows that stand
are not those of the undamaged season, column by column. Rows are *lost* if fewer stand than before, unless the cell
is DEGRADED, which names what is missing, and at least half of them are there.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from nba_assets.cli import main
from nba_assets.league.calendar import EASTERN
from nba_assets.partition import FAILED, FINE, Partition, Status
from nba_assets.planning.load import load_state
from nba_assets.planning.state import Cell
from nba_assets.schema.fingerprint import partition_hashes
from nba_assets.session import Session
from nba_assets.sources.base import ResultSet, Source
from nba_assets.tables import TABLES
from nba_assets_tests.engine.warehouses import build_range, copy_of, healthy, session
from nba_assets_tests.faults.damages import NIGHT, Damage, Span
from nba_assets_tests.faults.season_frames import DamagedSource, Frames, as_directory, real_frames
from nba_assets_tests.repair.season import days_from, repair

EVE, LAST_FIRST_BUILT, END = NIGHT - timedelta(days=1), NIGHT + timedelta(days=2), NIGHT + timedelta(days=7)
NOW = datetime(END.year, END.month, END.day + 2, 12, tzinfo=EASTERN)
DAYS = days_from(NIGHT, END)
FIRST_BUILT = days_from(NIGHT, LAST_FIRST_BUILT)
GREEN = frozenset({Status.OK, Status.BOOTSTRAP, Status.NO_GAMES})

Standing = Mapping[Partition, tuple[str, int]]
"""The content hash and the number of the rows that stand, whatever the ledger says of them."""

_kept: list[TemporaryDirectory[str]] = []
_warm = multiprocessing.get_context("forkserver")
_warm.set_forkserver_preload(["nba_assets.definitions", "nba_assets.orchestration.launch", "nba_assets.cli.backfill"])


@dataclass
class Verdict:
    """What became of one damage.

    `told` holds every cell that is not as it was: its status and why. `not_followed` are the cells that a change of
    the source without a contradiction has left behind: the refresh of any date that it touches is to bring all along.
    """

    damage: Damage
    exit_status: int | None = None
    told: dict[Partition, tuple[Status, str]] = field(default_factory=dict)
    said: str = ""
    wrong: list[Partition] = field(default_factory=list)
    lost: list[Partition] = field(default_factory=list)
    not_followed: list[Partition] = field(default_factory=list)
    healing_status: int | None = None
    not_healed: list[Partition] = field(default_factory=list)
    wrong_at_first: list[Partition] = field(default_factory=list)
    told_at_first: dict[Partition, tuple[Status, str]] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def unnamed(self) -> list[str]:
        """Of each group of names the first, if no reason has any of the group."""
        reasons = [reason for _, reason in (*self.told.values(), *self.told_at_first.values())]
        text = "\n".join([*reasons, self.said])
        return [group[0] for group in self.damage.named if not any(name in text for name in group)]

    @property
    def is_healed(self) -> bool:
        """Whether everything is as it was, and the command said so."""
        return not self.not_healed and not self.healing_status

    def as_row(self) -> str:
        """A row of the Markdown table."""
        counts = Counter(status.value for status, _ in self.told.values())
        cells = [
            self.damage.number,
            self.damage.text,
            ", ".join(f"{status} {count}" for status, count in counts.most_common()) or "as before",
            _shortened(_root(self.told) or _root(self.told_at_first)),
            "" if self.exit_status is None else str(self.exit_status),
            str(len(self.wrong)),
            str(len(self.lost)),
            "yes" if self.is_healed else f"no ({len(self.not_healed)} cells, exit {self.healing_status})",
            str(len(self.wrong_at_first)),
            "yes" if not self.unnamed else f"not {', '.join(self.unnamed)}",
        ]
        return f"| {' | '.join(cells)} |"


HEAD = (
    "| # | damage | status of the cells that changed | first reason | exit | wrong green | rows lost | healed "
    "| built from nothing: wrong green | named |\n|---|---|---|---|---|---|---|---|---|---|"
)


def tried(damage: Damage, *, by_command: bool) -> Verdict:
    """All of it: refreshed by the command line or in this process, healed, and built from nothing."""
    started = time.monotonic()
    verdict = Verdict(damage)
    with TemporaryDirectory(prefix="nba_assets_damage_") as folder:
        _refreshed(verdict, _Bench(Path(folder), by_command))
    if damage.edit is not None:
        built_from_nothing(verdict)
    verdict.seconds = time.monotonic() - started
    return verdict


def built_from_nothing(verdict: Verdict, *, only_as_range: bool = False) -> None:
    """The night and two days built for the first time: as one range and, if games may have moved, date by date."""
    assert verdict.damage.edit is not None
    frames = verdict.damage.edit(real_frames())
    source = DamagedSource(frames)
    date_by_date = not only_as_range and frames[ResultSet.SCHEDULE] is not real_frames()[ResultSet.SCHEDULE]
    right = _built_of(verdict.damage) if verdict.damage.is_consistent else undamaged()
    ways: list[list[Span]] = [[(NIGHT, LAST_FIRST_BUILT)]]
    ways += [[(day, day) for day in FIRST_BUILT]] if date_by_date else []
    for spans in ways:
        with TemporaryDirectory(prefix="nba_assets_first_") as folder:
            at = session(copy_of(healthy(EVE), Path(folder)), source, now=NOW)
            for first, last in spans:
                build_range(at, first, last)
            cells, stands, noted = _cells(at), standing(at), noted_averages(at, DAYS)
        wrong = [p for p in _wrong(cells, stands, right, noted) if p.day <= LAST_FIRST_BUILT]
        verdict.wrong_at_first += [p for p in wrong if p not in verdict.wrong_at_first]
        verdict.told_at_first |= {p: told for p, told in _told(cells).items() if p.day <= LAST_FIRST_BUILT}


@cache
def _well() -> Path:
    """A home that is healthy to the end, made of that which ends on the eve; to be copied, never written to."""
    folder = TemporaryDirectory(prefix="nba_assets_well_")
    _kept.append(folder)
    home = copy_of(healthy(EVE), Path(folder.name))
    build_range(session(home), NIGHT, END)
    return home


@cache
def undamaged() -> Standing:
    """What stands when nothing is wrong."""
    return standing(session(_well(), now=NOW))


def standing(at: Session) -> Standing:
    """What stands in a warehouse on the dates."""
    found = {}
    for name, table in TABLES.items():
        rows = at.warehouse.read(table, start=DAYS[0], end=DAYS[-1])
        sizes = rows.groupby(rows[table.partition].dt.date).size()
        for day, content in partition_hashes(rows, table.contract, DAYS).items():
            found[Partition(name, day)] = (content, int(sizes.get(day, 0)))
    return found


def _refreshed(verdict: Verdict, bench: _Bench) -> None:
    damage = verdict.damage
    damaged = damage.edit(real_frames()) if damage.edit else real_frames()
    copy_of(_well(), bench.home)
    if damage.on_warehouse:
        damage.on_warehouse(bench.home)
    before = bench.newest_attempt()
    status, verdict.said = bench.run(damage.met_by, damage.refreshed, damaged)
    if damage.clock_ahead:
        bench.write_later(before, damage.clock_ahead)
        status, verdict.said = bench.run(damage.met_by, damage.refreshed, real_frames())
    verdict.exit_status = status
    # The state is that of the files as they were: the right ones would be news.
    source = None if damage.clock_ahead else DamagedSource(damaged)
    at = session(bench.home, source, now=NOW)
    cells, stands = _cells(at), standing(at)
    noted = noted_averages(at, DAYS)
    changes = damage.is_consistent and not damage.clock_ahead
    right = _built_of(damage) if changes else undamaged()
    verdict.told, verdict.wrong = _told(cells), _wrong(cells, stands, right, noted)
    if changes:
        verdict.not_followed = [p for p in stands if stands[p] != right[p] or cells[p].status not in FINE]
    elif not damage.on_warehouse:
        verdict.lost = [p for p, (_, rows) in stands.items() if _is_lost(cells[p], rows, right[p][1])]
    healing, spans = ("repair", [(NIGHT, END)]) if damage.on_warehouse else ("refresh", damage.refreshed)
    for span in spans:
        # Date by date, the first may still stand beside what the second is to heal: the last one counts.
        verdict.healing_status, _ = bench.run(healing, [span], real_frames())
    at = session(bench.home, now=NOW)
    cells, stands = _cells(at), standing(at)
    well = undamaged()
    verdict.not_healed = [p for p in stands if stands[p] != well[p] or cells[p].status not in FINE]


@cache
def _built_of(damage: Damage) -> Standing:
    """What a season that does not contradict itself gives, built from the eve on as one range."""
    assert damage.edit is not None
    with TemporaryDirectory(prefix="nba_assets_true_") as folder:
        at = session(copy_of(healthy(EVE), Path(folder)), DamagedSource(damage.edit(real_frames())), now=NOW)
        build_range(at, NIGHT, END)
        return standing(at)


def _cells(at: Session) -> dict[Partition, Cell]:
    state = load_state(at, DAYS[0], DAYS[-1])
    return {Partition(name, day): state.cell(name, day) for day in DAYS for name in TABLES}


def _wrong(
    cells: Mapping[Partition, Cell], stands: Standing, right: Standing, noted: Collection[Partition]
) -> list[Partition]:
    """Green cells that are not as they should be; a league average that lacks a game, and says so, is as it should."""
    return [p for p, cell in cells.items() if cell.status in GREEN and stands[p] != right[p] and p not in noted]


def noted_averages(at: Session, days: Sequence[date]) -> set[Partition]:
    """The partitions that note what the league's average lacks."""
    found = set()
    for name, day in product(AVERAGED, days):
        notes = at.warehouse.failures(name, day)["details"]
        if notes.str.startswith("league average without").any():
            found.add(Partition(name, day))
    return found


AVERAGED = ("team_defense_zone_analysis", "player_composite_factors", "ml_feature_store_v2")
"""The tables that the league's average of the month before is in."""


def _is_lost(cell: Cell, rows: int, before: int) -> bool:
    return rows < before and (cell.status != Status.DEGRADED or 2 * rows < before)


@cache
def _status_undamaged() -> Mapping[Partition, Status]:
    return {p: cell.status for p, cell in _cells(session(_well(), now=NOW)).items()}


def _told(cells: Mapping[Partition, Cell]) -> dict[Partition, tuple[Status, str]]:
    """Status and reason, with every entity that it is about, of the cells that are not what they were."""
    before = _status_undamaged()
    return {
        p: (cell.status, " ".join([cell.reason or "", *_entities(cell)]))
        for p, cell in cells.items()
        if cell.status != before[p]
    }


def _entities(cell: Cell) -> list[str]:
    shown = cell.reason or ""
    return [entity for finding in cell.findings for entity in finding.entities if entity not in shown]


def _root(told: Mapping[Partition, tuple[Status, str]]) -> str:
    """The first of what is at a root: failures before what is only degraded or stale."""
    for wanted in (FAILED, {Status.DEGRADED}, {Status.STALE, Status.MISSING}, set(Status)):
        for partition, (status, reason) in told.items():
            if status in wanted:
                return f"{partition.table} {partition.day:%m-%d} {status}: {reason}"
    return ""


def _shortened(text: str, most: int = 170) -> str:
    text = " ".join(text.replace("|", "/").split())
    return text if len(text) <= most else f"{text[: most - 1]}…"


@dataclass(frozen=True)
class _Bench:
    """A home in a folder of its own, and how commands are run on it."""

    folder: Path
    by_command: bool

    @property
    def home(self) -> Path:
        """The directory with the warehouse."""
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        return home

    def run(self, name: str, spans: Sequence[Span], frames: Frames) -> tuple[int | None, str]:
        """The command over each range; the highest exit status (None in this process) and what was said."""
        if not self.by_command:
            source = DamagedSource(frames)
            for first, last in spans:
                self._in_process(name, source, (first, last))
            return None, ""
        data = as_directory(frames, self.folder / f"data-{time.monotonic_ns()}")
        ended = [self._command(data, name, str(first), str(last)) for first, last in spans]
        return max(status for status, _ in ended), "\n".join(said for _, said in ended)

    def _in_process(self, name: str, source: Source, span: Span) -> None:
        """What the command does, without Dagster; `coverage` only looks."""
        at = session(self.home, source, now=NOW)
        if name != "coverage":
            repair(at, days_from(span[0], END), days_from(*span) if name == "refresh" else ())

    def _command(self, data: Path, *arguments: str) -> tuple[int, str]:
        said = self.folder / f"said-{time.monotonic_ns()}"
        settings = {
            "NBA_HOME": str(self.home),
            "NBA_SOURCE": "files",
            "NBA_DATA_DIR": str(data),
            "NBA_NOW": NOW.isoformat(),
            "COLUMNS": "200",
        }
        process = _warm.Process(target=_command, args=(arguments, settings, said))
        process.start()
        process.join(300)
        if process.exitcode is None:
            process.kill()
            raise RuntimeError(f"nba-assets {' '.join(arguments)} still runs after 300 s: {said.read_text()}")
        return process.exitcode, said.read_text() if said.exists() else ""

    def newest_attempt(self) -> str:
        """The highest attempt id in the ledger."""
        with duckdb.connect(str(self.home / "warehouse.duckdb")) as connection:
            row = connection.execute("SELECT max(attempt_id) FROM nba_processing.processor_runs").fetchone()
        return str(row[0]) if row else ""

    def write_later(self, since: str, ahead: timedelta) -> None:
        """What was recorded after an attempt, as a clock that was ahead would have recorded it."""
        seconds = int(ahead.total_seconds())
        with duckdb.connect(str(self.home / "warehouse.duckdb")) as connection:
            connection.execute(
                "UPDATE nba_processing.processor_runs SET started_at = started_at + to_seconds(?), "
                "attempt_id = lpad(CAST(CAST(attempt_id AS HUGEINT) + ? AS VARCHAR), 20, '0') WHERE attempt_id > ?",
                [seconds, seconds * 10**9, since],
            )


def _command(arguments: tuple[str, ...], settings: Mapping[str, str], said: Path) -> None:
    os.environ.update(settings)
    output = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.argv = ["nba-assets", *arguments]
    main()
