"""Which of many like cases are tried by `make test`, which by `make test-long` and which by `make soak`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def marked(mark: str, cases: Iterable[object]) -> list[Any]:
    """The cases, to be tried where tests of this mark are."""
    return [pytest.param(case, marks=getattr(pytest.mark, mark)) for case in cases]


def every_sixth_long(names: list[str]) -> list[Any]:
    """The others take their turn in `make soak`: each costs half a minute."""
    return [case for turn, name in enumerate(names) for case in marked("soak" if turn % 6 else "long", [name])]
