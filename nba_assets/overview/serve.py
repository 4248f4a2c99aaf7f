"""The page with all dates over HTTP: one file, read-only, as it was last computed. Nothing else of its directory.

For `nba-assets dev`, so that the catalogue can link to it. Whoever deploys otherwise puts the file behind a web server
of their own, and its address into NBA_COVERAGE_URL.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from nba_assets.settings import Settings

_PATHS = ("/", "/coverage.html")
_NOT_YET = b"""<!doctype html><meta charset="utf-8"><title>Coverage</title><p>Coverage has not been computed yet. \
Materialize the asset <b>coverage</b>, or run the job <b>coverage</b>, and load this page again.</p>"""
_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-cache",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'",
}


class CoveragePageError(Exception):
    """The page cannot be served; the message names the address and what to do."""


@contextmanager
def coverage_page_served(settings: Settings, host: str, port: int) -> Iterator[str]:
    """Serve the page as long as the context is open; gives the address under which a browser here finds it.

    `port` 0 takes a free one. Raises CoveragePageError if the address cannot be opened.
    """
    try:
        server = _Server(settings.coverage_page, host, port)
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or error
        raise CoveragePageError(
            f"the coverage page has no address: {host}:{port} cannot be opened ({why}). Free the port, or set "
            "NBA_COVERAGE_URL to where the page is served"
        ) from error
    with server:
        thread = Thread(target=server.serve_forever, name="coverage page", daemon=True)
        thread.start()
        try:
            yield f"http://{_reachable(host)}:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, page: Path, host: str, port: int) -> None:
        self.address_family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        super().__init__((host, port), partial(_Handler, page))

    def server_bind(self) -> None:
        """Without looking up the name of the host, which may take seconds."""
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])


def _reachable(host: str) -> str:
    """What a browser on this machine calls the host; an address that stands for all of them is none."""
    if host in ("", "0.0.0.0", "::"):
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


class _Handler(BaseHTTPRequestHandler):
    server_version, sys_version = "nba-assets", ""
    timeout = 30

    def __init__(self, page: Path, *connection: Any) -> None:
        self._page = page
        super().__init__(*connection)

    def do_GET(self) -> None:
        """The page under its two names; 404 for anything else."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """The same without the page."""
        self._answer(with_body=False)

    def _answer(self, *, with_body: bool) -> None:
        if self.path.partition("?")[0] not in _PATHS:
            self.send_error(HTTPStatus.NOT_FOUND, "There is one page here: /")
            return
        try:
            status, body = HTTPStatus.OK, self._page.read_bytes()
        except OSError:
            status, body = HTTPStatus.NOT_FOUND, _NOT_YET
        self.send_response(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if with_body:
            self.wfile.write(body)

    def log_message(self, format: str, *values: Any) -> None:
        """Nothing: whoever looks at the page need not appear in the log of the pipeline."""
