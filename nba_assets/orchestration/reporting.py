"""Outcomes become Dagster events, exact per partition, also when one run covers two hundred dates.

A good partition is materialised and its checks pass; a gap's check fails with the numbers, and its partition is
FAILED because the step fails without having materialised it. The order of events matters; see `report`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData,
)

from nba_assets.build.steps import Built
from nba_assets.quality.audit import SHORT_NAMES, Outcome
from nba_assets.quality.status import FINE, Status
from nba_assets.tables import TABLES, Table

COMPLETE = "complete"
PRODUCTION_READY = "production_ready"
_PREVIEW_ROWS = 5
_NAMED_IN_FAILURE = 5

Events = Iterator[dg.MaterializeResult | dg.AssetCheckResult]


def check_specs(table: Table, partitions: dg.PartitionsDefinition) -> list[dg.AssetCheckSpec]:
    """The two checks of a table: one that blocks, one that warns."""
    return [
        dg.AssetCheckSpec(
            COMPLETE,
            asset=table.name,
            blocking=True,
            partitions_def=partitions,
            description="The partition has what the schedule says it must have. Fails for a gap, an error or a "
            f"blocked input; `nba-assets explain {table.name} DATE` walks to the root.",
        ),
        dg.AssetCheckSpec(
            PRODUCTION_READY,
            asset=table.name,
            partitions_def=partitions,
            description="Warns where a partition is published although inputs that should exist are missing "
            "(DEGRADED); the reason names games, teams or players.",
        ),
    ]


@dataclass(frozen=True)
class _Verdict:
    built: Sequence[Built]

    @property
    def good(self) -> list[Built]:
        return [b for b in self.built if b.outcome.status in FINE]

    @property
    def waiting(self) -> list[Built]:
        return [b for b in self.built if b.outcome.status == Status.NOT_DUE]

    @property
    def bad(self) -> list[Built]:
        return [b for b in self.built if b.outcome.status not in FINE and b.outcome.status != Status.NOT_DUE]


def report(context: dg.AssetExecutionContext, table: Table, built: Sequence[Built]) -> Events:
    """The events of one step; raises dg.Failure if a partition failed, after everything good is reported.

    Unchanged partitions are not materialised again, unless the run fails (planned partitions without a
    materialization would turn FAILED with it) or other steps of the run wait for this one's output.
    """
    verdict = _Verdict(built)
    key = dg.AssetKey(table.name)
    if len(built) == 1:
        yield from _report_single(context, table, built[0])
    elif verdict.bad or verdict.waiting or not _must_emit_all(context, key, verdict.good):
        emitted = verdict.good if verdict.bad else _new(context, key, verdict.good)
        for b in emitted:
            context.log_event(dg.AssetMaterialization(key, partition=b.day.isoformat(), metadata=_metadata(b)))
        _evaluate(context, table, [*emitted, *verdict.bad])
        yield from _summaries(table, verdict)
    else:
        for b in verdict.good:
            context.add_asset_metadata(_metadata(b), asset_key=key, partition_key=b.day.isoformat())
        yield dg.MaterializeResult(asset_key=key)
        _evaluate(context, table, verdict.good)
        yield from _summaries(table, verdict)
    if verdict.bad:
        raise dg.Failure(_failure_text(table, verdict.bad), allow_retries=False)


def _report_single(context: dg.AssetExecutionContext, table: Table, b: Built) -> Events:
    key = dg.AssetKey(table.name)
    is_good = b.outcome.status in FINE
    if is_good and (b.changed or _must_emit_all(context, key, [b]) or _new(context, key, [b])):
        yield dg.MaterializeResult(asset_key=key, metadata=_metadata(b))
    elif is_good:
        context.log.info(f"{b.outcome.partition}: unchanged; only the ledger row was renewed")
    elif b.outcome.status == Status.NOT_DUE:
        context.log.info(f"{b.outcome.partition}: not due ({b.outcome.reason})")
    is_bad = not is_good and b.outcome.status != Status.NOT_DUE
    yield dg.AssetCheckResult(check_name=COMPLETE, asset_key=key, passed=not is_bad, metadata=numbers(b.outcome))
    yield _production_ready(key, b.outcome)


def _production_ready(key: dg.AssetKey, outcome: Outcome) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=PRODUCTION_READY,
        asset_key=key,
        passed=outcome.status != Status.DEGRADED,
        severity=dg.AssetCheckSeverity.WARN,
        metadata=numbers(outcome),
    )


def _summaries(table: Table, verdict: _Verdict) -> Events:
    key = dg.AssetKey(table.name)
    degraded = [b for b in verdict.good if b.outcome.status == Status.DEGRADED]
    told = {"gaps": dg.MetadataValue.md(_list(verdict.bad))} if verdict.bad else {"dates": len(verdict.built)}
    yield dg.AssetCheckResult(check_name=COMPLETE, asset_key=key, passed=not verdict.bad, metadata=told)
    yield dg.AssetCheckResult(
        check_name=PRODUCTION_READY,
        asset_key=key,
        passed=not degraded,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"degraded": dg.MetadataValue.md(_list(degraded))} if degraded else {},
    )


def _evaluate(context: dg.AssetExecutionContext, table: Table, built: Sequence[Built]) -> None:
    """The checks of each date, aimed at the materialization that they speak of (None for a gap)."""
    key = dg.AssetKey(table.name)
    targets = _targets(context, key, [b.day.isoformat() for b in built if b.outcome.status in FINE])
    for b in built:
        day = b.day.isoformat()
        context.log_event(
            dg.AssetCheckEvaluation(
                asset_key=key,
                check_name=COMPLETE,
                passed=b.outcome.status in FINE,
                metadata=numbers(b.outcome),
                target_materialization_data=targets.get(day),
                blocking=True,
                partition=day,
            )
        )
        if b.outcome.status == Status.DEGRADED:
            context.log_event(
                dg.AssetCheckEvaluation(
                    asset_key=key,
                    check_name=PRODUCTION_READY,
                    passed=False,
                    metadata=numbers(b.outcome),
                    target_materialization_data=targets.get(day),
                    severity=dg.AssetCheckSeverity.WARN,
                    blocking=False,
                    partition=day,
                )
            )


def _targets(
    context: dg.AssetExecutionContext, key: dg.AssetKey, days: Sequence[str]
) -> dict[str, AssetCheckEvaluationTargetMaterializationData]:
    """The newest materialization of each day, in one query."""
    if not days:
        return {}
    filter_ = dg.AssetRecordsFilter(asset_key=key, asset_partitions=list(days))
    records = context.instance.fetch_materializations(filter_, limit=2 * len(days)).records
    newest: dict[str, AssetCheckEvaluationTargetMaterializationData] = {}
    for record in records:
        if record.partition_key is not None and record.partition_key not in newest:
            newest[record.partition_key] = AssetCheckEvaluationTargetMaterializationData(
                storage_id=record.storage_id, run_id=record.run_id, timestamp=record.timestamp
            )
    return newest


def _new(context: dg.AssetExecutionContext, key: dg.AssetKey, good: Sequence[Built]) -> list[Built]:
    """Those that changed, and those that Dagster does not know as materialised."""
    unchanged = [b.day.isoformat() for b in good if not b.changed]
    known: dict[str, Any] = {}
    if unchanged:
        partitions = context.assets_def.partitions_def
        assert partitions is not None
        known = dict(context.instance.get_status_by_partition(key, unchanged, partitions) or {})
    stands = {day for day, status in known.items() if status is not None and status.name == "MATERIALIZED"}
    return [b for b in good if b.changed or b.day.isoformat() not in stands]


def _must_emit_all(context: dg.AssetExecutionContext, key: dg.AssetKey, good: Sequence[Built]) -> bool:
    selected = context.run.asset_selection
    waited_for = selected is None or len(selected) > 1
    return waited_for or len(_new(context, key, good)) == len(good)


def numbers(outcome: Outcome) -> dict[str, Any]:
    """A partition's numbers as Dagster metadata."""
    told: dict[str, Any] = {"status": outcome.status.value, "rows": outcome.rows}
    for name in ("expected", "complete", "required", "share", "production_ready_share", "reason"):
        value = getattr(outcome, name)
        if value is not None:
            told[name] = value
    if outcome.root is not None:
        told["root"] = str(outcome.root)
    return told


