"""A source that is asked for a day and gives no good answer: one alert, until it answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import repeat
from pathlib import Path

import pytest

from nba_assets.alerts.notify import AlertRun, notify
from nba_assets.alerts.observe import InstanceFacts, observe
from nba_assets.session import Session
from nba_assets.sources.base import ResultSet, SourceError
from nba_assets.sources.nba_api import NbaApiSource
from nba_assets.tables import RAW
from nba_assets_tests.alerts.conftest import CRITICAL, WARNING, Mailbox
from nba_assets_tests.engine.warehouses import build_range, session
from nba_assets_tests.needs import real_data
from nba_assets_tests.sources.stats_server import Fault, StatsServer, quick_settings

DAY = date(2021, 11, 7)
NEXT_MORNING = "2021-11-08T10:00"
THANKSGIVING = "2021-11-26T10:00"
BLANK, REFUSED, BROKEN, CUT = Fault(200, "{}"), Fault(403, "no"), Fault(503, "busy"), Fault(cut=True)
Opened = Callable[..., Session]


@pytest.fixture
def server() -> Iterator[StatsServer]:
    with StatsServer(real_data()) as running:
        yield running


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def opened(server: StatsServer, cache: Path, tmp_path: Path, mailbox: Mailbox) -> Opened:
    """What a process that starts now sees; all of them share the warehouse and the cache."""

    def open_again(now: str) -> Session:
        at = session(tmp_path, now=now, **mailbox.settings)
        return Session(at.settings, NbaApiSource(quick_settings(server, cache, breaker_failures=99), now=at.now))

    return open_again


def ask(at: Session) -> bool:
    """One attempt at the schedule, from a process of its own; whether there was a good answer."""
    try:
        at.source.read(ResultSet.SCHEDULE, "2021-22", [at.today()])
    except SourceError:
        return False
    return True


def pass_by(cache: Path, passed: timedelta) -> None:
    """So much time passes: everything on record is so much older."""
    path = cache / ".silence"
    record = json.loads(path.read_text())
    for name in ("since", "tried"):
        record[name] -= passed.total_seconds()
    path.write_text(json.dumps(record))
    (cache / ".cut_off").unlink(missing_ok=True)


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (REFUSED, "HTTP 403 Forbidden"),
        pytest.param(BROKEN, "HTTP 503 Service Unavailable", marks=pytest.mark.soak),
        pytest.param(CUT, "127.0.0.1 cannot be reached", marks=pytest.mark.soak),
        (BLANK, "the answer is {}"),
    ],
    ids=["refused", "broken", "no way", "blank"],
)
def test_after_a_day_in_vain_there_is_one_alert_until_an_answer_comes(
    server: StatsServer, cache: Path, opened: Opened, mailbox: Mailbox, fault: Fault, why: str
) -> None:
    """The results of yesterday are there: it is a warning."""
    build_range(session(cache.parent, now=NEXT_MORNING), DAY, DAY, tables=RAW)
    server.refuse_after, server.refusals = 0, repeat(fault)
    assert not ask(opened(NEXT_MORNING))
    since = datetime.now(UTC)
    assert notify(opened(NEXT_MORNING)) == AlertRun(recorded=True)
    pass_by(cache, timedelta(hours=23))
    assert not ask(opened(NEXT_MORNING))
    assert notify(opened(NEXT_MORNING)) == AlertRun(recorded=True)
    pass_by(cache, timedelta(hours=1))
    assert notify(opened(NEXT_MORNING)) == AlertRun(recorded=True), "nobody has asked since"
    assert not ask(opened(NEXT_MORNING))
    assert notify(opened(NEXT_MORNING)).delivered == 1
    (mail,) = mailbox.mails()
    assert mail.to == (WARNING,)
    began = since - timedelta(hours=24)
    assert mail.subject.startswith(
        f"[nba_assets] WARNING: stats.nba.com {began:%Y-%m-%d} OUT OF REACH: no good answer since {began:%Y-%m-%d} "
    )
    assert why in mail.body
    assert "NBA_API_PROXY" in mail.body
    assert "nba-assets fetch current --patient" in mail.body

    days_later = since + timedelta(days=4)
    assert notify(opened(NEXT_MORNING), now=days_later).written == 0, "that nobody asks any more ends nothing"
    assert not ask(opened(NEXT_MORNING))
    assert notify(opened(NEXT_MORNING)).written == 0, "told once"
    server.refuse_after = None
    assert ask(opened(NEXT_MORNING))
    assert not (cache / ".silence").exists()
    assert notify(opened(NEXT_MORNING)).delivered == 1
    assert mailbox.subjects()[1].startswith("[nba_assets] RESOLVED: stats.nba.com ")


def silent_for_a_day(server: StatsServer, cache: Path, at: Session) -> None:
    server.refuse_after, server.refusals = 0, repeat(REFUSED)
    assert not ask(at)
    pass_by(cache, timedelta(days=1))
    assert not ask(at)


def test_it_is_critical_once_yesterdays_results_wait_for_it(
    server: StatsServer, cache: Path, opened: Opened, mailbox: Mailbox
) -> None:
    build_range(session(cache.parent, now=NEXT_MORNING), DAY, DAY, tables=RAW)
    silent_for_a_day(server, cache, opened(NEXT_MORNING))
    assert notify(opened("2021-11-08T10:00")).delivered == 1
    notify(opened("2021-11-09T08:59"))
    assert [mail.to for mail in mailbox.mails()] == [(WARNING,)]
    notify(opened("2021-11-09T09:00"))
    ours = [mail for mail in mailbox.mails() if "OUT OF REACH" in mail.subject]
    assert [mail.to for mail in ours] == [(WARNING,), (CRITICAL,)]
    assert ours[1].subject.startswith("[nba_assets] CRITICAL, changed: stats.nba.com ")


def test_on_a_day_without_games_nothing_waits_for_it(
    server: StatsServer, cache: Path, opened: Opened, mailbox: Mailbox
) -> None:
    build_range(
        session(cache.parent, now=THANKSGIVING), date(2021, 11, 25), date(2021, 11, 25), tables=["raw_schedule"]
    )
    silent_for_a_day(server, cache, opened(THANKSGIVING))
    notify(opened(THANKSGIVING))
    assert [mail.to for mail in mailbox.mails() if "OUT OF REACH" in mail.subject] == [(WARNING,)]


def test_where_nobody_asks_nobody_is_told(server: StatsServer, cache: Path, opened: Opened) -> None:
    """One failure, and another one three days after: that is no day of trying."""
    server.refuse_after, server.refusals = 0, repeat(REFUSED)
    assert not ask(opened(NEXT_MORNING))
    pass_by(cache, timedelta(days=3))
    assert observe(opened(NEXT_MORNING), InstanceFacts()).snapshot.root_causes == []
    assert not ask(opened(NEXT_MORNING))
    found = opened(NEXT_MORNING).source.out_of_reach()
    assert found is not None
    assert datetime.now(UTC) - found.since < timedelta(minutes=1)
    assert observe(opened(NEXT_MORNING), InstanceFacts()).snapshot.root_causes == []


def test_a_cut_off_that_is_kept_to_counts_as_trying(server: StatsServer, opened: Opened) -> None:
    """The site asks for an hour: nobody calls meanwhile, and everybody is told to wait."""
    server.refuse_after, server.refusals = 0, repeat(Fault(429, "", (("Retry-After", "3600"),)))
    assert not ask(opened(NEXT_MORNING))
    first = opened(NEXT_MORNING).source.out_of_reach()
    asked = len(server.asked)
    assert not ask(opened(NEXT_MORNING))
    second = opened(NEXT_MORNING).source.out_of_reach()
    assert first is not None
    assert second is not None
    assert len(server.asked) == asked
    assert second.tried > first.tried
    assert (second.since, second.why) == (first.since, "HTTP 429 Too Many Requests")


def test_an_unreadable_record_is_none_and_files_are_never_out_of_reach(cache: Path, opened: Opened) -> None:
    cache.mkdir()
    (cache / ".silence").write_text("{")
    assert opened(NEXT_MORNING).source.out_of_reach() is None
    assert session(cache.parent).source.out_of_reach() is None
