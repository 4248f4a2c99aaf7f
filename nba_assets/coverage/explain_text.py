"""An explanation as a tree for a terminal, and as JSON."""

from __future__ import annotations

from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text
from rich.tree import Tree

from nba_assets.build.state import Cell
from nba_assets.coverage.explain import Entity, Explanation, Node, TeamLack, shortcomings
from nba_assets.coverage.terminal import STYLES, cell_as_dict
from nba_assets.quality.expectation import first
from nba_assets.quality.status import MEANING, Status

_MOST_ENTITIES, _MOST_GAMES = 40, 3
"""What a tree shows; JSON has all of them."""


def as_tree(explanation: Explanation) -> RenderableType:
    """The tree, the games of the date, and what to run."""
    parts: list[RenderableType] = [_branch(explanation.tree, Tree(_title(explanation.tree)))]
    if explanation.games:
        day = explanation.tree.cell.partition.day
        parts.append(Text(f"\n{len(explanation.games)} games on {day}: {', '.join(explanation.games)}", style="dim"))
    if explanation.commands:
        parts.append(Text("\nTo repair it, run:"))
        parts += [Text(f"  {command}", style="bold") for command in explanation.commands]
    return Group(*parts)


def as_dict(explanation: Explanation) -> dict[str, Any]:
    """The same in JSON's types; nodes are nested under `inputs`."""
    return _node_as_dict(explanation.tree) | {
        "games": list(explanation.games),
        "commands": list(explanation.commands),
    }


def _node_as_dict(node: Node) -> dict[str, Any]:
    return {
        "table": node.cell.partition.table,
        "date": str(node.cell.partition.day),
        **cell_as_dict(node.cell),
        "entities": [vars(entity) for entity in node.entities],
        "lacking_games": {lack.team: list(lack.games) for lack in node.lacking},
        "later": [str(day) for day in node.later],
        "shown_elsewhere": node.seen,
        "inputs": [_node_as_dict(child) for child in node.inputs],
    }


def _title(node: Node) -> Text:
    cell = node.cell
    title = Text.assemble(
        (f"{cell.partition.table} {cell.partition.day} ", "bold"),
        (cell.status.value, STYLES[cell.status]),
        f"  {_numbers(cell)}" if _numbers(cell) else "",
    )
    if node.later:
        dates = "date" if len(node.later) == 1 else "dates"
        title.append(f"  and {len(node.later)} later {dates}, up to {node.later[-1]}", "dim")
    if node.seen:
        title.append("  (see above)", "dim")
    return title


def _branch(node: Node, tree: Tree) -> Tree:
    if not node.seen:
        tree.add(Text(_sentence(node)))
        for lack in node.lacking:
            tree.add(Text(_lack(lack)))
        entities = [entity for entity in shortcomings(node) if not _is_told(entity, node)]
        for entity in entities[:_MOST_ENTITIES]:
            tree.add(Text(_entity(entity)))
        if len(entities) > _MOST_ENTITIES:
            tree.add(Text(f"and {len(entities) - _MOST_ENTITIES} more; --format json has all of them"))
    for child in node.inputs:
        _branch(child, tree.add(_title(child)))
    return tree


def _sentence(node: Node) -> str:
    """The reason; of a blocked partition only what it waits for, because the tree goes on to the root."""
    cell = node.cell
    if cell.status == Status.BLOCKED and cell.root is not None:
        return f"waits for {cell.root}"
    return cell.reason or MEANING[cell.status]


def _numbers(cell: Cell) -> str:
    numbers = cell.numbers
    if numbers is None or not numbers.expected or cell.status == Status.BLOCKED:
        return f"{cell.rows} rows" if cell.rows else ""
    text = f"{numbers.complete}/{numbers.expected} complete, {numbers.required} required"
    return f"{cell.rows} rows, {text}" if cell.rows else text


def _lack(lack: TeamLack) -> str:
    """ "LAC (LA Clippers) lacks 7 finished games: 0022100212 SAS@LAC (2021-11-16), …" """
    noun = "game" if len(lack.games) == 1 else "games"
    return f"{lack.team} ({lack.name}) lacks {len(lack.games)} finished {noun}: {first(list(lack.games), _MOST_GAMES)}"


def _is_told(entity: Entity, node: Node) -> bool:
    """Whether the reason names the entity, or the game whose side it is."""
    reason = node.cell.reason or ""
    return entity.entity in reason or entity.entity.rsplit(" ", 1)[0] in reason


def _entity(entity: Entity) -> str:
    return f"{entity.name}: {entity.details}"
