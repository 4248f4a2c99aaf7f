"""The games that findings are about, as they name them: "0022100212 SAS@LAC", or a side, "0022100212 SAS@LAC LAC"."""

from __future__ import annotations

from collections.abc import Iterable

from nba_assets.league.game_ids import is_game_id
from nba_assets.partition import THRESHOLDS, Finding


def games_named(findings: Iterable[Finding]) -> frozenset[str] | None:
    """The ids of the games that all findings are about; None if there are none, or one is about something else."""
    telling = [one for one in findings if one.cause not in THRESHOLDS]
    games = {str(entity).partition(" ")[0] for one in telling for entity in one.entities}
    are_games = bool(telling) and all(one.entities for one in telling) and all(map(is_game_id, games))
    return frozenset(games) if are_games else None
