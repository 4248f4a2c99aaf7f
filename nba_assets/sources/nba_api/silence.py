"""Since when the site has given no good answer, though it was asked: remembered for all that share the cache directory.

The record is a file beside the cache, written at every call that failed and gone with the next good answer.
"""

from __future__ import annotations

import json
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from nba_assets.whole_file import replaced_whole

_DAY = 24 * 3600.0


@dataclass(frozen=True)
class Silence:
    """When it was first and last asked in vain (seconds since 1970), and what came of the last time."""

    since: float
    tried: float
    why: str


class SilenceRecord:
    """The silence of one site. What cannot be written down is no trouble of its own."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / ".silence"

    def answered(self) -> None:
        """A good answer: the silence is over."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def failed(self, why: str) -> None:
        """A call without a good answer. What was short, and then nobody asked for two days, is another silence."""
        now, before = time.time(), self.read()
        is_new = before is None or (before.tried - before.since < _DAY and now - before.tried > 2 * _DAY)
        since = now if before is None or is_new else before.since
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with replaced_whole(self._path) as part:
                part.write_text(json.dumps(asdict(Silence(since, now, why))), encoding="utf-8")

    def read(self) -> Silence | None:
        """The silence that is going on; None if the last answer was a good one, or nobody has asked yet."""
        try:
            return Silence(**json.loads(self._path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):  # none, or one that nobody can read
            return None
