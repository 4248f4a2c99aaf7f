"""The `coverage` asset: the matrix date × table in the catalogue, and the checks that look at all history.

It is unpartitioned and reads the ledger; it depends on the tables only so that it comes after them where both are
selected. The standing checks are here because on a partitioned asset an unpartitioned check is stored for no partition
and opens the automation gate of every date.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import dagster as dg

from nba_assets.league.calendar import season_of
from nba_assets.orchestration.catalogue import COVERAGE_EVERY_DAY
from nba_assets.orchestration.explanations import explain_what_was_left_out
from nba_assets.orchestration.reporting import in_words, listed
from nba_assets.overview.freshness import results_by_nine
from nba_assets.overview.glance import attention, strip
from nba_assets.overview.html import write_page
from nba_assets.overview.matrix import Matrix, matrix
from nba_assets.overview.roots import next_step, roots_of, together
from nba_assets.overview.terminal import accepted_gaps, as_markdown
from nba_assets.partition import FAILED, Status
from nba_assets.planning.history import history
from nba_assets.planning.holes import not_in_order
from nba_assets.planning.load import load_state
from nba_assets.planning.state import Cell, State
from nba_assets.session import Session
from nba_assets.tables import TABLES
from nba_assets.text import counted

FRESHNESS_CHECK = "results_by_nine"
ACCEPTANCE_CHECK = "no_accepted_gaps"
_SHOWN_DAYS = 30
_MOST_ROOTS = 10


def standing_check(table: str) -> str:
    """The name of a table's standing check."""
    return f"no_failed_partitions__{table}"


def coverage_asset(owners: Sequence[str]) -> dg.AssetsDefinition:
    """The asset with its checks; computed after any work, at 09:00 Eastern, and by hand."""

    spec = dg.AssetSpec(
        "coverage",
        deps=list(TABLES),
        group_name="coverage",
        owners=list(owners),
        kinds={"markdown"},
        freshness_policy=COVERAGE_EVERY_DAY,
        description="What every table has for every date, why not, and what to do. Below: what needs attention, the "
        "newest 30 dates, a summary per season, and the page with all dates. On a terminal: `nba-assets coverage`. "
        "Computed within a minute or so of whatever has built something, and at 09:00 Eastern.",
    )

    # Not an asset of its own name: its op would bear the name of the job `coverage`.
    @dg.multi_asset(
        name="compute_coverage", specs=[spec], check_specs=_check_specs(), required_resource_keys={"pipeline"}
    )
    def coverage(context) -> Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]:  # type: ignore[no-untyped-def]
        session: Session = context.resources.pipeline.session
        days = history(session)
        first, last = (days[0], days[-1]) if days else (session.last_partition,) * 2
        state = load_state(session, first, last)
        found = matrix(session, first, last, state=state) if days else Matrix((), ())
        yield dg.MaterializeResult(asset_key="coverage", metadata=_metadata(session, found))
        wrong = not_in_order(state, days)
        for table in TABLES:
            lacking = [cell for partition, cell in wrong.items() if partition.table == table]
            explain_what_was_left_out(context, table, lacking)
            yield _in_order(state, table, lacking)
        yield _acceptances(found)
        yield _freshness(session, state)

    return coverage


def _check_specs() -> list[dg.AssetCheckSpec]:
    standing = [
        dg.AssetCheckSpec(
            standing_check(table),
            asset="coverage",
            description=f"No partition of {table} is a GAP, an ERROR, BLOCKED or STALE, over all history, and none is "
            "MISSING between those that were ever tried. Stays red until the last one is repaired: quiet must not look "
            "like fixed.",
        )
        for table in TABLES
    ]
    freshness = dg.AssetCheckSpec(
        FRESHNESS_CHECK,
        asset="coverage",
        description="Yesterday's results are in by 09:00 Eastern; passes where the source has the past alone.",
    )
    accepted = dg.AssetCheckSpec(
        ACCEPTANCE_CHECK,
        asset="coverage",
        description="No gap is published because somebody, or a policy, has accepted it as it is. Warns for as "
        "long as one is: what was accepted is still missing.",
    )
    return [*standing, accepted, freshness]


