"""The matrix in words: what a date is called, and what a narrow terminal leaves out."""

from __future__ import annotations

from datetime import date

import pytest

from nba_assets.overview.matrix import Matrix, Row
from nba_assets.overview.terminal import full_width, tables_that_fit
from nba_assets.partition import Partition, Status
from nba_assets.planning.state import Cell
from nba_assets.tables import TABLES

DAY = date(2021, 11, 7)


def _row(**statuses: Status) -> Row:
    """A date whose tables are OK but for some."""
    found = {name: statuses.get(name, Status.OK) for name in TABLES}
    return Row(DAY, {n: Cell(Partition(n, DAY), s, None, None, "the reason") for n, s in found.items()}, 8)


@pytest.mark.parametrize(
    ("statuses", "told"),
    [
        ({}, "Complete"),
        ({"raw_shots": Status.DEGRADED}, "Degraded: SHOTS: the reason"),
        ({"raw_shots": Status.NOT_DUE, "player_game_summary": Status.NOT_DUE}, "Not due: raw_shots and 1 more"),
        ({"raw_shots": Status.NOT_DUE, "player_daily_cache": Status.DEGRADED}, "Degraded: PDC: the reason"),
        ({"raw_shots": Status.DEGRADED, "player_daily_cache": Status.MISSING}, "Missing: player_daily_cache"),
        ({"raw_game_lines": Status.ERROR}, "Complete"),
        ({"player_daily_cache": Status.BOOTSTRAP}, "Bootstrap"),
        (dict.fromkeys(TABLES, Status.NO_GAMES), "No games"),
    ],
)
def test_the_worst_table_names_the_date(statuses: dict[str, Status], told: str) -> None:
    assert _row(**statuses).status == told


def test_a_narrow_terminal_shows_fewer_tables() -> None:
    found = Matrix((_row(),), ())
    assert tables_that_fit(found, full_width(found) + 32) == list(found.tables)
    assert "raw_game_lines" not in tables_that_fit(found, 110)
    assert "raw_team_boxscores" not in tables_that_fit(found, 80)
    assert "ml_feature_store_v2" in tables_that_fit(found, 80)


def test_however_narrow_the_table_that_failed_is_shown() -> None:
    found = Matrix((_row(raw_team_boxscores=Status.GAP, raw_game_lines=Status.GAP),), ())
    names = tables_that_fit(found, 80)
    assert names == [name for name in TABLES if name in {*tables_that_fit(Matrix((_row(),), ()), 80), names[0]}]
    assert names[0] == "raw_team_boxscores"
    assert "raw_game_lines" not in names, "an optional one has no influence on a date"
