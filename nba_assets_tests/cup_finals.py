"""What a Cup final may change, and whose rows: shared by the tests of all rooms that know of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pandas as pd

from nba_assets.schema.contract import names_of
from nba_assets.tables import TABLES

_OF_PLAYER = ("days_rest", "back_to_back", "games_last_7_days", "games_last_14_days", "back_to_backs_last_14_days")
_MINUTES = ("minutes_last_7_days", "minutes_last_14_days")
REST: Mapping[str, tuple[str, ...]] = {
    "upcoming_team_game_context": (
        *("days_rest", "back_to_back", "opponent_days_rest", "rest_advantage"),
        *("games_last_7_days", "games_last_14_days"),
    ),
    "upcoming_player_game_context": (*_OF_PLAYER, *_MINUTES, "opponent_days_rest"),
    "player_daily_cache": (*_OF_PLAYER, *_MINUTES),
    "player_composite_factors": ("fatigue_score", "total_composite_adjustment", "warnings"),
    "ml_feature_store_v2": (
        *("games_in_last_7_days", "fatigue_score", "rest_advantage", "back_to_back", "data_quality_issues"),
    ),
}
"""The columns of each table that a Cup final can change; those of all other tables stay what they are."""


def changed_columns(left: pd.DataFrame, right: pd.DataFrame, name: str) -> set[str]:
    """The columns in which two versions of a table's rows differ. They must have the same keys."""
    keys = TABLES[name].keys
    left, right = (rows.sort_values(keys, ignore_index=True) for rows in (left, right))
    pd.testing.assert_frame_equal(left[keys], right[keys])
    return {column for column in names_of(TABLES[name].contract) if not left[column].equals(right[column])}


def changed_entities(left: pd.DataFrame, right: pd.DataFrame, name: str) -> set[object]:
    """Whose rows differ."""
    keys, entity = TABLES[name].keys, TABLES[name].entity
    left, right = (rows.sort_values(keys, ignore_index=True).astype(str) for rows in (left, right))
    return set(left.loc[left.ne(right).any(axis=1), entity])


def beyond_rest(left: Mapping[str, pd.DataFrame], right: Mapping[str, pd.DataFrame]) -> dict[str, Collection[str]]:
    """Table -> columns that differ though they are not about rest; none, if all is well."""
    found = {name: changed_columns(left[name], right[name], name) - {*REST.get(name, ())} for name in left}
    return {name: columns for name, columns in found.items() if columns}
