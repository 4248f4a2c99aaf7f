"""How long to wait before the next attempt: twice as long after each, and not at the same moment as others.

Who waits, and how often an attempt is made at all, is not decided here.
"""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TypeVar

Wait = TypeVar("Wait", float, timedelta)
_MOST_DOUBLINGS = 20


def doubled(first: Wait, attempts: int, longest: Wait | None = None) -> Wait:
    """The wait after the given number of attempts (at least 1): `first`, twice, four times that, … up to `longest`."""
    # More doublings are a million times the first wait, and would in the end be more than a duration can hold.
    wait: Wait = first * 2 ** min(attempts - 1, _MOST_DOUBLINGS)
    return wait if longest is None else min(wait, longest)


def pause_while_settling(waited: timedelta) -> timedelta:
    """How long to wait before asking again for what should have been there since `waited`: often at first, then rarely.

    Every quarter of an hour for two hours, every hour for twelve, then once a day.
    """
    if waited < timedelta(hours=2):
        return timedelta(minutes=15)
    return timedelta(hours=1) if waited < timedelta(hours=14) else timedelta(days=1)


def jittered(seconds: float) -> float:
    """Between half and all of a wait, so that processes that failed together do not retry together."""
    return seconds * random.uniform(0.5, 1.0)