def _metadata(b: Built) -> dict[str, Any]:
    told = {f"nba/{name}": value for name, value in numbers(b.outcome).items() if name != "rows"}
    told["dagster/partition_row_count"] = b.outcome.rows
    if len(b.rows):
        told["nba/preview"] = dg.MetadataValue.md(_preview(b))
    return told


def _preview(b: Built) -> str:
    """The first rows as a Markdown table."""
    rows = b.rows.head(_PREVIEW_ROWS)
    heads = list(rows.columns)
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    lines += [f"| {' | '.join(_text(value) for value in row)} |" for row in rows.itertuples(index=False)]
    return "\n".join(lines)


def _text(value: Any) -> str:
    if value is None or (not isinstance(value, list) and value != value):
        return ""
    if hasattr(value, "strftime"):
        return f"{value:%Y-%m-%d}" if getattr(value, "hour", 0) == 0 else f"{value:%Y-%m-%d %H:%M}"
    return f"{value:.4g}" if isinstance(value, float) else str(value).replace("|", "/")


def _failure_text(table: Table, bad: Sequence[Built]) -> str:
    first = bad[0].outcome
    more = f" (and {len(bad) - 1} more dates)" if len(bad) > 1 else ""
    explain = f"nba-assets explain {table.name} {first.partition.day}"
    return f"{first.partition} {first.status}: {first.reason}{more}. Next: {explain}"


def _list(built: Iterable[Built]) -> str:
    return "\n".join(f"- {b.day} **{b.outcome.status}** {b.outcome.reason or ''}" for b in built)


def catalogue_name(table: str) -> str:
    """dataset.table, as a person would query it."""
    return f"{TABLES[table].dataset}.{table}"


__all__ = ["COMPLETE", "PRODUCTION_READY", "SHORT_NAMES", "catalogue_name", "check_specs", "numbers", "report"]
