"""Time on the floor, in the spellings that box scores have had: to whole seconds.

`28:10`, `28.000000:10` (the V2 box scores, as some clients pass them on), `PT28M10.00S` (V3 and the live data) and
decimal minutes as a number, 28.17, are understood. A text of decimal minutes is not: "28.17" may well be 28:17.
"""

from __future__ import annotations

import math
import re
from numbers import Real

import pandas as pd

_SPELLINGS = (
    re.compile(r"(\d+):([0-5]\d)"),
    re.compile(r"(\d+)\.0+:([0-5]\d)"),
    re.compile(r"PT(\d+)M([0-5]?\d)(?:\.\d+)?S"),
)


class ClockError(ValueError):
    """A text that is no time on the floor."""


def clock_text(clock: object) -> str | None:
    """A clock as mm:ss, None for NULL and "" for empty; a text that is none of the spellings stays as it is."""
    seconds = clock_seconds(clock) if is_clock(clock) else None
    if seconds is not None:
        return f"{seconds // 60}:{seconds % 60:02d}"
    return None if _is_null(clock) else str(clock).strip()


def is_clock(clock: object) -> bool:
    """Whether `clock_seconds` understands it."""
    try:
        clock_seconds(clock)
    except ClockError:
        return False
    return True


def clock_seconds(clock: object) -> int | None:
    """Seconds on the floor; None for NULL and for an empty text, which whoever did not play has. Raises ClockError."""
    if _is_null(clock):
        return None
    if isinstance(clock, Real) and not isinstance(clock, bool) and 0 <= float(clock) < math.inf:
        return round(60 * float(clock))
    if isinstance(clock, str):
        text = clock.strip()
        if not text:
            return None
        for spelling in _SPELLINGS:
            found = spelling.fullmatch(text)
            if found:
                return 60 * int(found[1]) + int(found[2])
    raise ClockError(f"{clock!r} is no time on the floor: expected mm:ss, PTmmMss.ssS or minutes as a number")


def _is_null(clock: object) -> bool:
    return clock is None or clock is pd.NA or (isinstance(clock, Real) and math.isnan(float(clock)))
