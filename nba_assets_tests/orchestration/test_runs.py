"""What runs leave in Dagster, partition by partition: single dates, ranges with gaps, and what waits behind a gap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from nba_assets.definitions import build_defs
from nba_assets.orchestration.reporting import COMPLETE
from nba_assets.orchestration.resources import Pipeline
from nba_assets.session import Session
from nba_assets.sources.base import ResultSet
from nba_assets_tests.engine.warehouses import EditedSource, copy_of, session
from nba_assets_tests.orchestration.morning import QUIET, eastern

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
        job = build_defs(pipeline=Pipeline(self.session)).resolve_implicit_global_asset_job_def()
        span = {"dagster/asset_partition_range_start": str(first), "dagster/asset_partition_range_end": str(last)}
        return job.execute_in_process(
            run_config=QUIET,
            instance=self.instance,
            asset_selection=[dg.AssetKey(name)],
            tags=span | tags,
            raise_on_error=False,
        )

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


def test_a_backfill_of_dagster_sees_all_that_it_asked_for(ranges: Ranges) -> None:
    """It holds what it does not see materialised for failed, and then asks for nothing downstream."""
    span = [date(2021, 10, 24), date(2021, 10, 25)]
    for first, last in ((span[0], span[1]), (span[1], span[1])):
        again = ranges.run("raw_team_boxscores", first, last, BACKFILL)
        seen = {event.partition for event in again.all_events if event.is_step_materialization}
        assert seen == {str(day) for day in span if first <= day <= last}


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
        assert {event.partition for event in run.all_events if event.is_step_materialization} == {str(old), str(new)}
        assert moved.check("raw_schedule", old).passed
