"""Facts of one night that contradict each other are never green, take nothing with them, and are healed."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from nba_assets_tests.faults.damages import DAMAGES, Damage
from nba_assets_tests.faults.season_frames import real_frames
from nba_assets_tests.faults.trial import Verdict, built_from_nothing, tried
from nba_assets_tests.turns import every_sixth_long

FAST = ("night_not_in_schedule", "points_moved", "shots_of_one_player")
"""What is tried in every run: built from nothing only, of the schedule, the box scores and the shots."""

_EDITS: Mapping[str, Damage] = {name: damage for name, damage in DAMAGES.items() if damage.edit}


@pytest.mark.parametrize("name", _EDITS)
def test_the_damage_damages_something_and_nothing_of_the_season_itself(name: str) -> None:
    damage, real = _EDITS[name], real_frames()
    before = {result_set: frame.copy() for result_set, frame in real.items()}
    assert damage.edit is not None
    edited = damage.edit(real_frames())
    changed = [result_set for result_set in edited if not edited[result_set].equals(before[result_set])]
    assert changed
    assert all(real[result_set].equals(before[result_set]) for result_set in changed)


@pytest.mark.long
@pytest.mark.parametrize("name", FAST)
def test_built_from_nothing_it_is_not_green(name: str) -> None:
    verdict = Verdict(DAMAGES[name])
    built_from_nothing(verdict, only_as_range=True)
    assert verdict.wrong_at_first == []
    assert verdict.unnamed == [], verdict.told_at_first


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", every_sixth_long([name for name, damage in DAMAGES.items() if damage.is_listed]))
def test_it_is_not_green_loses_nothing_is_named_and_is_healed(name: str) -> None:
    damage = DAMAGES[name]
    verdict = tried(damage, by_command=True)
    if not damage.may_be_so:
        assert verdict.lost == [], verdict.as_row()
        assert verdict.wrong == [], verdict.as_row()
        assert verdict.wrong_at_first == [], verdict.as_row()
    assert verdict.unnamed == [], verdict.told
    assert verdict.not_followed == [], verdict.as_row()
    assert (verdict.healing_status, verdict.not_healed) == (0, []), verdict.as_row()
