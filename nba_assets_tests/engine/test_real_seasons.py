"""Whole real seasons: no crash, and every date is what it should be."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from nba_assets.overview.matrix import BOOTSTRAP, COMPLETE, NO_GAMES, Matrix, matrix
from nba_assets.partition import Status
from nba_assets.tables import TABLES
from nba_assets_tests.engine.warehouses import build_range, session

pytestmark = pytest.mark.long

_SLATE_TABLES = ("upcoming_player_game_context", "player_composite_factors", "ml_feature_store_v2")
_ZONES = ("paint_rate_last_10", "mid_range_rate_last_10", "three_pt_rate_last_10")


def _season(home: Path, start: date, end: date) -> Matrix:
    season = session(home)
    build_range(season, start, end)
    return matrix(season, start, end)


@pytest.mark.parametrize(
    ("start", "end", "games"),
    [(date(2022, 10, 18), date(2023, 4, 9), 1230), (date(2023, 10, 24), date(2024, 4, 14), 1230)],
    ids=["2022-23", "2023-24"],
)
def test_every_game_date_after_the_bootstrap_is_complete(tmp_path: Path, start: date, end: date, games: int) -> None:
    found = _season(tmp_path, start, end)
    assert sum(row.games or 0 for row in found.rows) == games
    for number, row in enumerate(found.rows):
        expected = NO_GAMES if not row.games else BOOTSTRAP if number < 14 else COMPLETE
        assert row.status == expected, f"{row.day}: {row.status}"


def test_a_season_whose_shots_end_in_january_is_degraded_and_blocks_nothing(tmp_path: Path) -> None:
    found = _season(tmp_path, date(2021, 10, 19), date(2022, 4, 10))
    statuses = {cell.status for cell in found.cells()}
    assert statuses == {Status.OK, Status.DEGRADED, Status.BOOTSTRAP, Status.NO_GAMES}
    by_day = {row.day: row for row in found.rows}
    assert all(row.status in (COMPLETE, BOOTSTRAP, NO_GAMES) for day, row in by_day.items() if day < date(2022, 1, 6))
    last = [row for day, row in by_day.items() if day >= date(2022, 1, 6) and row.games]
    assert all(row.status.startswith("Degraded: ") for row in last)
    shots = by_day[date(2022, 1, 6)].cells["raw_shots"]
    assert shots.status == Status.DEGRADED
    assert "0022100581 LAC@PHX" in (shots.reason or "")
    for name in _SLATE_TABLES:
        assert (
            by_day[date(2022, 3, 15)].cells[name].rows == by_day[date(2022, 3, 15)].cells[_SLATE_TABLES[0]].rows > 100
        )
    assert by_day[date(2022, 3, 15)].cells["upcoming_team_game_context"].status == Status.OK
    cache = session(tmp_path).warehouse.read(
        TABLES["player_daily_cache"], start=date(2022, 3, 15), end=date(2022, 3, 15)
    )
    unknown = cache[~cache["shot_zone_data_available"]]
    assert len(unknown) > 0.9 * len(cache)
    assert unknown[list(_ZONES)].isna().all(axis=None)
    assert not unknown["is_production_ready"].any()
    assert cache["points_avg_last_10"].notna().all()
