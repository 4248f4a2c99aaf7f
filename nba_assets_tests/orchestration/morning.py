"""A warehouse of real dates, an ephemeral instance, real runs, and the automation conditions tick after tick."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg

from nba_assets.definitions import build_defs
from nba_assets.league.calendar import EASTERN
from nba_assets.orchestration.resources import Pipeline
from nba_assets.schema.table import Phase
from nba_assets.session import Session
from nba_assets.sources.base import Source
from nba_assets.tables import TABLES
from nba_assets_tests.engine.warehouses import copy_of, healthy, session

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
REQUIRED_RAW = [name for name, table in TABLES.items() if table.phase == Phase.RAW and not table.optional]
POST_GAME = [name for name, table in TABLES.items() if table.phase == Phase.POST_GAME]
PRE_GAME = [name for name, table in TABLES.items() if table.phase == Phase.PRE_GAME]

Requested = dict[str, list[date]]


class Morning:
    """The real definitions on a warehouse that holds everything up to a date; nothing of it is known to Dagster."""

    def __init__(
        self,
        home: Path,
        *,
        loaded_to: date | None,
        now: datetime,
        instance: dg.DagsterInstance | None = None,
        source: Source | None = None,
        by_the_clock: bool = False,
    ) -> None:
        self.home = copy_of(healthy(loaded_to), home) if loaded_to else home
        self.instance = instance or dg.DagsterInstance.ephemeral()
        self.now = now
        self._by_the_clock = by_the_clock
        self._cursor: Any = None
        self.use(source)

    def use(self, source: Source | None) -> None:
        """From now on this source; None is the real files. Its moment is `now`, or that of the clock."""
        moment = None if self._by_the_clock else self.now
        settings = {"now": moment, "partitions_start": date(2021, 10, 15)}
        self.session: Session = session(self.home, source, **settings)
        self.defs = build_defs(pipeline=Pipeline(self.session))
        self.job = self.defs.resolve_implicit_global_asset_job_def()

    def tick(self) -> Requested:
        """One evaluation of all conditions: table -> dates that it requests."""
        self.now += timedelta(seconds=30)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", dg.BetaWarning)
            result = dg.evaluate_automation_conditions(
                self.defs, self.instance, evaluation_time=self.now, cursor=self._cursor
            )
        self._cursor = result.cursor
        found = {name: result.get_requested_partitions(dg.AssetKey(name)) for name in TABLES}
        return {name: sorted(date.fromisoformat(key) for key in keys if key) for name, keys in found.items() if keys}

    def run(
        self,
        names: str | Iterable[str],
        day: date,
        *,
        config: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> dg.ExecuteInProcessResult:
        """One run of some tables for a date, as the UI or automation launches it."""
        selected = [names] if isinstance(names, str) else list(names)
        return self.job.execute_in_process(
            run_config=QUIET | {"ops": {name: {"config": dict(config or {})} for name in selected}},
            instance=self.instance,
            asset_selection=[dg.AssetKey(name) for name in selected],
            partition_key=day.isoformat(),
            tags=dict(tags or {}),
            raise_on_error=False,
        )

    def run_each(self, names: Iterable[str], day: date, **options: Any) -> None:
        """A run for each of the tables, in order."""
        for name in names:
            self.run(name, day, **options)

    def carry_on(self, *, most_ticks: int = 12) -> list[Requested]:
        """Evaluate and run what is requested until nothing is; what each tick requested."""
        ticks = []
        for _ in range(most_ticks):
            requested = self.tick()
            if not requested:
                return ticks
            ticks.append(requested)
            for name in TABLES:
                for day in requested.get(name, []):
                    self.run(name, day)
        raise AssertionError(f"still busy after {most_ticks} ticks: {ticks[-1]}")

    def status(self, name: str, day: date) -> str | None:
        """Dagster's status of a partition: MATERIALIZED, FAILED or None (never tried)."""
        partitions = self.defs.resolve_asset_graph().get(dg.AssetKey(name)).partitions_def
        assert partitions is not None
        found = self.instance.get_status_by_partition(dg.AssetKey(name), [day.isoformat()], partitions) or {}
        status = found.get(day.isoformat())
        return status.name if status else None


def eastern(year: int, month: int, day: int, hour: int, minute: int = 0) -> datetime:
    """A moment on an Eastern clock."""
    return datetime(year, month, day, hour, minute, tzinfo=EASTERN)
