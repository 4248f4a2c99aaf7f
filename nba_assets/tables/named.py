"""A table by the name that a person types: its own, or the short one of the matrix."""

from __future__ import annotations

from difflib import get_close_matches

from nba_assets.schema.table import Table
from nba_assets.tables import TABLES

_BY_ANY_NAME = {name.lower(): table for table in TABLES.values() for name in (table.name, table.short_name)}


class UnknownTableError(ValueError):
    """There is no such table; the message names the nearest one, or all of them."""


def table_named(name: str) -> Table:
    """The table of that name or short name, in upper or lower case; raises UnknownTableError."""
    if name.lower() in _BY_ANY_NAME:
        return _BY_ANY_NAME[name.lower()]
    near = get_close_matches(name.lower(), _BY_ANY_NAME, n=1)
    if near:
        raise UnknownTableError(f"there is no table '{name}'; did you mean '{_BY_ANY_NAME[near[0]].name}'?")
    known = ", ".join(f"{table.name} ({table.short_name})" for table in TABLES.values())
    raise UnknownTableError(f"there is no table '{name}'. There are: {known}")
