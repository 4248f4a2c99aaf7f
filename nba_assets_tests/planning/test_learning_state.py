"""A state that learns what is recorded is the state that would be read afterwards, whatever was asked of it before."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nba_assets.partition import Cause, Partition, Status, finding
from nba_assets.planning.state import State
from nba_assets.tables import TABLES
from nba_assets.warehouse.ledger import PROCESSOR_RUNS, rows_of
from nba_assets_tests.planning.ledgers import OPENING, Ledger

pytestmark = pytest.mark.long

DAYS = [OPENING + timedelta(days=n) for n in range(4)]
_GAMES = [(day, f"00221000{n}", "BOS", "LAL") for n, day in enumerate(DAYS)]
_ROOT = Partition("raw_team_boxscores", DAYS[0])

attempts = st.tuples(
    st.sampled_from([*TABLES]),
    st.sampled_from(DAYS),
    st.sampled_from([Status.OK, Status.OK, Status.OK, Status.GAP, Status.BLOCKED, Status.DEGRADED, Status.STALE]),
    st.sampled_from(["one", "other"]),
)


def _told(state: State) -> dict[str, Any]:
    """Everything that a plan asks of a state."""
    partitions = [Partition(name, day) for name in TABLES for day in DAYS]
    return {
        "cells": {one: state.cell(one.table, one.day) for one in partitions},
        "hashes": {one: state.inputs_hash_to_record(one.table, one.day) for one in partitions},
        "roots": {one: state.waits.roots(one) for one in partitions},
        "since": {one: state.stale_since(one) for one in partitions},
        "newest": state.newest_attempt,
        "dates": {name: state.published_dates(name) for name in TABLES},
        "accepted": state.accepted_dates(),
        "days": state.attempted_days(),
    }


@settings(max_examples=40, deadline=None)
@given(
    first=st.lists(attempts, max_size=12),
    then=st.lists(st.lists(attempts, max_size=5), max_size=3),
    built=st.booleans(),
)
def test_it_is_the_state_that_would_be_read(first: list[Any], then: list[list[Any]], built: bool) -> None:
    ledger = Ledger(DAYS[-1])
    ledger.games = _GAMES
    if built:
        ledger.build(DAYS[0], DAYS[-2])
    for one in first:
        _attempt(ledger, *one)
    state = ledger.state()
    for some in then:
        _told(state)  # what it has worked out so far must not be believed for longer than it holds
        before = ledger.number
        for one in some:
            _attempt(ledger, *one)
        state.record(ledger.since(before))
        assert _told(state) == _told(ledger.state())


def test_rows_that_were_altered_are_not_once_they_are_published_again() -> None:
    ledger = Ledger(DAYS[0])
    ledger.build(DAYS[0], DAYS[0], "raw_schedule")
    schedule = Partition("raw_schedule", DAYS[0])
    altered = {schedule: finding(Cause.ROWS_ALTERED, published=10, standing=9)}
    state = ledger.state(altered=altered)
    assert state.cell(schedule.table, schedule.day).status == Status.STALE
    before = ledger.number
    ledger.attempt("raw_schedule", DAYS[0], Status.GAP)
    state.record(ledger.since(before))
    assert state.cell(schedule.table, schedule.day).status == Status.GAP
    before = ledger.number
    ledger.attempt("raw_schedule", DAYS[0])
    state.record(ledger.since(before))
    assert state.cell(schedule.table, schedule.day).status == Status.OK


def test_what_the_source_says_by_now_counts_until_it_is_read_again() -> None:
    ledger = Ledger(DAYS[0])
    ledger.build(DAYS[0], DAYS[0], "raw_schedule")
    state = ledger.state()
    assert state.cell("raw_schedule", DAYS[0]).status == Status.OK
    [attempt] = state.attempts.of(["raw_schedule"])
    state.compare({attempt.attempt_id: finding(Cause.SOURCE_CHANGED, details="schedule")}, {})
    assert state.cell("raw_schedule", DAYS[0]).status == Status.STALE
    before = ledger.number
    ledger.attempt("raw_schedule", DAYS[0])
    state.record(ledger.since(before))
    assert state.cell("raw_schedule", DAYS[0]).status == Status.OK
    state.compare({}, {})
    assert state.cell("raw_schedule", DAYS[0]).status == Status.OK


def test_nothing_recorded_changes_nothing() -> None:
    ledger = Ledger(DAYS[0])
    ledger.build(DAYS[0], DAYS[0])
    state = ledger.state()
    before = _told(state)
    state.record(rows_of(PROCESSOR_RUNS, []))
    assert _told(state) == before


def _attempt(ledger: Ledger, table: str, day: date, status: Status, content: str) -> None:
    root = _ROOT if status == Status.BLOCKED else None
    ledger.attempt(table, day, status, root=root, content=f"{table} {day} {content}")
