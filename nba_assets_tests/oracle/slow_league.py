"""The facts of a league as plain records, and the questions a table may ask about them.

"Before D" always means: finished counting games of the season of D, dated strictly before D. Cup finals do not
count; they are asked for by their own name.
No table rule and no formula belongs here.
"""

import datetime as dt
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

COUNTING_STATISTICS = (
    "points",
    "fgm",
    "fga",
    "fg3m",
    "fg3a",
    "ftm",
    "fta",
    "oreb",
    "dreb",
    "reb",
    "ast",
    "stl",
    "blk",
    "tov",
    "pf",
)
ZONES = ("paint", "mid_range", "three_pt")

Record = dict[str, Any]
Moment = tuple[dt.date, str]


@dataclass(frozen=True)
class Game:
    """One row of raw_schedule."""

    game_id: str
    season: str
    game_date: dt.date
    game_type: str | None
    status: str
    home_team: str
    away_team: str
    tipoff_utc: Any

    @property
    def moment(self) -> Moment:
        """What games are ordered by: date, then game id."""
        return (self.game_date, self.game_id)

    @property
    def teams(self) -> tuple[str, str]:
        return (self.home_team, self.away_team)

    def opponent_of(self, team: str) -> str:
        return self.away_team if team == self.home_team else self.home_team


@dataclass(frozen=True)
class TeamBox:
    """One row of raw_team_boxscores with its game."""

    game: Game
    team: str
    opponent: str
    is_home: bool
    won: bool
    overtime_periods: int
    seconds_played: int
    stats: dict[str, int]


@dataclass(frozen=True)
class Listing:
    """One row of raw_player_boxscores with its game; the statistics are None unless he played."""

    game: Game
    player_id: int
    player_name: str
    team: str
    opponent: str
    is_home: bool
    listing: str
    starter: bool | None
    seconds_played: int | None
    plus_minus: int | None
    birth_date: dt.date | None
    stats: dict[str, Any]

    @property
    def played(self) -> bool:
        return self.listing == "played"


@dataclass(frozen=True)
class ZoneCount:
    """Attempts and makes from one zone."""

    attempts: int
    makes: int


@dataclass(frozen=True)
class InjuryReport:
    """What a team's report for one date said: players out, and the name and status of every row."""

    players_out: int
    rows: list[tuple[str, str]]


def player_lookup(name: str) -> str:
    """NFKD, accents dropped, lower case, only a-z and 0-9; the suffix stays."""
    decomposed = unicodedata.normalize("NFKD", name).lower()
    return "".join(letter for letter in decomposed if letter in "abcdefghijklmnopqrstuvwxyz0123456789")


def without_suffix(name: str) -> str:
    """Without Jr., Sr., II, III, IV, V, VI."""
    words = [word for word in name.split() if player_lookup(word) not in ("jr", "sr", "ii", "iii", "iv", "v", "vi")]
    return " ".join(words)


def last_name(name: str) -> str:
    """The last word, without accents and suffix."""
    return player_lookup(without_suffix(name).split()[-1])


def first_name_first(name: str) -> str:
    """ "Last, First" -> "First Last"; a name without a comma stays as it is."""
    last, comma, first = name.partition(",")
    return f"{first.strip()} {last.strip()}" if comma else name


def records(frame: pd.DataFrame | None) -> list[Record]:
    """The rows of a frame as dicts: every kind of missing value is None, every date a datetime.date."""
    if frame is None:
        return []
    columns = {}
    for name in frame.columns:
        column = frame[name]
        if name in ("game_date", "report_date", "birth_date"):
            column = pd.to_datetime(column).dt.date
        values = column.tolist()
        columns[name] = [None if missing else value for value, missing in zip(values, column.isna(), strict=True)]
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def whole(value: Any) -> int | None:
    """A count as a Python int (a column with NULLs arrives as floats)."""
    return None if value is None else int(value)


def statistics_of(row: Record) -> dict[str, Any]:
    return {name: whole(row[name]) for name in COUNTING_STATISTICS}


