"""Random damages of one day: none is wrong and green, and the generator keeps its promises."""

from __future__ import annotations

import pandas as pd
import pytest

from nba_assets_tests.faults.fuzz import DAY, EQUAL, Fuzz, near_the_day
from nba_assets_tests.faults.random_damages import LIST, random_damage

SEED = 1


def test_a_damage_is_the_same_whatever_was_made_before_it() -> None:
    first, again = (random_damage(near_the_day(), DAY, seed=SEED, number=7) for _ in range(2))
    assert (first.kind, first.text, first.listed) == (again.kind, again.text, again.listed)
    for result_set, frame in first.frames.items():
        pd.testing.assert_frame_equal(frame, again.frames[result_set])


def test_damages_leave_the_season_as_it_is_and_know_their_entry() -> None:
    before = {result_set: frame.copy() for result_set, frame in near_the_day().items()}
    made = [random_damage(near_the_day(), DAY, seed=SEED, number=number) for number in range(500)]
    for result_set, frame in near_the_day().items():
        pd.testing.assert_frame_equal(frame, before[result_set])
    assert len({damage.kind for damage in made}) >= 15
    assert {damage.listed for damage in made} <= {None, *LIST}


@pytest.mark.long
def test_a_few_damages_are_judged_and_most_of_them_noticed() -> None:
    fuzz = Fuzz(SEED).run(damages=4)
    assert len(fuzz.findings) == 4
    assert len(fuzz.of(EQUAL)) < 4
    assert f"Seed {SEED}" in fuzz.report()


@pytest.mark.long
@pytest.mark.timeout(600)
def test_no_random_damage_is_wrong_and_green() -> None:
    """How many the list excuses is judged where there are thousands: `python -m nba_assets_tests.faults fuzz`."""
    fuzz = Fuzz(SEED).run(damages=30)
    assert fuzz.bad == [], fuzz.report()
