"""Outcomes become Dagster events, exact per partition, also when one run covers two hundred dates.

A good partition is materialised and its checks pass; a gap's check fails with the numbers, and its partition is
FAILED because the step fails without having materialised it. The order of events matters; see `report`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg
import pandas as pd

from nba_assets.engine.materialize import PartitionResult
from nba_assets.orchestration.dagster_private import AssetCheckEvaluationTargetMaterializationData
from nba_assets.orchestration.event_batch import store
from nba_assets.partition import FINE, IN_ORDER, MEANING, Outcome, Partition, Status, sentence_of
from nba_assets.planning.state import Cell
from nba_assets.schema.table import Table
from nba_assets.tables import downstream_of
from nba_assets.text import joined, markdown_table

DAGSTER_BACKFILL_TAG = "dagster/backfill"
COMPLETE = "complete"
PRODUCTION_READY = "production_ready"
_WARN = dg.AssetCheckSeverity.WARN
_DATA_VERSION_TAG = "dagster/data_version"
_PREVIEW_ROWS = 5
_MOST_LISTED = 20
_MOST_IN_WORDS = 5

Events = Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]


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
class Verdict:
    """Partitions by what becomes of them in Dagster: materialised, left as they are, or failed.

    `blocked_fails` is for runs that a person asked for: a partition behind a gap fails, and says why. Backfills and
    automation leave it missing, with a failed check: FAILED marks the gaps themselves, and nothing else.
    """

    results: Sequence[PartitionResult]
    blocked_fails: bool

    @property
    def good(self) -> list[PartitionResult]:
        return [r for r in self.results if r.outcome.status in FINE]

    @property
    def blocked(self) -> list[PartitionResult]:
        """What was not asked for by name and cannot be built: not run, as its check says."""
        return [r for r in self.results if r.outcome.status == Status.BLOCKED and not self.blocked_fails]

    @property
    def waiting(self) -> list[PartitionResult]:
        return [*(r for r in self.results if r.outcome.status == Status.NOT_DUE), *self.blocked]

    @property
    def bad(self) -> list[PartitionResult]:
        left = {r.day for r in self.waiting}
        return [r for r in self.results if r.outcome.status not in FINE and r.day not in left]


def report(context: dg.AssetExecutionContext, table: Table, verdict: Verdict) -> Events:
    """The events of one step; raises dg.Failure if a partition failed, after everything good is reported.

    Unchanged partitions are not materialised again, unless the run fails (planned partitions without a
    materialization would turn FAILED with it), other steps of the run wait for this one's output, or Dagster's own
    backfill does: it holds whatever it asked for and did not see materialised for failed.
    """
    key = dg.AssetKey(table.name)
    emitted = verdict.good if verdict.bad else _to_emit(context, key, verdict.good)
    # What a step yields is its partition's only in a run of a single partition. A backfill makes a range of one date,
    # too: there every date has events of its own, however many there are.
    if context.has_partition_key:
        yield from _report_single(context, key, verdict.results[0], verdict, is_emitted=bool(emitted))
    else:
        yield from _report_range(context, key, verdict, emitted)
    _explain(context, verdict)
    if verdict.bad:
        raise dg.Failure(failure_text([r.outcome for r in verdict.bad]), allow_retries=False)


def report_unasked(context: dg.AssetExecutionContext, table: Table, results: Sequence[PartitionResult]) -> None:
    """The events of partitions that a step built though its run was not for them.

    Dates that games have moved to or from, the schedule of the day after a range. Their checks say what they are; none
    of them fails the run.
    """
    key = dg.AssetKey(table.name)
    good = (result for result in results if result.outcome.status in FINE)
    store(context, [_materialization(key, result, preview=False) for result in good])
    if results:
        _evaluate(context, results)


def _report_single(
    context: dg.AssetExecutionContext, key: dg.AssetKey, result: PartitionResult, verdict: Verdict, *, is_emitted: bool
) -> Events:
    if is_emitted:
        version = dg.DataVersion(result.content_hash) if result.content_hash else None
        yield dg.MaterializeResult(asset_key=key, metadata=_metadata(result, preview=True), data_version=version)
    elif verdict.good:
        context.log.info(f"{result.outcome.partition}: unchanged; only the ledger row was renewed")
    elif verdict.waiting:
        context.log.warning(f"{result.outcome.partition} {result.outcome.status}: {result.outcome.reason}")
    yield _warning(key, passed=result.outcome.status != Status.DEGRADED, metadata=numbers(result.outcome))
    yield dg.AssetCheckResult(
        check_name=COMPLETE,
        asset_key=key,
        passed=result.outcome.status in IN_ORDER,
        # A warning of a blocking check does not fail the run, and keeps the automation gate shut all the same.
        severity=_WARN if verdict.blocked else dg.AssetCheckSeverity.ERROR,
        metadata=numbers(result.outcome),
    )


def _report_range(
    context: dg.AssetExecutionContext, key: dg.AssetKey, verdict: Verdict, emitted: Sequence[PartitionResult]
) -> Events:
    """A result of the step would be that of every partition of the range; each has its own rows and data version."""
    store(context, [_materialization(key, result, preview=result is emitted[-1]) for result in emitted])
    _evaluate(context, verdict.results)
    degraded = [r.outcome for r in verdict.good if r.outcome.status == Status.DEGRADED]
    yield _warning(key, passed=not degraded, metadata={"degraded": listed(degraded)} if degraded else {})
    missing = [r.outcome for r in (*verdict.bad, *verdict.blocked)]
    yield dg.AssetCheckResult(
        check_name=COMPLETE,
        asset_key=key,
        passed=not verdict.bad,
        description=in_words(missing) if missing else None,
        metadata={"missing": listed(missing)} if missing else {"dates": len(verdict.results)},
    )


def _materialization(key: dg.AssetKey, result: PartitionResult, *, preview: bool) -> dg.AssetMaterialization:
    """One partition's, with its content as data version: what comes out as it was changes nothing for what follows."""
    return dg.AssetMaterialization(
        key,
        partition=result.day.isoformat(),
        metadata=_metadata(result, preview=preview),
        tags={_DATA_VERSION_TAG: result.content_hash} if result.content_hash else None,
    )


