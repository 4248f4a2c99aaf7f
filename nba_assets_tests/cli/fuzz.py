"""`python -m nba_assets_tests.cli.fuzz 10000`: random command lines, in this process, on a home that may be damaged.

None ends in a traceback or with another exit status than it deserves, and none that fails, or only reads, loses or
changes anything.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pandas as pd
from typer.testing import CliRunner, Result

from nba_assets.cli import app
from nba_assets.overview.matrix import WORST_FIRST
from nba_assets.partition import FINE, Status
from nba_assets.tables import TABLES
from nba_assets.tables.named import table_named
from nba_assets.warehouse.alert_state import ALERT_MESSAGES, ALERTS
from nba_assets_tests.cli.command import nba_assets
from nba_assets_tests.cli.random_commands import FIRST, LAST, NOBODY, Case, random_case

STATUSES = (0, 1, 2, 75, 130)
READING = (
    "coverage",
    "explain",
    "impact",
    "tables",
    "doctor",
    "alerts",
    "export",
    "training-set",
    "evaluate",
    "drift",
    "dev",
)
_CLOCK = {"NBA_NOW": "2021-10-24T12:00", "NBA_API_BASE_URL": f"{NOBODY}/{{endpoint}}", "NBA_API_SCHEDULE_URL": NOBODY}
_QUICK = {"NBA_API_MAX_ATTEMPTS": "1", "NBA_API_CALLS_PER_SECOND": "1000", "COLUMNS": "160"}
_FORGETFUL = (ALERTS.qualified, ALERT_MESSAGES.qualified)
_WAREHOUSE = Path("home/simulated/warehouse.duckdb")
_MOST_SECONDS = 60
"""Of this process's own work, whatever else the machine does."""
_IN_MEMORY = Path("/dev/shm")

Listing = dict[str, tuple[int, int]]


class TooLongError(Exception):
    """A command has not come to an end."""


@dataclass(frozen=True)
class Finding:
    """What is wrong about a case."""

    case: Case
    status: int
    wrong: str
    told: str

    def __str__(self) -> str:
        return f"{self.case}\n    status {self.status}: {self.wrong}\n    {self.told}"


@dataclass
class Fuzz:
    """All cases of a seed so far: how they ended, and what is wrong."""

    seed: int
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    damaged: int = 0
    findings: list[Finding] = field(default_factory=list)

    def run(self, *, first: int = 0, cases: int) -> Fuzz:
        """A number of cases from one on."""
        with _Bench() as bench:
            for number in range(first, first + cases):
                self._try(bench, random_case(self.seed, number))
        return self

    def _try(self, bench: _Bench, case: Case) -> None:
        result, wrong = bench.tried(case)
        self.statuses[case.command if len(case.command) <= 12 else "other", result.exit_code] += 1
        self.damaged += case.damage is not None
        if self.cases % 100 == 0:
            print(self.report().splitlines()[0], file=sys.__stderr__, flush=True)
        if wrong:
            self.findings.append(Finding(case, result.exit_code, wrong, " / ".join(_told(result).splitlines()[-3:])))
            print(self.findings[-1], file=sys.__stderr__, flush=True)

    @property
    def cases(self) -> int:
        """How many were tried."""
        return self.statuses.total()

    def report(self) -> str:
        """The figures, and everything that is wrong."""
        by_status = Counter[int]()
        for (_, status), number in self.statuses.items():
            by_status[status] += number
        ends = ", ".join(f"{by_status[status]:,} with {status}" for status in sorted(by_status))
        head = f"Seed {self.seed}: {self.cases:,} commands, {self.damaged:,} on damaged files; ended {ends}; "
        return "\n".join([f"{head}{len(self.findings)} wrong", *map(str, self.findings)])


