"""Random damages of one day, built in process on top of a healthy warehouse: nothing is wrong and green.

A damage leaves every cell of the day and of the next either as the undamaged files make it, or not green, or it
belongs to the list of `random_damages`. The work is the product's own: the day is read again, what is stale is
planned, computed, validated, audited and published, as `refresh` does without Dagster.
"""

from __future__ import annotations

import shutil
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from nba_assets.engine.materialize import RunInfo, materialize
from nba_assets.league.calendar import EASTERN
from nba_assets.partition import Partition, Status
from nba_assets.planning.load import load_state
from nba_assets.planning.plan import plan_step, ranges
from nba_assets.planning.state import Cell, State
from nba_assets.session import Session
from nba_assets.sources.base import GAME_IDS, ResultSet
from nba_assets.tables import TABLES, TIERS
from nba_assets_tests.engine.warehouses import healthy, session
from nba_assets_tests.faults.random_damages import LIST, RandomDamage, random_damage
from nba_assets_tests.faults.season_frames import DamagedSource, Frames, real_frames
from nba_assets_tests.faults.trial import noted_averages
from nba_assets_tests.repair.season import days_from

DAY, NEXT = date(2021, 11, 10), date(2021, 11, 11)
"""A night of thirteen games, and the date whose pre-game tables read it."""

NOW = datetime(2021, 11, 14, 12, tzinfo=EASTERN)
GREEN = frozenset({Status.OK, Status.BOOTSTRAP, Status.NO_GAMES})
MOST_LISTED = 0.07
_DAYS = (DAY, NEXT)
_IN_MEMORY = Path("/dev/shm")
_SHOWN = 12

EQUAL, NAMED, LISTED, WRONG, RAISED = "equal", "named", "on the list", "wrong green", "raised"
"""What may come of a damage; what a build raises instead of making it an outcome stops all other tables, too."""


@dataclass(frozen=True)
class Finding:
    """What came of one damage; `wrong` are the cells that are green and not as they should be."""

    damage: RandomDamage
    verdict: str
    seconds: float
    wrong: tuple[Partition, ...] = ()
    raised: str = ""

    def __str__(self) -> str:
        told = ", ".join(map(str, self.wrong)) or self.raised
        return f"{self.damage.number} {self.damage.kind}: {self.damage.text}\n    {self.verdict}: {told}"


@dataclass
class Fuzz:
    """All findings of a seed so far."""

    seed: int
    findings: list[Finding] = field(default_factory=list)

    def run(self, *, damages: int) -> Fuzz:
        """The first so many damages of the seed."""
        with _Bench() as bench:
            while len(self.findings) < damages:
                self.findings.append(bench.tried(self.seed, len(self.findings)))
        return self

    def of(self, verdict: str) -> list[Finding]:
        """The findings with a verdict."""
        return [finding for finding in self.findings if finding.verdict == verdict]

    @property
    def bad(self) -> list[Finding]:
        """The findings that may not be."""
        return [finding for finding in self.findings if finding.verdict in (WRONG, RAISED)]

    @property
    def share_listed(self) -> float:
        """How many came out otherwise and are excused by the list."""
        return len(self.of(LISTED)) / max(1, len(self.findings))

    def table(self) -> str:
        """Markdown: verdicts by kind of damage."""
        verdicts = (EQUAL, NAMED, LISTED, WRONG, RAISED)
        kinds = sorted({finding.damage.kind for finding in self.findings})
        counts = Counter((finding.damage.kind, finding.verdict) for finding in self.findings)
        lines = [f"| kind | damages | {' | '.join(verdicts)} |", "|---|---:|---:|---:|---:|---:|---:|"]
        for kind in kinds:
            of_kind = [counts[kind, verdict] for verdict in verdicts]
            lines.append(f"| {kind} | {' | '.join(map(str, [sum(of_kind), *of_kind]))} |")
        all_of = [sum(counts[kind, verdict] for kind in kinds) for verdict in verdicts]
        lines.append(f"| all | {' | '.join(map(str, [sum(all_of), *all_of]))} |")
        return "\n".join(lines)

    def report(self) -> str:
        """The table, the seed, the use of the list, and the first that are wrong in full."""
        used = Counter(finding.damage.listed for finding in self.of(LISTED))
        each = sum(finding.seconds for finding in self.findings) / max(1, len(self.findings))
        return "\n".join(
            [
                self.table(),
                "",
                f"Seed {self.seed}; {each:.2f} s per damage; on the list {self.share_listed:.1%}: "
                + ", ".join(f"{entry} {used[entry]}" for entry in LIST if used[entry]),
                *(["", f"The first of {len(self.bad)} that are wrong:"] if self.bad else []),
                *map(str, self.bad[:_SHOWN]),
            ]
        )


