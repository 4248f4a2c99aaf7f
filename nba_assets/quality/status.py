"""The closed vocabulary of what a partition can be."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """Status of one (table, date)."""

    OK = "OK"
    DEGRADED = "DEGRADED"
    BOOTSTRAP = "BOOTSTRAP"
    NO_GAMES = "NO_GAMES"
    GAP = "GAP"
    ERROR = "ERROR"
    BLOCKED = "BLOCKED"
    STALE = "STALE"
    NOT_DUE = "NOT_DUE"
    MISSING = "MISSING"


MEANING: dict[Status, str] = {
    Status.OK: "expectation met",
    Status.DEGRADED: "published, but inputs that should exist are missing for some rows",
    Status.BOOTSTRAP: "first days of the season, or nobody has enough history yet; published empty",
    Status.NO_GAMES: "no counting game scheduled; published empty",
    Status.GAP: "below the threshold; nothing published",
    Status.ERROR: "an exception; nothing published",
    Status.BLOCKED: "waits for a gap or an error upstream",
    Status.STALE: "an input, a setting or the code has changed since it was computed",
    Status.NOT_DUE: "games not played yet, or the source's delay is not over",
    Status.MISSING: "never computed",
}

FINE = frozenset({Status.OK, Status.DEGRADED, Status.BOOTSTRAP, Status.NO_GAMES})
"""What a partition may be for a command to have succeeded: it stands published, and is up to date."""

FAILED = frozenset({Status.GAP, Status.ERROR})
"""What a partition is at the root of trouble."""

STOPS_DEPENDENTS = frozenset({Status.GAP, Status.ERROR, Status.BLOCKED, Status.MISSING})
"""A critical input in one of these blocks the tables that read it."""