class _Bench:
    """A directory with a home, made once, and as it was before each case."""

    def __enter__(self) -> _Bench:
        place = _IN_MEMORY if _IN_MEMORY.is_dir() else None
        self._folder = TemporaryDirectory(prefix="nba_assets_fuzz_", dir=place)
        self._whole, self._place = Path(self._folder.name) / "whole", Path(self._folder.name) / "place"
        self._environment, self._directory = {**os.environ}, Path.cwd()
        (self._whole / "folder.csv").mkdir(parents=True)
        (self._whole / "data" / "2021-22").mkdir(parents=True)
        (self._whole / "notes.txt").write_text("not a directory")
        built = nba_assets("backfill", str(FIRST), str(LAST), home=self._whole / "home", **_CLOCK)
        assert built.exit_code == 0, built.output
        logging.disable(logging.INFO)
        self._restore()
        return self

    def __exit__(self, *_: object) -> None:
        os.chdir(self._directory)
        self._reset_environment()
        logging.disable(logging.NOTSET)
        self._folder.cleanup()

    def tried(self, case: Case) -> tuple[Result, str]:
        """A case and what is wrong about it, if anything is."""
        if case.damage is not None:
            case.damage.make(self._place, Random(case.number))
        before, rows = listing(self._place), _rows(self._place / _WAREHOUSE)
        settings = {"NBA_HOME": str(self._place / "home"), **_CLOCK, **_QUICK, **case.settings}
        if case.damage is not None and case.damage.name == ".env" and "NBA_HOME" not in case.settings:
            settings["NBA_HOME"] = str(self._place / "home")
        with _in_time():
            result = CliRunner().invoke(app, [*case.arguments], env=settings)
        self._reset_environment()
        wrong = self._judged(case, result, before, rows)
        if case.damage is not None or listing(self._place) != before:
            self._restore()
        return result, wrong

    def _restore(self) -> None:
        os.chdir(self._directory)
        shutil.rmtree(self._place, ignore_errors=True)
        shutil.copytree(self._whole, self._place)
        os.chdir(self._place)

    def _reset_environment(self) -> None:
        """Dagster's home, and the like, as they were."""
        for name in os.environ.keys() - self._environment.keys():
            del os.environ[name]
        os.environ.update(self._environment)

    def _judged(self, case: Case, result: Result, before: Listing, rows: dict[str, int] | None) -> str:
        """What is wrong; "" if nothing is."""
        told = _told(result)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            return f"raised {type(result.exception).__name__}: {result.exception} ({_place_of(result)})"
        if "Traceback" in told:
            return "a traceback was printed"
        if result.exit_code not in STATUSES:
            return "no such exit status"
        if result.exit_code != 0 and not told.strip():
            return "failed without a word"
        if not _is_help(case) and result.exit_code == 0 and (wrong := self._not_so(case, result)):
            return wrong
        return self._lost(case, result, before, rows)

    def _lost(self, case: Case, result: Result, before: Listing, rows: dict[str, int] | None) -> str:
        after = listing(self._place)
        if _only_reads(case):
            file = _option(case, "--out")
            changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
            changed = [name for name in changed if file is None or name not in (".", str(Path(file)))]
            return f"a command that reads has changed {', '.join(changed[:5])}" if changed else ""
        if rows is None or result.exit_code == 0:
            return ""
        stand = _rows(self._place / _WAREHOUSE)
        lost = [name for name in rows if stand is None or stand.get(name, 0) < rows[name]]
        return f"rows were lost of {', '.join(lost[:5])}" if lost else ""

    def _not_so(self, case: Case, result: Result) -> str:
        """What is not so, though the exit status is 0."""
        if _option(case, "--format") == "json" and (file := _option(case, "--out")) in (None, "-"):
            try:
                told = json.loads(result.stdout)
            except ValueError as error:
                return f"no JSON: {error}"
            if not isinstance(told, dict | list):
                return "JSON of no object"
            if case.command == "coverage" and "--check" in case.arguments and (red := _red(case, told)):
                return f"passed, though {red}"
        file = _option(case, "--out")
        if case.command in ("export", "coverage") and file not in (None, "-"):
            return self._not_written(case, Path(str(file)))
        if case.command == "backfill" and "--dry-run" not in case.arguments and not case.settings:
            return self._not_settled(case)
        return ""

    def _not_written(self, case: Case, file: Path) -> str:
        if not file.is_file():
            return f"{file} is not there" if not file.exists() else ""
        if case.command == "coverage":
            return "" if file.stat().st_size else f"{file} is empty"
        try:
            pd.read_parquet(file) if file.suffix == ".parquet" else pd.read_csv(file)
        except Exception as error:
            return f"{file} cannot be read: {error}"
        return ""

    def _not_settled(self, case: Case) -> str:
        """The dates typed that no attempt has settled in the ledger."""
        days = [text for text in case.arguments[1:3] if not text.startswith("-")]
        names = _option(case, "--tables")
        if len(days) != 2 or {"--select", "--exclude"} & {a.partition("=")[0] for a in case.arguments}:
            return ""
        wanted = {table_named(n.strip()).name for n in names.split(",")} if names else {*TABLES}
        wanted = {name for name in wanted if not TABLES[name].optional}
        query = (
            "SELECT table_name, partition_date, arg_max(status, attempt_id) FROM nba_processing.processor_runs "
            "WHERE partition_date BETWEEN ? AND ? GROUP BY ALL"
        )
        with duckdb.connect(str(self._place / _WAREHOUSE), read_only=True) as connection:
            found = connection.execute(query, days).fetchall()
        settled = {(name, day) for name, day, status in found if status in FINE}
        number = sum((table, day) in settled for table in wanted for day in {day for _, day, _ in found})
        asked = len(wanted) * ((pd.Timestamp(days[1]) - pd.Timestamp(days[0])).days + 1)
        return "" if number >= asked else f"{asked - number} of {asked} partitions are not settled"


