"""What a function depends on, by symbol: found in source texts, hashed by what they say and not by how it is written.

A symbol is a name that a module binds at its top level: a function, a class, a constant. One depends on another if it
reads its name. Comments, documentation, annotations and formatting count for nothing, so a hash is the same on every
machine and under every Python version. Names that are only put together while the code runs (`getattr`, `globals()`)
are not seen; a local name that is also a symbol's counts as a use of the symbol, which at worst recomputes too much.

Texts go in, texts come out: nothing is imported or run.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple


class Symbol(NamedTuple):
    """A name at the top level of a module."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(frozen=True)
class _Statement:
    """A statement at the top level: what it says, the names that it reads with their attributes, and its imports."""

    says: str
    reads: frozenset[tuple[str, ...]]
    imports: dict[str, str]


@dataclass(frozen=True)
class _Module:
    """The statements that bind each of a module's names, and what its imports stand for."""

    name: str
    statements: dict[str, list[_Statement]] = field(default_factory=dict)
    imports: dict[str, str] = field(default_factory=dict)


class Code:
    """Modules as texts, and the dependencies between their symbols.

    `text_of` gives a module's source, None for a module that is not looked into; `is_end` says of which symbols
    nothing counts but their name.
    """

    def __init__(self, text_of: Callable[[str], str | None], is_end: Callable[[Symbol], bool] = lambda _: False):
        self._text_of, self._is_end = text_of, is_end
        self._modules: dict[str, _Module | None] = {}
        self._known: dict[Symbol, tuple[str, list[Symbol]]] = {}

    def reached(self, roots: Iterable[Symbol]) -> dict[Symbol, str]:
        """The hash of every symbol that the roots depend on, directly or not, the roots included.

        A root that its module does not bind by that name, like a lambda, stands for the whole module.
        """
        found: dict[Symbol, str] = {}
        to_visit = [s for root in roots for s in self._resolve(str(root)) or self._resolve(root.module)]
        while to_visit:
            symbol = to_visit.pop()
            if symbol not in found and not self._is_end(symbol):
                found[symbol], needed = self._examined(symbol)
                to_visit += needed
        return found

    def _examined(self, symbol: Symbol) -> tuple[str, list[Symbol]]:
        """The symbol's hash, and the symbols that it reads."""
        if symbol not in self._known:
            module = self._module(symbol.module)
            assert module is not None
            needed: list[Symbol] = []
            parts: list[str] = []
            for statement in module.statements[symbol.name]:
                found, meanings = self._meanings(module, statement)
                needed += found
                parts += [statement.says, *sorted(meanings)]
            self._known[symbol] = (digest(parts), needed)
        return self._known[symbol]

    def _meanings(self, module: _Module, statement: _Statement) -> tuple[list[Symbol], set[str]]:
        """What the names that a statement reads stand for: the symbols, and all of it as texts."""
        needed: list[Symbol] = []
        meanings: set[str] = set()
        imports = module.imports | statement.imports
        for name, *attributes in statement.reads:
            found = [Symbol(module.name, name)] if name in module.statements else []
            if name in imports:
                found += self._resolve(".".join([imports[name], *attributes]))
                if not found:
                    meanings.add(f"{name}={_outside(imports[name], module.name)}")
            meanings |= {f"{'.'.join([name, *attributes])}={symbol}" for symbol in found}
            needed += found
        return needed, meanings

    def _resolve(self, dotted: str) -> list[Symbol]:
        """The symbol that a dotted name stands for; all of a module's, if it is a module; none outside the texts."""
        parts = dotted.split(".")
        for size in range(len(parts), 0, -1):
            module = self._module(".".join(parts[:size]))
            if module is None:
                continue
            if size == len(parts):
                return [Symbol(module.name, name) for name in module.statements]
            name = parts[size]
            if name in module.statements:
                return [Symbol(module.name, name)]
            imported = module.imports.get(name)
            return self._resolve(".".join([imported, *parts[size + 1 :]])) if imported else []
        return []

    def _module(self, name: str) -> _Module | None:
        if name not in self._modules:
            text = self._text_of(name)
            self._modules[name] = None if text is None else _parsed(name, text)
        return self._modules[name]


def digest(texts: Iterable[str]) -> str:
    """Eight hexadecimal digits of several texts, in their order."""
    return hashlib.blake2b("\x1f".join(texts).encode(), digest_size=4).hexdigest()


def _outside(target: str, module: str) -> str:
    """What an import leads to outside the texts; within the own package by name alone, because modules move."""
    same_package = target.split(".")[0] == module.split(".")[0]
    return target.rpartition(".")[2] if same_package else target


_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def _parsed(name: str, text: str) -> _Module:
    module = _Module(name)
    body = ast.parse(text).body
    bound = [set(_bound(node)) for node in body]
    known = set().union(*bound)
    for node, names in zip(body, bound, strict=True):
        own = _parameters(node)
        reads = frozenset(chain for chain in _reads(node) if chain[0] not in own)
        statement = _Statement(_said(node), reads, dict(_imports(node)))
        if not isinstance(node, _DEFINITIONS):
            module.imports.update(statement.imports)
        # What binds nothing changes something: `NAMES["x"] = …`, `NAMES.append(…)`.
        for changed in names or {name for name, *_ in statement.reads} & known:
            module.statements.setdefault(changed, []).append(statement)
    return module


def _bound(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement binds at the top level."""
    if isinstance(statement, _DEFINITIONS):
        yield statement.name
        return
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def _parameters(statement: ast.stmt) -> set[str]:
    """The names that a function has for what it is given."""
    if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        return set()
    return {node.arg for node in ast.iter_child_nodes(statement.args) if isinstance(node, ast.arg)}


def _imports(statement: ast.stmt) -> Iterator[tuple[str, str]]:
    """What the names that are imported anywhere in a statement stand for."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Import):
            for alias in node.names:
                package = alias.name.split(".")[0]
                yield (alias.asname, alias.name) if alias.asname else (package, package)
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                raise ValueError(f"line {node.lineno}: a relative import; what code depends on is found by full names")
            yield from ((alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names)


# What says nothing about what the code does, or is not there in every version of Python.
_UNSAID = frozenset({"annotation", "returns", "ctx", "kind", "type_comment", "type_params", "simple"})


def _parts(node: ast.AST) -> Iterator[tuple[str, object]]:
    """The fields of a node that say something; of a body without its documentation."""
    for name in node._fields:
        part = getattr(node, name, None)
        if name in _UNSAID or part is None or part == []:
            continue
        yield name, [p for p in part if not _is_documentation(p)] if isinstance(part, list) else part


def _is_documentation(node: object) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _said(part: object) -> str:
    """A syntax tree as a text that only differs where the code does something else."""
    if isinstance(part, ast.AST):
        return f"{type(part).__name__}({','.join(f'{name}={_said(value)}' for name, value in _parts(part))})"
    if isinstance(part, list):
        return f"[{','.join(map(_said, part))}]"
    return ascii(part)


def _reads(node: ast.AST) -> Iterator[tuple[str, ...]]:
    """Every name that a node reads, with the attributes read of it: `formulas.usage` is ("formulas", "usage")."""
    chain = _chain(node)
    if chain is not None:
        yield chain
        return
    for _, part in _parts(node):
        for child in part if isinstance(part, list) else [part]:
            if isinstance(child, ast.AST):
                yield from _reads(child)


def _chain(node: ast.AST) -> tuple[str, ...] | None:
    """The name and attributes of `a.b.c`; None for anything else."""
    attributes: list[str] = []
    while isinstance(node, ast.Attribute):
        attributes.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        return (node.id, *reversed(attributes))
    return None
