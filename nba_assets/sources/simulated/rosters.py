"""Who plays for whom, and how well: careers, team changes and the true parameters of one season.

A career belongs to a *track* (one of 30 per roster rank); when it ends, a rookie takes the track over. Moves
are replayed from the league's first year, which takes milliseconds, so a season needs no earlier season's
games. How the parameters turn into games is the business of `possessions`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from nba_assets.league.names import player_lookup
from nba_assets.league.zones import MID_RANGE, PAINT, THREE_PT, ZONES
from nba_assets.sources.simulated.places import FIRST_NAMES, LAST_NAMES, TEAM_CODE, TEAMS
from nba_assets.sources.simulated.rng import Purpose, stream

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Texts = npt.NDArray[np.object_]

FIRST_YEAR = 1946
NEVER = 10_000
"""A day after every season's end."""

RANKS = 17
TRACKS = RANKS * TEAMS
_SUMMER_MOVES = 60
_FIRST_PLAYER_ID = 2_000_000
_NAMES_PER_TRACK = len(FIRST_NAMES) * len(LAST_NAMES) // TRACKS

FREE_THROWS_PER_TRIP = 2.05
AND_ONE_RATE = 0.06
TEAM_REBOUND_SHARE = 0.10
LEAGUE_PACE = 98.8
HOME_TURNOVER_EDGE = 0.012

# By rank on the roster: minutes when everybody is healthy, and how much of the offence runs through him.
_MINUTES = np.array([35, 33.5, 32, 30, 27.5, 24.5, 21.5, 18.5, 15, 11.5, 8.5, 6.5, 5, 4.2, 3.6, 3, 2.6])
_USAGE = np.array([1.45, 1.28, 1.12, 1, 0.92, 1, 0.95, 0.9, 0.9, 0.88] + [0.85] * 7)

_POSITION_SHARES = (0.40, 0.35, 0.25)  # guard, wing, big
_ZONE_PROFILE = np.array([[0.40, 0.14, 0.46], [0.43, 0.11, 0.46], [0.73, 0.11, 0.16]])
_ZONE_PCT = np.array([0.568, 0.42, 0.358])
_WEIGHTS_BY_POSITION = {
    "passing": np.array([1.8, 1.0, 0.8]),
    "offensive_rebounding": np.array([0.5, 0.9, 2.4]),
    "defensive_rebounding": np.array([0.8, 1.05, 1.7]),
    "stealing": np.array([1.2, 1.0, 0.8]),
    "blocking": np.array([0.4, 0.8, 2.3]),
    "fouling": np.array([0.9, 1.0, 1.35]),
}
ROLES: tuple[str, ...] = ("usage", *_WEIGHTS_BY_POSITION)
"""What a player has a weight for; an event falls to a player in proportion to weight x seconds."""


@dataclass(frozen=True)
class Players:
    """One element per signed player, the index that the rest of the package calls `player`.

    `weights[role]`, `turnover`, `trip` (free-throw trips) and `free_throw` (make share) are (P,);
    `zone_share` and `zone_pct` are (P, 3) in the order of `league.zones.ZONES`.
    """

    player_id: Ints
    log_name: Texts
    listed_name: Texts
    report_name: Texts
    minutes: Floats
    two_way: npt.NDArray[np.bool_]
    weights: dict[str, Floats]
    turnover: Floats
    trip: Floats
    free_throw: Floats
    zone_share: Floats
    zone_pct: Floats


@dataclass(frozen=True)
class Stints:
    """Who belongs to which team from `first` (day) to before `end`; two stints for a traded player."""

    player: Ints
    team: Ints
    first: Ints
    end: Ints


@dataclass(frozen=True)
class TeamTraits:
    """Per team: pace, offensive rebound rate, and what its defence adds to the make share in each zone."""

    pace: Floats
    offensive_rebound: Floats
    zone_defence: Floats


@dataclass(frozen=True)
class Tendencies:
    """The truth behind a simulated season, for tests of estimators. See `tendencies` for each meaning."""

    players: pd.DataFrame
    teams: pd.DataFrame
    league: dict[str, float]


@dataclass(frozen=True)
class League:
    """Everything about a season that is settled before its first game."""

    players: Players
    stints: Stints
    teams: TeamTraits


def league_of(seed: int, year: int, *, trade_days: range) -> League:
    """The league of the season that starts in `year`; trades happen on one of `trade_days`."""
    track_team, trades = _track_teams(seed, year, trade_days)
    rng = stream(seed, Purpose.ROSTERS, year)
    # The last two places of a roster are two-way contracts, not always given out.
    signed_share = np.repeat([1.0] * 15 + [0.8, 0.5], TEAMS)
    tracks = np.flatnonzero(rng.random(TRACKS) < signed_share)
    form = np.exp(rng.normal(0, 0.12, TRACKS))
    players = _players(seed, year, tracks, form[tracks])
    return League(players, _stints(tracks, track_team, trades), _team_traits(seed, year))


