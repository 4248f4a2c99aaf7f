"""Whether an answer says what the schedule lets one expect: rows of both teams of every finished game, and enough.

The shape of an answer was checked by `endpoints`; whether numbers agree with each other is the audit's business.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import pandas as pd

from nba_assets.league.calendar import opening_at_the_latest
from nba_assets.league.teams import CODE_BY_ID
from nba_assets.sources.base import ResultSet, SourceSchemaError
from nba_assets.sources.nba_api.endpoints import KEYS
from nba_assets.sources.nba_api.plan import eastern_day

_FEWEST_PLAYERS = 5
_FEWEST_ROWS: dict[ResultSet, int] = {
    ResultSet.TEAM_LOG: 1,
    ResultSet.PLAYER_LOG: _FEWEST_PLAYERS,
    ResultSet.BOX_SCORES: _FEWEST_PLAYERS,
    ResultSet.SHOTS: 1,
    ResultSet.PLAY_BY_PLAY: 1,
}
"""Of each team of a game. A list of inactive players may be empty, and is not in here."""


class EmptyScheduleError(SourceSchemaError):
    """A schedule without games, although it cannot be."""


def missing_rows(rows: pd.DataFrame, result_set: ResultSet, games: pd.DataFrame) -> dict[str, str]:
    """Game -> what is missing of it, like "no rows of BOS"; `games`: `plan.finished_games`."""
    fewest = _FEWEST_ROWS.get(result_set)
    if fewest is None:
        return {}
    team_ids = rows["teamId" if "teamId" in rows else "TEAM_ID"]
    counts = Counter(zip(rows[KEYS[result_set][0]], map(CODE_BY_ID.get, team_ids), strict=True))
    missing = {}
    for game, home, away in zip(games["game_id"], games["home"], games["away"], strict=True):
        found = {team: counts[game, team] for team in (home, away)}
        short = [f"{count or 'no'} rows of {team}" for team, count in found.items() if count < fewest]
        if short:
            missing[game] = " and ".join(short)
    return missing


def check_schedule(listed: pd.DataFrame, before: pd.DataFrame | None, season: str, now: datetime) -> None:
    """Raise SourceSchemaError if a schedule is another season's, EmptyScheduleError if it cannot be without games."""
    other = sorted(set(listed["seasonYear"]) - {season})
    if other:
        raise SourceSchemaError(
            f"scheduleleaguev2(Season={season}): the answer is about {', '.join(other)}. It was not kept."
        )
    expected = before is not None and len(before) > 0
    if listed.empty and (expected or eastern_day(now) >= opening_at_the_latest(season)):
        raise EmptyScheduleError(
            f"scheduleleaguev2(Season={season}): the answer has no games, though "
            f"{'the one before had' if expected else 'the season has begun'}. It was not kept; run again later."
        )
