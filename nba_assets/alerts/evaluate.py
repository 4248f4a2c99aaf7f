"""Root causes against the alerts already open: what is new, what has changed, what is resolved. Pure.

One root cause, one alert: reported when it opens, when it changes in a way that a person wants to know, and when it is
resolved. What a backfill finds waits for the backfill's digest.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from nba_assets.alerts.alert import (
    BACKFILL,
    CORRECTED,
    RUN_FAILED,
    Alert,
    BackfillFacts,
    Digest,
    Event,
    Notice,
    RootCause,
    Tier,
    worst,
)
from nba_assets.partition import Partition, Status
from nba_assets.text import counted
from nba_assets.warehouse.corrections import Correction
from nba_assets.warehouse.ledger import attempt_id_at, moment_of

PATIENCE = timedelta(hours=1)
"""How long something that the next run may put right is only watched: staleness, what was never computed."""

SILENCE = timedelta(minutes=10)
"""A backfill that nobody can be asked about is over after so long without a new row in the ledger."""

PAST = timedelta(days=1)
"""A backfill that ended so long ago gets no digest any more; what it left behind is reported like everything else."""

_MAY_PASS = (Status.STALE.value, Status.MISSING.value)
_MANY = 7

Found = dict[str, list[RootCause]]
New = dict[tuple[tuple[str, str], Partition], RootCause]


@dataclass(frozen=True)
class Snapshot:
    """What is wrong now.

    `neighbours(partition)` are the dates before and after it that prove something about the table; `attempt_at`
    gives the newest (attempt id, backfill id) of a partition; `job_recovered(job, since)` says whether a job that
    has no partitions has succeeded since that attempt id; `in_full(facts)` adds what only a digest needs to know;
    `corrections` are those of late.
    """

    root_causes: Sequence[RootCause]
    backfills: Mapping[str, BackfillFacts] = field(default_factory=dict)
    neighbours: Callable[[Partition], Iterable[Partition]] = lambda _: ()
    attempt_at: Callable[[Partition], tuple[str, str | None]] = lambda _: ("", None)
    job_recovered: Callable[[str, str], bool] = lambda _, __: False
    in_full: Callable[[BackfillFacts], BackfillFacts] = lambda facts: facts
    corrections: Sequence[Correction] = ()


@dataclass(frozen=True)
class Evaluation:
    """The new state of all alerts, and what is to be reported to people."""

    alerts: tuple[Alert, ...]
    notices: tuple[Notice, ...]


def evaluate(previous: Sequence[Alert], snapshot: Snapshot, now: datetime) -> Evaluation:
    """One evaluation; the same state and snapshot give the same answer, and with nothing new no notice."""
    work = _Work(snapshot, now, *_backfills(previous, snapshot, now))
    open_ = [alert for alert in previous if alert.is_open]
    found, new = _assign(open_, work.causes_for(open_), snapshot)
    updates = {alert.alert_id: work.follow(alert, found.get(alert.alert_id, [])) for alert in open_}
    for group in _groups(new, work):
        opened = work.open(group)
        updates[opened.alert_id], found[opened.alert_id] = opened, group
    still_open = [alert for alert in updates.values() if alert is not None and alert.is_open]
    for backfill_id, digest in work.digests.items():
        had_one = any(alert.alert_id == backfill_id for alert in previous)
        updates[backfill_id] = work.close(digest, still_open, found, had_one=had_one)
    for record in work.corrected(_news(previous, snapshot.corrections)):
        updates[record.alert_id] = record
    kept = [updates.pop(alert.alert_id, alert) for alert in previous]
    alerts = tuple(alert for alert in (*kept, *updates.values()) if alert is not None)
    return Evaluation(alerts, tuple(work.notices))


def undigested(previous: Sequence[Alert], snapshot: Snapshot, now: datetime) -> set[str]:
    """The backfills that still run, or of which nobody was told yet."""
    running, over = _backfills(previous, snapshot, now)
    return running.union(over)


# --- which root cause belongs to which alert -------------------------------------------------------------------


def _assign(open_: Sequence[Alert], causes: Iterable[RootCause], snapshot: Snapshot) -> tuple[Found, list[RootCause]]:
    """Root causes by the alert that they continue, and those that are new.

    An alert that an older version has stored knows no causes: what is wrong with its partitions now continues it.
    """
    of_partition = {(alert.identity, p): alert for alert in open_ for p in alert.partitions}
    older = {(alert.status, p): alert for alert in open_ if not alert.names_causes for p in alert.partitions}
    found: Found = {alert.alert_id: [] for alert in open_}
    new: New = {}
    for cause in causes:
        alert = of_partition.get((cause.identity, cause.partition)) or older.get((cause.status, cause.partition))
        if alert is not None:
            found[alert.alert_id].append(cause)
        else:
            new[cause.identity, cause.partition] = cause
    for alert in open_:
        _spread(alert, found[alert.alert_id], new, snapshot)
    for alert in open_:
        _turn(alert, found[alert.alert_id], new)
    return found, list(new.values())


def _spread(alert: Alert, members: list[RootCause], new: New, snapshot: Snapshot) -> None:
    """The same cause next to one that belongs to an alert is that alert's too; across tables it is anywhere."""
    everywhere = {identity for identity in (alert.identity, *(m.identity for m in members)) if not identity[0]}
    members += [new.pop(key) for key in list(new) if key[0] in everywhere]
    frontier = list(members)
    while frontier and new:
        cause = frontier.pop()
        found = [
            new.pop((cause.identity, p)) for p in snapshot.neighbours(cause.partition) if (cause.identity, p) in new
        ]
        members += found
        frontier += found


