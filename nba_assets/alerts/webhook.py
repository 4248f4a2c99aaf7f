"""Alerts by an incoming webhook as Slack has them, and Mattermost, Rocket.Chat and others too.

Its address is a secret: whoever has it can write into the channel. What a message says there is in `slack.py`.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic import SecretStr

from nba_assets.alerts import slack
from nba_assets.alerts.alert import Message, Tier
from nba_assets.alerts.transport import (
    TIMEOUT_SECONDS,
    Receipt,
    RetriableError,
    TransportError,
    UndeliverableError,
)
from nba_assets.settings import Settings, variable

if TYPE_CHECKING:
    from requests import Response

_PASSING = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)
_OF_ONE_MESSAGE = (HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
_LONGEST_WAIT = timedelta(days=1)
_ONE_WORD = re.compile(r"[a-z]+(_[a-z]+)*")
"""What Slack says is wrong, like no_service. Other answers may repeat the address, and are not shown."""


class WebhookTransport:
    """One address, for the tiers that it is set for; `field` is the setting that holds it."""

    def __init__(self, field: str, url: SecretStr, tiers: frozenset[Tier], *, timeout: float = TIMEOUT_SECONDS) -> None:
        self._variable = variable(field)
        self._url = url
        self._tiers = tiers
        self._timeout = timeout
        self.name = field.removeprefix("alerts_").removesuffix("_url")

    def describe(self) -> str:
        """The host, and where the rest of the address is."""
        host = urlsplit(self._url.get_secret_value()).hostname
        return f"webhook of {host} ({self._variable})"

    def receivers(self, tiers: Iterable[Tier]) -> tuple[str, ...]:
        """The webhook itself, if one of the tiers is for it."""
        return (self.name,) if self._tiers.intersection(tiers) else ()

    def deliver(self, message: Message, to: Sequence[str]) -> Receipt:
        """One POST."""
        import requests  # takes a while, and most processes send nothing

        logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)  # below that it logs the address
        try:
            answer = requests.post(
                self._url.get_secret_value(),
                json=slack.payload_of(message),
                timeout=self._timeout,
                allow_redirects=False,
            )
        except requests.Timeout:
            raise self._error(f"no answer within {self._timeout:g} s", is_passing=True) from None
        except requests.ConnectionError:
            raise self._error("cannot be reached", is_passing=True) from None
        except requests.RequestException as error:  # its text, and what it is raised from, have the address
            raise self._error(type(error).__name__) from None
        if answer.status_code // 100 != 2:
            raise self._refusal(answer)
        return Receipt(tuple(to))

    def _refusal(self, answer: Response) -> TransportError:
        status, word = answer.status_code, answer.text.strip()
        problem = f"HTTP {status} {word}" if _ONE_WORD.fullmatch(word) else f"HTTP {status}"
        return self._error(
            problem,
            is_passing=status >= 500 or status in _PASSING,
            concerns_all=status not in _OF_ONE_MESSAGE,
            retry_after=_wait(answer.headers.get("Retry-After")),
        )

    def _error(
        self,
        problem: str,
        *,
        is_passing: bool = False,
        concerns_all: bool = True,
        retry_after: timedelta | None = None,
    ) -> TransportError:
        kind = RetriableError if is_passing else UndeliverableError
        check = "is the network there" if is_passing else "is the webhook still there, its channel not archived"
        text = f"{self.describe()}: {problem}. Check {self._variable}: {check}? Then run: nba-assets alerts test"
        return kind(text, concerns_all=concerns_all, retry_after=retry_after)


def webhooks(settings: Settings) -> list[WebhookTransport]:
    """One for each address; a tier without its own falls back to NBA_ALERTS_WEBHOOK_URL."""
    tiers_of: dict[SecretStr, list[Tier]] = {}
    field_of: dict[SecretStr, str] = {}
    for tier in Tier:
        for field in (f"alerts_{tier}_webhook_url", "alerts_webhook_url"):
            url = getattr(settings, field)
            if url is not None:
                tiers_of.setdefault(url, []).append(tier)
                field_of.setdefault(url, field)
                break
    return [WebhookTransport(field_of[url], url, frozenset(tiers)) for url, tiers in tiers_of.items()]


def _wait(retry_after: str | None) -> timedelta | None:
    """Seconds or a moment, as HTTP has it; a day at most. None for what is neither."""
    if retry_after is None:
        return None
    try:
        if retry_after.strip().isdigit():
            wait = timedelta(seconds=min(int(retry_after), _LONGEST_WAIT.total_seconds()))
        else:
            wait = parsedate_to_datetime(retry_after) - datetime.now(UTC)
    except (ValueError, TypeError):
        return None
    return min(max(wait, timedelta()), _LONGEST_WAIT)
