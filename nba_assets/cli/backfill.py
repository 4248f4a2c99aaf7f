"""`backfill`, `repair` and `refresh`: one mechanism over a range, as Dagster runs in this process."""

from __future__ import annotations

import getpass
import logging
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated

import typer
from rich.table import Table as RichTable

from nba_assets.alerts.notify import notify
from nba_assets.alerts.transport import LogTransport
from nba_assets.build.again import ask_again
from nba_assets.build.plan import Step, forecast, ranges
from nba_assets.build.reading import load_state
from nba_assets.build.run_options import RunOptions
from nba_assets.build.session import Session, open_session
from nba_assets.build.state import Cell
from nba_assets.build.steps import Built
from nba_assets.cli.console import (
    FAILED,
    AsFormat,
    End,
    Format,
    Quiet,
    Start,
    UsageError,
    all_history,
    err,
    errors_explained,
    out,
    print_json,
    progress_bar,
    read_range,
)
from nba_assets.cli.tables import find_table
from nba_assets.league.calendar import season_last_day, season_of
from nba_assets.quality.status import FAILED as FAILED_STATUSES
from nba_assets.quality.status import FINE, Status
from nba_assets.tables import TABLES
from nba_assets.warehouse.base import WarehouseError

DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the plan and do nothing.")]
Force = Annotated[bool, typer.Option("--force", help="Publish also below the threshold and in bootstrap.")]
OnlyTables = Annotated[str | None, typer.Option("--tables", metavar="A,B,…", help="Only these tables.")]


def backfill(
    start: Start,
    end: End,
    tables: OnlyTables = None,
    dry_run: DryRun = False,
    force: Force = False,
    skip_downstream_trigger: Annotated[
        bool, typer.Option("--skip-downstream-trigger", help="Automation does not go on from these runs.")
    ] = False,
    bootstrap_days: Annotated[int | None, typer.Option(min=0, help="Replaces the policy's bootstrap days.")] = None,
    quiet: Quiet = False,
    format: AsFormat = Format.TABLE,
) -> None:
    """Build everything that a range lacks, with the relaxed thresholds of backfill mode."""
    options = RunOptions(
        backfill_mode=True,
        force=force,
        skip_downstream_trigger=skip_downstream_trigger,
        bootstrap_days=bootstrap_days,
        forced_by=getpass.getuser() if force else None,
    )
    with errors_explained():
        session = open_session()
        days = read_range(session, start, end)
        job = _Job(session, days, _table_names(tables), options, f"cli-{uuid.uuid4().hex[:8]}", frozenset())
        job.carry_out(dry_run=dry_run, quiet=quiet, format_=format)


def repair(
    start: Annotated[str | None, typer.Argument(metavar="[START", help="First date; default: all history.")] = None,
    end: Annotated[str | None, typer.Argument(metavar="END]", help="Last date, inclusive.")] = None,
    tables: OnlyTables = None,
    dry_run: DryRun = False,
    force: Force = False,
    quiet: Quiet = False,
    format: AsFormat = Format.TABLE,
) -> None:
    """Build what is missing, a gap, in error, blocked or stale; everything else is left alone."""
    options = RunOptions(force=force, forced_by=getpass.getuser() if force else None)
    with errors_explained():
        if start and not end:
            raise UsageError("give START and END, or neither")
        session = open_session()
        days = read_range(session, start, end) if start and end else all_history(session)
        job = _Job(session, days, _table_names(tables), options, None, frozenset())
        job.carry_out(dry_run=dry_run, quiet=quiet, format_=format)


def refresh(
    start: Start,
    end: End,
    dry_run: DryRun = False,
    quiet: Quiet = False,
    format: AsFormat = Format.TABLE,
) -> None:
    """Read the source again for a range, and repair whatever depends on what has changed."""
    with errors_explained():
        session = open_session()
        asked = read_range(session, start, end)
        # A game is in windows of its own season only: nothing after that can follow from it.
        season_ends = season_last_day(season_of(asked[-1]))
        last = max(min(all_history(session)[-1], season_ends), asked[-1])
        days = read_range(session, start, str(last))
        job = _Job(session, days, tuple(TABLES), RunOptions(), None, frozenset(asked))
        job.carry_out(dry_run=dry_run, quiet=quiet, format_=format)


