"""The code version of a table: a fingerprint of the code that its numbers depend on, and of the code that checks them.

Looked into are the modules of the tables and of basketball, and the module in which a table's own functions are
defined. Of a contract count the names and types of the columns; what is written about them is documentation.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable
from functools import cache
from importlib import import_module
from typing import Any

from nba_assets.schema.contract import Contract, columns_of
from nba_assets.schema.known_versions import known_or
from nba_assets.schema.symbols import Code, Symbol, digest
from nba_assets.schema.table import Table

_PACKAGE = "nba_assets"
_LOOKED_INTO = (f"{_PACKAGE}.tables", f"{_PACKAGE}.league", f"{_PACKAGE}.schema.feature")


def code_version(table: Table, code: Code | None = None) -> str:
    """ "<formula>-<checks>": what `compute` reaches with the contract's columns, and what `expect` and `reject` reach.

    `code` is what the modules say, by default what this process has imported: then it is worked out once per source.
    """
    columns = [f"{column.name}:{column.type.value}" for column in columns_of(table.contract)]
    checks = [function for function in (table.expect, table.reject) if function is not None]

    def worked_out() -> str:
        return f"{digest([*columns, *_listed([table.compute], code)])}-{digest(_listed(checks, code))}"

    roots = [_root(function) for function in (table.compute, *checks)]
    if code is not None or any(root.module.partition(".")[0] != _PACKAGE for root in roots):
        return worked_out()
    return known_or(digest([*columns, *map(str, roots)]), worked_out)


def formula_of(version: str | None) -> str | None:
    """The part of a code version that stands for the numbers, without that of the checks."""
    return None if version is None else version.partition("-")[0]


def checks_of(version: str | None) -> str | None:
    """The part of a code version that stands for the verdicts."""
    return None if version is None else version.partition("-")[2]


def symbols_of(table: Table, code: Code | None = None) -> dict[str, str]:
    """What `compute` reaches: "league.formulas.usage" -> hash."""
    return _reached([table.compute], code)


def _listed(functions: Iterable[Callable[..., Any]], code: Code | None) -> list[str]:
    functions = list(functions)
    roots = [_root(function).name for function in functions]
    return [*roots, *(f"{name}={hash_}" for name, hash_ in sorted(_reached(functions, code).items()))]


def _reached(functions: Iterable[Callable[..., Any]], code: Code | None) -> dict[str, str]:
    found: dict[Symbol, str] = {}
    for function in functions:
        root = _root(function)
        found |= (code or code_around(root.module)).reached([root])
    return {str(symbol).removeprefix(f"{_PACKAGE}."): hash_ for symbol, hash_ in found.items()}


def _root(function: Callable[..., Any]) -> Symbol:
    """The top-level symbol that a function is, or is made in."""
    return Symbol(function.__module__, function.__qualname__.partition(".")[0])


def code_around(module: str) -> Code:
    """The code that functions of a module depend on."""
    own = "" if module.partition(".")[0] == _PACKAGE else module
    return _code(own)


@cache
def _code(own: str) -> Code:
    return Code(lambda module: text_of(module) if module == own or is_looked_into(module) else None, is_declaration)


def is_looked_into(module: str) -> bool:
    """Whether the symbols of a module count."""
    return any(module == room or module.startswith(f"{room}.") for room in _LOOKED_INTO)


@cache
def text_of(module: str) -> str | None:
    """The source of a module; None if there is no such module. ImportError where it is installed without source."""
    try:
        found = sys.modules.get(module) or import_module(module)
    except ModuleNotFoundError:
        return None
    get_source = getattr(found.__loader__, "get_source", None)
    # Not every loader can say; `inspect` on the other hand takes an empty file for a missing one.
    text: str | None = get_source(module) if get_source else inspect.getsource(found)
    if text is None:
        raise ImportError(f"{module} has no source, and code versions are made of it: install with .py files")
    return text


def is_declaration(symbol: Symbol) -> bool:
    """Whether a symbol declares a table or a contract: another table is an input, and has a version of its own."""
    value = getattr(import_module(symbol.module), symbol.name, None)
    return isinstance(value, Table) or (isinstance(value, type) and issubclass(value, Contract))
