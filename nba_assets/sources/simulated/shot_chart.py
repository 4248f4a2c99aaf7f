"""Where on the floor the shots were taken, and when: the season's shot chart; and what play-by-play adds to it.

Who shoots from which zone, and whether it goes in, is decided in `possessions`; here a zone becomes an area
of the league's chart and a place within it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from nba_assets.league.zones import MID_RANGE, PAINT, THREE_PT, ZONES
from nba_assets.sources.base import ResultSet
from nba_assets.sources.simulated.box_scores import Sides, sides_of
from nba_assets.sources.simulated.places import TEAM_ID
from nba_assets.sources.simulated.possessions import OVERTIME, REGULATION
from nba_assets.sources.simulated.published import Published, publish
from nba_assets.sources.simulated.rng import Purpose, stream
from nba_assets.sources.simulated.rosters import Floats, Ints
from nba_assets.sources.simulated.schedule import date_texts
from nba_assets.sources.simulated.season import Season

_PERIOD = REGULATION // 4
_RESTRICTED, _NON_RESTRICTED, _MID_RANGE, _ABOVE_BREAK, _LEFT_CORNER, _RIGHT_CORNER, _BACKCOURT = range(7)
_AREAS = np.array(
    [
        "Restricted Area",
        "In The Paint (Non-RA)",
        "Mid-Range",
        "Above the Break 3",
        "Left Corner 3",
        "Right Corner 3",
        "Backcourt",
    ],
    dtype=object,
)
# Zone -> its areas, and how misses and makes divide among them: close shots fall more often, heaves hardly ever.
_AREA_SHARES: dict[str, tuple[tuple[int, ...], tuple[float, ...], tuple[float, ...]]] = {
    PAINT: ((_RESTRICTED, _NON_RESTRICTED), (0.474, 0.526), (0.693, 0.307)),
    MID_RANGE: ((_MID_RANGE,), (1.0,), (1.0,)),
    THREE_PT: (
        (_ABOVE_BREAK, _LEFT_CORNER, _RIGHT_CORNER, _BACKCOURT),
        (0.7450, 0.1290, 0.1182, 0.0078),
        (0.7265, 0.1420, 0.1312, 0.0003),
    ),
}


def shot_chart(season: Season) -> Published:
    """Every field goal attempt of the season, game by game in the order of play."""
    shots, sides, side, shooter = _taken(season)
    zone, made = shots["zone"].to_numpy(), shots["made"].to_numpy()
    rng = stream(season.seed, Purpose.SHOT_PLACES, season.dates.year)
    area = _areas(rng, zone, made)
    x, y = _places(rng, area)
    period, seconds_left = _clock(shots["elapsed"].to_numpy())
    shot_types = np.array(["2PT Field Goal", "3PT Field Goal"], dtype=object)
    rows = pd.DataFrame(
        {
            "GAME_ID": sides.game_id[side],
            "GAME_EVENT_ID": shots["event"],
            "PLAYER_ID": shooter,
            "TEAM_ID": TEAM_ID[sides.team[side]],
            "PERIOD": period,
            "MINUTES_REMAINING": seconds_left // 60,
            "SECONDS_REMAINING": seconds_left % 60,
            "SHOT_TYPE": shot_types[(zone == ZONES.index(THREE_PT)).astype(int)],
            "SHOT_ZONE_BASIC": _AREAS[area],
            "LOC_X": x,
            "LOC_Y": y,
            "SHOT_MADE_FLAG": made.astype(np.int64),
            "GAME_DATE": date_texts(season.dates, sides.day, "%Y%m%d")[side],
        }
    )
    return publish(rows, ResultSet.SHOTS, first=sides.day[side] + 1)


def play_by_play(season: Season) -> Published:
    """The same shots, under the same numbers: which were assisted, which were blocked."""
    shots, sides, side, shooter = _taken(season)
    rows = pd.DataFrame(
        {
            "gameId": sides.game_id[side],
            "actionNumber": shots["event"],
            "teamId": TEAM_ID[sides.team[side]],
            "personId": shooter,
            "made": shots["made"],
            "assisted": shots["assisted"],
            "blocked": shots["blocked"],
        }
    )
    return publish(rows, ResultSet.PLAY_BY_PLAY, first=sides.day[side] + 1)


def _taken(season: Season) -> tuple[pd.DataFrame, Sides, Ints, Ints]:
    """The shots, the sides of the season, and per shot its side and the shooter's id."""
    lines = season.lines.take(season.shots["line"])
    player_id = season.league.players.player_id[lines["player"].to_numpy()]
    return season.shots, sides_of(season), lines["side"].to_numpy(), player_id


def _areas(rng: np.random.Generator, zone: Ints, made: npt.NDArray[np.bool_]) -> Ints:
    area = np.empty(len(zone), dtype=np.int64)
    for name, (areas, of_misses, of_makes) in _AREA_SHARES.items():
        for outcome, shares in ((False, of_misses), (True, of_makes)):
            here = np.flatnonzero((zone == ZONES.index(name)) & (made == outcome))
            area[here] = rng.choice(areas, size=len(here), p=shares)
    return area


def _places(rng: np.random.Generator, area: Ints) -> tuple[Ints, Ints]:
    """A place in each area, in tenths of a foot from the basket: across the floor, along the floor."""
    low = np.array([0.0, 41, 160, 239, 0, 0, 0])[area]
    high = np.array([38.0, 130, 236, 275, 0, 0, 0])[area]
    # How far to the side an area reaches: the paint is 16 feet wide, the corners begin at 22.
    widest = np.array([38.0, 80, 219, 219, 0, 0, 0])[area]
    radius = low + (high - low) * rng.random(len(area))
    steepest = np.arcsin(np.minimum(1.0, widest / np.maximum(radius, 1.0)))
    angle = steepest * (2 * rng.random(len(area)) - 1)
    x, y = radius * np.sin(angle), radius * np.cos(angle)
    _in_rectangle(rng, x, y, (area == _MID_RANGE) & (rng.random(len(area)) < 0.5), (82, 195), (-30, 128))
    for corner, across in ((_LEFT_CORNER, (-250, -221)), (_RIGHT_CORNER, (221, 250))):
        _in_rectangle(rng, x, y, area == corner, across, (-48, 86), mirrored=False)
    _in_rectangle(rng, x, y, area == _BACKCOURT, (0, 230), (420, 840))
    return np.rint(x).astype(np.int64), np.rint(y).astype(np.int64)


def _in_rectangle(
    rng: np.random.Generator,
    x: Floats,
    y: Floats,
    where: npt.NDArray[np.bool_],
    across: tuple[int, int],
    along: tuple[int, int],
    *,
    mirrored: bool = True,
) -> None:
    """Places anywhere in a rectangle, and if mirrored on either side of the basket; written into x and y."""
    count = int(where.sum())
    hand = rng.choice([-1, 1], size=count) if mirrored else 1
    x[where] = hand * rng.uniform(*across, count)
    y[where] = rng.uniform(*along, count)


def _clock(elapsed: Floats) -> tuple[Ints, Ints]:
    """Period and whole seconds left in it, from the seconds since tip-off."""
    overtime = elapsed >= REGULATION
    within = np.where(overtime, elapsed - REGULATION, elapsed)
    length = np.where(overtime, OVERTIME, _PERIOD)
    number = np.floor(within / length).astype(np.int64)
    left = np.ceil((number + 1) * length - within).astype(np.int64) - 1
    return number + np.where(overtime, 5, 1), left
