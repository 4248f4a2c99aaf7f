"""What a function depends on, by symbol: found in source texts, hashed by their tokens.

A symbol is a name that a module binds at its top level: a function, a class, a constant. One depends on another if it
reads its name. Its hash covers its tokens, without comments, documentation and formatting, and what the names in it
stand for; so it is the same on every machine and under every Python version. Names that are only put together while
the code runs (`getattr`, `globals()`) are not seen, annotations not followed.

Texts go in, texts come out: nothing is imported or run.
"""

from __future__ import annotations

import ast
import gc
import hashlib
import keyword
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import StringIO
from itertools import accumulate
from typing import NamedTuple

Chain = tuple[str, ...]
"""A name and the attributes read of it: `formulas.usage` is ("formulas", "usage")."""


class Symbol(NamedTuple):
    """A name at the top level of a module."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(frozen=True)
class _Statement:
    """A statement at the top level: its lines, the names that it reads, its imports, where its documentation starts.

    The syntax tree is not kept: trees of all modules are so many objects that the garbage collector would notice.
    """

    lines: list[str]
    read: set[Chain]
    imports: dict[str, str]
    documentation: set[int]


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
            tokens: list[str] = []
            for statement in module.statements[symbol.name]:
                found, meanings = self._meanings(module, statement)
                needed += found
                tokens += [*_tokens(statement), "", *sorted(meanings)]
            self._known[symbol] = (digest(tokens), needed)
        return self._known[symbol]

    def _meanings(self, module: _Module, statement: _Statement) -> tuple[list[Symbol], set[str]]:
        """What the names that a statement reads stand for: the symbols, and all of it as texts."""
        needed: list[Symbol] = []
        meanings: set[str] = set()
        imports = module.imports | statement.imports
        for chain in statement.read:
            name = chain[0]
            found = [Symbol(module.name, name)] if name in module.statements else []
            if name in imports:
                found += self._resolve(".".join([imports[name], *chain[1:]]))
                if not found:
                    meanings.add(f"{name}={_outside(imports[name], module.name)}")
            meanings |= {f"{'.'.join(chain)}={symbol}" for symbol in found}
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


@contextmanager
def _no_collections() -> Iterator[None]:
    """Syntax trees are many objects at once; without this, half the time goes into looking for garbage elsewhere."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def digest(texts: Iterable[str]) -> str:
    """Eight hexadecimal digits of several texts, in their order."""
    return hashlib.blake2b("\x1f".join(texts).encode(), digest_size=4).hexdigest()


def _outside(target: str, module: str) -> str:
    """What an import leads to outside the texts; within the own package by name alone, because modules move."""
    same_package = target.split(".")[0] == module.split(".")[0]
    return target.rpartition(".")[2] if same_package else target


def _parsed(name: str, text: str) -> _Module:
    lines = StringIO(text, newline=None).readlines()
    module = _Module(name)
    with _no_collections():
        for node in ast.parse("".join(lines)).body:
            statement, bound = _examined(node, lines)
            if not isinstance(node, _DEFINITIONS):
                module.imports.update(statement.imports)
            for bound_name in {*bound, *_changed(node)}:
                module.statements.setdefault(bound_name, []).append(statement)
    return module


_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def _examined(node: ast.stmt, lines: list[str]) -> tuple[_Statement, set[str]]:
    """A top-level statement of a module, and the names that it binds."""
    reader = _Reader()
    reader.visit(node)
    first = min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", ()))])
    own = lines[first - 1 : node.end_lineno]
    starts = [0, *accumulate(map(len, own))]
    documentation = {starts[line - first] + column for line, column in reader.documentation}
    return _Statement(own, reader.scope.read, reader.imports, documentation), reader.scope.bound


def _changed(statement: ast.stmt) -> Iterator[str]:
    """Names whose object a top-level statement changes: `NAMES["x"] = …`, `NAMES.append(…)`."""
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        yield from (_chain(statement.value.func) or ())[:1]
    elif isinstance(statement, ast.Assign | ast.AugAssign):
        for target in statement.targets if isinstance(statement, ast.Assign) else [statement.target]:
            while isinstance(target, ast.Subscript | ast.Attribute):
                target = target.value
            if isinstance(target, ast.Name):
                yield target.id


def _chain(node: ast.expr) -> Chain | None:
    """The name and attributes of `a.b.c`; None for anything else."""
    attributes: list[str] = []
    while isinstance(node, ast.Attribute):
        attributes.append(node.attr)
        node = node.value
    return (node.id, *reversed(attributes)) if isinstance(node, ast.Name) else None


@dataclass
class _Scope:
    """What is read and bound in a function, or at the top level."""

    read: set[Chain] = field(default_factory=set)
    bound: set[str] = field(default_factory=set)
    shared: set[str] = field(default_factory=set)


