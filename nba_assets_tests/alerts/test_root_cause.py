"""What makes two findings one kind, and the tier of a root cause."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from nba_assets.alerts.alert import Tier
from nba_assets.alerts.observe import InstanceFacts, observe
from nba_assets.alerts.root_cause import kind_of
from nba_assets.partition import Cause, Finding, Partition, Status, finding
from nba_assets.planning.state import Cell
from nba_assets_tests.alerts.ledger import bare_session, record

TODAY = date(2021, 11, 8)
YESTERDAY, LONG_AGO = date(2021, 11, 7), date(2021, 11, 1)


def cell(table: str, status: Status, *findings: Finding) -> Cell:
    return Cell(Partition(table, YESTERDAY), status, None, None, findings=findings)


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        (
            finding(Cause.NO_BOX_SCORE, "0022100145 HOU@GSW HOU"),
            finding(Cause.NO_BOX_SCORE, "0022100131 IND@POR IND"),
            True,
        ),
        (
            finding(Cause.GAMES_NOT_LOADED, "LAC", games=8, named=["0022100221 (2021-11-16)"]),
            finding(Cause.GAMES_NOT_LOADED, "UTA", games=1, named=["0022100001 (2021-10-20)"]),
            True,
        ),
        (finding(Cause.SOURCE_FAILED, error="after 30 s"), finding(Cause.SOURCE_FAILED, error="after 5.0 s"), True),
        (finding(Cause.SOURCE_FAILED, error="x"), finding(Cause.COMPUTATION_FAILED, kind="KeyError", error="x"), False),
        (
            finding(Cause.COMPUTATION_FAILED, kind="ValueError", error="x"),
            finding(Cause.COMPUTATION_FAILED, kind="KeyError", error="x"),
            False,
        ),
    ],
)
def test_findings_of_the_same_kind_differ_only_in_entities_and_counts(one: Finding, other: Finding, alike: bool):
    kinds = [kind_of(cell("raw_shots", Status.ERROR, found)) for found in (one, other)]
    assert (kinds[0] == kinds[1]) is alike


def test_a_threshold_and_the_way_that_staleness_came_are_no_kind():
    below = finding(Cause.BELOW_SHARE, complete=8, expected=9, required=9)
    assert kind_of(cell("raw_shots", Status.GAP, below)) == "GAP"
    assert kind_of(cell("raw_shots", Status.GAP, below, finding(Cause.NO_SHOTS, "x"))) == "GAP: no_shots"
    changed = finding(Cause.CODE_CHANGED, "raw_shots")
    behind = cell("player_daily_cache", Status.STALE, finding(Cause.INPUT_STALE, "raw_shots", why="x"), changed)
    assert kind_of(behind) == kind_of(cell("raw_shots", Status.STALE, changed)) == "STALE: code_changed"


def root_causes(home: Path, *attempts: tuple[str, date, Status, Finding | None]) -> list[tuple[str, date, Tier, str]]:
    session = bare_session(home)
    for table, day, status, found in attempts:
        record(session, table, [day], status, *([found] if found else []))
    causes = observe(session, InstanceFacts()).snapshot.root_causes
    return [(c.partition.table, c.partition.day, c.tier, c.kind) for c in causes]


def test_a_gap_wakes_people_only_while_its_games_are_fresh(tmp_path: Path):
    gaps = [("raw_team_boxscores", day, Status.GAP, None) for day in (LONG_AGO, YESTERDAY, TODAY)]
    assert root_causes(tmp_path, *gaps) == [
        ("raw_team_boxscores", LONG_AGO, Tier.WARNING, "GAP: no_box_score"),
        ("raw_team_boxscores", YESTERDAY, Tier.CRITICAL, "GAP: no_box_score"),
        ("raw_team_boxscores", TODAY, Tier.CRITICAL, "GAP: no_box_score"),
    ]


def test_a_contract_violation_wakes_people_whenever_it_was(tmp_path: Path):
    text = "points = -3 fails greater_than_or_equal_to(0) (player_id 2544)"
    broken = finding(Cause.CONTRACT_VIOLATED, text, broken=["points greater_than_or_equal_to"])
    (found,) = root_causes(tmp_path, ("player_game_summary", LONG_AGO, Status.ERROR, broken))
    assert found[2:] == (Tier.CRITICAL, "ERROR: contract_violated (points greater_than_or_equal_to)")


def test_an_optional_table_wakes_nobody(tmp_path: Path):
    refused = finding(Cause.SOURCE_FAILED, error="refused")
    (found,) = root_causes(tmp_path, ("raw_game_lines", TODAY, Status.ERROR, refused))
    assert found[2] is Tier.WARNING


def test_what_is_blocked_is_counted_to_its_root(tmp_path: Path):
    session = bare_session(tmp_path)
    record(session, "raw_schedule", [YESTERDAY], Status.GAP)
    record(session, "raw_team_boxscores", [YESTERDAY], Status.BLOCKED)
    (cause,) = observe(session, InstanceFacts()).snapshot.root_causes
    assert cause.partition == Partition("raw_schedule", YESTERDAY)
    assert Partition("raw_team_boxscores", YESTERDAY) in cause.affected
    assert Partition("ml_feature_store_v2", YESTERDAY) in cause.affected


FOUR_DAYS_AGO = date(2021, 11, 4)
BETWEEN = [date(2021, 11, 5), date(2021, 11, 6)]
RESULTS = ("raw_team_boxscores", "raw_player_boxscores", "raw_shots")
NINE = "2021-11-08T09:00-05:00"


@pytest.mark.parametrize(
    ("loaded", "asked", "now", "expected"),
    [
        pytest.param([YESTERDAY], [FOUR_DAYS_AGO], NINE, [*BETWEEN, YESTERDAY], id="forgotten"),
        pytest.param([YESTERDAY], [FOUR_DAYS_AGO], "2021-11-08T08:59-05:00", BETWEEN, id="before nine"),
        pytest.param([YESTERDAY], [FOUR_DAYS_AGO], "2021-12-08T09:00-05:00", [], id="a past that ends there"),
        pytest.param([YESTERDAY], [], NINE, [], id="nothing runs"),
        pytest.param([YESTERDAY], [FOUR_DAYS_AGO, *BETWEEN, YESTERDAY], NINE, [], id="asked for"),
        pytest.param([], [FOUR_DAYS_AGO], NINE, [*BETWEEN, YESTERDAY], id="not even the schedule"),
    ],
)
def test_results_that_nobody_asked_for_are_a_cause_where_the_pipeline_is_alive(
    tmp_path: Path, loaded: list[date], asked: list[date], now: str, expected: list[date]
):
    session = bare_session(tmp_path, now=now)
    record(session, "raw_schedule", {*loaded, *asked}, Status.OK)
    for table in RESULTS if asked else ():
        record(session, table, asked, Status.OK)
    found = [t for t in observe(session, InstanceFacts()).snapshot.root_causes if t.status == Status.MISSING]
    assert [(t.partition, t.tier) for t in found] == [
        (Partition("raw_team_boxscores", day), Tier.CRITICAL) for day in expected
    ]
    assert all(Partition("raw_shots", t.partition.day) in t.affected for t in found)


def test_a_day_without_games_is_asked_for_nothing(tmp_path: Path):
    session = bare_session(tmp_path, now=NINE)
    record(session, "raw_schedule", [FOUR_DAYS_AGO, *BETWEEN, YESTERDAY], Status.NO_GAMES)
    assert not [t for t in observe(session, InstanceFacts()).snapshot.root_causes if t.status == Status.MISSING]


def test_expected_absence_is_no_cause(tmp_path: Path):
    session = bare_session(tmp_path)
    record(session, "raw_team_boxscores", [YESTERDAY], Status.NOT_DUE)
    record(session, "raw_schedule", [YESTERDAY], Status.NOT_DUE)
    assert observe(session, InstanceFacts()).snapshot.root_causes == []
