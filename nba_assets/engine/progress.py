"""How far something is that takes a while: told to whoever started it, who may show it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

Advance = Callable[[int, str], None]
"""So many steps are done, and what they were."""
Progress = Callable[[int], AbstractContextManager[Advance]]
"""Begins with the number of all steps."""


def unseen(_total: int) -> AbstractContextManager[Advance]:
    """Nobody is told."""
    return nullcontext(lambda _, __: None)
