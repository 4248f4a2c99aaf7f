"""Code that was rewritten and gives the same results: what the former code has published stands, nothing is STALE.

Here is only declared what was compared: see "Code that gives the same" in docs/repair.md.
"""

from __future__ import annotations

from collections.abc import Mapping

from nba_assets.schema.code_version import checks_of, formula_of
from nba_assets.schema.table import Table

SAME_NUMBERS: dict[str, tuple[str, ...]] = {}
"""Table -> the formulas, the first half of code versions, that have been seen to give the same rows; today's last."""

SAME_VERDICTS: dict[str, tuple[str, ...]] = {}
"""Table -> the checks, the second half, that judge the same rows alike."""


def gives_same_numbers(table: Table, version: str | None) -> bool:
    """Whether the formula of a code version gives the numbers of today's: it is today's, or declared with it."""
    return _are_one(SAME_NUMBERS, table, formula_of(version), formula_of(table.code_version))


def gives_same_verdicts(table: Table, version: str | None) -> bool:
    """Whether the checks of a code version judge as today's do."""
    return _are_one(SAME_VERDICTS, table, checks_of(version), checks_of(table.code_version))


def _are_one(declared: Mapping[str, tuple[str, ...]], table: Table, one: str | None, other: str | None) -> bool:
    return one == other or {one, other} <= set(declared.get(table.name, ()))
