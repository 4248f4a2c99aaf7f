"""Random command lines, environments and damages, each the same whenever its seed and number are.

Command lines are made of the parameters that the commands declare; a value is right, nearly right or nonsense.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import typer

from nba_assets.cli import COMMANDS, app
from nba_assets.partition import Status
from nba_assets.sources.base import ResultSet
from nba_assets.tables import TABLES

FIRST, LAST = date(2021, 10, 19), date(2021, 10, 22)
"""What the healthy home has."""

NOBODY = "http://127.0.0.1:9"
"""An address where nothing listens."""

_LEFT_OUT = {"--patient", "--install-completion", "--show-completion", "--follow"}
"""Options that wait, or change the shell of whoever runs this."""

_NONSENSE = (
    *("", " ", "-", "--", "-1", "0", "1e9", "nan", "NULL", "None", "99999999999999999999", "2021-13-45", "0001-01-01"),
    *("9999-12-31", "9999-00", "0001-02", "2021-10-19T25:00", "٢٠٢١-١٠-٢٠", "Łódź…", "\udcff\udcfe", "a\x00b", "\n"),
    *("'; DROP TABLE x; --", "%s%n", "[bold]", "[/]", "$(id)", "../../etc", "x" * 5000, "+", "group:", "*", "1+", "(("),
)
_SETTINGS: dict[str, tuple[str, ...]] = {
    "NBA_SOURCE": ("simulated", "files", "nba_api", "filez", ""),
    "NBA_WAREHOUSE": ("duckdb", "sqlite", ""),
    "NBA_NOW": (
        "2021-10-23T12:00",
        "2021-10-20",
        "0001-01-01T00:00",
        "9999-12-31T23:59",
        "1636502400",
        "2021-10-21T04Z",
    ),
    "NBA_PARTITIONS_START": ("2021-10-01", "2021-10-20", "2021-12-01", "0001-01-01", "9999-12-31", "soon"),
    "NBA_PARTITIONS_END": ("2021-10-22", "2021-10-25", "2021-09-01", "9999-12-31", "0001-01-01", "never"),
    "NBA_COMPLETENESS": ("relative", "absolute", "whole"),
    "NBA_POLICY": (
        *("{}", '{"MLFS": {}}', "{", "[]", "1", '{"*": {"accept_gap_after_days": 1}}', '{"*": 3}', '{"a": {"b": 1}}'),
        *('{"player_daily_cache": {"min_share": 2}}', '{"player_daily_cache": {"min_share": "x"}}', "null", '"x"'),
        '{"player_daily_cache": {"min_share": NaN}}',
    ),
    "NBA_PUBLISHING_DELAY_HOURS": ("0", "30", "inf", "nan", "1e300", "-1", "8760", "x"),
    "NBA_LATE_LIMIT_DAYS": ("1", "14", "0", "99999999999", "1.5", "36500"),
    "NBA_REREAD_DAYS": ("", "1,3", "0", "999999999999", "x,y", ","),
    "NBA_COUNTING_TYPES": ("002", "004,005", "999", ""),
    "NBA_HOME": ("", "no/such/home", "notes.txt", "/dev/null", "/proc/home", "\udcff", "x" * 300, "x/" * 2500),
    "NBA_DUCKDB_PATH": (
        "",
        "other.duckdb",
        "/dev/null",
        "notes.txt",
        ".",
        "/proc/x.duckdb",
        "it's.duckdb",
        "no/such/w",
    ),
    "NBA_DATA_DIR": ("", "data", "no/such", "notes.txt", "/dev/null"),
    "NBA_API_CACHE_DIR": ("", "data", "notes.txt", "/dev/null"),
    "NBA_API_TIMEOUT_SECONDS": ("0.1", "0", "inf", "1e300"),
    "NBA_API_CALLS_PER_SECOND": ("1000", "0", "inf", "1e-300"),
    "NBA_API_BASE_URL": ("", "x", NOBODY, "nonsense/{endpoint}", "http://[/{endpoint}", "{0}/{endpoint}"),
    "NBA_API_SCHEDULE_URL": ("", "x", "http://["),
    "NBA_API_SESSION": ("json:loads", "no.such:thing", ":", "os", "json:decoder"),
    "NBA_API_PROXY": ("", NOBODY, "nonsense", "://"),
    "NBA_COVERAGE_URL": ("", "http://x", "ftp://x"),
    "NBA_DRIFT_BASELINE": ("", "2020-21", "lately"),
    "NBA_DRIFT_PSI": ("0.1", "0", "x"),
    "NBA_HEARTBEAT_URL": ("", NOBODY, "x"),
    "NBA_ALERTS_TO": ("", "a@example.com", "nobody"),
    "NBA_ALERTS_DAILY_BUDGET": ("1", "0", "x"),
    "NBA_ALERTS_SMTP_HOST": ("", "127.0.0.1"),
    "NBA_ALERTS_SMTP_FROM": ("a@example.com", "nobody", "a@x\n"),
    "NBA_ALERTS_SMTP_PORT": ("9", "0", "x"),
    "NBA_ALERTS_WEBHOOK_URL": ("", NOBODY, "x", "http://["),
    "NBA_DAGSTER_URL": ("", "http://x", "ftp://x"),
    "NBA_SURCE": ("files",),
    "COLUMNS": ("1", "0", "abc", "-3", "40", "99999", ""),
    "TERM": ("dumb", "", "xterm-256color"),
    "TZ": ("Nowhere/Odd", "UTC", "Asia/Tokyo", ":"),
    "DAGSTER_HOME": ("", "relative", "/dev/null"),
    "DAGSTER_EVENT_BATCH_SIZE": ("1", "abc"),
    "NO_COLOR": ("1",),
    "FORCE_COLOR": ("1",),
}


@dataclass(frozen=True)
class Damage:
    """Something that is wrong with what lies below a directory, and whether tables can be lost by it."""

    name: str
    make: Callable[[Path, Random], None]


@dataclass(frozen=True)
class Case:
    """One command in one environment, on whole or damaged files."""

    number: int
    arguments: Sequence[str]
    settings: dict[str, str] = field(default_factory=dict)
    damage: Damage | None = None

    @property
    def command(self) -> str:
        """The name of the command, or what stands in its place."""
        return self.arguments[0] if self.arguments else ""

    def __str__(self) -> str:
        shown = " ".join(repr(a if len(a) < 80 else f"{a[:60]}… ({len(a)})") for a in self.arguments)
        settings = " ".join(f"{name}={value[:80]!r}" for name, value in self.settings.items())
        return f"{self.number}: {settings} nba-assets {shown}" + (f"  [{self.damage.name}]" if self.damage else "")


def random_case(seed: int, number: int) -> Case:
    """A case: one in two with everything right that is given, the others with something odd."""
    random = Random(f"{seed}:{number}")
    oddity = 0.0 if random.random() < 0.5 else 0.15
    damage = random.choice(DAMAGES) if random.random() < 0.3 else None
    return Case(number, _command_line(random, oddity), _settings(random, oddity), damage)


def _settings(random: Random, oddity: float) -> dict[str, str]:
    names = random.sample([*_SETTINGS], random.choice((1, 1, 2, 3))) if oddity and random.random() < 0.6 else []
    found = {name: random.choice(_SETTINGS[name]) for name in names}
    return {name: value for name, value in found.items() if "\0" not in value}


def _command_line(random: Random, oddity: float) -> list[str]:
    if random.random() < oddity / 3:
        return [random.choice(("", "--help", "--version", "backfil", "--no", *_NONSENSE)), random.choice(_NONSENSE)]
    path, parameters = random.choice(commands())
    line: list[str] = [*path]
    left_out = set() if oddity else _contradictory(random)
    for parameter in parameters:
        if parameter.name in left_out:
            continue
        line += _given(random, oddity, parameter)
    if random.random() < oddity / 3:
        line.insert(random.randrange(1, len(line) + 1), random.choice(("--help", "--no-such-option", *_NONSENSE)))
    if path == ("dev",):
        line += ["--port", random.choice(("0", "70000", "abc", "-1", ""))]
    return line


def _contradictory(random: Random) -> set[str]:
    """What is not given together with the rest: dates are named in one way, and tables in one."""
    dates = [{"start", "end"}] * 5 + [{"last"}, {"season"}, set()]
    tables = random.choice(({"tables"}, {"select", "exclude"}))
    return ({"start", "end", "last", "season"} - random.choice(dates)) | tables


def _given(random: Random, oddity: float, parameter: Any) -> list[str]:
    """A parameter as it is typed, or nothing."""
    option = next((name for name in parameter.opts if name.startswith("--")), None)
    if option in _LEFT_OUT:
        return []
    if option is None:
        likely = 0.97 if parameter.required or parameter.name in ("start", "end") else 0.3
        return [_value(random, oddity, parameter)] if random.random() < likely else []
    if random.random() > (0.95 if parameter.required else 0.17):
        return []
    if parameter.is_flag:
        return [option]
    value = _value(random, oddity, parameter)
    return [f"{option}={value}"] if random.random() < 0.2 else [option, value]


def _value(random: Random, oddity: float, parameter: Any) -> str:
    if random.random() < oddity:
        return random.choice(_NONSENSE)
    kind, name = parameter.type_descriptor.annotation, parameter.name
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return str(random.choice([*kind]))
    if name in ("start", "end", "day", "date"):
        spread = (LAST - FIRST).days
        before, after = (0, 1) if name == "start" else (1, 0)
        return str(FIRST + timedelta(days=random.randint(before, spread - after) + (random.random() < 0.05) * 2))
    if kind is int:
        return str(random.choice((1, 2, 3, 7)))
    return random.choice(_VALUES.get(name, _VALUES["table"]))


_NAMES = (*TABLES, *(table.short_name for table in TABLES.values()))
_VALUES: dict[str, tuple[str, ...]] = {
    "table": _NAMES,
    "name": _NAMES,
    "tables": ("SCHED", "SCHED,TBOX", "raw_schedule, PBOX", "MLFS", "INJ"),
    "select": ("raw", "+MLFS", "SCHED+", "group:raw", "pregame", "raw_*", "1+PGS raw"),
    "exclude": ("MLFS", "group:raw", "raw_*", "postgame", "*"),
    "season": ("2021-22", "2022-23", "current"),
    "named": ("2021-22", "current"),
    "columns": ("game_date", "game_date,season", "no_such", ",", ""),
    "directory": ("set", "set", "no/such/set", ".", "notes.txt", "/dev/null"),
    "label": ("points", "points+rebounds", "won", "team", "+"),
    "features": ("points_avg_last_5", "points_avg_last_5,is_home", "no_such", ""),
    "seasons": ("2021-22", "2021-22,2022-23", "current"),
    "split": ("2021-10-21", "2021-10-21,2021-10-22", "season", "2021-10-22,2021-10-21", "soon"),
    "manifest": ("set", "notes.txt", "no/such/manifest.json", "."),
    "file": (
        "out.csv",
        "out.parquet",
        "out.html",
        "out.json",
        "out.md",
        "folder.csv",
        "no/such/out.csv",
        "/dev/null.csv",
    ),
    "allow": (*Status, "degraded", "GAP,ERROR"),
    "fail_on": (*Status, "GAP,ERROR", "ok"),
    "game_id": ("0022100001", "0022100002", "0022199999", "22100001"),
    "run": ("abcd", "0"),
}


@cache
def commands() -> list[tuple[tuple[str, ...], list[Any]]]:
    """Every command that can be typed, with its parameters."""
    group: Any = typer.main.get_command(app)
    found: list[tuple[tuple[str, ...], list[Any]]] = []
    for name in COMMANDS:
        with group.make_context("nba-assets", [name], resilient_parsing=True) as context:
            _, command, _ = group.resolve_command(context, [name])
        below = getattr(command, "commands", None)
        found += [((name, sub), c.params) for sub, c in below.items()] if below else [((name,), command.params)]
    return found


def _overwrite(*names: str) -> Callable[[Path, Random], None]:
    """One of these files gets some bytes of something else."""

    def make(place: Path, random: Random) -> None:
        _spoil(place / random.choice(names), random)

    return make


def _spoil(path: Path, random: Random) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    stands = path.read_bytes() if path.is_file() else b""
    kind = random.choice(("empty", "text", "cut", "bytes", "bytes", "noise"))
    if kind == "cut" and stands:
        path.write_bytes(stands[: random.randrange(len(stands))])
    elif kind == "bytes" and stands:
        spoilt = bytearray(stands)
        for _ in range(random.choice((1, 10, 300))):
            spoilt[random.randrange(len(spoilt))] ^= 1 + random.randrange(255)
        path.write_bytes(spoilt)
    else:
        path.write_bytes({"empty": b"", "text": b"what is this\n"}.get(kind, random.randbytes(3000)))


def _in_its_place(*names: str) -> Callable[[Path, Random], None]:
    """A directory where a file is expected, or the other way round, or nothing."""

    def make(place: Path, random: Random) -> None:
        path = place / random.choice(names)
        is_directory = path.is_dir()
        if path.exists():
            path.rename(place / "away")
        if random.random() < 0.2:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        if is_directory:
            path.write_text("a file")
        else:
            path.mkdir()

    return make


def _dotenv(place: Path, random: Random) -> None:
    written = (
        *(b"what is this\n", "# Zürich\n".encode("latin-1"), b"NBA_SEED=many\n", b"NBA_HOME=\n", b"NBA_SEED='1\n"),
        *(
            b"\xff\xfe\x00",
            b"NBA_SOURCE=files\n",
            b"NBA_DUCKDB_PATH=a\x00b\n",
            b"export NBA_LATE_LIMIT_DAYS=3\n",
            b"NBA_X",
        ),
    )
    (place / ".env").write_bytes(random.choice(written))


_STATE = "home/simulated"
_DAGSTER = tuple(
    f"{_STATE}/dagster/{name}" for name in ("event_log.db", "history/runs.db", "schedules/schedules.db", "dagster.yaml")
)
_RAW = tuple(f"2021-22/{result_set}.parquet" for result_set in ResultSet)
DAMAGES = (
    Damage("warehouse spoilt", _overwrite(f"{_STATE}/warehouse.duckdb")),
    Damage("log of the warehouse spoilt", _overwrite(f"{_STATE}/warehouse.duckdb.wal")),
    Damage("lock file", _in_its_place(f"{_STATE}/warehouse.duckdb.lock")),
    Damage("warehouse away", _in_its_place(f"{_STATE}/warehouse.duckdb")),
    Damage("Dagster's files spoilt", _overwrite(*_DAGSTER)),
    Damage("Dagster's files away", _in_its_place(*_DAGSTER, f"{_STATE}/dagster")),
    Damage("home away", _in_its_place("home", _STATE)),
    Damage(".env", _dotenv),
    Damage(".env away", _in_its_place(".env")),
    Damage("data spoilt", _overwrite(*(f"data/{name}" for name in _RAW))),
    Damage(
        "cache spoilt", _overwrite(*(f"home/cache/{name}" for name in (*_RAW, "2021-22/fetched.json", "cut_off.json")))
    ),
)
