"""The one alert whose state cannot be in the warehouse: that the warehouse cannot be used.

Remembered in a small file in NBA_HOME, or in the process where even that cannot be written.
"""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from nba_assets.alerts.alert import Event, Tier
from nba_assets.alerts.email import Email
from nba_assets.alerts.outbox import Transport, deliver
from nba_assets.settings import Settings

log = logging.getLogger(__name__)

GRACE = timedelta(minutes=2)
"""Somebody may just have the file open: only what lasts is reported, unless a data run has failed of it."""

_in_process: dict[Path, dict[str, Any]] = {}


def report_failure(
    settings: Settings, problem: Exception, transport: Transport, now: datetime, *, at_once: bool
) -> None:
    """Report, once, that the ledger cannot be used."""
    log.error("alerts: %s", problem)
    path = _path(settings)
    known = _recall(path) or {"since": now.isoformat(), "told": False}
    lasts = now - datetime.fromisoformat(known["since"]) >= GRACE
    if not known["told"] and (at_once or lasts):
        email = Email(
            f"CRITICAL: the ledger cannot be used: {problem}",
            f"CRITICAL · the ledger cannot be read or written since {known['since'][:16]} UTC",
            [("Why", str(problem)), ("So", "outcomes of runs and other alerts cannot be recorded until it can")],
        )
        known["told"] = _sent(settings, email, Event.OPENED, transport, now)
    _remember(path, known)


def report_recovery(settings: Settings, transport: Transport, now: datetime) -> None:
    """Report, once, that the ledger can be used again; nothing if the failure was not reported."""
    path = _path(settings)
    known = _recall(path)
    if known is None:
        return
    if known["told"]:
        headline = f"RESOLVED · the ledger can be used again ({now:%Y-%m-%d %H:%M} UTC)"
        email = Email("RESOLVED: the ledger can be used again", headline, [("Since", known["since"])])
        if not _sent(settings, email, Event.RESOLVED, transport, now):
            return
    _in_process.pop(path, None)
    with suppress(OSError):
        path.unlink()


def _sent(settings: Settings, email: Email, event: Event, transport: Transport, now: datetime) -> bool:
    message = email.message(event, [Tier.CRITICAL], now, ["ledger"])
    return deliver([message], transport, settings, now)[message.message_id].delivered_at is not None


def _path(settings: Settings) -> Path:
    return settings.state / "alert-ledger.json"


def _recall(path: Path) -> dict[str, Any] | None:
    try:
        known = json.loads(path.read_text())
    except (OSError, ValueError):
        return _in_process.get(path)
    return known if isinstance(known, dict) and {"since", "told"} <= known.keys() else None


def _remember(path: Path, known: dict[str, Any]) -> None:
    _in_process[path] = known
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(known))
