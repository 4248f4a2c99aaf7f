"""Notices become messages: what is wrong, why, what suffers from it, the command that repairs it, and where to look.

Here is what a message says; how it looks as text and as HTML is in `templates/`, and on Slack in `slack.py`.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache
from io import StringIO
from typing import TYPE_CHECKING

from rich.console import Console

from nba_assets.alerts import slack
from nba_assets.alerts.alert import RUN_FAILED, Alert, Digest, Event, Message, Notice, RootCause, Tier
from nba_assets.alerts.links import Link, links
from nba_assets.alerts.observe import Observation
from nba_assets.alerts.root_cause import essential
from nba_assets.overview.matrix import Matrix
from nba_assets.overview.terminal import as_rich, cell_text, legend
from nba_assets.partition import FAILED, Partition, Status, sentence_of
from nba_assets.settings import Settings
from nba_assets.tables import TABLES, TIERS, place_of
from nba_assets.text import counted, joined, span

if TYPE_CHECKING:
    from jinja2 import Environment

_WELL = (Status.OK, Status.NO_GAMES, Status.BOOTSTRAP, Status.NOT_DUE)
_MOST_DATES, _MOST_REASONS, _MOST_ROWS, _MOST_DIGESTED, _MOST_SUBJECTS, _MOST_CELLS = 5, 3, 7, 14, 100, 10
_LONGEST_SUBJECT, _LONGEST_OF_SEVERAL, _WIDTH = 180, 240, 118
_DAY = timedelta(days=1)
_COUNTING = {name: table.short_name for name, table in TABLES.items() if not table.optional}
_PREFIX = "[nba_assets] "


@dataclass(frozen=True)
class Email:
    """`facts` are (label, text) pairs; a text of several lines keeps them. `commands` are to be copied.

    The subject is given without the prefix, in any length and number of lines.
    """

    about: str
    headline: str
    facts: Sequence[tuple[str, str]]
    commands: Sequence[str] = ()
    matrix: Matrix | None = None
    links: Sequence[Link] = ()

    @property
    def subject(self) -> str:
        """A subject line: one line, not too long."""
        line = _PREFIX + " ".join(self.about.split())
        return line if len(line) <= _LONGEST_SUBJECT else line[: _LONGEST_SUBJECT - 1] + "…"

    def text(self) -> str:
        """Plain text."""
        return self._rendered("email.txt.j2").rstrip() + "\n"

    def html(self) -> str:
        """HTML with everything in it."""
        return self._rendered("email.html.j2")

    def slack(self) -> str:
        """Slack's form, as JSON."""
        matrix = f"{_matrix_as_text(self.matrix)}\n\n{legend(self.matrix)}" if self.matrix else None
        return slack.as_json(self.headline, self._given, self.commands, self.links, matrix)

    @property
    def _given(self) -> list[tuple[str, str]]:
        return [(label, text) for label, text in self.facts if text]

    def _rendered(self, template: str) -> str:
        facts = self._given
        labels = [*(label for label, _ in facts), *(link.label for link in self.links)]
        return (
            _templates()
            .get_template(template)
            .render(
                headline=self.headline,
                facts=facts,
                label_width=max(map(len, labels), default=0) + 2,
                commands=self.commands,
                matrix=self.matrix,
                links=self.links,
            )
        )

    def message(self, event: Event, tiers: Iterable[Tier], now: datetime, alert_ids: Sequence[str]) -> Message:
        """The email on its way to the recipients of some tiers."""
        return Message(
            message_id=f"{alert_ids[0]}-{event}-{now:%Y%m%dT%H%M%S%f}",
            event=event,
            tiers=tuple(tiers),
            subject=self.subject,
            text=self.text(),
            html=self.html(),
            slack=self.slack(),
            created_at=now,
            alert_ids=tuple(alert_ids),
        )


