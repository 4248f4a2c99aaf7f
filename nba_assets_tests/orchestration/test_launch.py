"""`backfill`, `repair` and `refresh` as a person runs them: plans, exit statuses, messages, and what Dagster shows."""

from __future__ import annotations

import fcntl
import getpass
import json
import shutil
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest
from click.testing import Result
from typer.testing import CliRunner

from nba_assets.cli import app
from nba_assets.engine.run_options import RunOptions
from nba_assets.orchestration.instance import open_instance
from nba_assets.orchestration.launch import Launch
from nba_assets.session import Session
from nba_assets.sources.base import ResultSet
from nba_assets.tables import TABLES, TIERS
from nba_assets.warehouse.base import WarehouseError
from nba_assets.warehouse.duckdb import DuckDBWarehouse
from nba_assets_tests.engine.warehouses import EditedSource, session
from nba_assets_tests.repair.corrections import as_files, one_basket_more
from nba_assets_tests.repair.processes import environment
from nba_assets_tests.repair.season import OPENING_NIGHT, contents, days_from, without

LAST, DAY, GAME, WALKER = date(2023, 11, 10), date(2023, 11, 8), "0022300160", 1629022
DAYS = days_from(OPENING_NIGHT, LAST)
EVE = date(2023, 11, 7)
RANGE = (str(OPENING_NIGHT), str(LAST))
RAW = {name for name, table in TABLES.items() if table.result_sets}

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def backfilled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home after `nba-assets backfill` of the season's first eighteen days; to be copied."""
    home = tmp_path_factory.mktemp("backfilled")
    done = CliRunner().invoke(app, ["backfill", *RANGE], env=environment(home) | {"COLUMNS": "200"})
    assert done.exit_code == 0, done.output
    return home


@pytest.fixture
def home(backfilled: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(backfilled, tmp_path / "home"))


@pytest.fixture(scope="module")
def corrected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The season's files after a correction of one player's points."""
    source = EditedSource(one_basket_more(GAME, WALKER, "BKN"))
    return as_files(source, "2023-24", tmp_path_factory.mktemp("corrected"))


@pytest.fixture(scope="module")
def half_a_day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The season's files without the box scores of one game that was played."""

    def drop(frame: pd.DataFrame) -> pd.DataFrame:
        return frame[frame["GAME_ID"].ne(GAME)]

    source = EditedSource({ResultSet.TEAM_LOG: drop, ResultSet.PLAYER_LOG: drop})
    return as_files(source, "2023-24", tmp_path_factory.mktemp("half"))


def run(home: Path, *arguments: str, **settings: str) -> Result:
    """One command."""
    return CliRunner().invoke(app, list(arguments), env=environment(home) | {"COLUMNS": "200"} | settings)


def events(home: Path) -> Counter[tuple[str, str]]:
    """How often each partition was materialised."""
    with open_instance(session(home).settings) as instance:
        found: Counter[tuple[str, str]] = Counter()
        for name in TABLES:
            records = instance.fetch_materializations(dg.AssetKey(name), limit=10_000).records
            found.update((name, str(record.partition_key)) for record in records)
    return found


def number_of_runs(home: Path) -> int:
    """Runs that Dagster knows of."""
    with open_instance(session(home).settings) as instance:
        return instance.get_runs_count()


def newest_attempts(home: Path) -> dict[tuple[str, date], str]:
    """The newest ledger row of each partition."""
    ledger = session(home).warehouse.ledger()
    days = ledger["partition_date"].dt.date
    return dict(zip(zip(ledger["table_name"], days, strict=True), ledger["attempt_id"], strict=True))


class TestBackfill:
    def test_every_partition_is_materialised_once(self, backfilled: Path) -> None:
        assert events(backfilled) == {(name, str(day)): 1 for name in TABLES for day in DAYS}

    def test_again_there_is_nothing_to_do(self, home: Path) -> None:
        before = (events(home), number_of_runs(home), newest_attempts(home))
        again = run(home, "backfill", *RANGE)
        assert again.exit_code == 0
        assert "0 partitions built, nothing to do" in again.output
        assert (events(home), number_of_runs(home), newest_attempts(home)) == before

    def test_without_dagsters_storage_coverage_is_the_same_and_repair_finds_nothing(self, home: Path) -> None:
        coverage = run(home, "coverage", *RANGE, "--format", "json").output
        shutil.rmtree(home / "dagster")
        assert run(home, "coverage", *RANGE, "--format", "json").output == coverage
        repaired = run(home, "repair")
        assert repaired.exit_code == 0
        assert "nothing to do" in repaired.output
        assert number_of_runs(home) == 0


