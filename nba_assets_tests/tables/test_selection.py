"""Tables by an expression: against a slow walk over the graph, and what cannot be read."""

from __future__ import annotations

from random import Random

import pytest

from nba_assets.schema.table import Phase
from nba_assets.tables import RAW, TABLES, downstream_of, with_upstream
from nba_assets.tables.named import UnknownTableError
from nba_assets.tables.selection import SelectionError, select_tables


def _walk(name: str, steps: int, *, up: bool) -> set[str]:
    """The table and everything that lies so many steps from it or fewer, one table after the other."""
    if steps == 0:
        return {name}
    beside = TABLES[name].upstream if up else {other for other in TABLES if name in TABLES[other].upstream}
    return {name}.union(*(_walk(other, steps - 1, up=up) for other in beside))


@pytest.mark.parametrize("seed", range(40))
def test_any_expression_selects_what_a_walk_over_the_graph_finds(seed: int) -> None:
    random = Random(seed)
    wanted: list[set[str]] = [set(), set()]
    written: list[str] = ["", ""]
    for side in (0, 1):
        for _ in range(random.randint(1 - side, 3 - side)):
            name = random.choice(list(TABLES))
            up, down = (random.choice([None, 0, 1, 2, len(TABLES)]) for _ in range(2))
            item = random.choice([name, TABLES[name].short_name, f"key:{name}", f'key:"{name}"'])
            before = "" if up is None else f"{up}+" if up < len(TABLES) else "+"
            after = "" if down is None else f"+{down}" if down < len(TABLES) else "+"
            written[side] += f"{before}{item}{after}" + random.choice([" ", ",", " , "])
            wanted[side] |= {name} | _walk(name, up or 0, up=True) | _walk(name, down or 0, up=False)
    expected = tuple(name for name in TABLES if name in wanted[0] - wanted[1])
    if expected:
        assert select_tables(*written) == expected
    else:
        with pytest.raises(SelectionError, match="selects no table"):
            select_tables(*written)


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("*", set(TABLES)),
        ("raw_*", set(RAW)),
        ("group:raw", {name for name in TABLES if TABLES[name].group == "raw"}),
        ("RAW", set(RAW)),
        ("postgame", {name for name in TABLES if TABLES[name].phase == Phase.POST_GAME}),
        ("pregame raw", {name for name in TABLES if TABLES[name].phase != Phase.POST_GAME}),
        ("+MLFS", with_upstream(["ml_feature_store_v2"])),
        ("raw_shots+", {"raw_shots", *downstream_of("raw_shots")}),
        ("+group:predictions", with_upstream(n for n in TABLES if TABLES[n].group == "predictions")),
    ],
)
def test_patterns_groups_and_moments(expression: str, names: set[str]) -> None:
    assert set(select_tables(expression)) == names


@pytest.mark.parametrize(
    ("expression", "error", "message"),
    [
        ("", SelectionError, "selects no table"),
        (" , ", SelectionError, "selects no table"),
        ("++MLFS", SelectionError, "'\\+\\+MLFS' is no selection"),
        ("+", SelectionError, "is no selection"),
        ("MLFS+x", SelectionError, "is no selection"),
        ("-1+MLFS", SelectionError, "is no selection"),
        ("tag:daily", SelectionError, "no selection by 'tag'"),
        ("group:raws", SelectionError, "no group 'raws'; there are raw, analytics"),
        ("group:", SelectionError, "no group ''"),
        ("raw_shot+", UnknownTableError, "did you mean 'raw_shots'"),
        ("raww_*", UnknownTableError, "no table like 'raww_\\*'"),
    ],
)
def test_what_cannot_be_read_says_how_to_write_it(expression: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        select_tables(expression)


def test_an_exclusion_that_nobody_knows_is_refused() -> None:
    with pytest.raises(UnknownTableError, match="did you mean 'raw_shots'"):
        select_tables("*", "raw_shot")
