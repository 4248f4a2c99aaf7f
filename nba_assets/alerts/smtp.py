"""Alerts by SMTP, through the mail server that a house has anyway."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.utils import formatdate, parseaddr
from hashlib import sha256

from nba_assets.alerts.alert import Message, Tier, recipients
from nba_assets.alerts.transport import (
    TIMEOUT_SECONDS,
    Receipt,
    RetriableError,
    TransportError,
    UndeliverableError,
)
from nba_assets.settings import Settings, SmtpSecurity

_PORTS = {SmtpSecurity.STARTTLS: 587, SmtpSecurity.TLS: 465, SmtpSecurity.NONE: 25}
_CLOSING = 421
_Refused = Mapping[str, tuple[int, bytes]]


class SmtpTransport:
    """One server, one connection for each message."""

    name = "smtp"

    def __init__(self, settings: Settings, *, timeout: float = TIMEOUT_SECONDS) -> None:
        self._settings = settings
        self._timeout = timeout
        self._host = settings.alerts_smtp_host or ""
        self._security = settings.alerts_smtp_security
        self._port = settings.alerts_smtp_port or _PORTS[self._security]

    def describe(self) -> str:
        """Server and sender."""
        how = "unencrypted" if self._security is SmtpSecurity.NONE else self._security.upper()
        return f"SMTP, {self._host}:{self._port} ({how}), from {self._settings.alerts_smtp_from}"

    def receivers(self, tiers: Iterable[Tier]) -> tuple[str, ...]:
        """Addresses."""
        return recipients(self._settings, tiers)

    def deliver(self, message: Message, to: Sequence[str]) -> Receipt:
        """One mail to all; those whom the server refuses are in the receipt, as long as it accepts somebody."""
        try:
            with self._connected() as server:
                refused = server.send_message(self._mail(message, to), to_addrs=list(to))
        except smtplib.SMTPRecipientsRefused as error:
            raise self._refusal(error.recipients) from error
        except (smtplib.SMTPException, OSError, UnicodeError) as error:  # the last: of a host that can be no name
            raise self._failure(error) from error
        return Receipt(tuple(one for one in to if one not in refused), self._refusal(refused) if refused else None)

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        """The server, encrypted and logged in as the settings say."""
        server = self._opened()
        try:
            if self._security is SmtpSecurity.STARTTLS:
                server.starttls(context=ssl.create_default_context())
            user, password = self._settings.alerts_smtp_user, self._settings.alerts_smtp_password
            if user and password:
                server.login(user, password.get_secret_value())
            yield server
            with suppress(smtplib.SMTPException, OSError):  # the mail is accepted, however we part
                server.quit()
        finally:
            server.close()

    def _opened(self) -> smtplib.SMTP:
        if self._security is SmtpSecurity.TLS:
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(self._host, self._port, timeout=self._timeout, context=context)
        return smtplib.SMTP(self._host, self._port, timeout=self._timeout)

    def _mail(self, message: Message, to: Sequence[str]) -> EmailMessage:
        """The mail; its id is that of the message, so that one sent twice can be known as such."""
        sender = self._settings.alerts_smtp_from or ""
        domain = parseaddr(sender)[1].rpartition("@")[2]
        mail = EmailMessage()
        mail["Subject"] = message.subject
        mail["From"] = sender
        mail["To"] = ", ".join(to)
        mail["Date"] = formatdate(message.created_at.timestamp())
        mail["Message-ID"] = f"<{sha256(message.message_id.encode()).hexdigest()[:32]}@{domain}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.text)
        mail.add_alternative(message.html, subtype="html")
        return mail

    def _refusal(self, refused: _Refused) -> TransportError:
        """Of recipients: to be tried again if the server might accept one of them later."""
        answers = "; ".join(f"{address}: {_answer(*answer)}" for address, answer in refused.items())
        is_passing = any(code < 500 for code, _ in refused.values())
        closing = any(code == _CLOSING for code, _ in refused.values())
        check = "NBA_ALERTS_TO and the lists of the tiers; may this user send to them?"
        return self._error(f"refused {answers}", check, is_passing=is_passing, concerns_all=closing)

    def _failure(self, error: Exception) -> TransportError:
        """What a failure means, and what to check."""
        problem, of_server = " ".join(str(error).split()) or type(error).__name__, "NBA_ALERTS_SMTP_HOST and _PORT"
        if isinstance(error, smtplib.SMTPResponseException):
            return self._response(error)
        if isinstance(error, smtplib.SMTPNotSupportedError):
            check = "NBA_ALERTS_SMTP_SECURITY, _PORT and _USER: does the server offer what they ask for?"
            return self._error(problem, check)
        if isinstance(error, ssl.SSLCertVerificationError):
            check = f"{of_server}: is it the name in the certificate, and its issuer trusted here (SSL_CERT_FILE)?"
            return self._error(problem, check)
        if isinstance(error, ssl.SSLError):
            check = "NBA_ALERTS_SMTP_SECURITY and _PORT: starttls and tls have different ports"
            return self._error(problem, check, is_passing=True)
        if isinstance(error, TimeoutError):
            problem = f"no answer within {self._timeout:g} s"
        return self._error(problem, of_server, is_passing=True)

    def _response(self, error: smtplib.SMTPResponseException) -> TransportError:
        """An answer of the server to anything but recipients."""
        check, concerns_all = "NBA_ALERTS_SMTP_HOST and _PORT", True
        if isinstance(error, smtplib.SMTPAuthenticationError):
            check = "NBA_ALERTS_SMTP_USER and NBA_ALERTS_SMTP_PASSWORD"
        elif isinstance(error, smtplib.SMTPSenderRefused):
            check = "NBA_ALERTS_SMTP_FROM and _USER: does the server let this user send from it?"
        elif isinstance(error, smtplib.SMTPDataError):
            check, concerns_all = "what the server says of this mail", error.smtp_code == _CLOSING
        answer = error.smtp_error if isinstance(error.smtp_error, bytes) else str(error.smtp_error).encode()
        is_passing = error.smtp_code < 500
        problem = _answer(error.smtp_code, answer)
        return self._error(problem, check, is_passing=is_passing, concerns_all=concerns_all)

    def _error(
        self, problem: str, check: str, *, is_passing: bool = False, concerns_all: bool = True
    ) -> TransportError:
        kind = RetriableError if is_passing else UndeliverableError
        text = f"{self.describe()}: {problem}. Check {check}, then run: nba-assets alerts test"
        return kind(text, concerns_all=concerns_all)


def _answer(code: int, text: bytes) -> str:
    """ "550 no such user" """
    return f"{code} {' '.join(text.decode(errors='replace').split())}".strip()
