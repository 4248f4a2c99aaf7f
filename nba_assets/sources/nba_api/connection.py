"""The connection to the league's servers: nba_api's own client over a session that is ours, or one of the user's.

A status that is none of success becomes a StatusError here, whatever the session makes of it. What follows from an
answer is the business of `client`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from nba_api.library.proxy import as_proxies, redact, resolve_proxy
from nba_api.stats.library.http import NBAStatsHTTP
from requests.adapters import HTTPAdapter

from nba_assets.sources.nba_api.pace import SourceUnavailableError
from nba_assets.sources.nba_api.settings import NbaApiSettings


class StatusError(Exception):
    """An answer that is a refusal or a failure; `retry_after` are seconds, if the server named any."""

    def __init__(self, response: Any) -> None:
        super().__init__(f"HTTP {response.status_code} {getattr(response, 'reason', None) or ''}".rstrip())
        self.status: int = response.status_code
        self.retry_after = _seconds(getattr(response, "headers", {}).get("Retry-After", ""))


class SessionFailedError(Exception):
    """What the user's session raised instead of an answer, in its own words."""


class Connection(NBAStatsHTTP):  # type: ignore[misc]  # nba_api has no types
    """Opens with the first call, and with the first after `close`."""

    def __init__(self, settings: NbaApiSettings) -> None:
        if settings.base_url is not None:
            self.base_url = settings.base_url
        self._settings = settings
        self._session: _Session | None = None

    def get_session(self) -> _Session:
        """What nba_api makes its calls with."""
        if self._session is None:
            open_session = self._settings.open_session
            self._session = _OwnSession() if open_session is None else _UsersSession(open_session)
        return self._session

    def get_text(self, url: str) -> str:
        """What lies under an address that is none of the API's."""
        headers = {name: value for name, value in NBAStatsHTTP.headers.items() if name != "Host"}
        proxies = as_proxies(resolve_proxy(self._settings.proxy))
        timeout = self._settings.timeout_seconds
        text: str = self.get_session().get(url=url, headers=headers, proxies=proxies, timeout=timeout).text
        return text

    def close(self) -> None:
        """End the session."""
        if self._session is not None:
            self._session.close()
            self._session = None


class _OwnSession:
    """requests, with its connections closed when the session is."""

    def __init__(self) -> None:
        self._session = requests.Session()
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, _Adapter())

    def get(self, **options: Any) -> Any:
        return _successful(self._session.get(**options))

    def close(self) -> None:
        self._session.close()


class _UsersSession:
    """What the function of NBA_API_SESSION returned: anything with the `get` of requests.Session.

    Other libraries have other exceptions: theirs become SessionFailedError, a session that cannot be used as one of
    requests a SourceUnavailableError.
    """

    def __init__(self, open_session: Any) -> None:
        try:
            self._session = open_session()
        except Exception as error:
            raise SourceUnavailableError(f"NBA_API_SESSION: its function failed: {_in_words(error)}.") from error
        if not callable(getattr(self._session, "get", None)):
            raise SourceUnavailableError(
                f"NBA_API_SESSION: its function returned {type(self._session).__name__}, which has no get(): return a "
                "session like requests.Session()."
            )

    def get(self, **options: Any) -> Any:
        try:
            response = self._session.get(**options)
            _ = response.text, response.url, response.status_code
        except requests.RequestException:
            raise
        except (AttributeError, TypeError) as error:
            raise SourceUnavailableError(
                f"NBA_API_SESSION: the session cannot be used like one of requests: {_in_words(error)}."
            ) from error
        except Exception as error:
            raise SessionFailedError(_in_words(error)) from error
        return _successful(response)

    def close(self) -> None:
        close = getattr(self._session, "close", None)
        if close is not None:
            close()


_Session = _OwnSession | _UsersSession


class _Adapter(HTTPAdapter):
    """Closes its connections when it is closed; urllib3 leaves that to whenever the last reference to them goes."""

    def close(self) -> None:
        for manager in (self.poolmanager, *self.proxy_manager.values()):
            for key in manager.pools.keys():  # noqa: SIM118 - cannot be iterated over otherwise
                manager.pools[key].close()
        super().close()


def _successful(response: Any) -> Any:
    if response.status_code >= 400:
        raise StatusError(response)
    return response


def _in_words(error: Exception) -> str:
    """An exception of foreign code in one line, without the credentials of a proxy."""
    text: str = redact(" ".join(f"{type(error).__name__}: {error}".split()))
    return text[:200].rstrip(".")


def _seconds(retry_after: str) -> float | None:
    """Both forms of Retry-After: a number of seconds, or a date."""
    if retry_after.isdecimal():
        return float(retry_after)
    try:
        moment = parsedate_to_datetime(retry_after)
    except (TypeError, ValueError):
        return None
    return max((moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds(), 0.0)