class _Bench:
    """A warehouse in memory where there is such a place, healthy again before each damage."""

    def __enter__(self) -> _Bench:
        place = _IN_MEMORY if _IN_MEMORY.is_dir() else None
        self._folder = TemporaryDirectory(prefix="nba_assets_fuzz_", dir=place)
        self._home = Path(self._folder.name)
        self._base = healthy(NEXT) / "warehouse.duckdb"
        self._healthy = load_state(session(healthy(NEXT), now=NOW), DAY, NEXT)
        self._before = _cells(self._healthy)
        self._whole = near_the_day()
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    def tried(self, seed: int, number: int) -> Finding:
        """One damage, built and judged."""
        damage = random_damage(self._whole, DAY, seed=seed, number=number)
        touched = frozenset(name for name in damage.frames if damage.frames[name] is not self._whole[name])
        started = time.monotonic()
        shutil.copy(self._base, self._home / "warehouse.duckdb")
        at = session(self._home, DamagedSource(damage.frames), now=NOW)
        try:
            after = _cells(_read_again(at, self._healthy, touched))
        except Exception as error:
            told = f"{type(error).__name__}: {error}".splitlines()[0]
            return Finding(damage, RAISED, time.monotonic() - started, raised=told)
        wrong = tuple(p for p, cell in after.items() if cell.status in GREEN and _content(cell) != self._right(p))
        noted = noted_averages(at, _DAYS) if wrong else set()
        wrong = tuple(p for p in wrong if p not in noted)
        changed = any(cell.status != self._before[p].status for p, cell in after.items())
        verdict = (LISTED if damage.listed else WRONG) if wrong else NAMED if changed else EQUAL
        return Finding(damage, verdict, time.monotonic() - started, wrong)

    def _right(self, partition: Partition) -> str | None:
        return _content(self._before[partition])


def _read_again(at: Session, state: State, touched: frozenset[ResultSet]) -> State:
    """What `refresh` does over the day and the next, tier by tier; the state in the end.

    Raw tables that read none of the result sets that differ come out as they are. What is blocked is not recorded.
    """
    run = RunInfo()
    for _, of_tier in groupby(sorted(TABLES, key=TIERS.__getitem__), key=TIERS.__getitem__):
        built = False
        for name in of_tier:
            is_read = touched & {*TABLES[name].result_sets, *TABLES[name].evidence}
            spans = [(DAY, DAY)] if is_read else ranges(plan_step(state, name, _DAYS).build)
            for first, last in spans:
                materialize(at, name, days_from(first, last), run, state)
                built = True
        if built:
            state = load_state(at, DAY, NEXT)
    return state


def _cells(state: State) -> dict[Partition, Cell]:
    return {Partition(name, day): state.cell(name, day) for day in _DAYS for name in TABLES}


def _content(cell: Cell) -> str | None:
    """The content hash of the rows that stand: they are written in one transaction with it."""
    return cell.published.content_hash if cell.published else None


@cache
def near_the_day() -> Frames:
    """The season's result sets without games far from the day, but for the schedule: the rest is never asked for."""
    frames = real_frames()
    schedule = frames[ResultSet.SCHEDULE]
    dates = schedule["gameDateEst"].str[:10]
    near = schedule.loc[dates.between(str(date(2021, 11, 7)), str(date(2021, 11, 14))), "gameId"]
    return {
        result_set: frame
        if result_set == ResultSet.SCHEDULE or result_set not in GAME_IDS
        else _of(frame, result_set, near)
        for result_set, frame in frames.items()
    }


def _of(frame: pd.DataFrame, result_set: ResultSet, games: pd.Series) -> pd.DataFrame:
    return frame[frame[GAME_IDS[result_set]].isin(games)].reset_index(drop=True)