def test_no_bootstrap_days_at_all_may_be_asked_for(tmp_path: Path) -> None:
    one_day = ("backfill", str(OPENING_NIGHT), str(OPENING_NIGHT), "--tables", "SCHED", "--bootstrap-days", "0")
    assert run(tmp_path, *one_day).exit_code == 0
    [options] = session(tmp_path).warehouse.ledger()["options"]
    assert json.loads(options)["bootstrap_days"] == 0


class TestDryRun:
    def test_the_plan_of_an_empty_warehouse(self, tmp_path: Path) -> None:
        planned = run(tmp_path, "backfill", *RANGE, "--dry-run", "--format", "json")
        assert planned.exit_code == 0
        plans = json.loads(planned.stdout)["plan"]
        added = {plan["table"]: (plan.pop("changes") or {}).get("rows_added", 0) for plan in plans}
        assert added["raw_schedule"] > len(DAYS), "how many rows would be added is said as well"
        assert plans == [
            {
                "tier": TIERS[name],
                "table": name,
                "partitions": len(DAYS),
                "why": {"MISSING": len(DAYS)},
                "dates": {"build": [list(RANGE)]},
                "degraded": [],
                "failures": [],
            }
            for name in TABLES
        ]
        assert newest_attempts(tmp_path) == {}
        assert not (tmp_path / "dagster").exists()

    def test_as_a_table_it_ends_with_the_number_of_partitions(self, tmp_path: Path) -> None:
        planned = run(tmp_path, "backfill", *RANGE, "--dry-run", "--tables", "raw_schedule,raw_shots")
        assert "2023-10-24 … 2023-11-10" in planned.output
        assert "18 missing" in planned.output
        assert "36 partitions: 18 build (rows are written), 18 blocked (waits for a gap or an error)" in planned.output
        assert "MISSING raw_team_boxscores 2023-10-24 … 2023-11-10, 18 dates: never computed" in planned.output
        assert "never computed; holds back: 18 dates, 1 table" in planned.output

    def test_of_a_refresh_it_names_what_is_read_again_and_what_would_follow(self, home: Path) -> None:
        planned = json.loads(run(home, "refresh", str(DAY), str(DAY), "--dry-run", "--format", "json").stdout)["plan"]
        dates = {step["table"]: step["dates"] for step in planned}
        assert dates["raw_game_lines"] == dates["raw_shots"] == {"unchanged": [[str(DAY), str(DAY)]]}
        assert "player_game_summary" not in dates, "the source says what it has said before"

    def test_where_nothing_is_missing_it_is_empty(self, home: Path) -> None:
        assert json.loads(run(home, "repair", "--dry-run", "--format", "json").stdout)["plan"] == []


class TestRefresh:
    def test_a_correction_is_read_again_and_only_what_it_changed_is_materialised(
        self, home: Path, corrected: Path
    ) -> None:
        before, stood = events(home), contents(session(home), DAYS)
        refreshed = run(home, "refresh", str(DAY), str(DAY), "--format", "json", NBA_DATA_DIR=str(corrected))
        assert refreshed.exit_code == 0, refreshed.output
        now = contents(session(home), DAYS)
        changed = {(p.table, str(p.day)) for p in now if now[p] != stood[p]}
        assert ("player_game_summary", str(DAY)) in changed
        assert ("ml_feature_store_v2", "2023-11-10") in changed
        assert events(home) - before == dict.fromkeys(changed, 1)
        assert json.loads(refreshed.stdout)["changed"] == len(changed)

    def test_without_news_the_ledger_is_renewed_and_nothing_else(self, home: Path) -> None:
        before, attempts = events(home), newest_attempts(home)
        refreshed = run(home, "refresh", str(DAY), str(DAY))
        assert refreshed.exit_code == 0
        assert f"{len(RAW) + 1} partitions built, 0 rewritten" in refreshed.output, "and the report of the day before"
        assert f"{DAY} … {LAST}: " in refreshed.output
        assert events(home) == before
        renewed = {cell for cell, attempt in newest_attempts(home).items() if attempts[cell] != attempt}
        assert renewed == {(name, DAY) for name in RAW} | {("raw_injury_reports", EVE)}


