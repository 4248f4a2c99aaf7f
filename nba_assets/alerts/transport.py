"""How a message is sent: Amazon SES v2, or the log. What it says, and when it is tried again, not here."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Protocol

from nba_assets.settings import Settings

log = logging.getLogger(__name__)

_TIMEOUT_SECONDS = 5.0
_NOBODY_CAN_BE_REACHED = frozenset(
    "TooManyRequestsException LimitExceededException Throttling ThrottlingException AccountSuspendedException "
    "SendingPausedException InvalidClientTokenId SignatureDoesNotMatch UnrecognizedClientException "
    "AccessDeniedException InternalFailure ServiceUnavailable".split()
)


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
