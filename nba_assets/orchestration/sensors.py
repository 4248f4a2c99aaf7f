"""The sensor that repairs: what went stale, and what failed in the last days and may come out differently now."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import dagster as dg

from nba_assets.build.history import history
from nba_assets.build.reading import load_state
from nba_assets.build.session import Session
from nba_assets.build.state import Attempt, Cell, State
from nba_assets.quality.status import Status
from nba_assets.tables import TABLES, Phase, downstream_of
from nba_assets.tables.table import Input, TimeRule

MOST_ATTEMPTS = 6
FIRST_WAIT_SECONDS = 600
_QUIET = timedelta(minutes=2)
_RECENT = timedelta(days=7)
_DAY = timedelta(days=1)
_UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]


def to_repair(session: Session) -> list[Cell]:
    """The partitions that a repair may change.

    Of all history those that are STALE; of the last seven days also those that were never computed or ended in an
    error, and gaps of which an input has changed since. Not those whose input was built by a run that said
    `skip_downstream_trigger`. What the source has not delivered is left to the morning schedule, which spares it: of
    the raw tables only what is STALE is asked for again.
    """
    days, today = history(session), session.today()
    if not days:
        return []
    state = load_state(session, days[0], days[-1])
    left_alone = _SkippedRuns(state)
    cells = (state.cell(name, day) for day in days for name in TABLES)
    found = [cell for cell in cells if _may_change(state, cell, recent=cell.partition.day > today - _RECENT)]
    untouchable = {cell.partition.day for cell in found if left_alone.concerns(cell)}
    return [cell for cell in found if cell.partition.day not in untouchable]


def _may_change(state: State, cell: Cell, *, recent: bool) -> bool:
    if cell.status == Status.STALE:
        return True
    if not recent or TABLES[cell.partition.table].phase == Phase.RAW:
        return False
    table, day = cell.partition.table, cell.partition.day
    if cell.status == Status.GAP:
        return cell.newest is not None and cell.newest.inputs_hash != state.inputs_hash(table, day)
    return cell.status in (Status.ERROR, Status.MISSING) and state.obstacle(table, day) is None


class _SkippedRuns:
    """Published partitions whose run said that nothing should go on from it."""

    def __init__(self, state: State) -> None:
        self._found: dict[str, list[Attempt]] = {}
        for name in TABLES:
            published = (state.published(name, day) for day in state.published_dates(name))
            self._found[name] = [a for a in published if a is not None and _skips_downstream(a)]

    def concerns(self, cell: Cell) -> bool:
        """Whether one of the partition's inputs was built so, after the partition itself."""
        since = cell.published.attempt_id if cell.published else ""
        inputs = TABLES[cell.partition.table].inputs
        return any(
            attempt.attempt_id > since and _reads(input_, cell.partition.day, attempt.partition.day)
            for input_ in inputs
            for attempt in self._found[input_.table]
        )


def _skips_downstream(attempt: Attempt) -> bool:
    return bool(json.loads(attempt.options or "{}").get("skip_downstream_trigger"))


def _reads(input_: Input, day: date, other: date) -> bool:
    if input_.rule == TimeRule.BEFORE_DATE:
        return other < day
    return other == (day - _DAY if input_.rule == TimeRule.DAY_BEFORE else day)


@dataclass
class Patience:
    """How often each date was tried, and when last (seconds); kept in the sensor's cursor."""

    tried: dict[str, tuple[int, float]]

    @classmethod
    def read(cls, cursor: str | None) -> Patience:
        """From a cursor; an unreadable one starts afresh."""
        try:
            return cls({day: (int(n), float(last)) for day, (n, last) in json.loads(cursor or "{}").items()})
        except (ValueError, TypeError, AttributeError):
            return cls({})

    def due(self, days: Iterable[date], now: float) -> Iterator[date]:
        """The dates that may be tried now: 10, 20, 40 … minutes after the last time, six times at most."""
        for day in days:
            n, last = self.tried.get(str(day), (0, 0.0))
            if n == 0 or (n < MOST_ATTEMPTS and now >= last + FIRST_WAIT_SECONDS * 2 ** (n - 1)):
                yield day

    def after(self, wrong: Iterable[date], trying: Iterable[date], now: float) -> str:
        """The cursor once `trying` is requested; dates that are no longer wrong are forgotten."""
        kept: dict[str, Any] = {str(day): self.tried[str(day)] for day in wrong if str(day) in self.tried}
        for day in trying:
            kept[str(day)] = (kept.get(str(day), (0, 0.0))[0] + 1, now)
        return json.dumps(kept)


def repair_sensor(
    open_session: Callable[[], Session], job: dg.JobDefinition, *, minimum_interval_seconds: int = 120
) -> dg.SensorDefinition:
    """The sensor of `repair`; `open_session` is called at every evaluation, because threads share no session."""

    @dg.sensor(
        name="repair_what_is_stale",
        job=job,
        minimum_interval_seconds=minimum_interval_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Recomputes what is STALE, and what failed or was left out in the last seven days and can come "
        "out differently now. Waits until nothing runs and the ledger was quiet for two minutes: automation goes "
        "first. A date is tried six times at most, with growing pauses.",
    )
    def repair_what_is_stale(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        session, now = open_session(), time.time()
        busy = _busy(session, context.instance)
        if busy is not None:
            return dg.SkipReason(busy)
        cells, patience = to_repair(session), Patience.read(context.cursor)
        wrong = sorted({cell.partition.day for cell in cells})
        trying = list(patience.due(wrong, now))
        context.update_cursor(patience.after(wrong, trying, now))
        if not trying:
            return dg.SkipReason(f"{len(wrong)} dates wait for their next attempt" if wrong else "nothing to repair")
        return dg.RunRequest(run_config=repair_config(cells, trying), tags={"nba/repair": f"{len(trying)} dates"})

    return repair_what_is_stale


def repair_config(cells: Sequence[Cell], days: Sequence[date]) -> dict[str, Any]:
    """The configuration of the job `repair`: the dates, their tables, and what follows from these."""
    named = {cell.partition.table for cell in cells if cell.partition.day in days}
    named |= {follower for name in named for follower in downstream_of(name)}
    config = {"dates": [str(day) for day in days], "tables": [name for name in TABLES if name in named]}
    return {"ops": {"repair_partitions": {"config": config}}}


def _busy(session: Session, instance: dg.DagsterInstance) -> str | None:
    if instance.get_runs_count(dg.RunsFilter(statuses=_UNFINISHED)):
        return "runs are under way"
    session.warehouse.prepare()
    started = session.warehouse.ledger()["started_at"]
    if not started.empty and datetime.now(UTC) - started.max().to_pydatetime() < _QUIET:
        return "the ledger was written to a moment ago: automation goes first"
    return None
