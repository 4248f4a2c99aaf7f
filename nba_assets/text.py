"""How numbers, lists and spans are written to people. Texts about a partition are made in `partition.py`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date


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
