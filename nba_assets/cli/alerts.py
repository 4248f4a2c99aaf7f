"""`nba-assets alerts`: try the ways to people, and list what is open. What makes an alert is in `alerts/`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from nba_assets.alerts import store
from nba_assets.alerts.alert import BACKFILL, Alert, Delivery, Event, Message, Tier
from nba_assets.alerts.channels import open_transports
from nba_assets.alerts.email import dates, trial_email
from nba_assets.alerts.links import links
from nba_assets.alerts.outbox import Parcel, attempt
from nba_assets.alerts.transport import Transport
from nba_assets.cli.console import FAILED, AsFormat, Format, err, out, print_json
from nba_assets.cli.lazy import Command, Group
from nba_assets.cli.place import opened
from nba_assets.settings import Settings
from nba_assets.text import span

alerts_app = typer.Typer(
    cls=Group, help="Alerts: try every channel, list what is open.", no_args_is_help=True, add_completion=False
)


@alerts_app.command("test", cls=Command)
def test() -> None:
    """Send one test message per tier by every channel; exit status 1 if one could not be delivered."""
    settings = opened().settings
    results = [_try_all(transport, settings) for transport in open_transports(settings)]
    raise typer.Exit(0 if all(results) else FAILED)


def _try_all(transport: Transport, settings: Settings) -> bool:
    """Whether a channel delivers to everybody who gets something by it; it says so of each tier."""
    out.say(f"Transport: {transport.describe()}")
    results = [_try(tier, transport, settings) for tier in reversed(Tier)]
    return all(results)


def _try(tier: Tier, transport: Transport, settings: Settings) -> bool:
    to = transport.receivers([tier])
    if not to:
        out.say(f"{tier}: no recipients by this channel")
        return True
    message = trial_email(tier, links(settings)).message(Event.OPENED, [tier], datetime.now(UTC), ["test"])
    receipt = attempt(Parcel(message, transport, Delivery(transport.name)))
    if receipt.accepted:
        out.say(f"{tier}: delivered to {', '.join(receipt.accepted)}")
    if receipt.refusal is None:
        return True
    left_out = [one for one in to if one not in receipt.accepted]
    err.say(f"{tier}: NOT delivered to {', '.join(left_out)}: {receipt.refusal}")
    return False


@alerts_app.command("list", cls=Command)
def list_alerts(
    everything: Annotated[bool, typer.Option("--all", help="Resolved alerts and digested backfills too.")] = False,
    format: AsFormat = Format.TABLE,
) -> None:
    """List the open alerts: since when, what, how often seen, and whether the message was delivered."""
    state = store.load(opened(format).warehouse)
    alerts = [alert for alert in state.alerts if everything or (alert.is_open and alert.opened_at is not None)]
    listed = [_as_dict(alert, state.messages) for alert in alerts]
    if format == Format.JSON:
        print_json({"alerts": listed})
    else:
        _print(listed)


def _as_dict(alert: Alert, messages: tuple[Message, ...]) -> dict[str, Any]:
    """Everything that is known of an alert, in JSON's types."""
    own = [message for message in messages if alert.alert_id in message.alert_ids]
    waiting = [message for message in own if message.delivered_at is None]
    return {
        "alert_id": alert.alert_id,
        "state": "resolved" if alert.resolved_at else "open" if alert.opened_at else "watched",
        "tier": alert.tier.value,
        "table": alert.table or "backfill",
        "status": alert.status,
        "kind": alert.kind,
        "dates": dates(alert.partitions) or span(alert.first_day, alert.last_day),
        "reason": alert.reason,
        "times_seen": alert.times_seen,
        "messages": len(own),
        "undelivered": len(waiting),
        "attempts": sum(message.attempts for message in own),
        "error": next((message.error for message in waiting if message.error), None),
        "channels": [_of_channel(delivery) for message in own for delivery in message.deliveries],
        "backfill_id": alert.backfill_id,
    } | {name: _moment(getattr(alert, name)) for name in ("seen_at", "opened_at", "changed_at", "resolved_at")}


def _of_channel(delivery: Delivery) -> dict[str, Any]:
    """What became of one message by one channel."""
    return {
        "channel": delivery.channel,
        "attempts": delivery.attempts,
        "delivered_at": _moment(delivery.delivered_at),
        "received": list(delivery.received),
        "next_attempt_at": _moment(delivery.next_attempt_at),
        "error": delivery.error,
    }


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None


def _how_far(alert: dict[str, Any]) -> str:
    """Whether people have its messages: "reported", "the message waits", "reported by smtp, the message waits"."""
    if not alert["undelivered"]:
        return "reported" if alert["messages"] else "not reported"
    delivered = dict.fromkeys(one["channel"] for one in alert["channels"] if one["delivered_at"])
    waiting = dict.fromkeys(one["channel"] for one in alert["channels"] if not one["delivered_at"])
    if not delivered:
        return "the message waits"
    return f"reported by {', '.join(delivered)}, the message waits for {', '.join(waiting) or 'others'}"


def _print(listed: list[dict[str, Any]]) -> None:
    if not listed:
        out.say("No open alerts.")
        return
    for alert in listed:
        message = _how_far(alert)
        since = (alert["opened_at"] or alert["seen_at"])[:16].replace("T", " ")
        what = " ".join((alert["table"], alert["dates"], "" if alert["status"] == BACKFILL else alert["status"]))
        out.say(f"{alert['tier']:8s}  {alert['state']:8s}  {what.rstrip()}")
        out.say(f"          since {since} UTC, seen {alert['times_seen']}×, {message}: {alert['reason']}")
