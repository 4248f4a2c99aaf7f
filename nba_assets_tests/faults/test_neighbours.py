"""Neighbours of the known damages: built from nothing they are not green, and named."""

from __future__ import annotations

import pytest

from nba_assets_tests.faults.damages import DAMAGES
from nba_assets_tests.faults.trial import Verdict, built_from_nothing
from nba_assets_tests.turns import marked

NEIGHBOURS = [name for name, damage in DAMAGES.items() if damage.edit and not damage.is_listed]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", marked("soak", NEIGHBOURS))
def test_a_neighbour_is_not_green(name: str) -> None:
    damage = DAMAGES[name]
    verdict = Verdict(damage)
    built_from_nothing(verdict)
    assert damage.may_be_so or verdict.wrong_at_first == [], verdict.told_at_first
    assert verdict.unnamed == [], verdict.told_at_first
