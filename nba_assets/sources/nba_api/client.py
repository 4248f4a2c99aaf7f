"""One call to stats.nba.com: in time, repeated if that can help, or a SourceError that says why there is no answer.

What an answer means is the business of `endpoints`; when not to ask at all that of `pace` and `cut_off`.
"""

from __future__ import annotations

import json
import logging
import math
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit

import requests
from nba_api.library.proxy import ProxyRequiredError
from nba_api.stats.library.http import NBAStatsResponse

from nba_assets.backoff import doubled, jittered
from nba_assets.sources.base import SourceError
from nba_assets.sources.nba_api.connection import Connection, SessionFailedError, StatusError
from nba_assets.sources.nba_api.cut_off import CutOff, CutOffError
from nba_assets.sources.nba_api.pace import CircuitBreaker, CircuitOpenError, Pace, SourceUnavailableError
from nba_assets.sources.nba_api.settings import NbaApiSettings
from nba_assets.sources.nba_api.silence import SilenceRecord

log = logging.getLogger(__name__)

Read = TypeVar("Read")
Judge = Callable[[Any], str | None]
"""What keeps a decoded answer from saying anything, like "players is null"; None if nothing does."""

SITE = "stats.nba.com"
_TOO_MANY_REQUESTS = 429
_FORBIDDEN = 403
_WORTH_REPEATING = frozenset({408, 425, _TOO_MANY_REQUESTS, 500, 502, 503, 504, 520, 521, 522, 523, 524})
_NEXT_STEP = {
    _FORBIDDEN: "The league refuses many data centres: set a proxy, or fetch elsewhere and share the cache directory.",
    407: "The proxy wants other credentials.",
}
WHAT_TO_CHECK = (
    "Is there a network here, and does it need a proxy (NBA_API_PROXY)? The league refuses many data centres: "
    "see docs/live-data.md."
)
_COMPARE = "The endpoint or its parameters may have changed: compare with a newer nba_api."
_MOST_EMPTY_ANSWERS = 3
_SPARED_SECONDS = 600.0
"""So long a call that has said nothing is not made again: less than the shortest pause of a morning."""
_FEWEST_ATTEMPTS_IF_THROTTLED = 2


class NoAnswerError(SourceError):
    """The site answered a call, but said nothing, as often as it was asked; other calls are not concerned."""


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


class _ThrottledError(_TransientError):
    """The site wants fewer calls."""


class _EmptyAnswerError(_TransientError):
    """A page instead of data, or data without content."""


class _UnreachableError(_TransientError):
    """Nobody answered, so it may be us."""

    next_step = WHAT_TO_CHECK


