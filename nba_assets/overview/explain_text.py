"""An explanation as a tree for a terminal, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text
from rich.tree import Tree

from nba_assets.overview.as_json import cell_as_dict, verdict_as_dict
from nba_assets.overview.explain import (
    ACCEPT_GAPS,
    FORCE,
    Command,
    Entity,
    Explanation,
    MissingGames,
    Node,
    shortcomings,
)
from nba_assets.overview.roots import extent, joint_reason
from nba_assets.overview.terminal import STYLES
from nba_assets.partition import FAILED, MEANING, WAITING, Status
from nba_assets.planning.state import Cell
from nba_assets.text import counted, joined, span

_MOST_ROOTS, _MOST_TEAMS, _MOST_ENTITIES, _MOST_GAMES = 5, 5, 10, 3
"""What a tree shows; JSON has all of it."""

_SHORT = 8
"""So many characters of a run's id are enough for `nba-assets log`."""

_EFFECTS = {
    "backfill": "builds what was never computed, and what waits for it",
    "repair": "rebuilds it, raw tables from the source, and then what waits for it",
    "refresh": "reads the source again, once it has what is missing, and repairs what follows",
}
_EFFECTS_OF_OPTIONS = {
    FORCE: "only if the rest will never come: accepts the gap and publishes what is there, DEGRADED; then repair",
    ACCEPT_GAPS: "only if the rest will never come: publishes what is there of gaps past the late limit, DEGRADED, and "
    "builds what waits",
}


def as_tree(explanation: Explanation, *, full: bool = False) -> RenderableType:
    """The roots, the games of the date, and what to run; of a partition that waits, its inputs only if `full`."""
    node = explanation.tree
    tree = Tree(_title(node))
    for line in _roots(explanation):
        tree.add(line)
    is_short = node.cell.status in WAITING and explanation.held_back and not full
    if is_short:
        for text in _missing_games(node.missing):
            tree.add(Text(text))
    else:
        _branch(node, tree, {_sentence(root) for root in explanation.roots if root is not node})
    if explanation.held_back and not full:
        tree.add(Text(f"held back: {extent(explanation.held_back)}"))
    if (run := _run_of(node.cell)) is not None:
        tree.add(Text(f"what its run said: nba-assets log {run[:_SHORT]}"))
    parts: list[RenderableType] = [tree]
    if explanation.games:
        day = node.cell.partition.day
        games = counted(len(explanation.games), "game")
        parts.append(Text(f"\n{games} on {day}: {', '.join(explanation.games)}", style="dim"))
    if explanation.commands:
        parts.append(Text("\nTo repair it, in this order:" if len(explanation.commands) > 1 else "\nTo repair it:"))
        parts += _steps(explanation.commands)
    return Group(*parts)


def _run_of(cell: Cell) -> str | None:
    """The run in which a partition has failed."""
    return cell.newest.run_id if cell.status in FAILED and cell.newest else None


def _roots(explanation: Explanation) -> Iterator[Text]:
    """Where the problem began, with the reasons, those of one table together; nothing of its own root."""
    if explanation.roots == (explanation.tree,):
        return
    alike: dict[object, list[Node]] = {}
    for root in sorted(explanation.roots, key=lambda root: root.cell.partition.day):
        causes = frozenset(one.cause for one in root.cell.findings)
        alike.setdefault((root.cell.partition.table, root.cell.status, causes), []).append(root)
    groups = list(alike.values())
    for roots in groups[:_MOST_ROOTS]:
        cell = roots[0].cell
        where = str(cell.partition) if len(roots) == 1 else cell.partition.table
        status = (cell.status.value, STYLES[cell.status])
        yield Text.assemble(("root: ", "bold"), f"{where} ", status, _dates_of(roots), f": {_reason_of(roots)}")
    more = sum(map(len, groups[_MOST_ROOTS:]))
    if more:
        yield Text(f"and {counted(more, 'more root')}; --format json has all of them")


def _dates_of(roots: Sequence[Node]) -> str:
    """ " on 7 dates, 2021-11-16 … 2021-11-28"; nothing of one date."""
    days = [root.cell.partition.day for root in roots]
    return f" on {counted(len(days), 'date')}, {span(days[0], days[-1])}" if len(days) > 1 else ""


def _reason_of(roots: Sequence[Node]) -> str:
    """The reason of one root, of several what their games have in common: "no box score: 0022100212 SAS@LAC, …"."""
    if len(roots) == 1:
        return _sentence(roots[0])
    return joint_reason([root.findings for root in roots]) or _sentence(roots[0])


