"""The features of the store, by name: a feature's place in the list means nothing but its place in the vector."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import duckdb
import pandas as pd
import pytest

from nba_assets.schema.contract import NEVER, columns_of
from nba_assets.schema.feature import Feature, FeatureSet
from nba_assets.schema.table import Inputs
from nba_assets.sources.simulated import SimulatedSource
from nba_assets.tables import TABLES, WITH_FEATURES, check_sources
from nba_assets.tables.ml_feature_store_v2 import FEATURES, MlFeatureStoreV2, with_features
from nba_assets.verification.replay import raw_tables, replay
from nba_assets.warehouse.views import vector_query

STORE = TABLES["ml_feature_store_v2"]
DATES = pd.date_range("2021-11-10", "2021-11-16")
CRITICAL = {
    *("points_avg_last_5", "points_avg_last_10", "points_avg_season", "points_std_last_10", "games_in_last_7_days"),
    *("fatigue_score", "opponent_def_rating", "opponent_pace", "home_away", "back_to_back"),
    *("team_pace", "team_off_rating", "team_win_pct"),
}
MINUTES = Feature("minutes_avg_last_10", "Minutes", "min", (0, 60), ("player_daily_cache.minutes_avg_last_10",))


def test_the_critical_features() -> None:
    assert set(FEATURES.critical) == CRITICAL


def test_version_and_count_follow_from_the_list() -> None:
    assert FEATURES.version == f"v2_baseline_{len(FEATURES)}"
    columns = {column.name: column for column in columns_of(MlFeatureStoreV2)}
    assert columns["feature_count"].minimum == columns["feature_count"].maximum == len(FEATURES)
    assert all(name in columns["is_production_ready"].description for name in CRITICAL)


@pytest.mark.parametrize(("table", "features"), WITH_FEATURES, ids=lambda value: getattr(value, "name", ""))
def test_every_feature_is_a_column_with_unit_definition_and_range(table, features) -> None:
    columns = {column.name: column for column in columns_of(table.contract)}
    for feature in features:
        column = columns[feature.name]
        when = "" if feature.null_when == NEVER else f"; NULL {feature.null_when}"
        assert (column.description, column.unit) == (feature.definition + when, feature.unit)
        assert feature.definition
        assert feature.unit
        assert column.minimum == feature.bounds[0] < feature.bounds[1] == column.maximum


# The same rows with other lists


@pytest.fixture(scope="module")
def inputs() -> Inputs:
    """What the store reads for a week of a simulated November."""
    source = SimulatedSource(today=date(2021, 11, 20))
    raw = raw_tables(source, ["2021-22"], read_at=pd.Timestamp("2021-11-20", tz="UTC"))
    read: list[Inputs] = []

    def keep(inputs: Inputs, dates: pd.DatetimeIndex) -> pd.DataFrame:
        read.append(inputs)
        return STORE.compute(inputs, dates)

    graph = {**TABLES, STORE.name: replace(STORE, compute=keep)}
    replay(raw, [day.date() for day in DATES], tables=[STORE.name], graph=graph)
    (found,) = read
    return found


def backwards(features: FeatureSet) -> FeatureSet:
    return FeatureSet("backwards", tuple(reversed(features.features)))


def with_one_more(place: int) -> Callable[[FeatureSet], FeatureSet]:
    def insert(features: FeatureSet) -> FeatureSet:
        return FeatureSet("one more", (*features.features[:place], MINUTES, *features.features[place:]))

    return insert


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(backwards, id="backwards"),
        pytest.param(with_one_more(0), id="one more at the front"),
        pytest.param(with_one_more(14), id="one more in the middle"),
        pytest.param(with_one_more(len(FEATURES)), id="one more at the end"),
    ],
)
def test_another_order_or_one_more_changes_nothing_else(inputs: Inputs, change) -> None:
    changed = change(FEATURES)
    before, after = with_features(inputs, DATES, FEATURES), with_features(inputs, DATES, changed)
    assert set(changed.critical) == CRITICAL
    assert before["is_production_ready"].nunique() == 2
    kept = [*FEATURES.names, "is_production_ready", "data_quality_issues", "early_season_flag"]
    pd.testing.assert_frame_equal(after[kept], before[kept])
    assert set(after["feature_count"]) == {len(changed)}
    assert set(after.columns) - set(before.columns) == set(changed.names) - set(FEATURES.names)


def test_one_that_is_made_critical_makes_rows_without_it_unready(inputs: Inputs) -> None:
    injury = next(feature for feature in FEATURES if feature.name == "injury_risk")
    others = tuple(feature for feature in FEATURES if feature is not injury)
    strict = with_features(inputs, DATES, FeatureSet("strict", (*others, replace(injury, critical=True))))
    unknown = strict["injury_risk"].isna()
    assert unknown.any()
    assert not strict.loc[unknown, "is_production_ready"].any()


def test_the_view_has_the_vector_in_the_order_of_the_list(inputs: Inputs) -> None:
    rows = with_features(inputs, DATES, FEATURES)
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA nba_predictions")
        connection.register("computed", STORE.shape(rows))
        connection.execute(f"CREATE TABLE nba_predictions.{STORE.name} AS SELECT * FROM computed")
        found = connection.execute(vector_query(STORE, FEATURES, f"{STORE.dataset}.{STORE.name}"))
        columns, vectors = [name for name, *_ in found.description], found.fetchall()
    assert columns == [
        *("game_date", "season", "player_id", "feature_version", "game_id", "team", "opponent", "is_production_ready"),
        *("features", "feature_names"),
    ]
    assert {tuple(names) for *_, names in vectors} == {FEATURES.names}
    values = pd.DataFrame([features for *_, features, _ in vectors], columns=list(FEATURES.names), dtype="float64")
    pd.testing.assert_frame_equal(values, STORE.shape(rows)[list(FEATURES.names)])


@pytest.mark.parametrize(
    "source",
    [
        "upcoming_team_game_context.win_share",
        "player_game_summary.points",
        "raw_schedule.home_score",
        "player_dialy_cache.points_avg_last_5",
    ],
)
def test_a_store_is_refused_that_has_a_feature_from_nowhere_or_from_after_the_game(source: str) -> None:
    features = FeatureSet("v9", (*FEATURES, Feature("strange", "Strange", "points", (0, 1), (source,))))
    with pytest.raises(ValueError, match=rf"v9: feature strange comes from {source}, but {source.split('.')[0]} "):
        check_sources(replace(STORE, features=features))
