"""One call to stats.nba.com through nba_api: in time, repeated if that can help, or a SourceUnavailableError.

What an answer means is the business of `endpoints`.
"""

from __future__ import annotations

import logging
import time
from typing import Any, Protocol
from urllib.parse import urlsplit

import requests
from nba_api.library.proxy import ProxyRequiredError
from nba_api.stats.library.http import NBAStatsHTTP, NBAStatsResponse
from requests.adapters import HTTPAdapter

from nba_assets.backoff import doubled, jittered
from nba_assets.sources.nba_api.pace import CircuitBreaker, Pace, SourceUnavailableError
from nba_assets.sources.nba_api.settings import NbaApiSettings

log = logging.getLogger(__name__)

_WORTH_REPEATING = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524})
_NEXT_STEP = {
    403: "The league refuses many data centres: set a proxy, or fetch elsewhere and share the cache directory.",
    407: "The proxy wants other credentials.",
}


class Request(Protocol):
    """What an endpoint object of nba_api made with `get_request=False` says about the call to be made."""

    endpoint: str
    parameters: dict[str, Any]
    headers: dict[str, str] | None


class _TransientError(Exception):
    """Worth another attempt, after `retry_after` seconds if the server said so."""

    next_step = "Run again later."

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class _UnreachableError(_TransientError):
    """Nobody answered, so it may be us."""

    next_step = (
        "Is there a network here, and does it need a proxy (NBA_API_PROXY)? The league refuses many data centres: "
        "see docs/live-data.md."
    )


class _Adapter(HTTPAdapter):
    """Closes its connections when it is closed; urllib3 leaves that to whenever the last reference to them goes."""

    def close(self) -> None:
        for manager in (self.poolmanager, *self.proxy_manager.values()):
            for key in manager.pools.keys():  # noqa: SIM118 - cannot be iterated over otherwise
                manager.pools[key].close()
        super().close()


class _Connection(NBAStatsHTTP):  # type: ignore[misc]  # nba_api has no types
    """nba_api's own client, with a session that is ours to close and an address that can be set."""

    def __init__(self, base_url: str | None) -> None:
        if base_url is not None:
            self.base_url = base_url
        self._requests: requests.Session | None = None

    def get_session(self) -> requests.Session:
        if self._requests is None:
            self._requests = requests.Session()
            for scheme in ("https://", "http://"):
                self._requests.mount(scheme, _Adapter())
            self._requests.hooks["response"].append(_raise_for_status)
        return self._requests

    def close(self) -> None:
        if self._requests is not None:
            self._requests.close()
            self._requests = None


class StatsClient:
    """Calls endpoints one at a time; the connection opens with the first call and is closed by `close`."""

    def __init__(self, settings: NbaApiSettings) -> None:
        self._settings = settings
        self._connection = _Connection(settings.base_url)
        self._pace = Pace(settings.cache_dir, settings.seconds_between_calls)
        self._breaker = CircuitBreaker(settings.breaker_failures, settings.breaker_seconds)
        self.calls = 0

    def get(self, request: Request) -> NBAStatsResponse:
        """The answer to a call; its content is JSON.

        Timeouts, cut connections, 429, 5xx and HTML are tried again, with growing pauses. Raises
        SourceUnavailableError naming endpoint and parameters when that did not help or cannot.
        """
        self._breaker.check()
        try:
            response = self._persist(request)
        except SourceUnavailableError:
            self._breaker.failed()
            raise
        self._breaker.succeeded()
        return response

    def close(self) -> None:
        """Close the connection; a later call opens another."""
        self._connection.close()

    def _persist(self, request: Request) -> NBAStatsResponse:
        for attempt in range(1, self._settings.max_attempts + 1):
            self._pace.wait()
            try:
                return self._send(request)
            except _TransientError as error:
                most = self._settings.max_attempts
                if attempt == most:
                    raise SourceUnavailableError(
                        f"{describe(request)}: {error} ({most} attempts). {error.next_step} What was fetched is kept."
                    ) from error
                pause = self._pause(attempt, error.retry_after)
                log.warning("%s: %s; attempt %d of %d in %.0f s", request.endpoint, error, attempt + 1, most, pause)
                time.sleep(pause)
        raise AssertionError("unreachable: max_attempts is at least 1")

    def _send(self, request: Request) -> NBAStatsResponse:
        self.calls += 1
        try:
            response = self._connection.send_api_request(
                endpoint=request.endpoint,
                parameters=request.parameters,
                headers=request.headers,
                proxy=self._settings.proxy,
                timeout=self._settings.timeout_seconds,
            )
        except requests.HTTPError as error:
            raise _judged(error, request) from error
        except (requests.exceptions.InvalidURL, requests.exceptions.MissingSchema, ProxyRequiredError) as error:
            raise SourceUnavailableError(f"{describe(request)}: {error}") from error
        except requests.RequestException as error:
            raise _UnreachableError(self._unreachable(error)) from error
        if not response.valid_json():
            raise _TransientError(f"expected JSON, got {_beginning(response.get_response())!r}")
        return response

    def _unreachable(self, error: requests.RequestException) -> str:
        """What keeps an answer from coming, in a few words; the client's own text is a paragraph."""
        host = urlsplit(self._connection.base_url).hostname
        if isinstance(error, requests.Timeout):
            return f"{host} did not answer in {self._settings.timeout_seconds:g} s"
        if isinstance(error, requests.exceptions.ProxyError):
            return f"the proxy to {host} cannot be used"
        return f"{host} cannot be reached ({_root_of(error)})"

    def _pause(self, attempt: int, retry_after: float | None) -> float:
        backoff = jittered(doubled(self._settings.backoff_seconds, attempt))
        return min(max(backoff, retry_after or 0.0), self._settings.max_backoff_seconds)


def describe(request: Request) -> str:
    """An endpoint and the parameters that say something: "leaguegamelog(Season=2021-22, …)"."""
    telling = {name: value for name, value in request.parameters.items() if value not in ("", None, 0, "0")}
    return f"{request.endpoint}({', '.join(f'{name}={value}' for name, value in telling.items())})"


def _root_of(error: BaseException) -> str:
    """The system's own words for a failed connection: "Name or service not known"."""
    said = type(error).__name__
    cause: BaseException | None = error
    while cause is not None:
        said = getattr(cause, "strerror", None) or said
        cause = cause.__cause__ or cause.__context__
    return said


def _raise_for_status(response: requests.Response, **_options: Any) -> None:
    if not response.ok:
        # An answer that is not done with keeps its connection, out of reach of the session that should close it.
        _ = response.content
        response.close()
        response.raise_for_status()


def _judged(error: requests.HTTPError, request: Request) -> Exception:
    response = error.response
    assert response is not None, "raised for the status of a response"
    status = response.status_code
    said = f"HTTP {status} {response.reason or ''}".rstrip()
    if status in _WORTH_REPEATING:
        return _TransientError(said, _seconds(response.headers.get("Retry-After", "")))
    hint = _NEXT_STEP.get(status, "The endpoint or its parameters may have changed: compare with a newer nba_api.")
    return SourceUnavailableError(f"{describe(request)}: {said}. {hint}")


def _seconds(retry_after: str) -> float | None:
    return float(retry_after) if retry_after.isdecimal() else None


def _beginning(text: str) -> str:
    return " ".join(text.split())[:80]