def _steps(commands: Sequence[Command]) -> Iterator[Text]:
    said = None
    for command in commands:
        effect = _EFFECTS_OF_OPTIONS.get(command.option) or _EFFECTS[command.verb]
        if effect != said:
            yield Text(f"  # {effect}", style="dim")
        said = effect
        yield Text(f"  {command}", style="bold")


def as_dict(explanation: Explanation) -> dict[str, Any]:
    """The same in JSON's types; nodes are nested under `inputs`."""
    return _node_as_dict(explanation.tree) | {
        "roots": [_root_as_dict(root) for root in explanation.roots],
        "held_back": {
            "dates": sorted({str(partition.day) for partition in explanation.held_back}),
            "tables": list(dict.fromkeys(partition.table for partition in explanation.held_back)),
        },
        "games": list(explanation.games),
        "commands": list(map(str, explanation.commands)),
    }


def _root_as_dict(root: Node) -> dict[str, Any]:
    cell = root.cell
    verdict = verdict_as_dict(cell.partition, cell.status, cell.reason, cell.findings)
    return verdict | {"lacking_games": list(root.lacking)}


def _node_as_dict(node: Node) -> dict[str, Any]:
    return {
        **cell_as_dict(node.cell),
        "entities": [vars(entity) for entity in node.entities],
        "missing_games": {of_team.team: list(of_team.games) for of_team in node.missing},
        "later": [str(day) for day in node.later],
        "shown_elsewhere": node.seen,
        "inputs": [_node_as_dict(child) for child in node.inputs],
    }


def _title(node: Node, *, is_root: bool = False) -> Text:
    cell = node.cell
    title = Text.assemble(
        (f"{cell.partition.table} {cell.partition.day} ", "bold"),
        (cell.status.value, STYLES[cell.status]),
        f"  {_numbers(cell)}" if _numbers(cell) else "",
    )
    if node.later:
        title.append(f"  and {counted(len(node.later), 'later date')}, up to {node.later[-1]}", "dim")
    if node.seen:
        title.append("  (see above)", "dim")
    elif is_root:
        title.append("  ← root", "bold")
    return title


def _branch(node: Node, tree: Tree, shown: set[str]) -> Tree:
    """The tree below a node; lines that were `shown` once are not repeated."""
    for line in _details(node) if not node.seen else ():
        if line not in shown:
            shown.add(line)
            tree.add(Text(line))
    for child in node.inputs:
        _branch(child, tree.add(_title(child, is_root=not child.inputs)), shown)
    return tree


def _details(node: Node) -> Iterator[str]:
    """What is known of a node besides its title."""
    waits = node.cell.status in (Status.BLOCKED, Status.MISSING, Status.NOT_DUE)
    if not (waits and node.inputs):  # for what it waits, the branches say
        yield _sentence(node)
    yield from _missing_games(node.missing)
    entities = [f"{entity.name}: {entity.details}" for entity in shortcomings(node) if not _is_named(entity, node)]
    yield from entities[:_MOST_ENTITIES]
    if len(entities) > _MOST_ENTITIES:
        yield f"and {len(entities) - _MOST_ENTITIES} more; --format json has all of them"


def _sentence(node: Node) -> str:
    cell = node.cell
    if cell.status == Status.BLOCKED and cell.root is not None:
        return f"waits for {cell.root}"
    return cell.reason or MEANING[cell.status]


def _numbers(cell: Cell) -> str:
    numbers = cell.numbers
    if numbers is None or not numbers.expected or cell.status == Status.BLOCKED:
        return counted(cell.rows, "row") if cell.rows else ""
    text = f"{numbers.complete}/{numbers.expected} complete, {numbers.required} required"
    return f"{counted(cell.rows, 'row')}, {text}" if cell.rows else text


def _missing_games(missing: Sequence[MissingGames]) -> Iterator[str]:
    """ "finished games missing, of 7 teams: LAC 7, DAL 2, DET 1, …"; of few teams a line for each, with the games."""
    if len(missing) > _MOST_TEAMS:
        counts = (f"{of_team.team} {len(of_team.games)}" for of_team in missing)
        yield f"finished games missing, of {counted(len(missing), 'team')}: {', '.join(counts)}"
        return
    for of_team in missing:
        games = counted(len(of_team.games), "finished game")
        yield f"{of_team.team} ({of_team.name}): {games} missing: {joined(of_team.games, _MOST_GAMES)}"


def _is_named(entity: Entity, node: Node) -> bool:
    """Whether the reason names the entity, or the game whose side it is."""
    named = {name for found in node.cell.findings for name in found.named}
    return bool(named & {entity.entity, entity.entity.rpartition(" ")[0]})
