"""Coverage in a few lines: what needs attention, and the newest dates with one character for each table.

For places that show short texts at once and hide long ones: on an asset's page Dagster shows Markdown of fewer than a
thousand characters as it is, and a link to the rest.
"""

from __future__ import annotations

from nba_assets.overview.matrix import Matrix
from nba_assets.overview.roots import Trouble
from nba_assets.overview.terminal import ACCEPTED, MARKS, cause_as_markdown, is_marked_as_accepted
from nba_assets.partition import Status
from nba_assets.planning.state import Cell
from nba_assets.tables import TABLES

SHOWN_AT_ONCE = 999
_ROOM_FOR_REASON = 220
_STRIP_DAYS = 30
_CALM, _EMPTY = "Nothing needs attention.", "nothing has been built yet"

_ONE_CHARACTER = {
    **{status: mark for status, mark in MARKS.items() if len(mark) == 1},
    **{Status.OK: "·", Status.GAP: "X", Status.ERROR: "E", Status.BLOCKED: "|", Status.NOT_DUE: " "},
}


def attention(matrix: Matrix, address: str | None = None, *, most: int = SHOWN_AT_ONCE) -> str:
    """What needs attention as a Markdown list of at most `most` characters, linked to the page at `address`."""
    found = matrix.troubles
    lines = [f"`{found[0].command}`"] if found else [_CALM if matrix.rows else _EMPTY]
    shown: list[str] = []
    room = most - sum(len(line) + 3 for line in lines) - len("- and 10,000 more\n")
    for one in found:
        line = _line(one, address)
        if len(line) + 3 > room:
            break
        room -= len(line) + 3
        shown.append(line)
    if len(shown) < len(found):
        shown.append(f"and {len(found) - len(shown):,} more")
    return "\n".join(f"- {line}" for line in [*shown, *lines])


def _line(one: Trouble, address: str | None) -> str:
    where = f"[{one.where}]({address}/#{one.first.day}/{one.first.table})" if address else None
    return cause_as_markdown(one, where=where, most=_ROOM_FOR_REASON)


def strip(matrix: Matrix, days: int = _STRIP_DAYS) -> str:
    """The newest dates as Markdown: a line for each table, a character for each date, and what the characters mean."""
    rows = matrix.rows[-days:]
    if not rows:
        return _EMPTY
    names = {name: TABLES[name].short_name for name in matrix.tables}
    width = max(map(len, names.values()))
    first, last = f"{rows[0].day:%m-%d}", f"{rows[-1].day:%m-%d}"
    axis = first + last.rjust(len(rows) - len(first)) if len(rows) > len(first + last) else last.rjust(len(rows))
    lines = [f"{'':{width}} {axis}"]
    for name, short in names.items():
        lines.append(f"{short:{width}} {''.join(_character(row.cells[name]) for row in rows)}")
    found = {cell.status for row in rows for cell in row.cells.values()}
    known = [f"`{_ONE_CHARACTER[s]}` {s}" for s in Status if s in found and s != Status.NOT_DUE]
    if any(is_marked_as_accepted(cell) for row in rows for cell in row.cells.values()):
        known.append(f"`{ACCEPTED}` a gap, accepted as it is")
    return "\n".join(["```", *(line.rstrip() for line in lines), "```", "", " · ".join(known)])


def _character(cell: Cell) -> str:
    return ACCEPTED if is_marked_as_accepted(cell) else _ONE_CHARACTER[cell.status]