def _reaching_back(session: Session, state: State) -> State:
    """The state as far as freshness looks, should the ledger not reach so far."""
    yesterday = session.today() - timedelta(days=1)
    return state if state.end >= yesterday else load_state(session, yesterday - timedelta(days=1), yesterday)


def _metadata(session: Session, found: Matrix) -> dict[str, Any]:
    """The asset's page shows it in this order, and Markdown that is short as it is: see overview/glance.py."""
    counts, address = found.counts(), session.settings.coverage_url
    page = session.settings.coverage_page
    write_page(found, page)
    newest = Matrix(found.rows[: -_SHOWN_DAYS - 1 : -1], found.notes)
    return {
        "attention": dg.MetadataValue.md(attention(found, address)),
        "newest dates": dg.MetadataValue.md(strip(found)),
        "newest dates, with numbers": dg.MetadataValue.md(as_markdown(newest)),
        "seasons": dg.MetadataValue.md(seasons_as_markdown(found)),
        "page": dg.MetadataValue.url(address) if address else dg.MetadataValue.path(str(page)),
        "dates": len(found.rows),
        "dates in order": sum(row.is_fine for row in found.rows),
        "gaps and errors": sum(counts.get(status, 0) for status in FAILED),
    }


def seasons_as_markdown(found: Matrix) -> str:
    """One line per season: its dates, those in order, and how many partitions have each status that occurs."""
    lines = []
    for season in sorted({season_of(row.day) for row in found.rows}, reverse=True):
        rows = tuple(row for row in found.rows if season_of(row.day) == season)
        counts = Matrix(rows, ()).counts()
        of_status = ", ".join(f"{counts[status]:,} {status}" for status in Status if status in counts)
        in_order = sum(row.is_fine for row in rows)
        lines.append(f"- **{season}**: {counted(len(rows), 'date')}, {in_order} in order: {of_status}")
    return "\n".join(lines)


def _in_order(state: State, table: str, lacking: Sequence[Cell]) -> dg.AssetCheckResult:
    """A table's standing check: what is wrong with it, where that began, and what to run."""
    roots = roots_of(state, lacking)
    metadata: dict[str, Any] = {status.value: count for status, count in Counter(c.status for c in lacking).items()}
    if lacking:
        metadata["partitions"] = listed(lacking)
        metadata["roots"] = dg.MetadataValue.text("; ".join(map(str, together(roots)[:_MOST_ROOTS])))
        metadata["next"] = dg.MetadataValue.text(str(next_step(roots, lacking[-1].partition.day)))
    return dg.AssetCheckResult(
        check_name=standing_check(table),
        asset_key="coverage",
        passed=not lacking,
        description=in_words(lacking) if lacking else None,
        metadata=metadata,
    )


def _acceptances(found: Matrix) -> dg.AssetCheckResult:
    """The standing warning of what is missing and accepted, with the list and the command that takes it back."""
    cells = found.accepted()
    metadata: dict[str, Any] = {"accepted": len(cells)}
    if cells:
        metadata["partitions"] = listed(cells)
        first, last = cells[0].partition.day, cells[-1].partition.day
        metadata["to take it back"] = dg.MetadataValue.text(f"nba-assets unaccept {first} {last}")
    return dg.AssetCheckResult(
        check_name=ACCEPTANCE_CHECK,
        asset_key="coverage",
        passed=not cells,
        severity=dg.AssetCheckSeverity.WARN,
        description=accepted_gaps(found) or None,
        metadata=metadata,
    )


def _freshness(session: Session, state: State) -> dg.AssetCheckResult:
    """Whether yesterday's results are in; of a source that has the past alone nothing is awaited."""
    if session.has_ended():
        awaited = dg.MetadataValue.text(f"nothing: the last partition is {session.last_partition}")
        return dg.AssetCheckResult(
            check_name=FRESHNESS_CHECK, asset_key="coverage", passed=True, metadata={"awaited": awaited}
        )
    fresh = results_by_nine(session, _reaching_back(session, state))
    metadata: dict[str, Any] = {"date": str(fresh.day)}
    if fresh.late:
        metadata["late"] = listed(fresh.late)
    return dg.AssetCheckResult(check_name=FRESHNESS_CHECK, asset_key="coverage", passed=fresh.passed, metadata=metadata)
