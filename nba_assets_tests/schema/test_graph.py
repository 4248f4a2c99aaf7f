"""Inputs are checked when the graph is made: what does not fit together is an error that names both sides."""

from __future__ import annotations

import ast
import inspect
import sys
from dataclasses import replace

import pytest

from nba_assets.league.windows import Span, last
from nba_assets.schema.graph import GraphError, in_order, reads_of
from nba_assets.schema.reads import opponent, own_player, own_team, team_mates
from nba_assets.schema.table import Input, Phase, Table, before_date, same_date
from nba_assets.tables import TABLES, TIERS

TEAMS, PLAYERS, OFFENSE = "upcoming_team_game_context", "upcoming_player_game_context", "team_offense_game_summary"
OFFENSE_COLUMNS = ("game_date", "season", "game_id", "team", "points")


def with_inputs(name: str, *inputs: Input) -> list[Table]:
    """The graph with other inputs for one of its tables."""
    return [replace(table, inputs=inputs) if table.name == name else table for table in TABLES.values()]


def message(declared: list[Table]) -> str:
    with pytest.raises(GraphError) as error:
        in_order(declared)
    return str(error.value)


def test_the_tables_come_after_those_that_they_read() -> None:
    backwards = list(reversed(TABLES.values()))
    assert [TIERS[table.name] for table in in_order(backwards)] == sorted(TIERS.values())


@pytest.mark.parametrize(
    ("input_", "said"),
    [
        (same_date("team_offence"), f"table {TEAMS} reads team_offence, and no table is called that"),
        (same_date(OFFENSE, "team", "ponits"), f"table {TEAMS} reads {OFFENSE}.ponits, a column that it does not have"),
        (
            before_date(OFFENSE, *OFFENSE_COLUMNS),
            f"table {TEAMS} reads {OFFENSE} before the date without saying over which window",
        ),
        (
            before_date(OFFENSE, *OFFENSE_COLUMNS, reads=(own_team(),)),
            f"table {TEAMS} reads {OFFENSE} before the date without saying over which window",
        ),
        (
            before_date(OFFENSE, reads=(own_team(last(3)),)),
            f"table {TEAMS} reads {OFFENSE} before the date without saying which columns",
        ),
        (
            before_date(OFFENSE, *OFFENSE_COLUMNS, reads=(own_team(last(3), into=("form",)),)),
            f"table {TEAMS} reads {OFFENSE} into form, a column that {TEAMS} does not have",
        ),
        (
            same_date(OFFENSE, "team", reads=(opponent(through=("points",)),)),
            f"table {TEAMS} reads {OFFENSE} through points, which it does not read",
        ),
        (
            before_date("player_game_summary", "game_date", "player_id", reads=(own_player(last(3)),)),
            f"table {TEAMS} reads player_game_summary by player_id, which its rows do not have",
        ),
        (
            before_date("raw_game_lines", "game_date", "game_id", reads=(own_team(last(3)),)),
            f"table {TEAMS} reads raw_game_lines by team, a column that raw_game_lines does not have",
        ),
    ],
)
def test_an_input_that_does_not_fit_is_an_error_that_names_both(input_: Input, said: str) -> None:
    assert said in message(with_inputs(TEAMS, input_))


def test_a_circle_names_the_tables_in_it() -> None:
    said = message(with_inputs(TEAMS, same_date(PLAYERS, reads=())))
    assert "in a circle" in said
    assert TEAMS in said
    assert PLAYERS in said


def test_names_and_short_names_are_used_once() -> None:
    table = TABLES[TEAMS]
    twin = replace(table, name="other")
    assert f"2 tables are called {TEAMS}" in message([*TABLES.values(), table])
    assert f"tables {TEAMS} and other have the same short name UTGC" in message([*TABLES.values(), twin])


def test_team_mates_can_only_be_read_by_players_with_a_team() -> None:
    listings = ("game_date", "player_id", "team")
    reads = before_date("raw_player_boxscores", *listings, reads=(team_mates(last(1)),))
    assert "by team, which its rows do not have" in message(with_inputs("player_shot_zone_analysis", reads))


def test_what_is_null_for_a_whole_team_can_only_be_asked_of_rows_with_a_team() -> None:
    listings = ("game_date", "player_id", "team")
    column = "total_shots_last_10"
    reads = before_date("raw_player_boxscores", *listings, reads=(own_player(last(1), where=column),))
    assert "by team, which its rows do not have" in message(with_inputs("player_shot_zone_analysis", reads))


# How many games a season has decides, in these, only who has enough: fewer than the games of their windows.
ONLY_COUNTED = {("player_shot_zone_analysis", Span()), ("team_defense_zone_analysis", Span())}


@pytest.mark.parametrize("table", [t for t in TABLES.values() if t.phase is Phase.PRE_GAME], ids=lambda t: t.name)
def test_the_windows_that_are_computed_are_those_that_are_declared(table: Table) -> None:
    declared = {read.over for input_ in table.inputs for read in reads_of(table, input_, TABLES)}
    computed = {span for span in _spans(table) if (table.name, span) not in ONLY_COUNTED}
    assert computed - declared == set()


def _spans(table: Table) -> set[Span]:
    """The spans that the table's module names where it makes windows."""
    module = sys.modules[table.compute.__module__]
    calls = [node for node in ast.walk(ast.parse(inspect.getsource(module))) if isinstance(node, ast.Name)]
    return {value for call in calls if isinstance(value := getattr(module, call.id, None), Span)}


@pytest.mark.parametrize("table", [t for t in TABLES.values() if t.phase is Phase.PRE_GAME], ids=lambda t: t.name)
def test_no_window_is_made_up_where_it_is_computed(table: Table) -> None:
    tree = ast.parse(inspect.getsource(sys.modules[table.compute.__module__]))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    calls = [node.func for function in functions for node in ast.walk(function) if isinstance(node, ast.Call)]
    assert {call.id for call in calls if isinstance(call, ast.Name)} & {"last", "days", "season"} == set()
