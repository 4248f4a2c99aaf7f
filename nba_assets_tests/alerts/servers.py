"""A mail server and a webhook in this process, which accept, refuse or keep silent as a test wants."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

SILENT = "silent"
"""A reply that does not come."""
USER, PASSWORD = "nba", "hush-hush"
_ACCEPTED = "250 OK"


@dataclass
class MailServer:
    """What it is to answer to each step (an SMTP reply, or SILENT), and the mails that it has accepted.

    `to` are replies to recipients. `context` encrypts, from the first byte if `implicit`; then it asks for a login.
    """

    context: ssl.SSLContext | None = None
    implicit: bool = False
    sender: str = _ACCEPTED
    to: dict[str, str] = field(default_factory=dict)
    data: str = _ACCEPTED
    quit: str = "221 Bye"
    mails: list[tuple[EmailMessage, list[str]]] = field(default_factory=list)
    connections: int = 0

    def __enter__(self) -> MailServer:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        login: dict[str, Any] = {"authenticator": _authenticated, "auth_required": True} if self.context else {}
        if self.context and self.implicit:
            login |= {"ssl_context": self.context, "auth_require_tls": False}
        elif self.context:
            login |= {"tls_context": self.context, "require_starttls": True}
        self._controller = Controller(_Handler(self), hostname="127.0.0.1", port=port, **login)
        self._controller.start()
        self.connections = 0  # it has tried itself
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    @property
    def settings(self) -> dict[str, Any]:
        """What a session must be given to send there."""
        security = "none" if self.context is None else "tls" if self.implicit else "starttls"
        login = {"alerts_smtp_user": USER, "alerts_smtp_password": PASSWORD} if self.context else {}
        return login | {
            "alerts_smtp_host": "localhost",
            "alerts_smtp_port": self._controller.port,
            "alerts_smtp_security": security,
            "alerts_smtp_from": "alerts@hoops.example",
        }

    def subjects(self) -> list[str]:
        """The subjects of everything that was accepted."""
        return [mail["Subject"] for mail, _ in self.mails]


class _Handler:
    def __init__(self, server: MailServer) -> None:
        self._server = server

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        del server, envelope
        session.host_name = hostname
        self._server.connections += 1
        return responses

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        del server, session
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return await _reply(self._server.sender)

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        del server, session, options
        reply = await _reply(self._server.to.get(address, _ACCEPTED))
        if reply == _ACCEPTED:
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        del server, session
        reply = await _reply(self._server.data)
        if reply == _ACCEPTED:
            assert isinstance(envelope.content, bytes)
            mail = message_from_bytes(envelope.content, policy=default)
            assert isinstance(mail, EmailMessage)
            self._server.mails.append((mail, list(envelope.rcpt_tos)))
        return reply

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        del server, session, envelope
        return await _reply(self._server.quit)


async def _reply(reply: str) -> str:
    if reply == SILENT:
        await asyncio.sleep(30)  # until the test stops the server
    return reply


def _authenticated(server: SMTP, session: Session, envelope: Envelope, mechanism: str, login: object) -> AuthResult:
    del server, session, envelope, mechanism
    right = login == LoginPassword(USER.encode(), PASSWORD.encode())
    return AuthResult(success=right, handled=False)


def certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's own certificate for localhost, and the file that makes those trust it who are told to."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(IPv4Address("127.0.0.1"))])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    trusted, secret = folder / "trusted.pem", folder / "key.pem"
    pem = serialization.Encoding.PEM
    trusted.write_bytes(made.public_bytes(pem))
    plain = serialization.NoEncryption()
    secret.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(trusted, secret)
    return context, trusted


SECRET = "/services/T0/B0/s3cret"


@dataclass
class Hook:
    """Answers every POST with a status, headers and a text; never, if the status is None. `posted` is what it took."""

    status: int | None = 200
    text: str = "ok"
    headers: dict[str, str] = field(default_factory=dict)
    posted: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    calls: int = 0

    def __enter__(self) -> Hook:
        hook, self._released = self, threading.Event()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                hook.calls += 1
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if hook.status is None:
                    hook._released.wait(10)
                    return
                if hook.status == 200:
                    hook.posted.append((self.path, json.loads(body)))
                self.send_response(hook.status)
                for name, value in hook.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(hook.text.encode())

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._released.set()
        self._server.shutdown()
        self._server.server_close()

    def url(self, path: str = SECRET) -> str:
        """The address of a channel of its own."""
        return f"http://127.0.0.1:{self._server.server_port}{path}"

    def headlines(self) -> list[str]:
        """The headline of everything that it took."""
        return [payload["blocks"][0]["text"]["text"] for _, payload in self.posted]
