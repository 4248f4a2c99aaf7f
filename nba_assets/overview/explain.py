"""Why a cell of the coverage matrix is what it is: a tree from the cell through its inputs to its root causes.

Read from the ledger, its entity failures and the schedule; nothing is recomputed. How a tree is printed is
the business of `explain_text`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property

import pandas as pd

from nba_assets.league.calendar import days_between, season_first_day, season_last_day, season_of
from nba_assets.league.teams import NAME_BY_CODE
from nba_assets.overview.player_names import PlayerNames
from nba_assets.partition import CONTRADICTIONS, FAILED, WAITING, Finding, Partition, Status
from nba_assets.planning.acceptance import can_be_accepted, is_not_asked_again
from nba_assets.planning.games_named import games_named
from nba_assets.planning.history import history
from nba_assets.planning.load import load_state
from nba_assets.planning.state import Cell, State, date_read
from nba_assets.planning.weak_inputs import WeakInputs, dates_to_refresh
from nba_assets.quality.audit import INSUFFICIENT_HISTORY
from nba_assets.schema.table import Input, TimeRule
from nba_assets.session import Session
from nba_assets.tables import SCHEDULE, TABLES, place_of
from nba_assets.tables.games import game_name

ACCEPT_GAPS, FORCE = "--accept-gaps", "--force"
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Entity:
    """A game, team or player that is missing or incomplete in a partition; `name` is how people call it."""

    entity: str
    name: str
    category: str
    details: str


@dataclass(frozen=True)
class MissingGames:
    """The missing finished games of a team that a blocked partition would have to read."""

    team: str
    name: str
    games: tuple[str, ...]


@dataclass(frozen=True)
class Node:
    """One partition in the tree, what is known of it, and the inputs that explain it.

    The reason of the cell and `findings` call players by their names, the findings of the cell by their ids.
    `missing` are the games that its roots keep from it, `lacking` those that it lacks as a root. `later` are further
    dates of the same history in the same state. `seen` marks a partition whose inputs are shown elsewhere in the tree.
    """

    cell: Cell
    findings: tuple[Finding, ...] = ()
    entities: tuple[Entity, ...] = ()
    missing: tuple[MissingGames, ...] = ()
    lacking: tuple[str, ...] = ()
    later: tuple[date, ...] = ()
    inputs: tuple[Node, ...] = ()
    seen: bool = False

    def walk(self) -> Iterator[Node]:
        """This node and all below it."""
        yield self
        for node in self.inputs:
            yield from node.walk()


@dataclass(frozen=True)
class Command:
    """A command of `nba-assets` over first … last that a person may run."""

    verb: str
    first: date
    last: date
    option: str = ""

    def __str__(self) -> str:
        return " ".join(filter(None, ["nba-assets", self.verb, str(self.first), str(self.last), self.option]))

    def makes_needless(self, other: Command) -> bool:
        """Whether everything that the other would do is done: backfill and repair build the same."""
        builds = {"backfill", "repair"}
        is_alike = self.verb == other.verb or {self.verb, other.verb} <= builds
        return is_alike and self.option == other.option and self.first <= other.first and other.last <= self.last


@dataclass(frozen=True)
class Explanation:
    """The tree of one cell, all roots of its trouble, the games of its date, and the commands that would repair it.

    `held_back` are the partitions that wait for one of the roots: up to its date, or of its season if it is the root.
    """

    tree: Node
    roots: tuple[Node, ...]
    held_back: tuple[Partition, ...]
    games: tuple[str, ...]
    commands: tuple[Command, ...]


def explain(session: Session, table: str, day: date) -> Explanation:
    """Why (table, day) has the status that it has."""
    state = load_state(session, day, day)
    until = day
    if state.cell(table, day).status in FAILED:
        # What a root holds back are later dates as well: those that were tried, of its season.
        until = max(day, min(max(history(session), default=day), season_last_day(season_of(day))))
        state = load_state(session, day, until)
    explainer = _Explainer(session, state, day, until)
    tree = explainer.node(Partition(table, day))
    roots = explainer.roots(tree)
    held_back = explainer.held_back(roots)
    last = max([day, *(partition.day for partition in held_back)])
    return Explanation(tree, roots, held_back, explainer.games_of(day), _commands_for(tree, roots, last, explainer))


@dataclass(frozen=True)
class _Cause:
    """An input that explains a partition, and the later dates of its history that are in the same state."""

    partition: Partition
    later: tuple[date, ...] = ()


class _Explainer:
    def __init__(self, session: Session, state: State, day: date, until: date) -> None:
        self._session, self._state, self._day, self._until = session, state, day, until
        self._weak = WeakInputs(state)
        self._players = PlayerNames(session.warehouse, day, day)
        self._expanded: set[Partition] = set()
        self._reached: dict[Partition, frozenset[Partition]] = {}

    def node(self, partition: Partition, later: tuple[date, ...] = ()) -> Node:
        """The tree below a partition."""
        cell = self._state.cell(partition.table, partition.day)
        if partition in self._expanded:
            return replace(self._named(cell), later=later, seen=True)
        self._expanded.add(partition)
        inputs = tuple(self.node(cause.partition, cause.later) for cause in self._nearest(cell))
        node = replace(self._named(cell), later=later, inputs=inputs)
        if cell.status == Status.BLOCKED:
            return replace(node, missing=self._missing_games(cell))
        return replace(node, entities=self._entities(partition))

    def roots(self, tree: Node) -> tuple[Node, ...]:
        """Where the trouble of a tree began: all that it waits for or is degraded by, else the tree's leaves."""
        found: Collection[Partition] = ()
        if tree.cell.status in WAITING:
            found = self._state.waits.roots(tree.cell.partition)
        elif tree.cell.status == Status.DEGRADED:
            found = self._weak.roots(tree.cell.partition) - {tree.cell.partition}
        if not found:
            return tuple(node for node in tree.walk() if not node.inputs and not node.seen)
        return tuple(self._root(partition) for partition in sorted(found, key=place_of))

    def held_back(self, roots: Sequence[Node]) -> tuple[Partition, ...]:
        """The partitions up to the last day that wait for one of the roots."""
        behind = {root.cell.partition for root in roots}
        first = min(partition.day for partition in behind)
        partitions = (Partition(name, day) for day in days_between(first, self._until) for name in TABLES)
        return tuple(
            partition
            for partition in partitions
            if self._state.own_cell(partition).status in WAITING
            and not behind.isdisjoint(self._state.waits.roots(partition))
        )

    def _root(self, partition: Partition) -> Node:
        cell = self._state.cell(partition.table, partition.day)
        if cell.status == Status.DEGRADED and games_named(cell.findings) is None:
            return replace(self._named(cell), entities=self._entities(partition))
        lacking = self._state.waits.games([partition], partition.day + _DAY).drop_duplicates("game_id")
        games = tuple(_dated(game) for game in lacking.sort_values("game_id").itertuples())
        return replace(self._named(cell), entities=self._entities(partition), lacking=games)

    def _named(self, cell: Cell) -> Node:
        return Node(self._players.in_reason(cell), self._players.in_findings(cell.findings))

    def is_not_asked_again(self, node: Node) -> bool:
        """Whether a repair leaves the source in peace."""
        return is_not_asked_again(self._session, node.cell.partition)

    def acceptances(self, node: Node, day: date) -> Iterator[Command]:
        """The command that accepts a gap: with all others up to `day`, once they are past the late limit."""
        cell = node.cell
        if can_be_accepted(self._session, cell.partition, cell.status, cell.findings):
            yield Command("backfill", cell.partition.day, day, ACCEPT_GAPS)
        elif CONTRADICTIONS.isdisjoint(one.cause for one in cell.findings):
            yield Command("backfill", cell.partition.day, cell.partition.day, FORCE)

    def dates_to_refresh(self, node: Node) -> tuple[date, date]:
        """The dates of which the source has to be asked again, to put a degraded node right."""
        return dates_to_refresh(self._state, node.cell)

    def stale_since(self, node: Node) -> date:
        """The first date that has to be built again with a stale node: its history may be stale as well."""
        return self._state.stale_since(node.cell.partition)

    def games_of(self, day: date) -> tuple[str, ...]:
        """ "0022100137 BKN@TOR (final)" for each game that the schedule has on the date."""
        games = self._schedule[self._schedule["game_date"] == pd.Timestamp(day)]
        return tuple(f"{game_name(game)} ({game.status})" for game in games.itertuples())

    def _nearest(self, cell: Cell) -> list[_Cause]:
        """The causes of a cell without those that another of them already leads to."""
        causes = {cause.partition: cause for cause in self._causes(cell)}
        return [
            cause
            for partition, cause in causes.items()
            if not any(partition in self._behind(other) for other in causes if other != partition)
        ]

    def _behind(self, partition: Partition) -> frozenset[Partition]:
        """Every partition that the causes of a partition lead to."""
        if partition not in self._reached:
            causes = [c.partition for c in self._causes(self._state.cell(partition.table, partition.day))]
            self._reached[partition] = frozenset(causes).union(*(self._behind(cause) for cause in causes))
        return self._reached[partition]

    def _causes(self, cell: Cell) -> Iterator[_Cause]:
        """The inputs that explain a cell."""
        table, day = cell.partition.table, cell.partition.day
        if cell.status in (Status.BLOCKED, Status.NOT_DUE, Status.MISSING):
            for obstacle in self._state.obstacles(table, day):
                since = days_between(obstacle.partition.day + _DAY, day - _DAY)
                same = (d for d in since if self._state.cell(obstacle.partition.table, d).status == obstacle.status)
                yield _Cause(obstacle.partition, tuple(same))
        elif cell.status == Status.STALE or self._weak.may_degrade(cell.partition):
            for input_ in TABLES[table].inputs:
                is_cause = self._is_newer if cell.status == Status.STALE else self._is_weak
                days = [d for d in self._dates_read(input_, day) if is_cause(input_, d, cell)]
                if days:
                    yield _Cause(Partition(input_.table, days[0]), tuple(days[1:]))

    def _dates_read(self, input_: Input, day: date) -> list[date]:
        if input_.rule == TimeRule.BEFORE_DATE:
            return days_between(self._state.opening_night(day) or season_first_day(season_of(day)), day - _DAY)
        return [date_read(input_, day)]

    def _is_weak(self, input_: Input, day: date, _: Cell) -> bool:
        return self._weak.is_weak(input_.table, day)

    def _is_newer(self, input_: Input, day: date, cell: Cell) -> bool:
        """The input was published after the partition that read it."""
        read, reader = self._state.published(input_.table, day), cell.published
        if read is None or read.started_at is None or reader is None or reader.started_at is None:
            return False
        return read.started_at > reader.started_at

    def _missing_games(self, cell: Cell) -> tuple[MissingGames, ...]:
        """The teams with finished games that the roots of the cell lack, those with most of them first."""
        missing = self._state.waits.games(self._state.waits.roots(cell.partition), cell.partition.day)
        return tuple(
            MissingGames(str(team), NAME_BY_CODE[str(team)], tuple(_dated(game) for game in games.itertuples()))
            for team, games in sorted(missing.groupby("team"), key=lambda of_team: (-len(of_team[1]), of_team[0]))
        )

    def _entities(self, partition: Partition) -> tuple[Entity, ...]:
        rows = self._session.warehouse.failures(partition.table, partition.day)
        return tuple(
            Entity(row.entity, self._name_of(row.entity), row.category, row.details) for row in rows.itertuples()
        )

    def _name_of(self, entity: str) -> str:
        if entity in NAME_BY_CODE:
            return f"{entity} ({NAME_BY_CODE[entity]})"
        if entity.isdigit() and entity in self._players.known:
            return f"{self._players.known[entity]} ({entity})"
        return self._games.get(entity, entity)

    @cached_property
    def _schedule(self) -> pd.DataFrame:
        first = season_first_day(season_of(self._day))
        return self._session.warehouse.read(SCHEDULE, start=first, end=self._day)

    @cached_property
    def _games(self) -> dict[str, str]:
        return {game.game_id: game_name(game) for game in self._schedule.itertuples()}


