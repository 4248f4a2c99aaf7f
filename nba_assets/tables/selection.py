"""Tables by an expression, as Dagster and dbt select: names, groups, and what is upstream or downstream of them."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

from nba_assets.schema.table import Phase
from nba_assets.tables import TABLES
from nba_assets.tables.named import UnknownTableError, table_named

_ITEM = re.compile(r"^((?P<up>\d*)\+)?(?P<name>[^+]+?)(\+(?P<down>\d*))?$")
_PHASES = {"raw": Phase.RAW, "postgame": Phase.POST_GAME, "pregame": Phase.PRE_GAME}


class SelectionError(ValueError):
    """An expression that selects nothing, or cannot be read; the message says how to write one."""


def select_tables(expression: str, exclude: str = "") -> tuple[str, ...]:
    """The names of the selected tables, in the order of the graph.

    An expression is a list of items, separated by blanks or commas: a name or short name (`raw_shots`, `MLFS`), a
    pattern (`raw_*`), all (`*`), a group as in the catalogue (`group:analytics`), or the tables of a moment (`raw`,
    `postgame`, `pregame`). A `+` before an item adds what it is made of, one after it what is made of it; a number with
    it limits the steps (`1+MLFS`, `raw_shots+2`). Raises UnknownTableError, SelectionError.
    """
    chosen, left_out = _selected(expression), _selected(exclude)
    names = tuple(name for name in TABLES if name in chosen and name not in left_out)
    if not names:
        excluded = f" without {exclude!r}" if exclude else ""
        raise SelectionError(f"{expression!r}{excluded} selects no table; write it like +ml_feature_store_v2")
    return names


def tables_named(expression: str) -> frozenset[str]:
    """The tables that an item of an expression names alone: not as one of a pattern, a group or a moment."""
    names = [read["name"] for item in _items(expression) if (read := _ITEM.match(item)) is not None]
    return frozenset(name for found in map(_named, names) if len(found) == 1 for name in found)


def _selected(expression: str) -> set[str]:
    return {name for item in _items(expression) for name in _of_item(item)}


def _items(expression: str) -> list[str]:
    return [item for item in re.split(r"[\s,]+", expression) if item]


def _of_item(item: str) -> set[str]:
    read = _ITEM.match(item)
    if read is None:
        raise SelectionError(f"{item!r} is no selection; write it like +ml_feature_store_v2, raw_shots+ or group:raw")
    names = _named(read["name"])
    found = set(names)
    if read["up"] is not None:
        found |= _reached(names, _UPSTREAM, read["up"])
    if read["down"] is not None:
        found |= _reached(names, _DOWNSTREAM, read["down"])
    return found


def _named(name: str) -> set[str]:
    """The tables of a name, a pattern, a group or a moment."""
    kind, _, rest = name.rpartition(":")
    rest = rest.strip("\"'")
    if kind == "group":
        return _of_group(rest)
    if kind not in ("", "key"):
        raise SelectionError(f"{name!r}: there is no selection by '{kind}'; there are key: and group:")
    if not kind and rest.lower() in _PHASES:
        return {table.name for table in TABLES.values() if table.phase == _PHASES[rest.lower()]}
    if any(sign in rest for sign in "*?["):
        return _matching(rest)
    return {table_named(rest).name}


def _of_group(group: str) -> set[str]:
    found = {table.name for table in TABLES.values() if table.group == group.lower()}
    if not found:
        known = dict.fromkeys(table.group for table in TABLES.values())
        raise SelectionError(f"there is no group '{group}'; there are {', '.join(known)}")
    return found


def _matching(pattern: str) -> set[str]:
    found = {name for name in TABLES if fnmatchcase(name, pattern.lower())}
    if not found:
        raise UnknownTableError(f"there is no table like '{pattern}'. There are: {', '.join(TABLES)}")
    return found


_UPSTREAM = {name: table.upstream for name, table in TABLES.items()}
_DOWNSTREAM = {name: frozenset(other.name for other in TABLES.values() if name in other.upstream) for name in TABLES}


def _reached(names: set[str], steps: dict[str, frozenset[str]], most: str) -> set[str]:
    """What is reached from the tables in at most so many steps; in any number, if none is said."""
    found, frontier, left = set(names), set(names), int(most) if most else len(TABLES)
    while frontier and left > 0:
        frontier = {name for one in frontier for name in steps[one]} - found
        found |= frontier
        left -= 1
    return found
