"""The outbox: the daily budget, which messages are due by which channel, and what becomes of them.

A message that a channel has not accepted stays, and is tried by that channel again later, without its going out by the
others once more; nothing here raises into whoever builds data.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from nba_assets.alerts.alert import Delivery, Event, Message, Tier, worst
from nba_assets.alerts.channels import reaching
from nba_assets.alerts.email import overflow_email
from nba_assets.alerts.links import Link
from nba_assets.alerts.transport import Receipt, Transport, TransportError, UndeliverableError
from nba_assets.backoff import doubled
from nba_assets.league.calendar import EASTERN

log = logging.getLogger(__name__)

_FIRST_BACKOFF, _LONGEST_BACKOFF = timedelta(minutes=1), timedelta(hours=1)
_BETWEEN_OVERFLOWS = timedelta(hours=1)
_HELD = "held: the day's budget was spent"


def within_budget(
    before: Sequence[Message], new: Sequence[Message], now: datetime, *, budget: int, links: Sequence[Link] = ()
) -> list[Message]:
    """The outbox with the new messages, as far as the day's budget allows.

    Messages beyond `budget` in an Eastern day become one that lists them and says so. After that one, what is urgent
    is reported at most once an hour, as one again; everything else is held until the next day.
    """
    freed = [m for m in before if _is_held(m) and m.next_attempt_at is not None and m.next_attempt_at <= now]
    others = [m for m in before if m not in freed]
    wanted = [*(replace(m, created_at=now, next_attempt_at=None, error=None) for m in freed), *new]
    of_today = [m for m in others if _eastern_date(m.created_at) == _eastern_date(now) and not _is_held(m)]
    overflows = [m.created_at for m in of_today if m.event is Event.OVERFLOW]
    if not overflows and len(of_today) + len(wanted) <= budget:
        return [*others, *wanted]
    listed, held = wanted, []
    if overflows:
        is_due = now - max(overflows) >= _BETWEEN_OVERFLOWS
        listed = [m for m in wanted if is_due and Tier.CRITICAL in m.tiers]
        held = [_held(m, now, max(overflows)) for m in wanted if m not in listed]
    return [*others, *held, *([_overflow(listed, len(of_today), now, budget, links)] if listed else [])]


def _is_held(message: Message) -> bool:
    return message.error == _HELD and message.delivered_at is None


def _held(message: Message, now: datetime, last_overflow: datetime) -> Message:
    tomorrow = datetime.combine(_eastern_date(now) + timedelta(days=1), time(), EASTERN).astimezone(UTC)
    soon = last_overflow + _BETWEEN_OVERFLOWS
    return replace(message, next_attempt_at=soon if Tier.CRITICAL in message.tiers else tomorrow, error=_HELD)


def _overflow(messages: Sequence[Message], earlier: int, now: datetime, budget: int, links: Sequence[Link]) -> Message:
    email = overflow_email([m.subject for m in messages], budget=budget, earlier=earlier, links=links)
    tiers = dict.fromkeys(tier for m in messages for tier in m.tiers)
    return email.message(Event.OVERFLOW, tiers, now, [alert_id for m in messages for alert_id in m.alert_ids])


def _eastern_date(moment: datetime) -> date:
    return moment.astimezone(EASTERN).date()


# --- message by message, channel by channel --------------------------------------------------------------------


@dataclass(frozen=True)
class Parcel:
    """A message on its way by one channel, and how that went so far."""

    message: Message
    transport: Transport
    delivery: Delivery

    @property
    def to(self) -> list[str]:
        """Those who do not have it yet."""
        received = self.delivery.received
        return [one for one in self.transport.receivers(self.message.tiers) if one not in received]


def due(messages: Iterable[Message], transports: Sequence[Transport], now: datetime) -> list[Parcel]:
    """What waits for delivery and may be tried now, the most urgent first."""
    waiting = [m for m in messages if m.delivered_at is None]
    # What was tried by no channel may be held, or have been tried by a version that knew of no channels.
    ready = [m for m in waiting if m.deliveries or _is_past(m.next_attempt_at, now)]
    parcels = [parcel for message in ready for parcel in _waiting(message, transports)]
    return sorted(
        (parcel for parcel in parcels if _is_past(parcel.delivery.next_attempt_at, now)),
        key=lambda parcel: (-worst(parcel.message.tiers).urgency, parcel.message.created_at),
    )


def _waiting(message: Message, transports: Sequence[Transport]) -> list[Parcel]:
    """One for each channel that the message has still to go by: somebody is to get it, and does not have it yet."""
    parcels = [Parcel(message, one, message.by(one.name)) for one in reaching(transports, message.tiers)]
    return [parcel for parcel in parcels if parcel.delivery.delivered_at is None and parcel.to]


def _is_past(moment: datetime | None, now: datetime) -> bool:
    return moment is None or moment <= now


def claimed(parcel: Parcel, now: datetime) -> Parcel:
    """The parcel as it is to stand while it is being tried: nobody else tries it before the backoff is over."""
    attempts = parcel.delivery.attempts + 1
    again = now + doubled(_FIRST_BACKOFF, attempts, _LONGEST_BACKOFF)
    return replace(parcel, delivery=replace(parcel.delivery, attempts=attempts, next_attempt_at=again))


def deliver(parcels: Iterable[Parcel], now: datetime) -> list[Parcel]:
    """Try claimed parcels; as they are now. A channel whose failure concerns all is not asked for the others."""
    tried: list[Parcel] = []
    stopped: dict[str, TransportError] = {}
    for parcel in parcels:
        channel = parcel.transport.name
        if channel in stopped:
            tried.append(replace(parcel, delivery=_postponed(parcel.delivery, stopped[channel], now)))
            continue
        receipt = attempt(parcel)
        tried.append(replace(parcel, delivery=_outcome(parcel, receipt, now)))
        if receipt.refusal is not None and receipt.refusal.concerns_all:
            stopped[channel] = receipt.refusal
    return tried


def attempt(parcel: Parcel) -> Receipt:
    """Hand a parcel over; never raises."""
    try:
        return parcel.transport.deliver(parcel.message, parcel.to)
    except TransportError as error:
        return Receipt((), error)
    except Exception as error:
        # A bug in one channel: what the others have sent must be remembered. The error's text may contain a secret.
        name = type(error).__name__
        return Receipt((), UndeliverableError(f"{parcel.transport.describe()}: {name}", concerns_all=False))


def _outcome(parcel: Parcel, receipt: Receipt, now: datetime) -> Delivery:
    delivery, refusal = parcel.delivery, receipt.refusal
    received = (*delivery.received, *receipt.accepted)
    if refusal is None:
        return replace(delivery, delivered_at=now, next_attempt_at=None, received=received, error=None)
    if received and isinstance(refusal, UndeliverableError) and not refusal.concerns_all:
        # Somebody has it, and the others are no addresses: they would be tried for ever.
        log.error("alert not delivered to everybody: %s (%s)", parcel.message.subject, refusal)
        return replace(delivery, delivered_at=now, next_attempt_at=None, received=received, error=str(refusal))
    log.error("alert not delivered, will be tried again: %s (%s)", parcel.message.subject, refusal)
    return replace(_postponed(delivery, refusal, now), received=received, error=str(refusal))


def _postponed(delivery: Delivery, refusal: TransportError, now: datetime) -> Delivery:
    """Not before the server wants it; rarely, though never given up, where somebody has to change something first."""
    wait = _LONGEST_BACKOFF if isinstance(refusal, UndeliverableError) else refusal.retry_after or timedelta()
    return replace(delivery, next_attempt_at=max(delivery.next_attempt_at or now, now + wait))


def with_parcels(
    messages: Iterable[Message], parcels: Iterable[Parcel], transports: Sequence[Transport], now: datetime
) -> tuple[Message, ...]:
    """The messages with what became of them; one that no channel waits for is delivered."""
    changed = {message.message_id: message for message in messages}
    for parcel in parcels:
        message_id = parcel.message.message_id
        if message_id in changed:
            changed[message_id] = changed[message_id].with_delivery(parcel.delivery)
    return tuple(_finished(message, transports, now) for message in changed.values())


def _finished(message: Message, transports: Sequence[Transport], now: datetime) -> Message:
    if message.delivered_at is not None or not message.deliveries or _waiting(message, transports):
        return message
    received = dict.fromkeys(one for delivery in message.deliveries for one in delivery.received)
    return replace(
        message, delivered_at=now, delivered_to=", ".join(received) or None, next_attempt_at=None, error=None
    )
