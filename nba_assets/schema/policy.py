"""What a table wants of a partition: thresholds, bootstrap days, backfill relaxation. Settings may override it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from nba_assets.league.calendar import BOOTSTRAP_DAYS


class Completeness(StrEnum):
    """How thresholds are counted: as shares of an expectation, or as the original's absolute numbers."""

    RELATIVE = "relative"
    ABSOLUTE = "absolute"


@dataclass(frozen=True)
class Policy:
    """What a table wants of a partition.

    `min_share` of the expected entities must be complete; `min_rows` decides where no expectation can be had and
    in absolute mode; `min_entities` is a number of rows wanted besides (TDZA's thirty teams). The backfill_
    numbers replace theirs in backfill mode. `bootstrap_days` and `min_games` apply to pre-game tables. A raw or
    post-game gap that is older than `accept_gap_after_days`, and than the late limit, is accepted as it is.
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
    accept_gap_after_days: int | None = None

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


DEFAULT_POLICY = Policy()
"""Everything that is expected, nothing more."""
