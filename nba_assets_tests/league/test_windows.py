"""The window engine against filtering by hand, over random logs."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from nba_assets.league.windows import GameLog, pairs
from nba_assets_tests.oracle.random_leagues import examples

SEASONS = {"2021-22": dt.date(2022, 3, 20), "2022-23": dt.date(2022, 10, 18)}

games = st.tuples(
    st.sampled_from(["BOS", "NYK"]),
    st.sampled_from(list(SEASONS)),
    st.integers(0, 40),
    st.one_of(st.none(), st.integers(0, 50)),
    st.booleans(),
)
logs = st.lists(games, min_size=10, max_size=60, unique_by=lambda game: game[:3])


def frame(log: list[tuple]) -> pd.DataFrame:
    rows = pd.DataFrame(log, columns=["team", "season", "after", "points", "won"]).astype({"won": bool})
    days = [pd.Timestamp(SEASONS[season]) + pd.Timedelta(days=after) for _, season, after, _, _ in log]
    return rows.assign(
        game_date=pd.to_datetime(days),
        game_id=[f"{n:03d}" for n in range(len(log))],
        points=rows["points"].astype("Int64"),
    )


@examples(60)
@given(logs, st.sampled_from(["BOS", "NYK", "UTA"]), st.sampled_from(list(SEASONS)), st.integers(-2, 44))
def test_every_window_is_what_filtering_gives(log, team: str, season: str, after: int):
    rows = frame(log)
    day = pd.Timestamp(SEASONS[season]) + pd.Timedelta(days=after)
    mine = rows[(rows["team"] == team) & (rows["season"] == season) & (rows["game_date"] < day)]
    mine = mine.sort_values("game_date")
    as_of = GameLog(rows, entity="team").before([team], [season], [day])
    week = mine[mine["game_date"] >= day - pd.Timedelta(days=7)]
    expected = {
        "season": (as_of.season(), mine),
        "last 2": (as_of.last(2), mine.tail(2)),
        "last 5": (as_of.last(5), mine.tail(5)),
        "games 3 to 5": (as_of.last(3, skip=2), mine.iloc[:-2].tail(3)),
        "7 days": (as_of.days(7), week),
        "7 days but the first": (as_of.days(7).without_first(), week.iloc[1:]),
    }
    for name, (window, games_in_it) in expected.items():
        assert window.count[0] == len(games_in_it), name
        points = games_in_it["points"]
        total = np.nan if points.isna().any() else float(points.sum())
        np.testing.assert_equal(window.sum("points")[0], total, name)
        assert window.sum_of_known("points")[0] == points.fillna(0).sum()
        assert window.count_known("points")[0] == points.notna().sum()
        np.testing.assert_equal(window.sum_of_squares("points")[0], np.nan if np.isnan(total) else (points**2).sum())
        np.testing.assert_equal(window.mean("points")[0], total / len(points) if len(points) else np.nan)


@examples(40)
@given(logs, st.sampled_from(list(SEASONS)), st.integers(0, 44))
def test_the_newest_game_its_streak_and_the_rest_since(log, season: str, after: int):
    rows = frame(log)
    day = pd.Timestamp(SEASONS[season]) + pd.Timedelta(days=after)
    game_log = GameLog(rows, entity="team")
    game_log.add("streak", game_log.streaks("won"))
    as_of = game_log.before(["BOS"], [season], [day])
    mine = rows[(rows["team"] == "BOS") & (rows["season"] == season) & (rows["game_date"] < day)]
    mine = mine.sort_values("game_date")
    if mine.empty:
        assert pd.isna(as_of.latest("game_id")[0])
        assert np.isnan(as_of.days_since_latest()[0])
        return
    results = mine["won"].tolist()
    run = next((n for n, won in enumerate(reversed(results)) if won != results[-1]), len(results))
    assert as_of.latest("game_id")[0] == mine["game_id"].iloc[-1]
    assert as_of.latest("streak")[0] == (run if results[-1] else -run)
    assert as_of.days_since_latest()[0] == (day - mine["game_date"].iloc[-1]).days


@examples(30)
@given(logs)
def test_a_game_touches_the_queries_that_contain_it(log):
    """The converse look-up: changing a game changes exactly the sums of the windows that contain it."""
    rows = frame(log)
    queries = pairs(["BOS", "NYK"], [pd.Timestamp("2022-04-01"), pd.Timestamp("2022-11-20")])
    season = np.where(queries["date"] < "2022-08-01", "2021-22", "2022-23")

    def windows(frame_of: pd.DataFrame):
        return GameLog(frame_of, entity="team").before(queries["entity"], season, queries["date"]).last(5)

    before = windows(rows.fillna({"points": 0}))
    ordered = before.log.games
    for position in range(len(ordered)):
        changed = ordered.copy()
        changed.loc[position, "points"] += 1
        moved = windows(changed).sum("points") != before.sum("points")
        assert moved.tolist() == before.contains(position).tolist()


@examples(30)
@given(logs, st.integers(0, 2))
def test_queries_chosen_later_have_the_windows_that_they_had_among_all(log, first: int):
    queries = pairs(["BOS", "NYK", "UTA"], pd.date_range("2022-03-20", periods=40, freq="3D"))
    season = np.full(len(queries), "2021-22")
    as_of = GameLog(frame(log), entity="team").before(queries["entity"], season, queries["date"])
    chosen = np.arange(len(queries)) % 3 == first
    few = as_of.only(chosen)
    for of_few, of_all in ((few.season(), as_of.season()), (few.last(2), as_of.last(2)), (few.days(7), as_of.days(7))):
        assert of_few.count.tolist() == of_all.count[chosen].tolist()
        np.testing.assert_equal(of_few.sum("points"), of_all.sum("points")[chosen])
    np.testing.assert_equal(few.days_since_latest(), as_of.days_since_latest()[chosen])


def test_fractions_are_exact_to_ten_digits_whatever_was_before():
    """A window's sum does not depend on how much history lies in the log before it."""
    rng = np.random.default_rng(1)
    number = 3000
    rows = pd.DataFrame(
        {
            "team": "BOS",
            "season": "2022-23",
            "game_date": pd.date_range("2014-01-01", periods=number),
            "game_id": [f"{n:05d}" for n in range(number)],
            "possessions": rng.uniform(80, 120, number),
        }
    )
    day = rows["game_date"].iloc[-1] + pd.Timedelta(days=1)
    short, long = (GameLog(part, entity="team").before(["BOS"], ["2022-23"], [day]) for part in (rows.tail(10), rows))
    assert short.last(10).sum("possessions")[0] == long.last(10).sum("possessions")[0]
    assert abs(long.last(10).sum("possessions")[0] - rows["possessions"].tail(10).sum()) < 1e-8
