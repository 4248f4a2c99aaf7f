"""Thresholds, bootstrap days and backfill relaxation, per table. All of them are settings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from enum import StrEnum
from typing import Any

from nba_assets.league.calendar import BOOTSTRAP_DAYS
from nba_assets.tables import TABLES


class Completeness(StrEnum):
    """How thresholds are counted: as shares of an expectation, or as the original's absolute numbers."""

    RELATIVE = "relative"
    ABSOLUTE = "absolute"


@dataclass(frozen=True)
class Policy:
    """What a table wants of a partition.

    `min_share` of the expected entities must be complete; `min_rows` decides where no expectation can be had and
    in absolute mode; `min_entities` is a number of rows wanted besides (TDZA's thirty teams). The backfill_
    numbers replace theirs in backfill mode. `bootstrap_days` and `min_games` apply to pre-game tables.
    """

    min_share: float = 1.0
    backfill_min_share: float = 1.0
    min_rows: int | None = None
    backfill_min_rows: int | None = None
    min_entities: int | None = None
    backfill_min_entities: int | None = None
    critical: bool = True
    bootstrap_days: int = BOOTSTRAP_DAYS
    min_games: int = 5

    def share(self, *, backfill: bool) -> float:
        """The share of the expectation that must be complete."""
        return self.backfill_min_share if backfill else self.min_share

    def rows(self, *, backfill: bool) -> int | None:
        """The number of rows wanted where there is no expectation."""
        return self.backfill_min_rows if backfill else self.min_rows

    def entities(self, *, backfill: bool) -> int | None:
        """The number of rows wanted besides the share."""
        return self.backfill_min_entities if backfill else self.min_entities

    def required(self, expected: int, *, backfill: bool) -> int:
        """How many of `expected` entities must be complete."""
        return math.ceil(self.share(backfill=backfill) * expected - 1e-9)


_HUNDRED: dict[str, Any] = {"min_rows": 100, "backfill_min_rows": 50}
_SPECIAL: dict[str, Policy] = {
    "raw_shots": Policy(critical=False),
    "raw_injury_reports": Policy(critical=False),
    "raw_game_lines": Policy(critical=False),
    "team_defense_zone_analysis": Policy(
        min_share=25 / 30,
        backfill_min_share=20 / 30,
        min_rows=30,
        backfill_min_rows=25,
        min_entities=30,
        backfill_min_entities=25,
    ),
    "player_shot_zone_analysis": Policy(min_share=0.9, backfill_min_share=0.5, critical=False, **_HUNDRED),
    "player_daily_cache": Policy(min_share=0.9, backfill_min_share=0.5, **_HUNDRED),
    "player_composite_factors": Policy(**_HUNDRED),
    "ml_feature_store_v2": Policy(**_HUNDRED),
}
DEFAULTS: dict[str, Policy] = {name: _SPECIAL.get(name, Policy()) for name in TABLES}


def policies(overrides: Mapping[str, Mapping[str, Any]] | None = None) -> dict[str, Policy]:
    """The policy of every table, with overrides {table: {field: value}}; ValueError for a name nobody knows."""
    result = dict(DEFAULTS)
    for table, values in (overrides or {}).items():
        name = _known(table.lower(), list(DEFAULTS), "table")
        known_fields = [field.name for field in fields(Policy)]
        given = {_known(key.lower(), known_fields, f"setting of {name}"): value for key, value in values.items()}
        result[name] = replace(result[name], **{key: _parsed(key, value) for key, value in given.items()})
    return result


def _known(name: str, known: list[str], kind: str) -> str:
    if name not in known:
        nearest = get_close_matches(name, known, n=1, cutoff=0.0)[0]
        raise ValueError(f"NBA_POLICY: there is no {kind} '{name}'; did you mean '{nearest}'?")
    return name


def _parsed(field: str, value: Any) -> Any:
    """Settings come from the environment as texts."""
    if field == "critical":
        if str(value).lower() not in ("true", "false", "1", "0"):
            raise ValueError(f"NBA_POLICY: {field} must be true or false, not '{value}'")
        return str(value).lower() in ("true", "1")
    number = float(value)
    if field.endswith("share"):
        if not 0 <= number <= 1:
            raise ValueError(f"NBA_POLICY: {field} must lie between 0 and 1, not {value}")
        return number
    if number != int(number) or number < 0:
        raise ValueError(f"NBA_POLICY: {field} must be a whole number from 0, not {value}")
    return int(number)