class Facts:
    """The raw tables, indexed by game, team and player."""

    def __init__(
        self,
        *,
        schedule: pd.DataFrame,
        team_boxscores: pd.DataFrame,
        player_boxscores: pd.DataFrame,
        shots: pd.DataFrame,
        injury_reports: pd.DataFrame | None,
        game_lines: pd.DataFrame | None,
        counting_types: Sequence[str],
    ) -> None:
        self.counting_types = tuple(counting_types)
        self._read_schedule(records(schedule))
        self._read_team_boxes(records(team_boxscores))
        self._read_listings(records(player_boxscores))
        self._read_shots(records(shots[["game_id", "team", "player_id", "zone", "made", "assisted"]]))
        self._injury_rows = records(injury_reports)
        self._lines = {row["game_id"]: row for row in records(game_lines)}

    # Reading

    def _read_schedule(self, rows: list[Record]) -> None:
        self.games: dict[str, Game] = {}
        for row in rows:
            self.games[row["game_id"]] = Game(
                game_id=row["game_id"],
                season=row["season"],
                game_date=row["game_date"],
                game_type=row["game_type"],
                status=row["status"],
                home_team=row["home_team"],
                away_team=row["away_team"],
                tipoff_utc=row["tipoff_utc"],
            )
        self._finished_of_team: dict[tuple[str, str], list[Game]] = defaultdict(list)
        self._cup_finals: list[Game] = []
        self._season_dates: dict[str, list[dt.date]] = defaultdict(list)
        self._season_of: dict[dt.date, str] = {}
        for game in sorted(self.games.values(), key=lambda game: game.moment):
            self._season_dates[game.season].append(game.game_date)
            if game.game_type == "006" and game.status == "final":
                self._cup_finals.append(game)
            if self.is_finished_counting(game):
                for team in game.teams:
                    self._finished_of_team[game.season, team].append(game)

    def _finished_game(self, row: Record) -> Game | None:
        """The game of a row, if it is in the schedule, counts, and is finished."""
        game = self.games.get(row["game_id"])
        return game if game is not None and self.is_finished_counting(game) else None

    def _read_team_boxes(self, rows: list[Record]) -> None:
        self.team_box: dict[tuple[str, str], TeamBox] = {}
        for row in rows:
            game = self._finished_game(row)
            if game is not None:
                self.team_box[game.game_id, row["team"]] = TeamBox(
                    game=game,
                    team=row["team"],
                    opponent=row["opponent"],
                    is_home=row["is_home"],
                    won=row["won"],
                    overtime_periods=int(row["overtime_periods"]),
                    seconds_played=int(row["seconds_played"]),
                    stats=statistics_of(row),
                )
        self._boxes_of_team: dict[tuple[str, str], list[TeamBox]] = defaultdict(list)
        for box in sorted(self.team_box.values(), key=lambda box: box.game.moment):
            self._boxes_of_team[box.game.season, box.team].append(box)

    def _read_listings(self, rows: list[Record]) -> None:
        self.listings: list[Listing] = []
        self._seconds_in_final: dict[str, dict[str, dict[int, int]]] = defaultdict(lambda: defaultdict(dict))
        for row in rows:
            if row["game_id"][:3] == "006" and row["listing"] == "played":
                of_team = self._seconds_in_final[row["game_id"]][row["team"]]
                of_team[int(row["player_id"])] = int(row["seconds_played"])
            game = self._finished_game(row)
            if game is not None:
                self.listings.append(
                    Listing(
                        game=game,
                        player_id=int(row["player_id"]),
                        player_name=row["player_name"],
                        team=row["team"],
                        opponent=row["opponent"],
                        is_home=row["is_home"],
                        listing=row["listing"],
                        starter=row["starter"],
                        seconds_played=whole(row["seconds_played"]),
                        plus_minus=whole(row["plus_minus"]),
                        birth_date=row.get("birth_date"),
                        stats=statistics_of(row),
                    )
                )
        self.listings.sort(key=lambda listing: (listing.game.moment, listing.player_id))
        self._listings_of_player: dict[tuple[str, int], list[Listing]] = defaultdict(list)
        self._listed_games_of_team: dict[tuple[str, str], set[Moment]] = defaultdict(set)
        for listing in self.listings:
            season = listing.game.season
            self._listings_of_player[season, listing.player_id].append(listing)
            self._listed_games_of_team[season, listing.team].add(listing.game.moment)

    def _read_shots(self, rows: list[Record]) -> None:
        self._shots_of_team: dict[tuple[str, str], list[Record]] = defaultdict(list)
        self._shots_of_player: dict[tuple[str, int], list[Record]] = defaultdict(list)
        for row in rows:
            self._shots_of_team[row["game_id"], row["team"]].append(row)
            self._shots_of_player[row["game_id"], int(row["player_id"])].append(row)
        self._known: dict[str, bool] = {}

    # Seasons and games

    def is_counting(self, game: Game) -> bool:
        return game.game_type in self.counting_types

    def is_finished_counting(self, game: Game) -> bool:
        return self.is_counting(game) and game.status == "final"

    def season_of(self, day: dt.date) -> str:
        """The season of a date: of a game on that date, else the one whose schedule spans it, else July 1."""
        if day not in self._season_of:
            self._season_of[day] = self._find_season(day)
        return self._season_of[day]

    def _find_season(self, day: dt.date) -> str:
        spans = {season: (min(dates), max(dates)) for season, dates in self._season_dates.items()}
        with_a_game = [season for season, dates in self._season_dates.items() if day in dates]
        spanning = [season for season, (first, last) in spans.items() if first <= day <= last]
        for candidates in (with_a_game, spanning):
            if candidates:
                return max(candidates)
        start_year = day.year if day >= dt.date(day.year, 7, 1) else day.year - 1
        return f"{start_year}-{(start_year + 1) % 100:02d}"

    def games_on(self, day: dt.date) -> dict[str, Game]:
        """Team -> its counting game of that date, scheduled or final; a postponed game is no game."""
        playing: dict[str, Game] = {}
        for game in sorted(self.games.values(), key=lambda game: game.moment):
            if game.game_date == day and self.is_counting(game) and game.status in ("scheduled", "final"):
                for team in game.teams:
                    playing.setdefault(team, game)
        return playing

    def finished_before(self, team: str, day: dt.date) -> list[Game]:
        """The team's finished games before D, from the schedule, whether loaded or not; oldest first."""
        return [g for g in self._finished_of_team[self.season_of(day), team] if g.game_date < day]

    def cup_finals_before(self, day: dt.date) -> list[Game]:
        """The finished Cup finals of the season before D."""
        return [g for g in self._cup_finals if g.season == self.season_of(day) and g.game_date < day]

    def seconds_in_final(self, game: Game, team: str) -> dict[int, int] | None:
        """Player -> seconds of those who played a Cup final for a team; None if its box score is not loaded."""
        return self._seconds_in_final[game.game_id][team] or None

    # Box scores

    def team_boxes_before(self, team: str, day: dt.date) -> list[TeamBox]:
        """The team's loaded box scores before D, oldest first."""
        return [b for b in self._boxes_of_team[self.season_of(day), team] if b.game.game_date < day]

    def teams_before(self, day: dt.date) -> list[str]:
        """Teams with at least one loaded box score before D."""
        season = self.season_of(day)
        teams = sorted({team for of_season, team in self._boxes_of_team if of_season == season})
        return [team for team in teams if self.team_boxes_before(team, day)]

    def opponent_box(self, box: TeamBox) -> TeamBox | None:
        return self.team_box.get((box.game.game_id, box.opponent))

    def own_team_box(self, listing: Listing) -> TeamBox | None:
        """The box score of the team for which a player was listed, of the same game."""
        return self.team_box.get((listing.game.game_id, listing.team))

    # Players

    def listings_before(self, player_id: int, day: dt.date) -> list[Listing]:
        """Played, dnp and inactive listings of a player before D, oldest first."""
        of_season = self._listings_of_player[self.season_of(day), player_id]
        return [listing for listing in of_season if listing.game.game_date < day]

    def counted_before(self, player_id: int, day: dt.date) -> list[Listing]:
        """Those that say whom he was with: on a date on which he was in uniform, not where he was inactive."""
        listings = self.listings_before(player_id, day)
        in_uniform = {listing.game.game_date for listing in listings if listing.listing != "inactive"}
        return [item for item in listings if item.listing != "inactive" or item.game.game_date not in in_uniform]

    def played_before(self, player_id: int, day: dt.date) -> list[Listing]:
        """The games he played before D, for whichever team, oldest first."""
        return [listing for listing in self.listings_before(player_id, day) if listing.played]

    def players_before(self, day: dt.date) -> list[int]:
        """Players with at least one listing before D."""
        season = self.season_of(day)
        players = sorted({player for of_season, player in self._listings_of_player if of_season == season})
        return [player for player in players if self.listings_before(player, day)]

    def latest_listed_game(self, team: str, day: dt.date) -> Moment | None:
        """The team's latest game before D for which players are listed."""
        moments = self._listed_games_of_team[self.season_of(day), team]
        return max((moment for moment in moments if moment[0] < day), default=None)

    # Shots

    def shots_known(self, game_id: str) -> bool:
        """For both teams: attempts = FGA ± 1 and makes = FGM ± 1 of the team box score."""
        if game_id not in self._known:
            game = self.games[game_id]
            self._known[game_id] = all(self._shots_agree(game_id, team) for team in game.teams)
        return self._known[game_id]

    def _shots_agree(self, game_id: str, team: str) -> bool:
        box = self.team_box.get((game_id, team))
        if box is None:
            return False
        shots = self._shots_of_team.get((game_id, team), [])
        makes = sum(1 for shot in shots if shot["made"])
        return abs(len(shots) - box.stats["fga"]) <= 1 and abs(makes - box.stats["fgm"]) <= 1

    def team_zones(self, game_id: str, team: str) -> dict[str, ZoneCount] | None:
        """A team's shots by zone in one game; None if the shots of the game are not known."""
        if not self.shots_known(game_id):
            return None
        return count_zones(self._shots_of_team.get((game_id, team), []))

    def player_zones(self, listing: Listing) -> dict[str, ZoneCount] | None:
        """A player's shots by zone in one game; None if the shots of the game are not known."""
        if not self.shots_known(listing.game.game_id):
            return None
        return count_zones(self._shots_of_player.get((listing.game.game_id, listing.player_id), []))

    def assisted_makes(self, listing: Listing) -> int | None:
        """How many of a player's field goals were assisted; None unless that is known of all made shots of the game."""
        game_id = listing.game.game_id
        of_game = [shot for team in listing.game.teams for shot in self._shots_of_team.get((game_id, team), [])]
        makes = [shot for shot in of_game if shot["made"]]
        own = [shot for shot in makes if shot["player_id"] == listing.player_id]
        if not makes or any(shot["assisted"] is None for shot in makes) or len(own) != listing.stats["fgm"]:
            return None
        return sum(1 for shot in own if shot["assisted"])

    # Optional sources

    def injury_report(self, team: str, day: dt.date) -> InjuryReport | None:
        """The report published on D-1 about games of D, for one team; None if there is none.

        There is none if the report has no row at all about games of D, or if the team has not submitted (a
        row without a player name). A team that is not on an existing report has nobody injured.
        """
        yesterday = day - dt.timedelta(days=1)
        rows = [r for r in self._injury_rows if r["report_date"] == yesterday and r["game_date"] == day]
        team_rows = [row for row in rows if row["team"] == team]
        if not rows or any(row["player_name"] is None for row in team_rows):
            return None
        players_out = sum(1 for row in team_rows if row["status"] == "out")
        named = [(first_name_first(row["player_name"]), row["status"]) for row in team_rows]
        return InjuryReport(players_out=players_out, rows=named)

    def line(self, game_id: str) -> Record | None:
        return self._lines.get(game_id)


def count_zones(shots: list[Record]) -> dict[str, ZoneCount]:
    """Attempts and makes per zone."""
    counts = {}
    for zone in ZONES:
        of_zone = [shot for shot in shots if shot["zone"] == zone]
        counts[zone] = ZoneCount(attempts=len(of_zone), makes=sum(1 for shot in of_zone if shot["made"]))
    return counts