def _warning(key: dg.AssetKey, *, passed: bool, metadata: Mapping[str, Any]) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=PRODUCTION_READY, asset_key=key, passed=passed, severity=_WARN, metadata=metadata
    )


def _explain(context: dg.AssetExecutionContext, verdict: Verdict) -> None:
    """What is missing says so on its own page: of a partition without rows Dagster shows observations alone."""
    missing = (result.outcome for result in (*verdict.bad, *verdict.blocked))
    store(context, [observation_of(outcome, numbers(outcome)) for outcome in missing])


def observation_of(found: Outcome | Cell, metadata: Mapping[str, Any]) -> dg.AssetObservation:
    """What is shown on the page of a partition that is not there."""
    table, day = found.partition.table, found.partition.day.isoformat()
    return dg.AssetObservation(table, description=status_line(found), metadata=metadata, partition=day)


def status_line(found: Outcome | Cell) -> str:
    """ "raw_team_boxscores 2021-11-08 GAP: 7/8 games …" """
    return f"{found.partition} {found.status}: {found.reason}"


def _evaluate(context: dg.AssetExecutionContext, results: Sequence[PartitionResult]) -> None:
    """The checks of each date, aimed at the materialization that they speak of (None for a gap).

    Both of every date: a planned check that is not evaluated reads "Skipped", and "execution failed" if the run fails.
    """
    key = dg.AssetKey(results[0].outcome.partition.table)
    targets = _targets(context, key, [r.day.isoformat() for r in results if r.outcome.status in FINE])
    evaluations = []
    for result in results:
        target = targets.get(result.day.isoformat())
        outcome = result.outcome
        is_ready = outcome.status != Status.DEGRADED
        # What is wrong is said in full; of what is right, thousands of times a season, the materialization says it.
        said = numbers(outcome, *(_IN_SHORT if outcome.status in IN_ORDER and is_ready else ()))
        doubts = {} if is_ready else said
        evaluations += [
            evaluation_of(outcome, said, COMPLETE, target=target, passed=outcome.status in IN_ORDER, blocking=True),
            evaluation_of(outcome, doubts, PRODUCTION_READY, target=target, passed=is_ready, severity=_WARN),
        ]
    store(context, evaluations)


