"""The product on Dagster's own storages: what is recorded is what our storages record, gaps and repairs included."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from multiprocessing.synchronize import Barrier
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest
import yaml

from nba_assets.definitions import build_defs
from nba_assets.engine.run_options import RunOptions
from nba_assets.league.calendar import days_between
from nba_assets.orchestration.instance import instance_config, open_instance
from nba_assets.orchestration.launch import Launch
from nba_assets.orchestration.reporting import COMPLETE, PRODUCTION_READY
from nba_assets.session import Session
from nba_assets.settings import load_settings
from nba_assets.sources.base import ResultSet, Source, Unversioned
from nba_assets_tests.cli.command import nba_assets

OURS = ("run_storage", "schedule_storage", "event_log_storage")
DAYS = days_between(date(2021, 10, 19), date(2021, 10, 23))
FAULTY, GAP = "raw_team_boxscores", date(2021, 10, 21)
CHAIN = ("raw_schedule", FAULTY, "raw_shots", "team_offense_game_summary")
"""From the source to a computed table: what fails, and what waits behind it."""


def stock_config() -> str:
    """Our dagster.yaml without the storages of ours."""
    return yaml.safe_dump({name: part for name, part in yaml.safe_load(instance_config()).items() if name not in OURS})


def with_stock_storages(home: Path) -> None:
    """Put that configuration where an instance of this home is opened."""
    directory = load_settings(home=home).dagster_home
    directory.mkdir(parents=True)
    (directory / "dagster.yaml").write_text(stock_config())


@dataclass(frozen=True)
class Recorded:
    """What an instance knows: partitions by status, checks of each partition by result, and runs by status."""

    partitions: dict[tuple[str, str], str | None]
    checks: Counter[tuple[str, str, str | None, bool]]
    runs: Counter[str]


def recorded(home: Path) -> Recorded:
    """Everything of our tables and dates."""
    settings = load_settings(home=home)
    definitions = build_defs(settings)
    partitions: dict[tuple[str, str], str | None] = {}
    checks: Counter[tuple[str, str, str | None, bool]] = Counter()
    with open_instance(settings) as instance:
        for table in CHAIN:
            key, keys = dg.AssetKey(table), [str(day) for day in DAYS]
            partitions_def = definitions.resolve_assets_def(table).partitions_def
            assert partitions_def is not None
            statuses = instance.get_status_by_partition(key, keys, partitions_def) or {}
            partitions |= {(table, day): status.name if status else None for day, status in statuses.items()}
            for name in (COMPLETE, PRODUCTION_READY):
                history = instance.event_log_storage.get_asset_check_execution_history(
                    dg.AssetCheckKey(key, name), limit=1000
                )
                events = [record.event.dagster_event for record in history if record.event is not None]
                evaluations = [
                    event.asset_check_evaluation_data
                    for event in events
                    if event is not None and event.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION
                ]
                checks.update((table, name, each.partition, each.passed) for each in evaluations)
        runs = Counter(run.status.name for run in instance.get_runs())
    return Recorded(partitions, checks, runs)


class WithoutAGame(Unversioned):
    """The simulated league; the log of its teams has nothing of one date."""

    name = "simulated"

    def __init__(self, source: Source) -> None:
        self.counting_types = source.counting_types
        self._source = source

    def read(self, result_set: ResultSet, season: str, dates: Sequence[date] | None = None) -> pd.DataFrame | None:
        """The season's frame."""
        frame = self._source.read(result_set, season, dates)
        if frame is None or result_set is not ResultSet.TEAM_LOG:
            return frame
        return frame[pd.to_datetime(frame["GAME_DATE"]).dt.date.ne(GAP)]


def backfill_with_a_gap(home: Path) -> None:
    """As the command line does it, on a source with a fault."""
    settings = load_settings(home=home)
    session = Session(settings, given_source=WithoutAGame(Session(settings).source))
    session.warehouse.prepare()
    with open_instance(settings) as instance:
        Launch(session, instance, DAYS, CHAIN, RunOptions()).run()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose instance is on Dagster's own storages."""
    home = tmp_path_factory.mktemp("stock")
    with_stock_storages(home)
    return home


@pytest.fixture(scope="module")
def story(home: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Recorded, Recorded]]:
    """What Dagster's storages and ours have recorded after a backfill with a gap, its repair, and another backfill."""
    ours = tmp_path_factory.mktemp("ours")
    states: dict[str, tuple[Recorded, Recorded]] = {}
    for each in (home, ours):
        backfill_with_a_gap(each)
    states["gap"] = recorded(home), recorded(ours)
    for step in ("repair", "backfill"):
        for each in (home, ours):
            result = nba_assets(step, str(DAYS[0]), str(DAYS[-1]), "--tables", ",".join(CHAIN), home=each)
            assert result.exit_code == 0, result.output
        states[step] = recorded(home), recorded(ours)
    return states


def test_dagsters_own_storages_are_used(home: Path) -> None:
    settings = load_settings(home=home)
    with open_instance(settings) as instance:
        for storage in (instance.event_log_storage, instance.run_storage, instance.schedule_storage):
            assert type(storage).__module__.startswith("dagster.")
    assert (settings.dagster_home / "dagster.yaml").read_text() == stock_config()
    assert not (settings.dagster_home / "event_log.db").exists()


def test_a_gap_is_recorded_alike(story: dict[str, tuple[Recorded, Recorded]]) -> None:
    stock, ours = story["gap"]
    failed = {partition for partition, status in stock.partitions.items() if status == "FAILED"}
    assert failed == {(FAULTY, str(GAP))}
    complete = {(day, passed) for (table, check, day, passed) in stock.checks if (table, check) == (FAULTY, COMPLETE)}
    assert {(str(day), day != GAP) for day in DAYS} <= complete
    assert set(stock.runs) == {"SUCCESS", "FAILURE"}
    assert stock == ours


def test_its_repair_is_recorded_alike(story: dict[str, tuple[Recorded, Recorded]]) -> None:
    stock, ours = story["repair"]
    assert stock.partitions == {(table, str(day)): "MATERIALIZED" for table in CHAIN for day in DAYS}
    passed = {(table, day) for (table, check, day, passed) in stock.checks if check == COMPLETE and passed}
    assert {(table, str(day)) for table in CHAIN for day in DAYS} <= passed
    assert stock.runs["SUCCESS"] > story["gap"][0].runs["SUCCESS"]
    assert stock == ours


def test_the_same_home_again_has_nothing_to_do(story: dict[str, tuple[Recorded, Recorded]]) -> None:
    assert story["backfill"] == story["repair"]


def _open_together(home: Path, start: Barrier) -> None:
    start.wait()
    with open_instance(load_settings(home=home)) as instance:
        assert instance.get_runs() == []


def test_many_commands_may_be_the_first_at_once(tmp_path: Path) -> None:
    with_stock_storages(tmp_path)
    processes = multiprocessing.get_context("fork")
    start = processes.Barrier(6)
    commands = [processes.Process(target=_open_together, args=(tmp_path, start)) for _ in range(6)]
    for command in commands:
        command.start()
    for command in commands:
        command.join()
    assert [command.exitcode for command in commands] == [0] * 6