def _track_teams(seed: int, year: int, trade_days: range) -> tuple[Ints, list[tuple[int, int, int]]]:
    """Each track's team on opening day, and this season's trades (day, track, track)."""
    team = [track % TEAMS for track in range(TRACKS)]
    trades: list[tuple[int, int, int]] = []
    for past in range(FIRST_YEAR, year + 1):
        for _, a, b in trades:
            team[a], team[b] = team[b], team[a]
        rng = stream(seed, Purpose.MOVES, past)
        ranks = rng.integers(0, RANKS, _SUMMER_MOVES).tolist()
        for rank, (a, b) in zip(ranks, rng.integers(0, TEAMS, (_SUMMER_MOVES, 2)).tolist(), strict=True):
            one, other = rank * TEAMS + a, rank * TEAMS + b
            team[one], team[other] = team[other], team[one]
        # Distinct ranks, so that nobody is traded twice in a season.
        ranks = rng.choice(13, size=int(rng.integers(4, 7)), replace=False).tolist()
        days = (trade_days.start + rng.integers(0, len(trade_days), len(ranks))).tolist()
        columns = [rng.choice(TEAMS, size=2, replace=False).tolist() for _ in ranks]
        trades = [
            (day, rank * TEAMS + a, rank * TEAMS + b) for day, rank, (a, b) in zip(days, ranks, columns, strict=True)
        ]
    return np.array(team), trades


def _stints(tracks: Ints, track_team: Ints, trades: list[tuple[int, int, int]]) -> Stints:
    """Stints of the signed players, numbered by their place in `tracks`."""
    traded = {a: (day, b) for day, a, b in trades} | {b: (day, a) for day, a, b in trades}
    rows = []
    for player, track in enumerate(tracks.tolist()):
        day, partner = traded.get(track, (NEVER, track))
        rows.append((player, track_team[track], -NEVER, day))
        if day < NEVER:
            rows.append((player, track_team[partner], day, NEVER))
    player, team, first, end = np.array(rows, dtype=np.int64).T
    return Stints(player, team, first, end)


