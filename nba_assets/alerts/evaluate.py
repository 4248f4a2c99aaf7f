"""Troubles against the alerts already open: what is new, what has changed, what is resolved. Pure.

One root cause, one alert: told when it opens, when it changes in a way that a person wants to know, and when it is
resolved. What a backfill finds waits for the backfill's digest.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from nba_assets.alerts.alert import BACKFILL, Alert, BackfillFacts, Digest, Event, Notice
from nba_assets.alerts.tiers import Tier, worst
from nba_assets.alerts.trouble import RUN_FAILED, Trouble
from nba_assets.partition import Partition, Status

PATIENCE = timedelta(hours=1)
"""How long something that the next run may put right is only watched: staleness, what was never computed."""

SILENCE = timedelta(minutes=10)
"""A backfill that nobody can be asked about is over after so long without a new row in the ledger."""

PAST = timedelta(days=1)
"""A backfill that ended so long ago gets no digest any more; what it left behind is told like everything else."""

_MAY_PASS = (Status.STALE.value, Status.MISSING.value)
_MANY = 7

Found = dict[str, list[Trouble]]


@dataclass(frozen=True)
class Snapshot:
    """What is wrong now.

    `neighbours(partition)` are the dates before and after it that prove something about the table; `attempt_at`
    gives the newest (attempt id, backfill id) of a partition; `job_recovered(job, since)` says whether a job that
    has no partitions has succeeded since that attempt id; `in_full(facts)` adds what only a digest needs to know.
    """

    troubles: Sequence[Trouble]
    backfills: Mapping[str, BackfillFacts] = field(default_factory=dict)
    neighbours: Callable[[Partition], Iterable[Partition]] = lambda _: ()
    attempt_at: Callable[[Partition], tuple[str, str | None]] = lambda _: ("", None)
    job_recovered: Callable[[str, str], bool] = lambda _, __: False
    in_full: Callable[[BackfillFacts], BackfillFacts] = lambda facts: facts


@dataclass(frozen=True)
class Evaluation:
    """The new state of all alerts, and what people are to be told."""

    alerts: tuple[Alert, ...]
    notices: tuple[Notice, ...]


def evaluate(previous: Sequence[Alert], snapshot: Snapshot, now: datetime) -> Evaluation:
    """One evaluation; the same state and snapshot give the same answer, and with nothing new no notice."""
    running, over = _backfills(previous, snapshot, now)
    digests = {backfill_id: _Draft() for backfill_id in over}
    open_ = [alert for alert in previous if alert.is_open]
    known = {partition for alert in open_ for partition in alert.partitions}
    troubles = [t for t in snapshot.troubles if t.backfill_id not in running or t.partition in known]
    assigned, rest = _assign(open_, troubles, snapshot)
    updates: dict[str, Alert | None] = {}
    notices: list[Notice | None] = []
    for alert in open_:
        mine, untried = assigned.get(alert.alert_id, []), _untried(alert, snapshot)
        if mine or untried:
            updated, notice = _continued(alert, mine, untried, now)
            if notice and (backfills := {t.backfill_id for t in _new(alert, mine) or mine}) <= {*running, *digests}:
                updated, notice = _left_to_backfill(alert, updated, backfills, digests), None
            updates[alert.alert_id] = updated
        else:
            updates[alert.alert_id], notice = _ended(alert, snapshot, running, digests, now)
        notices.append(notice)
    for group in _groups([t for t in rest if t.backfill_id not in running], digests):
        opened, notice = _opened(group, digests, now)
        updates[opened.alert_id], assigned[opened.alert_id] = opened, group
        notices.append(notice)
    for backfill_id, draft in digests.items():
        facts = snapshot.in_full(over[backfill_id])
        draft.standing = _standing(facts, draft, [alert for alert in updates.values() if alert is not None], assigned)
        updates[backfill_id], notice = _digested(facts, draft, previous, now)
        notices.append(notice)
    kept = [updates.pop(alert.alert_id, alert) for alert in previous]
    alerts = tuple(alert for alert in (*kept, *updates.values()) if alert is not None)
    return Evaluation(alerts, tuple(notice for notice in notices if notice is not None))


# --- which trouble belongs to which alert ----------------------------------------------------------------------


def _assign(open_: Sequence[Alert], troubles: Sequence[Trouble], snapshot: Snapshot) -> tuple[Found, list[Trouble]]:
    """Troubles by the alert that they continue, and those that are new."""
    of_partition = {(alert.family, p): alert for alert in open_ for p in alert.partitions}
    of_family = {alert.family: alert for alert in open_ if not alert.family[0]}
    assigned: Found = defaultdict(list)
    rest: dict[tuple[tuple[str, str], Partition], Trouble] = {}
    for trouble in troubles:
        alert = of_partition.get((trouble.family, trouble.partition)) or of_family.get(trouble.family)
        if alert is not None:
            assigned[alert.alert_id].append(trouble)
        else:
            rest[trouble.family, trouble.partition] = trouble
    _assign_neighbours(assigned, rest, snapshot)
    _assign_other_kinds(open_, assigned, rest)
    return assigned, list(rest.values())


def _assign_neighbours(
    assigned: Found, rest: dict[tuple[tuple[str, str], Partition], Trouble], snapshot: Snapshot
) -> None:
    """A trouble next to one of the same family is the same cause going on."""
    for alert_id, members in assigned.items():
        frontier = list(members)
        while frontier and rest:
            trouble = frontier.pop()
            for partition in snapshot.neighbours(trouble.partition):
                neighbour = rest.pop((trouble.family, partition), None)
                if neighbour is not None:
                    assigned[alert_id].append(neighbour)
                    frontier.append(neighbour)


def _assign_other_kinds(
    open_: Sequence[Alert], assigned: Found, rest: dict[tuple[tuple[str, str], Partition], Trouble]
) -> None:
    """An alert whose partitions are all in trouble for another reason now has changed; it is not resolved."""
    by_partition = {trouble.partition: key for key, trouble in rest.items() if trouble.status not in _MAY_PASS}
    for alert in open_:
        if alert.alert_id in assigned or alert.opened_at is None or alert.status in (Status.STALE, RUN_FAILED):
            continue
        keys = [by_partition.pop(p) for p in alert.partitions if p in by_partition]
        if keys:
            assigned[alert.alert_id] = [rest.pop(key) for key in keys]


def _groups(rest: Sequence[Trouble], digests: Mapping[str, _Draft]) -> list[list[Trouble]]:
    """New troubles by cause; those of a backfill that is being digested apart from the others."""
    groups: dict[tuple[object, ...], list[Trouble]] = defaultdict(list)
    for trouble in rest:
        groups[trouble.family, trouble.backfill_id if trouble.backfill_id in digests else None].append(trouble)
    return [sorted(group, key=_order) for group in groups.values()]


def _order(trouble: Trouble) -> tuple[object, ...]:
    return trouble.partition.day, trouble.partition.table


# --- what became of an alert -----------------------------------------------------------------------------------


def _opened(group: Sequence[Trouble], digests: Mapping[str, _Draft], now: datetime) -> tuple[Alert, Notice | None]:
    """A new alert: told, or told in its backfill's digest, or only watched at first."""
    first = group[0]
    draft = digests.get(first.backfill_id or "")
    identity = f"{first.family}{first.partition}{now.isoformat()}"
    watched = first.status in _MAY_PASS and draft is None
    alert = Alert(
        alert_id=hashlib.sha256(identity.encode()).hexdigest()[:12],
        table=first.partition.table,
        kind=first.kind,
        status=first.status,
        reason=first.reason,
        tier=worst(t.tier for t in group),
        first_day=first.partition.day,
        last_day=group[-1].partition.day,
        partitions=tuple(t.partition for t in group),
        seen_at=now,
        lacking=sum(t.lacking for t in group),
        told_partitions=len(group),
        last_attempt=max(t.attempt for t in group),
        backfill_id=first.backfill_id if draft is not None else None,
        opened_at=None if watched else now,
    )
    if draft is not None:
        draft.opened.append((alert, tuple(group)))
    is_told = not watched and draft is None
    return alert, Notice(Event.OPENED, alert.tier, alert, tuple(group)) if is_told else None


