"""Run options: strict names, one deprecated spelling, and the line that says which mode is active and why."""

from __future__ import annotations

from typing import Any

import pytest

from nba_assets.engine.run_options import NAMES, RunOptions, RunOptionsError, parse_options


def test_nothing_given_is_daily_mode() -> None:
    parsed = parse_options({})
    assert parsed.options == RunOptions()
    assert parsed.warnings == ()
    assert parsed.mode_line == "backfill mode is off: daily thresholds apply"


@pytest.mark.parametrize(
    ("given", "tag", "cause"),
    [
        ({"backfill_mode": True}, None, "option backfill_mode"),
        ({"is_backfill": True}, None, "option is_backfill"),
        ({"skip_downstream_trigger": True}, None, "option skip_downstream_trigger, which implies it"),
        ({}, "abcdefgh", "launched as backfill abcdefgh"),
        ({"backfill_mode": True}, "abcdefgh", "option backfill_mode"),
    ],
)
def test_the_line_names_what_turned_backfill_mode_on(given: dict[str, Any], tag: str | None, cause: str) -> None:
    parsed = parse_options(given, backfill_tag=tag)
    assert parsed.options.backfill_mode
    assert parsed.mode_line == f"backfill mode is on ({cause})"


def test_the_deprecated_spelling_works_and_warns() -> None:
    parsed = parse_options({"is_backfill": True})
    assert parsed.options == RunOptions(backfill_mode=True)
    assert parsed.warnings == ("option 'is_backfill' is deprecated; write 'backfill_mode'",)


def test_skip_downstream_trigger_implies_backfill_mode_and_says_so() -> None:
    parsed = parse_options({"skip_downstream_trigger": True})
    assert parsed.options == RunOptions(backfill_mode=True, skip_downstream_trigger=True)
    assert parsed.warnings == ("skip_downstream_trigger implies backfill mode: thresholds are relaxed in this run",)


@pytest.mark.parametrize("name", ["backfill", "isBackfill", "backfillMode", "is_back_fill"])
def test_the_misspellings_of_the_original_are_refused_by_name(name: str) -> None:
    with pytest.raises(RunOptionsError, match=f"no run option '{name}'; did you mean 'backfill_mode'"):
        parse_options({name: True})


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("forse", "force"),
        ("bootstrapdays", "bootstrap_days"),
        ("skip_downstream", "skip_downstream_trigger"),
        ("Force", "force"),
    ],
)
def test_any_other_unknown_name_gets_the_nearest_valid_one(name: str, nearest: str) -> None:
    with pytest.raises(RunOptionsError) as error:
        parse_options({name: True})
    assert f"did you mean '{nearest}'" in str(error.value)
    assert all(valid in str(error.value) for valid in NAMES)


@pytest.mark.parametrize(
    "given",
    [
        {"force": "yes"},
        {"backfill_mode": 1},
        {"is_backfill": "true"},
        {"bootstrap_days": True},
        {"bootstrap_days": -1},
        {"bootstrap_days": "14"},
        {"bootstrap_days": 1.5},
    ],
)
def test_a_value_of_the_wrong_type_is_refused(given: dict[str, Any]) -> None:
    [name] = given
    with pytest.raises(RunOptionsError, match=name):
        parse_options(given)


def test_force_and_bootstrap_days() -> None:
    parsed = parse_options({"force": True, "bootstrap_days": 0, "backfill_mode": None})
    assert parsed.options == RunOptions(force=True, bootstrap_days=0)
    assert parsed.mode_line.endswith(", force is on")


def test_who_accepts_gaps_is_said() -> None:
    parsed = parse_options({"accept_gaps": True, "forced_by": " ada "})
    assert (parsed.options.accepted_by, parsed.mode_line.endswith(", gaps are accepted")) == ("ada", True)
    assert RunOptions(accept_gaps=True).accepted_by == "somebody"
    assert RunOptions(forced_by="ada").accepted_by is None


def test_the_ledger_holds_what_differs_from_the_default() -> None:
    assert RunOptions().given() == {}
    options = RunOptions(force=True, forced_by="somebody", bootstrap_days=0)
    assert options.given() == {"force": True, "forced_by": "somebody", "bootstrap_days": 0}
