"""A letter: a subject, labelled facts and a piece of the coverage matrix, as plain text and as HTML for mail.

Mail programs know no style sheets: colours stand in the elements. What a letter says is written in `compose.py`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from nba_assets.coverage.matrix import Matrix, Row, counting_cells
from nba_assets.coverage.terminal import cell_text, legend
from nba_assets.partition import Status
from nba_assets.tables import TABLES

_WIDTH = 118
_LONGEST_SUBJECT = 180
_BACKGROUND: dict[Status, str] = {
    Status.OK: "#e6f4ea",
    Status.DEGRADED: "#fff3cd",
    Status.BOOTSTRAP: "#e2f0f7",
    Status.GAP: "#f5c2c7",
    Status.ERROR: "#f5c2c7",
    Status.BLOCKED: "#e6d5f0",
    Status.STALE: "#fff3cd",
    Status.MISSING: "#f8e0e2",
}
_CELL = "padding:2px 6px;border:1px solid #ddd;text-align:right"


@dataclass(frozen=True)
class Letter:
    """`facts` are (label, text) pairs; a text of several lines keeps them. `commands` are to be copied."""

    subject: str
    headline: str
    facts: tuple[tuple[str, str], ...]
    commands: tuple[str, ...] = ()
    matrix: Matrix | None = None

    def text(self) -> str:
        """Plain text."""
        label_width = max((len(label) for label, _ in self.facts), default=0) + 2
        lines = [self.headline, ""]
        for label, value in self.facts:
            lines += _hanging(label, value, label_width)
        lines += ["", *(f"    {command}" for command in self.commands)] if self.commands else []
        lines += ["", _matrix_text(self.matrix)] if self.matrix else []
        return "\n".join(lines).rstrip() + "\n"

    def html(self) -> str:
        """HTML with everything in it."""
        facts = "".join(
            f'<tr><td style="padding:2px 12px 2px 0;vertical-align:top;color:#666">{escape(label)}</td>'
            f"<td>{escape(value).replace(chr(10), '<br>')}</td></tr>"
            for label, value in self.facts
        )
        commands = f"<pre>{escape(chr(10).join(self.commands))}</pre>" if self.commands else ""
        return (
            '<html><body style="font-family:sans-serif;font-size:14px">'
            f"<h3>{escape(self.headline)}</h3><table>{facts}</table>{commands}"
            f"{_matrix_html(self.matrix) if self.matrix else ''}</body></html>"
        )


def subject(text: str) -> str:
    """A subject line: one line, not too long."""
    line = f"[nba_assets] {' '.join(text.split())}"
    return line if len(line) <= _LONGEST_SUBJECT else line[: _LONGEST_SUBJECT - 1] + "…"


def overflow_letter(subjects: Sequence[str], *, budget: int, earlier: int) -> Letter:
    """The one letter for all that would exceed the day's budget."""
    headline = f"{len(subjects)} more alerts today, beyond the budget of {budget} a day: here they are as one"
    listed = "\n".join(f"- {text.removeprefix('[nba_assets] ')}" for text in subjects[:100])
    more = f"\n- and {len(subjects) - 100} more" if len(subjects) > 100 else ""
    facts = (
        ("Alerts", listed + more),
        ("Sent before", f"{earlier} today"),
        (
            "From now on",
            "only what is critical is told today, once an hour (NBA_ALERTS_DAILY_BUDGET). All that is open:",
        ),
    )
    return Letter(subject(f"{len(subjects)} alerts at once: more than {budget} a day"), headline, facts, (_LIST,))


_LIST = "nba-assets alerts list"


def _hanging(label: str, value: str, width: int) -> list[str]:
    lines = [line for part in value.splitlines() or [""] for line in textwrap.wrap(part, _WIDTH - width) or [""]]
    return [f"{label if number == 0 else '':<{width}}{line}" for number, line in enumerate(lines)]


def _grid(matrix: Matrix) -> list[list[str]]:
    """Heads and rows of the tables that count, as texts."""
    names = [name for name in matrix.tables if not TABLES[name].optional]
    heads = ["date", "games", *(TABLES[name].short_name for name in names), "status"]
    rows = [
        [str(row.day), _games(row), *(cell_text(row.cells[name]) for name in names), row.status] for row in matrix.rows
    ]
    return [heads, *rows]


def _games(row: Row) -> str:
    return "" if row.games is None else str(row.games)


def _matrix_text(matrix: Matrix) -> str:
    grid = _grid(matrix)
    widths = [max(len(line[column]) for line in grid) for column in range(len(grid[0]) - 1)]
    lines = []
    for *cells, status in grid:
        aligned = " ".join(f"{text:>{width}}" for text, width in zip(cells, widths, strict=True))
        room = _WIDTH - len(aligned) - 1
        lines.append(f"{aligned} {status if len(status) <= room else status[: room - 1] + '…'}")
    return "\n".join([*lines, "", *textwrap.wrap(legend(matrix), _WIDTH)])


def _matrix_html(matrix: Matrix) -> str:
    head = "".join(f'<th style="{_CELL}">{escape(text)}</th>' for text in _grid(matrix)[0])
    rows = "".join(_row_html(row) for row in matrix.rows)
    table = f'<table style="border-collapse:collapse;font-size:12px"><tr>{head}</tr>{rows}</table>'
    return f'{table}<p style="font-size:12px;color:#666">{escape(legend(matrix))}</p>'


def _row_html(row: Row) -> str:
    cells = [f'<td style="{_CELL};white-space:nowrap">{row.day}</td><td style="{_CELL}">{_games(row)}</td>']
    for cell in counting_cells(row.cells):
        colour = _BACKGROUND.get(cell.status, "#fff")
        title = escape(f"{cell.partition} {cell.status}: {cell.reason or ''}", quote=True)
        cells.append(f'<td style="{_CELL};background:{colour}" title="{title}">{escape(cell_text(cell))}</td>')
    return f'<tr>{"".join(cells)}<td style="{_CELL};text-align:left">{escape(row.status)}</td></tr>'
