"""Tables that read each other: their order, what their inputs say together, and whether it is consistent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from nba_assets.schema.contract import names_of
from nba_assets.schema.reads import GAME, PLAYER, TEAM, Read, own_player, own_team, same_game
from nba_assets.schema.table import Input, Table, TimeRule

Tables = Mapping[str, Table]
_OF_ENTITY = {PLAYER: own_player(), TEAM: own_team(), GAME: same_game()}


class GraphError(ValueError):
    """What the tables declare does not fit together; names them."""


def in_order(declared: Sequence[Table]) -> tuple[Table, ...]:
    """The tables, every one after those that it reads. Raises GraphError where their inputs are inconsistent."""
    _refuse([*_duplicates(declared), *_unknown_tables(declared)])
    tiers = tiers_of(declared)
    tables = {table.name: table for table in declared}
    _refuse([problem for table in declared for input_ in table.inputs for problem in _of_input(table, input_, tables)])
    return tuple(sorted(declared, key=lambda table: tiers[table.name]))


def tiers_of(declared: Sequence[Table]) -> dict[str, int]:
    """Each table's distance from the sources: one more than the farthest table that it reads."""
    upstream = {table.name: table.upstream for table in declared}
    tiers: dict[str, int] = {}
    try:
        for name in TopologicalSorter(upstream).static_order():
            tiers[name] = 1 + max((tiers[parent] for parent in upstream[name]), default=-1)
    except CycleError as error:
        raise GraphError(f"tables read each other in a circle: {' <- '.join(error.args[1])}") from error
    return tiers


def reads_of(table: Table, input_: Input, tables: Tables) -> tuple[Read, ...]:
    """How the table reads the input. Undeclared: the rows of its game, or those with the same entity on the date."""
    if input_.reads is not None:
        return input_.reads
    names = names_of(table.contract)
    if input_.rule is TimeRule.ANNOUNCED:
        return (same_game(),) if GAME in names else ()
    if input_.rule is TimeRule.DAY_BEFORE:
        return ()
    return (_OF_ENTITY.get(key := tables[input_.table].entity) or Read(f"with the same {key}", by=key, of=key),)


def basis_of(table: Table, tables: Tables) -> Table | None:
    """The table whose rows of the date it has: the first that it reads of the date and that has its entity."""
    same = (tables[i.table] for i in table.inputs if i.rule is TimeRule.SAME_DATE)
    return next((other for other in same if other.entity == table.entity), None)


def columns_to_find_by(table: Table, tables: Tables) -> frozenset[str]:
    """The columns of the table by which its rows find others, or are found."""
    own = [read for input_ in table.inputs for read in reads_of(table, input_, tables)]
    of_own = {name for read in own for name in (read.by, read.where, _side_of(read)) if name}
    of_others = {GAME, *(read.of for read in _reads_about(table, tables) if read.of)}
    return frozenset({table.entity} | of_own | of_others.intersection(names_of(table.contract)))


def is_history(table: Table, tables: Tables) -> bool:
    """Whether another table reads it before its date."""
    return any(read.over is not None for read in _reads_about(table, tables))


def _reads_about(table: Table, tables: Tables) -> Iterator[Read]:
    for other in tables.values():
        for input_ in other.inputs:
            yield from (r for r in reads_of(other, input_, tables) if table.name in (input_.table, r.log))


def _side_of(read: Read) -> str | None:
    """The column of the row's side, if the read asks about others of it."""
    return TEAM if read.mates or read.where else None


def _refuse(problems: Sequence[str]) -> None:
    if problems:
        raise GraphError("; ".join(problems))


def _duplicates(declared: Sequence[Table]) -> Iterator[str]:
    for name, number in Counter(table.name for table in declared).items():
        if number > 1:
            yield f"{number} tables are called {name}"
    for short, number in Counter(table.short_name for table in declared).items():
        if number > 1:
            names = (table.name for table in declared if table.short_name == short)
            yield f"tables {' and '.join(names)} have the same short name {short}"


def _unknown_tables(declared: Sequence[Table]) -> Iterator[str]:
    known = {table.name for table in declared}
    for table in declared:
        for input_ in table.inputs:
            named = {input_.table} | {read.log for read in input_.reads or () if read.log}
            yield from (f"table {table.name} reads {name}, and no table is called that" for name in named - known)


def _of_input(table: Table, input_: Input, tables: Tables) -> Iterator[str]:
    """What is wrong with one input of a table."""
    reads = f"table {table.name} reads {input_.table}"
    absent = set(input_.columns or ()).difference(names_of(tables[input_.table].contract))
    yield from (f"{reads}.{column}, a column that it does not have" for column in sorted(absent))
    if input_.rule is TimeRule.BEFORE_DATE:
        if not input_.columns:
            yield f"{reads} before the date without saying which columns"
        if not input_.reads or any(read.over is None and not read.judged for read in input_.reads):
            yield f"{reads} before the date without saying over which window"
    for read in reads_of(table, input_, tables):
        yield from (f"{reads} {wrong}" for wrong in _of_read(table, input_, read, tables))


def _of_read(table: Table, input_: Input, read: Read, tables: Tables) -> Iterator[str]:
    """What is wrong with one way of reading an input: columns that are not where it says."""
    other, own, basis = tables[read.log or input_.table], names_of(table.contract), basis_of(table, tables)
    read_columns = input_.columns or names_of(tables[input_.table].contract)
    yield from (f"through {name}, which it does not read" for name in read.through or () if name not in read_columns)
    changed = (*(read.into or ()), read.where or table.entity)
    yield from (f"into {name}, a column that {table.name} does not have" for name in changed if name not in own)
    by = [name for name in (read.by, _side_of(read)) if name and name not in own]
    if by and (basis is None or not set(by) <= set(names_of(basis.contract))):
        yield f"by {by[0]}, which its rows do not have; say in reads= which rows a row finds"
    is_side = other.is_schedule and read.of == TEAM  # seen from its two teams
    if read.of and not is_side and read.of not in names_of(other.contract):
        yield f"by {read.of}, a column that {other.name} does not have"
