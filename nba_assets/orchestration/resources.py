"""The one resource: a session on source and warehouse, whoever wants to hear of outcomes, and what is known already."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from nba_assets.engine.materialize import PartitionResult
from nba_assets.planning.state import State
from nba_assets.session import Session

Listener = Callable[[str, Sequence[PartitionResult]], None]


def _nobody(_: str, __: Sequence[PartitionResult]) -> None:
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
