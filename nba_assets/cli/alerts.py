"""`nba-assets alerts`: try the way to people, and list what is open. What makes an alert is in `alerts/`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from nba_assets.alerts import store
from nba_assets.alerts.alert import BACKFILL, Alert, Message, Tier, recipients
from nba_assets.alerts.email import dates, trial_email
from nba_assets.alerts.outbox import LogTransport, Transport, TransportError, open_transport
from nba_assets.cli.console import FAILED, AsFormat, Format, err, out, print_json
from nba_assets.cli.lazy import Command, Group
from nba_assets.cli.place import opened
from nba_assets.settings import Settings
from nba_assets.text import span

alerts_app = typer.Typer(
    cls=Group, help="Alerts: try the transport, list what is open.", no_args_is_help=True, add_completion=False
)


@alerts_app.command("test", cls=Command)
def test() -> None:
    """Send one test message per tier; exit status 1 if one could not be delivered."""
    settings = opened().settings
    transport = open_transport(settings)
    out.say(f"Transport: {transport.describe()}")
    results = [_try(tier, settings, transport) for tier in reversed(Tier)]
    raise typer.Exit(0 if all(results) else FAILED)


def _try(tier: Tier, settings: Settings, transport: Transport) -> bool:
    to = recipients(settings, [tier])
    if not to:
        out.say(f"{tier}: no recipients (NBA_ALERTS_{tier.upper()}_TO and NBA_ALERTS_TO are empty): the log")
        transport = LogTransport(f"no recipients for {tier}")
    email = trial_email(tier)
    try:
        delivered_to = transport.send(to, subject=email.subject, text=email.text(), html=email.html())
    except TransportError as error:
        err.say(f"{tier}: NOT delivered to {', '.join(to)}: {error}")
        return False
    if to:
        meant_for = f", meant for {', '.join(to)}" if delivered_to == "log" else ""
        out.say(f"{tier}: delivered to {delivered_to}{meant_for}")
    return True


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
        "backfill_id": alert.backfill_id,
    } | {
        name: moment.isoformat(timespec="seconds") if (moment := getattr(alert, name)) else None
        for name in ("seen_at", "opened_at", "changed_at", "resolved_at")
    }


def _print(listed: list[dict[str, Any]]) -> None:
    if not listed:
        out.say("No open alerts.")
        return
    for alert in listed:
        message = "the message waits" if alert["undelivered"] else "reported" if alert["messages"] else "not reported"
        since = (alert["opened_at"] or alert["seen_at"])[:16].replace("T", " ")
        what = " ".join((alert["table"], alert["dates"], "" if alert["status"] == BACKFILL else alert["status"]))
        out.say(f"{alert['tier']:8s}  {alert['state']:8s}  {what.rstrip()}")
        out.say(f"          since {since} UTC, seen {alert['times_seen']}×, {message}: {alert['reason']}")