def evaluation_of(
    found: Outcome | Cell,
    metadata: Mapping[str, Any],
    check_name: str,
    *,
    target: AssetCheckEvaluationTargetMaterializationData | None = None,
    **values: Any,
) -> dg.AssetCheckEvaluation:
    """A check's result for one partition, as an event that names it."""
    return dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey(found.partition.table),
        check_name=check_name,
        partition=found.partition.day.isoformat(),
        metadata=metadata,
        target_materialization_data=target,
        **values,
    )


def _targets(
    context: dg.AssetExecutionContext, key: dg.AssetKey, days: Sequence[str]
) -> dict[str, AssetCheckEvaluationTargetMaterializationData]:
    """The newest materialization of each day that has one: usually one query, more where some days have many."""
    newest: dict[str, AssetCheckEvaluationTargetMaterializationData] = {}
    open_days, cursor = set(days), None
    while open_days:
        filter_ = dg.AssetRecordsFilter(asset_key=key, asset_partitions=sorted(open_days))
        found = context.instance.fetch_materializations(filter_, limit=2 * len(days), cursor=cursor)
        for record in found.records:
            if record.partition_key in open_days:
                newest[record.partition_key] = AssetCheckEvaluationTargetMaterializationData(
                    storage_id=record.storage_id, run_id=record.run_id, timestamp=record.timestamp
                )
                open_days.remove(record.partition_key)
        if not found.has_more:
            break
        cursor = found.cursor
    return newest


def _new(context: dg.AssetExecutionContext, key: dg.AssetKey, good: Sequence[PartitionResult]) -> list[PartitionResult]:
    """Those that changed, and those that Dagster has never seen or holds for failed."""
    unchanged = [r.day.isoformat() for r in good if not r.changed]
    if not unchanged:
        return list(good)
    targets = _targets(context, key, unchanged)
    up_to_date = set(targets) - _failed_before(context, key, targets)
    return [r for r in good if r.changed or r.day.isoformat() not in up_to_date]


def _failed_before(
    context: dg.AssetExecutionContext,
    key: dg.AssetKey,
    targets: Mapping[str, AssetCheckEvaluationTargetMaterializationData],
) -> set[str]:
    """The days whose last run before this one was to materialise them and did not.

    Not asked by partition status, which this very run has made "in progress".
    """
    if not targets:
        return set()
    planned = dg.EventRecordsFilter(
        dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED, asset_key=key, asset_partitions=list(targets)
    )
    last_run: dict[str, str] = {}
    for record in context.instance.event_log_storage.get_event_records(planned, limit=10 * len(targets)):
        if record.partition_key is not None and record.run_id != context.run.run_id:
            last_run.setdefault(record.partition_key, record.run_id)
    runs = context.instance.get_runs(dg.RunsFilter(run_ids=sorted(set(last_run.values()))))
    ended_well = {run.run_id for run in runs if run.is_success}
    return {day for day, run in last_run.items() if run not in ended_well and targets[day].run_id != run}


