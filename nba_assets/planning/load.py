"""The state of partitions, read from the ledger of a session's warehouse."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, fields
from datetime import date, timedelta
from functools import partial

import pandas as pd

from nba_assets.league.calendar import season_first_day, season_last_day, season_of, seasons_between
from nba_assets.partition import FINE, WAITS_FOR, Cause, Finding, Partition, Status, finding
from nba_assets.planning.ledger_rows import LedgerRow
from nba_assets.planning.state import State
from nba_assets.schema.policy import Policy
from nba_assets.session import Session
from nba_assets.sources.base import ResultSet, SourceError
from nba_assets.sources.fingerprints import differences
from nba_assets.tables import RAW, SCHEDULE, TABLES, with_upstream
from nba_assets.tables.games import RESULT_COLUMNS, finished_games
from nba_assets.warehouse.ledger import PROCESSOR_RUNS, is_published, rows_of

_DAY = timedelta(days=1)


def load_state(
    session: Session,
    start: date,
    end: date,
    tables: Collection[str] = tuple(TABLES),
    seasons: Collection[str] | None = None,
) -> State:
    """The state of every partition from `start` to `end`, and of the season before them.

    `tables` limits it to these and whatever they depend on, `seasons` to these of the range, or none; the others must
    not be asked for.
    """
    first = season_first_day(season_of(start)) - _DAY
    spans = [(first, end)] if seasons is None else _spans(seasons, end)
    names = sorted(with_upstream(tables))
    with session.warehouse.reading():
        parts = [_ledger_and_altered(session, *span, names) for span in spans]
    ledgers = [rows for rows, _ in parts]
    ledger = (
        pd.concat(ledgers, ignore_index=True) if len(ledgers) > 1 else (ledgers or [rows_of(PROCESSOR_RUNS, [])])[0]
    )
    found = {partition: why for _, altered in parts for partition, why in altered.items()}
    state = State(
        ledger,
        start=first,
        end=end,
        policies=session.policies,
        parameters={name: parameters_of(session, name) for name in TABLES},
        is_due=session.results_are_due,
        finished=lambda: _finished(session, first, end),
        altered=found,
    )
    compare(session, state)
    return state


def compare(session: Session, state: State) -> None:
    """Hold the attempts of a state against what the source says. Nobody is asked: compared is what is at hand."""
    attempts = state.attempts
    doubting = [row for rows in (attempts.newest, attempts.published) for row in rows.degraded_by(WAITS_FOR)]
    state.compare(_outdated(session, [*attempts.of(RAW)]), _settled(session, doubting))


def _spans(seasons: Collection[str], end: date) -> list[tuple[date, date]]:
    """The dates of seasons that follow each other, with the day before them, which their first day may read."""
    spans: list[tuple[date, date]] = []
    for season in sorted(seasons, key=season_first_day):
        first, last = season_first_day(season) - _DAY, min(season_last_day(season), end)
        follows = bool(spans) and spans[-1][1] == first
        spans[-1:] = [(spans[-1][0], last)] if follows else [*spans[-1:], (first, last)]
    return spans


def _never_asked(session: Session, season: str, result_set: ResultSet, games: set[str]) -> set[str]:
    try:
        return session.source.never_asked(result_set, season, games)
    except SourceError:
        return set()


_UNDOUBTED = FINE - {Status.DEGRADED}


def _outdated(session: Session, attempts: Sequence[LedgerRow]) -> dict[str, Finding]:
    """The attempts since which the source has changed, by attempt id.

    To an attempt whose rows were not doubted it does not matter what the evidence says of its games by now.
    """
    found = {}
    seasons = {name: session.fingerprints.season(name) for name in seasons_between({a.partition.day for a in attempts})}
    for attempt in attempts:
        table, day = TABLES[attempt.partition.table], attempt.partition.day
        season = seasons[season_of(day)]
        if season is None or attempt.source_fingerprint is None:
            continue
        evidence = table.evidence if attempt.status in _UNDOUBTED else ()
        silent = partial(_never_asked, session, season.name)
        said = season.fingerprint(table.asked_for, day)
        changed = differences(attempt.source_fingerprint, said, evidence, silent)
        if changed is not None:
            found[attempt.attempt_id] = finding(Cause.SOURCE_CHANGED, details=changed)
    return found


def _settled(session: Session, doubting: Sequence[LedgerRow]) -> dict[str, Finding]:
    """Of attempts that doubted something those of which the source has settled it by now, by attempt id."""
    if not doubting:
        return {}
    settled = session.settled_games({attempt.partition.day for attempt in doubting})
    found = {}
    for attempt in doubting:
        games = {str(one.numbers[WAITS_FOR]) for one in attempt.findings if WAITS_FOR in one.numbers} & settled
        if games:
            found[attempt.attempt_id] = finding(Cause.SETTLED, *sorted(games))
    return found


def _ledger_and_altered(
    session: Session, first: date, last: date, names: Sequence[str]
) -> tuple[pd.DataFrame, dict[Partition, Finding]]:
    """The ledger, and the published partitions of which another number of rows stands than it says.

    Not those that somebody published between the reading of the ledger and the counting.
    """
    warehouse = session.warehouse
    ledger = warehouse.ledger(first, last, tables=names)
    altered = miscounted(ledger, warehouse.row_counts([TABLES[name] for name in names], first, last))
    if altered:
        before, ledger = ledger, warehouse.ledger(first, last, tables=names)
        same = {Partition(table, day.date()) for table, day, _ in _attempts(before) & _attempts(ledger)}
        altered = {partition: found for partition, found in altered.items() if partition in same}
    return ledger, altered


def miscounted(ledger: pd.DataFrame, counts: pd.DataFrame) -> dict[Partition, Finding]:
    """The published partitions with another number of rows than the ledger says: `counts` as `row_counts` gives it."""
    keys = ["table_name", "partition_date"]
    claimed = ledger.loc[is_published(ledger) & ledger["rows"].notna(), [*keys, "rows"]]
    joined = claimed.merge(counts, on=keys, how="left", suffixes=("", "_standing")).fillna({"rows_standing": 0})
    wrong = joined[joined["rows"].ne(joined["rows_standing"])]
    return {
        Partition(row.table_name, row.partition_date.date()): finding(
            Cause.ROWS_ALTERED, published=int(row.rows), standing=int(row.rows_standing)
        )
        for row in wrong.itertuples()
    }


def published_contents(ledger: pd.DataFrame) -> dict[Partition, str]:
    """The content hash of what was published, by partition; as old as ledgers without hashes: none."""
    rows = ledger.loc[is_published(ledger) & ledger["content_hash"].notna()]
    return {
        Partition(row.table_name, row.partition_date.date()): row.content_hash
        for row in rows[["table_name", "partition_date", "content_hash"]].itertuples()
        if row.table_name in TABLES
    }


def _attempts(ledger: pd.DataFrame) -> set[tuple[str, pd.Timestamp, str]]:
    """The attempts that published what stands."""
    rows = ledger.loc[is_published(ledger), ["table_name", "partition_date", "attempt_id"]]
    return {tuple(row) for row in rows.itertuples(index=False)}


def _finished(session: Session, first: date, last: date) -> pd.DataFrame:
    schedule = session.warehouse.read(SCHEDULE, columns=RESULT_COLUMNS, start=first, end=last)
    return finished_games(schedule, session.counting_types)


def parameters_of(session: Session, table: str) -> str:
    """What a table's rows, and the verdict on them, depend on besides its inputs."""
    parameters = {
        "policy": _special(session.policies[table]),
        "completeness": session.settings.completeness.value,
        "counting_types": sorted(session.counting_types),
    }
    return json.dumps(parameters, sort_keys=True)


def _special(policy: Policy) -> dict[str, object]:
    """What a policy has that is not usual. A field that is new to policies changes nothing where it is not used.

    Which gaps are accepted is no business of what is published without one.
    """
    usual = {field.name: field.default for field in fields(policy)} | _USUAL
    accepts = {"accept_gap_after_days"}
    return {name: value for name, value in asdict(policy).items() if value != usual[name] and name not in accepts}


_USUAL = {
    "min_share": 1.0,
    "backfill_min_share": 1.0,
    "min_rows": None,
    "backfill_min_rows": None,
    "min_entities": None,
    "backfill_min_entities": None,
    "critical": True,
    "bootstrap_days": 14,
    "min_games": 5,
}
"""What ledgers leave unsaid; not to be changed with the defaults of `Policy`: partitions would not become STALE."""
