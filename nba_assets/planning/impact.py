"""Which cells a game touches: what the tables declare to read, asked the other way round. Nothing is computed.

May name cells whose value happens to stay as it is; misses none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from nba_assets.league.calendar import REST_TYPES, season_last_day
from nba_assets.league.slate import LISTING_COLUMNS, slate, stints
from nba_assets.league.windows import Bools, GameLog, season
from nba_assets.planning.touched import Touched, are_among, with_new
from nba_assets.schema.contract import names_of
from nba_assets.schema.graph import basis_of, columns_to_find_by, is_history, reads_of
from nba_assets.schema.reads import GAME, PLAYER, TEAM, Read
from nba_assets.schema.table import Input, Phase, Table, TimeRule
from nba_assets.session import Session
from nba_assets.tables import LISTING, SCHEDULE, TABLES
from nba_assets.tables.games import (
    FINAL,
    RESULT_COLUMNS,
    counting_games,
    finished_games,
    team_games,
    without_cup_finals,
)

_LEAGUE = "league"


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
    schedule = session.warehouse.read(SCHEDULE, columns=RESULT_COLUMNS)
    found = schedule[schedule["game_id"] == game_id]
    if found.empty:
        raise UnknownGameError(
            f"no loaded schedule has a game '{game_id}' (ten digits, like 0022100111). "
            "Load its date first: nba-assets backfill DATE DATE"
        )
    row = found.iloc[-1]
    return Game(game_id, row["game_date"].date(), row["season"], (row["home_team"], row["away_team"]))


def impact(session: Session, game: Game, tables: Mapping[str, Table] = TABLES) -> pd.DataFrame:
    """One row per touched cell: table, date, entity (a team, a player id or the game id).

    While the game's box score is not loaded, its players are those who were with the two teams on its day.
    """
    with session.warehouse.reading():
        walk = _Walk(session, game, tables)
        cells = [walk.visit(table).cells() for table in tables.values()]
        for final in walk.finals_taken_from_it():
            of_final = _Walk(session, final, tables)
            touched = [of_final.visit(table) for table in tables.values()]
            cells += [found.cells() for found in touched if found.table.phase is Phase.PRE_GAME]
    return pd.concat(cells, ignore_index=True).drop_duplicates(ignore_index=True)


class _Walk:
    """The tables in the order of the graph, each asked what it has of the game by what it reads of those before it.

    Only rows dated on the game's day or later are looked at: no earlier one is touched, and whether the game is in
    a window does not depend on the games before it. A Cup final touches its own rows, and what is read for rest.
    """

    def __init__(self, session: Session, game: Game, tables: Mapping[str, Table]) -> None:
        self._session, self._game, self._tables = session, game, tables
        self._day = pd.Timestamp(game.day)
        self._last = season_last_day(game.season)
        schedule = session.warehouse.read(SCHEDULE, columns=RESULT_COLUMNS, start=game.day, end=self._last)
        self._playing = team_games(counting_games(schedule, session.counting_types))
        self._finals = team_games(finished_games(schedule, REST_TYPES))
        self._is_final = bool(self._is_of_game(self._finals).any())
        listings = session.warehouse.read(LISTING, columns=LISTING_COLUMNS, end=self._last)
        self._all_listings = listings[listings["season"] == game.season]
        self._listings = without_cup_finals(self._all_listings)
        self._is_loaded = bool(self._is_of_game(self._all_listings).any())
        self._players = self._players_of_game()
        self._of_game: dict[str, list[Any]] = {GAME: [game.game_id]}
        if self._is_final or self._is_of_game(self._playing).any():  # of other games no box score is expected
            self._of_game |= {TEAM: [*game.teams], PLAYER: self._players[PLAYER].unique().tolist()}
        self._touched: dict[str, Touched] = {}
        self._logs: dict[tuple[str, str], GameLog] = {}

    def finals_taken_from_it(self) -> list[Game]:
        """The Cup finals that whoever played in this game is taken to have played, their box score not being loaded."""
        if self._is_final:
            return []
        others = self._listings[~self._is_of_game(self._listings)]
        found = []
        for side in self._finals[self._finals[TEAM].isin(self._game.teams)].itertuples():
            of_team = others.loc[others[TEAM].eq(side.team), "game_date"]
            known = self._all_listings[GAME].eq(side.game_id) & self._all_listings[TEAM].eq(side.team)
            if not known.any() and not of_team.between(self._day, side.game_date, inclusive="left").any():
                teams = (side.home_team, side.away_team)
                found.append(Game(side.game_id, side.game_date.date(), side.season, teams))
        return found

    def visit(self, table: Table) -> Touched:
        """The table's touched rows. The tables that it reads must have been visited."""
        rows = self._with_the_game(table, self._stored(table))
        if GAME in rows and table.phase is not Phase.PRE_GAME:
            found = Touched(table, rows, [(None, self._is_of_game(rows))])
        else:
            rows = self._with_others(table, rows)
            reads = [(input_, read) for input_ in table.inputs for read in reads_of(table, input_, self._tables)]
            found = Touched(table, rows, [(read.into, self._reached(rows, of, read)) for of, read in reads])
            if any(input_.rule is TimeRule.ANNOUNCED for input_ in table.inputs):
                found.parts.append((None, self._on_its_night(rows)))
        self._touched[table.name] = found
        return found

    def _players_of_game(self) -> pd.DataFrame:
        """Players with their teams: those listed in the game, or, while it is not loaded, with its teams on its day.

        Before a team's first game nobody was listed: they are those of its first one. Of a Cup final they are both: one
        team's box score may be there without the other's.
        """
        listed = self._all_listings.loc[self._is_of_game(self._all_listings), [PLAYER, TEAM]]
        if not self._is_loaded:
            return self._with_its_teams()
        return pd.concat([listed, self._with_its_teams()], ignore_index=True) if self._is_final else listed

    def _with_its_teams(self) -> pd.DataFrame:
        spells = stints(self._listings)
        first_game = spells[TEAM].map(self._listings.groupby(TEAM)["game_date"].min())
        began, ended = spells["first_day"].le(first_game.clip(lower=self._day)), spells["next_day"].le(self._day)
        with_team = spells[TEAM].isin(self._game.teams) & began & ~ended
        return spells.loc[with_team, [PLAYER, TEAM]].drop_duplicates(PLAYER)

    def _stored(self, table: Table) -> pd.DataFrame:
        """The table's rows from the game's day on: whom they are about, and the columns that rows are found by."""
        wanted = columns_to_find_by(table, self._tables)
        columns = [name for name in names_of(table.contract) if name in {table.partition, *wanted}]
        last = self._last if table.phase is Phase.PRE_GAME or is_history(table, self._tables) else self._game.day
        rows = self._session.warehouse.read(table, columns=columns, start=self._game.day, end=last)
        rows = rows.rename(columns={table.partition: "date"}).drop_duplicates()
        basis = basis_of(table, self._tables)
        if basis is not None:
            beside = self._touched[basis.name].rows[["date", table.entity, *wanted.difference(columns)]]
            rows = rows.merge(beside, on=["date", table.entity], how="left")
        return rows.assign(season=self._game.season, is_new=False)

    def _with_the_game(self, table: Table, rows: pd.DataFrame) -> pd.DataFrame:
        """With the rows about the game that are still to come. Which players a slate will have is not known."""
        is_slate = table.entity == PLAYER and table.phase is Phase.PRE_GAME
        if GAME not in rows or is_slate or self._is_of_game(rows).any():
            return rows
        if self._is_final and table is not LISTING:  # nothing else will have it
            return rows
        coming = pd.DataFrame({table.entity: self._of_game.get(table.entity, [])})
        coming = coming.assign(**{"date": self._day, "season": self._game.season, GAME: self._game.game_id})
        return with_new(rows, coming, table.entity)

    def _with_others(self, table: Table, rows: pd.DataFrame) -> pd.DataFrame:
        """With the rows that the game took off a slate, and those that it may bring while it is not loaded."""
        if self._is_final:  # nobody is on a slate because of it
            return rows
        if any(read.slate for input_ in table.inputs for read in input_.reads or ()):
            return with_new(rows, self._of_other_slates(rows), table.entity)
        coming = [] if self._is_loaded else self._of_game.get(table.entity, [])
        basis = basis_of(table, self._tables)
        if basis is not None:
            beside = self._touched[basis.name].rows
            return with_new(rows, beside[beside["is_new"] | beside[table.entity].isin(coming)], table.entity)
        if GAME in rows:  # whose entities the schedule says
            return rows
        dates = rows[["date", "season"]].drop_duplicates()
        return with_new(rows, dates.merge(pd.DataFrame({table.entity: coming}), how="cross"), table.entity)

    def _of_other_slates(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Who would be on a slate without the game; while it is not loaded, who would be with it."""
        others = self._listings[~self._is_of_game(self._listings)]
        if not self._is_loaded:
            coming = {"game_date": self._day, "season": self._game.season, GAME: self._game.game_id}
            others = pd.concat([others, self._players.assign(**coming)], ignore_index=True)
        dates = self._playing["game_date"]
        found = slate(others, self._playing[dates.isin(rows["date"]) & dates.gt(self._day)])
        is_theirs = found[TEAM].isin(self._game.teams) | found[PLAYER].isin(self._players[PLAYER])
        return found[is_theirs].rename(columns={"game_date": "date"})

    def _reached(self, rows: pd.DataFrame, input_: Input, read: Read) -> Bools:
        """The rows that read something touched in this way."""
        if read.judged or (read.until_loaded and self._is_loaded):
            return np.zeros(len(rows), dtype=bool)
        if input_.rule is not TimeRule.BEFORE_DATE:
            other = self._touched[input_.table]
            keys = other.rows.loc[other.mask(read.through or input_.columns), ["date", str(read.of)]]
            return are_among(rows, ["date", str(read.by)], keys)
        if self._is_final and not read.rest:
            return np.zeros(len(rows), dtype=bool)
        log = self._log(read.log or input_.table, read.of or _LEAGUE)
        entities = rows[read.by] if read.by else [_LEAGUE] * len(rows)
        as_of = log.before(entities, rows["season"], rows["date"])
        found = as_of.over(read.over or season()).has_any("touched")
        if read.slate:
            found |= rows["is_new"].to_numpy()
        if read.mates:
            sides = rows.loc[found | rows["is_new"], ["date", TEAM]]
            found = are_among(rows, ["date", TEAM], sides)
        if read.where:
            sides = rows.loc[rows[read.where].notna(), ["date", TEAM]]
            found &= are_among(rows, ["date", TEAM], sides)
        return found

    def _log(self, table: str, of: str) -> GameLog:
        """The games that windows over a table count, by entity; those that are touched are marked."""
        if (table, of) not in self._logs:
            if table == SCHEDULE.name:
                is_asked = self._is_of_game(self._playing)
                games = self._playing.assign(touched=is_asked)[is_asked | self._playing["status"].eq(FINAL)]
            else:
                games = self._touched[table].rows.assign(touched=self._touched[table].mask())
                games = games.rename(columns={"date": "game_date"})
            games = games.assign(**{_LEAGUE: _LEAGUE, GAME: games.get(GAME, "")})
            games = games[[*dict.fromkeys([of, "season", "game_date", GAME, "touched"])]]
            self._logs[table, of] = GameLog(self._with_the_final(games, of), entity=of)
        return self._logs[table, of]

    def _with_the_final(self, games: pd.DataFrame, of: str) -> pd.DataFrame:
        """A Cup final that is asked about is a game of windows for rest, though it is in no table that counts."""
        if not self._is_final:
            return games
        about = {"season": self._game.season, "game_date": self._day, GAME: self._game.game_id, "touched": True}
        final = pd.DataFrame({of: self._of_game[of]}).assign(**about)
        return pd.concat([games, final], ignore_index=True) if len(games) else final

    def _on_its_night(self, rows: pd.DataFrame) -> Bools:
        """All rows of the date, if it is the night's only game: a date without games has none."""
        tonight = self._playing.loc[self._playing["game_date"].eq(self._day), GAME]
        is_only_game: Bools = (rows["date"].eq(self._day) & (tonight.nunique() <= 1) & (not self._is_final)).to_numpy()
        return is_only_game

    def _is_of_game(self, rows: pd.DataFrame) -> Bools:
        is_of_game: Bools = rows[GAME].eq(self._game.game_id).to_numpy()
        return is_of_game
