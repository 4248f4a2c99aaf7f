"""How numbers, lists and spans are written to people. Texts about a partition are made in `partition.py`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path


def counted(number: int, noun: str) -> str:
    """ "1 partition", "1,204 partitions" """
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def joined(names: Sequence[object], most: int, *, separator: str = ", ") -> str:
    """The first `most` names and how many more there are: "ATL, BKN and 5 more"."""
    rest = len(names) - most
    shown = separator.join(map(str, names[:most]))
    if rest <= 0:
        return shown
    return f"{shown}{' ' if separator == ', ' else separator}and {rest:,} more"


def span(first: date, last: date) -> str:
    """ "2021-11-05", or "2021-11-05 … 2021-11-07" """
    return str(first) if first == last else f"{first} … {last}"


def near(path: Path) -> str:
    """A path as short as it is from the working directory: relative to it, if it is below."""
    try:
        here = Path.cwd()
    except FileNotFoundError:  # somebody has removed the directory
        return str(path)
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def unpadded(text: str) -> str:
    """The text without blanks at the ends of its lines."""
    return "\n".join(line.rstrip(" ") for line in text.split("\n"))


def markdown_table(heads: Iterable[object], rows: Iterable[Iterable[object]]) -> str:
    """A Markdown table; whole numbers with thousands separators, "|" in a cell as "/"."""
    lines = [[*map(str, heads)]]
    lines.append(["---"] * len(lines[0]))
    lines += [[f"{cell:,}" if isinstance(cell, int) else str(cell).replace("|", "/") for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
