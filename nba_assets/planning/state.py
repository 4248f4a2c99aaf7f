"""What every partition is today, derived from the ledger: its status, the root of a block, the hash of its inputs.

A pure function of ledger rows and the clock. Nothing is read or computed here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from types import MappingProxyType
from typing import TypeVar

import pandas as pd

from nba_assets.league.calendar import OPENING_NIGHTS, season_first_day, season_of
from nba_assets.partition import (
    FAILED,
    FINE,
    STOPS_DEPENDENTS,
    Cause,
    Finding,
    Partition,
    Status,
    finding,
    from_json,
    sentence_of,
)
from nba_assets.planning.ledger_rows import Attempts, LedgerRow
from nba_assets.planning.waits import Waits
from nba_assets.schema.fingerprint import combine
from nba_assets.schema.policy import Policy
from nba_assets.schema.table import Available, Input, Phase, TimeRule
from nba_assets.tables import SCHEDULE, TABLES
from nba_assets.tables.same_results import gives_same_numbers, gives_same_verdicts
from nba_assets.text import counted
from nba_assets.warehouse.ledger import is_published

_ABSENT, _TAKEN_BACK = "-", "taken back"
_DAY = timedelta(days=1)
_STOPS = STOPS_DEPENDENTS | {Status.NOT_DUE}
_SAID = frozenset({Status.STALE, Status.MISSING})
"""Statuses that are usually derived: where the ledger has one it is meant, whatever stands."""
T = TypeVar("T")


@dataclass(frozen=True)
class Cell:
    """One partition as it is today: the status and why, the newest attempt, and what is published.

    `reason` is what people read; of a row that an older version recorded there is nothing else.
    """

    partition: Partition
    status: Status
    newest: LedgerRow | None
    published: LedgerRow | None
    reason: str | None = None
    findings: tuple[Finding, ...] = ()
    label: str | None = None
    root: Partition | None = None

    @property
    def origin(self) -> Partition:
        """Where its trouble began: its root, or the partition itself."""
        return self.root or self.partition

    @property
    def accepted_by(self) -> str | None:
        """Who has accepted a gap that is published as it is; None where nothing is missing, or nobody has."""
        row = self.published
        if row is None or self.status in FAILED or TABLES[self.partition.table].phase == Phase.PRE_GAME:
            return None
        return row.accepted_by

    @property
    def is_settled(self) -> bool:
        """Whether it is STALE only because what it doubts is settled: its rows stand, and are to be judged again."""
        return self.status == Status.STALE and any(f.cause is Cause.SETTLED for f in self.findings)

    @property
    def has_stale_rows(self) -> bool:
        """Whether it is STALE, and its rows may come out differently."""
        return self.status == Status.STALE and not self.is_settled

    @property
    def numbers(self) -> LedgerRow | None:
        """The attempt whose numbers describe the cell: the newest, if it had any, else what is published."""
        if self.newest is not None and self.newest.expected is not None:
            return self.newest
        return self.published or self.newest

    @property
    def rows(self) -> int:
        """Rows that are published."""
        return (self.published.rows or 0) if self.published else 0


class State:
    """Every partition from the beginning of the first season to `end`.

    `is_due(day)` says whether the results of a date must be there; `parameters` is what else the rows and the
    verdict on them depend on (the source's game types, the policy), per table. `finished()` gives the finished
    counting games of the schedule (game_date, season, game_id, home_team, away_team); asked for only where something
    is blocked. `altered` are published partitions whose rows are not those that were published, and why one thinks so.

    What the source says by now it is told by `compare`, and what is recorded afterwards by `record`.
    """

    def __init__(
        self,
        ledger: pd.DataFrame,
        *,
        start: date,
        end: date,
        policies: dict[str, Policy],
        parameters: dict[str, str],
        is_due: Callable[[date], bool],
        finished: Callable[[], pd.DataFrame],
        altered: Mapping[Partition, Finding] = MappingProxyType({}),
    ) -> None:
        self.start, self.end = start, end
        self._policies = policies
        self._parameters = parameters
        self._is_due = is_due
        self._finished = finished
        self.newest_attempt: str | None = None if ledger.empty else ledger["attempt_id"].max()
        self.attempts = Attempts(ledger)
        self._newest, self._published = self.attempts.newest, self.attempts.published
        self._altered = altered
        self._outdated: Mapping[str, Finding] = {}
        self._settled: Mapping[str, Finding] = {}
        self._cells: dict[Partition, Cell] = {}
        self._own_cells: dict[Partition, Cell] = {}
        self._stale_since: dict[Partition, date] = {}
        self._stale_histories: dict[str, dict[date, Cell | None]] = {}
        self._chains: dict[str, dict[date, str]] = {}
        self._histories: dict[str, dict[date, Cell | None]] = {}

    def compare(self, outdated: Mapping[str, Finding], settled: Mapping[str, Finding]) -> None:
        """Learn what the source says by now.

        `outdated` are the attempts since which it has changed, by attempt id, and how; `settled` those that doubted
        what it has settled: their rows stand, whatever the verdict comes to, so that nothing is stale with them.
        """
        if (outdated, settled) != (self._outdated, self._settled):
            self._outdated, self._settled = outdated, settled
            self._forget_from(self.start)

    def record(self, attempts: pd.DataFrame) -> None:
        """Learn of attempts that have just been recorded: ledger rows, newer than all others."""
        if attempts.empty:
            return
        self.attempts.add(attempts)
        self.newest_attempt = max(self.newest_attempt or "", attempts["attempt_id"].max())
        published = attempts[is_published(attempts)]
        again = {*zip(published["table_name"], published["partition_date"].dt.date, strict=True)}
        self._altered = {one: why for one, why in self._altered.items() if (one.table, one.day) not in again}
        self._forget_from(attempts["partition_date"].min().date())

    def _forget_from(self, first: date) -> None:
        """What was derived of this date and later ones: nothing depends on what comes after it."""
        for by_partition in (self._cells, self._own_cells, self._stale_since):
            for partition in [one for one in by_partition if one.day >= first]:
                del by_partition[partition]
        for of_table in (self._stale_histories, self._chains, self._histories):
            for by_day in of_table.values():
                for day in [one for one in by_day if one >= first]:
                    del by_day[day]
        for name in ("waits", "_all_altered"):
            self.__dict__.pop(name, None)

    @cached_property
    def waits(self) -> Waits:
        """What keeps partitions waiting."""
        return Waits(self, self._finished)

    def cell(self, table: str, day: date) -> Cell:
        """One partition; STALE also where it agrees with inputs that are themselves STALE."""
        partition = Partition(table, day)
        if partition not in self._cells:
            own = self.own_cell(partition)
            stale = self._stale_input(partition) if own.status in FINE else None
            self._cells[partition] = self._to_be_judged(own) if stale is None else self._made_stale(own, stale)
        return self._cells[partition]

    def _to_be_judged(self, own: Cell) -> Cell:
        """A partition whose doubts are settled: STALE, but where it could not be judged again."""
        attempt = own.newest if own.newest is not None and own.newest.published else own.published
        settled = None if attempt is None else self._settled.get(attempt.attempt_id)
        if settled is None or own.status != Status.DEGRADED or self.obstacle(own.partition.table, own.partition.day):
            return own
        return replace(own, status=Status.STALE, reason=str(settled), findings=(settled,), label=None)

    def _made_stale(self, own: Cell, stale: Cell) -> Cell:
        """A partition behind a stale one: its beginning is named, so that all that share it are reported together."""
        why = finding(Cause.INPUT_STALE, stale.partition, why=stale.reason)
        return Cell(own.partition, Status.STALE, own.newest, own.published, sentence_of([why]), (why, *stale.findings))

    def own_cell(self, partition: Partition) -> Cell:
        """One partition as its own rows and what they were computed from make it: not STALE for a stale input."""
        if partition not in self._own_cells:
            self._own_cells[partition] = self._derive(partition)
        return self._own_cells[partition]

    def newest(self, table: str, day: date) -> LedgerRow | None:
        """The newest attempt, whatever came of it."""
        return self._newest.get(Partition(table, day))

    def published(self, table: str, day: date) -> LedgerRow | None:
        """The attempt whose rows are published."""
        return self._published.get(Partition(table, day))

    def published_dates(self, table: str) -> frozenset[date]:
        """The published dates of a table."""
        return frozenset(p.day for p in self._published if p.table == table)

    def accepted_dates(self) -> frozenset[date]:
        """The dates of which a person has accepted what is missing: published with games that are not complete."""
        return frozenset(
            partition.day
            for partition in self._published.incomplete()
            if TABLES[partition.table].phase != Phase.PRE_GAME and self._policies[partition.table].critical
        )

    def attempted_days(self) -> list[date]:
        """The dates that the ledger knows of, in order."""
        return sorted({partition.day for partition in self._newest})

    def opening_night(self, day: date) -> date | None:
        """The opening night of the day's season: by the schedule, else by the list."""
        schedule = self.published(SCHEDULE.name, day)
        known = schedule.opening_night if schedule else None
        return known or OPENING_NIGHTS.get(season_of(day))

    def inputs_hash(self, table: str, day: date) -> str:
        """The hash of everything that the partition is allowed to read, its code version and parameters."""
        return self.inputs_hash_with(TABLES[table].code_version, self._parameters.get(table, ""), table, day)

    def inputs_hash_with(self, code_version: str, parameters: str, table: str, day: date) -> str:
        """The same, were these the code version and the parameters."""
        inputs = [f"{i.table}:{i.rule.value}:{self._input_hash(i, day)}" for i in TABLES[table].inputs]
        return combine([code_version, parameters, *inputs])

    def is_repeated(self, attempt: LedgerRow) -> bool:
        """Whether an attempt made now would be the same: of these inputs, by this code or by what gives the same."""
        table, day = TABLES[attempt.partition.table], attempt.partition.day
        version = attempt.code_version
        if version is None or not (gives_same_numbers(table, version) and gives_same_verdicts(table, version)):
            version = table.code_version
        parameters = self._parameters.get(table.name, "")
        return attempt.inputs_hash == self.inputs_hash_with(version, parameters, table.name, day)

    def inputs_hash_to_record(self, table: str, day: date) -> str:
        """The inputs hash of rows that are computed now: no valid one, if they are computed from altered rows.

        Once those are restored their content hash is that of before, and what was computed meanwhile must be STALE.
        """
        valid = self.inputs_hash(table, day)
        return combine(["altered", valid]) if any(self._are_altered(i, day) for i in TABLES[table].inputs) else valid

    def _are_altered(self, input_: Input, day: date) -> bool:
        """Whether something that a partition of `day` reads of the input was altered behind the ledger."""
        dates = {partition.day for partition in self._all_altered if partition.table == input_.table}
        if input_.rule == TimeRule.BEFORE_DATE:
            return any(self._first_day(day) <= other < day for other in dates)
        return date_read(input_, day) in dates

    @cached_property
    def _all_altered(self) -> frozenset[Partition]:
        """Those that were found just now, and those that are recorded as altered."""
        return frozenset(self._altered) | frozenset(
            partition
            for partition, causes in self._newest.stale()
            if (found := from_json(causes)) and found[0].cause is Cause.CONTENT_ALTERED
        )

    def obstacle(self, table: str, day: date) -> Cell | None:
        """The input that keeps a partition from being built: the first that is missing, else one not due yet."""
        waiting: Cell | None = None
        for found in self.obstacles(table, day):
            if found.status != Status.NOT_DUE:
                return found
            waiting = waiting or found
        return waiting

    def obstacles(self, table: str, day: date) -> Iterator[Cell]:
        """The critical inputs that are missing, and all that are not due yet; of a history, its first such date."""
        for input_ in TABLES[table].inputs:
            if TABLES[input_.table].optional:
                continue
            found = self._obstacle_of(input_, day)
            if found is not None and (found.status == Status.NOT_DUE or self.is_critical(input_.table)):
                yield found

    def is_outdated(self, attempt: LedgerRow) -> bool:
        """Whether the source has changed since."""
        return attempt.attempt_id in self._outdated

    def stale_since(self, partition: Partition) -> date:
        """The first date of whatever a partition is made of that is stale; its own, if nothing before it is."""
        if partition not in self._stale_since:
            inputs = (found.partition for found in self._stale_inputs(partition))
            self._stale_since[partition] = min(map(self.stale_since, inputs), default=partition.day)
        return self._stale_since[partition]

    def because(self, root: Partition, partition: Partition) -> Finding:
        """Why a partition is blocked: its first root, how many more there are, and the teams whose games they lack."""
        cell = self.own_cell(root)
        if cell.status == Status.MISSING and cell.newest is None:
            why = f"; run: nba-assets backfill {root.day} {root.day}"
        else:
            why = f": {cell.reason}" if cell.reason else ""
        roots = self.waits.roots(partition)
        others = [other for other in roots if other != root] if root in roots else []
        if others:
            why += f"; and {counted(len(others), 'more root')}, up to {others[-1]}"
        counts = self.waits.games_by_team(roots or [root], partition.day)
        if counts:
            why += "; finished games missing: " + ", ".join(f"{team} {count}" for team, count in counts.items())
        numbers = {"why": why, "games_by_team": counts, "roots": len(roots)}
        return finding(Cause.UPSTREAM, root, status=cell.status.value, **numbers)

    def is_critical(self, table: str) -> bool:
        """Whether tables that read it wait for it."""
        return not TABLES[table].optional and self._policies[table].critical

    def weak_inputs(self, table: str, day: date) -> list[Cell]:
        """Inputs of the same date that are not published but block nothing."""
        cells = [
            self.own_cell(Partition(input_.table, day))
            for input_ in TABLES[table].inputs
            if input_.rule in (TimeRule.SAME_DATE, TimeRule.ANNOUNCED)
            if not self._policies[input_.table].critical and not TABLES[input_.table].optional
        ]
        return [cell for cell in cells if cell.published is None]

    def _derive(self, partition: Partition) -> Cell:
        newest, published = self._newest.get(partition), self._published.get(partition)
        if newest is not None and (newest.status in _SAID or (newest.status in FAILED and not newest.published)):
            return _recorded(newest, newest, published)
        if published is not None and self._is_up_to_date(published):
            return _recorded(newest if newest is not None and newest.published else published, newest, published)
        status, why, obstacle = self._waits_for(partition, newest, published)
        label, root = (obstacle.label, obstacle.origin) if obstacle else (None, None)
        return Cell(partition, status, newest, published, str(why), (why,), label, root)

    def _is_up_to_date(self, published: LedgerRow) -> bool:
        """Whether the rows that were published stand, and are what would be computed now."""
        is_altered = published.partition in self._altered or published.attempt_id in self._outdated
        return not is_altered and self.is_repeated(published)

    def _waits_for(
        self, partition: Partition, newest: LedgerRow | None, published: LedgerRow | None
    ) -> tuple[Status, Finding, Cell | None]:
        """What a partition is that is neither failed nor up to date, why, and the input that blocks it."""
        obstacle = self.obstacle(partition.table, partition.day)
        if obstacle is not None and obstacle.status == Status.NOT_DUE and published is None:
            return Status.NOT_DUE, finding(Cause.INPUT_NOT_DUE, obstacle.partition), None
        if obstacle is not None and self._is_blocked(obstacle, newest, published):
            return Status.BLOCKED, self.because(obstacle.origin, partition), obstacle
        if published is not None:
            return Status.STALE, self._why_stale(published), None
        if self._is_waited_for(partition):
            return Status.NOT_DUE, finding(Cause.RESULTS_NOT_DUE), None
        return Status.MISSING, finding(Cause.NEVER_COMPUTED), None

    def _is_blocked(self, obstacle: Cell, newest: LedgerRow | None, published: LedgerRow | None) -> bool:
        """A partition that was never attempted, behind others that were not, is just missing."""
        if obstacle.status == Status.NOT_DUE:
            return False
        root = self.own_cell(obstacle.root) if obstacle.root else obstacle
        attempted = published is not None or (newest is not None and newest.status == Status.BLOCKED)
        return root.status != Status.MISSING or attempted

    def _why_stale(self, published: LedgerRow) -> Finding:
        if published.partition in self._altered:
            return self._altered[published.partition]
        if published.attempt_id in self._outdated:
            return self._outdated[published.attempt_id]
        table = TABLES[published.partition.table]
        before, now = published.code_version, table.code_version
        if not gives_same_numbers(table, before):
            return finding(Cause.CODE_CHANGED, table.name, before=before, now=now)
        if not gives_same_verdicts(table, before):
            return finding(Cause.CHECKS_CHANGED, table.name, before=before, now=now)
        return finding(Cause.INPUT_CHANGED)

    def _stale_input(self, partition: Partition) -> Cell | None:
        """The nearest input that is stale; of a history, its first such date. Named is the one it began with."""
        for found in self._stale_inputs(partition):
            return self._stale_input(found.partition) or found
        return None

    def _stale_inputs(self, partition: Partition) -> Iterator[Cell]:
        """Every input that is stale; of a history, its first such date."""
        for input_ in TABLES[partition.table].inputs:
            if input_.rule == TimeRule.BEFORE_DATE:
                found = self._stale_history_of(input_.table, partition.day)
            else:
                cell = self.cell(input_.table, date_read(input_, partition.day))
                found = cell if cell.has_stale_rows else None
            if found is not None:
                yield found

    def _stale_history_of(self, table: str, day: date) -> Cell | None:
        def extend(d: date, before: Cell | None) -> Cell | None:
            cell = before or self.cell(table, d - _DAY)
            return cell if cell.has_stale_rows else None

        return _carried(self._stale_histories.setdefault(table, {}), self._first_day(day), day, None, extend)

    def _is_waited_for(self, partition: Partition) -> bool:
        table = TABLES[partition.table]
        if table.phase == Phase.PRE_GAME or table.available == Available.ANNOUNCED:
            return False
        return not self._is_due(partition.day)

    def _obstacle_of(self, input_: Input, day: date) -> Cell | None:
        if input_.rule == TimeRule.DAY_BEFORE:
            return None
        if input_.rule == TimeRule.BEFORE_DATE:
            return self._history_of(input_.table, day)
        cell = self.own_cell(Partition(input_.table, day))
        return cell if cell.status in _STOPS else None

    def _history_of(self, table: str, day: date) -> Cell | None:
        """The first date of the season before `day` whose partition is missing, or not due yet."""

        def extend(d: date, before: Cell | None) -> Cell | None:
            yesterday = d - _DAY
            opening = self.opening_night(d)
            if before is not None or opening is None or yesterday < opening:
                return before
            cell = self.own_cell(Partition(table, yesterday))
            return cell if cell.status in _STOPS else None

        return _carried(self._histories.setdefault(table, {}), self._first_day(day), day, None, extend)

    def _input_hash(self, input_: Input, day: date) -> str:
        if input_.rule == TimeRule.BEFORE_DATE:
            return self._chain(input_.table, day)
        published = self.published(input_.table, date_read(input_, day))
        if published is None:
            return _ABSENT
        is_announced = input_.rule == TimeRule.ANNOUNCED
        content = (published.announced_hash if is_announced else published.content_hash) or _ABSENT
        # Rows that are no longer accepted as they are stand, but nothing is up to date with them.
        return combine([_TAKEN_BACK, content]) if published.status == Status.GAP else content

    def _chain(self, table: str, day: date) -> str:
        """The running hash of the season's partitions before `day`; empty and absent ones leave it as it is."""

        def extend(d: date, before: str) -> str:
            published = self.published(table, d - _DAY)
            return combine([before, published.content_hash or ""]) if published and published.rows else before

        return _carried(self._chains.setdefault(table, {}), self._first_day(day), day, _ABSENT, extend)

    def _first_day(self, day: date) -> date:
        return max(season_first_day(season_of(day)), self.start)


def date_read(input_: Input, day: date) -> date:
    """The date of which a partition of `day` reads an input that is no history."""
    return day - _DAY if input_.rule == TimeRule.DAY_BEFORE else day


def _recorded(shown: LedgerRow, newest: LedgerRow | None, published: LedgerRow | None) -> Cell:
    """A partition that is what an attempt has made of it."""
    return Cell(shown.partition, shown.status, newest, published, shown.reason, shown.findings, shown.label, shown.root)


def _carried(known: dict[date, T], first: date, day: date, initial: T, extend: Callable[[date, T], T]) -> T:
    """A value that is carried forward from day to day of a season, `initial` on its first day."""
    start = day
    while start not in known and start > first:
        start -= _DAY
    known.setdefault(start, initial)
    while start < day:
        start += _DAY
        known[start] = extend(start, known[start - _DAY])
    return known[day]