@dataclass(frozen=True)
class _Job:
    """A range to be built, with what was asked for around it."""

    session: Session
    days: Sequence[date]
    tables: Sequence[str]
    options: RunOptions
    backfill_id: str | None
    refresh: frozenset[date]

    def carry_out(self, *, dry_run: bool, quiet: bool, format_: Format) -> None:
        """Plan or build, print, and end with the exit status that the range deserves."""
        self.session.warehouse.prepare()
        steps = forecast(load_state(self.session, self.days[0], self.days[-1]), self.tables, self.days, self.refresh)
        if dry_run:
            _print_plan(steps, format_)
            return
        started = time.monotonic()
        built = self._build_and_notify(steps, quiet=quiet)
        cells = self._cells()
        if format_ == Format.JSON:
            print_json(_summary(built, cells, time.monotonic() - started, self.session.warehouse.cost()))
        else:
            if not quiet:
                _print_summary(built, cells, time.monotonic() - started, self.session.warehouse.cost())
            _print_roots(cells)
        if any(cell.status not in FINE for cell in cells):
            raise typer.Exit(FAILED)

    def _build_and_notify(self, steps: Sequence[Step], *, quiet: bool) -> list[Built]:
        """Whoever is to be told is told now, also where no daemon runs.

        Without SES the alerts are recorded only: this terminal shows the summary anyway.
        """
        is_mailed = self.session.settings.ses_from_email is not None
        transport = None if is_mailed else LogTransport("told by the summary", level=logging.INFO)
        try:
            built = self._build(steps, quiet=quiet)
        except WarehouseError as error:
            notify(self.session, failure=error, transport=transport)
            raise
        notify(self.session, finished_backfill=self.backfill_id, transport=transport)
        return built

    def _build(self, steps: Sequence[Step], *, quiet: bool) -> list[Built]:
        from nba_assets.orchestration.instance import open_instance
        from nba_assets.orchestration.launch import Launch

        ask_again(self.session, self.refresh)
        expected = {step.table: len(step.build) for step in steps}
        with (
            open_instance(self.session.settings) as instance,
            progress_bar(sum(expected.values()), quiet=quiet) as advance,
        ):

            def told(step: Step, _: Sequence[Built]) -> None:
                advance(expected[step.table], f"{step.table}: {len(step.build)} built, {len(step.blocked)} blocked")

            launch = Launch(
                self.session,
                instance,
                self.days,
                self.tables,
                self.options,
                backfill_id=self.backfill_id,
                progress=told,
            )
            launch.run()
        return launch.built

    def _cells(self) -> list[Cell]:
        state = load_state(self.session, self.days[0], self.days[-1])
        return [state.cell(name, day) for name in self.tables for day in self.days if not TABLES[name].optional]


def _table_names(text: str | None) -> tuple[str, ...]:
    if text is None:
        return tuple(TABLES)
    names = [find_table(name.strip()).name for name in text.split(",") if name.strip()]
    return tuple(name for name in TABLES if name in names)


def _print_plan(steps: Sequence[Step], format_: Format) -> None:
    if format_ == Format.JSON:
        print_json([_planned(step) for step in steps if step.build or step.blocked])
        return
    table = RichTable(box=None, header_style="bold")
    for head in ("tier", "table", "partitions", "why", "dates", "blocked"):
        table.add_column(head, justify="right" if head in ("tier", "partitions", "blocked") else "left")
    for step in steps:
        if step.build or step.blocked:
            why = ", ".join(f"{count} {status.lower()}" for status, count in step.why.items())
            table.add_row(
                str(step.tier), step.table, str(len(step.build)), why, _dates(step.build), str(len(step.blocked) or "")
            )
    out.print(table)
    total = sum(len(step.build) for step in steps)
    out.print(f"{total} partitions would be built; those that come out unchanged are not rewritten.")


def _planned(step: Step) -> dict[str, object]:
    return {
        "tier": step.tier,
        "table": step.table,
        "partitions": len(step.build),
        "why": {status.value: count for status, count in step.why.items()},
        "ranges": [[str(first), str(last)] for first, last in ranges(step.build)],
        "blocked": len(step.blocked),
    }


def _dates(days: Sequence[date], most: int = 2) -> str:
    runs = [f"{first}" if first == last else f"{first} … {last}" for first, last in ranges(days)]
    more = f" and {len(runs) - most} more ranges" if len(runs) > most else ""
    return ", ".join(runs[:most]) + more


def _summary(built: Sequence[Built], cells: Sequence[Cell], seconds: float, cost: str | None) -> dict[str, object]:
    counts: dict[str, int] = {}
    for cell in cells:
        counts[cell.status.value] = counts.get(cell.status.value, 0) + 1
    return {
        "built": sum(1 for b in built if b.outcome.status != Status.BLOCKED),
        "changed": sum(b.changed for b in built),
        "seconds": round(seconds, 1),
        "statuses": counts,
        "cost": cost,
        "roots": [
            {"table": c.partition.table, "date": str(c.partition.day), "status": c.status, "reason": c.reason}
            for c in cells
            if c.status in FAILED_STATUSES
        ],
    }


def _print_summary(built: Sequence[Built], cells: Sequence[Cell], seconds: float, cost: str | None) -> None:
    told = _summary(built, cells, seconds, cost)
    statuses = told["statuses"]
    assert isinstance(statuses, dict)
    parts = ", ".join(f"{count:,} {status}" for status, count in statuses.items())
    rewritten = f"{told['changed']:,} rewritten" if told["built"] else "nothing to do"
    line = f"{told['built']:,} partitions built, {rewritten}, in {seconds:.1f} s. Asked range: {parts}."
    out.print(line, soft_wrap=True)
    if cost:
        out.print(cost)


def _print_roots(cells: Sequence[Cell]) -> None:
    """What failed, also with --quiet: silence means that everything asked is there."""
    roots = [cell for cell in cells if cell.status in FAILED_STATUSES]
    for cell in roots[:10]:
        err.print(f"{cell.status} {cell.partition}: {cell.reason}", markup=False, highlight=False, soft_wrap=True)
    if len(roots) > 10:
        err.print(f"… and {len(roots) - 10} more; see `nba-assets coverage`")
    if roots:
        first = roots[0].partition
        err.print(f"Next: nba-assets explain {first.table} {first.day}", highlight=False, soft_wrap=True)
