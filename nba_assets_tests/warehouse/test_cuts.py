"""Publications that are too long for one job: cut between seasons, and nothing lost or said twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nba_assets.league.calendar import season_of
from nba_assets.partition import Partition
from nba_assets.warehouse.corrections import Correction
from nba_assets.warehouse.cuts import MOST_PARTITIONS, cut, cut_dates, dates_of
from nba_assets_tests.warehouse.publications import LINES, failure_rows, lines, publication

DAYS = st.dates(date(2003, 1, 1), date(2024, 12, 31))


def cut_slowly(days: list[date], most: int) -> list[list[date]]:
    """Date by date: a piece is ended where the season that would make it too long begins."""
    pieces: list[list[date]] = []
    by_season: dict[str, list[date]] = {}
    for day in sorted(set(days)):
        by_season.setdefault(season_of(day), []).append(day)
    for season in by_season.values():
        if not pieces or len(pieces[-1]) + len(season) > most:
            pieces.append([])
        for day in season:
            if len(pieces[-1]) == most:
                pieces.append([])
            pieces[-1].append(day)
    return pieces


@given(st.lists(DAYS, max_size=60), st.integers(1, 12))
def test_dates_are_cut_between_seasons_as_few_as_go_into_a_piece(days: list[date], most: int) -> None:
    pieces = [*cut_dates(days, most)]
    assert [day for piece in pieces for day in piece] == sorted(set(days))
    assert all(0 < len(piece) <= most for piece in pieces)
    assert pieces == cut_slowly(days, most)


def test_twenty_seasons_are_three_pieces_each_within_the_limit() -> None:
    days = [date(2003, 7, 1) + timedelta(days=n) for n in range(20 * 365 + 5)]
    pieces = [*cut_dates(days, MOST_PARTITIONS)]
    assert [len({season_of(day) for day in piece}) for piece in pieces] == [8, 8, 4]
    assert max(map(len, pieces)) < 4000


@pytest.mark.long
@given(st.sets(DAYS, min_size=1, max_size=12), st.integers(1, 5))
def test_every_part_has_all_of_its_dates_and_together_they_are_the_whole(days: set[date], most: int) -> None:
    ordered = sorted(days)
    rows = pd.concat([lines(day, [210.5, 211.5]) for day in ordered])
    failures = pd.concat([failure_rows(LINES.name, day, ["a game"]) for day in ordered])
    moment = datetime(2024, 1, 1, tzinfo=UTC)
    corrected = Correction(Partition(LINES.name, ordered[-1]), moment, 1, 0, 0, (), ())
    whole = replace(publication(rows, ordered, failures=failures), corrections=[corrected])
    parts = [*cut(whole, most)]
    for name in ("rows", "runs", "failures"):
        together = pd.concat([getattr(part, name) for part in parts])
        pd.testing.assert_frame_equal(together, getattr(whole, name))
    for name in ("dates", "failure_dates", "corrections"):
        assert [one for part in parts for one in getattr(part, name)] == [*getattr(whole, name)]
    assert all(len(dates_of(part)) <= most for part in parts)
    assert [day for part in parts for day in dates_of(part)] == dates_of(whole)
