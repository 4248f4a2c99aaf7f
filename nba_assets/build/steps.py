"""One table, some dates: read, compute, validate, audit, publish. The same for every table and every caller.

A date that fails takes no other date with it; what is published, with its ledger rows, is published in one
transaction. How outcomes are shown to Dagster or on a terminal does not belong here.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import pandas as pd

from nba_assets.build.attempt import Tried, attempt
from nba_assets.build.reading import load_state, read_stored
from nba_assets.build.run_options import RunOptions
from nba_assets.build.session import Session
from nba_assets.build.state import State
from nba_assets.league.calendar import season_of
from nba_assets.quality.audit import Mode, Outcome, Partition
from nba_assets.quality.expectation import by_date
from nba_assets.quality.status import Status
from nba_assets.settings import SettingsError, SourceName
from nba_assets.tables import TABLES, Table
from nba_assets.tables.contract import empty, shape
from nba_assets.tables.fingerprint import partition_hashes
from nba_assets.tables.games import announced_games
from nba_assets.warehouse.base import Publication
from nba_assets.warehouse.ledger import ENTITY_FAILURES, PROCESSOR_RUNS

MADE_UP = SourceName.SIMULATED.value


@dataclass(frozen=True)
class RunInfo:
    """Who builds: ids for the ledger, and the options of the run."""

    run_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    backfill_id: str | None = None
    options: RunOptions = field(default_factory=RunOptions)


@dataclass(frozen=True)
class Built:
    """What became of one partition; `changed` says whether rows were replaced."""

    outcome: Outcome
    changed: bool
    rows: pd.DataFrame = field(repr=False)

    @property
    def day(self) -> date:
        """The partition date."""
        return self.outcome.partition.day


def build(
    session: Session, table_name: str, days: Sequence[date], run: RunInfo, known: State | None = None
) -> list[Built]:
    """Build the partitions of one table; returns one result per date, in order of date.

    `known` is the state of at least these dates and all that they depend on; by default it is read.

    Raises WarehouseError if the warehouse cannot be used, SettingsError if it holds another league; everything else
    that goes wrong is an outcome.
    """
    table = TABLES[table_name]
    entry = _Entry(run, session.source.name if table.result_sets else None, datetime.now(UTC), time.monotonic())
    session.warehouse.prepare()
    with session.warehouse.writer(f"building {table_name}"):
        with session.warehouse.reading():
            if table_name == "raw_schedule":
                _refuse_another_league(session)
            state = known or load_state(session, min(days), max(days), [table_name])
            waiting = {day: outcome for day in days if (outcome := _waiting(state, table_name, day))}
            open_days = sorted(set(days) - set(waiting))
            stored = read_stored(session, table, open_days)
        mode = Mode(session.settings.completeness, run.options.backfill_mode, run.options.force)
        tried = attempt(session, state, table, stored, open_days, mode, run.options.bootstrap_days)
        hashes = _hashes(table, tried)
        changed = [day for day in open_days if _has_changed(state, tried.outcomes[day], hashes)]
        outcomes = {**waiting, **tried.outcomes}
        recorded = [outcome for outcome in outcomes.values() if _is_worth_recording(state, outcome)]
        session.warehouse.publish(
            Publication(
                table=table,
                dates=changed,
                rows=tried.rows[tried.rows[table.partition].isin(pd.DatetimeIndex(changed))],
                runs=_ledger_rows([entry.row(outcome, state, hashes, tried) for outcome in recorded]),
                failures=_failures(tried.outcomes.values()),
                failure_dates=open_days,
            )
        )
    of_day = dict(by_date(tried.rows, table.partition))
    nothing = table.empty()
    return [Built(outcomes[day], day in changed, of_day.get(day, nothing)) for day in sorted(days)]


def _refuse_another_league(session: Session) -> None:
    """Whoever forgets NBA_SOURCE is told before anything is replaced: the schedule is what is loaded first."""
    stored = session.warehouse.ledger(tables=["raw_schedule"])
    others = {name for name in stored["source"].dropna() if (name == MADE_UP) != (session.source.name == MADE_UP)}
    if others:
        raise SettingsError(
            f"{session.warehouse.describe()} holds data of the source '{', '.join(sorted(others))}', and the source is "
            f"now '{session.source.name}': the real and the simulated league do not mix. Set NBA_SOURCE, or another "
            "place for the tables (NBA_HOME, NBA_DUCKDB_PATH or NBA_BIGQUERY_DATASET_PREFIX)."
        )


def _waiting(state: State, table: str, day: date) -> Outcome | None:
    """BLOCKED or NOT_DUE, if an input is not there."""
    obstacle = state.obstacle(table, day)
    if obstacle is None:
        return None
    partition = Partition(table, day)
    if obstacle.status == Status.NOT_DUE:
        return Outcome(partition, Status.NOT_DUE, reason=f"waits for {obstacle.partition}")
    root = obstacle.root or obstacle.partition
    return Outcome(partition, Status.BLOCKED, reason=state.because(root, day), label=obstacle.label, root=root)


def _has_changed(state: State, outcome: Outcome, hashes: dict[date, str]) -> bool:
    if not outcome.is_published:
        return False
    stands = state.published(outcome.partition.table, outcome.partition.day)
    return stands is None or stands.content_hash != hashes[outcome.partition.day]


def _is_worth_recording(state: State, outcome: Outcome) -> bool:
    """Waiting is not an attempt, unless it was asked for; being blocked by the same root as before is not news."""
    newest = state.newest(outcome.partition.table, outcome.partition.day)
    if outcome.status == Status.NOT_DUE:
        return newest is not None and newest.status == Status.STALE
    if outcome.status != Status.BLOCKED or newest is None:
        return True
    return (newest.status, newest.root) != (outcome.status, outcome.root)


def _hashes(table: Table, tried: Tried) -> dict[date, str]:
    return partition_hashes(tried.rows, table.contract, _published(tried))


def _published(tried: Tried) -> list[date]:
    return [day for day, outcome in tried.outcomes.items() if outcome.is_published]


def _failures(outcomes: Iterable[Outcome]) -> pd.DataFrame:
    rows = [
        (outcome.partition.day, outcome.partition.table, failure.entity, failure.category, failure.details)
        for outcome in outcomes
        for failure in outcome.failures
    ]
    columns = ["partition_date", "table_name", "entity", "category", "details"]
    frame = pd.DataFrame(rows, columns=columns).drop_duplicates(columns[:3])
    return shape(frame, ENTITY_FAILURES.contract) if rows else empty(ENTITY_FAILURES.contract)


def _ledger_rows(rows: list[dict[str, object]]) -> pd.DataFrame:
    return shape(pd.DataFrame(rows), PROCESSOR_RUNS.contract) if rows else empty(PROCESSOR_RUNS.contract)


@dataclass(frozen=True)
class _Entry:
    """What all ledger rows of one build have in common, and how an outcome becomes one."""

    run: RunInfo
    source: str | None
    started: datetime
    clock: float

    def row(self, outcome: Outcome, state: State, hashes: dict[date, str], tried: Tried) -> dict[str, object]:
        """One row of processor_runs."""
        table, day = outcome.partition.table, outcome.partition.day
        names = ("reason", "label", "rows", "expected", "complete", "required", "share", "production_ready_share")
        return {name: getattr(outcome, name) for name in names} | {
            "partition_date": day,
            "table_name": table,
            "attempt_id": f"{time.time_ns():020d}",
            "run_id": self.run.run_id,
            "backfill_id": self.run.backfill_id,
            "status": outcome.status.value,
            "published": outcome.is_published,
            "root_table": outcome.root.table if outcome.root else None,
            "root_date": outcome.root.day if outcome.root else None,
            "content_hash": hashes.get(day),
            "announced_hash": _announced_hash(tried, day) if table == "raw_schedule" else None,
            "inputs_hash": state.inputs_hash(table, day),
            "code_version": TABLES[table].code_version,
            "source": self.source,
            "opening_night": tried.opening_nights.get(season_of(day)),
            "options": self.run.options.to_json(),
            "started_at": self.started,
            "duration_s": time.monotonic() - self.clock,
        }


def _announced_hash(tried: Tried, day: date) -> str:
    """The hash of what the schedule said of the date before its games."""
    schedule = TABLES["raw_schedule"]
    of_day = tried.rows[tried.rows[schedule.partition] == pd.Timestamp(day)]
    return partition_hashes(announced_games(of_day), schedule.contract, [day])[day]
