"""What runs leave in Dagster, partition by partition: single dates, ranges with gaps, and what waits behind a gap."""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from nba_assets.definitions import build_defs
from nba_assets.orchestration.reporting import COMPLETE, PRODUCTION_READY
from nba_assets.orchestration.resources import Pipeline
from nba_assets.schema.table import Phase
from nba_assets.session import Session
from nba_assets.sources.base import ResultSet
from nba_assets.tables import TABLES
from nba_assets_tests.engine.warehouses import EditedSource, copy_of, session
from nba_assets_tests.orchestration.morning import QUIET, eastern
from nba_assets_tests.turns import marked

FIRST, LAST = date(2021, 10, 19), date(2021, 10, 25)
GAPS = {date(2021, 10, 21), date(2021, 10, 23)}
DAYS = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
BACKFILL = {"dagster/backfill": "abcdefgh"}


@dataclass
class Ranges:
    """Range runs of single tables, as a backfill launches them."""

    session: Session
    instance: dg.DagsterInstance

    def run(self, name: str, first: date, last: date, tags: dict[str, str]) -> dg.ExecuteInProcessResult:
        span = {"dagster/asset_partition_range_start": str(first), "dagster/asset_partition_range_end": str(last)}
        return self._execute([name], span | tags)

    def run_date(self, names: Sequence[str], day: date) -> dg.ExecuteInProcessResult:
        """One run over several tables of a date, as the graph's button launches it."""
        return self._execute(names, {"dagster/partition": str(day)})

    def _execute(self, names: Sequence[str], tags: dict[str, str]) -> dg.ExecuteInProcessResult:
        job = build_defs(pipeline=Pipeline(self.session)).resolve_implicit_global_asset_job_def()
        keys = [dg.AssetKey(name) for name in names]
        return job.execute_in_process(
            run_config=QUIET, instance=self.instance, asset_selection=keys, tags=tags, raise_on_error=False
        )

    def planned(self, name: str, check: str) -> set[str | None]:
        """The partitions whose check was planned by some run and never evaluated."""
        key = dg.AssetCheckKey(dg.AssetKey(name), check)
        history = self.instance.event_log_storage.get_asset_check_execution_history(key, limit=10_000)
        return {record.partition for record in history if record.status.value == "PLANNED"}

    def statuses(self, name: str) -> dict[date, str | None]:
        graph = build_defs(pipeline=Pipeline(self.session)).resolve_asset_graph()
        partitions = graph.get(dg.AssetKey(name)).partitions_def
        assert partitions is not None
        keys = [str(day) for day in DAYS]
        found = self.instance.get_status_by_partition(dg.AssetKey(name), keys, partitions) or {}
        return {date.fromisoformat(key): status.name if status else None for key, status in found.items()}

    def check(self, name: str, day: date) -> dg.AssetCheckEvaluation:
        """The newest evaluation of the blocking check for a date."""
        key = dg.AssetCheckKey(dg.AssetKey(name), COMPLETE)
        history = self.instance.event_log_storage.get_asset_check_execution_history(key, limit=100)
        for record in history:
            event = record.event.dagster_event if record.event else None
            if event is None:
                continue
            data: Any = event.event_specific_data
            if isinstance(data, dg.AssetCheckEvaluation) and data.partition == str(day):
                return data
        raise AssertionError(f"{name} {day} has no check")

    def metadata(self, name: str, day: date) -> dict[str, Any]:
        filter_ = dg.AssetRecordsFilter(asset_key=dg.AssetKey(name), asset_partitions=[str(day)])
        record = self.instance.fetch_materializations(filter_, limit=1).records[0]
        assert record.asset_materialization is not None
        return {key: value.value for key, value in record.asset_materialization.metadata.items()}


def _without_a_game_on_the_gaps(rows: pd.DataFrame) -> pd.DataFrame:
    days = pd.to_datetime(rows["GAME_DATE"]).dt.date
    lost = {rows.loc[days == gap, "GAME_ID"].min() for gap in GAPS}
    return rows[~rows["GAME_ID"].isin(lost)]


@pytest.fixture(scope="module")
def ranges(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ranges]:
    """A week loaded by range runs; the log of the teams lacks a game on two of its days."""
    home: Path = tmp_path_factory.mktemp("ranges")
    source = EditedSource({ResultSet.TEAM_LOG: _without_a_game_on_the_gaps})
    opened = session(home, source, now=eastern(2021, 10, 27, 12), partitions_start=FIRST)
    with dg.DagsterInstance.ephemeral() as instance:
        found = Ranges(opened, instance)
        assert found.run("raw_schedule", FIRST, LAST, BACKFILL).success
        assert not found.run("raw_team_boxscores", FIRST, LAST, BACKFILL).success
        yield found


