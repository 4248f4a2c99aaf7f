"""Games, possession by possession, for all games at once: box scores, shots, overtime.

Every possession is a chain of chances; a chance falls to a player by weight x seconds and ends in a turnover, a
free-throw trip or a shot from one of three zones, and goes on after an offensive rebound. The parameters and
what they mean are in `rosters.tendencies`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from nba_assets.league.zones import THREE_PT, ZONES
from nba_assets.sources.simulated.availability import PLAYED
from nba_assets.sources.simulated.rosters import (
    AND_ONE_RATE,
    FREE_THROWS_PER_TRIP,
    HOME_TURNOVER_EDGE,
    LEAGUE_PACE,
    TEAM_REBOUND_SHARE,
    Floats,
    Ints,
    League,
)

STATISTICS: tuple[str, ...] = (
    "FGM", "FGA", "FG3M", "FG3A", "FTM", "FTA", "OREB", "DREB", "AST", "STL", "BLK", "TOV", "PF"
)  # fmt: skip
REGULATION = 2880
OVERTIME = 300

_PACE_SPREAD = 3.4
_THREE = ZONES.index(THREE_PT)
_ASSISTED = np.array([0.66, 0.45, 0.92])
_STEAL_SHARE = 0.58
_BLOCK_SHARE = 0.19
_OFFENSIVE_FOUL_SHARE = 0.12
_OTHER_FOULS_PER_CHANCE = 0.055
_FOUL_LIMIT = 6
_MOST_OVERTIMES = 8


@dataclass(frozen=True)
class Played:
    """What came out of a set of games.

    lines: a row per player who played, sorted by side: side, player, starter, seconds, plus_minus, STATISTICS,
    PTS. shots: line (row in lines), zone (index into ZONES), made, assisted, blocked, elapsed (seconds since
    tip-off), event.
    games: home_points, away_points, overtimes, expected_home, expected_away (points to be expected before
    tip-off), aligned with the games.
    """

    lines: pd.DataFrame
    shots: pd.DataFrame
    games: pd.DataFrame


@dataclass(frozen=True)
class _Court:
    """The parameters of a set of games, per line (player in a game) and per side."""

    side: Ints
    player: Ints
    defence: Floats
    rebound: Floats
    turnover_edge: Floats

    @property
    def sides(self) -> int:
        return len(self.rebound)


@dataclass(frozen=True)
class _Floor:
    """Who is on the floor in a stretch of play: for each role the cumulative shares within each side."""

    cumulative: dict[str, Floats]

    def pick(self, rng: np.random.Generator, role: str, side: Ints) -> Ints:
        """A line of each given side, drawn by weight x seconds."""
        # Just below 1, so that adding the side cannot round up into the next one.
        at = side + rng.random(len(side)) * (1 - 1e-9)
        return np.searchsorted(self.cumulative[role], at, side="right")


def play(rng: np.random.Generator, league: League, games: pd.DataFrame, availability: pd.DataFrame) -> Played:
    """Play `games` with the players of `availability` until none is tied."""
    lines = availability.loc[availability["listing"] == PLAYED].reset_index(drop=True)
    court = _court(league, games, lines)
    pace = _pace(league, games)
    possessions = np.maximum(np.rint(rng.normal(pace, _PACE_SPREAD)), 70).astype(np.int64)
    seconds = lines["seconds"].to_numpy().copy()
    stretches = [_stretch(rng, league, court, seconds, possessions, start=0, length=REGULATION)]
    points = _points_by_side(stretches[0], court)
    overtimes = np.zeros(len(games), dtype=np.int64)
    closing = lines["closing"].to_numpy()
    for period in range(_MOST_OVERTIMES):
        tied = points[::2] == points[1::2]
        if not tied.any():
            break
        on_floor = np.where(closing & np.repeat(tied, 2)[court.side], OVERTIME, 0)
        count = np.where(tied, np.floor(pace * OVERTIME / REGULATION + rng.random(len(games))), 0).astype(int)
        start = REGULATION + period * OVERTIME
        stretches.append(_stretch(rng, league, court, on_floor, count, start=start, length=OVERTIME))
        points += _points_by_side(stretches[-1], court)
        overtimes += tied
        seconds += on_floor
    if (points[::2] == points[1::2]).any():
        raise RuntimeError(f"a simulated game is still tied after {_MOST_OVERTIMES} overtimes")
    return _assemble(rng, league, games, court, lines.assign(seconds=seconds), stretches, overtimes)


def _pace(league: League, games: pd.DataFrame) -> Floats:
    pace = league.teams.pace
    paces: Floats = pace[games["home"].to_numpy()] + pace[games["away"].to_numpy()] - LEAGUE_PACE
    return paces


def _court(league: League, games: pd.DataFrame, lines: pd.DataFrame) -> _Court:
    team = games[["home", "away"]].to_numpy().ravel()
    at_home = np.where(np.arange(2 * len(games)) % 2 == 0, -1.0, 1.0)
    edge = HOME_TURNOVER_EDGE * at_home * np.repeat(games["neutral"].to_numpy() < 0, 2)
    opponent = team.reshape(-1, 2)[:, ::-1].ravel()
    return _Court(
        side=lines["side"].to_numpy(),
        player=lines["player"].to_numpy(),
        defence=league.teams.zone_defence[opponent],
        rebound=league.teams.offensive_rebound[team],
        turnover_edge=edge,
    )


def _floor(league: League, court: _Court, seconds: Ints) -> _Floor:
    last = np.append(court.side[1:] != court.side[:-1], True)
    cumulative: dict[str, Floats] = {}
    for role, weights in league.players.weights.items():
        share = weights[court.player] * seconds
        running = np.cumsum(share)
        total = np.bincount(court.side, weights=share, minlength=court.sides)
        before = running[last] - total
        with np.errstate(invalid="ignore", divide="ignore"):
            within = (running - before[court.side]) / total[court.side]
        # Sides that do not play in this stretch are stepped over; the last line of a side closes it exactly.
        within = np.where(last, 1.0, np.clip(np.nan_to_num(within), 0.0, 1.0))
        cumulative[role] = within + court.side
    return _Floor(cumulative)


def _stretch(
    rng: np.random.Generator,
    league: League,
    court: _Court,
    seconds: Ints,
    possessions: Ints,
    *,
    start: int,
    length: int,
) -> pd.DataFrame:
    """All chances of one stretch of play: a row each, with what happened and to which lines (-1 = to none)."""
    floor = _floor(league, court, seconds)
    count = np.repeat(possessions, 2)
    side = np.repeat(np.arange(court.sides), count)
    number = np.arange(len(side)) - np.repeat(np.cumsum(count) - count, count)
    # The teams take turns; a second chance comes within the possession.
    begins = (number + 0.5 * (side % 2)) / count[side]
    width = 0.5 / count[side]
    chains = []
    live = np.arange(len(side))
    links = 0
    while live.size:
        chances = _chances(rng, league, court, floor, side[live])
        within = 1 - (1 - 0.9 * rng.random(len(live))) * 0.5**links
        chances["elapsed"] = start + length * (begins[live] + width[live] * np.minimum(within, 0.999))
        chains.append(chances)
        live = live[chances["continued"]]
        links += 1
    merged = {column: np.concatenate([chain[column] for chain in chains]) for column in chains[0]}
    return pd.DataFrame(merged | _credits(rng, floor, merged), copy=False)


def _chances(
    rng: np.random.Generator, league: League, court: _Court, floor: _Floor, side: Ints
) -> dict[str, npt.NDArray[Any]]:
    """One chance for each given side: who took it, how it ended, whether the possession goes on."""
    players = league.players
    line = floor.pick(rng, "usage", side)
    player = court.player[line]
    outcome = rng.random(len(side))
    turnover_rate = players.turnover[player] + court.turnover_edge[side]
    turnover = outcome < turnover_rate
    trip = ~turnover & (outcome < turnover_rate + players.trip[player])
    shot = ~turnover & ~trip
    share = players.zone_share[player]
    where = rng.random(len(side))
    zone = (where >= share[:, 0]).astype(np.int64) + (where >= share[:, 0] + share[:, 1])
    make = players.zone_pct[player, zone] + court.defence[side, zone]
    made = shot & (rng.random(len(side)) < make)
    and_one = made & (rng.random(len(side)) < AND_ONE_RATE)
    three_shots = rng.random(len(side)) < FREE_THROWS_PER_TRIP - 2
    attempts = np.where(trip, 2 + three_shots, and_one)
    last = (attempts > 0) & (rng.random(len(side)) < players.free_throw[player])
    earlier = rng.binomial(np.maximum(attempts - 1, 0), players.free_throw[player])
    missed = (shot & ~made) | ((attempts > 0) & ~last)
    return {
        "side": side,
        "line": line,
        "turnover": turnover,
        "zone": np.where(shot, zone, -1),
        "made": made,
        "free_throws": attempts,
        "free_throws_made": earlier + last,
        "missed": missed,
        "continued": missed & (rng.random(len(side)) < court.rebound[side]),
    }


def _credits(rng: np.random.Generator, floor: _Floor, chances: dict[str, npt.NDArray[Any]]) -> dict[str, Ints]:
    """The lines credited with an assist, rebound, steal, block or foul for each chance; -1 for none."""
    side, line, zone = chances["side"], chances["line"], chances["zone"]
    opponent = side ^ 1
    size = len(side)

    def credit(role: str, of: Ints, when: npt.NDArray[np.bool_]) -> Ints:
        credited = np.full(size, -1)
        rows = np.flatnonzero(when)
        credited[rows] = floor.pick(rng, role, of[rows])
        return credited

    made, turnover = chances["made"], chances["turnover"]
    assist = credit("passing", side, made & (rng.random(size) < _ASSISTED[zone]))
    rebounded = chances["missed"] & (rng.random(size) >= TEAM_REBOUND_SHARE)
    two_missed = (zone >= 0) & (zone != _THREE) & ~made
    steal = turnover & (rng.random(size) < _STEAL_SHARE)
    drawn = chances["free_throws"] > 0
    common = ~drawn & (rng.random(size) < _OTHER_FOULS_PER_CHANCE)
    offensive_foul = turnover & ~steal & (rng.random(size) < _OFFENSIVE_FOUL_SHARE / (1 - _STEAL_SHARE))
    return {
        "assist": np.where(assist == line, -1, assist),
        "offensive_rebound": credit("offensive_rebounding", side, rebounded & chances["continued"]),
        "defensive_rebound": credit("defensive_rebounding", opponent, rebounded & ~chances["continued"]),
        "steal": credit("stealing", opponent, steal),
        "block": credit("blocking", opponent, two_missed & (rng.random(size) < _BLOCK_SHARE)),
        "foul": credit("fouling", opponent, drawn | common),
        "own_foul": np.where(offensive_foul, line, -1),
    }


def _points(chances: pd.DataFrame) -> Ints:
    points: Ints = chances["made"] * np.where(chances["zone"] == _THREE, 3, 2) + chances["free_throws_made"]
    return points


def _points_by_side(chances: pd.DataFrame, court: _Court) -> Ints:
    return np.bincount(chances["side"], weights=_points(chances), minlength=court.sides).astype(np.int64)


def _assemble(
    rng: np.random.Generator,
    league: League,
    games: pd.DataFrame,
    court: _Court,
    lines: pd.DataFrame,
    stretches: list[pd.DataFrame],
    overtimes: Ints,
) -> Played:
    chances = pd.concat(stretches, ignore_index=True) if len(stretches) > 1 else stretches[0]
    lines = lines[["side", "player", "starter", "seconds"]].assign(**_box_score(chances, len(lines)))
    points = np.bincount(court.side, weights=lines["PTS"], minlength=court.sides).astype(np.int64)
    lines["plus_minus"] = _plus_minus(rng, lines, points, overtimes)
    expected = _expected_points(league, court, lines["seconds"].to_numpy(), np.repeat(_pace(league, games), 2))
    results = pd.DataFrame(
        {
            "home_points": points[::2],
            "away_points": points[1::2],
            "overtimes": overtimes,
            "expected_home": expected[::2],
            "expected_away": expected[1::2],
        }
    )
    return Played(lines, _shots(chances), results)


def _box_score(chances: pd.DataFrame, n_lines: int) -> dict[str, Ints]:
    line, zone, made = (chances[column].to_numpy() for column in ("line", "zone", "made"))
    shot, three = zone >= 0, zone == _THREE

    def tally(lines: Ints, weights: npt.NDArray[Any] | None = None) -> Ints:
        return np.bincount(lines, weights=weights, minlength=n_lines).astype(np.int64)

    def credited(column: str) -> Ints:
        lines = chances[column].to_numpy()
        return tally(lines[lines >= 0])

    fouls = credited("foul") + credited("own_foul")
    box = {
        "FGM": tally(line[made]),
        "FGA": tally(line[shot]),
        "FG3M": tally(line[made & three]),
        "FG3A": tally(line[three]),
        "FTM": tally(line, chances["free_throws_made"].to_numpy()),
        "FTA": tally(line, chances["free_throws"].to_numpy()),
        "OREB": credited("offensive_rebound"),
        "DREB": credited("defensive_rebound"),
        "AST": credited("assist"),
        "STL": credited("steal"),
        "BLK": credited("block"),
        "TOV": tally(line[chances["turnover"].to_numpy()]),
        "PF": np.minimum(fouls, _FOUL_LIMIT),
    }
    return box | {"PTS": 2 * box["FGM"] + box["FG3M"] + box["FTM"]}


def _plus_minus(rng: np.random.Generator, lines: pd.DataFrame, points: Ints, overtimes: Ints) -> Ints:
    """The margin in proportion to time on the floor, with noise; a side's sum is five times its margin."""
    side = lines["side"].to_numpy()
    margin = points - points.reshape(-1, 2)[:, ::-1].ravel()
    length = np.repeat(REGULATION + OVERTIME * overtimes, 2)
    share = lines["seconds"].to_numpy() / length[side]
    noise = rng.normal(0, 1, len(lines)) * 11 * np.sqrt(share * (1 - share))
    rounded = np.rint(margin[side] * share + noise).astype(np.int64)
    left = 5 * margin - np.bincount(side, weights=rounded, minlength=len(points)).astype(np.int64)
    playing = np.bincount(side, minlength=len(points))
    place = np.arange(len(side)) - np.searchsorted(side, side)
    shares: Ints = rounded + (left // playing)[side] + (place < (left % playing)[side])
    return shares


def _expected_points(league: League, court: _Court, seconds: Ints, possessions: Floats) -> Floats:
    """Points of each side to be expected from the parameters, by its own chances only: no result is used."""
    players, player, side = league.players, court.player, court.side
    turnover = players.turnover[player] + court.turnover_edge[side]
    trip, free_throw = players.trip[player], players.free_throw[player]
    shot = 1 - turnover - trip
    makes = players.zone_share[player] * (players.zone_pct[player] + court.defence[side])
    made = makes.sum(axis=1)
    value = shot * (2 * made + makes[:, _THREE] + AND_ONE_RATE * made * free_throw)
    value += trip * FREE_THROWS_PER_TRIP * free_throw
    missed = shot * (1 - made) + (trip + shot * made * AND_ONE_RATE) * (1 - free_throw)
    weight = players.weights["usage"][player] * seconds
    total = np.bincount(side, weights=weight)
    per_chance = np.bincount(side, weights=weight * value) / total
    continued = court.rebound * np.bincount(side, weights=weight * missed) / total
    return possessions * per_chance / (1 - continued)


def _shots(chances: pd.DataFrame) -> pd.DataFrame:
    """The shots among the chances in the order of play; every chance is an event of its game."""
    game = chances["side"].to_numpy() // 2
    order = np.argsort(game * 1e5 + chances["elapsed"].to_numpy(), kind="stable")
    game = game[order]
    event = 7 + 3 * (np.arange(len(game)) - np.searchsorted(game, game))
    shots = chances[["line", "zone", "made", "elapsed"]].assign(
        assisted=chances["assist"] >= 0, blocked=chances["block"] >= 0
    )
    shots = shots.take(order).assign(event=event)
    return shots.loc[shots["zone"] >= 0].reset_index(drop=True)
