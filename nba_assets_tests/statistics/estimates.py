"""What the result sets of a season say about the tendencies behind it: counts beside what the truth lets expect.

Each function returns a row per player or team with `observed`, `expected`, `variance` (of the observed) and
`trials`; under the true tendencies (observed - expected) / sqrt(variance) is standard normal. Only published rows
are read, nothing of the simulator's inside.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import pandas as pd

from nba_assets.league.teams import CODE_BY_ID
from nba_assets.league.zones import ZONES, shot_zones
from nba_assets.sources.base import ResultSet
from nba_assets.sources.simulated import SimulatedSource, Tendencies

_COLUMNS = ["observed", "expected", "variance", "trials"]


@dataclass(frozen=True)
class Observed:
    """The published rows of one season that estimates are made of, and its true tendencies."""

    team_log: pd.DataFrame
    player_log: pd.DataFrame
    boxes: pd.DataFrame
    shots: pd.DataFrame
    truth: Tendencies

    @cached_property
    def sides(self) -> pd.DataFrame:
        """Two rows per game: team, opponent, court (-1 home, +1 away, 0 neutral), seconds, chances, opp_dreb."""
        log = self.team_log.rename(columns={"GAME_ID": "game", "TEAM_ABBREVIATION": "team"})
        hosts = log["MATCHUP"].str.contains("vs.", regex=False)
        neutral = ~hosts.groupby(log["game"]).transform("any")
        # On a neutral court both rows read "A @ B"; B is the designated home team.
        designated = log["MATCHUP"].str[-3:] == log["team"]
        sides = log.assign(
            is_home=hosts | (neutral & designated),
            court=np.select([neutral, hosts], [0, -1], 1),
            seconds=2880 + 300 * np.rint((log["MIN"] - 240) / 25).astype("int64"),
            chances=self._chances(log),
        )
        other = sides.set_index("game")[["team", "DREB", "OREB", "chances"]].add_prefix("opp_")
        sides = sides.join(other, on="game")
        return sides[sides["team"] != sides["opp_team"]].rename(columns={"opp_team": "opponent"}).reset_index(drop=True)

    @cached_property
    def lines(self) -> pd.DataFrame:
        """A row per player and game: player, game, team, seconds on the floor, chances, court and the statistics."""
        played = self.boxes[self.boxes["minutes"] != ""]
        clock = played["minutes"].str.split(":", expand=True).astype(int)
        seconds = pd.DataFrame(
            {"game": played["gameId"], "player": played["personId"], "seconds": 60 * clock[0] + clock[1]}
        )
        log = self.player_log.rename(
            columns={"GAME_ID": "game", "PLAYER_ID": "player", "TEAM_ABBREVIATION": "team"}
        ).merge(seconds, on=["game", "player"])
        sides = self.sides[["game", "team", "court", "seconds"]].rename(columns={"seconds": "length"})
        return log.assign(chances=self._chances(log)).merge(sides, on=["game", "team"])

    @cached_property
    def attempts(self) -> pd.DataFrame:
        """A row per shot: player, defending team, zone, made (0 or 1)."""
        shots = self.shots
        team = shots["TEAM_ID"].map(CODE_BY_ID)
        opponents = self.sides.set_index(["game", "team"])["opponent"]
        return pd.DataFrame(
            {
                "player": shots["PLAYER_ID"],
                "opponent": opponents.loc[pd.MultiIndex.from_arrays([shots["GAME_ID"], team])].to_numpy(),
                "zone": shot_zones(shots["SHOT_TYPE"].str.startswith("3PT"), shots["SHOT_ZONE_BASIC"]),
                "made": shots["SHOT_MADE_FLAG"],
            }
        )

    def _chances(self, log: pd.DataFrame) -> pd.Series:
        """Shots, turnovers and free-throw trips; the trips from free throws less those after made shots."""
        league = self.truth.league
        trips = (log["FTA"] - league["and_one_rate"] * log["FGM"]) / league["free_throws_per_trip"]
        return log["FGA"] + log["TOV"] + trips


def observe(source: SimulatedSource, season: str) -> Observed:
    """The published rows of a season and the tendencies that it was drawn from."""
    frames = [
        source.read(result_set, season)
        for result_set in (ResultSet.TEAM_LOG, ResultSet.PLAYER_LOG, ResultSet.BOX_SCORES, ResultSet.SHOTS)
    ]
    team_log, player_log, boxes, shots = (frame for frame in frames if frame is not None)
    return Observed(team_log, player_log, boxes, shots, source.tendencies(season))


def zone_share(seen: Observed, truth: Tendencies, zone: str) -> pd.DataFrame:
    """By player: his attempts in a zone, of all his attempts."""
    attempts = seen.attempts
    share = attempts["player"].map(truth.players.set_index("player_id")[f"{zone}_share"])
    return _summed(attempts["player"], attempts["zone"].eq(zone), share, share * (1 - share))


def zone_pct(seen: Observed, truth: Tendencies, zone: str) -> pd.DataFrame:
    """By player: makes of his attempts in a zone, each against the defence it met."""
    attempts, make = _make_shares(seen, truth, zone)
    return _summed(attempts["player"], attempts["made"], make, make * (1 - make))


def zone_defence(seen: Observed, truth: Tendencies, zone: str) -> pd.DataFrame:
    """By defending team: makes of the attempts in a zone that it faced, each from the player it came from."""
    attempts, make = _make_shares(seen, truth, zone)
    return _summed(attempts["opponent"], attempts["made"], make, make * (1 - make))


def usage(seen: Observed, truth: Tendencies) -> pd.DataFrame:
    """By player: his part of his team's chances by weight x seconds, in games without overtime."""
    lines = seen.lines[seen.lines["length"] == 2880]
    weight = lines["player"].map(truth.players.set_index("player_id")["usage_weight"]) * lines["seconds"]
    side = [lines["game"], lines["team"]]
    share = weight / weight.groupby(side).transform("sum")
    chances = lines["chances"].groupby(side).transform("sum")
    return _summed(lines["player"], lines["chances"], share * chances, share * (1 - share) * chances, trials=chances)


