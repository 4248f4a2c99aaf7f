"""One run of alerting: observe, evaluate, remember, deliver. Whatever goes wrong, it does not reach the data run."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from nba_assets.alerts import emergency, store
from nba_assets.alerts.alert import Message, Notice
from nba_assets.alerts.channels import open_transports
from nba_assets.alerts.email import write
from nba_assets.alerts.evaluate import evaluate
from nba_assets.alerts.links import links
from nba_assets.alerts.observe import InstanceFacts, Observation, observe
from nba_assets.alerts.outbox import claimed, deliver, due, with_parcels, within_budget
from nba_assets.alerts.store import AlertState
from nba_assets.alerts.transport import Transport
from nba_assets.partition import Partition
from nba_assets.session import Session
from nba_assets.warehouse.base import WarehouseError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class AlertRun:
    """What one run of alerting came to. `recorded` is False if what was observed could not be remembered."""

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
    instance_facts: InstanceFacts | None = None,
    finished_backfill: str | None = None,
    asked: Collection[Partition] | None = None,
    failure: Exception | None = None,
    transports: Sequence[Transport] | None = None,
    now: datetime | None = None,
) -> AlertRun:
    """Evaluate all outcomes of the ledger and deliver what is due. Never raises.

    `finished_backfill` is the id of a backfill that the caller has just ended, whose digest is to be sent now, and
    `asked` all partitions that it was to bring; `failure` a WarehouseError that has just ended a data run.
    """
    try:
        facts = instance_facts or InstanceFacts()
        if finished_backfill is not None:
            facts = _with_finished(facts, finished_backfill, asked)
        channels = open_transports(session.settings) if transports is None else transports
        return _guarded(session, facts, channels, now or datetime.now(UTC), failure)
    except Exception:
        log.exception("alerts could not be evaluated; the data is not affected")
        return AlertRun(recorded=False)


def _with_finished(facts: InstanceFacts, finished: str, asked: Collection[Partition] | None) -> InstanceFacts:
    return replace(
        facts,
        backfill_is_over=lambda name: True if name == finished else facts.backfill_is_over(name),
        backfill_asked=lambda name: asked if name == finished else facts.backfill_asked(name),
    )


def _guarded(
    session: Session, facts: InstanceFacts, transports: Sequence[Transport], now: datetime, failure: Exception | None
) -> AlertRun:
    """The run, and the report of a ledger that cannot be used or can be used again."""
    if failure is not None:
        emergency.report_failure(session.settings, failure, transports, now, at_once=True)
    try:
        result = _run(session, facts, transports, now)
    except WarehouseError as error:
        if failure is None:  # else it is told already, and whoever has failed of it says so
            log.error("alerts: %s", error)
            emergency.report_failure(session.settings, error, transports, now, at_once=False)
        return AlertRun(recorded=False)
    if failure is None:
        emergency.report_recovery(session.settings, transports, now)
    return result


def _run(session: Session, facts: InstanceFacts, transports: Sequence[Transport], now: datetime) -> AlertRun:
    warehouse = session.warehouse
    before = store.load(warehouse)
    observation = observe(session, facts, before.alerts)
    if not _has_work(before, observation, transports, now):
        observation.keep_what_rests(before.alerts, now)
        return _summary(before)
    # Another process may be at it too: what is to be sent is settled, and claimed, by one at a time.
    with warehouse.bookkeeping():
        before = store.load(warehouse)
        after = _settled(before, observation, now)
        to_send = [claimed(parcel, now) for parcel in due(after.messages, transports, now)]
        sending = replace(after, messages=with_parcels(after.messages, to_send, transports, now))
        store.save(warehouse, before, sending, now=now)
    tried = deliver(to_send, now)
    with warehouse.bookkeeping():
        current = store.load(warehouse)
        final = replace(current, messages=with_parcels(current.messages, tried, transports, now))
        store.save(warehouse, current, final, now=now)
    observation.keep_what_rests(final.alerts, now)
    tried_ids = {parcel.message.message_id for parcel in tried}
    delivered = sum(m.delivered_at is not None for m in final.messages if m.message_id in tried_ids)
    return _summary(final, written=len(after.messages) - len(before.messages), delivered=delivered)


def _has_work(state: AlertState, observation: Observation, transports: Sequence[Transport], now: datetime) -> bool:
    result = evaluate(state.alerts, observation.snapshot, now)
    is_news = bool(result.notices) or result.alerts != state.alerts
    is_waited_for = with_parcels(state.messages, (), transports, now) == state.messages  # or its channel is off by now
    return is_news or not is_waited_for or bool(due(state.messages, transports, now))


def _settled(state: AlertState, observation: Observation, now: datetime) -> AlertState:
    """The alerts as they are now, and the outbox with what is to be reported of them."""
    result = evaluate(state.alerts, observation.snapshot, now)
    new = [_written(notice, observation, now) for notice in result.notices]
    settings = observation.session.settings
    budget, pages = settings.alerts_daily_budget, links(settings)
    return AlertState(result.alerts, tuple(within_budget(state.messages, new, now, budget=budget, links=pages)))


def _written(notice: Notice, observation: Observation, now: datetime) -> Message:
    settings = observation.session.settings
    try:
        return write(notice, observation, settings, now)
    except Exception:
        # An email without its part of the matrix is better than silence.
        log.exception("an email could not look up coverage or games")
        return write(notice, None, settings, now)


def _summary(state: AlertState, *, written: int = 0, delivered: int = 0) -> AlertRun:
    waiting = sum(message.delivered_at is None for message in state.messages)
    open_alerts = sum(alert.is_open and alert.opened_at is not None for alert in state.alerts)
    return AlertRun(True, written, delivered, waiting, open_alerts)
