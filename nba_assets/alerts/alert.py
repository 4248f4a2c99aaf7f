"""What an alert and a message are. How they are stored is in `store.py`, what makes them in `evaluate.py`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from nba_assets.alerts.tiers import Tier
from nba_assets.alerts.trouble import Trouble, family_of
from nba_assets.partition import Partition

BACKFILL = "BACKFILL"
"""The status of the record that a backfill has had its digest."""


class Event(StrEnum):
    """Why a message is written."""

    OPENED = "opened"
    CHANGED = "changed"
    RESOLVED = "resolved"
    BACKFILL = "backfill"
    OVERFLOW = "overflow"


@dataclass(frozen=True)
class Alert:
    """One root cause, or the record of a digested backfill.

    `partitions` are the roots still in trouble. `tier`, `lacking` and `told_partitions` are what was last told.
    `opened_at` is None while a trouble that may pass by itself is only watched.
    """

    alert_id: str
    table: str
    kind: str
    status: str
    reason: str
    tier: Tier
    first_day: date
    last_day: date
    partitions: tuple[Partition, ...]
    seen_at: datetime
    lacking: int = 0
    told_partitions: int = 0
    times_seen: int = 1
    last_attempt: str = ""
    backfill_id: str | None = None
    opened_at: datetime | None = None
    changed_at: datetime | None = None
    resolved_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Not resolved yet, told or only watched."""
        return self.resolved_at is None

    @property
    def family(self) -> tuple[str, str]:
        """As of its troubles."""
        return family_of(self.table, self.status, self.kind)


@dataclass(frozen=True)
class BackfillFacts:
    """What the ledger knows of a backfill: its dates, statuses of its partitions, its newest attempt.

    `is_over` is what whoever ran it says; None where nobody can tell. For its digest, `counts` and dates are those of
    all partitions that were `asked` for, as they stand now; `untried` are those of them that were never computed.
    """

    backfill_id: str
    first_day: date
    last_day: date
    counts: dict[str, int]
    last_attempt: str
    is_over: bool | None = None
    asked: frozenset[Partition] = field(default=frozenset(), repr=False)
    untried: tuple[Partition, ...] = ()


@dataclass(frozen=True)
class Digest:
    """The one notice of a backfill: causes that it found, found to have changed, and resolved.

    `standing` are causes in its range that were known before and are no news.
    """

    facts: BackfillFacts
    opened: tuple[tuple[Alert, tuple[Trouble, ...]], ...]
    continued: tuple[Alert, ...]
    resolved: tuple[Alert, ...]
    standing: tuple[Alert, ...] = ()


@dataclass(frozen=True)
class Notice:
    """Something that a person is to be told; becomes a message."""

    event: Event
    tier: Tier
    alert: Alert | None = None
    troubles: tuple[Trouble, ...] = ()
    digest: Digest | None = None


@dataclass(frozen=True)
class Message:
    """A message for the recipients of some tiers, and how its delivery went so far."""

    message_id: str
    event: Event
    tiers: tuple[Tier, ...]
    subject: str
    text: str
    html: str
    created_at: datetime
    alert_ids: tuple[str, ...] = ()
    attempts: int = 0
    next_attempt_at: datetime | None = None
    delivered_at: datetime | None = None
    delivered_to: str | None = None
    error: str | None = field(default=None, repr=False)
