"""The state of partitions, read from the ledger of a session's warehouse."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta

import pandas as pd

from nba_assets.league.calendar import season_first_day, season_of
from nba_assets.planning.state import State
from nba_assets.session import Session
from nba_assets.tables import SCHEDULE, TABLES, with_upstream
from nba_assets.tables.games import RESULT_COLUMNS, finished_games

_DAY = timedelta(days=1)


def load_state(session: Session, start: date, end: date, tables: Collection[str] = tuple(TABLES)) -> State:
    """The state of every partition from `start` to `end`, and of the season before them.

    `tables` limits it to these and whatever they depend on; the others must not be asked for.
    """
    first = season_first_day(season_of(start)) - _DAY
    return State(
        session.warehouse.ledger(first, end, tables=sorted(with_upstream(tables))),
        start=first,
        end=end,
        policies=session.policies,
        parameters={name: _parameters(session, name) for name in TABLES},
        is_due=session.results_are_due,
        finished=lambda: _finished(session, first, end),
    )


def _finished(session: Session, first: date, last: date) -> pd.DataFrame:
    schedule = session.warehouse.read(SCHEDULE, columns=RESULT_COLUMNS, start=first, end=last)
    return finished_games(schedule, session.counting_types)


def _parameters(session: Session, table: str) -> str:
    """What a table's rows, and the verdict on them, depend on besides its inputs."""
    policy, mode = session.policies[table], session.settings.completeness
    return f"{policy} {mode} {','.join(sorted(session.counting_types))}"
