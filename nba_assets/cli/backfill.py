"""`backfill`, `repair` and `refresh`: one mechanism over a range, as Dagster runs in this process."""

from __future__ import annotations

import getpass
import logging
import time
import uuid
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated

import typer

from nba_assets.alerts.channels import channels_on
from nba_assets.alerts.notify import notify
from nba_assets.alerts.transport import LogTransport
from nba_assets.cli.changes import Diff, changes_as_dict, print_changes, rows_line, tables_as_dicts
from nba_assets.cli.console import (
    FAILED,
    AsFormat,
    Format,
    NamedStart,
    OptionalEnd,
    OptionalStart,
    Quiet,
    UsageError,
    Verbose,
    all_history,
    err,
    more_said,
    out,
    print_json,
    progress_bar,
)
from nba_assets.cli.place import opened
from nba_assets.cli.plan import known_roots, named, print_plan, print_plan_as_json
from nba_assets.cli.selection import (
    Exclude,
    Last,
    OfSeason,
    OnlyTables,
    Select,
    dates_asked,
    required_dates,
    tables_asked,
    tables_typed,
)
from nba_assets.engine.dry_run import plans_of, without_effect
from nba_assets.engine.in_order import Progress, build_in_order, in_order_already
from nba_assets.engine.materialize import PartitionResult, RunInfo, materialize
from nba_assets.engine.moved_games import dates_of_moved_games
from nba_assets.engine.refetch import ask_for, request_refetch
from nba_assets.engine.run_options import RunOptions
from nba_assets.engine.standing import record_altered
from nba_assets.league.calendar import season_last_day, season_of, seasons_between
from nba_assets.overview.as_json import root_as_dict
from nba_assets.overview.roots import Root, next_step, roots_of
from nba_assets.partition import FAILED as FAILED_STATUSES
from nba_assets.partition import Partition, Status
from nba_assets.planning.acceptance import can_be_accepted
from nba_assets.planning.at_rest import SeasonsAtRest
from nba_assets.planning.load import load_state
from nba_assets.planning.plan import Step
from nba_assets.planning.state import Cell, State
from nba_assets.session import Session
from nba_assets.tables import TABLES
from nba_assets.text import counted, joined, span
from nba_assets.warehouse.base import WarehouseError

DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the plan and do nothing.")]
Force = Annotated[bool, typer.Option("--force", help="Publish also below the threshold and in bootstrap.")]
AcceptGaps = Annotated[
    bool,
    typer.Option(
        "--accept-gaps",
        help="Publish raw and post-game gaps that are past the late limit as they are, DEGRADED; unaccept undoes it.",
    ),
]
_MOST_ROOTS = 10
_NOT_BUILT = ("failed", "blocked", "missing", "not due")


def backfill(
    start: NamedStart = None,
    end: OptionalEnd = None,
    last: Last = None,
    season: OfSeason = None,
    tables: OnlyTables = None,
    select: Select = None,
    exclude: Exclude = None,
    dry_run: DryRun = False,
    force: Force = False,
    accept_gaps: AcceptGaps = False,
    skip_downstream_trigger: Annotated[
        bool, typer.Option("--skip-downstream-trigger", help="Automation does not go on from these runs.")
    ] = False,
    bootstrap_days: Annotated[int | None, typer.Option(min=0, help="Replaces the policy's bootstrap days.")] = None,
    diff: Diff = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    format: AsFormat = Format.TABLE,
) -> None:
    """Build everything that is missing in a range, with the relaxed thresholds of backfill mode."""
    options = RunOptions(
        backfill_mode=True,
        force=force,
        accept_gaps=accept_gaps,
        skip_downstream_trigger=skip_downstream_trigger,
        bootstrap_days=bootstrap_days,
        forced_by=_who(force, accept_gaps),
    )
    with more_said(verbose, quiet=quiet):
        session = _session(format, quiet=quiet, dry_run=dry_run)
        days = required_dates(session, start, end, last, season)
        names = tables_asked(tables, select, exclude)
        asked = _Asked("backfill", _by_name(days, start), tables_typed(names, tables, select), verbose)
        job = _Job(session, days, names, options, asked, backfill_id=f"cli-{uuid.uuid4().hex[:8]}")
        job.carry_out(dry_run=dry_run, diff=diff, quiet=quiet, format_=format)


