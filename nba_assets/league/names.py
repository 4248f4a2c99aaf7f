"""Player names as labels: one normal form for comparing spellings. Never a key; players are keyed by id."""

from __future__ import annotations

import unicodedata

import pandas as pd

_GENERATIONS = frozenset({"jr", "sr", "ii", "iii", "iv", "v", "vi"})


def player_lookup(name: str) -> str:
    """The name in lower case a-z and 0-9 only, accents dropped, suffix kept: "Luka Dončić" -> "lukadoncic"."""
    decomposed = unicodedata.normalize("NFKD", name)
    return "".join(c for c in decomposed.lower() if c.isascii() and c.isalnum())


def player_lookups(names: pd.Series) -> pd.Series:
    """`player_lookup` over a column; NULL stays NULL."""
    spellings = {name: player_lookup(name) for name in names.dropna().unique()}
    return names.map(spellings).astype(object)


def first_last(name: str) -> str:
    """A report's "Last, First" as "First Last"; a name without a comma is returned as it came."""
    last, comma, first = name.partition(",")
    return f"{first.strip()} {last.strip()}" if comma else name.strip()


def without_generation(name: str) -> str:
    """The name without Jr., Sr., II, III, IV, V or VI, wherever a feed puts it; a name of nothing else stays."""
    kept = [word for word in name.split() if player_lookup(word) not in _GENERATIONS]
    return " ".join(kept) or name


def last_name(name: str) -> str:
    """The `player_lookup` of the last word that is no generation: "Nikola Jokić Jr." -> "jokic"; "" of no letters."""
    return player_lookup(without_generation(name).rpartition(" ")[2])
