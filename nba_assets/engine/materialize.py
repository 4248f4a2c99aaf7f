"""One table, some dates: read, compute, validate, audit, publish. The same for every table and every caller.

A date that fails takes no other date with it; what is published, with its ledger rows, is published in one
transaction. How outcomes are shown to Dagster or on a terminal does not belong here.
"""

from __future__ import annotations

import json
import logging
import time
import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime

import pandas as pd

from nba_assets.engine.attempt import Attempt, AttemptResult
from nba_assets.engine.corrections import find_corrections
from nba_assets.engine.inputs import read_stored
from nba_assets.engine.moved_games import dates_of_moved_games
from nba_assets.engine.refetch import ask_again
from nba_assets.engine.run_options import RunOptions
from nba_assets.engine.standing import StandingRows, of_dates, standing_rows
from nba_assets.league.calendar import season_of
from nba_assets.partition import Cause, Outcome, Partition, Status, finding, to_json
from nba_assets.planning.load import load_state
from nba_assets.planning.state import State
from nba_assets.quality.audit import Mode
from nba_assets.schema.changes import Changes
from nba_assets.schema.evidence import by_date
from nba_assets.schema.fingerprint import partition_hashes
from nba_assets.schema.table import Table
from nba_assets.session import Session
from nba_assets.tables import TABLES
from nba_assets.tables.games import announced_games
from nba_assets.text import joined
from nba_assets.warehouse.base import Publication
from nba_assets.warehouse.ledger import (
    ENTITY_FAILURES,
    PROCESSOR_RUNS,
    new_attempt_id,
    rows_of,
    warn_if_clock_is_behind,
)

log = logging.getLogger(__name__)
_MOST_DATES = 5


@dataclass(frozen=True)
class RunInfo:
    """Who builds: ids for the ledger, and the options of the run."""

    run_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    backfill_id: str | None = None
    options: RunOptions = field(default_factory=RunOptions)


@dataclass(frozen=True)
class PartitionResult:
    """What became of one partition; `changed` says whether rows were replaced, the hash what is published by now.

    `changes` says how, if anything was published; None also where the rows that stood could not be read.
    """

    outcome: Outcome
    changed: bool
    rows: pd.DataFrame = field(repr=False)
    content_hash: str | None = None
    changes: Changes | None = None

    @property
    def day(self) -> date:
        """The partition date."""
        return self.outcome.partition.day


def materialize(
    session: Session, table_name: str, days: Sequence[date], run: RunInfo, known: State | None = None
) -> list[PartitionResult]:
    """Build the partitions of one table; returns one result per date, in order of date.

    Of the schedule also the published dates on which its games stand so far, if they have moved.

    `known` is the state of at least these dates and all that they depend on; by default it is read. It learns what is
    recorded.

    Raises WarehouseError if the warehouse cannot be used, SettingsError if it holds another league (see `Session`);
    everything else that goes wrong is an outcome.
    """
    table, given = TABLES[table_name], known
    entry = _Entry(run, session.source.name if table.result_sets else None, datetime.now(UTC), time.monotonic())
    session.warehouse.prepare()
    with session.warehouse.writer(f"building {table_name}"):
        with session.warehouse.reading():
            if table.is_schedule:
                days, known = _with_moved_games(session, days, known)
            state = known or load_state(session, min(days), max(days), [table_name])
            warn_if_clock_is_behind(state.newest_attempt)
            waiting = {day: outcome for day in days if (outcome := _waiting(state, table_name, day))}
            open_days = sorted(set(days) - set(waiting))
            stored = read_stored(session, table, open_days)
        ask_again(session, state, open_days, [table_name])
        mode = Mode(session.settings.completeness, run.options.backfill_mode, run.options.force)
        attempt = Attempt(session, state, table, mode, run.options.bootstrap_days, run.options.accepted_by)
        result = attempt.at(open_days, stored)
        hashes = partition_hashes(result.rows, table.contract, result.published)
        replaced = [day for day in result.published if state.published(table_name, day) is not None]
        stands = standing_rows(session.warehouse, table, replaced)
        unchanged = set() if run.options.rewrite else _unchanged(state, stands, hashes)
        changed = sorted(set(result.published) - unchanged)
        changes = _changes(stands, result, replaced, changed)
        outcomes = {**waiting, **result.outcomes}
        announced = _announced_hashes(table, result)
        found = find_corrections(state, stands, result, changed, entry.started)
        recorded = [outcome for outcome in outcomes.values() if _is_worth_recording(state, outcome)]
        runs = rows_of(PROCESSOR_RUNS, [entry.row(o, state, hashes, announced, result, changes) for o in recorded])
        session.warehouse.publish(
            Publication(
                table=table,
                dates=changed,
                rows=of_dates(result.rows, table, changed),
                runs=runs,
                failures=_failures(result.outcomes.values()),
                failure_dates=open_days,
                seen=state.newest_attempt,
                corrections=[replace(one, run_id=run.run_id, backfill_id=run.backfill_id) for one in found],
            )
        )
    if given is not None:
        given.record(runs)
    rows, nothing = dict(by_date(result.rows, table.partition)), table.empty()
    return [
        PartitionResult(outcomes[day], day in changed, rows.get(day, nothing), hashes.get(day), changes.get(day))
        for day in sorted(days)
    ]