def repair(
    start: OptionalStart = None,
    end: OptionalEnd = None,
    last: Last = None,
    season: OfSeason = None,
    tables: OnlyTables = None,
    select: Select = None,
    exclude: Exclude = None,
    dry_run: DryRun = False,
    force: Force = False,
    accept_gaps: AcceptGaps = False,
    rewrite: Annotated[
        bool, typer.Option("--rewrite", help="Build what is up to date, too, and write it again; needs dates.")
    ] = False,
    diff: Diff = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    format: AsFormat = Format.TABLE,
) -> None:
    """Build what is missing, a gap, in error, blocked or stale; everything else is left alone.

    Without START and END, partitions that are not due yet do not count for the exit status: they were not asked for.
    """
    options = RunOptions(force=force, accept_gaps=accept_gaps, rewrite=rewrite, forced_by=_who(force, accept_gaps))
    with more_said(verbose, quiet=quiet):
        session = _session(format, quiet=quiet, dry_run=dry_run)
        dates = dates_asked(session, start, end, last, season)
        if rewrite and not dates:
            raise UsageError(
                "--rewrite needs START and END, --last or --season: of all history it would rebuild everything"
            )
        names = tables_asked(tables, select, exclude)
        days = dates or _restless(session, options, quiet=quiet)
        asked = _Asked("repair", _by_name(days, start), tables_typed(names, tables, select), verbose)
        job = _Job(session, days, names, options, asked, compared=dates)
        job.carry_out(dry_run=dry_run, diff=diff, quiet=quiet, format_=format)


def refresh(
    start: NamedStart = None,
    end: OptionalEnd = None,
    last: Last = None,
    season: OfSeason = None,
    dry_run: DryRun = False,
    diff: Diff = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    format: AsFormat = Format.TABLE,
) -> None:
    """Ask the source again for a range, and repair whatever depends on what has changed.

    If games have moved to or from other dates that are published, these are read again as well; so is the injury
    report of the day before the range.
    """
    with more_said(verbose, quiet=quiet):
        session = _session(format, quiet=quiet, dry_run=dry_run)
        named = required_dates(session, start, end, last, season)
        session.warehouse.prepare()
        _want_again(session, named, quiet=quiet or dry_run)
        moved = dates_of_moved_games(session, named)
        dates = sorted({*named, *moved})
        session.source.renew(moved)
        ask_for(session, dates)
        # A game is in windows of its own season only: nothing after that can follow from it.
        season_ends = season_last_day(season_of(dates[-1]))
        until = max(min(all_history(session)[-1], season_ends), dates[-1])
        built = {day.date() for day in session.warehouse.ledger(dates[0], until)["partition_date"]}
        days = sorted(built.union(dates))
        asked = _Asked("refresh", dates, verbose=verbose)
        job = _Job(session, days, tuple(TABLES), RunOptions(), asked, refresh=frozenset(dates), compared=dates)
        job.carry_out(dry_run=dry_run, diff=diff, quiet=quiet, format_=format)


def _restless(session: Session, options: RunOptions, *, quiet: bool) -> list[date]:
    """All history, without the seasons of which it is known that a repair has nothing to do there."""
    days = all_history(session)
    at_rest = frozenset() if options.force else SeasonsAtRest(session).in_order
    restless = [day for day in days if season_of(day) not in at_rest] or days[-1:]
    left_out = seasons_between(days) if season_of(restless[0]) in at_rest else sorted(at_rest)
    if left_out and not quiet:
        err.say(f"unchanged since last found in order: {joined(left_out, _MOST_ROOTS)}")
    return restless


