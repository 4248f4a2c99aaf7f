"""The completeness policies that are in force: those that the tables declare, with what the settings override."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from difflib import get_close_matches
from typing import Any

from nba_assets.schema.policy import Policy
from nba_assets.tables import TABLES

ALL_TABLES = "*"
_MAY_BE_NONE = frozenset(field.name for field in fields(Policy) if field.default is None)
_MOST = 1_000_000


def policies(overrides: Mapping[str, Mapping[str, Any]] | None = None) -> dict[str, Policy]:
    """The policy of every table, with overrides {table: {field: value}}; ValueError for an unknown name.

    The table "*" is all of them; what is said of a table by name goes before it.
    """
    result = {name: table.policy for name, table in TABLES.items()}
    for table, values in sorted((overrides or {}).items(), key=lambda item: item[0] != ALL_TABLES):
        names = list(TABLES) if table == ALL_TABLES else [_known(table.lower(), list(TABLES), "table")]
        known_fields = [field.name for field in fields(Policy)]
        given = {_known(key.lower(), known_fields, f"setting of {table}"): value for key, value in values.items()}
        parsed = {key: _parsed(key, value) for key, value in given.items()}
        result |= {name: replace(result[name], **parsed) for name in names}
    return result


def _known(name: str, known: list[str], kind: str) -> str:
    if name not in known:
        nearest = get_close_matches(name, known, n=1, cutoff=0.0)[0]
        raise ValueError(f"NBA_POLICY: there is no {kind} '{name}'; did you mean '{nearest}'?")
    return name


def _parsed(field: str, value: Any) -> Any:
    """Settings come from the environment as texts."""
    if field == "critical":
        if str(value).lower() not in ("true", "false", "1", "0"):
            raise ValueError(f"NBA_POLICY: {field} must be true or false, not '{value}'")
        return str(value).lower() in ("true", "1")
    if value is None and field in _MAY_BE_NONE:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"NBA_POLICY: {field} must be a number, not {value!r}") from None
    if field.endswith("share"):
        if not 0 <= number <= 1:
            raise ValueError(f"NBA_POLICY: {field} must lie between 0 and 1, not {value}")
        return number
    if not 0 <= number <= _MOST or number != int(number):
        raise ValueError(f"NBA_POLICY: {field} must be a whole number from 0 to {_MOST:,}, not {value}")
    return int(number)