class TestExitStatus:
    def test_a_gap_is_1_and_names_the_next_step(self, home: Path, half_a_day: Path) -> None:
        failed = run(home, "refresh", str(DAY), str(DAY), NBA_DATA_DIR=str(half_a_day))
        assert failed.exit_code == 1
        assert f"GAP raw_team_boxscores {DAY}" in failed.output
        assert GAME in failed.output
        assert "raw_team_boxscores: 1 failed" in failed.stderr
        assert f"Next: nba-assets explain raw_team_boxscores {DAY}" in failed.output
        repaired = run(home, "repair")
        assert repaired.exit_code == 0, repaired.output

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (("backfill", "2023-11-02", "2023-11-01"), "START 2023-11-02 is after END 2023-11-01"),
            (("backfill", "2023-11-31", "2023-12-01"), "START '2023-11-31' is not a date; write it like"),
            (("backfill", "2020-11-01", "2020-11-02"), "2020-11-01 is before the first partition"),
            (("backfill", "2023-11-01", "2031-11-02"), "2031-11-02 is after today, 2024-07-01"),
            (("backfill", *RANGE, "--tables", "raw_shot"), "raw_shots"),
            (("repair", "2023-11-01"), "give START and END, or neither"),
            (("repair",), "nothing has been built yet: run `nba-assets backfill START END` first"),
            (("impact", "0022300160"), "no loaded schedule has a game '0022300160'"),
        ],
    )
    def test_what_cannot_be_is_2_and_says_what_can(
        self, tmp_path: Path, arguments: tuple[str, ...], message: str
    ) -> None:
        ended = run(tmp_path, *arguments)
        assert ended.exit_code == 2
        assert message in ended.output

    @pytest.mark.long
    def test_results_that_are_not_due_are_1_and_tonights_features_are_there(self, tmp_path: Path, home: Path) -> None:
        def unplayed(frame: pd.DataFrame) -> pd.DataFrame:
            of_day = frame["gameDateEst"].str[:10].eq(str(LAST))
            frame.loc[of_day, "gameStatus"] = 1
            frame.loc[of_day, ["homeTeam_score", "awayTeam_score"]] = None
            return frame

        played_later = without(*_games_of(home, LAST))
        edits = {**played_later._edits, ResultSet.SCHEDULE: unplayed}
        files = as_files(EditedSource(edits), "2023-24", tmp_path / "this morning")
        tonight = tmp_path / "tonight"
        ended = run(tonight, "backfill", *RANGE, NBA_DATA_DIR=str(files), NBA_NOW="2023-11-10T10:00")
        assert ended.exit_code == 1
        ledger = session(tonight).warehouse.ledger(LAST, LAST).set_index("table_name")["status"]
        assert ledger["ml_feature_store_v2"] == "OK"
        assert "player_game_summary" not in ledger
        waits = f"NOT_DUE raw_team_boxscores {LAST}: results are not due yet; holds back: 1 date, 5 tables"
        assert waits in ended.stderr
        unasked = run(tonight, "repair", NBA_DATA_DIR=str(files), NBA_NOW="2023-11-10T10:00")
        assert unasked.exit_code == 0, unasked.output
        assert "6 NOT_DUE" in unasked.stdout


def _games_of(home: Path, day: date) -> list[str]:
    return session(home).warehouse.read(TABLES["raw_schedule"], start=day, end=day)["game_id"].tolist()


def test_force_publishes_half_a_day_and_records_who(home: Path, half_a_day: Path) -> None:
    run(home, "refresh", str(DAY), str(DAY), NBA_DATA_DIR=str(half_a_day))
    forced = run(home, "repair", str(DAY), str(DAY), "--force", NBA_DATA_DIR=str(half_a_day))
    assert forced.exit_code == 0, forced.output
    ledger = session(home).warehouse.ledger(DAY, DAY).set_index("table_name")
    assert ledger.loc["raw_team_boxscores", "status"] == "DEGRADED"
    assert json.loads(ledger.loc["raw_team_boxscores", "options"]) == {"force": True, "forced_by": getpass.getuser()}


def test_a_warehouse_that_somebody_else_writes_to_is_named_and_left_alone(home: Path) -> None:
    warehouse = DuckDBWarehouse(home / "warehouse.duckdb", queue=0.2)
    before = contents(session(home), DAYS)
    waiting = Session(session(home).settings, given_source=without(GAME), given_warehouse=warehouse)
    with (home / "warehouse.duckdb.lock").open("w") as lock, open_instance(waiting.settings) as instance:
        fcntl.flock(lock, fcntl.LOCK_EX)
        json.dump({"command": "python", "pid": 4711, "purpose": "building 2023", "since": "noon"}, lock)
        lock.flush()
        launch = Launch(waiting, instance, DAYS, TABLES, RunOptions())
        with pytest.raises(WarehouseError, match=r"python \(process 4711, building 2023, since noon\) is writing"):
            launch.run()
    assert contents(session(home), DAYS) == before
