"""What is published before a game: the injury report and the betting market's line.

Neither looks at what happens in the game; a line follows from the two teams' expected points alone.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from nba_assets.sources.base import ResultSet
from nba_assets.sources.simulated.availability import INACTIVE, REASONS
from nba_assets.sources.simulated.box_scores import sides_of
from nba_assets.sources.simulated.places import TEAM_NAME
from nba_assets.sources.simulated.published import Published, publish
from nba_assets.sources.simulated.rng import Purpose, stream
from nba_assets.sources.simulated.rosters import Floats, Texts
from nba_assets.sources.simulated.schedule import date_texts
from nba_assets.sources.simulated.season import Season

_STATUSES = np.array(["Out", "Doubtful", "Questionable", "Probable", "Available"], dtype=object)
# Days before the game -> shares of the statuses for those who will be absent and those who have just come back.
_ABSENT = {1: (0.88, 0.04, 0.08, 0.0, 0.0), 0: (1.0, 0.0, 0.0, 0.0, 0.0)}
_RETURNING = {1: (0.0, 0.02, 0.33, 0.35, 0.30), 0: (0.0, 0.0, 0.05, 0.15, 0.80)}
_NOT_SUBMITTED = {1: 0.04, 0: 0.01}
_TWO_WAY = "G League - Two-Way"

_SPREAD_NOISE, _TOTAL_NOISE = 1.6, 2.5
_NO_LINE_SHARE, _IMPOSSIBLE_SHARE = 0.004, 0.003


def injury_reports(season: Season) -> Published:
    """The reports of the day before each game and of its day; each is shown from the day after its own."""
    parts = [_report(season, days_before) for days_before in _ABSENT]
    rows = pd.concat(parts, ignore_index=True)
    rows = rows.sort_values(["report_day", "side"], kind="stable", ignore_index=True)
    report_day = rows["report_day"].to_numpy()
    listed = rows.assign(
        reportDate=date_texts(season.dates, report_day), gameDate=sides_of(season).date[rows["side"].to_numpy()]
    )
    return publish(listed, ResultSet.INJURY_REPORTS, first=report_day + 1)


def _report(season: Season, days_before: int) -> pd.DataFrame:
    """The absent, the just returned and two-way players by side; one row without a name where a team is late."""
    rng = stream(season.seed, Purpose.INJURY_REPORTS, season.dates.year, days_before)
    sides, players, availability = sides_of(season), season.league.players, season.availability
    late = rng.random(len(sides.team)) < _NOT_SUBMITTED[days_before]
    reason, returning = availability["reason"].to_numpy(), availability["returning"].to_numpy()
    elsewhere = players.two_way[availability["player"].to_numpy()] & (availability["listing"].to_numpy() == INACTIVE)
    status = np.select(
        [reason >= 0, returning >= 0],
        [_draw(rng, _ABSENT[days_before], len(availability)), _draw(rng, _RETURNING[days_before], len(availability))],
        _STATUSES[0],
    )
    # Without a reason (-1) it is a two-way player's, the last one.
    reasons = np.array([*REASONS, _TWO_WAY], dtype=object)[np.maximum(reason, returning)]
    named = ((reason >= 0) | (returning >= 0) | elsewhere) & ~late[availability["side"].to_numpy()]
    rows = pd.DataFrame(
        {
            "side": availability["side"],
            "playerName": players.report_name[availability["player"].to_numpy()],
            "playerStatus": status,
            "playerReason": reasons,
        }
    )[named]
    nameless = pd.DataFrame(
        {"side": np.flatnonzero(late), "playerName": None, "playerStatus": None, "playerReason": None}
    )
    rows = pd.concat([rows, nameless], ignore_index=True)
    side = rows["side"].to_numpy()
    return rows.assign(teamName=TEAM_NAME[sides.team[side]], report_day=sides.day[side] - days_before)


def _draw(rng: np.random.Generator, shares: tuple[float, ...], count: int) -> Texts:
    return rng.choice(_STATUSES, size=count, p=shares)


def game_lines(season: Season) -> Published:
    """Spread and total of nearly every game, shown on its day; a few are impossible, as in real collections."""
    games = season.games
    rng = stream(season.seed, Purpose.GAME_LINES, season.dates.year)
    margin = (games["expected_home"] - games["expected_away"]).to_numpy()
    points = (games["expected_home"] + games["expected_away"]).to_numpy()
    total = _in_halves(points + rng.normal(0, _TOTAL_NOISE, len(games)))
    impossible = rng.random(len(games)) < _IMPOSSIBLE_SHARE
    rows = pd.DataFrame(
        {
            "gameId": games["game_id"],
            "gameDateEst": date_texts(season.dates, games["day"].to_numpy()),
            # The sign is the bookmaker's: the home team's handicap, negative for the favourite.
            "homeSpread": _in_halves(-margin + rng.normal(0, _SPREAD_NOISE, len(games))),
            "total": np.where(impossible, _in_halves(total / 10), total),
        }
    )
    listed = rng.random(len(games)) >= _NO_LINE_SHARE
    return publish(rows[listed], ResultSet.GAME_LINES, first=games.loc[listed, "day"])


def _in_halves(points: npt.NDArray[np.float64]) -> Floats:
    # Adding zero turns a negative zero into zero.
    return np.rint(2 * points) / 2 + 0.0
