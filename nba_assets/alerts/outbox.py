"""The outbox: the daily budget, which messages are due, and their delivery by Amazon SES v2 or to the log.

A message that was not accepted stays, and is tried again later; nothing here raises into whoever builds data.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Protocol

from nba_assets.alerts.alert import Event, Message, Tier, recipients, worst
from nba_assets.alerts.email import overflow_email
from nba_assets.backoff import doubled
from nba_assets.league.calendar import EASTERN
from nba_assets.settings import Settings

log = logging.getLogger(__name__)

_FIRST_BACKOFF, _LONGEST_BACKOFF = timedelta(minutes=1), timedelta(hours=1)
_BETWEEN_OVERFLOWS = timedelta(hours=1)
_HELD = "held: the day's budget was spent"
_TIMEOUT_SECONDS = 5.0
_NOBODY_CAN_BE_REACHED = frozenset(
    "TooManyRequestsException LimitExceededException Throttling ThrottlingException AccountSuspendedException "
    "SendingPausedException InvalidClientTokenId SignatureDoesNotMatch UnrecognizedClientException "
    "AccessDeniedException InternalFailure ServiceUnavailable".split()
)


def within_budget(before: Sequence[Message], new: Sequence[Message], now: datetime, *, budget: int) -> list[Message]:
    """The outbox with the new messages, as far as the day's budget allows.

    Messages beyond `budget` in an Eastern day become one that lists them and says so. After that one, what is urgent
    is reported at most once an hour, as one again; everything else is held until the next day.
    """
    freed = [m for m in before if _is_held(m) and m.next_attempt_at is not None and m.next_attempt_at <= now]
    others = [m for m in before if m not in freed]
    wanted = [*(replace(m, created_at=now, next_attempt_at=None, error=None) for m in freed), *new]
    of_today = [m for m in others if _eastern_date(m.created_at) == _eastern_date(now) and not _is_held(m)]
    overflows = [m.created_at for m in of_today if m.event is Event.OVERFLOW]
    if not overflows and len(of_today) + len(wanted) <= budget:
        return [*others, *wanted]
    listed, held = wanted, []
    if overflows:
        is_due = now - max(overflows) >= _BETWEEN_OVERFLOWS
        listed = [m for m in wanted if is_due and Tier.CRITICAL in m.tiers]
        held = [_held(m, now, max(overflows)) for m in wanted if m not in listed]
    return [*others, *held, *([_overflow(listed, len(of_today), now, budget)] if listed else [])]


def _is_held(message: Message) -> bool:
    return message.error == _HELD and message.delivered_at is None


def _held(message: Message, now: datetime, last_overflow: datetime) -> Message:
    tomorrow = datetime.combine(_eastern_date(now) + timedelta(days=1), time(), EASTERN).astimezone(UTC)
    soon = last_overflow + _BETWEEN_OVERFLOWS
    return replace(message, next_attempt_at=soon if Tier.CRITICAL in message.tiers else tomorrow, error=_HELD)


def _overflow(messages: Sequence[Message], earlier: int, now: datetime, budget: int) -> Message:
    email = overflow_email([m.subject for m in messages], budget=budget, earlier=earlier)
    tiers = dict.fromkeys(tier for m in messages for tier in m.tiers)
    return email.message(Event.OVERFLOW, tiers, now, [alert_id for m in messages for alert_id in m.alert_ids])


def due(messages: Iterable[Message], now: datetime) -> list[Message]:
    """What waits for delivery and may be tried now, the most urgent first."""
    waiting = [m for m in messages if m.delivered_at is None]
    ready = [m for m in waiting if m.next_attempt_at is None or m.next_attempt_at <= now]
    return sorted(ready, key=lambda m: (-worst(m.tiers).urgency, m.created_at))


def claimed(message: Message, now: datetime) -> Message:
    """The message as it is to stand while it is being tried: nobody else tries it before the backoff is over."""
    attempts = message.attempts + 1
    return replace(
        message, attempts=attempts, next_attempt_at=now + doubled(_FIRST_BACKOFF, attempts, _LONGEST_BACKOFF)
    )


def deliver(messages: Sequence[Message], transport: Transport, settings: Settings, now: datetime) -> dict[str, Message]:
    """Try claimed messages; message id -> the message as it is now. Stops at a failure that concerns them all."""
    tried: dict[str, Message] = {}
    for message in messages:
        try:
            tried[message.message_id] = _delivered(message, transport, settings, now)
        except TransportError as error:
            log.error("alert not delivered, will be tried again: %s (%s)", message.subject, error)
            tried[message.message_id] = replace(message, error=str(error))
            if error.concerns_all:
                break
    return tried


def _delivered(message: Message, transport: Transport, settings: Settings, now: datetime) -> Message:
    to = recipients(settings, message.tiers)
    if not to and not isinstance(transport, LogTransport):
        names = " and ".join(message.tiers)
        say_once(f"nobody is to get {names} alerts (NBA_ALERTS_{message.tiers[0].upper()}_TO, NBA_ALERTS_TO): log")
        transport = LogTransport(f"no recipients for {names}")
    delivered_to = transport.send(to, subject=message.subject, text=message.text, html=message.html)
    return replace(message, delivered_at=now, delivered_to=delivered_to, next_attempt_at=None, error=None)


def _eastern_date(moment: datetime) -> date:
    return moment.astimezone(EASTERN).date()


# --- transports ------------------------------------------------------------------------------------------------


class TransportError(Exception):
    """A message was not accepted; `concerns_all` if the next one would not be either."""

    def __init__(self, message: str, *, concerns_all: bool) -> None:
        super().__init__(message)
        self.concerns_all = concerns_all


class Transport(Protocol):
    """Something that delivers a message."""

    def describe(self) -> str:
        """What it is, for people."""
        ...

    def send(self, recipients: Sequence[str], *, subject: str, text: str, html: str) -> str:
        """Deliver, and say to whom; raises TransportError if it was not accepted."""
        ...


class LogTransport:
    """Writes messages to the log at a level. `why` says why they do not go further."""

    def __init__(self, why: str, *, level: int = logging.WARNING) -> None:
        self._why = why
        self._level = level

    def describe(self) -> str:
        """The log, and why."""
        return f"the log ({self._why})"

    def send(self, recipients: Sequence[str], *, subject: str, text: str, html: str) -> str:  # noqa: ARG002
        """One log record."""
        log.log(self._level, "%s\n%s", subject, text)
        return "log"


class SesTransport:
    """Amazon SES v2. The client is made at the first message."""

    def __init__(self, settings: Settings, *, timeout: float = _TIMEOUT_SECONDS) -> None:
        self._settings = settings
        self._timeout = timeout
        self._made: Any = None

    def describe(self) -> str:
        """Region and sender."""
        return f"Amazon SES, {self._settings.ses_region}, from {self._settings.ses_from_email}"

    def send(self, recipients: Sequence[str], *, subject: str, text: str, html: str) -> str:
        """One mail to all recipients."""
        from botocore.exceptions import BotoCoreError, ClientError

        body = {"Text": {"Data": text, "Charset": "UTF-8"}, "Html": {"Data": html, "Charset": "UTF-8"}}
        try:
            self._client().send_email(
                FromEmailAddress=self._settings.ses_from_email,
                Destination={"ToAddresses": list(recipients)},
                Content={"Simple": {"Subject": {"Data": subject, "Charset": "UTF-8"}, "Body": body}},
            )
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            is_server = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500
            concerns_all = is_server or code in _NOBODY_CAN_BE_REACHED
            raise TransportError(self._explained(str(error)), concerns_all=concerns_all) from error
        except (BotoCoreError, ValueError) as error:
            raise TransportError(self._explained(str(error)), concerns_all=True) from error
        return ", ".join(recipients)

    def _client(self) -> Any:
        if self._made is None:
            # Imported here: boto3 takes a quarter of a second, and most processes send nothing.
            import boto3
            from botocore.config import Config

            key, secret = self._settings.ses_access_key_id, self._settings.ses_secret_access_key
            self._made = boto3.client(
                "sesv2",
                region_name=self._settings.ses_region,
                endpoint_url=self._settings.ses_endpoint,
                aws_access_key_id=key.get_secret_value() if key else None,
                aws_secret_access_key=secret.get_secret_value() if secret else None,
                config=Config(
                    connect_timeout=self._timeout,
                    read_timeout=self._timeout,
                    retries={"total_max_attempts": 2, "mode": "standard"},
                ),
            )
        return self._made

    def _explained(self, problem: str) -> str:
        return (
            f"{self.describe()}: {problem}. Check AWS_SES_REGION, AWS_SES_FROM_EMAIL (verified in that region?), "
            "AWS_SES_ACCESS_KEY_ID and AWS_SES_SECRET_ACCESS_KEY, then run: nba-assets alerts test"
        )


_said: set[str] = set()


def say_once(message: str) -> None:
    """A warning that a process gives once."""
    if message not in _said:
        _said.add(message)
        log.warning(message)


def open_transport(settings: Settings) -> Transport:
    """SES if a sender is set, else the log, which is said once."""
    if settings.ses_from_email:
        return SesTransport(settings)
    say_once("AWS_SES_FROM_EMAIL is not set: alerts go to the log")
    return LogTransport("AWS_SES_FROM_EMAIL is not set")
