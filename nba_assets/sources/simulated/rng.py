"""Where every random number of the simulated league comes from.

Each question has a stream of its own, keyed by seed, purpose and season: asking one of them more, or asking in
another order, moves no other answer.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np


class Purpose(IntEnum):
    """What a stream of random numbers is for. A value, once given, is never given again (8 is spent)."""

    CAREERS = 1
    TALENT = 2
    MOVES = 3
    ROSTERS = 4
    TEAMS = 5
    CALENDAR = 6
    TIPOFFS = 7
    ABSENCES = 9
    AVAILABILITY = 10
    GAMES = 11
    INJURY_REPORTS = 12
    GAME_LINES = 13
    SHOT_PLACES = 14
    CUP_FINAL = 15


def stream(seed: int, purpose: Purpose, *key: int) -> np.random.Generator:
    """A generator that depends on nothing but its arguments."""
    return np.random.default_rng(np.random.SeedSequence(entropy=seed, spawn_key=(int(purpose), *key)))
