"""Amazon SES as moto serves it on the loopback interface, with a mailbox to look into."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.backends import get_backend
from moto.core import DEFAULT_ACCOUNT_ID
from moto.server import ThreadedMotoServer

from nba_assets.alerts import channels, emergency

SENDER, REGION = "alerts@hoops.example", "us-west-2"
CRITICAL, WARNING, EVERYBODY = "oncall@hoops.example", "data@hoops.example", "all@hoops.example"


@dataclass(frozen=True)
class Mail:
    """A mail as SES accepted it; the body is the HTML part."""

    subject: str
    body: str
    to: tuple[str, ...]


class Mailbox:
    """All mails of the sender's region, and the settings that lead there."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint

    @property
    def settings(self) -> dict[str, Any]:
        """What a session must be given to send there: tiers with lists of their own, and info with the fallback."""
        return {
            "AWS_SES_ENDPOINT": self.endpoint,
            "AWS_SES_REGION": REGION,
            "AWS_SES_FROM_EMAIL": SENDER,
            "AWS_SES_ACCESS_KEY_ID": "key",
            "AWS_SES_SECRET_ACCESS_KEY": "secret",
            "alerts_critical_to": [CRITICAL],
            "alerts_warning_to": [WARNING],
            "alerts_to": [EVERYBODY],
        }

    def verify(self, sender: str = SENDER) -> None:
        """What a person does once, in the region."""
        credentials = {"aws_access_key_id": "key", "aws_secret_access_key": "secret"}
        client = boto3.client("sesv2", region_name=REGION, endpoint_url=self.endpoint, **credentials)
        client.create_email_identity(EmailIdentity=sender)

    def mails(self) -> list[Mail]:
        """Everything that arrived, in order."""
        return [
            Mail(message.subject, message.body, tuple(message.destinations["ToAddresses"]))
            for message in get_backend("ses")[DEFAULT_ACCOUNT_ID][REGION].sent_messages
        ]

    def subjects(self) -> list[str]:
        """The subjects of everything that arrived."""
        return [mail.subject for mail in self.mails()]


@pytest.fixture(scope="session")
def ses_endpoint() -> Iterator[str]:
    """Moto's server."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def unverified_mailbox(ses_endpoint: str) -> Mailbox:
    """An SES that does not know the sender yet."""
    get_backend("ses").reset()
    get_backend("sesv2").reset()
    return Mailbox(ses_endpoint)


@pytest.fixture
def mailbox(unverified_mailbox: Mailbox) -> Mailbox:
    """An SES that accepts what our sender sends."""
    unverified_mailbox.verify()
    return unverified_mailbox


@pytest.fixture(autouse=True)
def _nothing_remembered_by_the_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As in a process that has just started, and without anybody's settings."""
    monkeypatch.setattr(channels, "_said", set())
    monkeypatch.setattr(emergency, "_in_process", {})
    monkeypatch.chdir(tmp_path)
