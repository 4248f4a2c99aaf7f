"""The state of alerts: one row per root cause ever seen, and the messages on their way to people.

What opens, changes or resolves an alert is the business of `alerts/`; every column but the keys is nullable.
"""

from __future__ import annotations

from nba_assets.schema.contract import Contract, Date, OptionalInteger, Text, Timestamp, column
from nba_assets.warehouse.ddl import Relation
from nba_assets.warehouse.ledger import DATASET


class Alerts(Contract):
    """One row per root cause, open or resolved, and one per digested backfill and per report of corrections."""

    seen_date: Date = column("UTC date on which the cause was first seen", partition=True)
    alert_id: Text = column("Identity of the alert", key=True)
    table_name: Text = column("Table at the root", nullable=True)
    kind: Text = column("Status and causes, without entities and counts", nullable=True)
    first_date: Date = column("First partition date concerned when the alert was opened", nullable=True)
    last_date: Date = column("Last partition date concerned", nullable=True)
    partitions: Text = column('Root partitions that are still in trouble, JSON: ["table date", …]', nullable=True)
    status: Text = column("Status of the root partitions", nullable=True)
    reason: Text = column("Reason of the first root partition", nullable=True)
    tier: Text = column("critical, warning or info: the highest that was reported", nullable=True)
    lacking: OptionalInteger = column("Entities missing in the root partitions when last reported", nullable=True)
    told_partitions: OptionalInteger = column("Root partitions when last reported", nullable=True)
    times_seen: OptionalInteger = column("Attempts at the root partitions that ended in this trouble", nullable=True)
    last_attempt: Text = column("Newest of these attempts", nullable=True)
    backfill_id: Text = column("Backfill whose digest reported it", nullable=True)
    seen_at: Timestamp = column("First seen, UTC", nullable=True)
    opened_at: Timestamp = column("First reported, UTC; NULL while it is only watched", nullable=True)
    changed_at: Timestamp = column("Last reported again because it had changed, UTC", nullable=True)
    resolved_at: Timestamp = column("Resolved, UTC", nullable=True)


class AlertMessages(Contract):
    """One row per message, delivered or to be delivered."""

    created_date: Date = column("UTC date on which the message was written", partition=True)
    message_id: Text = column("Identity of the message", key=True)
    alert_ids: Text = column("The alerts that it is about, comma-separated", nullable=True)
    event: Text = column("opened, changed, resolved, backfill, corrected or overflow", nullable=True)
    tiers: Text = column("Whom it is for: tiers, comma-separated", nullable=True)
    subject: Text = column("Subject", nullable=True)
    body: Text = column("Plain text", nullable=True)
    html: Text = column("HTML", nullable=True)
    slack: Text = column("Slack's form of it, JSON", nullable=True)
    created_at: Timestamp = column("Written, UTC", nullable=True)
    attempts: OptionalInteger = column("Attempts to deliver it", nullable=True)
    next_attempt_at: Timestamp = column("Not to be tried before, UTC", nullable=True)
    delivered_at: Timestamp = column("Delivered by every channel, UTC; NULL while one waits", nullable=True)
    delivered_to: Text = column("Recipients, or 'log'", nullable=True)
    error: Text = column("What the last attempt ended in", nullable=True)
    deliveries: Text = column(
        'By channel, JSON: [{"channel", "attempts", "next_attempt_at", "delivered_at", "received", "error"}, …]',
        nullable=True,
    )


ALERTS = Relation(DATASET, "alerts", Alerts)
ALERT_MESSAGES = Relation(DATASET, "alert_messages", AlertMessages)
