"""How a message leaves: what each channel can do, and how it says that it could not.

Each channel is a module of its own; which of them are on is in `channels.py`, when they are tried in `outbox.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from nba_assets.alerts.alert import Message, Tier

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 5.0
"""How long a server may take for each of its answers: the sensor has more to do."""


class TransportError(Exception):
    """A message was not accepted; `concerns_all` if the next one would not be either.

    The text names the channel and what to check, and no secret. `retry_after`: not to be tried again before that.
    """

    def __init__(self, message: str, *, concerns_all: bool, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.concerns_all = concerns_all
        self.retry_after = retry_after


class RetriableError(TransportError):
    """What may pass by itself: a server that is busy, down or out of reach."""


class UndeliverableError(TransportError):
    """What stays as it is until somebody changes something: credentials, an address, a setting."""


@dataclass(frozen=True)
class Receipt:
    """Who of the receivers was accepted, and why others were not."""

    accepted: tuple[str, ...]
    refusal: TransportError | None = None


class Transport(Protocol):
    """A channel."""

    @property
    def name(self) -> str:
        """By which its deliveries are remembered, whatever happens to its settings."""
        ...

    def describe(self) -> str:
        """What it is, for people; without secrets."""
        ...

    def receivers(self, tiers: Iterable[Tier]) -> tuple[str, ...]:
        """Who gets messages of these tiers by it, in words that are no secret."""
        ...

    def deliver(self, message: Message, to: Sequence[str]) -> Receipt:
        """Deliver to some of the receivers; raises a TransportError if it was accepted for none of them."""
        ...


class LogTransport:
    """Writes messages to the log at a level. `why` says why they do not go further."""

    name = "log"

    def __init__(self, why: str, *, level: int = logging.WARNING) -> None:
        self._why = why
        self._level = level

    def describe(self) -> str:
        """The log, and why."""
        return f"the log ({self._why})"

    def receivers(self, tiers: Iterable[Tier]) -> tuple[str, ...]:  # noqa: ARG002
        """Whoever reads it."""
        return (self.name,)

    def deliver(self, message: Message, to: Sequence[str]) -> Receipt:
        """One log record."""
        log.log(self._level, "%s\n%s", message.subject, message.text)
        return Receipt(tuple(to))