@cache
def _templates() -> Environment:
    # Imported here: jinja2 takes a twentieth of a second, and most processes write nothing.
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

    environment = Environment(
        loader=PackageLoader("nba_assets.alerts"),
        autoescape=select_autoescape(["html.j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"width": _WIDTH, "tables": _COUNTING, "matrix_as_text": _matrix_as_text}
    environment.globals |= {"cell_text": cell_text, "legend": legend}
    return environment


def _matrix_as_text(matrix: Matrix) -> str:
    console = Console(file=StringIO(), width=10 * _WIDTH, color_system=None)  # rich squeezes what does not fit
    with console.capture() as captured:
        console.print(as_rich(matrix, list(_COUNTING), width=_WIDTH))
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


# --- what an email says ----------------------------------------------------------------------------------------


def write(notice: Notice, observation: Observation | None, settings: Settings, now: datetime) -> Message:
    """The message of a notice; without an observation it does so without a part of the matrix."""
    alert_ids = [notice.alert.alert_id]
    if notice.corrections:
        email = _of_corrections(notice, observation)
    elif notice.digest is not None:
        email = _of_backfill(notice.digest, observation)
        alert_ids += [alert.alert_id for alert, _ in notice.digest.opened]
    elif notice.event is Event.RESOLVED:
        email = _of_resolution(notice.alert, observation)
    else:
        email = _of_causes(notice, observation)
    email = replace(email, links=links(settings, _place(notice)))
    return email.message(notice.event, [notice.alert.tier], now, alert_ids)


def _place(notice: Notice) -> Partition | None:
    """Where a message leads: to its subject's partition; of a backfill to the first that is wrong, or was asked for."""
    digest = notice.digest
    if digest is not None:
        opened = [cause.partition for _, causes in digest.opened for cause in causes]
        wrong = opened or [p for alert in (*digest.continued, *digest.already_open) for p in alert.partitions]
        return min([p for p in wrong if p.table in TABLES] or digest.facts.asked, key=place_of, default=None)
    if notice.causes:
        return notice.causes[-1].partition
    return next(iter(notice.alert.partitions), Partition(notice.alert.table, notice.alert.first_day))


def _of_causes(notice: Notice, observation: Observation | None) -> Email:
    alert, causes = notice.alert, notice.causes
    roots = [cause.partition for cause in causes]
    affected = _affected(causes)
    first, last = min(p.day for p in roots), max(p.day for p in roots)
    what = f"{_tables(roots)} {dates(roots)} {alert.status}"
    urgency = f"{alert.tier.upper()}{', changed' if notice.event is Event.CHANGED else ''}"
    return Email(
        f"{urgency}: {what}: {sentence_of(essential(causes[-1].findings)) or causes[-1].reason}",
        f"{urgency} · {what}",
        [
            ("Why", "\n".join(_reasons(causes))),
            (_suffering(alert), _listed(affected)),
            ("Seen", f"{counted(alert.times_seen, 'time')}, first on {alert.seen_at:%Y-%m-%d %H:%M} UTC"),
        ],
        _commands(alert, causes, affected),
        observation.excerpt(max(first, last - (_MOST_ROWS - 2) * _DAY), last + _DAY) if observation else None,
    )


def _of_resolution(alert: Alert, observation: Observation | None) -> Email:
    what = f"{alert.table} {span(alert.first_day, alert.last_day)} {alert.status}"
    opened = alert.opened_at or alert.seen_at
    lasted = _duration((alert.resolved_at or opened) - opened)
    last = min(alert.last_day, alert.first_day + (_MOST_ROWS - 1) * _DAY)
    return Email(
        f"RESOLVED: {what}",
        f"RESOLVED · {what}",
        [("It was", alert.reason), ("Lasted", f"{lasted}, since {opened:%Y-%m-%d %H:%M} UTC")],
        matrix=observation.excerpt(alert.first_day, last) if observation else None,
    )


def _of_backfill(digest: Digest, observation: Observation | None) -> Email:
    facts, wrong = digest.facts, _what_is_wrong(digest)
    opened = sorted(digest.opened, key=lambda found: _in_order(found[0]))
    open_before = sorted([*digest.continued, *digest.already_open], key=_in_order)
    headline = f"Backfill {facts.backfill_id} of {span(facts.first_day, facts.last_day)}: {wrong or 'all is well'}"
    counts = ", ".join(f"{count:,} {status}" for status, count in facts.counts.items())
    range_ = f"{facts.first_day} {facts.last_day}"
    return Email(
        headline,
        headline,
        [
            ("Partitions", f"{sum(facts.counts.values()):,}: {counts}"),
            ("Found", "\n".join(_found_line(alert, causes) for alert, causes in opened)),
            ("Still open", "\n".join(map(_alert_line, open_before))),
            ("Not done", f"{_tables(facts.untried)} on {dates(facts.untried)}" if facts.untried else ""),
            ("Resolved", "\n".join(map(_alert_line, sorted(digest.resolved, key=_in_order)))),
        ],
        [f"nba-assets coverage {range_}", f"nba-assets repair {range_}"] if wrong else [],
        observation.digested(facts.first_day, facts.last_day, most=_MOST_DIGESTED) if observation else None,
    )


def _in_order(alert: Alert) -> tuple[date, int, str]:
    """By date, and on each date in the order of the graph."""
    return alert.first_day, TIERS.get(alert.table, len(TIERS)), alert.table


def _of_corrections(notice: Notice, observation: Observation | None) -> Email:
    corrections, days = notice.corrections, dates(notice.alert.partitions)
    named = observation.teams if observation else {}
    games = sorted({game for one in corrections for game in one.games})
    cells = sorted((cell for one in corrections for cell in one.largest), key=lambda cell: -cell.size)[:_MOST_CELLS]
    rest = sum(one.cells for one in corrections) - len(cells)
    lines = [f"{_game(cell.game, named)} · {cell}" for cell in cells]
    added, removed = (sum(getattr(one, name) for one in corrections) for name in ("rows_added", "rows_removed"))
    first, last = notice.alert.first_day, notice.alert.last_day
    return Email(
        f"INFO: the source has corrected {days}: {joined([_game(game, named) for game in games], 2)}",
        f"INFO · the source has corrected {days}",
        [
            ("Changed", "\n".join([*lines, *([f"and {counted(rest, 'more cell')}"] if rest else [])])),
            ("Rows", f"{added:,} added, {removed:,} removed" if added or removed else ""),
            ("Tables", joined([*dict.fromkeys(str(one.partition) for one in corrections)], _MOST_DATES)),
        ],
        [f"nba-assets coverage {first} {last}"],
        observation.excerpt(max(first, last - (_MOST_ROWS - 1) * _DAY), last) if observation else None,
    )


def _game(game: str, named: Mapping[str, str]) -> str:
    """ "0022100025 DET@CHI" """
    return f"{game} {named[game]}" if game in named else game


def overflow_email(subjects: Sequence[str], *, budget: int, earlier: int, links: Sequence[Link] = ()) -> Email:
    """The one email for all that would exceed the day's budget."""
    lines = [f"- {subject.removeprefix(_PREFIX)}" for subject in subjects]
    from_now_on = "only what is critical is reported today, once an hour (NBA_ALERTS_DAILY_BUDGET). All that is open:"
    return Email(
        f"{len(subjects)} alerts at once: more than {budget} a day",
        f"{counted(len(subjects), 'more alert')} today, beyond the budget of {budget} a day: here they are as one",
        [
            ("Alerts", joined(lines, _MOST_SUBJECTS, separator="\n")),
            ("Sent before", f"{earlier} today"),
            ("From now on", from_now_on),
        ],
        ["nba-assets alerts list"],
        links=links,
    )


def trial_email(tier: Tier, links: Sequence[Link] = ()) -> Email:
    """What `nba-assets alerts test` sends."""
    headline = f"TEST · this is what a message of the tier {tier} looks like"
    facts = [("Why", "somebody ran nba-assets alerts test; nothing is wrong")]
    return Email(f"{tier.upper()}: test", headline, facts, links=links)


# --- parts -----------------------------------------------------------------------------------------------------


def dates(partitions: Iterable[Partition]) -> str:
    """ "2021-11-05", "2021-11-05, 2021-11-07", "2022-01-06 … 2022-04-10 (87 dates)" """
    days = sorted({partition.day for partition in partitions})
    if len(days) <= _MOST_DATES:
        return ", ".join(map(str, days))
    return f"{span(days[0], days[-1])} ({counted(len(days), 'date')})"


def _what_is_wrong(digest: Digest) -> str:
    """ "1 failed, 3 blocked, 1 root cause"; nothing only if everything asked for is as it should be."""
    counts: Counter[str] = Counter()
    for status in Status:
        if status not in _WELL:
            counts["failed" if status in FAILED else status.lower()] += digest.facts.counts.get(status.value, 0)
    open_ = (*(alert for alert, _ in digest.opened), *digest.continued, *digest.already_open)
    causes = len({alert.identity for alert in open_})
    parts = [f"{count:,} {what}" for what, count in counts.items() if count]
    return ", ".join([*parts, counted(causes, "root cause")] if causes else parts)


def _found_line(alert: Alert, causes: Sequence[RootCause]) -> str:
    roots, affected = [cause.partition for cause in causes], _affected(causes)
    suffers = f" ({_suffering(alert).lower()}: {_listed(affected)})" if affected else ""
    return f"- {_tables(roots)} {alert.status} on {dates(roots)}: {_cut(causes[0].reason)}{suffers}"


def _alert_line(alert: Alert) -> str:
    return f"- {alert.table} {alert.status} {span(alert.first_day, alert.last_day)}: {_cut(alert.reason)}"


def _reasons(causes: Sequence[RootCause]) -> list[str]:
    """The newest reasons, each with its partition if there are several; equal ones once."""
    if len({cause.reason for cause in causes}) == 1:
        return [causes[0].reason]
    newest = [f"{cause.partition}: {_cut(cause.reason)}" for cause in reversed(causes[-_MOST_REASONS:])]
    more = len(causes) - len(newest)
    return [*newest, f"and {more} more like these"] if more else newest


def _cut(reason: str) -> str:
    return textwrap.shorten(reason, _LONGEST_OF_SEVERAL, placeholder=" …")


def _tables(partitions: Iterable[Partition]) -> str:
    """ "raw_shots", "raw_shots and 4 more tables" """
    names = list(dict.fromkeys(partition.table for partition in partitions))
    return names[0] if len(names) == 1 else f"{names[0]} and {counted(len(names) - 1, 'more table')}"


def _affected(causes: Iterable[RootCause]) -> list[Partition]:
    """All that suffers from any of the causes, by date and in the order of the graph."""
    return sorted({p for cause in causes for p in cause.affected}, key=place_of)


def _listed(partitions: Sequence[Partition]) -> str:
    """ "3 partitions, 2021-11-07 … 2021-11-08: raw_shots 2, player_daily_cache"; nothing for none."""
    if not partitions:
        return ""
    tables = Counter(partition.table for partition in partitions)
    listed = ", ".join(f"{table} {count}" if count > 1 else table for table, count in tables.items())
    return f"{counted(len(partitions), 'partition')}, {span(partitions[0].day, partitions[-1].day)}: {listed}"


def _suffering(alert: Alert) -> str:
    return "Degraded by it" if alert.status == Status.DEGRADED else "Blocked by it"


def _commands(alert: Alert, causes: Sequence[RootCause], affected: Sequence[Partition]) -> Sequence[str]:
    last = affected[-1] if affected else causes[-1].partition
    if causes[-1].commands:
        return causes[-1].commands
    if alert.status == RUN_FAILED and last.table not in TABLES:
        return ["nba-assets dev"]
    days = [partition.day for partition in (*(cause.partition for cause in causes), *affected)]
    days += [day for cause in causes for day in cause.refreshed]
    # What is published, though degraded, is not rebuilt by a repair: the source has to be asked again.
    command = "refresh" if alert.status == Status.DEGRADED else "repair"
    return [f"nba-assets {command} {min(days)} {max(days)}", f"nba-assets explain {last.table} {last.day}"]


def _duration(lasted: timedelta) -> str:
    hours = lasted.total_seconds() / 3600
    return f"{hours / 24:.1f} days" if hours >= 48 else f"{hours:.1f} hours" if hours >= 1 else f"{hours * 60:.0f} min"