class StatsClient:
    """Calls endpoints one at a time; the connection opens with the first call and is closed by `close`.

    `calls` counts the requests made so far, repeated ones too.
    """

    def __init__(self, settings: NbaApiSettings) -> None:
        self._settings = settings
        self._connection = Connection(settings)
        self._pace = Pace(
            settings.cache_dir,
            settings.seconds_between_calls,
            budget=settings.budget,
            budget_seconds=settings.budget_seconds,
        )
        self._cut_off = CutOff(settings.cache_dir, settings.cut_off_seconds, site=SITE)
        self._silence = SilenceRecord(settings.cache_dir)
        self._breaker = CircuitBreaker(settings.breaker_failures, settings.breaker_seconds, site=SITE)
        self._file_breakers: dict[str, CircuitBreaker] = defaultdict(
            lambda: CircuitBreaker(1, settings.breaker_seconds, site="the league's static file")
        )
        self._said_nothing: dict[tuple[str, ...], tuple[str, float]] = {}
        self.calls = 0

    def get(self, request: Request, judge: Judge) -> NBAStatsResponse:
        """The answer to a call; its content is JSON, and says something as far as `judge` knows.

        Timeouts, cut connections, 429, 5xx, and answers that are HTML or say nothing are tried again, with growing
        pauses. When that did not help or cannot, raises NoAnswerError for an answer that says nothing (and at once for
        the same call within the next hour), CutOffError if the site has stopped answering this address, and
        SourceUnavailableError naming endpoint and parameters for all else.
        """
        try:
            response = self._guarded(request, judge)
        except CircuitOpenError:
            raise  # that the calls before it failed is known
        except SourceError as error:
            self._silence.failed(_in_short(error))
            raise
        self._cut_off.answered()
        self._silence.answered()
        return response

    def _guarded(self, request: Request, judge: Judge) -> NBAStatsResponse:
        """The answer, if any call may be made."""
        self._cut_off.check()
        self._breaker.check()
        self._refuse_to_repeat(request)
        try:
            response = self._persist(request, judge)
        except NoAnswerError as error:
            self._said_nothing[_identity(request)] = str(error), time.time()
            raise
        except CutOffError:
            raise  # has a memory of its own, and ends before the circuit would close
        except SourceUnavailableError:
            self._breaker.failed()
            raise
        self._breaker.succeeded()
        return response

    def _refuse_to_repeat(self, request: Request) -> None:
        """Raise what a call has come to already, if it said nothing however often it was asked a while ago."""
        message, at = self._said_nothing.get(_identity(request), ("", -math.inf))
        if time.time() - at < _SPARED_SECONDS:
            raise NoAnswerError(message)

    def read_file(self, url: str, read: Callable[[Any], Read], *, purpose: str) -> Read:
        """What `read` makes of a static JSON file of the league's, which lies on another host than the API.

        Asked for once. If it cannot be had, or `read` raises SourceError, it is not asked for again for the same
        purpose for a while: then it raises CircuitOpenError.
        """
        breaker = self._file_breakers[purpose]
        breaker.check()
        try:
            return read(self._content(url))
        except SourceError:
            breaker.failed()
            raise

    def close(self) -> None:
        """Close the connection; a later call opens another."""
        self._connection.close()

    def _persist(self, request: Request, judge: Judge) -> NBAStatsResponse:
        was_throttled = False
        for attempt in range(1, max(self._settings.max_attempts, _FEWEST_ATTEMPTS_IF_THROTTLED) + 1):
            self._pace.wait()
            self._cut_off.check()  # somebody else may have noticed while this one waited
            try:
                return self._send(request, judge)
            except _TransientError as error:
                self._heed(error, was_throttled=was_throttled)
                was_throttled |= isinstance(error, _ThrottledError)
                most = self._most_attempts(error)
                if attempt >= most:
                    raise _given_up(request, error, attempt) from error
                pause = self._pause(attempt, error.retry_after)
                which = f"attempt {attempt + 1} of {most}"
                if isinstance(error, _ThrottledError):  # a second one is a cut-off, however many attempts are left
                    which = "once more"
                log.warning("%s: %s; %s in %.0f s", request.endpoint, error, which, pause)
                time.sleep(pause)
        raise AssertionError("unreachable: the last attempt is given up")

    def _heed(self, error: _TransientError, *, was_throttled: bool) -> None:
        """Raise CutOffError if an attempt that failed is a sign that no other should follow."""
        if isinstance(error, _UnreachableError):
            self._cut_off.unanswered(str(error))
            return
        self._cut_off.heard()
        if isinstance(error, _ThrottledError):
            asked = error.retry_after or 0.0
            if was_throttled or asked > self._settings.max_backoff_seconds:
                raise self._cut_off.throttled(str(error), asked) from error

    def _most_attempts(self, error: _TransientError) -> int:
        most = self._settings.max_attempts
        if isinstance(error, _EmptyAnswerError):
            return min(most, _MOST_EMPTY_ANSWERS)
        return max(most, _FEWEST_ATTEMPTS_IF_THROTTLED) if isinstance(error, _ThrottledError) else most

    def _send(self, request: Request, judge: Judge) -> NBAStatsResponse:
        self.calls += 1
        asked_at = time.monotonic()
        try:
            response = self._connection.send_api_request(
                endpoint=request.endpoint,
                # requests leaves out what is None; other sessions may not.
                parameters={name: value for name, value in request.parameters.items() if value is not None},
                headers=request.headers,
                proxy=self._settings.proxy,
                timeout=self._settings.timeout_seconds,
            )
        except StatusError as error:
            raise self._judged(error, request) from error
        except (requests.exceptions.InvalidURL, requests.exceptions.MissingSchema, ProxyRequiredError) as error:
            raise SourceUnavailableError(f"{describe(request)}: {error}") from error
        except (requests.RequestException, SessionFailedError) as error:
            raise _UnreachableError(self._unreachable(error, self._connection.base_url)) from error
        try:
            nothing = judge(response.get_dict())
        except ValueError:
            nothing = f"expected JSON, got {_beginning(response.get_response())!r}"
        if nothing is not None:
            raise _EmptyAnswerError(nothing)
        log.debug("%s answered in %.1f s", describe(request), time.monotonic() - asked_at)
        return response

    def _judged(self, error: StatusError, request: Request) -> Exception:
        """What a status means: another attempt, the end of this call, or of all calls."""
        if error.status == _TOO_MANY_REQUESTS:
            return _ThrottledError(str(error), error.retry_after)
        if error.status in _WORTH_REPEATING:
            return _TransientError(str(error), error.retry_after)
        self._cut_off.heard()
        if error.status == _FORBIDDEN:
            self._cut_off.refused(str(error))
        hint = _NEXT_STEP.get(error.status, _COMPARE)
        return SourceUnavailableError(f"{describe(request)}: {error}. {hint}")

    def _content(self, url: str) -> Any:
        self.calls += 1
        try:
            text = self._connection.get_text(url)
        except (StatusError, ProxyRequiredError) as error:
            raise SourceUnavailableError(f"{url}: {error}") from error
        except (requests.RequestException, SessionFailedError) as error:
            raise SourceUnavailableError(f"{url}: {self._unreachable(error, url)}") from error
        try:
            return json.loads(text)
        except ValueError as error:
            raise SourceUnavailableError(f"{url}: expected JSON, got {_beginning(text)!r}") from error

    def _unreachable(self, error: Exception, url: str) -> str:
        """What keeps an answer from coming, in a few words; the client's own text is a paragraph."""
        host = urlsplit(url).hostname
        if isinstance(error, SessionFailedError):
            return f"{host} cannot be reached ({error})"
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


