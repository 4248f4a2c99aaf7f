"""The window engine against filtering by hand, over random logs."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nba_assets.league import windows
from nba_assets.league.windows import GameLog, pairs
from nba_assets_tests.oracle.random_leagues import examples

SEASON, WEEK, LAST_2, LAST_5 = windows.season(), windows.days(7), windows.last(2), windows.last(5)
GAMES_3_TO_5 = windows.last(3, skip=2)
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
        "season": (as_of.over(SEASON), mine),
        "last 2": (as_of.over(LAST_2), mine.tail(2)),
        "last 5": (as_of.over(LAST_5), mine.tail(5)),
        "games 3 to 5": (as_of.over(GAMES_3_TO_5), mine.iloc[:-2].tail(3)),
        "7 days": (as_of.over(WEEK), week),
        "7 days but the first": (as_of.over(WEEK).without_first(), week.iloc[1:]),
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

    def asked(frame_of: pd.DataFrame):
        return GameLog(frame_of, entity="team").before(queries["entity"], season, queries["date"]).over(LAST_5)

    before = asked(rows.fillna({"points": 0}))
    ordered = before.log.games
    for position in range(len(ordered)):
        changed = ordered.copy()
        changed.loc[position, "points"] += 1
        after = asked(changed.assign(is_changed=changed.index == position))
        moved = after.sum("points") != before.sum("points")
        assert moved.tolist() == after.has_any("is_changed").tolist()


@examples(30)
@given(logs, st.integers(0, 2))
def test_queries_chosen_later_have_the_windows_that_they_had_among_all(log, first: int):
    queries = pairs(["BOS", "NYK", "UTA"], pd.date_range("2022-03-20", periods=40, freq="3D"))
    season = np.full(len(queries), "2021-22")
    as_of = GameLog(frame(log), entity="team").before(queries["entity"], season, queries["date"])
    chosen = np.arange(len(queries)) % 3 == first
    few = as_of.only(chosen)
    for span in (SEASON, LAST_2, WEEK):
        of_few, of_all = few.over(span), as_of.over(span)
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
    last_10 = windows.last(10)
    assert short.over(last_10).sum("possessions")[0] == long.over(last_10).sum("possessions")[0]
    assert abs(long.over(last_10).sum("possessions")[0] - rows["possessions"].tail(10).sum()) < 1e-8


@pytest.mark.parametrize("nobody", [None, np.nan])
def test_games_of_nobody_known_are_in_no_windows_of_others(nobody):
    played = frame([("BOS", "2021-22", 3, 10, True), ("NYK", "2021-22", 3, 7, False)]).assign(team=["BOS", nobody])
    asked = pairs(["BOS", "NYK"], [pd.Timestamp("2022-04-01")])
    before = GameLog(played, entity="team").before(asked["entity"], ["2021-22"] * 2, asked["date"])
    assert before.over(SEASON).sum("points").tolist() == [10.0, 0.0]


def test_a_span_says_itself_in_words():
    words = [str(span) for span in (SEASON, WEEK, LAST_5, GAMES_3_TO_5, windows.last(1))]
    assert words == ["season to date", "last 7 days", "last 5 games", "newest games 3 to 5", "last game"]


@pytest.mark.parametrize("make", [lambda: windows.last(0), lambda: windows.last(2, skip=-1), lambda: windows.days(0)])
def test_a_window_of_nothing_is_refused(make):
    with pytest.raises(ValueError, match=r"last\(|days\("):
        make()
