"""Old and new rows compared: against a slow version that looks at one cell after the other, on random frames."""

from __future__ import annotations

import datetime as dt
from datetime import UTC, date, timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nba_assets.schema.changes import Changes, compare, total
from nba_assets.schema.contract import (
    Contract,
    Date,
    Flag,
    Integer,
    Number,
    OptionalFlag,
    OptionalInteger,
    Text,
    TextList,
    Timestamp,
    column,
    shape,
)
from nba_assets.schema.fingerprint import partition_hashes

DAYS = [date(2021, 11, 5) + timedelta(days=n) for n in range(3)]
VALUES = ["number", "points", "rank", "flag", "maybe", "label", "since", "at", "names"]


class Everything(Contract):
    """A column of every type that contracts have."""

    day: Date = column("Partition", partition=True)
    team: Text = column("Key", key=True)
    player_id: Integer = column("Key", key=True)
    number: Number = column("Float", nullable=True)
    points: Integer = column("Integer")
    rank: OptionalInteger = column("Integer or NULL", nullable=True)
    flag: Flag = column("Flag")
    maybe: OptionalFlag = column("Flag or NULL", nullable=True)
    label: Text = column("Text", nullable=True)
    since: Date = column("Date", nullable=True)
    at: Timestamp = column("Time", nullable=True)
    names: TextList = column("Texts", texts=True)
    loaded_at: Timestamp = column("Bookkeeping", business=False)


