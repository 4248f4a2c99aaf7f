"""The classifier on the counts of November 2021: absolute numbers give the matrix as it was drawn by hand,
shares of an expectation tell a night of few games from a gap."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from nba_assets.overview.matrix import date_status
from nba_assets.partition import STOPS_DEPENDENTS, Cause, Outcome, Partition, Status, finding
from nba_assets.planning.state import Cell
from nba_assets.quality.audit import Mode, audit
from nba_assets.quality.policies import policies
from nba_assets.schema.evidence import Expectation
from nba_assets.schema.policy import Completeness
from nba_assets.tables import TABLES
from nba_assets_tests.quality.november import DRAWN, OURS, Drawn

DEFAULTS = policies()

ABSOLUTE, RELATIVE = Mode(completeness=Completeness.ABSOLUTE), Mode()


def _cell(outcome: Outcome) -> Cell:
    reason, root = outcome.reason, outcome.root
    return Cell(outcome.partition, outcome.status, None, None, reason, outcome.findings, outcome.label, root)


def _judged(drawn: Drawn) -> dict[str, Cell]:
    """The five tables of a date, judged by their row counts alone; what reads a gap is blocked."""
    counts = {
        "team_defense_zone_analysis": drawn.tdza,
        "player_shot_zone_analysis": drawn.psza,
        "player_daily_cache": drawn.pdc,
        "player_composite_factors": drawn.pcf,
        "ml_feature_store_v2": drawn.mlfs,
    }
    cells: dict[str, Cell] = {}
    for table, rows in counts.items():
        partition = Partition(table, drawn.day)
        if not drawn.games:
            cells[table] = _cell(Outcome(partition, Status.NO_GAMES))
            continue
        stopped = [
            cells[name]
            for name in cells
            if name in TABLES[table].upstream and DEFAULTS[name].critical and cells[name].status in STOPS_DEPENDENTS
        ]
        if stopped:
            cells[table] = _cell(Outcome(partition, Status.BLOCKED, label=stopped[0].label, root=stopped[0].partition))
        else:
            cells[table] = _cell(audit(TABLES[table], drawn.day, rows, Expectation(rows), DEFAULTS[table], ABSOLUTE))
    return cells


@pytest.mark.parametrize("drawn", DRAWN, ids=lambda drawn: str(drawn.day))
def test_absolute_numbers_give_the_status_that_was_drawn(drawn: Drawn) -> None:
    assert date_status(_judged(drawn)) == drawn.status


def test_the_month_as_it_was_drawn_adds_up() -> None:
    totals = Counter(date_status(_judged(drawn)) for drawn in DRAWN)
    assert totals == {"Complete": 14, "Bootstrap": 4, "No games": 1, "PDC < 100": 9, "TDZA=29": 2}


@pytest.mark.parametrize("day", OURS)
def test_shares_tell_a_small_slate_from_a_gap(day: date) -> None:
    slate, cached = OURS[day]
    cache, factors = TABLES["player_daily_cache"], TABLES["player_composite_factors"]
    whole = audit(cache, day, cached, Expectation(expected=cached), cache.policy, RELATIVE)
    assert whole.status == Status.OK
    assert (whole.share, whole.required) == (1.0, -(-9 * cached // 10))
    assert audit(factors, day, slate, Expectation(expected=slate), factors.policy, RELATIVE).status == Status.OK


@pytest.mark.parametrize("drawn", [d for d in DRAWN if d.day in OURS], ids=lambda drawn: str(drawn.day))
def test_what_really_stood_there_was_a_gap_on_every_one_of_these_dates(drawn: Drawn) -> None:
    """Also on the 10th, which the absolute numbers called complete."""
    _, cached = OURS[drawn.day]
    lacking = {str(number): finding(Cause.NO_ROW) for number in range(cached - drawn.pdc)}
    outcome = audit(
        TABLES["player_daily_cache"],
        drawn.day,
        drawn.pdc,
        Expectation(expected=cached, lacking=lacking),
        DEFAULTS["player_daily_cache"],
        RELATIVE,
    )
    assert outcome.status == Status.GAP
    assert outcome.label == f"PDC {drawn.pdc}/{cached}"
    assert f"{drawn.pdc}/{cached} complete" in (outcome.reason or "")
    assert not outcome.is_published
