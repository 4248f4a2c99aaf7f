"""Which channels are on, and which of them a message goes by."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from nba_assets.alerts.alert import Tier
from nba_assets.alerts.ses import SesTransport
from nba_assets.alerts.smtp import SmtpTransport
from nba_assets.alerts.transport import LogTransport, Transport
from nba_assets.alerts.webhook import webhooks
from nba_assets.settings import Settings

log = logging.getLogger(__name__)

NONE_IS_ON = "none of AWS_SES_FROM_EMAIL, NBA_ALERTS_SMTP_HOST and NBA_ALERTS_WEBHOOK_URL is set"


def channels_on(settings: Settings) -> list[Transport]:
    """Every channel whose settings are there."""
    found: list[Transport] = []
    if settings.ses_from_email:
        found.append(SesTransport(settings))
    if settings.alerts_smtp_host:
        found.append(SmtpTransport(settings))
    return [*found, *webhooks(settings)]


def open_transports(settings: Settings) -> list[Transport]:
    """Every channel that is on; if none is, the log, which is said once."""
    found = channels_on(settings)
    if not found:
        say_once(f"{NONE_IS_ON}: alerts go to the log")
    return found or [LogTransport(NONE_IS_ON)]


def reaching(transports: Sequence[Transport], tiers: Sequence[Tier]) -> list[Transport]:
    """The channels by which somebody gets messages of these tiers; if there is none, the log, which is said once."""
    found = [transport for transport in transports if transport.receivers(tiers)]
    if not found:
        names = " and ".join(tiers)
        say_once(f"nobody is to get {names} alerts (NBA_ALERTS_{tiers[0].upper()}_TO, NBA_ALERTS_TO): log")
        found = [LogTransport(f"no recipients for {names}")]
    return found


_said: set[str] = set()


def say_once(message: str) -> None:
    """A warning that a process gives once."""
    if message not in _said:
        _said.add(message)
        log.warning(message)