def _turn(alert: Alert, members: list[RootCause], new: New) -> None:
    """An alert whose partitions are all wrong for another reason now has changed; it is not resolved."""
    if members or alert.opened_at is None or alert.status in (Status.STALE, RUN_FAILED):
        return
    at = {cause.partition: key for key, cause in new.items() if cause.status not in _MAY_PASS}
    members += [new.pop(at[p]) for p in alert.partitions if p in at]


def _groups(new: Sequence[RootCause], work: _Work) -> list[list[RootCause]]:
    """New root causes by identity; those of a backfill that is being digested apart from the others."""
    groups: dict[tuple[object, ...], list[RootCause]] = defaultdict(list)
    for cause in new:
        if cause.backfill_id not in work.running:
            groups[cause.identity, cause.backfill_id if cause.backfill_id in work.digests else None].append(cause)
    return [sorted(group, key=_order) for group in groups.values()]


def _order(cause: RootCause) -> tuple[object, ...]:
    return cause.partition.day, cause.partition.table


# --- what became of an alert -----------------------------------------------------------------------------------


@dataclass
class _Work:
    """One evaluation in the making: what it knows of backfills, and the notices so far."""

    snapshot: Snapshot
    now: datetime
    running: set[str]
    digests: dict[str, Digest]
    notices: list[Notice] = field(default_factory=list)

    def causes_for(self, open_: Sequence[Alert]) -> list[RootCause]:
        """What is wrong, without what a running backfill has found first."""
        known = {partition for alert in open_ for partition in alert.partitions}
        return [c for c in self.snapshot.root_causes if c.backfill_id not in self.running or c.partition in known]

    def open(self, group: Sequence[RootCause]) -> Alert:
        """A new alert: reported now, or in its backfill's digest, or only watched at first."""
        first = group[0]
        digest = self.digests.get(first.backfill_id or "")
        watched = first.status in _MAY_PASS and digest is None
        alert = Alert(
            alert_id=_short_id(f"{first.identity}{first.partition}{self.now.isoformat()}"),
            table=first.partition.table,
            kind=first.kind,
            status=first.status,
            reason=first.reason,
            tier=worst(cause.tier for cause in group),
            first_day=first.partition.day,
            last_day=group[-1].partition.day,
            partitions=tuple(cause.partition for cause in group),
            seen_at=self.now,
            missing=sum(cause.missing for cause in group),
            reported_partitions=len(group),
            last_attempt=max(cause.attempt for cause in group),
            backfill_id=first.backfill_id if digest is not None else None,
            opened_at=None if watched else self.now,
        )
        if digest is not None:
            digest.opened.append((alert, tuple(group)))
        elif not watched:
            self.notices.append(Notice(Event.OPENED, alert, tuple(group)))
        return alert

    def follow(self, alert: Alert, causes: Iterable[RootCause]) -> Alert | None:
        """An open alert as it is now; None for one that ended before it was reported."""
        mine, untried = sorted(causes, key=_order), _untried(alert, self.snapshot)
        if not mine:
            return alert if untried else self._ended(alert)
        updated, event = _continued(alert, mine, untried, self.now)
        if event is None:
            return updated
        backfills = {cause.backfill_id for cause in _added(alert, mine) or mine}
        if not backfills <= {*self.running, *self.digests}:
            self.notices.append(Notice(event, updated, tuple(mine)))
            return updated
        # News that a backfill brought: in its digest, or not at all yet while one of them is still running.
        digest = next((self.digests[name] for name in backfills if name in self.digests), None)
        if digest is None:
            return alert
        digest.continued.append(updated)
        return updated

    def _ended(self, alert: Alert) -> Alert | None:
        """Resolved, unless a backfill is still at it; what was never reported ends in silence."""
        if alert.opened_at is None:
            return None
        repaired_by = {self.snapshot.attempt_at(partition)[1] for partition in alert.partitions}
        if repaired_by & self.running:
            return alert
        resolved = replace(alert, resolved_at=self.now)
        digest = next((digest for name, digest in self.digests.items() if name in repaired_by), None)
        if digest is not None:
            digest.resolved.append(resolved)
        else:
            self.notices.append(Notice(Event.RESOLVED, resolved))
        return resolved

    def close(self, digest: Digest, still_open: Sequence[Alert], found: Found, *, had_one: bool) -> Alert:
        """The record that a backfill had its digest, and its notice; a later one only with news."""
        facts = digest.facts = self.snapshot.in_full(digest.facts)
        digest.already_open = _already_open(digest, still_open, found)
        tiers = [c.tier for _, causes in digest.opened for c in causes] + [a.tier for a in digest.continued]
        record = self._over(
            alert_id=facts.backfill_id,
            table="",
            kind="backfill",
            status=BACKFILL,
            reason=", ".join(f"{count} {status}" for status, count in facts.counts.items()),
            tier=Tier.CRITICAL if Tier.CRITICAL in tiers else Tier.INFO,
            first_day=facts.first_day,
            last_day=facts.last_day,
            partitions=(),
            last_attempt=facts.last_attempt,
            backfill_id=facts.backfill_id,
        )
        if digest.opened or digest.continued or digest.resolved or not had_one:
            self.notices.append(Notice(Event.BACKFILL, record, digest=digest))
        return record

    def _over(self, **values: Any) -> Alert:
        """The record of something that is over when it is reported."""
        return Alert(seen_at=self.now, opened_at=self.now, resolved_at=self.now, **values)

    def corrected(self, news: Mapping[date, Sequence[Correction]]) -> list[Alert]:
        """The records that corrections were reported: one for each date, or one for many dates."""
        settled = [of_date for of_date in news.values() if self._is_settled(of_date)]
        if len(settled) > _MANY:
            settled = [[one for of_date in settled for one in of_date]]
        return [self._report(of_date) for of_date in settled]

    def _is_settled(self, of_date: Sequence[Correction]) -> bool:
        """Nobody is at work on the date any more: its tables are corrected one after the other."""
        backfills, newest = {one.backfill_id for one in of_date}, max(one.corrected_at for one in of_date)
        return not backfills & self.running and (None not in backfills or self.now - newest > SILENCE)

    def _report(self, corrections: Sequence[Correction]) -> Alert:
        days = [one.partition.day for one in corrections]
        cells, games = sum(one.cells for one in corrections), {game for one in corrections for game in one.games}
        newest = attempt_id_at(max(one.corrected_at for one in corrections))
        record = self._over(
            alert_id=_short_id(f"{CORRECTED}{min(days)}{newest}"),
            table=corrections[0].partition.table,
            kind=CORRECTED,
            status=CORRECTED,
            reason=f"the source has corrected {counted(cells, 'cell')} of {counted(len(games), 'game')}",
            tier=Tier.INFO,
            first_day=min(days),
            last_day=max(days),
            partitions=tuple(one.partition for one in corrections),
            last_attempt=newest,
        )
        self.notices.append(Notice(Event.CORRECTED, record, corrections=tuple(corrections)))
        return record


