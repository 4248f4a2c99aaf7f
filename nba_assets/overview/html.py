"""The coverage matrix as one self-contained HTML page: a heat map per season, for a browser without a network.

The page is `page.html`; here its data is packed. Texts that repeat are stored once, so that twenty seasons stay
a few megabytes.
"""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from nba_assets.league.calendar import season_of
from nba_assets.overview.matrix import Matrix, Row
from nba_assets.overview.roots import Trouble
from nba_assets.overview.terminal import MARKS, notes
from nba_assets.partition import MEANING, Status
from nba_assets.planning.state import Cell
from nba_assets.tables import TABLES
from nba_assets.whole_file import replaced_whole

_PLACE = "/*DATA*/null"
_STATUSES = tuple(Status)


def as_html(matrix: Matrix) -> str:
    """The page; everything that it needs is in it."""
    page = files("nba_assets.overview").joinpath("page.html").read_text(encoding="utf-8")
    # "<" could end the script element; JSON may write it as an escape.
    data = json.dumps(_packed(matrix), separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")
    return page.replace(_PLACE, data, 1)


def write_page(matrix: Matrix, file: Path) -> None:
    """Write the page; whoever reads it meanwhile has the old one or the new one. Raises OSError."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with replaced_whole(file) as part:
        part.write_text(as_html(matrix), encoding="utf-8")


def _packed(matrix: Matrix) -> dict[str, Any]:
    texts = _Texts()
    counts = matrix.counts()
    return {
        "first": str(matrix.rows[0].day) if matrix.rows else None,
        "last": str(matrix.rows[-1].day) if matrix.rows else None,
        "notes": notes(matrix),
        "statuses": [
            {"name": s.value, "mark": MARKS[s], "meaning": MEANING[s], "count": counts.get(s, 0)} for s in _STATUSES
        ],
        "troubles": [_trouble(one) for one in matrix.troubles],
        "tables": [_table(name) for name in matrix.tables],
        "days": [_day(row, texts) for row in matrix.rows],
        "cells": {name: [_cell(row.cells[name], texts) for row in matrix.rows] for name in matrix.tables},
        "texts": texts.known,
    }


def _table(name: str) -> dict[str, Any]:
    table = TABLES[name]
    return {"name": name, "short": table.short_name, "phase": table.phase.value, "optional": table.optional}


def _trouble(one: Trouble) -> list[Any]:
    """[status, table, first date, its dates, reason, how much is concerned, command]"""
    status, where = _STATUSES.index(one.status), one.first
    return [status, where.table, str(where.day), one.dates, one.reason, one.how_many, one.command]


def _day(row: Row, texts: _Texts) -> list[Any]:
    """[date, season, games, worst status, status of the date]"""
    return [str(row.day), season_of(row.day), row.games, _STATUSES.index(row.worst), texts.number(row.status)]


def _cell(cell: Cell, texts: _Texts) -> list[Any]:
    """[status, rows, expected, complete, required, ready, reason, computed at, version, run, root, accepted by]"""
    numbers = cell.numbers
    ready = cell.published.production_ready_share if cell.published else None
    computed = f"{numbers.started_at:%Y-%m-%d %H:%M} UTC" if numbers and numbers.started_at else None
    packed = [
        _STATUSES.index(cell.status),
        cell.rows,
        numbers.expected if numbers else None,
        numbers.complete if numbers else None,
        numbers.required if numbers else None,
        None if ready is None else round(ready, 4),
        texts.number(cell.reason),
        texts.number(computed),
        texts.number(numbers.code_version if numbers else None),
        texts.number(numbers.run_id if numbers else None),
        texts.number(str(cell.origin) if cell.origin != cell.partition else None),
        texts.number(cell.accepted_by),
    ]
    while packed and packed[-1] is None:
        packed.pop()
    return packed


class _Texts:
    """Texts by number, each stored once."""

    def __init__(self) -> None:
        self.known: list[str] = []
        self._numbers: dict[str, int] = {}

    def number(self, text: str | None) -> int | None:
        """The number of a text; None of none."""
        if text is None:
            return None
        if text not in self._numbers:
            self._numbers[text] = len(self.known)
            self.known.append(text)
        return self._numbers[text]
