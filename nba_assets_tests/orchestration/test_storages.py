"""The product on other storages than ours: what is recorded is the same, gaps and repairs included.

Dagster's own SQLite in our directory, and PostgreSQL in a directory that somebody else has made, named by DAGSTER_HOME.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
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
from nba_assets.settings import Settings, load_settings
from nba_assets.sources.base import ResultSet, Source, Unversioned
from nba_assets_tests.cli.command import nba_assets
from nba_assets_tests.needs import absent
from nba_assets_tests.orchestration.first_at_once import open_six_at_once
from nba_assets_tests.postgres import PostgresUnavailableError, dagster_yaml, postgres_server
from nba_assets_tests.turns import marked

OURS = ("run_storage", "schedule_storage", "event_log_storage")
DAYS = days_between(date(2021, 10, 19), date(2021, 10, 23))
FAULTY, GAP = "raw_team_boxscores", date(2021, 10, 21)
CHAIN = ("raw_schedule", FAULTY, "raw_shots", "team_offense_game_summary")
"""From the source to a computed table: what fails, and what waits behind it."""


def stock_config() -> str:
    """Our dagster.yaml without the storages of ours."""
    return yaml.safe_dump({name: part for name, part in yaml.safe_load(instance_config()).items() if name not in OURS})


@dataclass(frozen=True)
class Place:
    """A home, and where DAGSTER_HOME points to, if it is set."""

    home: Path
    dagster_home: Path | None = None

    @property
    def variables(self) -> dict[str, str]:
        """What the environment says of Dagster."""
        return {} if self.dagster_home is None else {"DAGSTER_HOME": str(self.dagster_home)}

    def settings(self) -> Settings:
        """The settings there."""
        return load_settings(home=self.home, **self.variables)


def with_stock_storages(home: Path) -> Place:
    """A home whose instance is on Dagster's own storages."""
    place = Place(home)
    directory = place.settings().dagster_home
    directory.mkdir(parents=True)
    (directory / "dagster.yaml").write_text(stock_config())
    return place


@contextmanager
def on_postgres(directory: Path) -> Iterator[Place]:
    """A home beside an instance whose storage is PostgreSQL."""
    try:
        with postgres_server() as address:
            dagster_home = directory / "somebody's dagster"
            dagster_home.mkdir()
            (dagster_home / "dagster.yaml").write_text(dagster_yaml(address))
            yield Place(directory / "home", dagster_home)
    except PostgresUnavailableError as error:
        absent(f"PostgreSQL: {error}")


@dataclass(frozen=True)
class Recorded:
    """What an instance knows: partitions by status, checks of each partition by result, and runs by status."""

    partitions: dict[tuple[str, str], str | None]
    checks: Counter[tuple[str, str, str | None, bool]]
    runs: Counter[str]


Story = dict[str, tuple[Recorded, Recorded]]


def recorded(place: Place) -> Recorded:
    """Everything of our tables and dates."""
    settings = place.settings()
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


def backfill_with_a_gap(place: Place) -> None:
    """As the command line does it, on a source with a fault."""
    settings = place.settings()
    session = Session(settings, given_source=WithoutAGame(Session(settings).source))
    session.warehouse.prepare()
    with open_instance(settings) as instance:
        Launch(session, instance, DAYS, CHAIN, RunOptions()).run()


@pytest.fixture(scope="module", params=[*marked("soak", ["stock SQLite"]), *marked("long", ["PostgreSQL"])])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A place on other storages than ours."""
    directory = tmp_path_factory.mktemp("other")
    if request.param == "stock SQLite":
        yield with_stock_storages(directory)
    else:
        with on_postgres(directory) as place:
            yield place


@pytest.fixture(scope="module")
def story(place: Place, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """What the other storages and ours have recorded after a backfill with a gap, its repair, and another backfill."""
    ours = Place(tmp_path_factory.mktemp("ours"))
    states: Story = {}
    for each in (place, ours):
        backfill_with_a_gap(each)
    states["gap"] = recorded(place), recorded(ours)
    for step in ("repair", "backfill"):
        for each in (place, ours):
            command = (step, str(DAYS[0]), str(DAYS[-1]), "--tables", ",".join(CHAIN))
            result = nba_assets(*command, home=each.home, **each.variables)
            assert result.exit_code == 0, result.output
        states[step] = recorded(place), recorded(ours)
    return states


def test_the_storages_that_were_chosen_are_used_and_no_others(place: Place) -> None:
    settings = place.settings()
    config = (settings.dagster_home / "dagster.yaml").read_text()
    with open_instance(settings) as instance:
        expected = "dagster." if place.dagster_home is None else "dagster_postgres."
        for storage in (instance.event_log_storage, instance.run_storage, instance.schedule_storage):
            used = getattr(storage, "_storage", storage)  # one storage for all three hands each out in a wrapper
            assert type(used).__module__.startswith(expected)
    assert (settings.dagster_home / "dagster.yaml").read_text() == config
    assert not list(settings.dagster_home.rglob("event_log.db"))


def test_nothing_is_recorded_beside_dagster_home(story: Story, place: Place) -> None:
    assert story
    if place.dagster_home is not None:
        assert not (place.home / "simulated" / "dagster").exists()
        assert not list(place.dagster_home.rglob("*.db"))


def test_a_gap_is_recorded_alike(story: Story) -> None:
    other, ours = story["gap"]
    failed = {partition for partition, status in other.partitions.items() if status == "FAILED"}
    assert failed == {(FAULTY, str(GAP))}
    complete = {(day, passed) for (table, check, day, passed) in other.checks if (table, check) == (FAULTY, COMPLETE)}
    assert {(str(day), day != GAP) for day in DAYS} <= complete
    assert set(other.runs) == {"SUCCESS", "FAILURE"}
    assert other == ours


def test_its_repair_is_recorded_alike(story: Story) -> None:
    stock, ours = story["repair"]
    assert stock.partitions == {(table, str(day)): "MATERIALIZED" for table in CHAIN for day in DAYS}
    passed = {(table, day) for (table, check, day, passed) in stock.checks if check == COMPLETE and passed}
    assert {(table, str(day)) for table in CHAIN for day in DAYS} <= passed
    assert stock.runs["SUCCESS"] > story["gap"][0].runs["SUCCESS"]
    assert stock == ours


def test_the_same_home_again_has_nothing_to_do(story: Story) -> None:
    assert story["backfill"] == story["repair"]


def test_many_commands_may_be_the_first_at_once(tmp_path: Path) -> None:
    open_six_at_once(with_stock_storages(tmp_path).settings())


def test_many_commands_may_be_the_first_at_once_on_postgres(tmp_path: Path) -> None:
    with on_postgres(tmp_path) as place:
        open_six_at_once(place.settings())