def _continued(
    alert: Alert, mine: Sequence[Trouble], untried: Iterable[Partition], now: datetime
) -> tuple[Alert, Notice | None]:
    """The alert as it is now; a notice if a person wants to know of the difference."""
    if not mine:
        return alert, None
    mine = sorted(mine, key=_order)
    attempt = max(t.attempt for t in mine)
    partitions = tuple(dict.fromkeys((*untried, *(t.partition for t in mine))))
    updated = replace(
        alert,
        kind=mine[0].kind,
        status=mine[0].status,
        reason=mine[0].reason,
        partitions=partitions,
        last_day=max(p.day for p in partitions),
        times_seen=alert.times_seen + (attempt > alert.last_attempt),
        last_attempt=max(attempt, alert.last_attempt),
    )
    event = Event.CHANGED
    if alert.opened_at is None:
        if now - alert.seen_at < PATIENCE:
            return updated, None
        event = Event.OPENED
    elif not _is_news(alert, mine):
        return updated, None
    updated = replace(
        updated,
        tier=worst([alert.tier, *(t.tier for t in mine)]),
        lacking=sum(t.lacking for t in mine),
        told_partitions=len(partitions),
        opened_at=alert.opened_at or now,
        changed_at=None if event is Event.OPENED else now,
    )
    return updated, Notice(event, updated.tier, updated, tuple(mine))


