"""Reasons without names and numbers, and the tier of a trouble."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from nba_assets.alerts.observe import Outside, observe
from nba_assets.alerts.tiers import Tier
from nba_assets.alerts.trouble import without_names
from nba_assets.partition import Partition, Status
from nba_assets_tests.alerts.ledger import bare_session, record

TODAY = date(2021, 11, 8)
YESTERDAY, LONG_AGO = date(2021, 11, 7), date(2021, 11, 1)


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("0022100145 HOU@GSW HOU: no box score", "0022100131 IND@POR IND: no box score", True),
        (
            "LAC lacks 8 finished games: 0022100221 (2021-11-16)",
            "UTA lacks 1 finished game: 0022100001 (2021-10-20)",
            True,
        ),
        ("SourceError: timed out after 30 s", "SourceError: timed out after 5.0 s", True),
        ("SourceError: timed out after 30 s", "SourceError: refused", False),
    ],
)
def test_reasons_of_the_same_kind_differ_only_in_names_and_numbers(one: str, other: str, alike: bool):
    assert (without_names(one) == without_names(other)) is alike


def troubles(home: Path, *attempts: tuple[str, date, Status, str | None]) -> list[tuple[str, date, Tier, str]]:
    session = bare_session(home)
    for table, day, status, reason in attempts:
        record(session, table, [day], status, reason=reason)
    found = observe(session, Outside()).snapshot.troubles
    return [(t.partition.table, t.partition.day, t.tier, t.kind) for t in found]


def test_a_gap_wakes_people_only_while_its_games_are_fresh(tmp_path: Path):
    gaps = [("raw_team_boxscores", day, Status.GAP, None) for day in (LONG_AGO, YESTERDAY, TODAY)]
    assert troubles(tmp_path, *gaps) == [
        ("raw_team_boxscores", LONG_AGO, Tier.WARNING, "GAP: no box score"),
        ("raw_team_boxscores", YESTERDAY, Tier.CRITICAL, "GAP: no box score"),
        ("raw_team_boxscores", TODAY, Tier.CRITICAL, "GAP: no box score"),
    ]


def test_a_contract_violation_wakes_people_whenever_it_was(tmp_path: Path):
    reason = "contract violated: points = -3 fails greater_than_or_equal_to(0) (player_id 2544)"
    (found,) = troubles(tmp_path, ("player_game_summary", LONG_AGO, Status.ERROR, reason))
    assert found[2:] == (Tier.CRITICAL, "contract violation: points greater_than_or_equal_to")


def test_an_optional_table_wakes_nobody(tmp_path: Path):
    (found,) = troubles(tmp_path, ("raw_game_lines", TODAY, Status.ERROR, "SourceError: refused"))
    assert found[2] is Tier.WARNING


def test_what_is_blocked_is_counted_to_its_root(tmp_path: Path):
    session = bare_session(tmp_path)
    record(session, "raw_schedule", [YESTERDAY], Status.GAP, reason="no schedule")
    record(session, "raw_team_boxscores", [YESTERDAY], Status.BLOCKED)
    (trouble,) = observe(session, Outside()).snapshot.troubles
    assert trouble.partition == Partition("raw_schedule", YESTERDAY)
    assert Partition("raw_team_boxscores", YESTERDAY) in trouble.touched
    assert Partition("ml_feature_store_v2", YESTERDAY) in trouble.touched


FOUR_DAYS_AGO = date(2021, 11, 4)
RESULTS = ("raw_team_boxscores", "raw_player_boxscores", "raw_shots")
NINE = "2021-11-08T09:00-05:00"


@pytest.mark.parametrize(
    ("loaded", "asked", "now", "expected"),
    [
        pytest.param([YESTERDAY], [FOUR_DAYS_AGO], NINE, [YESTERDAY], id="forgotten"),
        pytest.param([YESTERDAY], [FOUR_DAYS_AGO], "2021-11-08T08:59-05:00", [], id="before nine"),
        pytest.param([YESTERDAY], [FOUR_DAYS_AGO], "2021-12-08T09:00-05:00", [], id="a past that ends there"),
        pytest.param([YESTERDAY], [], NINE, [], id="nothing runs"),
        pytest.param([YESTERDAY], [FOUR_DAYS_AGO, YESTERDAY], NINE, [], id="asked for"),
        pytest.param([], [FOUR_DAYS_AGO], NINE, [], id="no schedule says that there were games"),
    ],
)
def test_results_that_nobody_asked_for_are_trouble_where_the_pipeline_is_alive(
    tmp_path: Path, loaded: list[date], asked: list[date], now: str, expected: list[date]
):
    session = bare_session(tmp_path, now=now)
    record(session, "raw_schedule", {*loaded, *asked}, Status.OK)
    for table in RESULTS if asked else ():
        record(session, table, asked, Status.OK)
    found = [t for t in observe(session, Outside()).snapshot.troubles if t.status == Status.MISSING]
    assert [(t.partition, t.tier) for t in found] == [
        (Partition("raw_team_boxscores", day), Tier.CRITICAL) for day in expected
    ]
    assert all(Partition("raw_shots", t.partition.day) in t.touched for t in found)


def test_a_day_without_games_is_asked_for_nothing(tmp_path: Path):
    session = bare_session(tmp_path, now=NINE)
    record(session, "raw_schedule", [FOUR_DAYS_AGO, YESTERDAY], Status.NO_GAMES)
    assert not [t for t in observe(session, Outside()).snapshot.troubles if t.status == Status.MISSING]


def test_expected_absence_is_no_trouble(tmp_path: Path):
    session = bare_session(tmp_path)
    record(session, "raw_team_boxscores", [YESTERDAY], Status.NOT_DUE)
    record(session, "raw_schedule", [YESTERDAY], Status.NOT_DUE)
    assert observe(session, Outside()).snapshot.troubles == []
