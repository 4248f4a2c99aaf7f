"""All roots of a block, and the games that they lack: against a slow search, and by hand."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

import pytest

from nba_assets.league.calendar import days_between
from nba_assets.partition import Cause, Partition, Status, finding, to_json
from nba_assets.planning.state import State
from nba_assets.quality.policies import policies
from nba_assets.schema.table import TimeRule
from nba_assets.tables import TABLES
from nba_assets_tests.planning.ledgers import OPENING, Ledger

FIRST, SECOND, THIRD, FOURTH = (OPENING + timedelta(days=n) for n in range(4))
CRITICAL = {name for name, policy in policies().items() if policy.critical and not TABLES[name].optional}
STOPPED = {Status.GAP, Status.ERROR, Status.BLOCKED, Status.MISSING}


def _slow(state: State, partition: Partition) -> set[Partition]:
    """Every failed or missing partition that is reached through inputs that are not there, with nothing behind it."""
    found: set[Partition] = set()
    for input_ in TABLES[partition.table].inputs:
        if input_.table not in CRITICAL or input_.rule == TimeRule.DAY_BEFORE:
            continue
        is_history = input_.rule == TimeRule.BEFORE_DATE
        days = days_between(OPENING, partition.day - timedelta(days=1)) if is_history else [partition.day]
        for read in (Partition(input_.table, day) for day in days):
            status = state.own_cell(read).status
            if status in STOPPED:
                behind = set() if status in (Status.GAP, Status.ERROR) else _slow(state, read)
                found |= behind or {read}
    return found


@pytest.mark.parametrize("seed", range(6))
def test_no_root_is_missed_and_none_is_made_up(seed: int) -> None:
    random = Random(seed)
    ledger = Ledger(FOURTH)
    for day in days_between(FIRST, FOURTH):
        for name in TABLES:
            if random.random() < 0.9:
                partition = Partition(name, day)
                behind = ledger.state().waits.roots(partition)
                failed = random.choice([Status.GAP, Status.ERROR]) if random.random() < 0.2 else Status.OK
                root = behind[0] if behind else None
                ledger.attempt(name, day, Status.BLOCKED if behind else failed, root=root)
    state = ledger.state()
    seen = 0
    for day in days_between(FIRST, FOURTH):
        for name in TABLES:
            roots = state.waits.roots(Partition(name, day))
            assert set(roots) == _slow(state, Partition(name, day))
            assert [root.day for root in roots] == sorted(root.day for root in roots)
            seen += len(roots) > 1
    assert seen, "several roots at once occur"


@pytest.fixture
def without_box_scores() -> Ledger:
    """A box score of the second and of the third night is missing; three other games were played on these nights."""
    ledger = Ledger(FOURTH)
    ledger.games = [
        (FIRST, "0022100001", "MIL", "BKN"),
        (SECOND, "0022100003", "CHA", "IND"),
        (SECOND, "0022100004", "BKN", "LAC"),
        (THIRD, "0022100014", "LAC", "DAL"),
        (THIRD, "0022100015", "ATL", "MIA"),
    ]
    ledger.build(FIRST, FIRST)
    ledger.build(SECOND, FOURTH, "raw_schedule", "raw_injury_reports", "raw_game_lines")
    for day, game in ((SECOND, "0022100004 LAC@BKN"), (THIRD, "0022100014 DAL@LAC")):
        causes = to_json([finding(Cause.BELOW_GAMES, complete_games=1), finding(Cause.NO_BOX_SCORE, game)])
        ledger.attempt("raw_team_boxscores", day, Status.GAP, reason="no box score", causes=causes)
    ledger.build(FOURTH, FOURTH, "raw_team_boxscores", "raw_player_boxscores", "raw_shots")
    return ledger


def test_only_the_teams_of_games_that_a_root_lacks_are_named(without_box_scores: Ledger) -> None:
    cell = without_box_scores.state().cell("ml_feature_store_v2", FOURTH)
    (why,) = cell.findings
    assert why.numbers["games_by_team"] == {"LAC": 2, "BKN": 1, "DAL": 1}
    assert why.numbers["roots"] == 2
    assert cell.reason == (
        f"because of raw_team_boxscores {SECOND} GAP: no box score; and 1 more root, up to raw_team_boxscores {THIRD}; "
        "finished games missing: LAC 2, BKN 1, DAL 1"
    )
    before = without_box_scores.state().cell("ml_feature_store_v2", THIRD)
    assert before.findings[0].numbers["games_by_team"] == {"BKN": 1, "LAC": 1}


def test_a_root_that_failed_as_a_whole_lacks_every_game_of_its_night(without_box_scores: Ledger) -> None:
    without_box_scores.attempt("raw_team_boxscores", THIRD, Status.ERROR, reason="no network")
    (why,) = without_box_scores.state().cell("ml_feature_store_v2", FOURTH).findings
    assert why.numbers["games_by_team"] == {"LAC": 2, "ATL": 1, "BKN": 1, "DAL": 1, "MIA": 1}


def test_what_was_never_computed_is_a_root_where_nothing_is_behind_it() -> None:
    after = FOURTH + timedelta(days=2)
    ledger = Ledger(after)
    ledger.build(FIRST, FIRST)
    state = ledger.state()
    roots = state.waits.roots(Partition("ml_feature_store_v2", after))
    assert {root.table for root in roots} == {"raw_schedule"}
    assert [root.day for root in roots] == [date.fromordinal(SECOND.toordinal() + n) for n in range(len(roots))]