def listing(directory: Path) -> Listing:
    """Everything below a directory: when it was changed, and how large it is.

    But for what SQLite's readers note beside a file that somebody has open: where they are reading.
    """
    found = {}
    for path in [directory, *(path for path in directory.rglob("*") if not path.name.endswith(".db-shm"))]:
        state = path.lstat()
        found[str(path.relative_to(directory))] = (state.st_mtime_ns, 0 if path.is_dir() else state.st_size)
    return found


def _rows(file: Path) -> dict[str, int] | None:
    """How many rows each table has, but those that forget what is over; None where the file cannot be read."""
    if not file.is_file() or file.with_name(f"{file.name}.wal").exists():
        return None
    try:
        with duckdb.connect(str(file), read_only=True) as connection:
            names = connection.execute("SELECT schema_name || '.' || table_name FROM duckdb_tables()").fetchall()
            kept = [name for (name,) in names if name not in _FORGETFUL]
            return {name: connection.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0] for name in kept}
    except duckdb.Error:
        return None


def _red(case: Case, told: Any) -> str:
    """The first cell that the check should not have let pass."""
    allowed = {s.strip().upper() for s in (_option(case, "--allow") or "").split(",")}
    rows = told if isinstance(told, list) else told["dates"]
    bad = {str(status) for status in WORST_FIRST if status not in FINE} | {str(Status.DEGRADED)}
    for row in rows:
        for name, cell in row["cells"].items():
            is_judged = not TABLES[name].optional and cell["status"] not in (Status.NOT_DUE, *allowed)
            if is_judged and cell["status"] in bad:
                return f"{name} {row.get('date')} is {cell['status']}"
    return ""


def _option(case: Case, name: str) -> str | None:
    """The value that counts of an option: the last one."""
    found = None
    for one, following in zip(case.arguments, [*case.arguments[1:], ""], strict=True):
        if one == name:
            found = following
        elif one.startswith(f"{name}="):
            found = one.partition("=")[2]
    return found


def _is_help(case: Case) -> bool:
    return bool({"--help", "--version"} & {*case.arguments})


def _only_reads(case: Case) -> bool:
    if case.command == "migrate" or case.command not in READING:
        return "--dry-run" in case.arguments or _is_help(case)
    return True


def _told(result: Result) -> str:
    return result.stdout + result.stderr


def _place_of(result: Result) -> str:
    """Where in our code an exception came up."""
    trace = result.exc_info[2] if result.exc_info else None
    found = ""
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        found = f"{Path(name).name}:{trace.tb_lineno}" if "nba_assets/" in name else found
        trace = trace.tb_next
    return found


@contextmanager
def _in_time() -> Iterator[None]:
    """A command that hangs is a finding, not the end."""

    def ring(*_: object) -> None:
        raise TooLongError(f"still at work after {_MOST_SECONDS} s")

    former = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, _MOST_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, former)


def main() -> int:
    """Print the figures; 1 if anything was wrong."""
    parser = argparse.ArgumentParser(prog="python -m nba_assets_tests.cli.fuzz", description=__doc__)
    parser.add_argument("cases", type=int, nargs="?", default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="the number of the first case; with 1: that case alone")
    asked = parser.parse_args()
    fuzz = Fuzz(asked.seed).run(first=asked.first, cases=asked.cases)
    print(fuzz.report())
    return 1 if fuzz.findings else 0


if __name__ == "__main__":
    sys.exit(main())
