"""One round of alerting: observe, evaluate, remember, deliver. Whatever goes wrong, it does not reach the data run."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from nba_assets.alerts import emergency, store
from nba_assets.alerts.alert import Message, Notice
from nba_assets.alerts.compose import NoLibrary, write
from nba_assets.alerts.evaluate import evaluate
from nba_assets.alerts.observe import Observation, Outside, observe
from nba_assets.alerts.outbox import claimed, deliver, due, within_budget
from nba_assets.alerts.store import AlertState
from nba_assets.alerts.transport import Transport, open_transport
from nba_assets.partition import Partition
from nba_assets.session import Session
from nba_assets.warehouse.base import WarehouseError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Round:
    """What one round came to. `recorded` is False if what was observed could not be remembered."""

    recorded: bool
    written: int = 0
    delivered: int = 0
    waiting: int = 0
    open_alerts: int = 0

    def __str__(self) -> str:
        if not self.recorded:
            return "the state of alerts could not be read or written; will be tried again"
        return (
            f"{self.open_alerts} open alerts; {self.written} new messages, {self.delivered} delivered, "
            f"{self.waiting} waiting"
        )


def notify(
    session: Session,
    *,
    outside: Outside | None = None,
    finished_backfill: str | None = None,
    asked: Collection[Partition] | None = None,
    failure: Exception | None = None,
    transport: Transport | None = None,
    now: datetime | None = None,
) -> Round:
    """Evaluate all outcomes of the ledger and deliver what is due. Never raises.

    `finished_backfill` is the id of a backfill that the caller has just ended, whose digest is to be sent now, and
    `asked` all partitions that it was to bring; `failure` a WarehouseError that has just ended a data run.
    """
    moment = now or datetime.now(UTC)
    try:
        way = transport or open_transport(session.settings)
        known = outside or Outside()
        if finished_backfill is not None:
            known = _with_finished(known, finished_backfill, asked)
        return _guarded(session, known, way, moment, failure)
    except Exception:
        log.exception("alerts could not be evaluated; the data is not affected")
        return Round(recorded=False)


def _with_finished(known: Outside, finished: str, asked: Collection[Partition] | None) -> Outside:
    return replace(
        known,
        backfill_is_over=lambda name: True if name == finished else known.backfill_is_over(name),
        backfill_asked=lambda name: asked if name == finished else known.backfill_asked(name),
    )


def _guarded(
    session: Session, outside: Outside, transport: Transport, now: datetime, failure: Exception | None
) -> Round:
    if failure is not None:
        emergency.tell_of_trouble(session.settings, failure, transport, now, at_once=True)
    try:
        result = _round(session, outside, transport, now)
    except WarehouseError as error:
        emergency.tell_of_trouble(session.settings, error, transport, now, at_once=False)
        return Round(recorded=False)
    if failure is None:
        emergency.tell_of_recovery(session.settings, transport, now)
    return result


def _round(session: Session, outside: Outside, transport: Transport, now: datetime) -> Round:
    warehouse = session.warehouse
    observation = observe(session, outside)
    before = store.load(warehouse)
    if not _has_work(before, observation, now):
        return _summary(before)
    # Another process may be at it too: what is to be sent is settled, and claimed, by one at a time.
    with warehouse.writer("alerts"):
        before = store.load(warehouse)
        after = _settled(before, observation, now)
        to_send = [claimed(message, now) for message in due(after.messages, now)]
        store.save(warehouse, before, _with(after, to_send), now=now)
    tried = deliver(to_send, transport, session.settings, now)
    with warehouse.writer("alerts"):
        standing = store.load(warehouse)
        final = _with(standing, list(tried.values()))
        store.save(warehouse, standing, final, now=now)
    return _summary(final, written=len(after.messages) - len(before.messages), tried=tried)


def _has_work(state: AlertState, observation: Observation, now: datetime) -> bool:
    result = evaluate(state.alerts, observation.snapshot, now)
    return bool(result.notices) or result.alerts != state.alerts or bool(due(state.messages, now))


def _settled(state: AlertState, observation: Observation, now: datetime) -> AlertState:
    """The alerts as they are now, and the outbox with what is to be told of them."""
    result = evaluate(state.alerts, observation.snapshot, now)
    new = [_written(notice, observation, now) for notice in result.notices]
    budget = observation.session.settings.alerts_daily_budget
    return AlertState(result.alerts, tuple(within_budget(state.messages, new, now, budget=budget)))


def _written(notice: Notice, observation: Observation, now: datetime) -> Message:
    try:
        return write(notice, observation, now)
    except Exception:
        # A letter without its piece of the matrix is better than silence.
        log.exception("a letter could not look up coverage or games")
        return write(notice, NoLibrary(), now)


def _with(state: AlertState, messages: list[Message]) -> AlertState:
    changed = {message.message_id: message for message in messages}
    return replace(state, messages=tuple(changed.get(m.message_id, m) for m in state.messages))


def _summary(state: AlertState, *, written: int = 0, tried: dict[str, Message] | None = None) -> Round:
    delivered = sum(message.delivered_at is not None for message in (tried or {}).values())
    waiting = sum(message.delivered_at is None for message in state.messages)
    open_alerts = sum(alert.is_open and alert.opened_at is not None for alert in state.alerts)
    return Round(True, written, delivered, waiting, open_alerts)
