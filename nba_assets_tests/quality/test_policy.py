"""Policies as settings: what may be written, and what the message says of what may not."""

from __future__ import annotations

import pytest

from nba_assets.quality.policies import policies
from nba_assets.settings import SettingsError, load_settings
from nba_assets.tables import TABLES

DEFAULTS = policies()


def test_every_table_has_a_policy_and_fourteen_bootstrap_days() -> None:
    assert set(DEFAULTS) == set(TABLES)
    assert {policy.bootstrap_days for policy in DEFAULTS.values()} == {14}
    assert {policy.min_games for policy in DEFAULTS.values()} == {5}


def test_only_shots_their_analysis_and_the_optional_tables_are_not_critical() -> None:
    not_critical = {name for name, policy in DEFAULTS.items() if not policy.critical}
    assert not_critical == {"raw_shots", "player_shot_zone_analysis", "raw_injury_reports", "raw_game_lines"}


def test_numbers_of_one_table_change_and_nothing_else() -> None:
    changed = policies({"Player_Daily_Cache": {"min_share": "0.8", "bootstrap_days": "7", "min_games": 3}})
    policy = changed.pop("player_daily_cache")
    assert (policy.min_share, policy.bootstrap_days, policy.min_games) == (0.8, 7, 3)
    assert policy.backfill_min_share == DEFAULTS["player_daily_cache"].backfill_min_share
    assert changed == {name: policy for name, policy in DEFAULTS.items() if name != "player_daily_cache"}


def test_a_star_is_every_table_and_a_name_goes_before_it() -> None:
    found = policies({"raw_shots": {"accept_gap_after_days": None}, "*": {"accept_gap_after_days": 21}})
    assert found.pop("raw_shots").accept_gap_after_days is None
    assert {policy.accept_gap_after_days for policy in found.values()} == {21}
    assert {policy.accept_gap_after_days for policy in DEFAULTS.values()} == {None}


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"player_dayly_cache": {}}, "no table 'player_dayly_cache'; did you mean 'player_daily_cache'"),
        ({"raw_shots": {"critcal": True}}, "no setting of raw_shots 'critcal'; did you mean 'critical'"),
        ({"raw_shots": {"critical": "perhaps"}}, "critical must be true or false, not 'perhaps'"),
        ({"player_daily_cache": {"min_share": 90}}, "min_share must lie between 0 and 1, not 90"),
        ({"player_daily_cache": {"min_games": 2.5}}, "min_games must be a whole number from 0 to 1,000,000, not 2.5"),
        (
            {"player_daily_cache": {"bootstrap_days": -1}},
            "bootstrap_days must be a whole number from 0 to 1,000,000, not -1",
        ),
        ({"player_daily_cache": {"min_games": None}}, "min_games must be a number, not None"),
        ({"player_daily_cache": {"min_games": "five"}}, "min_games must be a number, not 'five'"),
        ({"raw_shots": {"accept_gap_after_days": float("inf")}}, "must be a whole number from 0 to 1,000,000, not inf"),
        ({"*": {"accept_gaps": 3}}, "no setting of \\* 'accept_gaps'; did you mean 'accept_gap_after_days'"),
    ],
)
def test_what_nobody_knows_is_refused_by_name(overrides: dict[str, dict[str, object]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        policies(overrides)
    with pytest.raises(SettingsError, match=message):
        load_settings(policy=overrides)


def test_the_environment_holds_policies_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBA_POLICY", '{"player_daily_cache": {"min_share": 0.75}}')
    assert load_settings().policies["player_daily_cache"].min_share == 0.75
    monkeypatch.setenv("NBA_POLICY", "min_share=0.75")
    with pytest.raises(SettingsError, match=r"NBA_POLICY=min_share=0\.75: must be JSON like"):
        load_settings()
