"""Dagster's files damaged or lost: one line says which and what to do, and that shows what the ledger has again."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import dagster as dg
import pytest

from nba_assets.cli.dev import alone
from nba_assets.definitions import build_defs
from nba_assets.orchestration.instance import open_instance
from nba_assets.session import Session
from nba_assets.tables import TABLES
from nba_assets_tests.cli.command import nba_assets, printed_json
from nba_assets_tests.orchestration.test_storages import (
    CHAIN,
    DAYS,
    FAULTY,
    GAP,
    Place,
    backfill_with_a_gap,
    on_postgres,
    recorded,
    with_stock_storages,
)
from nba_assets_tests.turns import marked

RANGE = (str(DAYS[0]), str(DAYS[-1]))
ASKED = (*RANGE, "--tables", ",".join(CHAIN))


@pytest.fixture(scope="module")
def with_a_gap(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home after a backfill with a gap, and what waits behind it."""
    home = tmp_path_factory.mktemp("gap")
    backfill_with_a_gap(Place(home))
    return home


@contextmanager
def another_instance(kind: str, home: Path) -> Iterator[Place]:
    """The home, as if its instance had been lost, or were another."""
    shutil.rmtree(home / "simulated" / "dagster")
    if kind == "PostgreSQL":
        with on_postgres(home) as elsewhere:
            yield Place(home, elsewhere.dagster_home)
    else:
        yield with_stock_storages(home) if kind == "stock SQLite" else Place(home)


def requested(place: Place, cursor: object = None) -> tuple[int, object]:
    """How many partitions automation asks for at its next look, and its cursor then."""
    with open_instance(place.settings()) as instance:
        seen = dg.evaluate_automation_conditions(build_defs(place.settings()), instance, cursor=cursor)  # type: ignore[arg-type]
    return seen.total_requested, seen.cursor


@pytest.mark.parametrize(
    "kind",
    [
        *marked("long", ["our SQLite"]),
        *marked("soak", ["stock SQLite", "PostgreSQL"]),
    ],
)
def test_what_is_lost_is_shown_again(with_a_gap: Path, tmp_path: Path, kind: str) -> None:
    home = shutil.copytree(with_a_gap, tmp_path / "home")
    before = recorded(Place(home))
    _, known = requested(Place(home))
    attempts = Session(Place(home).settings()).warehouse.stored_ledger()
    with another_instance(kind, home) as place:
        result = nba_assets("reinstate", "--format", "json", home=home, **place.variables)
        assert result.exit_code == 0, result.output
        there = [status for status in before.partitions.values() if status]
        told = printed_json(result)
        assert (told["set_aside"], told["shown"], told["failed"]) == ([], len(there), 1)
        after = recorded(place)
        assert after.partitions == before.partitions
        assert after.partitions[FAULTY, str(GAP)] == "FAILED"
        assert {check for check in before.checks if check[2]} <= set(after.checks)
        assert Session(place.settings()).warehouse.stored_ledger().equals(attempts), "nothing was built"
        asked, then = requested(place)
        assert (asked, requested(place, then)[0], requested(place, known)[0]) == (0, 0, 0)
        assert nba_assets("repair", *ASKED, home=home, **place.variables).exit_code == 0
        assert set(recorded(place).partitions.values()) == {"MATERIALIZED"}
        assert "nothing to do" in nba_assets("backfill", *ASKED, home=home, **place.variables).stdout


def test_the_content_is_the_data_version_as_before(with_a_gap: Path, tmp_path: Path) -> None:
    """So that whatever is built next is news to Dagster exactly if its content is another."""
    home = shutil.copytree(with_a_gap, tmp_path / "home")

    def versions() -> dict[tuple[str, str | None], str]:
        with open_instance(Place(home).settings()) as instance:
            keys = [dg.AssetRecordsFilter(asset_key=dg.AssetKey(table)) for table in TABLES]
            records = [one for key in keys for one in instance.fetch_materializations(key, limit=1000).records]
        built = [one.asset_materialization for one in records if one.asset_materialization is not None]
        return {
            (one.asset_key.to_user_string(), one.partition): (one.tags or {})["dagster/data_version"] for one in built
        }

    before = versions()
    assert nba_assets("reinstate", "--anew", home=home).exit_code == 0
    assert versions() == before
    assert before


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2 + 700])


def _overwrite_the_middle(file: Path) -> None:
    content = bytearray(file.read_bytes())
    for place in range(8192, len(content) - 2000, 8192):
        content[place : place + 1500] = b"\xff" * 1500
    file.write_bytes(content)


def _of_somebody_else(file: Path) -> None:
    file.write_bytes(b"what is this\n" * 1000)


