"""What a mail server gets, and what each of its refusals means."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nba_assets.alerts.alert import Event, Message, Tier
from nba_assets.alerts.smtp import SmtpTransport
from nba_assets.alerts.transport import Receipt, RetriableError, UndeliverableError
from nba_assets.settings import SettingsError, load_settings
from nba_assets_tests.alerts.servers import PASSWORD, SILENT, MailServer, certificate

ADA, BOB = "ada@hoops.example", "bob@hoops.example"
MESSAGE = Message(
    message_id="2021-event-1",
    event=Event.OPENED,
    tiers=(Tier.CRITICAL,),
    subject="[nba_assets] CRITICAL: Dončić … LAC@UTA",
    text="Dončić\n" + "long " * 400,
    html="<html><body><b>Dončić</b></body></html>",
    created_at=datetime(2026, 3, 1, 15, tzinfo=UTC),
)


@pytest.fixture
def server() -> Iterator[MailServer]:
    """One without encryption."""
    with MailServer() as started:
        yield started


@pytest.fixture
def encryption(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """Of a server whose certificate is trusted here."""
    context, trusted = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    return context


def transport(server: MailServer, **settings: object) -> SmtpTransport:
    return SmtpTransport(load_settings(**(server.settings | {"alerts_to": [ADA, BOB]} | settings)), timeout=0.5)


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")  # it does not see what is around it
@pytest.mark.parametrize("implicit", [False, True], ids=["starttls", "tls"])
def test_a_mail_comes_encrypted_with_a_login_as_text_and_html(encryption: ssl.SSLContext, implicit: bool) -> None:
    with MailServer(encryption, implicit) as server:
        by = transport(server)
        assert by.receivers([Tier.CRITICAL]) == (ADA, BOB)
        assert by.deliver(MESSAGE, [ADA, BOB]) == Receipt((ADA, BOB))
        by.deliver(MESSAGE, [ADA])
    (mail, to), (again, _) = server.mails
    assert to == [ADA, BOB]
    assert (mail["Subject"], mail["From"], mail["To"]) == (MESSAGE.subject, "alerts@hoops.example", f"{ADA}, {BOB}")
    text, html = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    assert text.get_content().split() == MESSAGE.text.split()
    assert html.get_content().strip() == MESSAGE.html
    assert mail["Message-ID"].endswith("@hoops.example>")
    assert mail["Message-ID"] == again["Message-ID"], "the same message, however often it is sent"


def test_a_certificate_that_nobody_trusts_ends_it(tmp_path: Path) -> None:
    context, _ = certificate(tmp_path)
    with MailServer(context) as server, pytest.raises(UndeliverableError, match=r"certificate.*SSL_CERT_FILE"):
        transport(server).deliver(MESSAGE, [ADA])
    assert server.mails == []


def test_a_wrong_password_is_named_and_not_shown(encryption: ssl.SSLContext) -> None:
    with MailServer(encryption) as server:
        by = transport(server, alerts_smtp_password=f"{PASSWORD}!")
        with pytest.raises(UndeliverableError, match=r"535.*NBA_ALERTS_SMTP_USER and NBA_ALERTS_SMTP_PASS") as caught:
            by.deliver(MESSAGE, [ADA])
    assert caught.value.concerns_all
    assert PASSWORD not in str(caught.value) + by.describe()


def test_a_server_without_starttls_gets_nothing(server: MailServer) -> None:
    by = transport(server, alerts_smtp_security="starttls")
    with pytest.raises(UndeliverableError, match=r"STARTTLS.*NBA_ALERTS_SMTP_SECURITY"):
        by.deliver(MESSAGE, [ADA])
    with pytest.raises(RetriableError, match="NBA_ALERTS_SMTP_SECURITY"):
        transport(server, alerts_smtp_security="tls").deliver(MESSAGE, [ADA])
    assert server.mails == []


@pytest.mark.parametrize(
    ("step", "reply", "error", "concerns_all"),
    [
        ("sender", "550 not yours", UndeliverableError, True),
        ("sender", "451 later", RetriableError, True),
        ("data", "554 spam", UndeliverableError, False),
        ("data", "451 later", RetriableError, False),
        ("data", "421 closing", RetriableError, True),
        ("data", SILENT, RetriableError, True),
        ("sender", SILENT, RetriableError, True),
    ],
)
def test_what_lasts_and_what_passes(
    server: MailServer, step: str, reply: str, error: type[Exception], concerns_all: bool
) -> None:
    setattr(server, step, reply)
    with pytest.raises(error, match=r"timed out|no answer" if reply == SILENT else reply) as caught:
        transport(server).deliver(MESSAGE, [ADA])
    assert caught.value.concerns_all is concerns_all  # type: ignore[attr-defined]
    setattr(server, step, "250 OK")
    assert transport(server).deliver(MESSAGE, [ADA]) == Receipt((ADA,))


@pytest.mark.parametrize(("code", "error"), [(550, UndeliverableError), (450, RetriableError)])
def test_refused_recipients_are_named_and_the_others_have_it(
    server: MailServer, code: int, error: type[Exception]
) -> None:
    server.to = {BOB: f"{code} no Bob"}
    receipt = transport(server).deliver(MESSAGE, [ADA, BOB])
    assert (receipt.accepted, type(receipt.refusal)) == ((ADA,), error)
    assert f"{BOB}: {code} no Bob" in str(receipt.refusal)
    with pytest.raises(error, match=r"no Bob.*NBA_ALERTS_TO"):
        transport(server).deliver(MESSAGE, [BOB])
    assert [to for _, to in server.mails] == [[ADA]]


def test_a_server_that_does_not_say_goodbye_has_the_mail(server: MailServer) -> None:
    server.quit = SILENT
    assert transport(server).deliver(MESSAGE, [ADA]) == Receipt((ADA,))
    assert len(server.mails) == 1


def test_nobody_there() -> None:
    with MailServer() as server:
        settings = server.settings
    gone = SmtpTransport(load_settings(**settings), timeout=0.5)
    with pytest.raises(RetriableError, match=r"localhost:\d+ \(unencrypted\).*refused.*NBA_ALERTS_SMTP_HOST"):
        gone.deliver(MESSAGE, [ADA])
    no_name = SmtpTransport(load_settings(**settings | {"alerts_smtp_host": "a..b"}))
    with pytest.raises(RetriableError, match=r"a\.\.b.*Check NBA_ALERTS_SMTP_HOST"):
        no_name.deliver(MESSAGE, [ADA])


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"alerts_smtp_host": "mail"}, "NBA_ALERTS_SMTP_FROM=.*NBA_ALERTS_SMTP_HOST is set"),
        ({"alerts_smtp_host": "mail", "alerts_smtp_from": "me"}, "NBA_ALERTS_SMTP_FROM=me: must be an address"),
        ({"alerts_smtp_port": 0}, "NBA_ALERTS_SMTP_PORT=0"),
        ({"alerts_smtp_security": "ssl"}, "allowed: starttls, tls, none"),
        ({"alerts_smtp_user": "me"}, r"NBA_ALERTS_SMTP_PASSWORD=\(not shown\): set it together with"),
        ({"alerts_smtp_password": "hush"}, r"NBA_ALERTS_SMTP_PASSWORD=\(not shown\): set it together with"),
    ],
)
def test_settings_that_cannot_be(settings: dict[str, object], expected: str) -> None:
    with pytest.raises(SettingsError, match=expected):
        load_settings(**settings)
