"""What a list of features refuses, and what follows from it."""

from __future__ import annotations

import pytest

from nba_assets.schema.contract import ColumnType, columns_of
from nba_assets.schema.feature import Feature, FeatureSet

READABLE = {"player_daily_cache": ["points_avg_last_5"], "raw_schedule": ["game_id", "game_type"]}


def feature(name: str = "form", *sources: str, critical: bool = False) -> Feature:
    return Feature(name, f"The {name}", "points", (0, 100), sources or (f"games.{name}",), critical=critical)


def test_names_and_critical_ones_are_in_the_order_of_the_list() -> None:
    listed = FeatureSet("v1", (feature("form", critical=True), feature("rest"), feature("pace", critical=True)))
    assert (len(listed), listed.names, listed.critical) == (3, ("form", "rest", "pace"), ("form", "pace"))


def test_the_columns_are_nullable_fractions_with_definition_unit_and_range() -> None:
    (column,) = columns_of(FeatureSet("v1", (feature("form"),)).contract())
    assert (column.name, column.type, column.nullable) == ("form", ColumnType.FLOAT, True)
    assert (column.description, column.unit, column.minimum, column.maximum) == ("The form", "points", 0, 100)


def test_what_is_read_of_a_table_is_named_once() -> None:
    listed = FeatureSet("v1", (feature("form", "cache.a", "cache.b", "slate.n"), feature("trend", "cache.b")))
    assert [listed.columns_of(table) for table in ("cache", "slate", "other")] == [("a", "b"), ("n",), ()]


def test_two_features_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="v1: more than one feature is called form"):
        FeatureSet("v1", (feature("form"), feature("rest"), feature("form", "games.pace")))


def test_a_feature_without_a_source_is_refused() -> None:
    with pytest.raises(ValueError, match="feature form has no source"):
        Feature("form", "The form", "points", (0, 100), ())


def test_a_source_without_a_table_is_refused() -> None:
    with pytest.raises(ValueError, match=r"feature form: source 'points' is not like table\.column"):
        feature("form", "points")


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("player_dialy_cache.points_avg_last_5", "player_dialy_cache is not one of the tables read"),
        ("player_daily_cache.points_avg_last_6", "player_daily_cache has no column points_avg_last_6"),
        ("raw_schedule.home_score", "raw_schedule has no column home_score that is known before tip-off"),
    ],
)
def test_an_unknown_source_is_refused_with_both_names(source: str, reason: str) -> None:
    listed = FeatureSet("v1", (feature("known", "raw_schedule.game_type"), feature("form", source)))
    with pytest.raises(ValueError, match=rf"v1: feature form comes from {source}, but {reason}"):
        listed.check_sources(READABLE)
