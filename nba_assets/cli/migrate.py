"""`migrate`: bring stored tables to their contracts where that is safe, and say what a person must do elsewhere."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import Annotated

import typer

from nba_assets.cli.console import FAILED, AsFormat, Format, Quiet, out, print_json, progress_bar
from nba_assets.cli.place import opened
from nba_assets.engine.carry_over import carry_over
from nba_assets.engine.first_fingerprints import record_first_fingerprints
from nba_assets.engine.progress import Progress
from nba_assets.session import Session
from nba_assets.text import counted
from nba_assets.warehouse.ddl import Migration
from nba_assets.warehouse.ledger import PROCESSOR_RUNS


def migrate(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the differences, change nothing.")] = False,
    quiet: Quiet = False,
    format: AsFormat = Format.TABLE,
) -> None:
    """Compare stored tables with their contracts and apply what is safe; exit status 1 if something is left to you."""
    session, progress = opened(format, quiet=quiet), partial(progress_bar, quiet=quiet)
    warehouse = session.warehouse
    found = warehouse.migrate(dry_run=dry_run)
    if all(migration.is_safe for migration in found):
        found += _carried_over(session, progress, dry_run=dry_run)
        if not (dry_run and found):  # what the ledger lacks is not known before it has its columns
            found += _first_fingerprints(session, progress, dry_run=dry_run)
    if format == Format.JSON:
        print_json({"differences": [asdict(migration) for migration in found]})
    elif not quiet:
        _print(found, where=warehouse.describe(), dry_run=dry_run)
    if any(not migration.is_safe for migration in found):
        raise typer.Exit(FAILED)


def _carried_over(session: Session, progress: Progress, *, dry_run: bool) -> list[Migration]:
    """The ledger's rows of an older version, as one more difference that is safe to remove; no statement does it."""
    partitions = sum(number for _, number in carry_over(session, dry_run=dry_run, progress=progress))
    why = f"{counted(partitions, 'partition')} carried over to this version's code versions, nothing to be rebuilt"
    return [Migration(PROCESSOR_RUNS.qualified, "", True, why)] if partitions else []


def _first_fingerprints(session: Session, progress: Progress, *, dry_run: bool) -> list[Migration]:
    """What the source said of partitions that an older version published."""
    recorded = record_first_fingerprints(session, dry_run=dry_run, progress=progress)
    if not recorded.partitions:
        return []
    what = f"what the source said of {counted(recorded.partitions, 'raw partition')} is recorded"
    others = f"; {counted(recorded.different, 'other')} not what it says now" if recorded.different else ""
    return [Migration(PROCESSOR_RUNS.qualified, "", True, what + others)]


def _print(found: list[Migration], *, where: str, dry_run: bool) -> None:
    safe = [migration for migration in found if migration.is_safe]
    refused = [migration for migration in found if not migration.is_safe]
    for title, those in ((("would apply" if dry_run else "applied"), safe), ("refused, to be run by you", refused)):
        for migration in those:
            out.say(f"{title}: {migration.relation}: {migration.why}")
            if migration.statement and (dry_run or not migration.is_safe):
                out.say(f"    {migration.statement}")
    counts = f"{len(safe)} {'to apply' if dry_run else 'applied'}, {len(refused)} refused"
    out.say(f"{where}: {counts if found else 'nothing to do'}")