def _by_name(days: Sequence[date], start: str | None) -> Sequence[date]:
    """The dates that were asked for one by one: not those that are so many, or a season's."""
    return days if start is not None else ()


def _who(*is_accepting: bool) -> str | None:
    """Who accepts what is missing, if somebody does."""
    return getpass.getuser() if any(is_accepting) else None


def _session(format_: Format, *, quiet: bool, dry_run: bool) -> Session:
    session = opened(format_, quiet=quiet)
    return without_effect(session) if dry_run else session


def _want_again(session: Session, days: Sequence[date], *, quiet: bool) -> None:
    """Write down that the source is to be asked again, before it is: an interruption must not forget it."""
    is_asked = session.source.renew(days)
    request_refetch(session, days)
    if is_asked and not quiet:
        err.say(f"asking the source again for {span(days[0], days[-1])}")


Build = Callable[[Sequence[date], Collection[str], Progress], list[PartitionResult]]
"""Builds what some dates need of some tables."""


@dataclass(frozen=True)
class _Asked:
    """What a person has typed: the command, and the dates and tables that were named one by one."""

    command: str
    days: Collection[date]
    tables: Collection[str] = ()
    verbose: bool = False


@dataclass(frozen=True)
class _Job:
    """A range to be built, with what was asked for around it.

    The rows of the dates that are `compared` are held against the ledger before anything is planned.
    """

    session: Session
    days: Sequence[date]
    tables: Sequence[str]
    options: RunOptions
    asked: _Asked
    backfill_id: str | None = None
    refresh: frozenset[date] = frozenset()
    compared: Sequence[date] = ()

    def carry_out(self, *, dry_run: bool, diff: bool, quiet: bool, format_: Format) -> None:
        """Plan or build, print, and end with the exit status that the range deserves.

        A plan is what the same does in a session without effect.
        """
        self.session.warehouse.prepare()
        self._record_altered()
        if dry_run:
            self._plan(diff=diff, quiet=quiet, format_=format_)
            return
        started = time.monotonic()
        results, state = self._build_and_notify(quiet=quiet)
        seconds = time.monotonic() - started
        cells, roots = self._judge(state)
        if format_ == Format.JSON:
            changes = changes_as_dict(self.session, results, diff=diff)
            print_json(_summary(results, cells, roots, seconds, self.session.warehouse.cost()) | {"changes": changes})
        elif not quiet:
            if diff:
                print_changes(self.session, results)
            _print_summary(results, cells, seconds, self.session.warehouse.cost())
        self._warn_of_optional(results)
        if roots:
            self._print_roots(roots)
            raise typer.Exit(FAILED)

    def _print_roots(self, roots: Sequence[Root]) -> None:
        """Why the status is not 0, also with --quiet: silence means that everything asked is there."""
        for line in named(roots):
            err.say(line)
        err.say(f"Next: {next_step(roots, self.days[-1])}")
        gaps = [r.partition.day for r in roots if can_be_accepted(self.session, r.partition, r.status, r.findings)]
        if gaps:
            command = f"nba-assets backfill {min(gaps)} {self.days[-1]} --accept-gaps"
            err.say(f"If what is missing will not come: {command}")

    def _warn_of_optional(self, results: Sequence[PartitionResult]) -> None:
        """What has failed of tables that nothing waits for and nobody has named: no failure of the command."""
        failed = [r.outcome for r in results if r.outcome.status in FAILED_STATUSES]
        for name in self.tables:
            of_table = [outcome for outcome in failed if outcome.partition.table == name]
            if of_table and not self._counts(name):
                dates = counted(len(of_table), "date")
                first = f"{of_table[0].partition} {of_table[0].status}: {of_table[0].reason}"
                err.say(f"warning: {name} failed on {dates}; it is optional, and nothing waits for it. {first}")

    def _counts(self, table: str) -> bool:
        """Whether the command fails with a table: an optional one must have been asked for by name."""
        return not TABLES[table].optional or table in self.asked.tables

    def _record_altered(self) -> None:
        """Partitions whose rows somebody has changed are made STALE."""
        days = self.compared
        altered = record_altered(self.session, days, found_by=self.asked.command) if days else {}
        if altered:
            err.say("warning:", f"rows altered outside the pipeline: {joined([*map(str, altered)], _MOST_ROOTS)}")

    def _plan(self, *, diff: bool, quiet: bool, format_: Format) -> None:
        steps: list[Step] = []
        run = RunInfo(backfill_id=self.backfill_id, options=self.options)

        def compute(table: str, days: Sequence[date], state: State) -> list[PartitionResult]:
            return materialize(self.session, table, days, run, state)

        def build(days: Sequence[date], tables: Collection[str], progress: Progress) -> list[PartitionResult]:
            def planned(step: Step, results: Sequence[PartitionResult]) -> None:
                steps.append(step)
                progress(step, results)

            return build_in_order(self.session, days, tables, run, compute, planned)

        results = self._build(build, quiet=quiet, done="computed")
        cells, roots = self._judge()
        typed = [
            cell.partition for cell in cells if cell.status == Status.NOT_DUE and cell.partition.day in self.asked.days
        ]
        plans = plans_of(self.session, self.days, steps, results, typed)
        if format_ == Format.JSON:
            print_plan_as_json(plans, known_roots(plans, roots), tables_as_dicts(self.session, results, diff=diff))
            return
        if diff:
            print_changes(self.session, results)
        print_plan(plans, known_roots(plans, roots), rows_line(results))

    def _build_and_notify(self, *, quiet: bool) -> tuple[list[PartitionResult], State | None]:
        """Build, and report to people now, also where no daemon runs; the state afterwards, if it is known.

        Where no channel is on the alerts are recorded only: this terminal shows the summary anyway.
        """
        log = LogTransport("the summary says it", level=logging.INFO)
        transports = channels_on(self.session.settings) or [log]
        try:
            # Of what is in order no run is made, and Dagster, a second of importing, is not even asked.
            state = None if self.refresh else in_order_already(self.session, self.days, self.tables, self.options)
            results, state = self._launch(quiet=quiet) if state is None else ([], state)
        except WarehouseError as error:
            notify(self.session, failure=error, transports=transports)
            raise
        asked = [Partition(name, day) for name in self.tables for day in self.days]
        notify(self.session, finished_backfill=self.backfill_id, asked=asked, transports=transports)
        return results, state

    def _launch(self, *, quiet: bool) -> tuple[list[PartitionResult], State | None]:
        from nba_assets.orchestration.instance import open_instance
        from nba_assets.orchestration.launch import Launch

        state: State | None = None
        with open_instance(self.session.settings) as instance:

            def build(days: Sequence[date], tables: Collection[str], progress: Progress) -> list[PartitionResult]:
                nonlocal state
                ids = (self.backfill_id, self.asked.command)
                launch = Launch(self.session, instance, days, tables, self.options, *ids, progress)
                results = launch.run()
                state = launch.state_afterwards()
                return results

            return self._build(build, quiet=quiet), state

    def _build(self, build: Build, *, quiet: bool, done: str = "built") -> list[PartitionResult]:
        """The range, and before it what dates to be refreshed take from others: the report of the day before.

        The progress calls it `done`.
        """
        wanted = request_refetch(self.session, self.refresh)
        beside = [partition for partition in wanted if partition.day not in self.days]
        with progress_bar(len(self.tables) * len(self.days), quiet=quiet) as advance:
            results = [r for one in beside for r in build([one.day], [one.table], lambda *_: None)]
            return results + build(self.days, self.tables, self._progress(advance, done))

    def _progress(self, advance: Callable[[int, str], None], done: str) -> Progress:
        """A step forward for each table; with --verbose also a line for each partition, and how long they took."""
        before = time.monotonic()

        def progress(step: Step, results: Sequence[PartitionResult]) -> None:
            nonlocal before
            counts = _counts(results)
            parts = [f"{counts['built']:,} {done}"] if counts["built"] else []
            parts = [*parts, *_nonzero(counts, *_NOT_BUILT)] or ["nothing to do"]
            if self.asked.verbose:
                parts.append(f"{time.monotonic() - before:.1f} s")
                for result in results:
                    err.say(_in_words(result))
            before = time.monotonic()
            advance(len(self.days), f"{step.table}: {', '.join(parts)}")

        return progress

    def _judge(self, known: State | None = None) -> tuple[list[Cell], list[Root]]:
        """The cells of the range that count, and the roots of whatever keeps it from having succeeded.

        What is not due yet is a failure only on a date that was asked for by name. `known` is the state, if it is
        known.
        """
        state = known or load_state(self.session, self.days[0], self.days[-1], self.tables, seasons_between(self.days))
        cells = [state.cell(name, day) for name in self.tables for day in self.days if self._counts(name)]
        counting = [cell for cell in cells if cell.status != Status.NOT_DUE or cell.partition.day in self.asked.days]
        return cells, roots_of(state, counting)


