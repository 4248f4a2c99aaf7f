"""What is found once for each different value is what pandas finds row by row."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from nba_assets.league import distinct

ROWS = pd.DataFrame({"game_id": ["b", "a", None, "b", "c"], "player_id": [2, 1, 1, 3, 1]}, index=[9, 8, 7, 6, 5])
OTHERS = pd.DataFrame(
    {
        "player_id": [1, 2, 7],
        "game_id": ["a", "b", "b"],
        "points": [10, 20, 70],
        "won": [True, False, True],
        "minutes": pd.array([1, None, 3], dtype="Int64"),
        "team": ["BOS", "NYK", "UTA"],
    }
)
KEY = ["game_id", "player_id"]


@pytest.mark.parametrize(
    "rows", [ROWS, ROWS.iloc[:2], ROWS.head(0), ROWS.assign(game_id=distinct.coded(ROWS["game_id"]))]
)
def test_beside_is_a_merge_from_the_left(rows: pd.DataFrame) -> None:
    merged = rows.astype({"game_id": object}).merge(OTHERS, on=KEY, how="left")
    for name, values in distinct.beside(rows, OTHERS, KEY, ["points", "won", "minutes", "team"]).items():
        pd.testing.assert_series_equal(values.reset_index(drop=True), merged[name], check_names=False)
        assert values.index.equals(rows.index)


def test_a_null_is_nobodys_key_and_no_value() -> None:
    assert distinct.positions(ROWS, OTHERS, KEY).tolist() == [1, 0, -1, -1, -1]
    assert distinct.where(ROWS["game_id"], "b".__eq__).tolist() == [True, False, False, True, False]
    assert distinct.each(ROWS["game_id"], str.upper).tolist() == ["B", "A", None, "B", "C"]
    assert distinct.ranks(ROWS["game_id"]).tolist() == [1, 0, 3, 1, 2]


def test_a_key_that_is_there_twice_is_refused() -> None:
    with pytest.raises(pd.errors.InvalidIndexError):
        distinct.positions(ROWS, pd.concat([OTHERS, OTHERS]), KEY)


def test_groups_are_numbered_in_the_order_of_their_first_rows() -> None:
    rows = ROWS.dropna()
    numbers, keys = distinct.groups(pd.concat([rows, rows]), KEY)
    assert numbers.tolist() == [0, 1, 2, 3, 0, 1, 2, 3]
    pd.testing.assert_frame_equal(keys, rows.reset_index(drop=True))


def test_dates_are_what_texts_begin_with() -> None:
    found = distinct.dates(pd.Series(["2021-10-19T00:00:00", None, "20211020", "2021-10-19T00:00:00"], dtype=object))
    expected = np.array(["2021-10-19", "NaT", "2021-10-20", "2021-10-19"], dtype="datetime64[ns]")
    np.testing.assert_array_equal(found.to_numpy(), expected)