def _to_emit(
    context: dg.AssetExecutionContext, key: dg.AssetKey, good: Sequence[PartitionResult]
) -> list[PartitionResult]:
    """What is to be materialised: everything, if something waits for it, else what is new to Dagster."""
    selected = context.run.asset_selection
    following = {dg.AssetKey(name) for name in downstream_of(key.to_user_string())}
    is_waited_for = selected is None or bool(selected & following) or DAGSTER_BACKFILL_TAG in context.run.tags
    return list(good) if is_waited_for else _new(context, key, good)


_NUMBERS = ("rows", "expected", "complete", "required", "share", "production_ready_share", "reason")
_IN_SHORT = ("expected", "complete", "reason")


def numbers(outcome: Outcome, *names: str) -> dict[str, Any]:
    """A partition's numbers as Dagster metadata; those named, by default all that there are."""
    found: dict[str, Any] = {"status": outcome.status.value}
    found |= {name: value for name in names or _NUMBERS if (value := getattr(outcome, name)) is not None}
    if outcome.notes:
        found["notes"] = sentence_of(outcome.notes)
    if outcome.root is not None:
        found["root"] = str(outcome.root)
    if outcome.status not in FINE - {Status.DEGRADED}:
        found["explain"] = explain_command(outcome.partition)
    return found


def cell_numbers(cell: Cell) -> dict[str, Any]:
    """The same of a partition that no run was for: why it is not there."""
    found: dict[str, Any] = {"status": cell.status.value, "reason": cell.reason or MEANING[cell.status]}
    if cell.root is not None:
        found["root"] = str(cell.root)
    return found | {"explain": explain_command(cell.partition)}


def _metadata(result: PartitionResult, *, preview: bool) -> dict[str, Any]:
    """What the catalogue shows of a partition; a preview of the rows only where it is the newest of its run."""
    metadata = {f"nba/{name}": value for name, value in numbers(result.outcome).items() if name != "rows"}
    metadata["dagster/partition_row_count"] = result.outcome.rows
    counts = result.changes.counts if result.changes else {}
    metadata |= {f"nba/{name}": number for name, number in counts.items() if number}
    if preview and len(result.rows):
        metadata["nba/preview"] = dg.MetadataValue.md(_preview(result))
    return metadata


def _preview(result: PartitionResult) -> str:
    """The first rows as a Markdown table."""
    rows = result.rows.head(_PREVIEW_ROWS)
    return markdown_table(rows.columns, [[*map(_text, row)] for row in rows.itertuples(index=False)])


def _text(value: Any) -> str:
    if not pd.api.types.is_list_like(value) and pd.isna(value):
        return ""
    if hasattr(value, "strftime"):
        return f"{value:%Y-%m-%d}" if getattr(value, "hour", 0) == 0 else f"{value:%Y-%m-%d %H:%M}"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def explain_command(partition: Partition) -> str:
    """What to type to see why a partition is as it is."""
    return f"nba-assets explain {partition.table} {partition.day}"


def failure_text(bad: Sequence[Outcome]) -> str:
    """What a run says that failed for these outcomes: the first few, how many more, and what to do next."""
    lines = joined([status_line(outcome) for outcome in bad], _MOST_IN_WORDS, separator=";\n")
    return f"{lines}. Next: {explain_command(bad[0].partition)}"


def listed(found: Sequence[Outcome | Cell]) -> dg.MetadataValue:
    """The first twenty as a table, which the catalogue shows in place; Markdown it hides behind a link."""
    return dg.MetadataValue.table(
        [
            dg.TableRecord({"partition": str(one.partition), "status": one.status.value, "reason": one.reason or ""})
            for one in found[:_MOST_LISTED]
        ]
    )


def in_words(found: Sequence[Outcome | Cell]) -> str:
    """What is wrong, for the head of a check, which is shown in place: the first few, and what explains the first."""
    lines = joined([status_line(one) for one in found], _MOST_IN_WORDS, separator="\n- ")
    return f"- {lines}\n\nNext: `{explain_command(found[0].partition)}`"
