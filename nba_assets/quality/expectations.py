"""What the schedule says each partition must have, entity by entity.

Expected entities never come from the table itself. Readiness asks whether the pipeline loaded every game that a
team has finished, never whether a player appeared.
"""

from __future__ import annotations

from datetime import date

from nba_assets.quality import after_games, before_games
from nba_assets.quality.expectation import Evidence, Expect, Expectation

_EXPECT: dict[str, Expect] = after_games.EXPECT | before_games.EXPECT


def expectations(evidence: Evidence) -> dict[date, Expectation]:
    """The expectation of each date of the evidence."""
    return _EXPECT[evidence.table.name](evidence)


__all__ = ["Evidence", "Expectation", "expectations"]
