"""What a partition is today, told from ledgers written by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from nba_assets.overview.roots import next_step, roots_of
from nba_assets.partition import Cause, Partition, Status
from nba_assets.quality.policies import policies
from nba_assets.schema.table import Phase
from nba_assets.tables import TABLES
from nba_assets_tests.planning.ledgers import OPENING, Ledger

DEFAULTS = policies()

FIRST, SECOND, THIRD = (OPENING + timedelta(days=n) for n in range(3))
PRE_GAME = [name for name, table in TABLES.items() if table.phase == Phase.PRE_GAME]


@pytest.fixture
def built() -> Ledger:
    """Three healthy dates."""
    ledger = Ledger(THIRD)
    ledger.build(FIRST, THIRD)
    return ledger


def _statuses(ledger: Ledger, day: date) -> dict[str, Status]:
    state = ledger.state()
    return {name: state.cell(name, day).status for name in TABLES}


def test_everything_built_in_order_is_ok(built: Ledger) -> None:
    assert set(_statuses(built, THIRD).values()) == {Status.OK}


def test_nothing_built_is_missing_everywhere() -> None:
    assert set(_statuses(Ledger(THIRD), THIRD).values()) == {Status.MISSING}


@pytest.mark.parametrize("status", [Status.DEGRADED, Status.BOOTSTRAP, Status.NO_GAMES])
def test_the_stored_status_of_what_stands_and_is_current(status: Status) -> None:
    ledger = Ledger(FIRST)
    ledger.build(FIRST, FIRST, "raw_schedule")
    ledger.attempt("raw_team_boxscores", FIRST, status, reason="because")
    cell = ledger.state().cell("raw_team_boxscores", FIRST)
    assert (cell.status, cell.reason, cell.rows) == (status, "because", 10)


def test_an_input_with_other_content_makes_its_readers_stale(built: Ledger) -> None:
    built.attempt("raw_team_boxscores", SECOND, content="corrected")
    assert built.state().cell("raw_team_boxscores", SECOND).status == Status.OK
    cell = built.state().cell("team_offense_game_summary", SECOND)
    assert (cell.status, cell.reason) == (Status.STALE, "an input or a setting has changed since it was computed")
    assert cell.rows == 10
    assert built.state().cell("team_offense_game_summary", FIRST).status == Status.OK


def test_a_changed_history_makes_later_dates_stale_and_not_its_own(built: Ledger) -> None:
    built.attempt("team_defense_game_summary", SECOND, content="corrected")
    state = built.state()
    assert state.cell("team_defense_zone_analysis", SECOND).status == Status.OK
    assert state.cell("team_defense_zone_analysis", THIRD).status == Status.STALE


def test_a_recomputation_without_change_makes_nothing_stale(built: Ledger) -> None:
    built.attempt("raw_team_boxscores", SECOND)
    assert set(_statuses(built, THIRD).values()) == {Status.OK}


def test_what_follows_a_stale_table_is_current_until_its_content_changes(built: Ledger) -> None:
    built.attempt("raw_team_boxscores", THIRD, content="corrected")
    statuses = _statuses(built, THIRD)
    assert statuses["team_offense_game_summary"] == Status.STALE
    assert statuses["ml_feature_store_v2"] == Status.OK


def test_another_formula_or_other_checks_are_stale_and_say_which(
    built: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, other = TABLES["player_daily_cache"], TABLES["player_shot_zone_analysis"]
    monkeypatch.setitem(TABLES, table.name, replace(table, compute=other.compute))
    cell = built.state().cell(table.name, SECOND)
    assert (cell.status, cell.reason) == (Status.STALE, f"formula of {table.name} changed")
    assert [f.cause for f in cell.findings] == [Cause.CODE_CHANGED]
    monkeypatch.setitem(TABLES, table.name, replace(table, expect=other.expect))
    cell = built.state().cell(table.name, SECOND)
    assert (cell.status, cell.reason) == (Status.STALE, f"checks of {table.name} changed")
    assert [f.cause for f in cell.findings] == [Cause.CHECKS_CHANGED]


def test_what_to_build_with_a_stale_partition_begins_where_its_history_is_stale(
    built: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A formula that changed is to be applied to every date of the season, or later dates stay stale."""
    table, other = TABLES["team_offense_game_summary"], TABLES["team_defense_game_summary"]
    monkeypatch.setitem(TABLES, table.name, replace(table, compute=other.compute))
    state = built.state()
    assert state.stale_since(Partition("ml_feature_store_v2", THIRD)) == FIRST
    assert state.stale_since(Partition(table.name, THIRD)) == THIRD
    (root,) = [r for r in roots_of(state, [state.cell("ml_feature_store_v2", THIRD)]) if r.status == Status.STALE]
    assert next_step([root], THIRD) == f"nba-assets repair {FIRST} {THIRD}"


