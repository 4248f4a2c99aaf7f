"""Whether the site has cut this address off: noticed here, and remembered for all that share the cache directory.

A site that refuses or ignores an address which it answered a moment ago has blocked it; asking on makes that worse. The
record of a cut-off is a file beside the cache: nobody asks before its time, a good answer removes it, and so may you.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from nba_assets.backoff import doubled
from nba_assets.sources.nba_api.pace import SourceUnavailableError, written
from nba_assets.whole_file import replaced_whole

SILENT_CALLS = 3
"""So many calls in a row without an answer, soon after a good one, are a cut-off."""

_SOON_SECONDS = 600.0
_LONGEST_PAUSE = 12
"""In first pauses: of five minutes, an hour."""


class CutOffError(SourceUnavailableError):
    """The site has cut this address off; nobody asks it before `until`, an aware moment."""

    def __init__(self, message: str, *, why: str, until: datetime) -> None:
        super().__init__(message)
        self.why = why
        self.until = until


@dataclass(frozen=True)
class _Record:
    """A cut-off: the how-manieth since the last good answer, why, and until when nobody asks (seconds since 1970)."""

    times: int
    why: str
    until: float


class CutOff:
    """What the answers of one site mean for the next call. Pauses take `first_pause` seconds, twice that, and so on."""

    def __init__(self, directory: Path, first_pause: float, *, site: str) -> None:
        self._path = directory / ".cut_off"
        self._answered = directory / ".last_answer"
        self._first_pause = first_pause
        self._site = site
        self._silent = 0

    def check(self) -> None:
        """Raise CutOffError while nobody may ask."""
        record = self._record()
        if record is not None and time.time() < record.until:
            raise self._error(record)

    def answered(self) -> None:
        """A good answer: whatever was, is over."""
        self._silent = 0
        with written(self._answered):
            self._answered.parent.mkdir(parents=True, exist_ok=True)
            self._answered.write_text(repr(time.time()))
            self._path.unlink(missing_ok=True)

    def heard(self) -> None:
        """An answer, if not a good one."""
        self._silent = 0

    def refused(self, why: str) -> None:
        """Raise CutOffError if a refusal follows on good answers, or on a cut-off; else it is just a refusal."""
        self._silent = 0
        if self._follows_on_good_answers():
            raise self._begun(why)

    def unanswered(self, why: str) -> None:
        """Raise CutOffError for the last of several calls without an answer, and for the first after a cut-off."""
        self._silent += 1
        if self._record() is not None or (self._silent >= SILENT_CALLS and self._follows_on_good_answers()):
            raise self._begun(why)

    def throttled(self, why: str, seconds: float = 0.0) -> CutOffError:
        """The error of a call that the site has told to wait and refused again, or told to wait for long."""
        self._silent = 0
        return self._begun(why, seconds)

    def _follows_on_good_answers(self) -> bool:
        answered = self._last_answer()
        return self._record() is not None or (answered is not None and time.time() - answered < _SOON_SECONDS)

    def _begun(self, why: str, seconds: float = 0.0) -> CutOffError:
        """The error of a cut-off that is noticed now, which is noted down; `seconds` is the least to wait."""
        now, before = time.time(), self._record()
        if before is not None and now < before.until:  # another process has just noticed the same
            return self._error(before)
        times = 1 if before is None else before.times + 1
        pause = doubled(self._first_pause, times, self._first_pause * _LONGEST_PAUSE)
        record = _Record(times, f"{why}{self._since()}", now + max(pause, seconds))
        self._write(record)
        self._silent = 0
        return self._error(record)

    def _since(self) -> str:
        answered = self._last_answer()
        return "" if answered is None else f", after good answers until {_clock(answered)}"

    def _error(self, record: _Record) -> CutOffError:
        until = datetime.fromtimestamp(record.until).astimezone()
        message = (
            f"{self._site} has cut this address off ({record.why}), or the way to it is gone: it is not asked before "
            f"{until:%Y-%m-%d %H:%M:%S %Z}. Run again after that, or leave it to `nba-assets fetch SEASON --patient`, "
            f"which waits and goes on by itself. To ask sooner, delete {self._path}. What was fetched is kept."
        )
        return CutOffError(message, why=record.why, until=until)

    def _record(self) -> _Record | None:
        try:
            return _Record(**json.loads(self._path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):  # none, or one that nobody can read
            return None

    def _write(self, record: _Record) -> None:
        with written(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with replaced_whole(self._path) as part:
                part.write_text(json.dumps(asdict(record)), encoding="utf-8")

    def _last_answer(self) -> float | None:
        try:
            return float(self._answered.read_text())
        except (OSError, ValueError):
            return None


def _clock(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds).astimezone():%Y-%m-%d %H:%M:%S}"
