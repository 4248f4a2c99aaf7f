"""The one alert whose state cannot be in the warehouse: that the warehouse cannot be used.

Remembered in a small file in NBA_HOME, or in the process where even that cannot be written.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from nba_assets.alerts.alert import Delivery, Event, Tier
from nba_assets.alerts.channels import reaching
from nba_assets.alerts.email import Email
from nba_assets.alerts.links import links
from nba_assets.alerts.outbox import Parcel, deliver
from nba_assets.alerts.transport import Transport
from nba_assets.settings import Settings

GRACE = timedelta(minutes=2)
"""Somebody may just have the file open: only what lasts is reported, unless a data run has failed of it."""

_in_process: dict[Path, dict[str, Any]] = {}


def report_failure(
    settings: Settings, problem: Exception, transports: Sequence[Transport], now: datetime, *, at_once: bool
) -> None:
    """Report, once by each channel, that the ledger cannot be used."""
    path = _path(settings)
    known = _recall(path, transports) or {"since": now.isoformat(), "told": []}
    lasts = now - datetime.fromisoformat(known["since"]) >= GRACE
    if at_once or lasts:
        email = Email(
            f"CRITICAL: the ledger cannot be used: {problem}",
            f"CRITICAL · the ledger cannot be read or written since {known['since'][:16]} UTC",
            [("Why", str(problem)), ("So", "outcomes of runs and other alerts cannot be recorded until it can")],
            links=links(settings),
        )
        untold = [one for one in _channels(transports) if one.name not in known["told"]]
        known["told"] = [*known["told"], *_sent(email, Event.OPENED, untold, now)]
    _remember(path, known)


def report_recovery(settings: Settings, transports: Sequence[Transport], now: datetime) -> None:
    """Report, once by each channel that has reported the failure, that the ledger can be used again."""
    path = _path(settings)
    known = _recall(path, transports)
    if known is None:
        return
    told = [one for one in _channels(transports) if one.name in known["told"]]
    headline = f"RESOLVED · the ledger can be used again ({now:%Y-%m-%d %H:%M} UTC)"
    facts = [("Since", known["since"])]
    email = Email("RESOLVED: the ledger can be used again", headline, facts, links=links(settings))
    reached = _sent(email, Event.RESOLVED, told, now)
    left = [one.name for one in told if one.name not in reached]
    if left:
        _remember(path, known | {"told": left})
        return
    _in_process.pop(path, None)
    with suppress(OSError):
        path.unlink()


def _channels(transports: Sequence[Transport]) -> list[Transport]:
    return reaching(transports, [Tier.CRITICAL])


def _sent(email: Email, event: Event, transports: Collection[Transport], now: datetime) -> list[str]:
    """Send it by these channels; the names of those by which somebody has it."""
    if not transports:
        return []
    message = email.message(event, [Tier.CRITICAL], now, ["ledger"])
    tried = deliver([Parcel(message, transport, Delivery(transport.name)) for transport in transports], now)
    return [parcel.transport.name for parcel in tried if parcel.delivery.received]


def _path(settings: Settings) -> Path:
    return settings.state / "alert-ledger.json"


def _recall(path: Path, transports: Sequence[Transport]) -> dict[str, Any] | None:
    try:
        known = json.loads(path.read_text())
    except (OSError, ValueError):
        return _in_process.get(path)
    if not isinstance(known, dict) or not {"since", "told"} <= known.keys():
        return None
    if isinstance(known["told"], bool):  # by a version that knew of one channel
        return known | {"told": [one.name for one in _channels(transports)] if known["told"] else []}
    return known


def _remember(path: Path, known: dict[str, Any]) -> None:
    _in_process[path] = known
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(known))
