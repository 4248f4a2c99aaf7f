"""From rows and an expectation to an outcome: thresholds, backfill relaxation, force, criticality, names."""

from __future__ import annotations

from datetime import date

import pytest

from nba_assets.partition import Cause, Finding, Outcome, Partition, Status, finding
from nba_assets.quality.audit import Mode, audit
from nba_assets.quality.policies import policies
from nba_assets.schema.evidence import Expectation
from nba_assets.schema.policy import Completeness
from nba_assets.tables import TABLES

DEFAULTS = policies()

DAY = date(2021, 11, 7)
DAILY, BACKFILL, FORCE = Mode(), Mode(backfill=True), Mode(force=True)


def _lacking(n: int, cause: Cause = Cause.NO_ROW) -> dict[str, Finding]:
    return {f"entity {number:03d}": finding(cause) for number in range(n)}


def _audit(table: str, rows: int, expectation: Expectation, mode: Mode = DAILY) -> Outcome:
    return audit(TABLES[table], DAY, rows, expectation, DEFAULTS[table], mode)


@pytest.mark.parametrize(
    ("table", "expected", "required", "in_backfill"),
    [
        ("raw_team_boxscores", 16, 16, 16),
        ("player_game_summary", 201, 201, 201),
        ("upcoming_team_game_context", 16, 16, 16),
        ("team_defense_zone_analysis", 30, 25, 20),
        ("player_shot_zone_analysis", 338, 305, 169),
        ("player_daily_cache", 178, 161, 89),
        ("player_composite_factors", 270, 270, 270),
        ("ml_feature_store_v2", 270, 270, 270),
    ],
)
def test_required_is_the_share_rounded_up(table: str, expected: int, required: int, in_backfill: int) -> None:
    policy = DEFAULTS[table]
    assert policy.required(expected, backfill=False) == required
    assert policy.required(expected, backfill=True) == in_backfill
    at = _audit(table, expected, Expectation(expected, lacking=_lacking(expected - required)))
    assert at.status == (Status.OK if required == expected else Status.DEGRADED)
    below = _audit(table, expected, Expectation(expected, lacking=_lacking(expected - required + 1)))
    assert below.status == (Status.GAP if policy.critical else Status.DEGRADED)


def test_backfill_mode_relaxes_the_threshold_and_nothing_else() -> None:
    expectation = Expectation(178, lacking=_lacking(60))
    assert _audit("player_daily_cache", 178, expectation).status == Status.GAP
    relaxed = _audit("player_daily_cache", 178, expectation, BACKFILL)
    assert (relaxed.status, relaxed.complete, relaxed.required) == (Status.DEGRADED, 118, 89)
    raw = Expectation(16, lacking=_lacking(1))
    assert _audit("raw_team_boxscores", 15, raw, BACKFILL).status == Status.GAP


@pytest.mark.parametrize(("mode", "rows", "status"), [(DAILY, 29, Status.GAP), (BACKFILL, 29, Status.DEGRADED)])
def test_thirty_teams_are_wanted_besides_the_share(mode: Mode, rows: int, status: Status) -> None:
    outcome = _audit("team_defense_zone_analysis", rows, Expectation(30, lacking={"LAC": finding(Cause.NO_ROW)}), mode)
    assert outcome.status == status
    assert "LAC: no row" in (outcome.reason or "")
    assert outcome.label == ("TDZA=29" if status == Status.GAP else None)


def test_thirty_complete_windows_of_five_are_degraded_not_a_gap() -> None:
    lacking = dict.fromkeys(("BKN", "TOR"), finding(Cause.GAMES_NOT_LOADED, games=1, named=["0022100139 (2021-11-07)"]))
    outcome = _audit("team_defense_zone_analysis", 30, Expectation(30, lacking=lacking))
    assert (outcome.status, outcome.complete, outcome.expected) == (Status.DEGRADED, 28, 30)
    assert outcome.reason == "1 finished game missing: 0022100139 (2021-11-07): BKN, TOR"


def test_what_is_not_critical_is_degraded_however_much_is_missing() -> None:
    outcome = _audit("raw_shots", 0, Expectation(8, lacking=_lacking(8, Cause.NO_SHOTS)))
    assert outcome.status == Status.DEGRADED
    assert outcome.is_published
    assert outcome.label == "SHOTS 0/8"


