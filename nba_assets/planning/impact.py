"""Which cells a game touches: the window engine asked the other way round. Nothing is computed or written.

May name cells whose value happens to stay as it is; misses none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from nba_assets.league.calendar import season_last_day
from nba_assets.league.slate import LISTING_COLUMNS, stints
from nba_assets.league.windows import AsOf, Bools, GameLog, Window
from nba_assets.session import Session
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
_PACE_GAMES = 10


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
    """One row per touched cell: table, date, entity (a team, a player id or the game id).

    While the game's box score is not loaded, its players are those who were with the two teams on its day.
    """
    with session.warehouse.reading():
        season = _Season(session, game)
        parts = [season.of_the_game(), season.of_its_night(), season.dropped_from_slates()]
        parts += [season.cells(name, mask) for name, mask in season.masks().items()]
    cells = pd.concat(parts, ignore_index=True).drop_duplicates()
    order = {name: position for position, name in enumerate(TABLES)}
    return cells.sort_values(_COLUMNS, key=lambda c: c.map(order) if c.name == "table" else c, ignore_index=True)


class _Season:
    """The season's logs, and the keys of the pre-game tables from the game's day on, beside each other."""

    def __init__(self, session: Session, game: Game) -> None:
        self._session, self._game = session, game
        self._last = season_last_day(game.season)
        self._finished = finished_games(self._read("raw_schedule", RESULT_COLUMNS, None), session.counting_types)
        self._teams = GameLog(team_games(self._finished), entity="team")
        listings = self._read("raw_player_boxscores", LISTING_COLUMNS, None)
        self._listed = GameLog(listings, entity="player_id")
        self._played = GameLog(listings[listings["listing"] == PLAYED], entity="player_id")
        self._is_loaded = bool((listings["game_id"] == game.game_id).any())
        self._players = self._players_of(listings)
        context = self._read(
            "upcoming_player_game_context", ("season", "player_id", "team", "opponent", "player_status"), game.day
        )
        self.slate = _after(context, "game_date", game.day)
        self._tonight = context[(context["game_date"] == pd.Timestamp(game.day)) & context["team"].isin(game.teams)]
        self._dropped = self._dropped_players()

    def of_the_game(self) -> pd.DataFrame:
        """The rows about the game itself."""
        game = self._game
        cells = [(table, game.day, game.game_id) for table in ("raw_schedule", "raw_shots", "raw_game_lines")]
        for table in ("raw_team_boxscores", "team_offense_game_summary", "team_defense_game_summary"):
            cells += [(table, game.day, team) for team in game.teams]
        played = set(self._played.games.loc[self._played.games["game_id"] == game.game_id, "player_id"])
        cells += [("raw_player_boxscores", game.day, str(player)) for player in self._players]
        cells += [("player_game_summary", game.day, str(player)) for player in played or self._players]
        return pd.DataFrame(cells, columns=_COLUMNS)

    def of_its_night(self) -> pd.DataFrame:
        """What was made before the game because it was scheduled; all of it, if it is the night's only game."""
        day = self._game.day
        cells = [("upcoming_team_game_context", day, team) for team in self._game.teams]
        cells += [(table, day, str(player)) for table in _ON_SLATE for player in self._tonight["player_id"]]
        if (self._finished["game_date"] == pd.Timestamp(day)).sum() <= 1:
            for table, entity in (("team_defense_zone_analysis", "team"), ("player_shot_zone_analysis", "player_id")):
                rows = self._session.warehouse.read(TABLES[table], columns=[entity], start=day, end=day)
                cells += [(table, day, str(value)) for value in rows[entity]]
        return pd.DataFrame(cells, columns=_COLUMNS)

    def masks(self) -> dict[str, tuple[pd.DataFrame, Bools]]:
        """Per pre-game table its keys after the game, and which of them are touched."""
        slate = self.slate
        own = self._own()
        beside = self._beside_touched(own)
        team = self._hit(self._teams, slate["team"], slate, AsOf.season)
        team_pace = self._hit(self._teams, slate["team"], slate, lambda a: a.last(_PACE_GAMES))
        opponent = self._hit(self._teams, slate["opponent"], slate, lambda a: a.last(_PACE_GAMES))
        defence = self._hit(self._teams, slate["opponent"], slate, lambda a: a.last(LAST_GAMES))
        factors = own | beside | team_pace | opponent | defence | self._within_league_days(slate["game_date"])
        return {
            "upcoming_team_game_context": self._team_context(),
            "upcoming_player_game_context": (slate, own | beside | team | opponent),
            "team_defense_zone_analysis": self._defences(),
            "player_shot_zone_analysis": self._shooters(),
            "player_daily_cache": (slate, own | team),
            "player_composite_factors": (slate, factors),
            "ml_feature_store_v2": (slate, factors | team | self._waiting_opponents()),
        }

    def cells(self, table: str, keys_and_mask: tuple[pd.DataFrame, Bools]) -> pd.DataFrame:
        """The touched keys of a table as cells."""
        keys, mask = keys_and_mask
        touched = keys[mask]
        entity = "team" if "player_id" not in touched else "player_id"
        days = touched[_day_column(touched)].dt.date.to_numpy()
        return pd.DataFrame({"table": table, "date": days, "entity": touched[entity].astype(str).to_numpy()})

    def dropped_from_slates(self) -> pd.DataFrame:
        """Players whom the game took off a slate."""
        cells = [
            (table, day, str(player)) for table in _ON_SLATE for player, days in self._dropped for day in days["day"]
        ]
        return pd.DataFrame(cells, columns=_COLUMNS)

    def _own(self) -> Bools:
        """A player's own rows: the game in his season, his newest listing, or the listing that gives him his name."""
        slate = self.slate
        own = self._hit(self._played, slate["player_id"], slate, AsOf.season)
        own |= self._hit(self._listed, slate["player_id"], slate, lambda a: a.last(1))
        named = self._hit(self._listed, slate["player_id"], slate, AsOf.season)
        own |= named & slate["player_status"].notna().to_numpy()
        return own if self._is_loaded else own | slate["player_id"].isin(self._players).to_numpy()

    def _dropped_players(self) -> list[tuple[int, pd.DataFrame]]:
        """Players with the dates (day, team) on whose slate they would be without the game.

        They were listed in their team's game before it and not in it, or in it with another team than before.
        """
        if not self._is_loaded:
            return []
        found = []
        listed = self._listed.games
        in_game = listed[listed["game_id"] == self._game.game_id]
        for team in self._game.teams:
            before = _newest_before(self._teams.games, "team", team, self._game)
            was_there = listed.loc[(listed["game_id"] == before) & (listed["team"] == team), "player_id"]
            here = in_game.loc[in_game["team"] == team, "player_id"]
            days = self._dates_with_newest(team, self._game.game_id)
            found += [(player, days) for player in set(was_there) - set(here)]
        for row in in_game.itertuples():
            before = _newest_before(listed, "player_id", row.player_id, self._game)
            teams = listed.loc[(listed["game_id"] == before) & (listed["player_id"] == row.player_id), "team"]
            found += [(row.player_id, self._dates_with_newest(team, before)) for team in teams if team != row.team]
        return found

    def _dates_with_newest(self, team: str, game_id: str | None) -> pd.DataFrame:
        """The dates (day, team) before which the game is the team's newest: until its next one."""
        rows = self.slate[self.slate["team"] == team].drop_duplicates("game_date")
        newest = self._hit(self._teams, rows["team"], rows, lambda a: a.last(1), game_id=game_id)
        return rows.loc[newest, ["game_date", "team"]].assign(day=rows.loc[newest, "game_date"].dt.date)

    def _players_of(self, listings: pd.DataFrame) -> frozenset[int]:
        """The players of the game: listed in it, or, while it is not loaded, with one of its teams on its day."""
        if self._is_loaded:
            return frozenset(listings.loc[listings["game_id"] == self._game.game_id, "player_id"])
        day, spells = pd.Timestamp(self._game.day), stints(listings)
        with_team = spells["team"].isin(self._game.teams) & spells["first_day"].le(day) & ~spells["next_day"].le(day)
        return frozenset(spells.loc[with_team, "player_id"])

    def _read(self, table: str, columns: tuple[str, ...], first: date | None) -> pd.DataFrame:
        wanted = (TABLES[table].partition, *columns)
        rows = self._session.warehouse.read(TABLES[table], columns=wanted, start=first, end=self._last)
        return rows[rows["season"] == self._game.season].reset_index(drop=True)

    def _hit(
        self,
        log: GameLog,
        entities: pd.Series,
        keys: pd.DataFrame,
        window: Callable[[AsOf], Window],
        *,
        game_id: str | None = None,
    ) -> Bools:
        """Which keys have the game in their window: the converse look-up."""
        windows = window(log.before(entities, keys["season"], keys[_day_column(keys)]))
        hit = np.zeros(len(keys), dtype=bool)
        for position in log.games.index[log.games["game_id"] == (game_id or self._game.game_id)]:
            hit |= windows.contains(position)
        return hit

    def _within_league_days(self, days: pd.Series) -> Bools:
        """The league's averages look back thirty days, over every team."""
        since = (days - pd.Timestamp(self._game.day)).dt.days
        within: Bools = (since > 0).to_numpy() & (since <= LEAGUE_DAYS).to_numpy()
        return within

    def _beside_touched(self, own: Bools) -> Bools:
        """Team mates of a touched player where there is a report: he may be a star who is out, or no longer one."""
        touched = [self.slate.loc[own, ["game_date", "team"]], *(days for _, days in self._dropped)]
        pairs = pd.concat(touched)[["game_date", "team"]].drop_duplicates()
        beside = self.slate[["game_date", "team"]].merge(pairs, how="left", indicator="_side")["_side"].eq("both")
        touched_mates: Bools = (beside & self.slate["player_status"].notna()).to_numpy(dtype=bool)
        return touched_mates

    def _team_context(self) -> tuple[pd.DataFrame, Bools]:
        rows = self._keys_after("upcoming_team_game_context", ("season", "team", "opponent"))
        own = self._hit(self._teams, rows["team"], rows, AsOf.season)
        return rows, own | self._hit(self._teams, rows["opponent"], rows, lambda a: a.last(1))

    def _defences(self) -> tuple[pd.DataFrame, Bools]:
        rows = self._keys_after("team_defense_zone_analysis", ("season", "team"))
        own = self._hit(self._teams, rows["team"], rows, lambda a: a.last(LAST_GAMES))
        return rows, own | self._within_league_days(rows["analysis_date"])

    def _shooters(self) -> tuple[pd.DataFrame, Bools]:
        rows = self._keys_after("player_shot_zone_analysis", ("season", "player_id"))
        own = self._hit(self._played, rows["player_id"], rows, lambda a: a.last(MORE_GAMES))
        return rows, own if self._is_loaded else own | rows["player_id"].isin(self._players).to_numpy()

    def _keys_after(self, table: str, columns: tuple[str, ...]) -> pd.DataFrame:
        return _after(self._read(table, columns, self._game.day), TABLES[table].partition, self._game.day)

    def _waiting_opponents(self) -> Bools:
        """While the game is not loaded, everybody whose opponent played in it waits for it to be production-ready."""
        if self._is_loaded:
            return np.zeros(len(self.slate), dtype=bool)
        return self._hit(self._teams, self.slate["opponent"], self.slate, AsOf.season)


def _after(rows: pd.DataFrame, column: str, day: date) -> pd.DataFrame:
    return rows[rows[column] > pd.Timestamp(day)].reset_index(drop=True)


def _day_column(keys: pd.DataFrame) -> str:
    return next(name for name in ("game_date", "analysis_date") if name in keys)


def _newest_before(games: pd.DataFrame, entity: str, who: object, game: Game) -> str | None:
    """The entity's newest game before the game; None if it is the first of the season."""
    before = games[(games[entity] == who) & (games["game_date"] < pd.Timestamp(game.day))]
    return None if before.empty else str(before["game_id"].iloc[-1])
