"""The coverage matrix: one row per date, one cell per table, one status for each date.

Derived from the ledger's state; how it looks on a terminal, in Markdown or HTML does not belong here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

import pandas as pd

from nba_assets.league.calendar import COUNTING_TYPES, days_between
from nba_assets.overview.player_names import PlayerNames
from nba_assets.overview.roots import Root, Trouble, roots_of, together
from nba_assets.partition import FAILED, FINE, Status, sentence_of
from nba_assets.planning.acceptance import is_not_asked_again
from nba_assets.planning.load import load_state
from nba_assets.planning.state import Cell, State
from nba_assets.session import Session
from nba_assets.tables import SCHEDULE, TABLES
from nba_assets.tables.games import RESULT_COLUMNS, counting_games
from nba_assets.text import joined

COMPLETE, BOOTSTRAP, NO_GAMES = "Complete", "Bootstrap", "No games"
WORST_FIRST = (
    *(Status.GAP, Status.ERROR, Status.BLOCKED, Status.STALE, Status.MISSING),
    *(Status.DEGRADED, Status.NOT_DUE, Status.BOOTSTRAP, Status.OK, Status.NO_GAMES),
)
"""What of a date needs attention first. A date is quiet only if every table is: NO_GAMES comes last."""
_QUIET = {Status.BOOTSTRAP: BOOTSTRAP, Status.OK: COMPLETE, Status.NO_GAMES: NO_GAMES}


@dataclass(frozen=True)
class Row:
    """One date: its cells by table, in the order of the graph, and the number of counting games (None: unknown)."""

    day: date
    cells: Mapping[str, Cell]
    games: int | None

    @property
    def status(self) -> str:
        """Complete, Bootstrap, No games, Degraded: …, or the root reason of the worst cell."""
        return date_status(self.cells)

    @property
    def counting(self) -> list[Cell]:
        """The cells of the tables that count."""
        return counting_cells(self.cells)

    @property
    def worst(self) -> Status:
        """The status among them that needs attention most."""
        return worst_status(cell.status for cell in self.counting)

    @property
    def is_fine(self) -> bool:
        """Whether every table that counts is published and up to date."""
        return all(cell.status in FINE for cell in self.counting)


@dataclass(frozen=True)
class Matrix:
    """Coverage of a range of dates, and where what is not in order, or degraded, began."""

    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    roots: tuple[Root, ...] = ()

    @property
    def troubles(self) -> list[Trouble]:
        """What needs attention, cause by cause, the worst first. What is not due yet does not."""
        return together([root for root in self.roots if root.status != Status.NOT_DUE])

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables that it shows, in the order of the graph; the optional ones last."""
        shown = self.rows[0].cells if self.rows else TABLES
        return tuple(sorted(shown, key=lambda name: TABLES[name].optional))

    def cells(self) -> Iterator[Cell]:
        """All cells, date by date."""
        for row in self.rows:
            yield from row.cells.values()

    def accepted(self) -> list[Cell]:
        """The gaps that somebody has accepted as they are, date by date."""
        return [cell for cell in self.cells() if cell.accepted_by]

    def counts(self) -> dict[Status, int]:
        """How many cells of the tables that count have each status."""
        return Counter(cell.status for row in self.rows for cell in row.counting)


def matrix(
    session: Session, start: date, end: date, *, state: State | None = None, tables: Collection[str] = tuple(TABLES)
) -> Matrix:
    """The coverage of start … end (inclusive), of all tables or of some."""
    state = state or load_state(session, start, end)
    games = _games_by_date(session, start, end)
    names = PlayerNames(session.warehouse, start, end)
    rows = []
    for day in days_between(start, end):
        loaded = state.published(SCHEDULE.name, day) is not None
        cells = {name: names.in_reason(state.cell(name, day)) for name in TABLES if name in tables}
        rows.append(Row(day, cells, games.get(day, 0) if loaded else None))
    counting = [cell for row in rows for cell in row.counting]
    return Matrix(tuple(rows), _notes(session), tuple(_roots(session, state, counting, names)))


def _roots(session: Session, state: State, cells: Iterable[Cell], names: PlayerNames) -> Iterator[Root]:
    """Where what is not in order, or degraded, began; with the date, if a repair would not ask the source for it."""
    for root in roots_of(state, cells, of_degraded=True):
        findings = names.in_findings(root.findings)
        reason = root.reason if findings == root.findings else str(sentence_of(findings))
        is_refreshed = root.status in FAILED and is_not_asked_again(session, root.partition)
        refreshed = (root.partition.day, root.partition.day) if is_refreshed else root.refreshed
        yield replace(root, reason=reason, findings=findings, refreshed=refreshed)


def counting_cells(cells: Mapping[str, Cell]) -> list[Cell]:
    """The cells of the tables that have an influence on a date's status: where only optional ones are shown, all."""
    required = [cell for name, cell in cells.items() if not TABLES[name].optional]
    return required or list(cells.values())


def date_status(cells: Mapping[str, Cell]) -> str:
    """The status of a date: the first cell of the worst kind decides, in the order of the graph."""
    counting = counting_cells(cells)
    worst = worst_status(cell.status for cell in counting)
    return _QUIET.get(worst) or _root_reason([cell for cell in counting if cell.status == worst])


def worst_status(statuses: Iterable[Status]) -> Status:
    """The status that needs attention most."""
    return min(statuses, key=WORST_FIRST.index, default=Status.OK)


def _root_reason(worst: list[Cell]) -> str:
    cell = worst[0]
    if cell.status in (Status.STALE, Status.MISSING, Status.NOT_DUE) and cell.label is None:
        what = {Status.STALE: "Stale", Status.MISSING: "Missing", Status.NOT_DUE: "Not due"}[cell.status]
        return f"{what}: {joined([c.partition.table for c in worst], 1)}"
    if cell.status == Status.DEGRADED:
        return f"Degraded: {TABLES[cell.partition.table].short_name}: {cell.reason}"
    reason = cell.reason or ""
    if cell.status == Status.BLOCKED or cell.label is None:
        return reason or cell.status.value
    return cell.label if reason in ("", cell.label) else f"{cell.label}: {reason}"


def _games_by_date(session: Session, start: date, end: date) -> dict[date, int]:
    schedule = session.warehouse.read(SCHEDULE, columns=RESULT_COLUMNS, start=start, end=end)
    games = counting_games(schedule, session.counting_types)
    return {pd.Timestamp(day).date(): int(count) for day, count in games.groupby("game_date").size().items()}


def _notes(session: Session) -> tuple[str, ...]:
    uncovered = sorted(COUNTING_TYPES - session.counting_types)
    if not uncovered:
        return ()
    return (f"the source '{session.source.name}' does not cover games of type {', '.join(uncovered)}: not expected",)