def test_criticality_is_a_setting() -> None:
    strict = policies({"raw_shots": {"critical": "true"}})["raw_shots"]
    outcome = audit(TABLES["raw_shots"], DAY, 0, Expectation(8, lacking=_lacking(8)), strict, DAILY)
    assert outcome.status == Status.GAP


def test_force_publishes_below_the_threshold_and_says_so() -> None:
    outcome = _audit("raw_team_boxscores", 14, Expectation(16, lacking=_lacking(2, Cause.NO_BOX_SCORE)), FORCE)
    assert outcome.status == Status.DEGRADED
    assert (outcome.reason or "").startswith("published by force: 14/16 complete, 16 required; no box score: ")


def test_accepted_gaps_count_in_the_share_and_not_against_the_threshold() -> None:
    accepted = Expectation(16, lacking=dict.fromkeys(("BKN", "TOR"), finding(Cause.NO_ROW)))
    accepted.accepted |= {"BKN", "TOR"}
    outcome = _audit("upcoming_team_game_context", 16, accepted)
    assert (outcome.status, outcome.complete, outcome.share) == (Status.DEGRADED, 14, 14 / 16)


def test_unknown_shots_degrade_without_counting_against_the_threshold() -> None:
    outcome = _audit(
        "ml_feature_store_v2", 270, Expectation(270, degraded=[finding(Cause.PLAYER_WINDOW_SHOTS_UNKNOWN, players=3)])
    )
    assert (outcome.status, outcome.complete) == (Status.DEGRADED, 270)
    assert outcome.reason == "shots unknown in the windows of 3 players"


def test_nobody_with_enough_history_is_bootstrap_and_a_short_history_is_nothing_wrong() -> None:
    assert _audit("player_daily_cache", 0, Expectation(0)).status == Status.BOOTSTRAP
    early = _audit(
        "player_daily_cache", 178, Expectation(178, insufficient={"1630540": finding(Cause.SHORT_HISTORY, games=2)})
    )
    assert early.status == Status.OK
    assert [failure.category for failure in early.failures] == ["INSUFFICIENT_HISTORY"]


def test_an_optional_table_without_rows_is_ok() -> None:
    assert _audit("raw_injury_reports", 0, Expectation(0)).status == Status.OK


def test_a_share_outside_zero_and_one_is_refused() -> None:
    impossible = Outcome(Partition("raw_schedule", DAY), Status.OK, expected=10, complete=25)
    with pytest.raises(ValueError, match=r"raw_schedule 2021-11-07: a share of 2\.5 is impossible \(25/10\)"):
        _ = impossible.share


def test_every_game_of_the_fullest_night_is_named_once() -> None:
    expectation = Expectation(0)
    games = [f"00221001{number:02d} AAA@BBB" for number in range(15)]
    expectation.expected, expectation.games = 30, 15
    for game in games:
        for team in ("AAA", "BBB"):
            expectation.lack_side(game, team, Cause.NO_BOX_SCORE)
    outcome = _audit("raw_team_boxscores", 0, expectation)
    assert outcome.reason == f"0/15 games (0/30 complete, 30 required); no box score: {', '.join(games)}"
    assert outcome.label == "TBOX 0/15"
    assert len(outcome.failures) == 30


def test_absolute_mode_asks_for_rows_whatever_the_night() -> None:
    absolute = Mode(completeness=Completeness.ABSOLUTE)
    small = _audit("player_daily_cache", 70, Expectation(70), absolute)
    assert (small.status, small.label, small.required) == (Status.GAP, "PDC < 100", 100)
    proposed = _audit("player_daily_cache", 70, Expectation(70), Mode(Completeness.ABSOLUTE, backfill=True))
    assert (proposed.status, proposed.required) == (Status.OK, 50)


def test_notes_change_no_status_and_are_kept_where_people_look() -> None:
    expectation = Expectation(16, games=8)
    expectation.note(Cause.NO_INACTIVE_PLAYER, "0022100144 SAS@OKC SAS", with_some=5, games=5)
    expectation.note(Cause.LEAGUE_SHOTS_UNKNOWN, games=2)
    outcome = _audit("raw_player_boxscores", 300, expectation)
    assert (outcome.status, outcome.reason) == (Status.OK, None)
    assert [(f.entity, f.category, f.details) for f in outcome.failures] == [
        ("0022100144 SAS@OKC SAS", "NOTE", "no inactive player, though 5 of the previous 5 games had some"),
        ("note", "NOTE", "league average without 2 games"),
    ]