def _with_moved_games(
    session: Session, days: Sequence[date], known: State | None
) -> tuple[Sequence[date], State | None]:
    """The dates of a schedule, with those on which its games stand so far; and the state, if it covers them."""
    also = dates_of_moved_games(session, days)
    if not also:
        return days, known
    log.warning("games have moved: the schedule of %s is read again as well", joined(also, _MOST_DATES))
    is_known = known is not None and known.start <= also[0] and also[-1] <= known.end
    return [*days, *also], known if is_known else None


def _waiting(state: State, table: str, day: date) -> Outcome | None:
    """BLOCKED or NOT_DUE, if an input is missing."""
    obstacle = state.obstacle(table, day)
    if obstacle is None:
        return None
    partition = Partition(table, day)
    if obstacle.status == Status.NOT_DUE:
        return Outcome(partition, Status.NOT_DUE, (finding(Cause.INPUT_NOT_DUE, obstacle.partition),))
    root = obstacle.origin
    return Outcome(partition, Status.BLOCKED, (state.because(root, partition),), label=obstacle.label, root=root)


def _unchanged(state: State, stands: StandingRows, hashes: dict[date, str]) -> set[date]:
    """The dates that need not be written again: the ledger claims their content, and is right about it."""
    claimed = {
        day
        for day, content in hashes.items()
        if (published := state.published(stands.table.name, day)) is not None and published.content_hash == content
    }
    return {day for day, content in stands.hashes(claimed).items() if content == hashes[day]}


def _changes(
    stands: StandingRows, result: AttemptResult, replaced: Collection[date], changed: Sequence[date]
) -> dict[date, Changes]:
    """How the rows of the published dates change; none for dates of which the rows that stand cannot be read."""
    sizes = result.rows[stands.table.partition].dt.date.value_counts(sort=False)
    new = {day: Changes(rows_added=int(sizes.get(day, 0))) for day in set(result.published).difference(replaced)}
    same = dict.fromkeys(stands.days.difference(changed), Changes())
    return new | same | stands.changes(result.rows, changed)


def _is_worth_recording(state: State, outcome: Outcome) -> bool:
    """Waiting is not an attempt, unless it was asked for; being blocked by the same root as before is not news."""
    newest = state.newest(outcome.partition.table, outcome.partition.day)
    if outcome.status == Status.NOT_DUE:
        return newest is not None and newest.status == Status.STALE
    if outcome.status != Status.BLOCKED or newest is None:
        return True
    return (newest.status, newest.root) != (outcome.status, outcome.root)


def _failures(outcomes: Iterable[Outcome]) -> pd.DataFrame:
    rows = [
        {"partition_date": outcome.partition.day, "table_name": outcome.partition.table, **asdict(failure)}
        for outcome in outcomes
        for failure in outcome.failures
    ]
    return rows_of(ENTITY_FAILURES, rows).drop_duplicates(["partition_date", "table_name", "entity"])


_FROM_OUTCOME = tuple("reason label rows expected complete required games share production_ready_share".split())
"""What a ledger row takes from an outcome as it is."""


@dataclass(frozen=True)
class _Entry:
    """What all ledger rows of one build have in common, and how an outcome becomes one."""

    run: RunInfo
    source: str | None
    started: datetime
    clock: float

    def row(
        self,
        outcome: Outcome,
        state: State,
        hashes: dict[date, str],
        announced: dict[date, str],
        result: AttemptResult,
        changes: dict[date, Changes],
    ) -> dict[str, object]:
        """One row of processor_runs."""
        table, day = outcome.partition.table, outcome.partition.day
        return {name: getattr(outcome, name) for name in _FROM_OUTCOME} | {
            "partition_date": day,
            "table_name": table,
            "attempt_id": new_attempt_id(),
            "run_id": self.run.run_id,
            "backfill_id": self.run.backfill_id,
            "status": outcome.status.value,
            "causes": to_json(outcome.findings),
            "published": outcome.is_published,
            "root_table": outcome.root.table if outcome.root else None,
            "root_date": outcome.root.day if outcome.root else None,
            **(changes[day].counts if day in changes else {}),
            "content_hash": hashes.get(day),
            "announced_hash": announced.get(day),
            "inputs_hash": state.inputs_hash_to_record(table, day),
            "code_version": TABLES[table].code_version,
            "source": self.source,
            "source_fingerprint": result.fingerprints.get(day),
            "opening_night": result.opening_nights.get(season_of(day)),
            "options": json.dumps(self.run.options.given()),
            "started_at": self.started,
            "duration_s": time.monotonic() - self.clock,
        }


def _announced_hashes(table: Table, result: AttemptResult) -> dict[date, str]:
    """Of the schedule: the hash of what it said of each date before its games."""
    if not table.is_schedule:
        return {}
    return partition_hashes(announced_games(result.rows), table.contract, [*result.outcomes])