def turnover_rate(seen: Observed, truth: Tendencies) -> pd.DataFrame:
    """By player: turnovers of his chances, given the court he played on."""
    lines = seen.lines
    rate = lines["player"].map(truth.players.set_index("player_id")["turnover_rate"])
    rate = rate + lines["court"] * truth.league["home_turnover_edge"]
    chances = lines["chances"]
    return _summed(lines["player"], lines["TOV"], rate * chances, rate * (1 - rate) * chances, trials=chances)


def free_throw_pct(seen: Observed, truth: Tendencies) -> pd.DataFrame:
    """By player: free throws made of those attempted."""
    lines = seen.lines
    share = lines["player"].map(truth.players.set_index("player_id")["free_throw_pct"])
    shots = lines["FTA"]
    return _summed(lines["player"], lines["FTM"], share * shots, share * (1 - share) * shots, trials=shots)


def pace(seen: Observed, truth: Tendencies) -> pd.DataFrame:
    """By home team: possessions per 48 minutes of its games; the variance is that of games about the truth."""
    home = seen.sides[seen.sides["is_home"]]
    known = 1 - truth.league["team_rebound_share"]
    own, opponent = home["chances"] - home["OREB"] / known, home["opp_chances"] - home["opp_OREB"] / known
    per_game = (own + opponent) / 2 * 2880 / home["seconds"]
    of_team = truth.teams.set_index("team")["pace"]
    expected = home["team"].map(of_team) + home["opponent"].map(of_team) - truth.league["league_pace"]
    spread = pd.Series(np.full(len(home), (per_game - expected).var()), index=home.index)
    return _summed(home["team"], per_game, expected, spread)


def offensive_rebounding(seen: Observed, truth: Tendencies) -> pd.DataFrame:
    """By team: offensive rebounds of the rebounds at the opponent's basket."""
    sides = seen.sides
    rate = sides["team"].map(truth.teams.set_index("team")["offensive_rebound_rate"])
    rebounds = sides["OREB"] + sides["opp_DREB"]
    return _summed(sides["team"], sides["OREB"], rate * rebounds, rate * (1 - rate) * rebounds, trials=rebounds)


def z_scores(estimates: pd.DataFrame) -> pd.Series:
    """How many standard errors each entity's count is from what the truth lets expect."""
    return (estimates["observed"] - estimates["expected"]) / np.sqrt(estimates["variance"])


def _make_shares(seen: Observed, truth: Tendencies, zone: str) -> tuple[pd.DataFrame, pd.Series]:
    attempts = seen.attempts[seen.attempts["zone"] == zone]
    skill = attempts["player"].map(truth.players.set_index("player_id")[f"{zone}_pct"])
    return attempts, skill + attempts["opponent"].map(truth.teams.set_index("team")[f"{zone}_defence"])


def _summed(
    entity: pd.Series,
    observed: pd.Series,
    expected: pd.Series,
    variance: pd.Series,
    *,
    trials: pd.Series | None = None,
) -> pd.DataFrame:
    counted = pd.Series(1.0, index=observed.index) if trials is None else trials
    rows = pd.concat([observed.astype("float64"), expected, variance, counted], axis=1, keys=_COLUMNS)
    return rows.groupby(entity.rename("entity")).sum()


ESTIMATES = {
    **{f"{zone}_share": partial(zone_share, zone=zone) for zone in ZONES},
    **{f"{zone}_pct": partial(zone_pct, zone=zone) for zone in ZONES},
    **{f"{zone}_defence": partial(zone_defence, zone=zone) for zone in ZONES},
    "usage_weight": usage,
    "turnover_rate": turnover_rate,
    "free_throw_pct": free_throw_pct,
    "pace": pace,
    "offensive_rebound_rate": offensive_rebounding,
}
"""Tendency -> its estimate, a function of what was observed and of the supposed truth."""
