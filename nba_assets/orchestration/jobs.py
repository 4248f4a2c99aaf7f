"""The jobs `daily`, `reread`, `repair`, `verify`, `coverage` and `drift`: the functions of the command line, as ops.

`daily` and `repair` launch runs inside their own process (`launch.py`): a run over many assets alone would mark
everything behind a gap as failed; runs of its own leave exactly the gap red.
"""

# Without postponed annotations: Dagster reads those of an op's context.
from collections.abc import Sequence
from datetime import date

import dagster as dg

from nba_assets.engine.materialize import PartitionResult
from nba_assets.engine.refetch import ask_for, changed_in_logs, request_refetch
from nba_assets.engine.run_options import RunOptions
from nba_assets.engine.standing import record_altered
from nba_assets.league.calendar import days_between, season_days
from nba_assets.orchestration.assets import who_forces
from nba_assets.orchestration.drift_asset import ASSET
from nba_assets.orchestration.launch import Launch
from nba_assets.orchestration.reporting import failure_text
from nba_assets.partition import IN_ORDER
from nba_assets.planning.history import NoPartitionError, history, require_partitions
from nba_assets.planning.pending_requests import dates_to_reread, dates_to_sweep, pending_requests
from nba_assets.session import Session
from nba_assets.tables import RAW, SCHEDULE, TABLES
from nba_assets.tables.named import UnknownTableError, table_named
from nba_assets.text import counted, markdown_table
from nba_assets.verification.report import Report, stored_seasons, verify_warehouse


class VerificationFailedError(Exception):
    """What is stored does not pass a check."""


@dg.op(required_resource_keys={"pipeline"}, description="Asks the source for what is missing, tier by tier.")
def load_from_source(context: dg.OpExecutionContext) -> None:
    """Today's schedule first; it decides what else is asked for."""
    session: Session = context.resources.pipeline.session
    today = [] if session.has_ended() else [session.today()]
    results = _launch(context, session, today, [SCHEDULE.name])
    pending = pending_requests(session)
    context.log.info(f"pending: {pending}")
    if pending.days:
        beside = request_refetch(session, pending.outdated)
        first = min([pending.days[0], *(partition.day for partition in beside)])
        results += _launch(context, session, days_between(first, pending.days[-1]), RAW)
    _conclude(context, results)


@dg.op(required_resource_keys={"pipeline"}, description="Asks for corrected box scores of the last days.")
def ask_for_corrections(context: dg.OpExecutionContext) -> None:
    """Dates that are complete are asked for once more; what has changed is built again, raw tables here."""
    session: Session = context.resources.pipeline.session
    days = dates_to_reread(session)
    if swept := dates_to_sweep(session):
        corrected = changed_in_logs(session, swept)
        differ = ", ".join(map(str, corrected)) or "none"
        context.log.info(f"game logs of {counted(len(swept), 'date')} were read again; they differ on: {differ}")
        days = sorted({*days, *corrected})
    context.log.info(f"asking again for: {', '.join(map(str, days)) or 'nothing'}")
    session.source.renew(days)
    ask_for(session, days)
    _conclude(context, _launch(context, session, days, RAW))


@dg.op(
    required_resource_keys={"pipeline"},
    config_schema={
        "dates": dg.Field([str], is_required=False, description="Like 2021-11-01. Default: every date in the ledger."),
        "tables": dg.Field([str], is_required=False, description="Names, or short names. Default: all tables."),
        "force": dg.Field(bool, default_value=False, description="Publish also below the threshold."),
        "accept_gaps": dg.Field(bool, default_value=False, description="Publish gaps past the late limit as they are."),
        "forced_by": dg.Field(str, is_required=False, description="Who accepts what is missing; goes to the ledger."),
    },
    description="Builds what is missing, a gap, in error, blocked or stale, in dependency order.",
)
def repair_partitions(context: dg.OpExecutionContext) -> None:
    """`nba-assets repair` as an op; without configuration over all history."""
    session: Session = context.resources.pipeline.session
    config = context.op_config
    try:
        days, tables = _dates_asked(session, config.get("dates") or []), _tables_asked(config.get("tables") or [])
    except (NoPartitionError, UnknownTableError) as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    force, accept_gaps = config["force"], config["accept_gaps"]
    forced_by = who_forces(config.get("forced_by"), context.run.tags) if force or accept_gaps else None
    options = RunOptions(force=force, accept_gaps=accept_gaps, forced_by=forced_by)
    _conclude(context, _launch(context, session, days or history(session), tables, options))


