"""The words of alerting: a root cause, the alert about it, the message that people get, and who gets it.

How they are stored is in `store.py`, what finds root causes in `root_cause.py`, what makes alerts in `evaluate.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum

from nba_assets.partition import Cause, Finding, Partition, Status
from nba_assets.settings import Settings
from nba_assets.warehouse.corrections import Correction

BACKFILL = "BACKFILL"
"""The status of the record that a backfill has had its digest."""

CORRECTED = "CORRECTED"
"""The status of the record that corrections of the source were reported."""

RUN_FAILED = "RUN FAILED"
"""The status of what a run that left no row in the ledger was to build."""

OUT_OF_REACH = "OUT OF REACH"
"""The status of a source that was asked and gave no good answer."""

_ACROSS_TABLES = (Status.STALE.value, RUN_FAILED)


class Tier(StrEnum):
    """How urgent an alert is."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def urgency(self) -> int:
        """Greater is more urgent."""
        return list(Tier).index(self)


def worst(tiers: Iterable[Tier]) -> Tier:
    """The most urgent of some tiers; info if there are none."""
    return max(tiers, key=lambda tier: tier.urgency, default=Tier.INFO)


def recipients(settings: Settings, tiers: Iterable[Tier]) -> tuple[str, ...]:
    """The addresses for the tiers, each once; a tier without a list of its own falls back to NBA_ALERTS_TO."""
    own = {
        Tier.CRITICAL: settings.alerts_critical_to,
        Tier.WARNING: settings.alerts_warning_to,
        Tier.INFO: settings.alerts_info_to,
    }
    return tuple(dict.fromkeys(address for tier in tiers for address in own[tier] or settings.alerts_to))


class Event(StrEnum):
    """Why a message is written."""

    OPENED = "opened"
    CHANGED = "changed"
    RESOLVED = "resolved"
    BACKFILL = "backfill"
    CORRECTED = "corrected"
    OVERFLOW = "overflow"


@dataclass(frozen=True)
class RootCause:
    """One partition at the root of something wrong. `kind` is its status with its causes; `affected` suffers from it.

    `missing` counts the expected entities that are not complete; `attempt` is the newest attempt's id; `commands` are
    what to run if that is not what one runs for a partition, `refreshed` the dates of which the source has to be asked.
    """

    partition: Partition
    status: str
    kind: str
    tier: Tier
    reason: str
    findings: tuple[Finding, ...] = ()
    missing: int = 0
    attempt: str = ""
    backfill_id: str | None = None
    affected: tuple[Partition, ...] = ()
    commands: tuple[str, ...] = ()
    refreshed: tuple[date, ...] = ()

    @property
    def identity(self) -> tuple[str, str]:
        """What one alert is about: the same causes in the same table, or the same causes across tables."""
        return _identity(self.partition.table, self.status, self.kind)


@dataclass(frozen=True)
class Alert:
    """One root cause, or the record of a digested backfill or of reported corrections.

    `partitions` are the roots that are still wrong. `tier`, `missing` and `reported_partitions` are what was last
    reported. `opened_at` is None while something that may pass by itself is only watched.
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
    missing: int = 0
    reported_partitions: int = 0
    times_seen: int = 1
    last_attempt: str = ""
    backfill_id: str | None = None
    opened_at: datetime | None = None
    changed_at: datetime | None = None
    resolved_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Not resolved yet, reported or only watched."""
        return self.resolved_at is None

    @property
    def identity(self) -> tuple[str, str]:
        """As of its root causes."""
        return _identity(self.table, self.status, self.kind)

    @property
    def names_causes(self) -> bool:
        """False for what an older version has recorded: its kinds are sentences, or a status alone."""
        first = self.kind.removeprefix(f"{self.status}: ").split(",")[0].split(" ")[0]
        return self.status in (RUN_FAILED, OUT_OF_REACH) or first in {cause.value for cause in Cause}


def _identity(table: str, status: str, kind: str) -> tuple[str, str]:
    """Staleness and failed runs come from outside the graph, whatever table they hit."""
    return ("" if status in _ACROSS_TABLES else table, kind)


@dataclass(frozen=True)
class BackfillFacts:
    """What the ledger knows of a backfill: its dates, statuses of its partitions, its newest attempt.

    `is_over` is what whoever ran it says; None where nobody can tell. For its digest, `counts` and dates are those of
    all partitions that were `asked` for, as they are now; `untried` are those of them that were never computed.
    """

    backfill_id: str
    first_day: date
    last_day: date
    counts: dict[str, int]
    last_attempt: str
    is_over: bool | None = None
    asked: frozenset[Partition] = field(default=frozenset(), repr=False)
    untried: tuple[Partition, ...] = ()


@dataclass
class Digest:
    """The one notice of a backfill: causes that it found, found to have changed, and resolved.

    `already_open` are causes in its range that were known before and are no news.
    """

    facts: BackfillFacts
    opened: list[tuple[Alert, tuple[RootCause, ...]]] = field(default_factory=list)
    continued: list[Alert] = field(default_factory=list)
    resolved: list[Alert] = field(default_factory=list)
    already_open: list[Alert] = field(default_factory=list)


@dataclass(frozen=True)
class Notice:
    """Something that is to be reported to people of the alert's tier; becomes a message."""

    event: Event
    alert: Alert
    causes: tuple[RootCause, ...] = ()
    digest: Digest | None = None
    corrections: tuple[Correction, ...] = ()


@dataclass(frozen=True)
class Delivery:
    """How the delivery of a message by one channel went so far; `received` are those who have it."""

    channel: str
    attempts: int = 0
    next_attempt_at: datetime | None = None
    delivered_at: datetime | None = None
    received: tuple[str, ...] = ()
    error: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Message:
    """A message for the recipients of some tiers, and how its delivery went so far, on the whole and by each channel.

    `slack` is what it says there, as JSON; None if a version without that has written it.
    """

    message_id: str
    event: Event
    tiers: tuple[Tier, ...]
    subject: str
    text: str
    html: str
    created_at: datetime
    slack: str | None = None
    alert_ids: tuple[str, ...] = ()
    attempts: int = 0
    next_attempt_at: datetime | None = None
    delivered_at: datetime | None = None
    delivered_to: str | None = None
    error: str | None = field(default=None, repr=False)
    deliveries: tuple[Delivery, ...] = ()

    def by(self, channel: str) -> Delivery:
        """Its delivery by a channel, tried or not."""
        return next((one for one in self.deliveries if one.channel == channel), Delivery(channel))

    def with_delivery(self, delivery: Delivery) -> Message:
        """The message with what became of it by one channel; on the whole it waits for the channels that wait."""
        others = [one for one in self.deliveries if one.channel != delivery.channel]
        deliveries = tuple(sorted([*others, delivery], key=lambda one: one.channel))
        waiting = [one for one in deliveries if one.delivered_at is None]
        return replace(
            self,
            deliveries=deliveries,
            attempts=max(one.attempts for one in deliveries),
            next_attempt_at=min((one.next_attempt_at for one in waiting if one.next_attempt_at), default=None),
            error="; ".join(one.error for one in waiting if one.error) or None,
        )
