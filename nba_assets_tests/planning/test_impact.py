"""The cells that a game touches, in small random leagues: none that brute force finds changed is missed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import date
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from nba_assets.league.calendar import COUNTING_TYPES, season_last_day
from nba_assets.league.windows import GameLog, last
from nba_assets.planning.impact import find_game, impact
from nba_assets.schema.contract import Contract, Date, Integer, Text, column
from nba_assets.schema.graph import in_order
from nba_assets.schema.reads import opponent
from nba_assets.schema.table import Inputs, Phase, Table, before_date, same_date
from nba_assets.tables import TABLES
from nba_assets.verification.replay import POST_GAME_TABLES, PRE_GAME_TABLES, replay
from nba_assets_tests.oracle.random_leagues import Shape, random_league
from nba_assets_tests.repair.cells import cells_of, changed_cells

pytestmark = pytest.mark.long

Frames = Mapping[str, pd.DataFrame]
BOX_SCORES = ("raw_team_boxscores", "raw_player_boxscores", "raw_shots")
LEAGUES = [
    Shape(seed=1, teams=6, season_ends=0, absences=0.1, reports=1.0, lines=0.7),
    Shape(seed=2, teams=6, season_ends=0, trades=0.05, absences=0.1, without_shots=0.05, reports=0.5),
    Shape(seed=3, teams=4, season_ends=0, games_a_night=1, trades=0.1, absences=0.3, not_counting=0.05, reports=1.0),
    Shape(seed=4, teams=6, season_ends=0, not_loaded=0.05, unplayed=0.05, absences=0.1, reports=1.0),
    Shape(seed=5, teams=6, season_ends=0, absences=0.2, reports=0.5, cup_finals=0.05),
]


@dataclass(frozen=True)
class InMemory:
    """Frames by table name, read as a warehouse's."""

    frames: Frames

    def reading(self) -> AbstractContextManager[None]:
        return nullcontext()

    def read(
        self, table: Table, *, columns: Sequence[str] | None = None, start: date | None = None, end: date | None = None
    ) -> pd.DataFrame:
        rows = self.frames[table.name]
        days = rows[table.partition]
        wanted = days.ge(pd.Timestamp(start or date.min)) & days.le(pd.Timestamp(end or season_last_day("2029-30")))
        return rows.loc[wanted, list(rows.columns if columns is None else columns)].reset_index(drop=True)


@dataclass(frozen=True)
class League:
    """A season's frames, with everything that is computed of them, and the means to ask what a game changes."""

    raw: Frames
    days: list[date]

    def stored(self, *, without: str | None = None, tables: Sequence[str] = TABLES.keys()) -> dict[str, pd.DataFrame]:
        """All tables of the league as they are if a game has no rows in some of the raw ones."""
        raw = {
            name: rows[rows["game_id"] != without] if name in tables and "game_id" in rows else rows
            for name, rows in self.raw.items()
        }
        after = replay(raw, self.days, tables=POST_GAME_TABLES)
        return {**raw, **after, **replay({**raw, **after}, self.days, tables=PRE_GAME_TABLES)}

    def changed_by(self, game_id: str, stored: Frames, *, tables: Sequence[str] = TABLES.keys()) -> set[Any]:
        return changed_cells(cells_of(stored), cells_of(self.stored(without=game_id, tables=tables)))


def league_of(shape: Shape) -> League:
    league = random_league(shape)
    return League(league.frames(), league.days)


def touched(frames: Frames, game_id: str, tables: Mapping[str, Table] = TABLES) -> set[Any]:
    """The cells that impact names."""
    session: Any = SimpleNamespace(warehouse=InMemory(frames), counting_types=COUNTING_TYPES)
    return set(impact(session, find_game(session, game_id), tables).itertuples(index=False, name=None))


def some_games(frames: Frames) -> list[str]:
    """Loaded games that count, from all over the season, in which nobody is listed for the first time."""
    debuts = frames["raw_player_boxscores"].sort_values("game_date").drop_duplicates("player_id")["game_id"]
    games = set(frames["team_offense_game_summary"]["game_id"]) - set(debuts)
    return sorted(games, key=lambda game: game[-5:])[::13]


@pytest.mark.parametrize("shape", LEAGUES, ids=lambda shape: f"league {shape.seed}")
def test_no_changed_cell_is_missed_and_few_others_are_named(shape: Shape) -> None:
    league = league_of(shape)
    stored, changed_cells_of_all, named_of_all = league.stored(), 0, 0
    for game_id in some_games(stored):
        changed, named = league.changed_by(game_id, stored), touched(stored, game_id)
        assert changed - named == set(), game_id
        changed_cells_of_all += len(changed)
        named_of_all += len(named)
    assert named_of_all < 1.5 * changed_cells_of_all


