"""The condition `inputs_are_ready`, by real runs: waits, holds, fires, idles."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from dagster import AssetKey

from nba_assets.definitions import build_defs
from nba_assets.orchestration.automation import FOLLOWED_TAG
from nba_assets.settings import load_settings
from nba_assets.sources.base import ResultSet, SourceError
from nba_assets.tables import TABLES
from nba_assets_tests.engine.warehouses import EditedSource
from nba_assets_tests.orchestration.morning import POST_GAME, PRE_GAME, REQUIRED_RAW, Morning, eastern

PLAYED = date(2021, 11, 9)
TONIGHT = date(2021, 11, 10)
FIRST_PRE_GAME = {name for name in PRE_GAME if not TABLES[name].upstream.intersection(PRE_GAME)}
SKIP = {"skip_downstream_trigger": True}


@pytest.fixture
def morning(tmp_path: Path) -> Morning:
    """2021-11-10, 09:30; everything up to the 8th is stored, and automation has been looking since.

    Dagster compares run tags with those of the tick before only once it has seen an event at all.
    """
    started = Morning(tmp_path, loaded_to=date(2021, 11, 8), now=eastern(2021, 11, 10, 9, 30))
    started.run("raw_schedule", date(2021, 11, 8))
    assert started.tick() == {}
    return started


def all_of(names: list[str], day: date) -> dict[str, list[date]]:
    return {name: [day] for name in names}


def without_one_game(result_set: ResultSet) -> EditedSource:
    def edit(rows: pd.DataFrame) -> pd.DataFrame:
        return rows[rows["GAME_ID"] != "0022100156"]

    return EditedSource({result_set: edit})


def unreachable(_: pd.DataFrame) -> pd.DataFrame:
    raise SourceError("the source does not answer")


def test_waits_for_every_input_and_fires_once(morning: Morning) -> None:
    for name in REQUIRED_RAW[:-1]:
        morning.run(name, PLAYED)
        assert morning.tick() == {}, f"nothing may start before {REQUIRED_RAW[-1]} is there"
    morning.run(REQUIRED_RAW[-1], PLAYED)
    assert morning.tick() == all_of(POST_GAME, PLAYED)
    morning.run_each(POST_GAME, PLAYED)
    assert morning.tick() == {}, "the slate of the 10th is not loaded yet"
    morning.run("raw_schedule", TONIGHT)
    assert set(morning.tick()) == FIRST_PRE_GAME, "a late parent fires what was waiting, one tier at a time"
    assert morning.tick() == {}, "what was requested is not requested again"


def test_a_gap_holds_what_follows_until_it_is_repaired(morning: Morning) -> None:
    morning.use(without_one_game(ResultSet.TEAM_LOG))
    morning.run_each(["raw_schedule", "raw_team_boxscores"], PLAYED)
    assert morning.status("raw_team_boxscores", PLAYED) == "FAILED"
    assert morning.tick() == {}
    morning.use(None)
    morning.run_each(["raw_team_boxscores", "raw_player_boxscores", "raw_shots"], PLAYED)
    assert morning.status("raw_team_boxscores", PLAYED) == "MATERIALIZED"
    assert morning.tick() == all_of(POST_GAME, PLAYED)


def test_a_gap_over_older_rows_holds_too(morning: Morning) -> None:
    """The partition stays materialised from before; only its check says that it is not good any more."""
    morning.run_each(REQUIRED_RAW, PLAYED)
    morning.use(without_one_game(ResultSet.TEAM_LOG))
    morning.run("raw_team_boxscores", PLAYED)
    assert morning.tick() == {}
    morning.use(None)
    morning.run("raw_team_boxscores", PLAYED)
    assert morning.tick() == all_of(POST_GAME, PLAYED)


def test_what_is_not_critical_must_have_been_tried_not_succeeded(morning: Morning) -> None:
    morning.use(EditedSource({ResultSet.SHOTS: unreachable}))
    morning.run_each(REQUIRED_RAW[:-1], PLAYED)
    assert morning.tick() == {}
    morning.run("raw_shots", PLAYED)
    assert morning.status("raw_shots", PLAYED) == "FAILED"
    assert morning.tick() == all_of(POST_GAME, PLAYED)


def test_a_run_that_says_so_triggers_nothing(morning: Morning) -> None:
    morning.run("raw_schedule", PLAYED)
    assert morning.tick() == {}
    morning.run_each(REQUIRED_RAW[1:], PLAYED, config=SKIP)
    assert morning.tick() == {}
    assert morning.tick() == {}, "nor later"


def test_an_ordinary_update_after_a_silent_one_triggers(morning: Morning) -> None:
    morning.run_each(REQUIRED_RAW[:-1], PLAYED, config=SKIP)
    assert morning.tick() == {}
    morning.run("raw_shots", PLAYED)
    assert morning.tick() == all_of(POST_GAME, PLAYED)


def test_what_its_launcher_follows_itself_triggers_nothing(morning: Morning) -> None:
    """A backfill of the whole graph goes on by itself; what was waiting for something else goes on waiting."""
    morning.run_each(REQUIRED_RAW[:-1], PLAYED, tags={FOLLOWED_TAG: "true"})
    assert morning.tick() == {}
    morning.run("raw_shots", PLAYED, tags={FOLLOWED_TAG: "true"})
    assert morning.tick() == {}


@pytest.mark.long
def test_what_is_built_again_as_it_was_triggers_nothing(morning: Morning) -> None:
    """A backfill materialises whatever it asks for; with the same content that is no news to anybody."""
    morning.run_each(REQUIRED_RAW, PLAYED)
    assert morning.tick() == all_of(POST_GAME, PLAYED)
    morning.run_each(POST_GAME, PLAYED)
    assert morning.tick() == {}
    for name in (*REQUIRED_RAW, *POST_GAME):
        again = morning.run(name, PLAYED, tags={"dagster/backfill": "abcdefgh"})
        assert any(event.is_step_materialization for event in again.all_events), name
        assert morning.tick() == {}, name


@pytest.mark.long
def test_a_season_begins_without_history(tmp_path: Path) -> None:
    """Opening night reads a day before it that had no games, and no partition of the season."""
    opening = Morning(tmp_path, loaded_to=None, now=eastern(2021, 10, 19, 10))
    assert opening.tick() == {}
    opening.run_each(REQUIRED_RAW, date(2021, 10, 18))
    opening.run("raw_schedule", date(2021, 10, 19))
    requested = opening.carry_on()
    asked = {(name, day) for tick in requested for name, days in tick.items() for day in days}
    assert asked == {(n, date(2021, 10, 18)) for n in POST_GAME} | {(n, date(2021, 10, 19)) for n in PRE_GAME}
    assert {opening.status(name, date(2021, 10, 19)) for name in PRE_GAME} == {"MATERIALIZED"}


def test_raw_tables_have_no_condition_and_all_others_have_the_same(tmp_path: Path) -> None:
    graph = build_defs(load_settings(home=tmp_path)).resolve_asset_graph()
    labels = {
        name: condition.get_label() for name in TABLES if (condition := graph.get(AssetKey(name)).automation_condition)
    }
    assert labels == dict.fromkeys([*POST_GAME, *PRE_GAME], "inputs_are_ready")
