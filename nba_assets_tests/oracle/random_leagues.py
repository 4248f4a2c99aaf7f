"""Small random leagues in the shape of the raw tables, with everything in them that has ever gone wrong.

Trades, players who do not play, 0 points, 0 seconds, games without box scores, unknown shots, postponements,
overtime, games that do not count, Cup finals with and without box scores, two seasons, injury reports and lines.
Nothing is asserted here.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from nba_assets.league.teams import CODES
from nba_assets.schema.contract import names_of
from nba_assets.tables import TABLES
from nba_assets.tables.statistics import COUNTING_STATISTICS

Rows = list[dict[str, Any]]
ZONES = ("paint", "mid_range", "three_pt")
NAMES = (
    ("Luka", "Dončić", ""),
    ("De'Aaron", "Fox", "Jr."),
    ("De'Aaron", "Fox", "III"),
    ("T.J.", "Dončić", "Sr."),
    ("Luka", "Dončić", "II"),
)
"""First name, last name and generation of a team's players: some have the same but for the generation."""


@dataclass(frozen=True)
class Shape:
    """What a league is like; `seed` decides the rest. Shares are probabilities per game or per listing."""

    seed: int = 0
    teams: int = 4
    players: int = 4
    season_ends: int = 6
    season_starts: int = 34
    games_a_night: int = 15
    unplayed: float = 0.0
    not_loaded: float = 0.0
    without_shots: float = 0.0
    not_counting: float = 0.0
    trades: float = 0.0
    absences: float = 0.0
    overtimes: float = 0.0
    reports: float = 0.0
    lines: float = 0.0
    idle: float = 0.0
    cup_finals: float = 0.0


def shapes() -> st.SearchStrategy[Shape]:
    """Leagues of two to thirty teams, one-game and fifteen-game nights."""
    share = st.sampled_from([0.0, 0.05, 0.3])
    return st.builds(
        Shape,
        seed=st.integers(0, 2**32 - 1),
        teams=st.sampled_from([4, 2, 6, 30]),
        players=st.integers(3, 5),
        season_ends=st.integers(0, 8),
        season_starts=st.integers(6, 34),
        games_a_night=st.sampled_from([15, 1, 2]),
        unplayed=share,
        not_loaded=st.sampled_from([0.0, 0.02, 0.1]),
        without_shots=st.sampled_from([0.0, 0.02, 0.1]),
        not_counting=share,
        trades=share,
        absences=share,
        overtimes=share,
        reports=st.sampled_from([0.0, 0.5, 1.0]),
        lines=st.sampled_from([0.0, 0.7]),
        idle=share,
        cup_finals=share,
    )