def _players(seed: int, year: int, tracks: Ints, form: Floats) -> Players:
    careers = stream(seed, Purpose.CAREERS)
    tenure = careers.integers(4, 15, TRACKS)
    phase = careers.integers(0, tenure)
    name_offset = int(careers.integers(0, TRACKS * _NAMES_PER_TRACK))
    generation = ((year - FIRST_YEAR + phase) // tenure)[tracks]
    drawn = {g: _talent(stream(seed, Purpose.TALENT, g)) for g in np.unique(generation).tolist()}

    def of_each(trait: str) -> Floats:
        values = np.empty((len(tracks), *drawn[int(generation[0])][trait].shape[1:]))
        for g, talent in drawn.items():
            values[generation == g] = talent[trait][tracks[generation == g]]
        return values

    log_name, listed_name, report_name = _names(tracks, generation, name_offset)
    return Players(
        player_id=_FIRST_PLAYER_ID + tracks * 100 + generation,
        log_name=log_name,
        listed_name=listed_name,
        report_name=report_name,
        minutes=_MINUTES[tracks // TEAMS] * form,
        two_way=tracks // TEAMS >= 15,
        weights={role: of_each(role) for role in ROLES},
        turnover=of_each("turnover"),
        trip=of_each("trip"),
        free_throw=of_each("free_throw"),
        zone_share=of_each("zone_share"),
        zone_pct=of_each("zone_pct"),
    )


def _talent(rng: np.random.Generator) -> dict[str, Floats]:
    """The traits of one generation of players, a row per track; better players are higher on the roster."""
    rank = np.arange(TRACKS) // TEAMS
    position = rng.choice(3, size=TRACKS, p=_POSITION_SHARES)
    quality = rng.normal(0.5 - 0.07 * rank, 0.9)
    shares = rng.gamma(30 * _ZONE_PROFILE[position])
    make_spread = rng.normal(0, [0.025, 0.025, 0.018], (TRACKS, 3))
    big = position == 2
    talent = {
        "usage": _USAGE[rank] * np.exp(rng.normal(0, 0.15, TRACKS)),
        "turnover": np.clip(rng.normal(0.116, 0.02, TRACKS), 0.06, 0.19),
        "trip": np.clip(rng.normal(0.09 - 0.002 * rank + 0.01 * big, 0.022), 0.03, 0.18),
        "free_throw": np.clip(rng.normal(0.79 - 0.06 * big, 0.06), 0.45, 0.93),
        "zone_share": shares / shares.sum(axis=1, keepdims=True),
        "zone_pct": _ZONE_PCT + 0.014 * quality[:, None] + make_spread,
    }
    # Within 0.2-0.8, so that no defence pushes a make share out of 0-1.
    talent["zone_pct"] = np.clip(talent["zone_pct"], 0.2, 0.8)
    for role, by_position in _WEIGHTS_BY_POSITION.items():
        talent[role] = by_position[position] * np.exp(rng.normal(0, 0.2, TRACKS))
    return talent


def _names(tracks: Ints, generation: Ints, offset: int) -> tuple[Texts, Texts, Texts]:
    """Spellings in the game log and box score, in the list of inactives, and "Last, First" in the report.

    Every track has names of its own, so no two players of a season share one. As in the league's own data,
    some logs drop accents, some lists drop the suffix, and the report drops all accents.
    """
    number = (tracks * _NAMES_PER_TRACK + generation % _NAMES_PER_TRACK) * 1_009 + offset
    number %= TRACKS * _NAMES_PER_TRACK
    log_name, listed_name, report_name = (np.empty(len(tracks), dtype=object) for _ in range(3))
    for player, (track, n) in enumerate(zip(tracks.tolist(), number.tolist(), strict=True)):
        first, last = FIRST_NAMES[n % len(FIRST_NAMES)], LAST_NAMES[n // len(FIRST_NAMES)]
        suffix = {0: " Jr.", 1: " III"}.get(n % 23, "")
        full = f"{first} {last}{suffix}"
        log_name[player] = _without_accents(full) if track % 3 == 0 else full
        listed_name[player] = full.removesuffix(suffix) if track % 2 == 0 else full
        report_name[player] = _without_accents(f"{last}{suffix}, {first}")
    return log_name, listed_name, report_name


def _without_accents(name: str) -> str:
    plain = (c if c.isascii() else player_lookup(c) for c in name)
    return "".join(p.upper() if c.isupper() else p for c, p in zip(name, plain, strict=True))


def _team_traits(seed: int, year: int) -> TeamTraits:
    rng = stream(seed, Purpose.TEAMS, year)
    defence = rng.normal(0, 0.016, (TEAMS, 1)) + rng.normal(0, [0.012, 0.012, 0.008], (TEAMS, 3))
    pace = rng.normal(0, 1.6, TEAMS)
    return TeamTraits(
        pace=LEAGUE_PACE + pace - pace.mean(),
        offensive_rebound=np.clip(rng.normal(0.232, 0.018, TEAMS), 0.17, 0.30),
        zone_defence=defence - defence.mean(axis=0),
    )


def tendencies(league: League) -> Tendencies:
    """The true parameters as frames; every estimator below converges to its parameter, without bias.

    A *chance* ends in a shot, a turnover or a free-throw trip. Per player, with m = free_throws_per_trip,
    a = and_one_rate and sums over any games of his:

    - usage_weight: his share of his team's chances in a game is weight x seconds over the same sum of the five;
      chances = FGA + TOV + (FTA - a FGM)/m in expectation, for a player as for a team. The usage formula of
      `league.formulas` agrees with it to about two percent of its value.
    - {zone}_share: attempts in the zone / attempts, whatever the opponent.
    - {zone}_pct: makes / attempts in the zone against an average defence; against team t it is {zone}_pct +
      t's {zone}_defence.
    - turnover_rate: TOV / chances at a neutral site; home_turnover_edge lower at home, as much higher away.
    - free_throw_trip_rate: ((FTA - a FGM)/m) / chances; free_throw_pct: FTM / FTA.

    Per team:

    - pace: both teams of a game have (pace + opponent's pace - league_pace) possessions per 48 minutes in
      expectation; possessions = chances - OREB/(1 - c), c = team_rebound_share. The box-score formula of
      `league.formulas` reads about one percent lower.
    - {zone}_defence (a fraction, + = worse; mean zero over the league): (makes - sum over attempts of the
      shooter's {zone}_pct) / attempts, over the shots it faced. With the usual opponents that is the
      team's percentage allowed minus the league's.
    - offensive_rebound_rate: OREB / (OREB + opponent DREB).
    """
    players, teams = league.players, league.teams
    opening = np.empty(len(players.player_id), dtype=np.int64)
    first = league.stints.first < 0
    opening[league.stints.player[first]] = league.stints.team[first]
    by_zone = {zone: ZONES.index(zone) for zone in (PAINT, MID_RANGE, THREE_PT)}
    return Tendencies(
        players=pd.DataFrame(
            {
                "player_id": players.player_id,
                "player_name": players.log_name,
                "opening_team": TEAM_CODE[opening],
                "usage_weight": players.weights["usage"],
                "turnover_rate": players.turnover,
                "free_throw_trip_rate": players.trip,
                "free_throw_pct": players.free_throw,
                **{f"{zone}_share": players.zone_share[:, z] for zone, z in by_zone.items()},
                **{f"{zone}_pct": players.zone_pct[:, z] for zone, z in by_zone.items()},
            }
        ),
        teams=pd.DataFrame(
            {
                "team": TEAM_CODE,
                "pace": teams.pace,
                "offensive_rebound_rate": teams.offensive_rebound,
                **{f"{zone}_defence": teams.zone_defence[:, z] for zone, z in by_zone.items()},
            }
        ),
        league={
            "free_throws_per_trip": FREE_THROWS_PER_TRIP,
            "and_one_rate": AND_ONE_RATE,
            "team_rebound_share": TEAM_REBOUND_SHARE,
            "league_pace": LEAGUE_PACE,
            "home_turnover_edge": HOME_TURNOVER_EDGE,
        },
    )
