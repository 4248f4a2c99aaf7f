"""How the plan of a dry run is printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from nba_assets.cli.console import out, plain_table, print_json
from nba_assets.engine.dry_run import VERDICT_MEANS, TablePlan, Verdict
from nba_assets.overview.as_json import root_as_dict, verdict_as_dict
from nba_assets.overview.roots import Root, together
from nba_assets.partition import Partition, Status
from nba_assets.planning.plan import ranges
from nba_assets.text import counted, joined, span

_MOST_ROOTS = 10


def known_roots(plans: Sequence[TablePlan], roots: Sequence[Root]) -> list[Root]:
    """The roots that do not wait for the source's answer."""
    unknown = {Partition(plan.table, day) for plan in plans for day in plan.days.get(Verdict.UNKNOWN, ())}
    return [root for root in roots if root.partition not in unknown]


def print_plan_as_json(plans: Sequence[TablePlan], roots: Sequence[Root], changes: Mapping[str, object]) -> None:
    """The dates of each verdict, what would fail, and how the rows of each table would change."""
    planned = [_as_dict(plan) | {"changes": changes.get(plan.table)} for plan in plans]
    print_json({"plan": planned, "roots": [root_as_dict(root) for root in roots]})


def print_plan(plans: Sequence[TablePlan], roots: Sequence[Root], rows: str | None) -> None:
    """A line per table with the number of its dates of each verdict; what would fail, and how rows would change."""
    if not plans:
        out.print("nothing to do")
    else:
        verdicts = [verdict for verdict in Verdict if any(verdict in plan.days for plan in plans)]
        table = plain_table(["tier", "table", *verdicts, "why", "dates"], right=["tier", *verdicts])
        for plan in plans:
            numbers = [_number(plan, verdict) for verdict in verdicts]
            why = ", ".join(f"{count} {status.lower()}" for status, count in plan.why.items())
            table.add_row(str(plan.tier), plan.table, *numbers, why, _dates(plan))
        out.print(table)
        for line in (*named(roots), *([f"{rows}."] if rows else []), _totals(plans, verdicts)):
            out.say(line)


def named(roots: Sequence[Root]) -> list[str]:
    """A line for each of the worst roots, one for those that are alike."""
    found = [str(trouble) for trouble in together(roots)]
    more = len(found) - _MOST_ROOTS
    return found if more <= 0 else [*found[:_MOST_ROOTS], f"… and {more} more; see `nba-assets coverage`"]


def _number(plan: TablePlan, verdict: Verdict) -> str:
    """ "12", "12 (3 DEGRADED)"; nothing for none"""
    days = plan.days.get(verdict, ())
    degraded = len(set(days) & set(plan.degraded))
    return f"{len(days)} ({degraded} {Status.DEGRADED})" if degraded else str(len(days) or "")


def _dates(plan: TablePlan) -> str:
    days = sorted(day for found in plan.days.values() for day in found)
    return joined([span(*run) for run in ranges(days)], 2)


def _totals(plans: Sequence[TablePlan], verdicts: Sequence[Verdict]) -> str:
    """ "1,060 partitions: 807 build (rows are written), 253 unchanged (computed again, and found as it stands)" """
    numbers = {verdict: sum(len(plan.days.get(verdict, ())) for plan in plans) for verdict in verdicts}
    parts = [f"{number:,} {verdict} ({VERDICT_MEANS[verdict]})" for verdict, number in numbers.items()]
    return f"{counted(sum(numbers.values()), 'partition')}: {', '.join(parts)}. Nothing was done."


def _as_dict(plan: TablePlan) -> dict[str, object]:
    return {
        "tier": plan.tier,
        "table": plan.table,
        "partitions": sum(map(len, plan.days.values())),
        "why": {status.value: count for status, count in plan.why.items()},
        "dates": {verdict.value: _ranges(days) for verdict, days in plan.days.items()},
        "degraded": _ranges(plan.degraded),
        "failures": [verdict_as_dict(one.partition, one.status, one.reason, one.findings) for one in plan.failures],
    }


def _ranges(days: Sequence[date]) -> list[list[str]]:
    return [[str(first), str(last)] for first, last in ranges(days)]
