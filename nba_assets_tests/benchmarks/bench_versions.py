"""Whole commands on the real season 2023-24: this version beside a former one, in turn, on the same machine.

The former version is checked out from the repository's own history; NBA_BENCH_BEFORE names another commit. Printed are
medians of CPU seconds, elapsed seconds and the peak of memory, and the ratio of the CPU seconds.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from nba_assets_tests.benchmarks.measure import Cost, process
from nba_assets_tests.needs import real_data
from nba_assets_tests.repair.corrections import as_files
from nba_assets_tests.repair.season import without

BEFORE = "40dac78"
"""The last commit before work on speed began."""

ROOT = Path(__file__).parents[2]
_FIRST, _LAST, _NEXT = "2023-10-24", "2024-04-13", "2024-04-14"
_LATE_GAME, _LATE_DATE = "0022300450", "2023-12-31"


@dataclass(frozen=True)
class Work:
    """A command on a home: a built one, one that was built without a game, or an empty one."""

    name: str
    command: tuple[str, ...]
    home: str = "season"
    repeats: int = 5


WORKS = (
    Work("nothing to do: backfill of a date", ("backfill", "2024-02-10", "2024-02-10")),
    Work("nothing to do: repair", ("repair",)),
    Work("one more day", ("backfill", _NEXT, _NEXT)),
    Work("late game of mid-season: refresh", ("refresh", _LATE_DATE, _LATE_DATE), home="late"),
    Work("refresh that changes nothing", ("refresh", "2023-11-10", "2023-11-10")),
    Work("season from nothing", ("backfill", _FIRST, _LAST), home="empty", repeats=3),
    Work("verify of a season", ("verify", "2023-24"), repeats=3),
)


def main() -> None:
    """Each work by both versions, one after the other, as often as it says."""
    with tempfile.TemporaryDirectory() as folder, _checked_out(os.environ.get("NBA_BENCH_BEFORE", BEFORE)) as before:
        versions = {"before": before, "now": ROOT}
        homes = {name: _Homes(Path(folder) / name, code) for name, code in versions.items()}
        print(f"{'':36}{'before':>28}{'now':>28}{'ratio':>7}\n{'':36}" + 2 * f"{'CPU s':>9}{'elapsed':>9}{'MiB':>10}")
        for work in WORKS:
            costs: dict[str, list[Cost]] = {name: [] for name in versions}
            for _ in range(work.repeats):
                for name, of_version in homes.items():
                    costs[name].append(of_version.carry_out(work))
            medians = {name: _median(found) for name, found in costs.items()}
            ratio = medians["now"].process_seconds / medians["before"].process_seconds
            print(f"{work.name:36}{_shown(medians['before'])}{_shown(medians['now'])}{ratio:7.2f}", flush=True)
        for name, of_version in homes.items():
            print(f"event log of the season, {name}: {of_version.event_log_mb():.1f} MB")


class _Homes:
    """The homes of one version, each built by itself when it is first needed."""

    def __init__(self, folder: Path, code: Path) -> None:
        self._folder, self._code = folder, code
        self._folder.mkdir()
        self._late_files = as_files(without(_LATE_GAME), "2023-24", folder / "files without a game")

    def carry_out(self, work: Work) -> Cost:
        """What the command takes on a copy of its home."""
        home = self._folder / "copy"
        shutil.rmtree(home, ignore_errors=True)
        if work.home != "empty":
            shutil.copytree(self._built(work.home), home)
        return self._run(work.command, home)

    def event_log_mb(self) -> float:
        """The size of Dagster's event log after the season."""
        return (self._built("season") / "dagster" / "event_log.db").stat().st_size / 1e6

    def _built(self, name: str) -> Path:
        home = self._folder / name
        if not home.is_dir():
            data = {"NBA_DATA_DIR": str(self._late_files)} if name == "late" else {}
            self._run(("backfill", _FIRST, _LAST), home, data)
            if name == "season":  # the first command afterwards may have something to remember
                self._run(("repair",), home)
        return home

    def _run(self, command: tuple[str, ...], home: Path, more: Mapping[str, str] = {}) -> Cost:
        settings = {"NBA_SOURCE": "files", "NBA_HOME": str(home), "NBA_DATA_DIR": str(real_data()), **more}
        quiet = () if command[0] == "verify" else ("--quiet",)
        return process(["-m", "nba_assets", *command, *quiet], settings | {"PYTHONPATH": str(self._code)}, self._code)


@contextmanager
def _checked_out(commit: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "before"
        subprocess.run(["git", "worktree", "add", "--detach", "--quiet", str(place), commit], cwd=ROOT, check=True)
        try:
            yield place
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", str(place)], cwd=ROOT, check=True)


def _median(costs: list[Cost]) -> Cost:
    columns = zip(*((one.seconds, one.process_seconds, one.peak_mib) for one in costs), strict=True)
    return Cost(*map(statistics.median, columns))


def _shown(cost: Cost) -> str:
    return f"{cost.process_seconds:9.2f}{cost.seconds:9.2f}{cost.peak_mib:10,.0f}"
