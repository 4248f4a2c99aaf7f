"""A sign of life at every healthy tick. A dead daemon alerts nobody: somebody outside has to notice when it stops."""

from __future__ import annotations

import logging
import urllib.request
from datetime import UTC, datetime

from nba_assets.settings import Settings
from nba_assets.whole_file import replaced_whole

log = logging.getLogger(__name__)

_SECONDS = 5.0
"""How long the address may take: the sensor has more to do."""


def beat(settings: Settings) -> None:
    """Write the moment into the heartbeat file, and call the heartbeat's address if there is one.

    What goes wrong is logged, without the address, which may be a secret; the next tick tries again.
    """
    try:
        _write(settings)
    except OSError as error:
        log.warning("%s: the heartbeat cannot be written: %s", settings.heartbeat_file, error)
    if settings.heartbeat_url is None:
        return
    try:
        with urllib.request.urlopen(settings.heartbeat_url.get_secret_value(), timeout=_SECONDS) as answer:
            answer.read(1)
    except (OSError, ValueError) as error:
        log.warning("NBA_HEARTBEAT_URL cannot be called: %s", type(error).__name__)


def _write(settings: Settings) -> None:
    path = settings.heartbeat_file
    path.parent.mkdir(parents=True, exist_ok=True)
    with replaced_whole(path) as part:
        part.write_text(f"{datetime.now(UTC).isoformat(timespec='seconds')}\n", encoding="utf-8")
