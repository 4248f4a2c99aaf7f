"""The one resource: a session on source and warehouse, a listener to results, and the state if it is read already."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from nba_assets.engine.materialize import PartitionResult, RunInfo, materialize
from nba_assets.planning.state import State
from nba_assets.session import Session

Build = Callable[[Session, str, Sequence[date], RunInfo, State | None], list[PartitionResult]]
"""As `materialize` does: one result per date."""


@dataclass(frozen=True)
class Pipeline:
    """What the assets build with.

    `listener` is called with each table's results as they come. `state` gives what a launch that holds the warehouse
    has read of the ledger already, so that its runs need not. `build` builds; who only shows what stands has another.
    """

    session: Session
    listener: Callable[[Sequence[PartitionResult]], None] = lambda _: None
    state: Callable[[], State | None] = lambda: None
    build: Build = materialize
