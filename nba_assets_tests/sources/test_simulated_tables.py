"""The simulated league flows through every table of the graph, and each contract holds for a whole season."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from nba_assets.league.zones import ZONES
from nba_assets.schema.table import Inputs, Phase, TimeRule
from nba_assets.sources.base import ResultSet
from nba_assets.sources.simulated import SimulatedSource
from nba_assets.tables import TABLES
from nba_assets.tables.games import announced_games

SEASON = "2021-22"
DATES = pd.date_range("2021-10-01", "2022-06-30")
AFTER_THE_GAME = [name for name, table in TABLES.items() if table.phase in (Phase.RAW, Phase.POST_GAME)]


def _read(today: date) -> Inputs:
    source = SimulatedSource(today=today)
    return Inputs(source={result_set: source.read(result_set, SEASON) for result_set in ResultSet})


def _compute(inputs: Inputs) -> dict[str, pd.DataFrame]:
    """Every table of the season, computed in one pass over all its dates."""
    rows: dict[str, pd.DataFrame] = {}
    for name, table in TABLES.items():
        on_date = dict(rows)
        if any(i.rule == TimeRule.ANNOUNCED for i in table.inputs):
            on_date["raw_schedule"] = announced_games(rows["raw_schedule"])
        given = Inputs(on_date=on_date, before=rows, source=inputs.source)
        rows[name] = table.shape(table.compute(given, DATES))
    return rows


@pytest.fixture(scope="module")
def inputs() -> Inputs:
    return _read(date(2022, 7, 1))


@pytest.fixture(scope="module")
def computed(inputs: Inputs) -> dict[str, pd.DataFrame]:
    return _compute(inputs)


@pytest.mark.parametrize("name", list(TABLES))
def test_contract_holds_and_keys_are_unique(computed: dict[str, pd.DataFrame], name: str) -> None:
    table, rows = TABLES[name], computed[name]
    assert len(rows)
    table.contract.validate(rows, lazy=True)
    assert not rows.duplicated(table.keys).any()


def test_rows_are_what_the_source_has(inputs: Inputs, computed: dict[str, pd.DataFrame]) -> None:
    expected = {
        "raw_schedule": ResultSet.SCHEDULE,
        "raw_team_boxscores": ResultSet.TEAM_LOG,
        "raw_shots": ResultSet.SHOTS,
        "raw_injury_reports": ResultSet.INJURY_REPORTS,
        "player_game_summary": ResultSet.PLAYER_LOG,
        "team_offense_game_summary": ResultSet.TEAM_LOG,
        "team_defense_game_summary": ResultSet.TEAM_LOG,
    }
    for name, result_set in expected.items():
        assert len(computed[name]) == len(inputs.source[result_set]), name
    listed = len(inputs.source[ResultSet.BOX_SCORES]) + len(inputs.source[ResultSet.INACTIVES])
    assert len(computed["raw_player_boxscores"]) == listed


def test_every_field_goal_is_assisted_or_not(computed: dict[str, pd.DataFrame]) -> None:
    players, teams = computed["player_game_summary"], computed["raw_team_boxscores"]
    assert (players["assisted_fgm"] + players["unassisted_fgm"]).eq(players["fgm"]).all()
    of_team = players.groupby(["game_id", "team"])["assisted_fgm"].sum()
    assert of_team.tolist() == teams.set_index(["game_id", "team"]).sort_index()["ast"].tolist()
    shots = computed["raw_shots"]
    assert shots["assisted"].notna().eq(shots["made"]).all()
    assert shots["blocked"].notna().eq(~shots["made"]).all()
    zones = computed["player_shot_zone_analysis"]
    has_scored = zones[[f"{zone}_pct_last_10" for zone in ZONES]].gt(0).any(axis=1)
    assert zones["assisted_rate_last_10"].notna().eq(has_scored).all()
    assert 0.55 < zones["assisted_rate_last_10"].mean() < 0.7


def test_nothing_is_rejected_but_impossible_lines(inputs: Inputs, computed: dict[str, pd.DataFrame]) -> None:
    given = Inputs(on_date=computed, before=computed, source=inputs.source)
    rejected = {}
    for name in AFTER_THE_GAME:
        reject = TABLES[name].reject
        rejected[name] = 0 if reject is None else len(reject(given, DATES))
    lines = inputs.source[ResultSet.GAME_LINES]
    assert rejected.pop("raw_game_lines") == (~lines["total"].between(150, 300)).sum() > 0
    assert set(rejected.values()) == {0}


def test_the_shots_of_every_game_are_known(computed: dict[str, pd.DataFrame]) -> None:
    summary = computed["player_game_summary"]
    attempts = summary["paint_attempts"] + summary["mid_range_attempts"] + summary["three_pt_attempts"]
    assert (attempts == summary["fga"]).all()
    assert (summary["three_pt_attempts"] == summary["fg3a"]).all()


def test_features_of_the_middle_of_the_season_are_known(computed: dict[str, pd.DataFrame]) -> None:
    features = computed["ml_feature_store_v2"]
    january = features[features["game_date"].between("2022-01-01", "2022-01-31")]
    known = january.notna().mean()
    assert (known > 0).all(), known[known == 0].index.tolist()


def test_what_is_computed_on_a_day_is_what_hindsight_computes(computed: dict[str, pd.DataFrame]) -> None:
    """Asked in the middle of the season, past and present partitions are those of the whole season."""
    today = pd.Timestamp("2022-01-15")
    live = _compute(_read(today.date()))
    assert live["ml_feature_store_v2"]["game_date"].eq(today).any()
    assert live["player_game_summary"]["game_date"].max() == today - pd.Timedelta(days=1)
    for name, rows in live.items():
        table = TABLES[name]
        table.contract.validate(rows, lazy=True)
        # Today's results are still to come, and its report is out when it is over.
        last = today if table.phase == Phase.PRE_GAME else today - pd.Timedelta(days=1)
        now, later = (frame[frame[table.partition] <= last].reset_index(drop=True) for frame in (rows, computed[name]))
        pd.testing.assert_frame_equal(now, later, obj=name)
