"""Which of many like cases are tried whenever CI runs, and which in `make soak`."""

from __future__ import annotations

from typing import Any

import pytest


def every_sixth_long(names: list[str]) -> list[Any]:
    """The others take their turn in `make soak`: each costs half a minute."""
    return [
        pytest.param(name, marks=pytest.mark.soak if turn % 6 else pytest.mark.long) for turn, name in enumerate(names)
    ]
