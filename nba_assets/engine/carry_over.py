"""A ledger whose code versions were numbers raised by hand, carried over to fingerprints without building anything.

A partition is carried over if nothing that it depends on has changed since it was published, going by what was hashed
then: the number, and the policy as Python shows it. Its ledger row is written once more with today's code version and
inputs hash. Partitions that were STALE stay so.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import pandas as pd

from nba_assets.engine.progress import Progress, unseen
from nba_assets.league.calendar import season_first_day, season_of
from nba_assets.planning.ledger_rows import LedgerRow
from nba_assets.planning.load import parameters_of
from nba_assets.planning.state import State
from nba_assets.session import Session
from nba_assets.tables import SCHEDULE, TABLES
from nba_assets.tables.games import finished_games
from nba_assets.warehouse.base import ledger_only
from nba_assets.warehouse.ledger import numbered

_OLD_VERSION = "1"
_OLD_FIELDS = (
    *("min_share", "backfill_min_share", "min_rows", "backfill_min_rows", "min_entities", "backfill_min_entities"),
    *("critical", "bootstrap_days", "min_games"),
)


def carry_over(session: Session, *, dry_run: bool, progress: Progress = unseen) -> list[tuple[str, int]]:
    """(table, partitions) of what is carried over, or would be; other tables are left out. Raises WarehouseError.

    Each table is one transaction: after an interruption the next call does the others.
    """
    ledger = session.warehouse.stored_ledger()
    old = ledger[ledger["code_version"].eq(_OLD_VERSION)]
    if old.empty:
        return []
    days = old["partition_date"].dt.date
    state = _state(session, ledger, days.min(), days.max())
    found = []
    with progress(len(TABLES)) as advance:
        for name in TABLES:
            current = _current(state, name, _old_parameters(session, name))
            if current:
                found.append((name, len(current)))
            if current and not dry_run:
                rows = _rows(ledger, state, current)
                session.warehouse.publish(ledger_only(TABLES[name], rows, seen=state.newest_attempt, keeps_ids=True))
            advance(1, name)
    return found


def _state(session: Session, ledger: pd.DataFrame, first: date, last: date) -> State:
    """What the ledger implies of the seasons of the dates; asked for hashes only, so that it needs no schedule."""
    return State(
        ledger,
        start=season_first_day(season_of(first)) - timedelta(days=1),
        end=last,
        policies=session.policies,
        parameters={name: parameters_of(session, name) for name in TABLES},
        is_due=session.results_are_due,
        finished=lambda: finished_games(SCHEDULE.empty(), session.counting_types),
    )


def _old_parameters(session: Session, table: str) -> str:
    """What stood for a table's parameters in the old inputs hash."""
    policy = session.policies[table]
    shown = ", ".join(f"{name}={getattr(policy, name)!r}" for name in _OLD_FIELDS)
    return f"Policy({shown}) {session.settings.completeness} {','.join(sorted(session.counting_types))}"


def _current(state: State, table: str, parameters: str) -> list[LedgerRow]:
    """The published rows of a table that were up to date by the old hash."""
    published = (state.published(table, day) for day in sorted(state.published_dates(table)))
    return [
        row
        for row in published
        if row is not None
        and row.code_version == _OLD_VERSION
        and row.inputs_hash == state.inputs_hash_with(_OLD_VERSION, parameters, table, row.partition.day)
    ]


def _rows(ledger: pd.DataFrame, state: State, current: Sequence[LedgerRow]) -> pd.DataFrame:
    """The ledger rows once more, right after those that they repeat: what came later stays the newest."""
    table = current[0].partition.table
    renewed = pd.DataFrame(
        {
            "partition_date": pd.DatetimeIndex([row.partition.day for row in current]),
            "attempt_id": [row.attempt_id for row in current],
            "inputs_hash": [state.inputs_hash(table, row.partition.day) for row in current],
        }
    )
    of_table = ledger[ledger["table_name"].eq(table)].drop(columns="inputs_hash")
    rows = of_table.merge(renewed, on=["partition_date", "attempt_id"])
    next_id = [numbered(int(attempt_id) + 1) for attempt_id in rows["attempt_id"]]
    return rows.assign(attempt_id=next_id, code_version=TABLES[table].code_version)