def test_scores_do_not_make_what_was_announced_stale(built: Ledger) -> None:
    """A pre-game table reads of tonight's schedule only what is known before tip-off."""
    built.attempt("raw_schedule", THIRD, content="with scores")
    statuses = _statuses(built, THIRD)
    assert statuses["raw_team_boxscores"] == Status.STALE
    assert {statuses[name] for name in PRE_GAME} == {Status.OK}
    built.attempt("raw_schedule", THIRD, content="with scores", announced_hash="another game")
    assert built.state().cell("upcoming_team_game_context", THIRD).status == Status.STALE


@pytest.mark.parametrize("status", [Status.GAP, Status.ERROR])
def test_a_failure_blocks_what_reads_it_because_of_the_root(status: Status) -> None:
    ledger = Ledger(THIRD)
    ledger.build(FIRST, FIRST)
    ledger.build(SECOND, THIRD, "raw_schedule", "raw_injury_reports", "raw_game_lines")
    root = Partition("raw_team_boxscores", SECOND)
    ledger.attempt(root.table, root.day, status, reason="7/8 games", label="TBOX 7/8")
    state = ledger.state()
    assert (state.cell(root.table, root.day).status, state.cell(root.table, root.day).reason) == (status, "7/8 games")
    for name in ("raw_shots", "team_offense_game_summary"):
        cell = state.cell(name, SECOND)
        assert (cell.status, cell.root, cell.label) == (Status.BLOCKED, root, "TBOX 7/8")
        assert cell.reason == f"because of {root} {status}: 7/8 games"
    for name in PRE_GAME:
        assert (state.cell(name, THIRD).status, state.cell(name, THIRD).root) == (Status.BLOCKED, root)
    assert state.cell("upcoming_team_game_context", SECOND).status == Status.MISSING, "the night itself needs no result"


def test_a_block_by_history_names_the_teams_and_how_many_games_each_lacks() -> None:
    ledger = Ledger(THIRD)
    ledger.games = [
        (FIRST, "0022100001", "MIL", "BKN"),
        (SECOND, "0022100003", "CHA", "IND"),
        (SECOND, "0022100004", "BKN", "LAC"),
        (THIRD, "0022100014", "LAC", "CHA"),
    ]
    ledger.build(FIRST, FIRST)
    ledger.build(SECOND, THIRD, "raw_schedule", "raw_team_boxscores", "raw_shots", "team_offense_game_summary")
    root = Partition("team_defense_game_summary", SECOND)
    ledger.attempt(root.table, SECOND, Status.GAP, reason="0/2 games")
    cell = ledger.state().cell("team_defense_zone_analysis", THIRD)
    assert cell.reason == f"because of {root} GAP: 0/2 games; finished games missing: BKN 1, CHA 1, IND 1, LAC 1"