def _in_words(result: PartitionResult) -> str:
    """ "raw_shots 2021-11-02 OK, 892 rows", "… , unchanged", "raw_shots 2021-11-02 GAP: …" """
    outcome = result.outcome
    rows = f", {counted(outcome.rows, 'row')}{'' if result.changed else ', unchanged'}" if outcome.is_published else ""
    return f"{outcome.partition} {outcome.status}{rows}{f': {outcome.reason}' if outcome.reason else ''}"


def _nonzero(counts: Counter[str], *names: str) -> list[str]:
    """["1 failed", "2 blocked"]: the counts of these names that are not zero."""
    return [f"{counts[name]:,} {name}" for name in names if counts[name]]


def _counts(results: Sequence[PartitionResult]) -> Counter[str]:
    """How many partitions were published, failed, or had to wait."""
    names = {Status.BLOCKED: "blocked", Status.NOT_DUE: "not due", Status.MISSING: "missing"}
    names |= dict.fromkeys(FAILED_STATUSES, "failed")
    return Counter("built" if r.outcome.is_published else names[r.outcome.status] for r in results)


def _summary(
    results: Sequence[PartitionResult], cells: Sequence[Cell], roots: Sequence[Root], seconds: float, cost: str | None
) -> dict[str, object]:
    counts = _counts(results)
    return {
        "built": counts["built"],
        "changed": sum(r.changed for r in results),
        "failed": counts["failed"],
        "blocked": counts["blocked"],
        "seconds": round(seconds, 1),
        "statuses": Counter(cell.status.value for cell in cells),
        "cost": cost,
        "roots": [root_as_dict(root) for root in roots],
    }


def _print_summary(results: Sequence[PartitionResult], cells: Sequence[Cell], seconds: float, cost: str | None) -> None:
    counts = _counts(results)
    parts = [f"{counted(counts['built'], 'partition')} built"]
    if counts["built"]:
        parts.append(f"{sum(r.changed for r in results):,} rewritten")
    elif not results:
        parts.append("nothing to do")
    parts += _nonzero(counts, *_NOT_BUILT)
    out.print(f"{', '.join(parts)}, in {seconds:.1f} s.", soft_wrap=True)
    if line := rows_line(results):
        out.say(f"{line}.")
    days = [cell.partition.day for cell in cells]
    if days:
        statuses = Counter(cell.status for cell in cells)
        numbers = ", ".join(f"{count:,} {status}" for status, count in statuses.items())
        shown = {cell.partition.table for cell in cells}
        has_optional = any(r.outcome.partition.table not in shown for r in results)
        left_out = " (optional tables left out)" if has_optional else ""
        out.print(f"{span(min(days), max(days))}: {numbers}{left_out}.", soft_wrap=True)
    if cost:
        out.print(cost)
