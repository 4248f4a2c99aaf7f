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

from nba_assets.alerts.letter import Letter, subject
from nba_assets.alerts.tiers import Tier, recipients
from nba_assets.alerts.transport import LogTransport, Transport, TransportError
from nba_assets.settings import Settings

log = logging.getLogger(__name__)

GRACE = timedelta(minutes=2)
"""Somebody may just have the file open: only what lasts is told, unless a data run has failed of it."""

_in_process: dict[Path, dict[str, Any]] = {}


def tell_of_trouble(
    settings: Settings, problem: Exception, transport: Transport, now: datetime, *, at_once: bool
) -> bool:
    """Tell, once, that the ledger cannot be used; True if it was told now."""
    log.error("alerts: %s", problem)
    path = _path(settings)
    known = _recall(path) or {"since": now.isoformat(), "told": False}
    lasts = now - datetime.fromisoformat(known["since"]) >= GRACE
    if not known["told"] and (at_once or lasts):
        headline = f"CRITICAL · the ledger cannot be read or written since {known['since'][:16]} UTC"
        facts = (("Why", str(problem)), ("So", "outcomes of runs and other alerts cannot be recorded until it can"))
        letter = Letter(subject(f"CRITICAL: the ledger cannot be used: {problem}"), headline, facts)
        known["told"] = _send(settings, letter, transport)
    _remember(path, known)
    return bool(known["told"])


def tell_of_recovery(settings: Settings, transport: Transport, now: datetime) -> None:
    """Tell, once, that the ledger can be used again; nothing if nobody was told of the trouble."""
    path = _path(settings)
    known = _recall(path)
    if known is None:
        return
    if known["told"]:
        headline = f"RESOLVED · the ledger can be used again ({now:%Y-%m-%d %H:%M} UTC)"
        letter = Letter(subject("RESOLVED: the ledger can be used again"), headline, (("Since", known["since"]),))
        if not _send(settings, letter, transport):
            return
    _in_process.pop(path, None)
    with suppress(OSError):
        path.unlink()


def _send(settings: Settings, letter: Letter, transport: Transport) -> bool:
    to = recipients(settings, [Tier.CRITICAL])
    way = transport if to else LogTransport("no recipients for critical")
    try:
        way.send(to, subject=letter.subject, text=letter.text(), html=letter.html())
    except TransportError as error:
        log.error("alert not delivered, will be tried again: %s (%s)", letter.subject, error)
        return False
    return True


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
