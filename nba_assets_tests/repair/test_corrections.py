"""A statistic is corrected, a game is put off or struck out, a player is traded: what changes, and what does not."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from nba_assets.partition import FINE, Partition
from nba_assets.planning.impact import find_game, impact
from nba_assets.session import Session
from nba_assets.sources.base import Source
from nba_assets.verification.replay import raw_tables, replay
from nba_assets_tests.engine.warehouses import LONG_AFTER, EditedSource, build_range, files, session, stored
from nba_assets_tests.repair.cells import CELL, changed_cells, stored_cells
from nba_assets_tests.repair.conftest import LAST_DAY, Month
from nba_assets_tests.repair.corrections import one_basket_more, postponed, shot_reclassified
from nba_assets_tests.repair.season import OPENING_NIGHT, contents, days_from, repair, statuses, without

GAME, DAY, WALKER = "0022300160", date(2023, 11, 8), 1629022  # LAC@BKN, 21 points
DAYS = days_from(OPENING_NIGHT, LAST_DAY)


def built_anew(home: Path, source: Source) -> Session:
    """The month built from nothing with another source."""
    home.mkdir()
    fresh = session(home, source)
    build_range(fresh, OPENING_NIGHT, LAST_DAY)
    return fresh


@pytest.mark.parametrize(
    ("edits", "rows_of_the_day"),
    [
        (one_basket_more(GAME, WALKER, "BKN"), {"raw_schedule": 1, "raw_player_boxscores": 1, "raw_team_boxscores": 1}),
        (shot_reclassified(GAME, WALKER), {"raw_schedule": 0, "raw_player_boxscores": 0, "raw_team_boxscores": 0}),
    ],
    ids=["21 points become 23", "a shot is reclassified"],
)
def test_a_correction_changes_exactly_the_cells_that_it_touches(
    month: Month, edits: dict, rows_of_the_day: dict[str, int]
) -> None:
    before = stored_cells(month().warehouse)
    corrected = month(EditedSource(edits))
    built = repair(corrected, DAYS, {DAY})
    after = stored_cells(corrected.warehouse)
    changed = changed_cells(before, after)
    assert {b.outcome.partition for b in built if b.changed} == {Partition(table, day) for table, day, _ in changed}
    assert (
        changed - set(impact(corrected, find_game(corrected, GAME))[CELL].itertuples(index=False, name=None)) == set()
    )
    assert len({cell for cell in changed if cell[0] == "ml_feature_store_v2"}) > 20
    for table, number in rows_of_the_day.items():
        assert sum(cell[0] == table for cell in changed) == number, table


@pytest.mark.long
def test_after_a_correction_everything_is_as_if_it_had_always_been_so(month: Month, tmp_path: Path) -> None:
    source = EditedSource(one_basket_more(GAME, WALKER, "BKN"))
    corrected = month(source)
    repair(corrected, DAYS, {DAY})
    assert contents(corrected, DAYS) == contents(built_anew(tmp_path / "anew", source), DAYS)


def test_the_corrected_points_stand_where_they_were_read(month: Month) -> None:
    corrected = month(EditedSource(one_basket_more(GAME, WALKER, "BKN")))
    repair(corrected, DAYS, {DAY})
    rows = stored(corrected, "player_game_summary", DAY).set_index("player_id")
    assert rows.loc[WALKER, "points"] == 23
    assert set(stored(corrected, "raw_schedule", DAY).set_index("game_id").loc[GAME, ["home_score", "away_score"]]) == {
        102,
        93,
    }


@pytest.mark.long
@pytest.mark.parametrize(
    "source", [pytest.param(postponed, id="put off"), pytest.param(without, id="struck out", marks=pytest.mark.soak)]
)
def test_a_game_that_was_not_played_leaves_every_window_and_no_gap(month: Month, tmp_path: Path, source) -> None:
    now = month(source(GAME))
    games = stored(now, "upcoming_team_game_context", date(2023, 11, 10)).set_index("team")["game_number"]
    repair(now, DAYS, {DAY})
    assert set(statuses(now, DAYS)) <= {status.value for status in FINE}
    fewer = stored(now, "upcoming_team_game_context", date(2023, 11, 10)).set_index("team")["game_number"]
    assert games["BKN"] - fewer["BKN"] == games["LAC"] - fewer["LAC"] == 1
    assert GAME not in set(stored(now, "raw_team_boxscores", DAY)["game_id"])
    assert {"BKN", "LAC"} & set(stored(now, "upcoming_team_game_context", DAY)["team"]) == set()
    assert contents(now, DAYS) == contents(built_anew(tmp_path / "anew", source(GAME)), DAYS)


@pytest.fixture(scope="module")
def february() -> pd.DataFrame:
    """The slates of February 2022 with their teams' game numbers, computed from the files."""
    raw = raw_tables(files(), ["2021-22"], read_at=pd.Timestamp(LONG_AFTER))
    days = days_from(date(2022, 1, 25), date(2022, 3, 5))
    tables = replay(raw, days, tables=["upcoming_player_game_context"], counting_types=files().counting_types)
    games = tables["upcoming_team_game_context"][["game_date", "team", "game_number"]]
    return tables["upcoming_player_game_context"].merge(games, on=["game_date", "team"]).sort_values("game_date")


@pytest.mark.parametrize(
    ("player", "old", "new"), [(201935, "BKN", "PHI"), (203468, "POR", "NOP")], ids=["Harden", "McCollum"]
)
def test_a_traded_players_windows_go_on_and_his_team_switches(
    february: pd.DataFrame, player: int, old: str, new: str
) -> None:
    rows = february[february["player_id"] == player]
    assert rows["game_date"].is_unique
    assert rows["team"].drop_duplicates().tolist() == [old, new]
    there = rows[rows["team"] == new]
    assert there["games_played_season"].iloc[0] >= rows.loc[rows["team"] == old, "games_played_season"].iloc[-1] > 30
    assert there["games_expected"].tolist() == (there["game_number"] - 1).tolist()
