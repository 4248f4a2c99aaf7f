"""Leagues written game by game, so that what must come out can be worked out by hand. Nothing is asserted here."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from .slow_league import COUNTING_STATISTICS
from .slow_tables import SlowLeague

Zones = dict[str, tuple[int, int]]

DAY = dt.date(2021, 12, 1)
USUAL_ZONES: Zones = {"paint": (40, 22), "mid_range": (20, 8), "three_pt": (30, 10)}
COMMON_COLUMNS = ["game_id", "game_date", "season"]
SIDE_COLUMNS = [*COMMON_COLUMNS, "team", "opponent", "is_home", "seconds_played", *COUNTING_STATISTICS]
SCHEDULE_COLUMNS = [*COMMON_COLUMNS, "game_type", "status", "tipoff_utc", "home_team", "away_team"]
TEAM_COLUMNS = [*SIDE_COLUMNS, "won", "overtime_periods"]
PLAYER_COLUMNS = [*SIDE_COLUMNS, "player_id", "player_name", "listing", "starter", "plus_minus"]
SHOT_COLUMNS = [*COMMON_COLUMNS, "event_id", "player_id", "team", "made", "zone", "assisted"]
REPORT_COLUMNS = ["report_date", "game_date", "season", "team", "player_name", "status"]
LINE_COLUMNS = [*COMMON_COLUMNS, "home_spread", "total"]


@dataclass
class Night:
    """One team's part in one game: its shots, who is listed, its points."""

    team: str
    points: int = 100
    zones: Zones = field(default_factory=lambda: USUAL_ZONES)
    shooter: int = 0
    players: dict[int, dict[str, Any]] = field(default_factory=dict)


class MadeUpLeague:
    """Collects games row by row; `league()` makes the oracle of them."""

    def __init__(self) -> None:
        self.schedule: list[dict[str, Any]] = []
        self.teams: list[dict[str, Any]] = []
        self.players: list[dict[str, Any]] = []
        self.shots: list[dict[str, Any]] = []
        self.reports: list[dict[str, Any]] = []
        self.lines: list[dict[str, Any]] = []

    def game(
        self,
        day: dt.date,
        home: Night | str,
        away: Night | str,
        *,
        game_type: str = "002",
        status: str = "final",
        loaded: bool = True,
        with_shots: bool = True,
    ) -> str:
        """Add a game; `loaded` and `with_shots` say whether box scores and shots have arrived."""
        nights = [night if isinstance(night, Night) else Night(night) for night in (home, away)]
        game_id = f"{game_type}21{len(self.schedule):05d}"
        common = {"game_id": game_id, "game_date": pd.Timestamp(day), "season": "2021-22"}
        self.schedule.append(
            common
            | {"game_type": game_type, "status": status}
            | {"home_team": nights[0].team, "away_team": nights[1].team}
        )
        if loaded and status == "final":
            for night, other in (nights, nights[::-1]):
                row = common | {"team": night.team, "opponent": other.team, "is_home": night is nights[0]}
                self.teams.append(team_row(row, night, other))
                self.players.extend(player_row(row, *item) for item in night.players.items())
                if with_shots:
                    self.shots.extend(shot_rows(row, night))
        return game_id

    def report(self, team: str, name: str | None, status: str | None, day: dt.date = DAY) -> None:
        """Add a row of the report published the day before `day`."""
        self.reports.append(
            {
                "report_date": pd.Timestamp(day) - pd.Timedelta(days=1),
                "game_date": pd.Timestamp(day),
                "season": "2021-22",
                "team": team,
                "player_name": name,
                "status": status,
            }
        )

    def league(self) -> SlowLeague:
        return SlowLeague(
            schedule=pd.DataFrame(self.schedule, columns=SCHEDULE_COLUMNS),
            team_boxscores=pd.DataFrame(self.teams, columns=TEAM_COLUMNS),
            player_boxscores=pd.DataFrame(self.players, columns=PLAYER_COLUMNS),
            shots=pd.DataFrame(self.shots, columns=SHOT_COLUMNS),
            injury_reports=pd.DataFrame(self.reports, columns=REPORT_COLUMNS),
            game_lines=pd.DataFrame(self.lines, columns=LINE_COLUMNS),
        )