def _short_id(identity: str) -> str:
    return hashlib.sha256(identity.encode()).hexdigest()[:12]


def _news(previous: Sequence[Alert], corrections: Iterable[Correction]) -> dict[date, list[Correction]]:
    """The corrections of each date that were not reported yet."""
    reported = {
        partition: alert.last_attempt
        for alert in previous
        if alert.status == CORRECTED
        for partition in alert.partitions
    }
    news: dict[date, list[Correction]] = defaultdict(list)
    for one in corrections:
        if attempt_id_at(one.corrected_at) > reported.get(one.partition, ""):
            news[one.partition.day].append(one)
    return dict(sorted(news.items()))


def _continued(
    alert: Alert, mine: Sequence[RootCause], untried: Iterable[Partition], now: datetime
) -> tuple[Alert, Event | None]:
    """The alert as it is now, and an event if a person wants to know of the difference."""
    attempt = max(cause.attempt for cause in mine)
    partitions = tuple(dict.fromkeys((*untried, *(cause.partition for cause in mine))))
    updated = replace(
        alert,
        kind=_kind_now(alert, mine),
        status=mine[0].status,
        reason=mine[0].reason,
        partitions=partitions,
        last_day=max(p.day for p in partitions),
        times_seen=alert.times_seen + (attempt > alert.last_attempt),
        last_attempt=max(attempt, alert.last_attempt),
    )
    is_due = _is_news(alert, updated, mine) if alert.opened_at else now - alert.seen_at >= PATIENCE
    if not is_due:
        return updated, None
    reported = replace(
        updated,
        tier=worst([alert.tier, *(cause.tier for cause in mine)]),
        missing=sum(cause.missing for cause in mine),
        reported_partitions=len(partitions),
        opened_at=alert.opened_at or now,
        changed_at=now if alert.opened_at else None,
    )
    return reported, Event.CHANGED if alert.opened_at else Event.OPENED


