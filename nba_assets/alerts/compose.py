"""Notices become letters: what is wrong, why, what suffers from it, and the command that repairs it."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Protocol

from nba_assets.alerts.alert import Alert, Digest, Event, Message, Notice
from nba_assets.alerts.letter import Letter, subject
from nba_assets.alerts.tiers import Tier
from nba_assets.alerts.trouble import RUN_FAILED, Trouble
from nba_assets.coverage.matrix import Matrix
from nba_assets.partition import FAILED, Partition, Status
from nba_assets.tables import TABLES
from nba_assets.text import span

_WELL = (Status.OK, Status.NO_GAMES, Status.BOOTSTRAP, Status.NOT_DUE)
_MOST_DATES, _MOST_REASONS, _MOST_ROWS = 5, 3, 7
_LONGEST_OF_SEVERAL = 240
_DAY = timedelta(days=1)


class Library(Protocol):
    """What a letter looks up."""

    def excerpt(self, first: date, last: date) -> Matrix | None:
        """The coverage of some dates."""
        ...

    def games(self, first: date, last: date) -> Mapping[str, str]:
        """Game id -> "ATL@UTA" for the dates."""
        ...


class NoLibrary:
    """For letters without a look at the warehouse."""

    def excerpt(self, first: date, last: date) -> Matrix | None:  # noqa: ARG002
        """Nothing."""
        return None

    def games(self, first: date, last: date) -> Mapping[str, str]:  # noqa: ARG002
        """Nothing."""
        return {}


def write(notice: Notice, library: Library, now: datetime) -> Message:
    """The message of a notice."""
    if notice.digest is not None:
        letter = _digest_letter(notice.digest)
    elif notice.event is Event.RESOLVED and notice.alert is not None:
        letter = _resolved_letter(notice.alert, library)
    else:
        assert notice.alert is not None
        letter = _trouble_letter(notice, notice.alert, library)
    alerts = [notice.alert] if notice.alert else []
    alerts += [alert for alert, _ in notice.digest.opened] if notice.digest else []
    return Message(
        message_id=f"{alerts[0].alert_id}-{notice.event}-{now:%Y%m%dT%H%M%S%f}",
        event=notice.event,
        tiers=(notice.tier,),
        subject=letter.subject,
        text=letter.text(),
        html=letter.html(),
        created_at=now,
        alert_ids=tuple(alert.alert_id for alert in alerts),
    )


def _trouble_letter(notice: Notice, alert: Alert, library: Library) -> Letter:
    roots = [trouble.partition for trouble in notice.troubles]
    touched = sorted(
        {p for t in notice.troubles for p in t.touched}, key=lambda p: (p.day, list(TABLES).index(p.table))
    )
    first, last = min(p.day for p in roots), max(p.day for p in roots)
    names = library.games(first, last)
    what = f"{_tables(roots)} {dates(roots)} {alert.status}"
    changed = ", changed" if notice.event is Event.CHANGED else ""
    reasons = _reasons(notice.troubles, names)
    facts = [
        ("Why", "\n".join(reasons)),
        (_suffering(alert), _touched(touched)),
        ("Seen", f"{alert.times_seen} time(s), first on {alert.seen_at:%Y-%m-%d %H:%M} UTC"),
    ]
    return Letter(
        subject(f"{notice.tier.upper()}{changed}: {what}: {_short(notice.troubles[-1].reason, names)}"),
        f"{notice.tier.upper()}{changed} · {what}",
        tuple((label, text) for label, text in facts if text),
        _commands(alert, roots, touched),
        library.excerpt(max(first, last - (_MOST_ROWS - 2) * _DAY), last + _DAY),
    )


def _resolved_letter(alert: Alert, library: Library) -> Letter:
    what = f"{alert.table} {span(alert.first_day, alert.last_day)} {alert.status}"
    opened = alert.opened_at or alert.seen_at
    lasted = (alert.resolved_at or opened) - opened
    facts = (
        ("It was", named_games(alert.reason, library.games(alert.first_day, alert.last_day))),
        ("Lasted", f"{_duration(lasted)}, since {opened:%Y-%m-%d %H:%M} UTC"),
    )
    last = min(alert.last_day, alert.first_day + (_MOST_ROWS - 1) * _DAY)
    return Letter(
        subject(f"RESOLVED: {what}"), f"RESOLVED · {what}", facts, matrix=library.excerpt(alert.first_day, last)
    )


def _digest_letter(digest: Digest) -> Letter:
    facts = digest.facts
    dates_of = span(facts.first_day, facts.last_day)
    total = sum(facts.counts.values())
    trouble = _in_trouble(digest)
    told = [
        ("Partitions", f"{total:,}: " + ", ".join(f"{count:,} {status}" for status, count in facts.counts.items())),
        ("Found", "\n".join(_cause_line(alert, troubles) for alert, troubles in digest.opened)),
        ("Still open", "\n".join(_alert_line(alert) for alert in (*digest.continued, *digest.standing))),
        ("Not done", f"{_tables(facts.untried)} on {dates(facts.untried)}" if facts.untried else ""),
        ("Resolved", "\n".join(_alert_line(alert) for alert in digest.resolved)),
    ]
    commands = (
        (
            f"nba-assets coverage {facts.first_day} {facts.last_day}",
            f"nba-assets repair {facts.first_day} {facts.last_day}",
        )
        if trouble
        else ()
    )
    headline = f"Backfill {facts.backfill_id} of {dates_of}: {trouble or 'all is well'}"
    return Letter(subject(headline), headline, tuple((label, text) for label, text in told if text), commands)


def _in_trouble(digest: Digest) -> str:
    """ "1 failed, 3 blocked, 1 root cause"; nothing only if everything asked for is as it should be."""
    counts: Counter[str] = Counter()
    for status in Status:
        if status not in _WELL:
            counts["failed" if status in FAILED else status.lower()] += digest.facts.counts.get(status.value, 0)
    causes = {alert.family for alert in (*(a for a, _ in digest.opened), *digest.continued, *digest.standing)}
    counts["root cause" if len(causes) == 1 else "root causes"] = len(causes)
    return ", ".join(f"{count} {what}" for what, count in counts.items() if count)


def _cause_line(alert: Alert, troubles: Sequence[Trouble]) -> str:
    roots = [trouble.partition for trouble in troubles]
    touched = {p for trouble in troubles for p in trouble.touched}
    suffers = f" ({_suffering(alert).lower()}: {_touched(sorted(touched, key=lambda p: p.day))})" if touched else ""
    return f"- {_tables(roots)} {alert.status} on {dates(roots)}: {_cut(troubles[0].reason)}{suffers}"


def _alert_line(alert: Alert) -> str:
    return f"- {alert.table} {alert.status} {span(alert.first_day, alert.last_day)}: {_cut(alert.reason)}"


# --- parts -----------------------------------------------------------------------------------------------------


def dates(partitions: Iterable[Partition]) -> str:
    """ "2021-11-05", "2021-11-05, 2021-11-07", "2022-01-06 … 2022-04-10 (87 dates)" """
    days = sorted({partition.day for partition in partitions})
    if len(days) <= _MOST_DATES:
        return ", ".join(map(str, days))
    return f"{days[0]} … {days[-1]} ({len(days)} dates)"


def named_games(text: str, names: Mapping[str, str]) -> str:
    """The text with the teams after every game id that stands alone."""

    def named(match: re.Match[str]) -> str:
        game_id = match.group()
        return f"{game_id} {names[game_id]}" if game_id in names else game_id

    return re.sub(r"\b\d{10}\b(?! [A-Z]{3}@)", named, text)


def _reasons(troubles: Sequence[Trouble], names: Mapping[str, str]) -> list[str]:
    """The newest reasons, each with its partition if there are several; equal ones once."""
    if len({trouble.reason for trouble in troubles}) == 1:
        return [named_games(troubles[0].reason, names)]
    newest = [f"{t.partition}: {_cut(named_games(t.reason, names))}" for t in reversed(troubles[-_MOST_REASONS:])]
    more = len(troubles) - len(newest)
    return [*newest, f"and {more} more like these"] if more else newest


def _cut(reason: str) -> str:
    return textwrap.shorten(reason, _LONGEST_OF_SEVERAL, placeholder=" …")


def _short(reason: str, names: Mapping[str, str]) -> str:
    """The entities, without the numbers that a label gives already."""
    parts = reason.split("; ")
    named = [part for part in parts if "complete, " not in part]
    return named_games("; ".join(named or parts), names)


def _tables(partitions: Iterable[Partition]) -> str:
    names = list(dict.fromkeys(partition.table for partition in partitions))
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more tables"


def _touched(touched: Sequence[Partition]) -> str:
    if not touched:
        return ""
    tables = Counter(partition.table for partition in touched)
    listed = ", ".join(f"{table} {count}" if count > 1 else table for table, count in tables.items())
    noun = "partition" if len(touched) == 1 else "partitions"
    return f"{len(touched):,} {noun}, {span(touched[0].day, touched[-1].day)}: {listed}"


def _suffering(alert: Alert) -> str:
    return "Degraded by it" if alert.status == Status.DEGRADED else "Blocked by it"


def _commands(alert: Alert, roots: Sequence[Partition], touched: Sequence[Partition]) -> tuple[str, ...]:
    days = [partition.day for partition in (*roots, *touched)]
    # What stands published, though degraded, is not rebuilt by a repair: the source has to be asked again.
    command = "refresh" if alert.status == Status.DEGRADED else "repair"
    repair = f"nba-assets {command} {min(days)} {max(days)}"
    worst = touched[-1] if touched else roots[-1]
    explain = f"nba-assets explain {worst.table} {worst.day}"
    if alert.status == RUN_FAILED and worst.table not in TABLES:
        return ("nba-assets dev",)
    return repair, explain


def _duration(lasted: timedelta) -> str:
    hours = lasted.total_seconds() / 3600
    return f"{hours / 24:.1f} days" if hours >= 48 else f"{hours:.1f} hours" if hours >= 1 else f"{hours * 60:.0f} min"


def trial_letter(tier: Tier) -> Letter:
    """What `nba-assets alerts test` sends."""
    headline = f"TEST · this is what a message of the tier {tier} looks like"
    facts = (("Why", "somebody ran nba-assets alerts test; nothing is wrong"),)
    return Letter(subject(f"{tier.upper()}: test"), headline, facts)