def test_exactly_the_gaps_are_failed(ranges: Ranges) -> None:
    expected = {day: "FAILED" if day in GAPS else "MATERIALIZED" for day in DAYS}
    assert ranges.statuses("raw_team_boxscores") == expected


def test_a_gap_s_check_has_the_numbers(ranges: Ranges) -> None:
    for gap in GAPS:
        check = ranges.check("raw_team_boxscores", gap)
        told = {name: value.value for name, value in check.metadata.items()}
        assert not check.passed
        assert told["status"] == "GAP"
        assert told["complete"] == told["expected"] - 2
        assert told["explain"] == f"nba-assets explain raw_team_boxscores {gap}"


def test_a_good_partition_tells_its_own_numbers(ranges: Ranges) -> None:
    for day in sorted(set(DAYS) - GAPS):
        told = ranges.metadata("raw_team_boxscores", day)
        assert told["dagster/partition_row_count"] == told["nba/expected"]
        assert told["nba/share"] == 1.0
        assert ranges.check("raw_team_boxscores", day).passed


@pytest.mark.parametrize("name", ["raw_schedule", "raw_team_boxscores"])
def test_every_event_is_seen_in_the_list_of_events(ranges: Ranges, name: str) -> None:
    """The list of Dagster's pages has one line for those of a run that share their type and millisecond."""
    filter_ = dg.AssetRecordsFilter(asset_key=dg.AssetKey(name))
    shown = [
        (record.event_type, record.run_id, int(record.timestamp * 1000))
        for fetched in (ranges.instance.fetch_materializations, ranges.instance.fetch_observations)
        for record in fetched(filter_, limit=1000).records
    ]
    assert len(shown) >= len(DAYS)
    assert sorted(set(shown)) == sorted(shown)


def test_the_newest_partition_shows_its_first_rows(ranges: Ranges) -> None:
    good = sorted(set(DAYS) - GAPS)
    assert ranges.metadata("raw_team_boxscores", good[-1])["nba/preview"].startswith("| game_date |")
    assert "nba/preview" not in ranges.metadata("raw_team_boxscores", good[0])


def test_what_is_behind_a_gap_is_left_missing_by_a_backfill(ranges: Ranges) -> None:
    """Dagster looks at the same date only; a table that reads history is behind the gap on every later date."""
    ranges.run("raw_player_boxscores", FIRST, date(2021, 10, 20), BACKFILL)
    behind = ranges.run("raw_player_boxscores", date(2021, 10, 20), date(2021, 10, 22), BACKFILL)
    assert behind.success
    assert ranges.statuses("raw_player_boxscores")[date(2021, 10, 21)] is None
    check = ranges.check("raw_player_boxscores", date(2021, 10, 21))
    assert not check.passed
    assert "raw_team_boxscores 2021-10-21 GAP" in str(check.metadata["reason"].value)


def test_what_is_asked_for_by_name_fails_behind_a_gap(ranges: Ranges) -> None:
    asked = ranges.run("raw_shots", date(2021, 10, 23), date(2021, 10, 24), {})
    assert not asked.success
    assert ranges.statuses("raw_shots")[date(2021, 10, 23)] == "FAILED"
    assert ranges.statuses("raw_shots")[date(2021, 10, 24)] == "MATERIALIZED"


def test_an_unchanged_partition_is_not_materialised_again(ranges: Ranges) -> None:
    day = date(2021, 10, 25)
    filter_ = dg.AssetRecordsFilter(asset_key=dg.AssetKey("raw_team_boxscores"), asset_partitions=[str(day)])
    before = ranges.instance.fetch_materializations(filter_, limit=5).records
    assert ranges.run("raw_team_boxscores", date(2021, 10, 24), day, {}).success
    assert ranges.instance.fetch_materializations(filter_, limit=5).records == before


def _materialized(instance: dg.DagsterInstance, run: dg.ExecuteInProcessResult) -> set[str | None]:
    """The partitions of which a run has stored that they are there."""
    logged = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    return {entry.get_dagster_event().partition for entry in logged}


def test_a_backfill_of_dagster_sees_all_that_it_asked_for(ranges: Ranges) -> None:
    """It holds what it does not see materialised for failed, and then asks for nothing downstream."""
    span = [date(2021, 10, 24), date(2021, 10, 25)]
    for first, last in ((span[0], span[1]), (span[1], span[1])):
        again = ranges.run("raw_team_boxscores", first, last, BACKFILL)
        assert _materialized(ranges.instance, again) == {str(day) for day in span if first <= day <= last}


