"""Code that was rewritten and gives the same results: what the former code has published stands, nothing is STALE.

Here is only declared what was compared: see "Code that gives the same" in docs/repair.md.
"""

from __future__ import annotations

from collections.abc import Mapping

from nba_assets.schema.code_version import checks_of, formula_of
from nba_assets.schema.table import Table

SAME_NUMBERS: dict[str, tuple[str, ...]] = {
    "raw_schedule": ("c5ba6584", "ac90a7ce"),
    "raw_team_boxscores": ("d777857c", "2ee13c8d"),
    "raw_player_boxscores": ("66205dcc", "8b8e3818", "0a70b217"),
    "raw_shots": ("09f580b9", "0e2edbd9"),
    "player_game_summary": ("96ce35de", "7f0129d2"),
    "team_offense_game_summary": ("b5a7d286", "42a7dc6b"),
    "team_defense_game_summary": ("4246f15f", "1801f289"),
    "upcoming_team_game_context": ("5f069e97", "2406097a"),
    "team_defense_zone_analysis": ("4217740f", "ee09b5d7"),
    "player_shot_zone_analysis": ("ee90c952", "1d93bbbe"),
    "upcoming_player_game_context": ("f6416536", "de55b94b", "a86a0a45"),
    "player_daily_cache": ("a084c23c", "c574d620"),
    "player_composite_factors": ("3a162066", "e660e753"),
    "ml_feature_store_v2": ("7bde0a87", "789df5f6", "c22a52cf"),
}
"""Table -> the formulas, the first half of code versions, that have been seen to give the same rows; today's last."""

SAME_VERDICTS: dict[str, tuple[str, ...]] = {
    "raw_schedule": ("6e47536c", "4df31047"),
    "raw_team_boxscores": ("23ed6f90", "52e72a8b"),
    "raw_player_boxscores": ("9ca2cb3f", "a1d4ec24", "381e81ec"),
    "raw_shots": ("e8f3a61e", "034f291f"),
    "player_game_summary": ("27b7bb3b", "5716f40e"),
    "upcoming_player_game_context": ("d2abc129", "1b6ea0e4"),
}
"""Table -> the checks, the second half, that judge the same rows alike."""


def gives_same_numbers(table: Table, version: str | None) -> bool:
    """Whether the formula of a code version gives the numbers of today's: it is today's, or declared with it."""
    return _are_one(SAME_NUMBERS, table, formula_of(version), formula_of(table.code_version))


def gives_same_verdicts(table: Table, version: str | None) -> bool:
    """Whether the checks of a code version judge as today's do."""
    return _are_one(SAME_VERDICTS, table, checks_of(version), checks_of(table.code_version))


def _are_one(declared: Mapping[str, tuple[str, ...]], table: Table, one: str | None, other: str | None) -> bool:
    return one == other or {one, other} <= set(declared.get(table.name, ()))
