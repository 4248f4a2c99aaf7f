"""From the ledger into the mailbox: who gets what, what SES refuses, restarts, and the day's budget."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from nba_assets.alerts import store
from nba_assets.alerts.alert import Delivery, Event, Message, Tier
from nba_assets.alerts.notify import AlertRun, notify
from nba_assets.alerts.outbox import Parcel, claimed
from nba_assets.alerts.ses import SesTransport
from nba_assets.alerts.transport import LogTransport
from nba_assets.partition import Cause, Partition, Status, finding
from nba_assets.session import Session
from nba_assets.tables import TABLES
from nba_assets.warehouse.base import WarehouseError
from nba_assets.warehouse.duckdb import DuckDBWarehouse
from nba_assets_tests.alerts.conftest import CRITICAL, EVERYBODY, WARNING, Mailbox
from nba_assets_tests.alerts.ledger import bare_session, days_from, gap_reason, record, record_all

YESTERDAY, LONG_AGO = date(2021, 11, 7), date(2021, 10, 25)
NOW = datetime(2026, 3, 1, 15, tzinfo=UTC)
TABLE = "raw_team_boxscores"


def with_a_gap(home: Path, mailbox: Mailbox, **settings: object) -> Session:
    session = bare_session(home, **(mailbox.settings | settings))
    record(session, TABLE, [YESTERDAY])
    return session


def test_each_tier_has_its_recipients_and_the_fallback(tmp_path: Path, mailbox: Mailbox):
    session = with_a_gap(tmp_path, mailbox)
    record(session, "raw_player_boxscores", [LONG_AGO])
    record(session, "raw_shots", [LONG_AGO], backfill_id="bf")
    assert notify(session, finished_backfill="bf").delivered == 3
    assert {mail.to: mail.subject.split(":")[0] for mail in mailbox.mails()} == {
        (CRITICAL,): "[nba_assets] CRITICAL",
        (WARNING,): "[nba_assets] WARNING",
        (EVERYBODY,): "[nba_assets] Backfill bf of 2021-10-25",
    }


def test_a_tier_that_nobody_gets_goes_to_the_log_and_says_so_once(
    tmp_path: Path, mailbox: Mailbox, caplog: pytest.LogCaptureFixture
):
    session = with_a_gap(tmp_path, mailbox, alerts_critical_to=[], alerts_to=[])
    assert notify(session).delivered == 1
    record(session, TABLE, [YESTERDAY + timedelta(days=1)])
    assert notify(session).delivered == 1
    assert mailbox.mails() == []
    said = [r.getMessage() for r in caplog.records if "nobody is to get critical" in r.getMessage()]
    assert len(said) == 1
    assert sum(r.getMessage().startswith("[nba_assets] CRITICAL") for r in caplog.records) == 2


def test_without_ses_everything_goes_to_the_log_which_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    session = bare_session(tmp_path)
    record(session, TABLE, [YESTERDAY])
    assert notify(session).delivered == 1
    assert notify(session).delivered == 0
    texts = [record_.getMessage() for record_ in caplog.records]
    assert sum("alerts go to the log" in text for text in texts) == 1
    assert sum(gap_reason(YESTERDAY)[-30:] in text and "nba-assets repair" in text for text in texts) == 1


# --- SES refuses -----------------------------------------------------------------------------------------------


@contextmanager
def answering(status: int | None, error: str = "") -> Iterator[str]:
    """An endpoint that answers everything alike; never, if `status` is None."""
    released = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            if status is None:
                released.wait(10)
                return
            body = b'{"message": "no"}'
            self.send_response(status)
            self.send_header("x-amzn-ErrorType", error)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        released.set()
        server.shutdown()
        server.server_close()


def assert_nothing_is_lost(home: Path, mailbox: Mailbox, refused: Session, expected: str) -> None:
    """Refused now, still refused before the backoff is over, delivered by a new process afterwards."""
    transport = SesTransport(refused.settings, timeout=0.2)
    assert notify(refused, now=NOW, transports=[transport]) == AlertRun(True, written=1, waiting=1, open_alerts=1)
    (waiting,) = store.load(refused.warehouse).messages
    assert (waiting.attempts, waiting.next_attempt_at) == (1, NOW + timedelta(minutes=1))
    assert expected in (waiting.error or "")
    assert notify(refused, now=NOW + timedelta(seconds=30), transports=[transport]).delivered == 0
    assert store.load(refused.warehouse).messages == (waiting,)
    mailbox.verify()
    restarted = bare_session(home, **mailbox.settings)
    assert notify(restarted, now=NOW + timedelta(minutes=2)).delivered == 1
    assert notify(restarted, now=NOW + timedelta(hours=2)).delivered == 0
    assert len(mailbox.mails()) == 1


def test_an_unverified_sender_loses_nothing(tmp_path: Path, unverified_mailbox: Mailbox):
    refused = with_a_gap(tmp_path, unverified_mailbox)
    assert_nothing_is_lost(tmp_path, unverified_mailbox, refused, "Email address not verified alerts@hoops.example")


def test_the_wrong_region_loses_nothing(tmp_path: Path, mailbox: Mailbox):
    refused = with_a_gap(tmp_path, mailbox, AWS_SES_REGION="eu-central-1")
    assert_nothing_is_lost(tmp_path, mailbox, refused, "Amazon SES, eu-central-1")


@pytest.mark.parametrize(
    ("status", "error", "expected"),
    [
        pytest.param(429, "TooManyRequestsException", "TooManyRequestsException", id="throttled"),
        pytest.param(None, "", "Read timeout", id="timeout"),
        pytest.param(503, "ServiceUnavailable", "ServiceUnavailable", id="unavailable"),
        pytest.param(403, "InvalidClientTokenId", "InvalidClientTokenId", id="bad credentials"),
    ],
)
def test_an_ses_that_cannot_be_used_loses_nothing(
    tmp_path: Path, mailbox: Mailbox, status: int | None, error: str, expected: str
):
    with answering(status, error) as endpoint:
        refused = with_a_gap(tmp_path, mailbox, AWS_SES_ENDPOINT=endpoint)
        assert_nothing_is_lost(tmp_path, mailbox, refused, expected)


def test_an_ses_that_is_down_is_asked_once_for_all_messages(tmp_path: Path, mailbox: Mailbox):
    with answering(429, "TooManyRequestsException") as endpoint:
        session = with_a_gap(tmp_path, mailbox, AWS_SES_ENDPOINT=endpoint)
        record(session, "raw_player_boxscores", [LONG_AGO])
        notify(session, now=NOW)
    messages = store.load(session.warehouse).messages
    assert [bool(message.error) for message in messages] == [True, False]
    assert notify(bare_session(tmp_path, **mailbox.settings), now=NOW + timedelta(minutes=2)).delivered == 2


def test_the_backoff_grows_to_an_hour():
    message = Message("id", Event.OPENED, (Tier.CRITICAL,), "subject", "text", "html", created_at=NOW)
    parcel, waits = Parcel(message, LogTransport("a test"), Delivery("log")), []
    for _ in range(9):
        parcel = claimed(parcel, NOW)
        assert parcel.delivery.next_attempt_at is not None
        waits.append((parcel.delivery.next_attempt_at - NOW).total_seconds() / 60)
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]


# --- restarts, storms, the budget ------------------------------------------------------------------------------


def test_a_restart_forgets_nothing(tmp_path: Path, mailbox: Mailbox):
    notify(with_a_gap(tmp_path, mailbox), now=NOW)
    before = store.load(bare_session(tmp_path).warehouse)
    assert notify(bare_session(tmp_path, **mailbox.settings), now=NOW + timedelta(days=1)) == AlertRun(
        True, open_alerts=1
    )
    after = store.load(bare_session(tmp_path).warehouse)
    assert after == before
    (alert,) = after.alerts
    assert (alert.opened_at, alert.partitions, alert.times_seen) == (NOW, (Partition(TABLE, YESTERDAY),), 1)


def test_an_upgrade_reports_nothing_again(tmp_path: Path, mailbox: Mailbox):
    """A row and an alert as the version before wrote them; then the same gap by its cause, and its end."""
    session = bare_session(tmp_path, **mailbox.settings)
    record(session, TABLE, [YESTERDAY], reason=gap_reason(YESTERDAY))
    assert notify(session).delivered == 1
    state = store.load(session.warehouse)
    older = replace(state, alerts=(replace(state.alerts[0], kind="GAP: no box score"),))
    store.save(session.warehouse, state, older, now=NOW)
    assert notify(session) == AlertRun(True, open_alerts=1)
    record(session, TABLE, [YESTERDAY])
    assert notify(session) == AlertRun(True, open_alerts=1)
    (alert,) = store.load(session.warehouse).alerts
    assert (alert.alert_id, alert.kind) == (state.alerts[0].alert_id, "GAP: no_box_score")
    record(session, TABLE, [YESTERDAY], Status.NO_GAMES)
    assert notify(session).delivered == 1
    assert mailbox.subjects()[1].startswith("[nba_assets] RESOLVED: raw_team_boxscores 2021-11-07 GAP")


def test_a_build_that_takes_hours_does_not_keep_alerts_waiting(tmp_path: Path, mailbox: Mailbox):
    session = with_a_gap(tmp_path, mailbox)
    builder = bare_session(tmp_path)
    session.warehouse.queue = 0  # type: ignore[attr-defined]
    with builder.warehouse.writer("building a season"):
        assert notify(session).delivered == 1
    assert len(mailbox.mails()) == 1


def test_two_processes_at_once_send_one_mail(tmp_path: Path, mailbox: Mailbox):
    with_a_gap(tmp_path, mailbox)
    alert_runs: list[AlertRun] = []
    sessions = [bare_session(tmp_path, **mailbox.settings) for _ in range(4)]
    threads = [threading.Thread(target=lambda s=s: alert_runs.append(notify(s))) for s in sessions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [r.recorded for r in alert_runs] == [True] * 4
    assert len(mailbox.mails()) == 1


KEY_ERROR = finding(Cause.COMPUTATION_FAILED, kind="KeyError", error="x")


def storm(session: Session, causes: int, *, count: int = 1000) -> None:
    """So many gaps of so many causes: ten tables, each for the same few reasons."""
    tables = list(TABLES)[:10]
    days = days_from(date(2021, 10, 1), count // len(tables))
    below = finding(Cause.BELOW_SHARE, complete=0, expected=9, required=9)
    kinds = (Cause.NO_BOX_SCORE, Cause.NO_SHOTS, Cause.NO_ROW)[: causes // len(tables)]
    record_all(
        session,
        [
            (Partition(table, day), Status.GAP, (below, finding(kinds[number % len(kinds)], "X")))
            for number, day in enumerate(days)
            for table in tables
        ],
    )


def test_a_storm_is_one_mail_per_cause(tmp_path: Path, mailbox: Mailbox):
    session = bare_session(tmp_path, now="2022-01-20T09:00", **mailbox.settings)
    storm(session, causes=20)
    assert notify(session).delivered == 20
    assert len(set(mailbox.subjects())) == 20
    assert notify(session) == AlertRun(True, open_alerts=20)


def test_more_than_the_budget_becomes_one_mail_that_says_so(tmp_path: Path, mailbox: Mailbox):
    session = bare_session(tmp_path, now="2022-01-20T09:00", **mailbox.settings)
    storm(session, causes=30, count=150)
    assert notify(session, now=NOW) == AlertRun(True, written=1, delivered=1, open_alerts=30)
    (mail,) = mailbox.mails()
    assert mail.subject == "[nba_assets] 30 alerts at once: more than 20 a day"
    assert mail.body.count("WARNING: ") == 30
    assert mail.to == (WARNING,)

    record(session, "ml_feature_store_v2", [date(2021, 12, 1)], Status.ERROR, KEY_ERROR)
    record(session, "player_daily_cache", [date(2022, 1, 19)], Status.ERROR, KEY_ERROR)
    assert notify(session, now=NOW + timedelta(minutes=5)).delivered == 0
    assert notify(session, now=NOW + timedelta(hours=1)).delivered == 1, "what is urgent, once an hour"
    assert "player_daily_cache 2022-01-19 ERROR" in mailbox.mails()[1].body
    assert notify(session, now=NOW + timedelta(hours=3)).delivered == 0
    tomorrow = NOW + timedelta(days=1)
    assert notify(session, now=tomorrow).delivered == 1
    assert "ml_feature_store_v2 2021-12-01 ERROR" in mailbox.subjects()[2]
    assert notify(session, now=tomorrow + timedelta(hours=1)).delivered == 0


def test_values_that_json_does_not_know_break_nothing(tmp_path: Path, mailbox: Mailbox):
    """A reason with quotes, markup, line ends and a date, in mail, state and ledger."""
    session = bare_session(tmp_path, **mailbox.settings)
    error = f"{date(2021, 11, 7)!r} <b>\"quoted\" 'twice'</b>\nNaN: {float('nan')}"
    record(session, TABLE, [YESTERDAY], Status.ERROR, finding(Cause.COMPUTATION_FAILED, kind="KeyError", error=error))
    assert notify(session).delivered == 1
    (mail,) = mailbox.mails()
    assert "\n" not in mail.subject
    assert "&lt;b&gt;" in mail.body
    assert store.load(session.warehouse).alerts[0].reason == f"KeyError: {error}"


# --- the ledger itself -----------------------------------------------------------------------------------------


class Unusable(DuckDBWarehouse):
    """A real warehouse whose file somebody else keeps open, as long as `is_held`."""

    is_held = True

    def ledger(self, start=None, end=None, *, tables=None):  # type: ignore[no-untyped-def]
        if self.is_held:
            raise WarehouseError(f"{self.path} is held open by another process")
        return super().ledger(start, end, tables=tables)


def test_a_ledger_that_cannot_be_used_is_told_once_and_its_return_too(tmp_path: Path, mailbox: Mailbox):
    warehouse = Unusable(tmp_path / "warehouse.duckdb")
    session = Session(bare_session(tmp_path, **mailbox.settings).settings, given_warehouse=warehouse)
    alert_runs = [notify(session, now=NOW + timedelta(minutes=n)) for n in range(5)]
    assert [r.recorded for r in alert_runs] == [False] * 5
    assert [(m.to, m.subject.split(":")[0]) for m in mailbox.mails()] == [((CRITICAL,), "[nba_assets] CRITICAL")]
    warehouse.is_held = False
    assert notify(session, now=NOW + timedelta(minutes=9)).recorded
    assert notify(session, now=NOW + timedelta(minutes=10)).recorded
    assert mailbox.subjects()[1:] == ["[nba_assets] RESOLVED: the ledger can be used again"]


def test_a_short_wait_for_the_ledger_is_not_told(tmp_path: Path, mailbox: Mailbox):
    warehouse = Unusable(tmp_path / "warehouse.duckdb")
    session = Session(bare_session(tmp_path, **mailbox.settings).settings, given_warehouse=warehouse)
    notify(session, now=NOW)
    warehouse.is_held = False
    notify(session, now=NOW + timedelta(minutes=1))
    assert mailbox.mails() == []


def test_a_data_run_that_could_not_write_is_told_at_once(tmp_path: Path, mailbox: Mailbox):
    session = bare_session(tmp_path, **mailbox.settings)
    notify(session, failure=WarehouseError("disk full"))
    assert mailbox.subjects() == ["[nba_assets] CRITICAL: the ledger cannot be used: disk full"]


def test_alerting_never_raises_into_a_data_run(tmp_path: Path, mailbox: Mailbox, caplog: pytest.LogCaptureFixture):
    class Broken(DuckDBWarehouse):
        def ledger(self, start=None, end=None):  # type: ignore[no-untyped-def]  # noqa: ARG002
            raise RuntimeError("a bug")

    session = Session(
        bare_session(tmp_path, **mailbox.settings).settings, given_warehouse=Broken(tmp_path / "warehouse.duckdb")
    )
    with caplog.at_level(logging.ERROR):
        assert notify(session) == AlertRun(recorded=False)
    assert "the data is not affected" in caplog.text
