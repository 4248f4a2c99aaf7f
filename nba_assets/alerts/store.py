"""Alerts and messages as rows of the warehouse, and back. Nothing is decided here."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd

from nba_assets.alerts.alert import Alert, Delivery, Event, Message, Tier
from nba_assets.partition import Partition
from nba_assets.schema.contract import Contract, empty, names_of, shape
from nba_assets.warehouse.alert_state import ALERT_MESSAGES, ALERTS
from nba_assets.warehouse.base import Warehouse
from nba_assets.warehouse.ddl import Relation

_KEPT = timedelta(days=400)
"""How long what is over is remembered."""

_COLUMN_OF = {
    "table": "table_name",
    "first_day": "first_date",
    "last_day": "last_date",
    "missing": "lacking",
    "reported_partitions": "told_partitions",
    "text": "body",
}
"""The columns that are named differently from what they hold."""


@dataclass(frozen=True)
class AlertState:
    """Everything that alerting remembers."""

    alerts: tuple[Alert, ...] = ()
    messages: tuple[Message, ...] = ()


def load(warehouse: Warehouse) -> AlertState:
    """The state as it is in the warehouse."""
    alerts = tuple(_alert(row) for row in _rows(warehouse, ALERTS))
    messages = tuple(_message(row) for row in _rows(warehouse, ALERT_MESSAGES))
    return AlertState(
        tuple(sorted(alerts, key=lambda alert: alert.seen_at)),
        tuple(sorted(messages, key=lambda message: message.created_at)),
    )


def save(warehouse: Warehouse, before: AlertState, after: AlertState, *, now: datetime) -> None:
    """Write what differs. Messages first: an alert is never remembered as reported without its message."""
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


def _row_of(record: Alert | Message) -> dict[str, Any]:
    values = {one.name: getattr(record, one.name) for one in fields(record)}
    return {_COLUMN_OF.get(name, name): value for name, value in values.items()}


def _from_row(row: dict[str, Any], cls: type[Alert] | type[Message]) -> dict[str, Any]:
    """What a row says of the fields of a class; a NULL leaves the field's default."""
    values = {one.name: row[_COLUMN_OF.get(one.name, one.name)] for one in fields(cls)}
    return {name: value for name, value in values.items() if value is not None}


def _alert_row(alert: Alert) -> dict[str, Any]:
    own = {"seen_date": alert.seen_at.date(), "tier": alert.tier.value}
    return _row_of(alert) | own | {"partitions": json.dumps([str(partition) for partition in alert.partitions])}


def _alert(row: dict[str, Any]) -> Alert:
    own = {
        "tier": Tier(row["tier"]),
        "first_day": row["first_date"].date(),
        "last_day": row["last_date"].date(),
        "partitions": tuple(_partition(text) for text in json.loads(row["partitions"])),
    }
    return Alert(**(_from_row(row, Alert) | own))


def _partition(text: str) -> Partition:
    table, _, day = text.rpartition(" ")
    return Partition(table, date.fromisoformat(day))


def _message_row(message: Message) -> dict[str, Any]:
    joined = {"tiers": ",".join(message.tiers), "alert_ids": ",".join(message.alert_ids)}
    joined["deliveries"] = json.dumps([asdict(one) for one in message.deliveries], default=datetime.isoformat)
    return _row_of(message) | joined | {"created_date": message.created_at.date(), "event": message.event.value}


def _message(row: dict[str, Any]) -> Message:
    own = {
        "event": Event(row["event"]),
        "tiers": tuple(Tier(tier) for tier in row["tiers"].split(",") if tier),
        "alert_ids": tuple(filter(None, (row["alert_ids"] or "").split(","))),
        "deliveries": tuple(map(_delivery, json.loads(row["deliveries"] or "[]"))),
    }
    return Message(**(_from_row(row, Message) | own))


def _delivery(kept: dict[str, Any]) -> Delivery:
    moments = {name: datetime.fromisoformat(kept[name]) for name in ("next_attempt_at", "delivered_at") if kept[name]}
    return Delivery(**(kept | moments | {"received": tuple(kept["received"])}))
