"""Random command lines on whole and damaged homes: no traceback, no wrong exit status, nothing lost."""

from __future__ import annotations

import pytest

from nba_assets.cli import COMMANDS
from nba_assets_tests.cli.fuzz import Fuzz
from nba_assets_tests.cli.random_commands import DAMAGES, random_case

SEED = 1
CASES = 40


def test_a_case_is_the_same_whatever_was_made_before_it() -> None:
    assert random_case(SEED, 7) == random_case(SEED, 7)
    assert str(random_case(SEED, 7)).startswith("7: ")


def test_every_command_and_every_damage_has_its_turn() -> None:
    cases = [random_case(SEED, number) for number in range(1500)]
    assert {case.command for case in cases} >= COMMANDS.keys()
    assert {case.damage.name for case in cases if case.damage} == {damage.name for damage in DAMAGES}
    assert sum(bool(case.settings) for case in cases) > 300


@pytest.mark.long
@pytest.mark.timeout(900)
def test_no_random_command_ends_in_a_traceback_or_says_what_is_not_so() -> None:
    fuzz = Fuzz(SEED).run(cases=CASES)
    print(fuzz.report())
    assert fuzz.findings == [], fuzz.report()
    assert fuzz.cases == CASES