class _Reader:
    """Collects what a statement reads from outside (`scope.read`), its imports and where documentation is in it.

    Documentation is a text that is a statement of its own. Annotations are not read.
    Names that a function binds are its own, in functions inside it too; those that a class binds are not.
    """

    def __init__(self) -> None:
        self.scope = _Scope()
        self.imports: dict[str, str] = {}
        self.documentation: list[tuple[int, int]] = []

    def visit(self, node: ast.AST) -> None:
        """Any node."""
        special = _SPECIAL.get(type(node))
        if special is not None:
            special(self, node)
        else:
            self._visit_parts(node)

    def _visit_parts(self, node: ast.AST) -> None:
        for name in node._fields:
            part = getattr(node, name, None)
            if isinstance(part, ast.AST):
                self.visit(part)
            elif isinstance(part, list):
                self._visit_all(part)

    def _visit_all(self, nodes: Iterable[ast.AST | None]) -> None:
        for node in nodes:
            if isinstance(node, ast.AST):
                self.visit(node)

    def _name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self.scope.read.add((node.id,))
        else:
            self.scope.bound.add(node.id)

    def _attribute(self, node: ast.Attribute) -> None:
        chain = _chain(node)
        if chain is None:
            self.visit(node.value)
        else:
            self.scope.read.add(chain)

    def _definition(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.scope.bound.add(node.name)
        self._visit_all(node.decorator_list)
        self._function(node.args, node.body)

    def _lambda(self, node: ast.Lambda) -> None:
        self._function(node.args, [node.body])

    def _function(self, arguments: ast.arguments, body: Sequence[ast.AST]) -> None:
        """Defaults are read outside, the body inside."""
        self._visit_all([*arguments.defaults, *arguments.kw_defaults])
        parameters = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        parameters += [a for a in (arguments.vararg, arguments.kwarg) if a is not None]
        outer, self.scope = self.scope, _Scope(bound={parameter.arg for parameter in parameters})
        self._visit_all(body)
        self._leave(outer)

    def _leave(self, outer: _Scope) -> None:
        """Back to the scope around a function: what the function does not bind is read there."""
        own = self.scope.bound - self.scope.shared
        outer.read |= {chain for chain in self.scope.read if chain[0] not in own}
        self.scope = outer

    def _class(self, node: ast.ClassDef) -> None:
        self.scope.bound.add(node.name)
        outer, self.scope = self.scope, _Scope()
        self._visit_parts(node)
        outer.read |= self.scope.read
        self.scope = outer

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        """A scope of its own, but for what the first loop goes over and for names assigned by `:=`."""
        first, *others = node.generators
        self.visit(first.iter)
        outer, self.scope = self.scope, _Scope()
        self._visit_all([first.target, *first.ifs, *others])
        self._visit_all([node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt])
        assigned = {n.target.id for n in ast.walk(node) if isinstance(n, ast.NamedExpr)}
        self.scope.shared |= assigned
        outer.bound |= assigned
        self._leave(outer)

    def _expression(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            self.documentation.append((node.lineno, node.col_offset))
        self.visit(node.value)

    def _annotated(self, node: ast.AnnAssign) -> None:
        self._visit_all([node.target, node.value])

    def _named(self, node: ast.ExceptHandler | ast.MatchAs | ast.MatchStar) -> None:
        self.scope.bound |= {node.name} if node.name else set()
        self._visit_parts(node)

    def _rest(self, node: ast.MatchMapping) -> None:
        self.scope.bound |= {node.rest} if node.rest else set()
        self._visit_parts(node)

    def _global(self, node: ast.Global) -> None:
        self.scope.shared.update(node.names)

    def _import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.imports[alias.asname or alias.name.split(".")[0]] = (
                alias.name if alias.asname else alias.name.split(".")[0]
            )

    def _import_from(self, node: ast.ImportFrom) -> None:
        if node.level:
            raise ValueError(f"line {node.lineno}: a relative import; what code depends on is found by full names")
        for alias in node.names:
            self.imports[alias.asname or alias.name] = f"{node.module}.{alias.name}"

    def _nothing(self, node: ast.AST) -> None:
        """A leaf."""


_SPECIAL: dict[type[ast.AST], Callable[..., None]] = {
    ast.Name: _Reader._name,
    ast.Attribute: _Reader._attribute,
    ast.FunctionDef: _Reader._definition,
    ast.AsyncFunctionDef: _Reader._definition,
    ast.Lambda: _Reader._lambda,
    ast.ClassDef: _Reader._class,
    ast.ListComp: _Reader._comprehension,
    ast.SetComp: _Reader._comprehension,
    ast.DictComp: _Reader._comprehension,
    ast.GeneratorExp: _Reader._comprehension,
    ast.Expr: _Reader._expression,
    ast.AnnAssign: _Reader._annotated,
    ast.ExceptHandler: _Reader._named,
    ast.MatchAs: _Reader._named,
    ast.MatchStar: _Reader._named,
    ast.MatchMapping: _Reader._rest,
    ast.Global: _Reader._global,
    ast.Import: _Reader._import,
    ast.ImportFrom: _Reader._import_from,
    ast.Constant: _Reader._nothing,
}


def _tokens(statement: _Statement) -> list[str]:
    """The tokens of a top-level statement; two that differ only in formatting and documentation have the same."""
    written = _Written(statement.documentation)
    for token in _TOKEN.finditer("".join(statement.lines)):
        if token.lastgroup != "skipped":
            written.add(token)
    return written.finished()


# Of source that Python has parsed, so that what it means is clear: numbers may fall apart into digits and points,
# operators into characters. The standard library's tokenizer takes f-strings apart in some versions and is ten times
# as slow.
_TOKEN = re.compile(
    r"""
    (?P<skipped> [ \t\f]+ | \\\n | \#[^\n]* )
    | (?P<end> \n )
    | (?P<string>
        (?: [rR][bBfF]? | [bBfF][rR]? | [uU] )?
        (?: \"{3} [^"\\]* (?: (?: \\. | "(?!"") ) [^"\\]* )* \"{3}
          | \'{3} [^'\\]* (?: (?: \\. | '(?!'') ) [^'\\]* )* \'{3}
          | " [^"\\\n]* (?: \\. [^"\\\n]* )* "
          | ' [^'\\\n]* (?: \\. [^'\\\n]* )* ' ) )
    | (?P<word> \w+ )
    | (?P<operator> . )
    """,
    re.VERBOSE | re.DOTALL,
)


_LITERAL = re.compile(r"""([a-zA-Z]*)(\"{3}|'{3}|"|')(.*)\2""", re.DOTALL)


def _string(text: str) -> str:
    """A literal as its value in ASCII, whatever its quotes; an f-string without escapes as its text."""
    found = _LITERAL.fullmatch(text)
    assert found is not None
    prefix, content = found[1].lower(), found[3]
    if "f" in prefix:
        return text if re.search(r"[\"'\\\\]", content) else f'{prefix}"{content}"'
    return ascii(content if not prefix and "\\" not in content else ast.literal_eval(text))


@dataclass
class _Bracket:
    """An open bracket: whether a comma alone would make a tuple of its content, and how many it has."""

    makes_tuple: bool
    commas: int = 0


class _Written:
    """Tokens as they are collected: lines end where statements do, indentation counts by its depth.

    A comma that only a wrapped line has before its closing bracket is left out, and so is documentation.
    """

    def __init__(self, documentation: set[int]) -> None:
        self._documentation = documentation
        self._texts: list[str] = []
        self._brackets: list[_Bracket] = []
        self._indents = [0]
        self._line_start = 0
        self._is_new_line, self._is_documentation = True, False

    def add(self, token: re.Match[str]) -> None:
        """The next token of the source."""
        kind, text = token.lastgroup, token[0]
        if kind == "end":
            self._end_line(token.end())
            return
        if self._is_new_line:
            self._is_new_line = False
            self._indent(token.start() - self._line_start)
        if self._is_documentation or (kind == "string" and token.start() in self._documentation):
            self._is_documentation = text != ";"
        elif kind == "operator":
            self._operator(text)
        else:
            self._texts.append(_string(text) if kind == "string" else text)

    def finished(self) -> list[str]:
        """All of them."""
        self._end_line(0)
        self._indent(0)
        return self._texts

    def _end_line(self, at: int) -> None:
        """Inside brackets and after an empty line nothing ends."""
        if self._brackets:
            return
        if not self._is_new_line and not self._is_documentation:
            self._texts.append("\n")
        self._is_new_line, self._is_documentation, self._line_start = True, False, at

    def _indent(self, width: int) -> None:
        if width > self._indents[-1]:
            self._indents.append(width)
            self._texts.append("\n+")
        while width < self._indents[-1]:
            self._indents.pop()
            self._texts.append("\n-")

    def _operator(self, text: str) -> None:
        if text in _OPENING:
            self._brackets.append(_Bracket(self._makes_tuple(text)))
        elif text in _CLOSING:
            bracket = self._brackets.pop()
            if self._texts[-1] == "," and (bracket.commas > 1 or not bracket.makes_tuple):
                self._texts.pop()
        elif text == "," and self._brackets:
            self._brackets[-1].commas += 1
        self._texts.append(text)

    def _makes_tuple(self, bracket: str) -> bool:
        """`(x,)` and `a[x,]` are tuples; `f(x,)`, `[x,]` and `{x,}` are what they are without the comma."""
        before = self._texts[-1] if self._texts else ""
        is_name = before.isidentifier() and not keyword.iskeyword(before) and before not in ("match", "case")
        follows_value = is_name or before[-1:] in (")", "]", "}", "'", '"')
        return not follows_value if bracket == "(" else follows_value and bracket == "["


_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")
