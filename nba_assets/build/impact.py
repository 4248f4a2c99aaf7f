"""Which cells a game touches: the window engine asked the other way round. Nothing is computed or written.

May name cells whose value happens to stay as it is; misses none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import pandas as pd

from nba_assets.build.session import Session
from nba_assets.league.calendar import season_last_day
from nba_assets.league.slate import LISTING_COLUMNS
from nba_assets.league.windows import AsOf, Bools, GameLog, Window
from nba_assets.tables import TABLES
from nba_assets.tables.games import RESULT_COLUMNS, finished_games, team_games
from nba_assets.tables.player_shot_zone_analysis import MORE_GAMES
from nba_assets.tables.raw_player_boxscores import PLAYED
from nba_assets.tables.team_defense_zone_analysis import LAST_GAMES, LEAGUE_DAYS

_COLUMNS = ["table", "date", "entity"]
_ON_SLATE = (
    "upcoming_player_game_context",
    "player_daily_cache",
    "player_composite_factors",
    "ml_feature_store_v2",
)
_TEAM_PACE_GAMES = 10


class UnknownGameError(ValueError):
    """No schedule that is loaded has the game."""


@dataclass(frozen=True)
class Game:
    """The game that is asked about."""

    game_id: str
    day: date
    season: str
    teams: tuple[str, str]


def find_game(session: Session, game_id: str) -> Game:
    """The game in the loaded schedules; UnknownGameError says what to do about one that is not there."""
    schedule = session.warehouse.read(TABLES["raw_schedule"], columns=RESULT_COLUMNS)
    found = schedule[schedule["game_id"] == game_id]
    if found.empty:
        raise UnknownGameError(
            f"no loaded schedule has a game '{game_id}' (ten digits, like 0022100111). "
            "Load its date first: nba-assets backfill DATE DATE"
        )
    row = found.iloc[-1]
    return Game(game_id, row["game_date"].date(), row["season"], (row["home_team"], row["away_team"]))


def impact(session: Session, game: Game) -> pd.DataFrame:
    """One row per touched cell: table, date, entity (a team, a player id or the game id)."""
    with session.warehouse.reading():
        season = _Season(session, game)
        parts = [_of_the_day(session, game), *(season.cells(name, mask) for name, mask in season.masks().items())]
        parts.append(season.dropped_from_the_slate())
    cells = pd.concat(parts, ignore_index=True).drop_duplicates()
    order = {name: position for position, name in enumerate(TABLES)}
    return cells.sort_values(["table", "date", "entity"], key=lambda c: c.map(order) if c.name == "table" else c)


def _of_the_day(session: Session, game: Game) -> pd.DataFrame:
    """The rows about the game itself."""
    cells = [("raw_schedule", game.day, game.game_id), ("raw_shots", game.day, game.game_id)]
    for table in ("raw_team_boxscores", "team_offense_game_summary", "team_defense_game_summary"):
        cells += [(table, game.day, team) for team in game.teams]
    for table in ("raw_player_boxscores", "player_game_summary"):
        rows = session.warehouse.read(TABLES[table], columns=["game_id", "player_id"], start=game.day, end=game.day)
        players = rows.loc[rows["game_id"] == game.game_id, "player_id"]
        cells += [(table, game.day, str(player)) for player in players]
    return pd.DataFrame(cells, columns=_COLUMNS)


class _Season:
    """The season's logs, and the keys of the pre-game tables after the game, beside each other."""

    def __init__(self, session: Session, game: Game) -> None:
        self._session, self._game = session, game
        last = season_last_day(game.season)
        schedule = self._read("raw_schedule", RESULT_COLUMNS, None, last)
        listings = self._read("raw_player_boxscores", LISTING_COLUMNS, None, last)
        self._teams = GameLog(team_games(finished_games(schedule, session.counting_types)), entity="team")
        self._listed = GameLog(listings, entity="player_id")
        self._played = GameLog(listings[listings["listing"] == PLAYED], entity="player_id")
        context = self._read(
            "upcoming_player_game_context", ("season", "player_id", "team", "opponent"), game.day, last
        )
        self.slate = context[context["game_date"] > pd.Timestamp(game.day)].reset_index(drop=True)
        self._last = last

    def masks(self) -> dict[str, tuple[pd.DataFrame, Bools]]:
        """Per pre-game table its keys after the game, and which of them are touched."""
        slate = self.slate
        own = self._hit(self._listed, slate["player_id"], slate, AsOf.season)
        team = self._hit(self._teams, slate["team"], slate, AsOf.season)
        opponent = self._hit(self._teams, slate["opponent"], slate, lambda a: a.last(_TEAM_PACE_GAMES))
        context = own | team | opponent | self._beside_touched(own)
        shooter = self._hit(self._played, slate["player_id"], slate, lambda a: a.last(MORE_GAMES))
        defence = self._hit(self._teams, slate["opponent"], slate, lambda a: a.last(LAST_GAMES))
        league = self._within_league_days(slate["game_date"])
        factors = context | shooter | defence | league
        return {
            "upcoming_team_game_context": self._team_context(),
            "upcoming_player_game_context": (slate, context),
            "team_defense_zone_analysis": self._defences(),
            "player_shot_zone_analysis": self._shooters(),
            "player_daily_cache": (slate, own | team),
            "player_composite_factors": (slate, factors),
            "ml_feature_store_v2": (slate, factors | self._readiness()),
        }

    def cells(self, table: str, keys_and_mask: tuple[pd.DataFrame, Bools]) -> pd.DataFrame:
        """The touched keys of a table as cells."""
        keys, mask = keys_and_mask
        touched = keys[mask]
        entity = "team" if "player_id" not in touched else "player_id"
        day = next(name for name in ("game_date", "analysis_date", "cache_date") if name in touched)
        return pd.DataFrame(
            {"table": table, "date": touched[day].dt.date.to_numpy(), "entity": touched[entity].astype(str).to_numpy()}
        )

    def dropped_from_the_slate(self) -> pd.DataFrame:
        """Players that the game took off a slate: listed in their team's game before it, but not in it."""
        cells = []
        for team in self._game.teams:
            games = self._teams.games[self._teams.games["team"] == team].reset_index(drop=True)
            position = games.index[games["game_id"] == self._game.game_id]
            if not len(position) or position[0] == 0:
                continue
            before = games["game_id"][position[0] - 1]
            listed = self._listed.games
            gone = set(listed.loc[(listed["game_id"] == before) & (listed["team"] == team), "player_id"])
            gone -= set(listed.loc[listed["game_id"] == self._game.game_id, "player_id"])
            days = self._next_dates(team)
            cells += [(table, day, str(player)) for table in _ON_SLATE for player in gone for day in days]
        return pd.DataFrame(cells, columns=_COLUMNS)

    def _next_dates(self, team: str) -> list[date]:
        """The dates on which the game is the team's newest: until its next one."""
        rows = self.slate[self.slate["team"] == team].drop_duplicates("game_date")
        newest = self._hit(self._teams, rows["team"], rows, lambda a: a.last(1))
        return list(rows.loc[newest, "game_date"].dt.date)

    def _read(self, table: str, columns: tuple[str, ...], first: date | None, last: date) -> pd.DataFrame:
        wanted = (TABLES[table].partition, *columns)
        rows = self._session.warehouse.read(TABLES[table], columns=wanted, start=first, end=last)
        return rows[rows["season"] == self._game.season].reset_index(drop=True)

    def _hit(self, log: GameLog, entities: pd.Series, keys: pd.DataFrame, window: Callable[[AsOf], Window]) -> Bools:
        """Which keys have the game in their window: the converse look-up."""
        day = next(name for name in ("game_date", "analysis_date") if name in keys)
        windows = window(log.before(entities, keys["season"], keys[day]))
        hit = windows.contains(-1)
        for position in log.games.index[log.games["game_id"] == self._game.game_id]:
            hit |= windows.contains(position)
        return hit

    def _within_league_days(self, days: pd.Series) -> Bools:
        """The league's averages look back thirty days, over every team."""
        since = (days - pd.Timestamp(self._game.day)).dt.days
        return (since > 0).to_numpy() & (since <= LEAGUE_DAYS).to_numpy()

    def _beside_touched(self, own: Bools) -> Bools:
        """Team mates of a touched player: he may have become, or ceased to be, a star who is out."""
        key = self.slate["game_date"].astype(str) + self.slate["team"]
        return key.isin(set(key[own])).to_numpy()

    def _team_context(self) -> tuple[pd.DataFrame, Bools]:
        rows = self._after("upcoming_team_game_context", ("season", "team", "opponent"))
        own = self._hit(self._teams, rows["team"], rows, AsOf.season)
        return rows, own | self._hit(self._teams, rows["opponent"], rows, lambda a: a.last(1))

    def _defences(self) -> tuple[pd.DataFrame, Bools]:
        rows = self._after("team_defense_zone_analysis", ("season", "team"))
        own = self._hit(self._teams, rows["team"], rows, lambda a: a.last(LAST_GAMES))
        return rows, own | self._within_league_days(rows["analysis_date"])

    def _shooters(self) -> tuple[pd.DataFrame, Bools]:
        rows = self._after("player_shot_zone_analysis", ("season", "player_id"))
        return rows, self._hit(self._played, rows["player_id"], rows, lambda a: a.last(MORE_GAMES))

    def _after(self, table: str, columns: tuple[str, ...]) -> pd.DataFrame:
        rows = self._read(table, columns, self._game.day, self._last)
        return rows[rows[TABLES[table].partition] > pd.Timestamp(self._game.day)].reset_index(drop=True)

    def _readiness(self) -> Bools:
        """While the game's box score is not loaded, everybody whose opponent played in it waits for it."""
        loaded = self._session.warehouse.read(
            TABLES["team_offense_game_summary"], columns=["game_id"], start=self._game.day, end=self._game.day
        )
        if (loaded["game_id"] == self._game.game_id).any():
            return self.slate["opponent"].isin([]).to_numpy()
        return self._hit(self._teams, self.slate["opponent"], self.slate, AsOf.season)