@pytest.mark.soak
@pytest.mark.parametrize("shape", [s for s in LEAGUES if not s.trades], ids=lambda shape: f"league {shape.seed}")
def test_while_a_game_is_not_loaded_its_cells_are_known_all_the_same(shape: Shape) -> None:
    league = league_of(shape)
    stored = league.stored()
    for game_id in some_games(stored):
        without = league.stored(without=game_id, tables=BOX_SCORES)
        missed = changed_cells(cells_of(without), cells_of(stored)) - touched(without, game_id)
        assert missed == set(), game_id


def cup_finals(frames: Frames, *, is_loaded: bool) -> list[str]:
    games = frames["raw_schedule"]
    finals = games.loc[games["game_type"].eq("006") & games["status"].eq("final"), "game_id"]
    return sorted(finals[finals.isin(frames["raw_player_boxscores"]["game_id"]) == is_loaded])


def test_a_cup_final_touches_the_rest_of_those_who_played_it_and_nothing_else() -> None:
    league = league_of(LEAGUES[-1])
    stored, changed_cells_of_all, named_of_all = league.stored(), 0, 0
    for game_id in cup_finals(stored, is_loaded=True) + cup_finals(stored, is_loaded=False):
        changed, named = league.changed_by(game_id, stored), touched(stored, game_id)
        assert changed - named == set(), game_id
        changed_cells_of_all += len(changed)
        named_of_all += len(named)
    assert cup_finals(stored, is_loaded=True)
    assert changed_cells_of_all > 100
    assert named_of_all < 2 * changed_cells_of_all


def test_while_the_box_score_of_a_cup_final_is_not_loaded_its_cells_are_known_all_the_same() -> None:
    league = league_of(LEAGUES[-1])
    stored = league.stored()
    for game_id in cup_finals(stored, is_loaded=True):
        without = league.stored(without=game_id, tables=BOX_SCORES)
        changed = changed_cells(cells_of(without), cells_of(stored))
        assert changed
        assert changed - touched(without, game_id) == set(), game_id


class OpponentForm(Contract):
    """One row per slate player: the points of the opponent's newest games."""

    game_date: Date = column("Eastern date of tip-off", partition=True)
    season: Text = column("Season")
    player_id: Integer = column("NBA player id", key=True)
    points: Integer = column("Points of the opponent's last 3 games", unit="points", ge=0)


LAST_3 = last(3)


def opponent_form(inputs: Inputs, dates: pd.DatetimeIndex) -> pd.DataFrame:
    """The slate players of the dates beside what the opponent scored."""
    context = inputs.on_date["upcoming_player_game_context"]
    rows = context[context["game_date"].isin(dates)].reset_index(drop=True)
    log = GameLog(inputs.before["team_offense_game_summary"], entity="team")
    window = log.before(rows["opponent"], rows["season"], rows["game_date"]).over(LAST_3)
    return rows.assign(points=window.sum("points"))


OPPONENT_FORM = Table(
    name="opponent_form",
    short_name="FORM",
    dataset="nba_precompute",
    phase=Phase.PRE_GAME,
    contract=OpponentForm,
    compute=opponent_form,
    inputs=(
        same_date("upcoming_player_game_context", "game_date", "season", "player_id", "opponent"),
        before_date(
            "team_offense_game_summary",
            *("game_date", "season", "game_id", "team", "points"),
            reads=(opponent(LAST_3),),
        ),
    ),
)


def test_a_new_table_is_known_by_what_it_declares() -> None:
    graph = {table.name: table for table in in_order([*TABLES.values(), OPPONENT_FORM])}
    league = league_of(LEAGUES[0])
    stored = league.stored()
    stored |= replay(stored, league.days, tables=[OPPONENT_FORM.name], graph=graph)
    game_id = some_games(stored)[2]
    without = league.stored(without=game_id)
    without |= replay(without, league.days, tables=[OPPONENT_FORM.name], graph=graph)
    before, after = (
        rows.set_index(["game_date", "player_id"])["points"]
        for rows in (without[OPPONENT_FORM.name], stored[OPPONENT_FORM.name])
    )
    changed = after.index[after.ne(before.reindex(after.index))]
    named = {cell[1:] for cell in touched(stored, game_id, graph) if cell[0] == OPPONENT_FORM.name}
    assert named >= {(day.date(), str(player)) for day, player in changed}
    assert len(changed) > 20