def examples(number: int) -> settings:
    """The same examples in every run. Without shrinking, which a seed does not lend itself to."""
    return settings(
        max_examples=number,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


@dataclass
class League:
    """Rows of the raw tables, and the days that have games."""

    shape: Shape
    rng: np.random.Generator
    rows: dict[str, Rows] = field(default_factory=lambda: {name: [] for name in TABLES if name.startswith("raw_")})
    team_of: dict[int, str] = field(default_factory=dict)
    days: list[dt.date] = field(default_factory=list)

    def happens(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def frames(self) -> dict[str, pd.DataFrame]:
        """The raw tables in the types of their contracts."""
        return {
            name: TABLES[name].shape(pd.DataFrame(rows, columns=names_of(TABLES[name].contract)))
            for name, rows in self.rows.items()
        }


def random_league(shape: Shape) -> League:
    """The end of one season and the beginning of the next, day by day."""
    league = League(shape, np.random.default_rng(shape.seed))
    teams = [str(code) for code in league.rng.permutation(CODES)[: shape.teams]]
    for number in range(shape.teams * shape.players):
        league.team_of[100 + number] = teams[number % shape.teams]
    last_of_season, first_of_season = dt.date(2022, 4, 10), dt.date(2022, 10, 18)
    for number in range(shape.season_ends):
        _play_day(league, teams, last_of_season - dt.timedelta(days=shape.season_ends - number), "21")
    for number in range(shape.season_starts):
        _play_day(league, teams, first_of_season + dt.timedelta(days=number), "22")
    return league


def _play_day(league: League, teams: list[str], day: dt.date, year: str) -> None:
    league.days.append(day)
    if league.happens(league.shape.idle):
        return
    order = [str(team) for team in league.rng.permutation(teams)]
    pairs = list(zip(order[0::2], order[1::2], strict=False))[: league.shape.games_a_night]
    games = [_schedule(league, day, year, home, away) for home, away in pairs]
    _report_injuries(league, day, teams)
    for game in games:
        _bet(league, game)
        if game["status"] == "final" and game["game_type"] in ("002", "004", "005"):
            _play(league, game)
        if game["status"] == "final" and game["game_type"] == "006":
            _play_final(league, game)
    for player in league.team_of:
        if league.happens(league.shape.trades / 3):
            league.team_of[player] = str(league.rng.choice(teams))


def _schedule(league: League, day: dt.date, year: str, home: str, away: str) -> dict[str, Any]:
    kinds = ["001", "003", "006"] if league.happens(league.shape.not_counting) else ["002"] * 8 + ["004", "005"]
    kind = str(league.rng.choice(kinds))
    if league.shape.cup_finals and league.happens(league.shape.cup_finals):
        kind = "006"
    status = str(league.rng.choice(["scheduled", "postponed"])) if league.happens(league.shape.unplayed) else "final"
    nameless = status == "postponed" and league.happens(0.5)
    number = int(league.rng.integers(100)) * 1000 + len(league.rows["raw_schedule"])
    game = {
        "game_date": pd.Timestamp(day),
        "season": f"20{year}-{int(year) + 1}",
        "game_id": f"postponed-{day:%Y%m%d}-{away}-{home}" if nameless else f"{kind}{year}{number:05d}",
        "game_type": None if nameless else kind,
        "status": status,
        "tipoff_utc": pd.Timestamp(day, tz="UTC") + pd.Timedelta(hours=24) if league.happens(0.5) else None,
        "home_team": home,
        "away_team": away,
    }
    league.rows["raw_schedule"].append(game)
    return game


def _play(league: League, game: dict[str, Any]) -> None:
    """Box scores and shots of a finished game; of some, nothing or only a part is loaded."""
    if league.happens(league.shape.not_loaded / 2):
        return
    overtimes = int(league.rng.integers(1, 4)) if league.happens(league.shape.overtimes) else 0
    common = {name: game[name] for name in ("game_date", "season", "game_id")}
    home = common | {"team": game["home_team"], "opponent": game["away_team"], "is_home": True}
    away = common | {"team": game["away_team"], "opponent": game["home_team"], "is_home": False}
    sides = [_play_side(league, side, overtimes) for side in (home, away)]
    if sides[0]["points"] == sides[1]["points"]:
        sides[0]["points"] += 1
    for side, other in (sides, sides[::-1]):
        side["won"] = side["points"] > other["points"]
    if not league.happens(league.shape.not_loaded / 2):
        league.rows["raw_team_boxscores"] += sides
    _take_shots(league, common)


def _play_final(league: League, game: dict[str, Any]) -> None:
    """The box score of a Cup final: of half of the teams those who played, and nothing that counts."""
    if not league.shape.cup_finals:
        return
    for side, other in (("home_team", "away_team"), ("away_team", "home_team")):
        common = {name: game[name] for name in ("game_date", "season", "game_id")}
        common |= {"team": game[side], "opponent": game[other], "is_home": side == "home_team"}
        if league.happens(0.5):
            continue
        for player, team in league.team_of.items():
            if team == game[side] and not league.happens(0.3):
                name, seconds = " ".join(_name(league, player)).strip(), int(league.rng.integers(1, 2880))
                row = {"player_id": player, "player_name": name, "listing": "played", "minutes_are_exact": True}
                league.rows["raw_player_boxscores"].append(common | row | {"seconds_played": seconds})


def _play_side(league: League, side: dict[str, Any], overtimes: int) -> dict[str, Any]:
    rng = league.rng
    total = dict.fromkeys(COUNTING_STATISTICS, 0)
    total |= {"dreb": int(rng.integers(1, 40)), "oreb": int(rng.integers(0, 15)), "tov": int(rng.integers(0, 9))}
    for player, team in league.team_of.items():
        if team != side["team"] or league.happens(league.shape.absences / 2):
            continue
        row = _listing(league, player, side)
        league.rows["raw_player_boxscores"].append(row)
        if row["listing"] == "played":
            total = {name: total[name] + row[name] for name in COUNTING_STATISTICS}
    length = {"overtime_periods": overtimes, "seconds_played": 5 * (2880 + 300 * overtimes)}
    return side | total | length


def _born(player: int, day: pd.Timestamp) -> dt.date | None:
    """Of some nothing is known, of some only on some dates, and some have a birthday in the months of the league."""
    if player % 4 == 0 or (player % 4 == 1 and day.day % 2):
        return None
    return (
        dt.date(1984, 2, 29) if player % 7 == 0 else dt.date(1982 + player % 20, 1 + player * 5 % 12, 1 + player % 28)
    )


def _listing(league: League, player: int, side: dict[str, Any]) -> dict[str, Any]:
    rng = league.rng
    name = " ".join(_name(league, player)).strip()
    if not league.happens(0.8):
        name = " ".join(_name(league, player)[:2]).replace("č", "c") if player % 2 else name.replace("č", "c")
    row = side | {"player_id": player, "player_name": name, "starter": bool(rng.integers(2))}
    row |= {"birth_date": _born(player, side["game_date"])}
    if league.happens(league.shape.absences):
        return row | {"listing": str(rng.choice(["dnp", "inactive"])), "minutes_are_exact": None}
    attempts = {zone: int(rng.integers(0, 9)) for zone in ZONES} if rng.random() < 0.85 else dict.fromkeys(ZONES, 0)
    made = {zone: int(rng.integers(0, attempts[zone] + 1)) for zone in ZONES}
    ftm = int(rng.integers(0, 12)) if rng.random() < 0.6 else 0
    others = {name: int(rng.integers(0, 9)) for name in ("oreb", "dreb", "ast", "stl", "blk", "tov", "pf")}
    return row | {
        "listing": "played",
        "minutes_are_exact": True,
        "seconds_played": 0 if rng.random() < 0.05 else int(rng.choice([600, 1440, 2100, int(rng.integers(1, 2880))])),
        "plus_minus": int(rng.integers(-20, 21)),
        "points": 2 * (made["paint"] + made["mid_range"]) + 3 * made["three_pt"] + ftm,
        "fgm": sum(made.values()),
        "fga": sum(attempts.values()),
        "fg3m": made["three_pt"],
        "fg3a": attempts["three_pt"],
        "ftm": ftm,
        "fta": ftm + int(rng.integers(0, 3)),
        **others,
        "reb": others["oreb"] + others["dreb"],
        "_zones": (attempts, made),
    }


def _take_shots(league: League, common: dict[str, Any]) -> None:
    """One row per attempt. Some games have none, or a part, or one too few (which still counts as known).

    Of some games nobody knows which shots were assisted.
    """
    shots: Rows = []
    of_game = [r for r in league.rows["raw_player_boxscores"] if r["game_id"] == common["game_id"] and "_zones" in r]
    for row in of_game:
        attempts, made = row["_zones"]
        shots += [
            common
            | {"player_id": row["player_id"], "team": row["team"], "opponent": row["opponent"], "zone": zone}
            | {"made": number < made[zone], "is_three": zone == "three_pt", "is_corner_three": False}
            | {"period": 1, "seconds_left": 0, "distance_ft": 0.0, "loc_x": 0, "loc_y": 0}
            for zone in ZONES
            for number in range(attempts[zone])
        ]
    if league.happens(league.shape.without_shots):
        shots = shots[: len(shots) // 2] if league.happens(0.5) else []
    elif league.happens(0.1):
        shots = shots[1:]
    with_play_by_play = league.happens(1 - league.shape.without_shots)
    for number, shot in enumerate(shots):
        shot["event_id"] = number
        shot["assisted"] = league.happens(0.6) if shot["made"] and with_play_by_play else None
    league.rows["raw_shots"] += shots


def _bet(league: League, game: dict[str, Any]) -> None:
    if game["game_type"] in ("002", "004", "005") and league.happens(league.shape.lines):
        line = {"home_spread": float(league.rng.choice([-4.5, 0.0, 7.0, np.nan])), "total": 221.5}
        league.rows["raw_game_lines"].append({k: game[k] for k in ("game_date", "season", "game_id")} | line)


def _report_injuries(league: League, day: dt.date, teams: list[str]) -> None:
    """The report of the day before: names of the team, strangers, two rows for one, teams that did not submit.

    Some names lack a generation or have another one, some have only the last name of a player.
    """
    if not league.happens(league.shape.reports):
        return
    published = pd.Timestamp(day) - pd.Timedelta(days=1 if league.happens(0.9) else 0)
    season = f"{day.year}-{(day.year + 1) % 100}" if day.month >= 7 else f"{day.year - 1}-{day.year % 100}"
    common = {"report_date": published, "game_date": pd.Timestamp(day), "season": season, "reason": None}
    for team in teams:
        if league.happens(0.1):
            league.rows["raw_injury_reports"].append(common | {"team": team, "player_name": None, "status": None})
        for player, of in league.team_of.items():
            if of == team and league.happens(0.3):
                first, last, generation = _name(league, player)
                others = ("Nobody Known", f"Nobody {last}", f"{first} {last}", f"{first} {last} IV")
                is_whole = league.happens(0.8)
                name = f"{first} {last} {generation}".strip() if is_whole else others[(player + day.toordinal()) % 4]
                status = str(league.rng.choice(["out", "doubtful", "questionable", "probable", "available"]))
                row = common | {"team": team, "player_name": name, "status": status}
                league.rows["raw_injury_reports"].append(row)


def _name(league: League, player: int) -> tuple[str, str, str]:
    number, team = divmod(player - 100, league.shape.teams)
    first, last, generation = NAMES[number % 5]
    return first, f"{last}-{'abcdefghij'[team % 7]}", generation
