"""Ledgers written by hand: what the state of every partition is derived from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Any

import pandas as pd

from nba_assets.partition import FINE, Finding, Partition, Status
from nba_assets.planning.state import State
from nba_assets.quality.policies import policies
from nba_assets.schema.policy import Policy
from nba_assets.tables import TABLES
from nba_assets.warehouse.ledger import PROCESSOR_RUNS, rows_of

DEFAULTS = policies()

OPENING = date(2021, 10, 19)
_SCHEDULE_COLUMNS = ["game_date", "season", "game_id", "home_team", "away_team"]


class Ledger:
    """Attempts at partitions of the season 2021-22, each with the hash of the inputs that stood when it was made."""

    def __init__(self, end: date, policies: dict[str, Policy] = DEFAULTS) -> None:
        self.end = end
        self.policies = policies
        self.games: list[tuple[date, str, str, str]] = []
        self._rows: list[dict[str, Any]] = []

    @property
    def number(self) -> int:
        """How many attempts there are."""
        return len(self._rows)

    def since(self, number: int) -> pd.DataFrame:
        """The attempts after the first so many."""
        return rows_of(PROCESSOR_RUNS, self._rows[number:])

    def state(
        self,
        is_due: Callable[[date], bool] = lambda _: True,
        altered: Mapping[Partition, Finding] = MappingProxyType({}),
    ) -> State:
        """The state that the attempts so far imply."""
        return State(
            self.since(0),
            start=date(2021, 6, 30),
            end=self.end,
            policies=self.policies,
            parameters={},
            is_due=is_due,
            finished=self._finished,
            altered=altered,
        )

    def attempt(
        self, table: str, day: date, status: Status = Status.OK, *, root: Partition | None = None, **values: Any
    ) -> None:
        """An attempt with that outcome; its content depends on table, date and `content`."""
        published = status in FINE
        content = values.pop("content", f"{table} {day}")
        number = len(self._rows)
        self._rows.append(
            {
                "partition_date": day,
                "table_name": table,
                "attempt_id": f"{number:020d}",
                "run_id": "by hand",
                "status": status.value,
                "published": published,
                "root_table": root.table if root else None,
                "root_date": root.day if root else None,
                "rows": 10 if published else 0,
                "content_hash": content if published else None,
                "announced_hash": f"announced {day}" if table == "raw_schedule" else None,
                "inputs_hash": self.state().inputs_hash(table, day),
                "code_version": TABLES[table].code_version,
                "opening_night": OPENING if table == "raw_schedule" else None,
                "started_at": datetime(2021, 12, 1, tzinfo=UTC) + timedelta(minutes=number),
            }
            | values
        )

    def build(self, first: date, last: date, *tables: str) -> None:
        """OK attempts at tables over a range, in the order of the graph; all tables, if none are named."""
        for name in (name for name in TABLES if not tables or name in tables):
            for n in range((last - first).days + 1):
                self.attempt(name, first + timedelta(days=n))

    def _finished(self) -> pd.DataFrame:
        rows = [(pd.Timestamp(day), "2021-22", game, home, away) for day, game, home, away in self.games]
        return pd.DataFrame(rows, columns=_SCHEDULE_COLUMNS).astype({"game_date": "datetime64[ns]"})
