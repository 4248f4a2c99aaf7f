"""Waits double up to the longest, and never outgrow what a duration can hold."""

from __future__ import annotations

from datetime import timedelta

from nba_assets.backoff import doubled, jittered


def test_each_wait_is_twice_the_one_before_up_to_the_longest() -> None:
    assert [doubled(0.5, attempts) for attempts in range(1, 6)] == [0.5, 1, 2, 4, 8]
    hour = timedelta(hours=1)
    waits = [doubled(timedelta(minutes=10), attempts, hour) for attempts in range(1, 6)]
    assert waits == [timedelta(minutes=minutes) for minutes in (10, 20, 40, 60, 60)]


def test_any_number_of_attempts_has_a_wait() -> None:
    assert doubled(timedelta(minutes=1), 10_000) == timedelta(minutes=2**20)
    assert doubled(1.0, 10_000, 120.0) == 120.0


def test_jitter_spreads_waits_over_their_second_half() -> None:
    waits = [jittered(8.0) for _ in range(200)]
    assert 4.0 <= min(waits) < 5.0
    assert 7.0 < max(waits) <= 8.0