def _dated(game: object) -> str:
    return f"{game_name(game)} ({game.game_date:%Y-%m-%d})"  # type: ignore[attr-defined]


def _commands_for(tree: Node, roots: Sequence[Node], day: date, explainer: _Explainer) -> tuple[Command, ...]:
    """What would repair the roots of a tree and all behind them up to `day`, in the order in which to run it."""
    of_roots = (c for root in roots for c in _commands(root, day, root.cell.partition.day, explainer))
    found = set(of_roots if tree.cell.status in WAITING else _commands(tree, day, day, explainer))
    needed: list[Command] = []
    for command in sorted(found, key=lambda c: (c.option, c.first, -c.last.toordinal(), c.verb)):
        if not any(other.makes_needless(command) for other in needed):
            needed.append(command)
    return tuple(needed)


def _commands(node: Node, day: date, last: date, explainer: _Explainer) -> Iterator[Command]:
    """What would repair each root below a node; `last` is the last date on which its problem is known."""
    first, status = node.cell.partition.day, node.cell.status
    last = node.later[-1] if node.later else last
    for cause in node.inputs:
        its_first = cause.cell.partition.day
        yield from _commands(cause, day, last if its_first == first else its_first, explainer)
    if status == Status.STALE:
        yield Command("repair", explainer.stale_since(node), day)
    if node.inputs or node.seen:
        return
    if status == Status.MISSING:
        yield Command("backfill", first, day)
    elif status in FAILED and explainer.is_not_asked_again(node):
        yield Command("refresh", first, day)
    elif status in (*FAILED, Status.BLOCKED):
        yield Command("repair", first, day)
    elif status == Status.DEGRADED:
        since, until = explainer.dates_to_refresh(node)
        yield Command("refresh", since, until if until < first else last)
    if status == Status.GAP:
        yield from explainer.acceptances(node, day)


def shortcomings(node: Node) -> tuple[Entity, ...]:
    """The entities of a node that something is wrong with; a short history is nothing wrong."""
    return tuple(entity for entity in node.entities if entity.category != INSUFFICIENT_HISTORY)
