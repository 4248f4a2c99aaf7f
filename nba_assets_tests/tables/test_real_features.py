"""What whole real seasons of features look like: how many are complete, and that none knows the answer."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from nba_assets.league.windows import GameLog
from nba_assets.tables.ml_feature_store_v2 import FEATURES
from nba_assets.verification.replay import replay
from nba_assets_tests.verification.real_seasons import game_days, raw_season, replayed_season, source

pytestmark = pytest.mark.xdist_group("real seasons")

WITH_ALL_SHOTS = ("2022-23", "2023-24")

# Day after opening night (± 2) -> share of the rows of those who played that have every feature.
SHARES = {14: (0.76, 0.85), 21: (0.81, 0.93), 30: (0.87, 0.97), 45: (0.95, 0.98)}


def rows_of_those_who_played(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """ml_feature_store_v2 with the points then scored, minutes_avg_last_10 and `day` of the season."""
    key = ["game_date", "player_id"]
    features = tables["ml_feature_store_v2"]
    cache = tables["player_daily_cache"].rename(columns={"cache_date": "game_date"})
    rows = features.merge(tables["player_game_summary"][[*key, "points"]], on=key)
    rows = rows.merge(cache[[*key, "minutes_avg_last_10"]], on=key, how="left")
    return rows.assign(day=(rows["game_date"] - features["game_date"].min()).dt.days)


def complete(rows: pd.DataFrame) -> pd.Series:
    """Every feature present; injury_risk aside, which is unknown wherever there is no report."""
    return rows[[name for name in FEATURES.names if name != "injury_risk"]].notna().all(axis=1)


@pytest.mark.parametrize("season", ["2021-22", *WITH_ALL_SHOTS])
@pytest.mark.parametrize("day", SHARES)
def test_share_of_complete_rows_early_in_a_season(season: str, day: int):
    rows = rows_of_those_who_played(replayed_season(season))
    around = rows[rows["day"].between(day - 2, day + 2)]
    low, high = SHARES[day]
    assert len(around) > 500
    assert low <= complete(around).mean() <= high


@pytest.mark.parametrize("season", WITH_ALL_SHOTS)
def test_share_of_complete_rows_after_the_bootstrap(season: str):
    rows = rows_of_those_who_played(replayed_season(season))
    assert complete(rows[rows["day"] >= 14]).mean() == pytest.approx(0.965, abs=0.01)


def alarms(tables: dict[str, pd.DataFrame]) -> tuple[float, float]:
    """MAE(last 5)/MAE(last 10), and the correlation of points with the step of the last-5 average on their day.

    Of players with 15 minutes or more a game, from day 14 on. A clean average takes that step because of the
    *previous* game, a leaked one because of this.
    """
    rows = rows_of_those_who_played(tables).sort_values(["player_id", "game_date"])
    rows["step"] = rows["points_avg_last_5"] - rows.groupby("player_id")["points_avg_last_5"].shift()
    chosen = rows[(rows["day"] >= 14) & (rows["minutes_avg_last_10"] >= 15)]
    errors = {n: (chosen["points"] - chosen[f"points_avg_last_{n}"]).abs().mean() for n in (5, 10)}
    return errors[5] / errors[10], chosen["points"].corr(chosen["step"])


@pytest.mark.parametrize("season", ["2021-22", *WITH_ALL_SHOTS])
def test_averages_do_not_know_the_game_they_are_for(season: str):
    ratio, correlation = alarms(replayed_season(season))
    assert ratio == pytest.approx(1.03, abs=0.01)
    assert 0.0 < correlation < 0.06


def test_the_alarms_ring_when_the_game_is_leaked(monkeypatch):
    before = GameLog.before

    def up_to_and_including(self, entities, seasons, dates):
        return before(self, entities, seasons, np.asarray(dates, dtype="datetime64[D]") + 1)

    monkeypatch.setattr(GameLog, "before", up_to_and_including)
    days = game_days("2023-24")[:90]
    tables = replay(raw_season("2023-24"), days, counting_types=source().counting_types)
    ratio, correlation = alarms(tables)
    assert ratio < 0.96
    assert correlation > 0.4


@pytest.mark.parametrize("season", WITH_ALL_SHOTS)
def test_errors_are_those_of_honest_features(season: str):
    """Mean absolute errors of plain averages, points per player-game; leaked ones come out between 3.2 and 4.3."""
    rows = rows_of_those_who_played(replayed_season(season))
    rows = rows[(rows["day"] >= 14) & (rows["minutes_avg_last_10"] >= 15)]
    errors = [
        (rows["points"] - rows[f"points_avg_{window}"]).abs().mean() for window in ("last_5", "last_10", "season")
    ]
    assert errors == pytest.approx([5.243, 5.104, 5.066], abs=0.03)