def _identity(request: Request) -> tuple[str, ...]:
    """What makes two requests the same call."""
    return request.endpoint, *sorted(f"{name}={value}" for name, value in request.parameters.items())


def _given_up(request: Request, error: _TransientError, attempts: int) -> SourceError:
    if isinstance(error, _EmptyAnswerError):
        game = request.parameters.get("GameID")
        what = f"game {game} ({request.endpoint})" if game else describe(request)
        return NoAnswerError(f"no answer for {what}: {error} ({attempts} attempts); run again later")
    return SourceUnavailableError(
        f"{describe(request)}: {error} ({attempts} attempts). {error.next_step} What was fetched is kept."
    )


def _in_short(error: SourceError) -> str:
    """What came of a call, without what is the same for every call."""
    if isinstance(error, CutOffError):
        return error.why
    cause = error.__cause__
    return str(cause if isinstance(cause, (_TransientError, StatusError)) else error).rstrip(".")


def _root_of(error: BaseException) -> str:
    """The system's own words for a failed connection: "Name or service not known"."""
    said = type(error).__name__
    cause: BaseException | None = error
    while cause is not None:
        said = getattr(cause, "strerror", None) or said
        cause = cause.__cause__ or cause.__context__
    return said


def _beginning(text: str) -> str:
    return " ".join(text.split())[:80]