def optional(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


times = st.datetimes(dt.datetime(2021, 1, 1), dt.datetime(2021, 1, 2), timezones=st.just(UTC))
row = st.fixed_dictionaries(
    {
        "day": st.sampled_from(DAYS),
        "team": st.sampled_from(["BKN", "LAC"]),
        "player_id": st.integers(1, 3),
        # Half of these are told apart only from the tenth decimal on, which does not count.
        "number": optional(st.sampled_from([0.0, -0.0, 0.5, 0.5 + 1e-11, 0.5 + 1e-8, 1 / 3, -7.25])),
        "points": st.integers(0, 2),
        "rank": optional(st.integers(0, 1)),
        "flag": st.booleans(),
        "maybe": optional(st.booleans()),
        "label": optional(st.sampled_from(["", "a", "b"])),
        "since": optional(st.sampled_from(DAYS)),
        "at": optional(times),
        "names": st.lists(st.sampled_from(["a", "b"]), max_size=2),
        "loaded_at": times,
    }
)


def key(one: dict[str, Any]) -> tuple[Any, ...]:
    return one["day"], one["team"], one["player_id"]


partitions = st.lists(row, max_size=12, unique_by=key)


def frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    return shape(pd.DataFrame(rows, columns=["day", "team", "player_id", *VALUES, "loaded_at"]), Everything)


def edited(rows: list[dict[str, Any]], others: list[dict[str, Any]], edits: list[tuple[int, str]]) -> list[Any]:
    """Rows in which some cells are those of other rows: most of a row stays, as it does in life."""
    found = [dict(one) for one in rows]
    for place, name in edits:
        if found and others:
            found[place % len(found)][name] = others[place % len(others)][name]
    return found


def is_same(before: Any, after: Any) -> bool:
    if isinstance(before, float) and isinstance(after, float):
        return round(before * 1e9) == round(after * 1e9)
    return bool(before == after)


def slowly(before: list[dict[str, Any]], after: list[dict[str, Any]], day: date) -> Changes:
    """The counts of a date, one cell after the other."""
    old, new = ({key(one): one for one in rows if one["day"] == day} for rows in (before, after))
    both = old.keys() & new.keys()
    differing = [(k, name) for k in both for name in VALUES if not is_same(old[k][name], new[k][name])]
    columns = {name: sum(other == name for _, other in differing) for name in VALUES}
    return Changes(
        rows_added=len(new.keys() - old.keys()),
        rows_removed=len(old.keys() - new.keys()),
        rows_changed=len({k for k, _ in differing}),
        columns={name: cells for name, cells in columns.items() if cells},
    )


edits = st.lists(st.tuples(st.integers(0, 11), st.sampled_from([*VALUES, "loaded_at"])), max_size=8)


@given(partitions, partitions, edits, st.booleans())
def test_the_counts_are_those_of_a_slow_comparison(
    rows: list[dict[str, Any]], others: list[dict[str, Any]], edits: list[tuple[int, str]], is_edited: bool
) -> None:
    new = edited(rows, others, edits) if is_edited else others
    before, after = frame(rows), frame(new)
    found = compare(before, after, Everything).by_date(DAYS)
    for day in DAYS:
        slow = slowly(rows, new, day)
        assert (found[day].counts, dict(found[day].columns)) == (slow.counts, slow.columns)
    old_hashes, new_hashes = (partition_hashes(frame_, Everything, DAYS) for frame_ in (before, after))
    for day in DAYS:
        assert any(found[day].counts.values()) == (old_hashes[day] != new_hashes[day])


@given(partitions, partitions, edits)
def test_the_largest_change_of_a_column_is_one_of_its_changes_and_none_is_larger(
    rows: list[dict[str, Any]], others: list[dict[str, Any]], edits: list[tuple[int, str]]
) -> None:
    new = edited(rows, others, edits)
    of_day = compare(frame(rows), frame(new), Everything).by_date(DAYS)
    found = total(of_day.values())
    assert {cell.column for cell in found.largest} == set(found.columns)
    old, now = ({key(one): one for one in some} for some in (rows, new))
    for cell in found.largest:
        of_row = (cell.day, cell.row["team"], cell.row["player_id"])
        assert not is_same(old[of_row][cell.column], now[of_row][cell.column])
        if cell.column in ("number", "points", "rank"):
            pairs = [(old[k][cell.column], now[k][cell.column]) for k in old]
            assert (
                cell.size == max(size(*pair) for pair in pairs if not is_same(*pair)) == size(cell.before, cell.after)
            )


def size(before: float | None, after: float | None) -> float:
    """The difference of two numbers; a number that was not there, or is not there any more, has none."""
    return 0 if before is None or after is None else abs(after - before)


@pytest.mark.parametrize("is_taken_back", [False, True], ids=["a number comes", "a number goes"])
def test_a_number_beside_null_is_the_largest_change_only_where_no_other_number_has_changed(is_taken_back: bool) -> None:
    nothing = dict.fromkeys(VALUES) | {"day": DAYS[0], "team": "BKN", "points": 0, "flag": True, "names": []}
    rows = [nothing | {"player_id": player, "loaded_at": pd.Timestamp(0, tz=UTC)} for player in (1, 2)]
    new = [rows[0] | {"number": 30.0, "rank": 9}, rows[1] | {"number": 4.0}]
    rows[1]["number"] = 3.5
    sides = (new, rows) if is_taken_back else (rows, new)
    found = compare(*map(frame, sides), Everything).by_date(DAYS)[DAYS[0]]
    assert dict(found.columns) == {"number": 2, "rank": 1}
    largest = {cell.column: (cell.before, cell.after)[:: -1 if is_taken_back else 1] for cell in found.largest}
    assert largest == {"number": (3.5, 4.0), "rank": (None, 9)}


def test_totals_add_up_and_keep_the_largest_change_of_each_column() -> None:
    rows = [dict.fromkeys(VALUES) | {"day": day, "team": "BKN", "player_id": 1} for day in DAYS]
    rows = [one | {"points": 0, "flag": True, "names": [], "loaded_at": pd.Timestamp(0, tz=UTC)} for one in rows]
    new = [one | {"points": points} for one, points in zip(rows, (3, -5, 4), strict=True)]
    apart = [compare(frame([a]), frame([b]), Everything).by_date([a["day"]]) for a, b in zip(rows, new, strict=True)]
    found = total(changes for one in apart for changes in one.values())
    assert found.counts == {"rows_added": 0, "rows_removed": 0, "rows_changed": 3, "cells_changed": 3}
    [largest] = found.largest
    assert (largest.day, largest.row, largest.column) == (DAYS[1], {"team": "BKN", "player_id": 1}, "points")
    assert (largest.before, largest.after, largest.size) == (0, -5, 5.0)


def test_of_two_rows_with_one_key_one_is_left_over() -> None:
    one = dict.fromkeys(VALUES) | {"day": DAYS[0], "team": "BKN", "player_id": 1, "points": 1, "flag": True}
    one |= {"names": ["a"], "loaded_at": pd.Timestamp(0, tz=UTC)}
    found = compare(frame([one, one]), frame([one]), Everything).by_date(DAYS[:1])
    assert found[DAYS[0]].counts == {"rows_added": 0, "rows_removed": 1, "rows_changed": 0, "cells_changed": 0}


def test_a_list_that_was_not_there_yet_is_another_than_an_empty_one() -> None:
    one = dict.fromkeys(VALUES) | {"day": DAYS[0], "team": "BKN", "player_id": 1, "points": 1, "flag": True}
    one |= {"loaded_at": pd.Timestamp(0, tz=UTC)}
    found = compare(frame([one]), frame([one | {"names": []}]), Everything).by_date(DAYS[:1])
    assert found[DAYS[0]].columns == {"names": 1}