def _is_news(alert: Alert, mine: Sequence[Trouble]) -> bool:
    """More urgent, another reason, a new date or more lacking where it is urgent, or far more dates."""
    is_urgent = any(t.tier is Tier.CRITICAL for t in mine)
    return (
        mine[0].kind != alert.kind
        or worst(t.tier for t in mine).urgency > alert.tier.urgency
        or any(t.tier is Tier.CRITICAL for t in _new(alert, mine))
        or (is_urgent and sum(t.lacking for t in mine) > alert.lacking)
        or len(mine) >= max(_MANY, 2 * alert.told_partitions)
    )


def _new(alert: Alert, mine: Iterable[Trouble]) -> list[Trouble]:
    return [trouble for trouble in mine if trouble.partition not in alert.partitions]


def _untried(alert: Alert, snapshot: Snapshot) -> list[Partition]:
    """What nobody has tried since an alert that only an attempt can end: a failed run's, what was never asked for."""
    if alert.status not in (RUN_FAILED, Status.MISSING) or alert.opened_at is None:
        return []
    last = alert.last_attempt
    return [
        p for p in alert.partitions if snapshot.attempt_at(p)[0] <= last and not snapshot.job_recovered(p.table, last)
    ]


def _ended(
    alert: Alert, snapshot: Snapshot, running: set[str], digests: dict[str, _Draft], now: datetime
) -> tuple[Alert | None, Notice | None]:
    """Resolved, unless a backfill is still at it; what was never told ends untold."""
    if alert.opened_at is None:
        return None, None
    repaired_by = {snapshot.attempt_at(partition)[1] for partition in alert.partitions}
    if repaired_by & running:
        return alert, None
    resolved = replace(alert, resolved_at=now)
    in_digest = next((backfill_id for backfill_id in digests if backfill_id in repaired_by), None)
    if in_digest is not None:
        digests[in_digest].resolved.append(resolved)
        return resolved, None
    return resolved, Notice(Event.RESOLVED, alert.tier, resolved)