def test_a_failure_of_something_that_is_not_critical_blocks_nothing() -> None:
    ledger = Ledger(SECOND)
    ledger.build(FIRST, FIRST, "raw_schedule", "raw_team_boxscores")
    ledger.attempt("raw_shots", FIRST, Status.ERROR, reason="no network")
    state = ledger.state()
    assert state.obstacle("team_offense_game_summary", FIRST) is None
    assert [cell.partition.table for cell in state.weak_inputs("team_offense_game_summary", FIRST)] == ["raw_shots"]
    strict = Ledger(SECOND, DEFAULTS | {"raw_shots": replace(DEFAULTS["raw_shots"], critical=True)})
    strict.build(FIRST, FIRST, "raw_schedule", "raw_team_boxscores")
    strict.attempt("raw_shots", FIRST, Status.ERROR, reason="no network")
    obstacle = strict.state().obstacle("team_offense_game_summary", FIRST)
    assert obstacle is not None
    assert obstacle.partition == Partition("raw_shots", FIRST)


def test_a_failed_recomputation_leaves_the_old_rows_and_the_failure_shows(built: Ledger) -> None:
    built.attempt("raw_team_boxscores", SECOND, Status.GAP, reason="empty answer")
    cell = built.state().cell("raw_team_boxscores", SECOND)
    assert (cell.status, cell.reason, cell.rows) == (Status.GAP, "empty answer", 10)


def test_a_repaired_partition_forgets_its_failure(built: Ledger) -> None:
    built.attempt("raw_team_boxscores", SECOND, Status.GAP, reason="empty answer")
    built.attempt("raw_team_boxscores", SECOND)
    assert set(_statuses(built, THIRD).values()) == {Status.OK}


def test_a_missing_date_in_the_history_blocks_who_tried_and_names_the_command() -> None:
    later = THIRD + timedelta(days=2)
    ledger = Ledger(later)
    ledger.build(FIRST, later, "raw_schedule")
    ledger.build(FIRST, SECOND)
    root = Partition("team_defense_game_summary", THIRD)
    assert ledger.state().cell("team_defense_zone_analysis", later).status == Status.MISSING
    ledger.attempt("team_defense_zone_analysis", later, Status.BLOCKED, root=root)
    cell = ledger.state().cell("team_defense_zone_analysis", later)
    assert cell.status == Status.BLOCKED
    assert cell.reason == f"because of {root} MISSING; run: nba-assets backfill {THIRD} {THIRD}"


def test_results_that_are_not_due_are_waited_for_and_the_night_is_computed() -> None:
    ledger = Ledger(THIRD)
    ledger.build(FIRST, FIRST)
    ledger.build(SECOND, SECOND, "raw_schedule", "raw_game_lines", *PRE_GAME)
    ledger.build(THIRD, THIRD, "raw_schedule", "raw_game_lines")
    state = ledger.state(is_due=lambda day: day < SECOND)
    for name, table in TABLES.items():
        expected = Status.OK if table.phase == Phase.PRE_GAME or name in ("raw_schedule", "raw_game_lines") else None
        assert state.cell(name, SECOND).status == (expected or Status.NOT_DUE), name
    cell = state.cell("team_defense_zone_analysis", THIRD)
    assert (cell.status, cell.reason) == (Status.NOT_DUE, f"waits for team_defense_game_summary {SECOND}")


def test_accepted_dates_are_those_published_with_fewer_than_all_games(built: Ledger) -> None:
    assert built.state().accepted_dates() == frozenset()
    built.attempt("raw_shots", FIRST, Status.DEGRADED, expected=8, complete=5)
    assert built.state().accepted_dates() == frozenset(), "shots are not critical: nobody had to accept anything"
    built.attempt("raw_team_boxscores", SECOND, Status.DEGRADED, expected=16, complete=14)
    assert built.state().accepted_dates() == {SECOND}


def test_the_opening_night_is_the_schedules_and_without_one_the_lists() -> None:
    ledger = Ledger(THIRD)
    assert ledger.state().opening_night(SECOND) == OPENING
    ledger.attempt("raw_schedule", SECOND, opening_night=SECOND)
    assert ledger.state().opening_night(SECOND) == SECOND