def team_row(row: dict[str, Any], night: Night, other: Night) -> dict[str, Any]:
    return row | {
        "won": night.points > other.points,
        "overtime_periods": 0,
        "seconds_played": 14400,
        "points": night.points,
        "fga": sum(attempts for attempts, _ in night.zones.values()),
        "fgm": sum(makes for _, makes in night.zones.values()),
        "fg3a": night.zones["three_pt"][0],
        "fg3m": night.zones["three_pt"][1],
        **{"ftm": 20, "fta": 25, "oreb": 10, "dreb": 30, "reb": 40},
        **{"ast": 25, "stl": 7, "blk": 5, "tov": 14, "pf": 20},
    }


def player_row(row: dict[str, Any], player_id: int, own: dict[str, Any]) -> dict[str, Any]:
    """A listing; `own` overrides the defaults of a player who played 30 minutes and scored nothing."""
    played = own.get("listing", "played") == "played"
    defaults = {
        "player_name": f"Player {player_id}",
        "listing": "played",
        "starter": False,
        "seconds_played": 1800 if played else None,
        "plus_minus": 0 if played else None,
    }
    return row | {"player_id": player_id} | dict.fromkeys(COUNTING_STATISTICS, 0 if played else None) | defaults | own


def shot_rows(row: dict[str, Any], night: Night) -> list[dict[str, Any]]:
    """The team's shots, all taken by one player."""
    return [
        row | {"event_id": 0, "player_id": night.shooter, "zone": zone} | {"made": number < makes}
        for zone, (attempts, makes) in night.zones.items()
        for number in range(attempts)
    ]


def row_of(rows: list[dict[str, Any]], **key: Any) -> dict[str, Any]:
    (found,) = [row for row in rows if all(row[name] == value for name, value in key.items())]
    return found


def days_before(count: int) -> dt.date:
    return DAY - dt.timedelta(days=count)


def scorer_league(points: list[int], **own: Any) -> MadeUpLeague:
    """Player 1 of BOS scored these points, oldest first, one game every second day; he plays on DAY."""
    made = MadeUpLeague()
    for number, scored in enumerate(points):
        night = Night("BOS", players={1: {"points": scored, "player_name": "Star One"} | own})
        made.game(days_before(2 * (len(points) - number)), night, "NYK")
    made.game(DAY, "BOS", "NYK", status="scheduled")
    return made


def fifteen_identical_games_of_boston() -> MadeUpLeague:
    """BOS concedes 20/35, 8/20, 12/35 in 15 games; 50 team-games make the league .580, .410, .355."""
    made = MadeUpLeague()
    conceded: Zones = {"paint": (35, 20), "mid_range": (20, 8), "three_pt": (35, 12)}
    rest_of_league = {"paint": (4475, 2600), "mid_range": (2700, 1110), "three_pt": (3475, 1240)}
    shares = iter(split_evenly(rest_of_league, 35))
    for number in range(1, 16):
        made.game(days_before(number), Night("BOS", zones=next(shares)), Night("NYK", zones=conceded))
    for number in range(1, 11):
        made.game(days_before(number), Night("DEN", zones=next(shares)), Night("UTA", zones=next(shares)))
    return made


def split_evenly(zones: Zones, parts: int) -> list[Zones]:
    """Parts that differ by at most one attempt and one make, and sum to the whole."""
    return [
        {
            zone: tuple(whole // parts + (1 if number < whole % parts else 0) for whole in counts)
            for zone, counts in zones.items()
        }
        for number in range(parts)
    ]