DAMAGES = (_cut, _overwrite_the_middle, _of_somebody_else)
FILES = ("event_log.db", "history/runs.db", "schedules/schedules.db")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a few partitions, all of them in order."""
    home = tmp_path_factory.mktemp("built")
    assert nba_assets("backfill", *ASKED, home=home).exit_code == 0
    return home


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        pytest.param(name, damage, marks=() if FILES.index(name) == DAMAGES.index(damage) == 0 else pytest.mark.soak)
        for name in FILES
        for damage in DAMAGES
    ],
)
def test_a_damaged_file_is_told_and_set_aside(
    built: Path, tmp_path: Path, name: str, damage: Callable[[Path], None]
) -> None:
    home = shutil.copytree(built, tmp_path / "home")
    before, coverage = recorded(Place(home)), nba_assets("coverage", *RANGE, home=home).stdout
    file = home / "simulated" / "dagster" / name
    damage(file)
    damaged = file.read_bytes()
    logs = [] if name.startswith("schedules") else [("log",)]  # they are not in it
    for command in (("repair", *ASKED, "--rewrite"), ("dev", "--port", "47313"), *logs):
        result = nba_assets(*command, home=home)
        told = [line for line in result.stderr.splitlines() if line.startswith("error:")]
        assert (result.exit_code, len(told)) == (1, 1), (command, result.output)
        assert told[0].startswith(f"error: {file} is damaged: ")
        assert told[0].endswith("nba-assets reinstate")
    assert nba_assets("coverage", *RANGE, home=home).stdout == coverage, "it needs nothing of this"
    looked_at = nba_assets("doctor", home=home)
    assert (looked_at.exit_code, f"{name} is damaged" in looked_at.stdout) == (1, True)
    result = nba_assets("reinstate", "--format", "json", home=home)
    assert result.exit_code == 0, result.output
    aside = [Path(place) for place in printed_json(result)["set_aside"]]
    kept = [one for place in aside for one in (place.rglob("*.db") if place.is_dir() else [place])]
    assert damaged in [one.read_bytes() for one in kept]
    assert any(one.name.startswith("schedules") for one in aside) == name.startswith("schedules"), "and nothing else"
    assert recorded(Place(home)).partitions == before.partitions
    assert "nothing to do" in nba_assets("backfill", *ASKED, home=home).stdout
    assert nba_assets("doctor", home=home).exit_code == 0


def test_files_of_another_version_are_told_as_such(built: Path, tmp_path: Path) -> None:
    home = shutil.copytree(built, tmp_path / "home")
    with closing(sqlite3.connect(home / "simulated" / "dagster" / "history" / "runs.db")) as connection:
        connection.execute("ALTER TABLE runs RENAME COLUMN run_body TO another")
        connection.commit()
    result = nba_assets("log", home=home)
    assert result.exit_code == 1
    assert "is of another version of Dagster: no such column: runs.run_body" in result.stderr
    assert result.stderr.rstrip().endswith("nba-assets reinstate --anew")
    assert nba_assets("reinstate", "--anew", home=home).exit_code == 0
    assert set(recorded(Place(home)).partitions.values()) == {"MATERIALIZED"}


def test_what_was_in_a_deleted_file_is_shown_again(built: Path, tmp_path: Path) -> None:
    home = shutil.copytree(built, tmp_path / "home")
    (home / "simulated" / "dagster" / "event_log.db").unlink()
    assert "20 partitions shown again." in nba_assets("reinstate", home=home).stdout
    assert set(recorded(Place(home)).partitions.values()) == {"MATERIALIZED"}


def test_without_damage_files_stay_unless_it_is_asked_for(built: Path, tmp_path: Path) -> None:
    home = shutil.copytree(built, tmp_path / "home")
    runs = recorded(Place(home)).runs
    result = nba_assets("reinstate", home=home)
    assert (result.exit_code, "nothing to do" in result.stdout) == (0, True)
    assert recorded(Place(home)).runs == runs
    result = nba_assets("reinstate", "--anew", home=home)
    assert result.exit_code == 0
    assert "earlier runs are in the files that were set aside. Schedules and sensors" in result.stdout
    aside = {place.name.split(".set-aside-")[0] for place in (home / "simulated" / "dagster").glob("*.set-aside-*")}
    assert aside >= {"history", "event_log.db", "schedules"}


def test_what_somebody_uses_is_not_set_aside(built: Path, tmp_path: Path) -> None:
    home = shutil.copytree(built, tmp_path / "home")
    settings = Place(home).settings()
    with open_instance(settings):
        result = nba_assets("reinstate", "--anew", home=home)
        assert (result.exit_code, "another command is using" in result.stderr) == (1, True), result.output
    with alone(settings, "http://127.0.0.1:3000/asset-groups"):
        result = nba_assets("reinstate", "--anew", home=home)
        assert (result.exit_code, "`nba-assets dev` is already at work" in result.stderr) == (2, True)
    assert not list((home / "simulated" / "dagster").glob("*.set-aside-*"))


def test_where_nothing_was_built_there_is_nothing_to_show(tmp_path: Path) -> None:
    result = nba_assets("reinstate", home=tmp_path)
    assert (result.exit_code, "nothing to do" in result.stdout) == (0, True)
