"""A BigQuery that answers with the errors it is told, one after the other, and otherwise as the emulator behind it.

What the errors do to a warehouse is the business of the tests; what BigQuery's own look like, of this file.
"""

from __future__ import annotations

import http.client
import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Request:
    """What a client asked."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def job(self) -> dict[str, Any]:
        """The job that is to be run; empty if it is not about one."""
        if self.method != "POST" or not self.path.split("?")[0].endswith("/jobs"):
            return {}
        found = re.search(rb"\{.*\}", self.body, re.DOTALL)
        return {} if found is None or "/upload/" in self.path else json.loads(found[0])

    @property
    def sql(self) -> str:
        """The statement or script that is to be run; "" for any other request, and if it is to be checked only."""
        settings = self.job.get("configuration", {})
        return "" if settings.get("dryRun") else settings.get("query", {}).get("query", "")

    @property
    def is_load(self) -> bool:
        """Whether it is the last of a load job's requests, after which the job runs."""
        return self.method == "PUT"


@dataclass(frozen=True)
class Answer:
    """What a server says."""

    status: int
    headers: dict[str, str]
    body: bytes


Forward = Callable[[Request], Answer]
Response = Callable[[Request, Forward], Answer]


@dataclass(frozen=True)
class Fault:
    """One error, for the first request that it is about."""

    about: Callable[[Request], bool]
    answer: Response
    is_lasting: bool = False


@dataclass
class FaultyBigQuery:
    """A running one: what it was asked, and the errors that it has still to give."""

    upstream: str | None
    faults: list[Fault]
    endpoint: str = ""
    asked: list[Request] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, request: Request) -> Answer:
        """An error, if one is due; else what the server behind it says."""
        with self._lock:
            self.asked.append(request)
            fault = next((one for one in self.faults if one.about(request)), None)
            if fault is not None and not fault.is_lasting:
                self.faults.remove(fault)
        return self.forward(request) if fault is None else fault.answer(request, self.forward)

    def forward(self, request: Request) -> Answer:
        """What the server behind it says."""
        assert self.upstream, f"nobody answers {request.method} {request.path}"
        connection = http.client.HTTPConnection(urlsplit(self.upstream).netloc, timeout=60)
        try:
            connection.request(request.method, request.path, request.body or None, request.headers)
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.getheaders()), answer.read())
        finally:
            connection.close()


def refusal(status: int, reason: str, message: str) -> Response:
    """An answer to a request, in BigQuery's own format."""
    errors = [{"message": message, "domain": "global", "reason": reason}]
    body = json.dumps({"error": {"code": status, "message": message, "errors": errors}}).encode()
    return lambda request, forward: Answer(status, {"Content-Type": "application/json"}, body)  # noqa: ARG005


def failure(reason: str, message: str) -> Response:
    """A job that is accepted and fails, having done nothing."""

    def answer(request: Request, forward: Forward) -> Answer:
        # A load job has got its rows by then: they are in a staging table, which does not matter.
        job = json.loads(forward(request).body) if request.is_load else dict(request.job)
        return _failed(job, reason, message)

    return answer


def failure_after_all(reason: str, message: str) -> Response:
    """A job that does what it should, and is said to have failed."""

    def answer(request: Request, forward: Forward) -> Answer:
        job = json.loads(forward(request).body)
        about = job["jobReference"]
        again = Request("GET", f"/bigquery/v2/projects/{about['projectId']}/jobs/{about['jobId']}", {}, b"")
        while job["status"]["state"] != "DONE":
            time.sleep(0.05)
            job = json.loads(forward(again).body)
        assert "errorResult" not in job["status"]
        return _failed(job, reason, message)

    return answer


def _failed(job: dict[str, Any], reason: str, message: str) -> Answer:
    error = {"reason": reason, "message": message}
    job |= {"status": {"state": "DONE", "errorResult": error, "errors": [error]}}
    return Answer(200, {"Content-Type": "application/json"}, json.dumps(job).encode())


@contextmanager
def faulty_bigquery(faults: Sequence[Fault], upstream: str | None = None) -> Iterator[FaultyBigQuery]:
    """A server with some errors to give, and perhaps an emulator behind it."""
    bigquery = FaultyBigQuery(upstream, [*faults])

    class Handler(BaseHTTPRequestHandler):
        def handle_one(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            answer = bigquery.answer(Request(self.command, self.path, dict(self.headers.items()), body))
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                if name.casefold() not in ("content-length", "transfer-encoding", "connection", "server", "date"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_one  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    bigquery.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield bigquery
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
