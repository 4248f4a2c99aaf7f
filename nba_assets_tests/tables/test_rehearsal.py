"""What a table reads and does not declare is an error before anything is built."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nba_assets.schema.graph import GraphError
from nba_assets.schema.table import Table
from nba_assets.tables import TABLES
from nba_assets.tables.rehearsal import rehearse


def _without(table: Table, of: str, column: str) -> dict[str, Table]:
    """The tables, one of which declares a column less of an input."""
    inputs = tuple(
        replace(i, columns=tuple(name for name in i.columns if name != column)) if i.table == of and i.columns else i
        for i in table.inputs
    )
    return TABLES | {table.name: replace(table, inputs=inputs)}


def test_every_table_reads_what_it_declares_and_nothing_else() -> None:
    rehearse(TABLES)


@pytest.mark.parametrize(
    ("table", "of", "column"),
    [
        ("upcoming_team_game_context", "team_offense_game_summary", "margin"),
        ("team_defense_zone_analysis", "team_offense_game_summary", "possessions"),
        ("player_daily_cache", "player_game_summary", "ftm"),
        ("ml_feature_store_v2", "upcoming_player_game_context", "games_loaded"),
        ("raw_shots", "raw_team_boxscores", "fga"),
    ],
)
def test_a_column_that_is_read_and_not_declared_is_refused(table: str, of: str, column: str) -> None:
    with pytest.raises(
        GraphError, match=rf"table {table} reads .*\b{of}.{column}\b.*, which its inputs do not declare"
    ):
        rehearse(_without(TABLES[table], of, column))


def test_a_column_that_only_the_expectation_reads_is_refused_too() -> None:
    context = TABLES["player_daily_cache"]
    with pytest.raises(GraphError, match=r"player_daily_cache reads upcoming_player_game_context\.games_expected"):
        rehearse(_without(context, "upcoming_player_game_context", "games_expected"))
