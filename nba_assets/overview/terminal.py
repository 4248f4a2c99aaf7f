"""The coverage matrix as a terminal table, and as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table as RichTable
from rich.text import Text

from nba_assets.overview.matrix import BOOTSTRAP, COMPLETE, NO_GAMES, Matrix, Row
from nba_assets.overview.roots import Trouble
from nba_assets.partition import FAILED, MEANING, Status
from nba_assets.planning.state import Cell
from nba_assets.schema.table import Phase
from nba_assets.tables import TABLES
from nba_assets.text import counted, joined, markdown_table

MARKS: dict[Status, str] = {
    Status.OK: "",
    Status.DEGRADED: "~",
    Status.BOOTSTRAP: "b",
    Status.NO_GAMES: "-",
    Status.GAP: "GAP",
    Status.ERROR: "ERR",
    Status.BLOCKED: "blk",
    Status.STALE: "*",
    Status.NOT_DUE: ".",
    Status.MISSING: "?",
}
"""What a cell shows beside, or instead of, its number of rows; readable without colour."""

ACCEPTED = "!"
"""What a cell shows beside its number of rows if somebody has accepted that more is missing."""

STYLES: dict[Status, str] = {
    Status.OK: "green",
    Status.DEGRADED: "yellow",
    Status.BOOTSTRAP: "cyan",
    Status.NO_GAMES: "dim",
    Status.GAP: "bold red",
    Status.ERROR: "bold red",
    Status.BLOCKED: "magenta",
    Status.STALE: "yellow",
    Status.NOT_DUE: "dim",
    Status.MISSING: "red",
}
_ROOM_FOR_STATUS = 32
_MOST_ACCEPTED, _MOST_CAUSES = 3, 10
_WITHOUT_ROWS = frozenset(Status) - {Status.OK, Status.DEGRADED, Status.STALE}


def cell_text(cell: Cell) -> str:
    """ "433", "433~", "433!", "GAP", "blk" …"""
    mark = ACCEPTED if is_marked_as_accepted(cell) else MARKS[cell.status]
    return mark if cell.status in _WITHOUT_ROWS else f"{cell.rows}{mark}"


def is_marked_as_accepted(cell: Cell) -> bool:
    """Whether a cell is a gap that somebody has accepted, and nothing else that its mark would have to say."""
    return cell.status == Status.DEGRADED and cell.accepted_by is not None


def legend(matrix: Matrix) -> str:
    """What the marks of this matrix mean, with counts: "1,204 OK · 12 ~ DEGRADED (…)"."""
    counts = matrix.counts()
    parts = [
        f"{counts[status]:,} {status}" + (f" [{MARKS[status]}] {MEANING[status]}" if MARKS[status] else "")
        for status in Status
        if counts.get(status)
    ]
    return " · ".join(parts)


def below(matrix: Matrix) -> list[str]:
    """The lines below the matrix: the legend, the notes, and what needs attention."""
    return [legend(matrix), *notes(matrix), *attention(matrix)]


def notes(matrix: Matrix) -> list[str]:
    """The gaps that somebody has accepted, and what else is said of the whole matrix."""
    accepted = accepted_gaps(matrix)
    return [*([f"{accepted} [{ACCEPTED}]"] if accepted else []), *matrix.notes]


def attention(matrix: Matrix) -> list[str]:
    """What needs attention: two lines for each cause, the second with what is concerned and the command."""
    found = matrix.troubles
    if not found:
        return []
    lines = ["", _heading(found)]
    for one in found[:_MOST_CAUSES]:
        lines.append(f"{one.status} {one.where}: {one.reason}")
        lines.append("    " + " · ".join(filter(None, [one.how_many, one.command])))
    if len(found) > _MOST_CAUSES:
        lines.append(f"and {len(found) - _MOST_CAUSES:,} more; --format html shows all")
    return lines


def _heading(found: Sequence[Trouble]) -> str:
    return (
        "One cause needs attention:" if len(found) == 1 else f"{len(found):,} causes need attention, the worst first:"
    )


def accepted_gaps(matrix: Matrix) -> str:
    """ "2 gaps accepted as they are: raw_team_boxscores 2021-11-07 by ada, …"; empty for none."""
    cells = matrix.accepted()
    named = joined([f"{cell.partition} by {cell.accepted_by}" for cell in cells], _MOST_ACCEPTED)
    return (
        f"{counted(len(cells), 'gap')} accepted as {'it is' if len(cells) == 1 else 'they are'}: {named}"
        if cells
        else ""
    )


def as_rich(matrix: Matrix, names: Sequence[str], *, width: int | None = None) -> RichTable:
    """The matrix of some tables for a terminal of `width` characters; without a width nothing is cut off."""
    table = RichTable(header_style="bold", show_edge=False, padding=(0, 1, 0, 0), box=None)
    table.add_column("date", no_wrap=True)
    table.add_column("games", justify="right", no_wrap=True)
    for name in names:
        table.add_column(TABLES[name].short_name, justify="right", no_wrap=True)
    table.add_column("status", no_wrap=True)
    room = max(width - _width_of(matrix, names), _ROOM_FOR_STATUS // 2) if width else full_width(matrix)
    for row in matrix.rows:
        cells = [Text(cell_text(row.cells[name]), style=STYLES[row.cells[name].status]) for name in names]
        status = row.status if len(row.status) <= room else row.status[: room - 1] + "…"
        table.add_row(str(row.day), _games(row), *cells, Text(status, style=_style(row)))
    return table


def tables_that_fit(matrix: Matrix, width: int) -> list[str]:
    """As many tables as leave room for the status: all, those that count, or the pre-game and the failed ones."""
    everything = list(matrix.tables)
    counting = [name for name in everything if not TABLES[name].optional] or everything
    failed = {name for name in counting if any(row.cells[name].status in FAILED for row in matrix.rows)}
    for names in (everything, counting):
        if width - _width_of(matrix, names) >= _ROOM_FOR_STATUS:
            return names
    return [name for name in counting if name in failed or TABLES[name].phase == Phase.PRE_GAME]


def full_width(matrix: Matrix) -> int:
    """How many characters all tables need beside the whole status of every date."""
    return _width_of(matrix, matrix.tables) + max((len(row.status) for row in matrix.rows), default=0) + 1


def _width_of(matrix: Matrix, names: Sequence[str]) -> int:
    widths = [max(len(TABLES[n].short_name), *(len(cell_text(row.cells[n])) for row in matrix.rows)) for n in names]
    return len("2021-11-02 ") + len("games ") + sum(widths) + len(widths)


def as_markdown(matrix: Matrix) -> str:
    """The matrix as a Markdown table, with the legend below."""
    heads = ["date", "games", *(TABLES[name].short_name for name in matrix.tables), "status"]
    rows = [
        [row.day, _games(row), *(cell_text(row.cells[name]) for name in matrix.tables), row.status]
        for row in matrix.rows
    ]
    lines = [markdown_table(heads, rows), "", legend(matrix), *notes(matrix)]
    causes = [f"- {cause_as_markdown(one)}; `{one.command}`" for one in matrix.troubles]
    return "\n".join([*lines, *(["", f"{_heading(matrix.troubles)}", ""] if causes else []), *causes])


def cause_as_markdown(one: Trouble, *, where: str | None = None, most: int | None = None) -> str:
    """ "**GAP** raw_shots 2021-11-12: the reason; holds back: …", `most` characters of the reason at most."""
    reason = one.reason if most is None or len(one.reason) <= most else one.reason[: most - 1] + "…"
    return "; ".join(filter(None, [f"**{one.status}** {where or one.where}: {reason}", one.how_many]))


def _games(row: Row) -> str:
    return "" if row.games is None else str(row.games)


def _style(row: Row) -> str:
    if row.status == COMPLETE:
        return "green"
    if row.status in (BOOTSTRAP, NO_GAMES):
        return "dim"
    return "yellow" if row.is_fine else "red"
