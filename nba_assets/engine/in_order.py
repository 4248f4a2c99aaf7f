"""A range of several tables, tier by tier, each planned on what the tiers before it have come to.

The one road of everything that builds a range: how a stretch of dates is built is up to the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import groupby

from nba_assets.engine.materialize import PartitionResult, RunInfo, materialize
from nba_assets.engine.refetch import ask_again
from nba_assets.engine.run_options import RunOptions
from nba_assets.league.calendar import days_between, season_of
from nba_assets.planning.load import compare, load_state
from nba_assets.planning.plan import Step, plan_step, ranges
from nba_assets.planning.shortfalls import may_help_to_ask, shortfalls
from nba_assets.planning.state import State
from nba_assets.session import Session
from nba_assets.tables import RAW, TABLES, TIERS

Build = Callable[[str, Sequence[date], State], list[PartitionResult]]
"""Builds consecutive dates of a table, given the state that they were planned on."""

Progress = Callable[[Step, Sequence[PartitionResult]], None]


def build_in_order(
    session: Session,
    days: Sequence[date],
    tables: Collection[str],
    run: RunInfo,
    build: Build,
    progress: Progress = lambda _, __: None,
    known: State | None = None,
) -> list[PartitionResult]:
    """Build what the dates need of the tables. Raises WarehouseError, SettingsError.

    `known` is the state of the dates at this moment, if the caller has read it already.
    """
    results: list[PartitionResult] = []
    for step, state in _steps(_CurrentState(session, days, tables, known), run):
        # What waits behind a gap is recorded, not run: Dagster shows it as missing, the ledger says why.
        of_step = materialize(session, step.table, step.blocked, run, state) if step.blocked else []
        for first, last in ranges(step.build):
            of_step += build(step.table, days_between(first, last), state)
        progress(step, of_step)
        results += of_step
    return results


def in_order_already(
    session: Session, days: Sequence[date], tables: Collection[str], options: RunOptions
) -> State | None:
    """The state of a range of which `build_in_order` would build, record and ask for nothing; None of any other."""
    state = load_state(session, days[0], days[-1], tables, _seasons(days))
    if may_help_to_ask(session, shortfalls(state, days, [name for name in RAW if name in tables])):
        return None
    steps = (plan_step(state, name, days, force=options.force, rewrite=options.rewrite) for name in tables)
    return None if any(step.build or step.blocked for step in steps) else state


def _steps(current: _CurrentState, run: RunInfo) -> Iterator[tuple[Step, State]]:
    session, days, tables = current.session, current.days, current.tables
    # What raw tables lacked is asked for once more: what has come since then is seen by the plan.
    raw = [name for name in RAW if name in tables]
    if raw:
        ask_again(session, current.of(raw), days, raw)
    wanted = sorted((name for name in TABLES if name in tables), key=TIERS.__getitem__)
    for _, of_tier in groupby(wanted, key=TIERS.__getitem__):
        names = list(of_tier)
        # Tables of one tier do not read each other: what the ledger says now holds until the last of them is built.
        state = current.of(names)
        plan = partial(plan_step, state, days=days, force=run.options.force, rewrite=run.options.rewrite)
        yield from [(plan(name), state) for name in names]


@dataclass
class _CurrentState:
    """The state of a range at every moment of a launch.

    It is read once, if nobody else can write meanwhile: it learns what is built, and is held against the source anew.
    """

    session: Session
    days: Sequence[date]
    tables: Collection[str]
    known: State | None = None

    def of(self, tables: Collection[str]) -> State:
        """The state of these of the tables, and of what they depend on."""
        if not self.session.warehouse.locks_out_others:
            return self._read(tables)
        if self.known is None:
            self.known = self._read(self.tables)
        else:
            compare(self.session, self.known)
        return self.known

    def _read(self, tables: Collection[str]) -> State:
        return load_state(self.session, self.days[0], self.days[-1], tables, _seasons(self.days))


def _seasons(days: Sequence[date]) -> set[str]:
    return {season_of(day) for day in days}