@dg.op(
    required_resource_keys={"pipeline"},
    description="Checks everything stored; rows altered behind the ledger become STALE.",
)
def verify_tables(context: dg.OpExecutionContext) -> dg.Output[None]:
    """`nba-assets verify` as an op; fails if a check fails."""
    session: Session = context.resources.pipeline.session
    report = verify_warehouse(
        session.warehouse,
        stored_seasons(session.warehouse),
        counting_types=session.counting_types,
        min_games={name: policy.min_games for name, policy in session.policies.items()},
    )
    for season in report.altered_seasons:
        record_altered(session, season_days(season), found_by="verify")
    if not report.results:
        raise VerificationFailedError(
            "nothing has been built yet, so nothing is verified: nba-assets backfill START END"
        )
    failed = [f"{season}: {r.name}" for season, results in report.results.items() for r in results if not r.passed]
    if failed:
        context.log.error(_as_markdown(report))
        raise VerificationFailedError(f"{'; '.join(failed)}. Next: nba-assets verify")
    return dg.Output(None, metadata={"report": dg.MetadataValue.md(_as_markdown(report))})


@dg.job(name="daily", description="Today's schedule, yesterday's results, and what is missing before them.")
def daily() -> None:
    """Fires by the schedule every_morning. What follows from the loaded partitions is computed by automation."""
    load_from_source()


@dg.job(name="reread", description="Box scores of the last days once more, and weekly the season's logs.")
def reread_job() -> None:
    """Fires by the schedule reread_at_eleven. What follows from a correction is computed by automation."""
    ask_for_corrections()


@dg.job(name="repair", description="Everything that is not as it should be, or the dates and tables of the config.")
def repair_job() -> None:
    """Fires by the sensor repair_what_is_stale; by hand, without configuration, it repairs all history."""
    repair_partitions()


@dg.job(name="verify", description="Identities, ranges, published totals, recomputation and the leak test.")
def verify_job() -> None:
    """Fires on Mondays, and by hand."""
    verify_tables()


coverage_job = dg.define_asset_job(
    "coverage",
    selection=dg.AssetSelection.assets("coverage"),
    description="The coverage matrix and the standing checks. Fires at 09:00 Eastern, and by hand.",
)


drift_job = dg.define_asset_job(
    "drift",
    selection=dg.AssetSelection.assets(ASSET),
    description="The newest season's features beside those of the season before: whether one has drifted.",
)


def _dates_asked(session: Session, texts: Sequence[str]) -> list[date]:
    """The dates of a run's configuration; NoPartitionError for what is none, or has none."""
    try:
        days = sorted(date.fromisoformat(text) for text in texts)
    except ValueError as error:
        raise NoPartitionError(f"dates: {error}; write them like 2021-11-01") from error
    if days:
        require_partitions(session, days[0], days[-1])
    return days


def _tables_asked(names: Sequence[str]) -> tuple[str, ...]:
    """The tables of a run's configuration, by name or short name; all, if none is named."""
    asked = {table_named(name).name for name in names}
    return tuple(name for name in TABLES if not asked or name in asked)


def _launch(
    context: dg.OpExecutionContext,
    session: Session,
    days: Sequence[date],
    tables: Sequence[str],
    options: RunOptions | None = None,
) -> list[PartitionResult]:
    if not days:
        return []
    job, run = context.run.job_name, context.run_id
    return Launch(session, context.instance, days, tables, options or RunOptions(), command=job, job_run=run).run()


def _conclude(context: dg.OpExecutionContext, results: Sequence[PartitionResult]) -> None:
    """Log the outcomes as a line, and fail if a partition that counts was not published."""
    missing = [r.outcome for r in results if r.outcome.status not in IN_ORDER]
    changed = sum(r.changed for r in results)
    context.log.info(f"{counted(len(results), 'partition')} built, {changed:,} changed, {len(missing):,} missing")
    counting = [outcome for outcome in missing if not TABLES[outcome.partition.table].optional]
    if counting:
        raise dg.Failure(failure_text(counting), allow_retries=False)


def _as_markdown(report: Report) -> str:
    rows = [
        [season, r.name, "passed" if r.passed else f"**FAILED** {'; '.join(r.examples)}", r.examined, r.violations]
        for season, results in report.results.items()
        for r in results
    ]
    return markdown_table(["season", "check", "result", "examined", "violations"], rows)
