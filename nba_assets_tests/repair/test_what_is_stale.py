"""What makes a partition STALE, what a repair then rebuilds, and that it rebuilds nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from nba_assets.partition import FINE, Partition, Status
from nba_assets.planning.load import load_state
from nba_assets.planning.plan import plan_step
from nba_assets.schema.table import Inputs
from nba_assets.sources.base import ResultSet
from nba_assets.tables import TABLES, downstream_of
from nba_assets_tests.engine.warehouses import EditedSource, build_range, session
from nba_assets_tests.repair.cells import changed_cells, stored_cells
from nba_assets_tests.repair.conftest import LAST_DAY, Month
from nba_assets_tests.repair.season import OPENING_NIGHT, contents, days_from, repair, statuses

DAYS = days_from(OPENING_NIGHT, LAST_DAY)
DEFENCE = "team_defense_zone_analysis"


class TestNewCodeVersion:
    """The code of team_defense_zone_analysis changes, and with it the code version; its numbers do so or not."""

    @pytest.fixture
    def _another_version(self, monkeypatch: pytest.MonkeyPatch) -> None:
        table = TABLES[DEFENCE]

        def compute(inputs: Inputs, dates: pd.DatetimeIndex) -> pd.DataFrame:
            return table.compute(inputs, dates)

        monkeypatch.setitem(TABLES, DEFENCE, replace(table, compute=compute))

    @pytest.fixture
    def _another_formula(self, monkeypatch: pytest.MonkeyPatch) -> None:
        table = TABLES[DEFENCE]

        def compute(inputs: Inputs, dates: pd.DatetimeIndex) -> pd.DataFrame:
            rows = table.compute(inputs, dates)
            return rows.assign(paint_defense_vs_league_avg=rows["paint_defense_vs_league_avg"] / 2)

        monkeypatch.setitem(TABLES, DEFENCE, replace(table, compute=compute))

    @pytest.mark.usefixtures("_another_version")
    def test_its_partitions_and_their_dependents_are_stale_and_no_others(self, month: Month) -> None:
        found = statuses(month(), DAYS)
        stale = {DEFENCE} | downstream_of(DEFENCE)
        for table in stale:
            assert set(found[table]) == {Status.STALE}, table
        assert set(found.drop(list(stale), level=0)) <= FINE

    @pytest.mark.usefixtures("_another_version")
    def test_the_plan_has_it_and_what_depends_on_it(self, month: Month) -> None:
        state = load_state(month(), DAYS[0], DAYS[-1])
        planned = {table: len(days) for table in TABLES if (days := plan_step(state, table, DAYS).build)}
        assert planned == dict.fromkeys({DEFENCE} | downstream_of(DEFENCE), len(DAYS))
        assert downstream_of(DEFENCE) == {"player_composite_factors", "ml_feature_store_v2"}

    @pytest.mark.usefixtures("_another_version")
    def test_without_another_result_only_the_ledger_is_renewed(self, month: Month) -> None:
        now = month()
        built = repair(now, DAYS)
        assert {b.outcome.partition.table for b in built} == {DEFENCE}
        assert not any(b.changed for b in built)
        assert set(statuses(now, DAYS)) <= FINE

    @pytest.mark.usefixtures("_another_formula")
    def test_another_result_goes_on_to_its_dependents_and_no_further(self, month: Month) -> None:
        now = month()
        before = stored_cells(now.warehouse)
        built = repair(now, DAYS)
        changed = changed_cells(before, stored_cells(now.warehouse))
        assert {b.outcome.partition for b in built if b.changed} == {Partition(table, day) for table, day, _ in changed}
        assert {table for table, _, _ in changed} == {DEFENCE} | downstream_of(DEFENCE)
        assert set(statuses(now, DAYS)) <= FINE


class TestOneDateFails:
    """The box scores of November 15 come back with half of their games, in a refresh of three days."""

    FAILED, RANGE = date(2023, 11, 15), days_from(date(2023, 11, 14), date(2023, 11, 16))

    @staticmethod
    def source() -> EditedSource:
        def half(frame: pd.DataFrame) -> pd.DataFrame:
            of_day = frame["GAME_DATE"].str[:10].eq("2023-11-15")
            late = frame.loc[of_day, "GAME_ID"].drop_duplicates()[::2]
            return frame[~frame["GAME_ID"].isin(late)]

        return EditedSource({ResultSet.TEAM_LOG: half, ResultSet.PLAYER_LOG: half})

    def test_its_old_rows_stay_and_the_others_are_untouched(self, month: Month) -> None:
        before, then = contents(month(), DAYS), month(self.source())
        built = repair(then, DAYS, self.RANGE)
        found = statuses(then, DAYS)
        assert found["raw_team_boxscores", self.FAILED] == Status.GAP
        assert set(found["raw_team_boxscores"].drop(self.FAILED)) <= FINE
        assert not any(b.changed for b in built)
        assert contents(then, DAYS) == before

    def test_repair_asks_for_it_again_and_nothing_follows_from_the_same_rows(self, month: Month) -> None:
        repair(month(self.source()), DAYS, self.RANGE)
        now = month()
        built = repair(now, DAYS)
        assert [(b.outcome.partition, b.changed) for b in built] == [
            (Partition("raw_team_boxscores", self.FAILED), False)
        ]
        assert set(statuses(now, DAYS)) <= FINE

    @pytest.mark.long
    def test_in_a_first_build_the_others_are_published_and_repair_runs_it_and_what_it_blocked(
        self, tmp_path: Path, built_month: Path
    ) -> None:
        days = DAYS[:26]
        build_range(session(tmp_path, self.source()), days[0], days[-1])
        found = statuses(session(tmp_path), days)
        assert found["raw_team_boxscores", self.FAILED] == Status.GAP
        assert set(found["raw_team_boxscores"].drop(self.FAILED)) <= FINE
        assert set(found["ml_feature_store_v2"].loc[self.FAILED + timedelta(days=1) :]) == {Status.BLOCKED}
        now = session(tmp_path)
        built = repair(now, days)
        waiting = {Partition(table, day) for (table, day), status in found.items() if status not in FINE}
        assert {b.outcome.partition for b in built} == waiting
        assert contents(now, days) == contents(session(built_month), days)


def test_run_twice_nothing_is_left_to_do(month: Month) -> None:
    assert repair(month(), DAYS) == []


def test_a_refresh_without_news_rewrites_nothing_and_goes_no_further(month: Month) -> None:
    now = month()
    before = contents(now, DAYS)
    built = repair(now, DAYS, DAYS[-3:])
    raw = {name for name, table in TABLES.items() if table.result_sets}
    expected = {Partition(name, day) for name in raw for day in DAYS[-3:]}
    assert {b.outcome.partition for b in built} == expected | {Partition("raw_injury_reports", DAYS[-4])}
    assert not any(b.changed for b in built)
    assert contents(now, DAYS) == before
