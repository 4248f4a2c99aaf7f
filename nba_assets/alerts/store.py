"""Alerts and messages as rows of the warehouse, and back. Nothing is decided here."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd

from nba_assets.alerts.alert import Alert, Event, Message
from nba_assets.alerts.tiers import Tier
from nba_assets.partition import Partition
from nba_assets.schema.contract import Contract, empty, names_of, shape
from nba_assets.warehouse.alert_state import ALERT_MESSAGES, ALERTS
from nba_assets.warehouse.base import Warehouse
from nba_assets.warehouse.ddl import Relation

_KEPT = timedelta(days=400)
"""How long what is over is remembered."""


@dataclass(frozen=True)
class AlertState:
    """Everything that alerting remembers."""

    alerts: tuple[Alert, ...] = ()
    messages: tuple[Message, ...] = ()


def load(warehouse: Warehouse) -> AlertState:
    """The state as it stands in the warehouse."""
    alerts = tuple(_alert(row) for row in _rows(warehouse, ALERTS))
    messages = tuple(_message(row) for row in _rows(warehouse, ALERT_MESSAGES))
    return AlertState(
        tuple(sorted(alerts, key=lambda alert: alert.seen_at)),
        tuple(sorted(messages, key=lambda message: message.created_at)),
    )


def save(warehouse: Warehouse, before: AlertState, after: AlertState, *, now: datetime) -> None:
    """Write what differs. Messages first: an alert is never remembered as told without its message."""
    forgotten = now - _KEPT
    messages = [m for m in after.messages if m.delivered_at is None or m.delivered_at > forgotten]
    alerts = [a for a in after.alerts if a.resolved_at is None or a.resolved_at > forgotten]
    if messages != list(before.messages):
        warehouse.replace_relation(ALERT_MESSAGES, _frame([_message_row(m) for m in messages], ALERT_MESSAGES.contract))
    if alerts != list(before.alerts):
        warehouse.replace_relation(ALERTS, _frame([_alert_row(a) for a in alerts], ALERTS.contract))


def _frame(rows: Sequence[dict[str, Any]], contract: type[Contract]) -> pd.DataFrame:
    return shape(pd.DataFrame(rows, columns=names_of(contract)), contract) if rows else empty(contract)


def _rows(warehouse: Warehouse, relation: Relation) -> list[dict[str, Any]]:
    frame = warehouse.read_relation(relation)
    plain = frame.astype(object).where(frame.notna(), None)
    return [{str(name): _plain(value) for name, value in row.items()} for row in plain.to_dict("records")]


def _plain(value: Any) -> Any:
    return value.to_pydatetime() if isinstance(value, pd.Timestamp) else value


def _alert_row(alert: Alert) -> dict[str, Any]:
    same = "alert_id kind status reason lacking told_partitions times_seen last_attempt backfill_id".split()
    moments = "seen_at opened_at changed_at resolved_at".split()
    return {name: getattr(alert, name) for name in (*same, *moments)} | {
        "seen_date": alert.seen_at.date(),
        "table_name": alert.table,
        "first_date": alert.first_day,
        "last_date": alert.last_day,
        "partitions": json.dumps([str(partition) for partition in alert.partitions]),
        "tier": alert.tier.value,
    }


def _alert(row: dict[str, Any]) -> Alert:
    seen_at = row["seen_at"]
    return Alert(
        alert_id=row["alert_id"],
        table=row["table_name"] or "",
        kind=row["kind"] or "",
        status=row["status"] or "",
        reason=row["reason"] or "",
        tier=Tier(row["tier"] or Tier.WARNING),
        first_day=(row["first_date"] or seen_at).date(),
        last_day=(row["last_date"] or seen_at).date(),
        partitions=tuple(_partition(text) for text in json.loads(row["partitions"] or "[]")),
        seen_at=seen_at,
        lacking=row["lacking"] or 0,
        told_partitions=row["told_partitions"] or 0,
        times_seen=row["times_seen"] or 0,
        last_attempt=row["last_attempt"] or "",
        backfill_id=row["backfill_id"],
        opened_at=row["opened_at"],
        changed_at=row["changed_at"],
        resolved_at=row["resolved_at"],
    )


def _partition(text: str) -> Partition:
    table, _, day = text.rpartition(" ")
    return Partition(table, date.fromisoformat(day))


_MESSAGE_FIELDS = "message_id subject html created_at attempts next_attempt_at delivered_at".split()
_MESSAGE_FIELDS += ["delivered_to", "error"]


def _message_row(message: Message) -> dict[str, Any]:
    return {name: getattr(message, name) for name in _MESSAGE_FIELDS} | {
        "created_date": message.created_at.date(),
        "event": message.event.value,
        "tiers": ",".join(message.tiers),
        "alert_ids": ",".join(message.alert_ids),
        "body": message.text,
    }


def _message(row: dict[str, Any]) -> Message:
    tiers = tuple(Tier(tier) for tier in (row["tiers"] or "").split(",") if tier)
    alert_ids = tuple(filter(None, (row["alert_ids"] or "").split(",")))
    fields = {name: row[name] for name in _MESSAGE_FIELDS} | {"attempts": row["attempts"] or 0}
    return Message(event=Event(row["event"]), tiers=tiers, alert_ids=alert_ids, text=row["body"] or "", **fields)
