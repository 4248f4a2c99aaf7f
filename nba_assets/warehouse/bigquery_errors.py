"""What BigQuery says when it cannot do something, told apart and in words that say what to do.

The service has a code of its own for hardly anything, and inside a script for nothing at all: its reasons and its words
are read here, once, and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import google.auth.exceptions
import requests.exceptions
from google.api_core import exceptions as api

from nba_assets.warehouse.base import DisturbedError, OvertakenError, WarehouseError
from nba_assets.warehouse.bigquery_sql import OVERTAKEN

EMULATED_PROJECT = "local"

_REQUEST = re.compile(r"^[A-Z]+ https?://\S+: ")
"""What the client puts before the service's words."""

# BigQuery's words for two jobs that changed the same table, and the emulator's; its also for two that created one.
_DISTURBED = (
    *("concurrent update", "could not serialize access"),
    *("failed to commit ducklake transaction", "violates primary key constraint"),
)
# What it says of moments; inside a script they come as errors of the query.
_PASSING_WORDS = ("exceeded rate limits", "too many dml statements outstanding")
_PASSING_REASONS = (
    *("rateLimitExceeded", "backendError", "internalError", "badGateway", "tableUnavailable"),
    *("jobRateLimitExceeded", "jobBackendError", "jobInternalError"),
)


class BusyError(WarehouseError):
    """BigQuery has failed at this moment only; whether it has done what was asked may be unknown."""


@dataclass(frozen=True)
class Target:
    """Where BigQuery is. `project` None: the project of the credentials. `endpoint`: an emulator, no credentials."""

    project: str | None
    location: str
    endpoint: str | None = None


def describe(target: Target) -> str:
    """Where it is, for messages."""
    at = f" at {target.endpoint}" if target.endpoint else ""
    project = target.project or (EMULATED_PROJECT if target.endpoint else "of the credentials")
    return f"BigQuery project {project} in {target.location}{at}"


@contextmanager
def explained(target: Target) -> Iterator[None]:
    """Turn what the client raises into a WarehouseError that says what to do."""
    where = describe(target)
    try:
        yield
    except google.auth.exceptions.TransportError as error:
        raise BusyError(f"{where} cannot be reached: {error}. Check the network and the proxy.") from error
    except google.auth.exceptions.GoogleAuthError as error:
        raise WarehouseError(
            f"{where} needs Google credentials: {str(error).rstrip('.')}. Run `gcloud auth application-default login`, "
            "or point GOOGLE_APPLICATION_CREDENTIALS at a service account's key file."
        ) from error
    except api.RetryError as error:
        if not isinstance(error.cause, api.GoogleAPICallError):
            raise _unreachable(target, error) from error
        raise _explanation(where, error.cause) from error
    except (requests.exceptions.ConnectionError, requests.exceptions.Timeout) as error:
        raise _unreachable(target, error) from error
    except api.GoogleAPICallError as error:
        raise _explanation(where, error) from error


def _unreachable(target: Target, error: Exception) -> BusyError:
    hint = "Check NBA_BIGQUERY_ENDPOINT; unset it" if target.endpoint else "Check the network and the proxy"
    return BusyError(f"{describe(target)} cannot be reached: {error}. {hint}.")


def _explanation(where: str, error: api.GoogleAPICallError) -> WarehouseError:
    message = _REQUEST.sub("", str(error.message).split("\n")[0]).rstrip(".")
    words, reason = str(error).casefold(), _reason(error)
    if OVERTAKEN in words:
        return OvertakenError(f"{where}: {message}.")
    # Two that create the same table at once, too: one of them is told that it exists.
    if any(text in words for text in _DISTURBED) or isinstance(error, api.Conflict):
        return DisturbedError(f"{where}: {message}. What was published before is untouched.")
    if _is_passing(error, reason, words):
        return BusyError(f"{where} is busy or has a fault of its own: {message}.")
    return WarehouseError(_refusal(where, error, reason, message))


def _is_passing(error: api.GoogleAPICallError, reason: str | None, words: str) -> bool:
    """Whether the same may succeed in a moment. The client calls a job's failure 500 if it does not know the reason."""
    if reason in _PASSING_REASONS or any(text in words for text in _PASSING_WORDS):
        return True
    return reason is None and isinstance(error, api.ServerError | api.TooManyRequests)


def _refusal(where: str, error: api.GoogleAPICallError, reason: str | None, message: str) -> str:
    """Why the same will not succeed in a moment, and what will."""
    if reason == "quotaExceeded" or "quota exceeded" in message.casefold():
        return (
            f"{where}: a quota is used up: {message}. Nothing was written, and trying again at once does not help: it "
            "fills up within 24 hours. Then run the same command again, or ask for a higher quota in the Google Cloud "
            "console (IAM & Admin, Quotas)."
        )
    if reason == "bytesBilledLimitExceeded" or "limit for bytes billed" in message:
        return (
            f"{where}: {message}. NBA_BIGQUERY_MAXIMUM_BYTES_BILLED allows no job more; nothing was read or written. "
            "Raise it, or ask for fewer dates at once."
        )
    if reason in ("stopped", "timeout"):
        return (
            f"{where}: {message}. No job may take longer than NBA_BIGQUERY_JOB_SECONDS; one that is stopped writes "
            "nothing. Raise it, or ask for fewer dates at once."
        )
    if isinstance(error, api.Forbidden):
        return (
            f"{where} refuses: {message}. Check NBA_BIGQUERY_PROJECT, and that the account has the roles "
            "BigQuery Job User on the project and BigQuery Data Editor on the datasets (docs/bigquery.md)."
        )
    if isinstance(error, api.NotFound):
        return f"{where}: {message}. Check NBA_BIGQUERY_PROJECT, NBA_BIGQUERY_DATASET_PREFIX and NBA_BIGQUERY_LOCATION."
    if "unrecognized name" in message.casefold():
        return f"{where}: {message}. A table may be of an earlier version: nba-assets migrate --dry-run tells."
    return f"{where}: {message}. What was published before is untouched."


def _reason(error: api.GoogleAPICallError) -> str | None:
    """BigQuery's name for what went wrong; None if the answer was not BigQuery's, but a proxy's."""
    first = next(iter(error.errors or ()), None)
    return first.get("reason") if isinstance(first, dict) else None
