"""Coverage in a few lines: the worst first, linked, and never longer than what is shown at once."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from nba_assets.overview.glance import SHOWN_AT_ONCE, attention, strip
from nba_assets.overview.matrix import Matrix, Row
from nba_assets.overview.roots import Root
from nba_assets.partition import Partition, Status
from nba_assets.planning.state import Cell
from nba_assets.tables import TABLES

FIRST = date(2021, 10, 19)
ADDRESS = "http://127.0.0.1:3001"


def _root(status: Status, table: str, day: date, reason: str = "no box score", others: int = 0) -> Root:
    behind = frozenset(Partition(table, FIRST + timedelta(days=1 + n)) for n in range(others))
    return Root(Partition(table, day), status, reason, behind, day)


def _row(day: date, **statuses: Status) -> Row:
    found = {name: statuses.get(name, Status.OK) for name in TABLES}
    return Row(day, {n: Cell(Partition(n, day), s, None, None, "the reason") for n, s in found.items()}, 8)


GAP = _root(Status.GAP, "raw_team_boxscores", FIRST, "0022100174 NYK@CHA: no box score", others=32)


def test_a_gap_is_named_with_what_waits_for_it_and_the_next_step() -> None:
    assert attention(Matrix((), (), (GAP,))).splitlines() == [
        "- **GAP** raw_team_boxscores 2021-10-19: 0022100174 NYK@CHA: no box score; holds back: 32 dates, 1 table",
        "- `nba-assets repair 2021-10-19 2021-11-20`",
    ]


def test_where_the_page_has_an_address_the_cell_is_linked() -> None:
    link = f"[raw_team_boxscores 2021-10-19]({ADDRESS}/#2021-10-19/raw_team_boxscores)"
    assert link in attention(Matrix((), (), (GAP,)), ADDRESS)


def test_dates_that_were_never_computed_are_one_line() -> None:
    days = [FIRST + timedelta(days=n) for n in range(3)]
    never = tuple(_root(Status.MISSING, "raw_schedule", day, "never computed", others=15) for day in days)
    (one,) = Matrix((), (), never).troubles
    assert one.where == "raw_schedule 2021-10-19 … 2021-10-21, 3 dates"
    assert one.how_many == "holds back: 13 dates, 1 table", "what waits for two counts once, and a root for none"
    assert one.command == "nba-assets backfill 2021-10-19 2021-11-03", "to the last date that waits"


def test_gaps_of_two_tables_are_two_causes_and_what_is_not_due_is_none() -> None:
    roots = (GAP, _root(Status.GAP, "raw_shots", FIRST), _root(Status.NOT_DUE, "raw_shots", FIRST))
    assert [one.first for one in Matrix((), (), roots).troubles] == [root.partition for root in roots[:2]]


def test_stale_partitions_are_repaired() -> None:
    stale = (_root(Status.STALE, "player_daily_cache", FIRST, "formula of player_daily_cache changed", others=8),)
    (one,) = Matrix((), (), stale).troubles
    assert one.how_many == "likewise: 8 dates, 1 table"
    assert one.command == "nba-assets repair 2021-10-19 2021-10-27"


@pytest.mark.parametrize("address", [None, ADDRESS, "https://a.very.long.address.example.org/of/the/coverage/page"])
@pytest.mark.parametrize("number", [1, 9, 400, 12_000])
@pytest.mark.parametrize("length", [20, 900])
def test_however_much_is_wrong_it_is_shown_at_once(number: int, length: int, address: str | None) -> None:
    roots = tuple(
        _root(Status.GAP, "raw_team_boxscores", FIRST + timedelta(days=n), f"{n} " + "x" * length)
        for n in range(number)
    )
    text = attention(Matrix((_row(FIRST),), (), roots), address)
    assert len(text) <= SHOWN_AT_ONCE < 1000
    lines = text.splitlines()
    named = sum(line.startswith("- **GAP**") for line in lines)
    assert named >= 1
    assert (f"- and {number - named:,} more" in lines) == (named < number)
    assert lines[-1] == f"- `nba-assets repair {FIRST} {FIRST}`"


def test_all_well() -> None:
    assert attention(Matrix((_row(FIRST),), ())) == "- Nothing needs attention."


def test_the_strip_has_a_line_for_each_table_and_a_character_for_each_date() -> None:
    days = [FIRST + timedelta(days=n) for n in range(40)]
    rows = tuple(_row(day, raw_shots=Status.GAP if day == days[-2] else Status.NO_GAMES) for day in days)
    text = strip(Matrix(rows, ()))
    lines = text.splitlines()
    assert lines[1] == "      10-29                    11-27"
    assert f"SHOTS {'-' * 28}X-" in lines
    assert f"TBOX  {'·' * 30}" in lines
    assert len(lines) == len(TABLES) + 5
    assert lines[-1] == "`·` OK · `-` NO_GAMES · `X` GAP"
    assert len(text) < 1000


def test_every_status_has_a_character_of_its_own() -> None:
    rows = tuple(_row(FIRST + timedelta(days=n), raw_schedule=status) for n, status in enumerate(Status))
    line = next(line for line in strip(Matrix(rows, ())).splitlines() if line.startswith("SCHED"))
    shown = line.removeprefix("SCHED ").ljust(len(Status))
    assert len(set(shown)) == len(Status)


def test_nothing_built_is_said() -> None:
    assert strip(Matrix((), ())) == "nothing has been built yet"