def test_a_gap_that_comes_out_as_before_is_no_longer_failed(ranges: Ranges) -> None:
    """The same rows stand; only the failure and its check have to go."""
    day = date(2021, 10, 22)
    lost = EditedSource({ResultSet.TEAM_LOG: lambda rows: rows[pd.to_datetime(rows["GAME_DATE"]).dt.date != day]})
    now_and_then = {"now": ranges.session.now(), "partitions_start": FIRST}
    faulty = Ranges(session(ranges.session.settings.home, lost, **now_and_then), ranges.instance)
    faulty.run("raw_team_boxscores", date(2021, 10, 22), date(2021, 10, 22), {})
    assert ranges.statuses("raw_team_boxscores")[day] == "FAILED"
    ranges.run("raw_team_boxscores", day, date(2021, 10, 22), {})
    assert ranges.statuses("raw_team_boxscores")[day] == "MATERIALIZED"
    assert ranges.check("raw_team_boxscores", day).passed


def test_a_game_that_moved_is_reported_on_both_of_its_dates(ranges: Ranges, tmp_path: Path) -> None:
    """A run of the new date alone reads the old one as well: Dagster sees both materialised, and the run succeed."""
    old, new, game = date(2021, 10, 24), date(2021, 10, 25), "0022100039"

    def move(rows: pd.DataFrame) -> pd.DataFrame:
        of_game = rows["GAME_ID" if "GAME_ID" in rows else "gameId"].eq(game)
        assert of_game.any()
        if "GAME_ID" in rows:
            rows.loc[of_game, "GAME_DATE"] = str(new)
        else:
            rows.loc[of_game, ["gameDateEst", "gameDateTimeUTC"]] = [str(new), "2021-10-26T00:30:00Z"]
        return rows

    source = EditedSource({ResultSet.SCHEDULE: move, ResultSet.TEAM_LOG: move})
    home = copy_of(ranges.session.settings.home, tmp_path)
    with dg.DagsterInstance.ephemeral() as instance:
        moved = Ranges(session(home, source, now=ranges.session.now(), partitions_start=FIRST), instance)
        run = moved.run("raw_schedule", new, new, {})
        assert run.success
        assert _materialized(instance, run) == {str(old), str(new)}
        assert moved.check("raw_schedule", old).passed


def test_a_range_of_one_date_is_reported_like_any_other(ranges: Ranges) -> None:
    """A backfill makes a range of every date that has no neighbours: the gap's check is that of its date."""
    gap, good = date(2021, 10, 23), date(2021, 10, 24)
    assert not ranges.run("raw_team_boxscores", gap, gap, BACKFILL).success
    assert ranges.statuses("raw_team_boxscores")[gap] == "FAILED"
    assert not ranges.check("raw_team_boxscores", gap).passed
    assert ranges.run("raw_team_boxscores", good, good, BACKFILL).success
    assert ranges.check("raw_team_boxscores", good).passed


@pytest.mark.parametrize("check", [COMPLETE, *marked("soak", [PRODUCTION_READY])])
def test_no_check_is_left_planned(ranges: Ranges, check: str) -> None:
    """Dates that are good, gaps, behind a gap or not due, in ranges of every length: nothing reads "Skipped"."""
    played = date(2021, 10, 26)
    for first, last in ((FIRST, LAST), (FIRST, FIRST), (date(2021, 10, 20), date(2021, 10, 24)), (LAST, played)):
        for name in ("raw_schedule", "raw_team_boxscores", "raw_player_boxscores"):
            ranges.run(name, first, last, BACKFILL)
            assert ranges.planned(name, check) == set()


def test_what_is_behind_a_gap_does_not_fail_with_another_gap(tmp_path: Path) -> None:
    """One range run of a table with a gap of its own, a date behind another's, and one that is not due."""
    own, behind, not_due = date(2021, 10, 24), date(2021, 10, 23), date(2021, 10, 26)

    def lose_players(rows: pd.DataFrame) -> pd.DataFrame:
        return rows[pd.to_datetime(rows["GAME_DATE"]).dt.date != own]

    source = EditedSource({ResultSet.TEAM_LOG: _without_a_game_on_the_gaps, ResultSet.PLAYER_LOG: lose_players})
    with dg.DagsterInstance.ephemeral() as instance:
        opened = session(tmp_path, source, now=eastern(2021, 10, 26, 12), partitions_start=FIRST)
        found = Ranges(opened, instance)
        for name in ("raw_schedule", "raw_team_boxscores"):
            found.run(name, FIRST, not_due, BACKFILL)
        assert not found.run("raw_player_boxscores", FIRST, not_due, BACKFILL).success
        statuses = found.statuses("raw_player_boxscores")
        assert {day for day, status in statuses.items() if status == "FAILED"} == {own}
        assert statuses[behind] is None
        assert "raw_team_boxscores 2021-10-23 GAP" in str(
            found.check("raw_player_boxscores", behind).metadata["reason"].value
        )
        assert found.planned("raw_player_boxscores", COMPLETE) == set()


