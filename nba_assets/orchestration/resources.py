"""The one resource: a session on source and warehouse, whoever wants to hear of outcomes, and what is known already."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from nba_assets.build.session import Session
from nba_assets.build.state import State
from nba_assets.build.steps import Built

Listener = Callable[[str, Sequence[Built]], None]


def _nobody(_: str, __: Sequence[Built]) -> None:
    return


@dataclass(frozen=True)
class Pipeline:
    """What the assets build with.

    `listener` is told of each table's outcomes as they come. `state` gives what a launch that holds the warehouse has
    read of the ledger already, so that its runs need not.
    """

    session: Session
    listener: Listener = field(default=_nobody)
    state: Callable[[], State | None] = field(default=lambda: None)
