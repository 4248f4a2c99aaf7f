"""Simple means and populations against a slow version, and against the real season's anchors."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd

from nba_assets.evaluation.player_games import ALL, BASELINES, REGULARS, is_in, player_games
from nba_assets.evaluation.scores import scores
from nba_assets.verification.replay import replay
from nba_assets_tests.evaluation.made_up import SEASONS, results
from nba_assets_tests.verification.real_seasons import game_days, raw_season, source


def slowly(given: pd.DataFrame) -> list[tuple]:
    """Row by row: who is counted, and the means of the games before."""
    found = []
    for row in given.itertuples():
        mine = given[(given["player_id"] == row.player_id) & (given["season"] == row.season)]
        before = mine[mine["game_date"] < row.game_date].sort_values("game_date")
        is_late = row.game_date.date() >= date.fromisoformat(SEASONS[row.season]) + timedelta(days=14)
        if is_late and len(before):
            last_5, last_10, season = (before["label"].tail(n).mean() for n in (5, 10, 1000))
            blend = 0.3 * last_5 + 0.3 * last_10 + 0.4 * season
            minutes = before["seconds_played"].tail(10).mean() / 60
            found.append((row.season, row.game_date, row.player_id, last_5, last_10, season, blend, minutes))
    return sorted(found)


def test_they_are_what_filtering_gives() -> None:
    given = results(players=12, dates=30)
    shuffled = given.sample(frac=1, random_state=3)
    rows = player_games(shuffled)
    columns = ["season", "game_date", "player_id", *BASELINES, "minutes"]
    expected = pd.DataFrame(slowly(given), columns=columns)
    actual = rows[columns].sort_values(columns[:3], ignore_index=True)
    assert len(expected) > 200
    pd.testing.assert_frame_equal(actual, expected, rtol=1e-12, check_dtype=False)
    assert is_in(rows, ALL).all()
    assert is_in(rows, REGULARS).tolist() == (rows["minutes"] >= 15).tolist()
    assert 0 < is_in(rows, REGULARS).sum() < len(rows)


def test_a_role_is_the_minutes_of_the_last_ten_games() -> None:
    rows = player_games(results(players=12, dates=30))
    expected = np.where(
        rows["minutes"] >= 28, "28 minutes and more", np.where(rows["minutes"] >= 15, "15 to 28", "fewer")
    )
    assert rows["role"].tolist() == expected.tolist()
    assert rows["role"].nunique() == 3


def test_the_anchor_of_the_real_season() -> None:
    """17,835 games of population C in 2023-24, of which the last-10 mean is 5.104 points off."""
    season = "2023-24"
    summaries = replay(
        raw_season(season),
        game_days(season),
        tables=["player_game_summary"],
        counting_types=source().counting_types,
    )["player_game_summary"]
    rows = player_games(summaries.assign(label=summaries["points"]))
    found = scores(rows[is_in(rows, REGULARS)], BASELINES).set_index("method")
    assert found.loc["last 10", "rows"] == 17_835
    assert found["mae"].round(3).to_dict() == {"last 5": 5.243, "last 10": 5.104, "season mean": 5.066, "blend": 5.014}