@pytest.mark.soak
def test_a_gap_takes_no_table_of_its_run_along(tmp_path: Path) -> None:
    """All tables of one date, launched from the graph: the gap is FAILED, what is behind it missing, the rest there."""
    gap = date(2021, 10, 21)
    source = EditedSource({ResultSet.TEAM_LOG: _without_a_game_on_the_gaps})
    with dg.DagsterInstance.ephemeral() as instance:
        opened = session(tmp_path, source, now=eastern(2021, 10, 27, 12), partitions_start=FIRST)
        found = Ranges(opened, instance)
        for day in (FIRST, date(2021, 10, 20)):
            assert found.run_date([*TABLES], day).success
        assert not found.run_date([*TABLES], gap).success
        statuses = {name: found.statuses(name)[gap] for name in TABLES}
        assert {name for name, status in statuses.items() if status == "FAILED"} == {"raw_team_boxscores"}
        before_the_games = {name for name, table in TABLES.items() if table.phase == Phase.PRE_GAME}
        assert before_the_games < {name for name, status in statuses.items() if status == "MATERIALIZED"}
        for name in ("raw_player_boxscores", "player_game_summary"):
            assert statuses[name] is None
            assert not found.check(name, gap).passed
            assert found.planned(name, COMPLETE) == set()


def test_a_partition_s_data_version_is_its_content(ranges: Ranges) -> None:
    """Also of a range: what is built again as it was has the version that it had."""
    days = [date(2021, 10, 24), date(2021, 10, 25)]
    asked = dg.AssetRecordsFilter(dg.AssetKey("raw_schedule"), asset_partitions=[str(day) for day in days])
    ranges.run("raw_schedule", days[0], days[1], BACKFILL)
    ranges.run("raw_schedule", days[0], days[1], BACKFILL)
    found: dict[str, set[str]] = {}
    for record in ranges.instance.fetch_materializations(asked, limit=10).records:
        assert record.asset_materialization is not None
        found.setdefault(str(record.partition_key), set()).add(
            record.asset_materialization.tags["dagster/data_version"]
        )
    ledger = ranges.session.warehouse.ledger(days[0], days[1], tables=["raw_schedule"])
    stored = {str(row.partition_date.date()): {row.content_hash} for row in ledger.itertuples()}
    assert found == stored


@pytest.mark.long
def test_the_day_after_a_range_is_built_with_its_schedule(tmp_path: Path) -> None:
    """Dagster asks for it because tables read the day before; its schedule was never asked for."""
    last, after = date(2021, 10, 22), date(2021, 10, 23)
    before_the_games = [name for name, table in TABLES.items() if table.phase == Phase.PRE_GAME]
    with dg.DagsterInstance.ephemeral() as instance:
        opened = session(tmp_path, now=eastern(2021, 10, 27, 12), partitions_start=FIRST)
        found = Ranges(opened, instance)
        for name in TABLES:
            if name not in before_the_games:
                found.run(name, FIRST, last, BACKFILL)
        for name in before_the_games:
            assert found.run(name, FIRST, after, BACKFILL).success
            assert found.statuses(name)[after] == "MATERIALIZED"
        assert found.statuses("raw_schedule")[after] == "MATERIALIZED"
        assert found.check("raw_schedule", after).passed
        assert found.statuses("raw_schedule")[date(2021, 10, 24)] is None
        assert found.statuses("raw_team_boxscores")[after] is None


@pytest.mark.parametrize(
    ("config", "tags", "who"),
    [
        ({"forced_by": "Ada"}, {"user": "somebody else"}, "Ada"),
        ({}, {"user": "Ada"}, "Ada"),
        ({}, {"nba/user": "Ada"}, "Ada"),
        ({}, {}, f"{getpass.getuser()}, who runs Dagster"),
        ({"force": False, "accept_gaps": True, "forced_by": "Ada"}, {}, "Ada"),
        ({"force": False, "accept_gaps": True}, {"user": "Ada"}, "Ada"),
    ],
)
def test_who_forces_a_partition_is_in_the_ledger(
    tmp_path: Path, config: dict[str, object], tags: dict[str, str], who: str
) -> None:
    opened = session(tmp_path, now=eastern(2021, 10, 27, 12), partitions_start=FIRST)
    job = build_defs(pipeline=Pipeline(opened)).resolve_implicit_global_asset_job_def()
    with dg.DagsterInstance.ephemeral() as instance:
        job.execute_in_process(
            run_config=QUIET | {"ops": {"raw_schedule": {"config": {"force": True, **config}}}},
            instance=instance,
            asset_selection=[dg.AssetKey("raw_schedule")],
            partition_key=str(FIRST),
            tags=tags,
        )
    options = json.loads(opened.warehouse.ledger(tables=["raw_schedule"])["options"].iloc[0])
    assert options["forced_by"] == who