def _kind_now(alert: Alert, mine: Sequence[RootCause]) -> str:
    """The kind of its causes; one stored by an older version keeps its own until all of them agree on one."""
    kinds = {cause.kind for cause in mine}
    is_known = len(kinds) == 1 and replace(alert, kind=mine[0].kind).names_causes
    return mine[0].kind if alert.names_causes or mine[0].status != alert.status or is_known else alert.kind


def _is_news(alert: Alert, updated: Alert, mine: Sequence[RootCause]) -> bool:
    """More urgent, another reason, a new date or more missing where it is urgent, or far more dates."""
    is_urgent = any(cause.tier is Tier.CRITICAL for cause in mine)
    return (
        updated.status != alert.status
        or (updated.kind != alert.kind and alert.names_causes)
        or worst(cause.tier for cause in mine).urgency > alert.tier.urgency
        or any(cause.tier is Tier.CRITICAL for cause in _added(alert, mine))
        or (is_urgent and sum(cause.missing for cause in mine) > alert.missing)
        or len(mine) >= max(_MANY, 2 * alert.reported_partitions)
    )


def _added(alert: Alert, mine: Iterable[RootCause]) -> list[RootCause]:
    return [cause for cause in mine if cause.partition not in alert.partitions]


def _untried(alert: Alert, snapshot: Snapshot) -> list[Partition]:
    """What nobody has tried since an alert that only an attempt can end: a failed run's, what was never asked for."""
    if alert.status not in (RUN_FAILED, Status.MISSING) or alert.opened_at is None:
        return []
    last = alert.last_attempt
    return [
        p for p in alert.partitions if snapshot.attempt_at(p)[0] <= last and not snapshot.job_recovered(p.table, last)
    ]


# --- backfills -------------------------------------------------------------------------------------------------


def _backfills(previous: Sequence[Alert], snapshot: Snapshot, now: datetime) -> tuple[set[str], dict[str, Digest]]:
    """Those still running, and those to be digested now."""
    digested = {alert.alert_id: alert.last_attempt for alert in previous if alert.status == BACKFILL}
    running: set[str] = set()
    over: dict[str, Digest] = {}
    for backfill_id, facts in snapshot.backfills.items():
        silent_for = now - moment_of(facts.last_attempt)
        is_over = facts.is_over if facts.is_over is not None else silent_for > SILENCE
        if digested.get(backfill_id, "") >= facts.last_attempt or (backfill_id not in digested and silent_for > PAST):
            continue
        if is_over:
            over[backfill_id] = Digest(facts)
        else:
            running.add(backfill_id)
    return running, over


def _already_open(digest: Digest, still_open: Sequence[Alert], found: Found) -> list[Alert]:
    """The open alerts that keep something of the backfill's range from being well, and are not in its digest yet."""
    named = {alert.alert_id for alert in (*digest.continued, *(alert for alert, _ in digest.opened))}

    def concerned(alert: Alert) -> set[Partition]:
        causes = found.get(alert.alert_id, ())
        return {*alert.partitions, *(p for cause in causes for p in (cause.partition, *cause.affected))}

    return [a for a in still_open if a.alert_id not in named and digest.facts.asked & concerned(a)]