# --- backfills -------------------------------------------------------------------------------------------------


@dataclass
class _Draft:
    """A digest while it is being put together."""

    opened: list[tuple[Alert, tuple[Trouble, ...]]] = field(default_factory=list)
    continued: list[Alert] = field(default_factory=list)
    resolved: list[Alert] = field(default_factory=list)
    standing: list[Alert] = field(default_factory=list)


def _left_to_backfill(
    before: Alert, after: Alert, backfills: Iterable[str | None], digests: Mapping[str, _Draft]
) -> Alert:
    """News that a backfill brought: told in its digest, or not at all yet if it is still running."""
    drafts = [digests[name] for name in backfills if name is not None and name in digests]
    if not drafts:
        return before
    drafts[0].continued.append(after)
    return after


def _backfills(
    previous: Sequence[Alert], snapshot: Snapshot, now: datetime
) -> tuple[set[str], dict[str, BackfillFacts]]:
    """Those still running, and those to be digested now."""
    digested = {alert.alert_id: alert.last_attempt for alert in previous if alert.status == BACKFILL}
    running: set[str] = set()
    over: dict[str, BackfillFacts] = {}
    for backfill_id, facts in snapshot.backfills.items():
        silent_for = now - moment_of(facts.last_attempt)
        is_over = facts.is_over if facts.is_over is not None else silent_for > SILENCE
        if digested.get(backfill_id, "") >= facts.last_attempt or (backfill_id not in digested and silent_for > PAST):
            continue
        if is_over:
            over[backfill_id] = facts
        else:
            running.add(backfill_id)
    return running, over


def _standing(facts: BackfillFacts, draft: _Draft, alerts: Iterable[Alert], troubles: Found) -> list[Alert]:
    """The open alerts that keep something of the backfill's range from being well, and are not in its digest yet."""
    told = {alert.alert_id for alert in (*draft.continued, *(alert for alert, _ in draft.opened))}
    found = []
    for alert in alerts:
        if alert.is_open and alert.alert_id not in told:
            concerned = {p for t in troubles.get(alert.alert_id, ()) for p in (t.partition, *t.touched)}
            found += [alert] if facts.asked & {*alert.partitions, *concerned} else []
    return found


def _digested(
    facts: BackfillFacts, draft: _Draft, previous: Sequence[Alert], now: datetime
) -> tuple[Alert, Notice | None]:
    """The record that the backfill had its digest, and the digest; a later one only with news."""
    had_one = any(alert.alert_id == facts.backfill_id for alert in previous)
    digest = Digest(facts, tuple(draft.opened), tuple(draft.continued), tuple(draft.resolved), tuple(draft.standing))
    tiers = [t.tier for _, troubles in draft.opened for t in troubles] + [a.tier for a in draft.continued]
    tier = Tier.CRITICAL if Tier.CRITICAL in tiers else Tier.INFO
    record = Alert(
        alert_id=facts.backfill_id,
        table="",
        kind="backfill",
        status=BACKFILL,
        reason=", ".join(f"{count} {status}" for status, count in facts.counts.items()),
        tier=tier,
        first_day=facts.first_day,
        last_day=facts.last_day,
        partitions=(),
        seen_at=now,
        last_attempt=facts.last_attempt,
        backfill_id=facts.backfill_id,
        opened_at=now,
        resolved_at=now,
    )
    is_news = bool(draft.opened or draft.continued or draft.resolved)
    return record, Notice(Event.BACKFILL, tier, record, digest=digest) if is_news or not had_one else None


def moment_of(attempt_id: str) -> datetime:
    """When an attempt was recorded: ids of attempts are nanoseconds."""
    return datetime.fromtimestamp(int(attempt_id or 0) / 1e9, UTC)


def attempt_id_at(moment: datetime) -> str:
    """The id that an attempt recorded at a moment would have."""
    return f"{int(moment.timestamp() * 1e9):020d}"
