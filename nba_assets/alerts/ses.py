"""Alerts by Amazon SES v2."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from nba_assets.alerts.alert import Message, Tier, recipients
from nba_assets.alerts.transport import TIMEOUT_SECONDS, Receipt, RetriableError
from nba_assets.settings import Settings

_NOBODY_CAN_BE_REACHED = frozenset(
    "TooManyRequestsException LimitExceededException Throttling ThrottlingException AccountSuspendedException "
    "SendingPausedException InvalidClientTokenId SignatureDoesNotMatch UnrecognizedClientException "
    "AccessDeniedException InternalFailure ServiceUnavailable".split()
)


class SesTransport:
    """Amazon SES v2. The client is made at the first message."""

    name = "ses"

    def __init__(self, settings: Settings, *, timeout: float = TIMEOUT_SECONDS) -> None:
        self._settings = settings
        self._timeout = timeout
        self._made: Any = None

    def describe(self) -> str:
        """Region and sender."""
        return f"Amazon SES, {self._settings.ses_region}, from {self._settings.ses_from_email}"

    def receivers(self, tiers: Iterable[Tier]) -> tuple[str, ...]:
        """Addresses."""
        return recipients(self._settings, tiers)

    def deliver(self, message: Message, to: Sequence[str]) -> Receipt:
        """One mail to all. What SES refuses is always tried again: a sender is verified within minutes."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self._send(message, to)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            is_server = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500
            concerns_all = is_server or code in _NOBODY_CAN_BE_REACHED
            raise RetriableError(self._explained(str(error)), concerns_all=concerns_all) from error
        except (BotoCoreError, ValueError) as error:
            raise RetriableError(self._explained(str(error)), concerns_all=True) from error
        return Receipt(tuple(to))

    def _send(self, message: Message, to: Sequence[str]) -> None:
        parts = {"Text": message.text, "Html": message.html}
        self._client().send_email(
            FromEmailAddress=self._settings.ses_from_email,
            Destination={"ToAddresses": list(to)},
            Content={
                "Simple": {
                    "Subject": {"Data": message.subject, "Charset": "UTF-8"},
                    "Body": {name: {"Data": part, "Charset": "UTF-8"} for name, part in parts.items()},
                }
            },
        )

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
