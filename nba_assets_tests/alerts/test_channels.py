"""Several channels at once: each gets every message once, whatever happens to the others."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from nba_assets.alerts import store
from nba_assets.alerts.alert import Message
from nba_assets.alerts.notify import AlertRun, notify
from nba_assets.partition import Status
from nba_assets.session import Session
from nba_assets.warehouse.base import WarehouseError
from nba_assets.warehouse.duckdb import DuckDBWarehouse
from nba_assets_tests.alerts.conftest import EVERYBODY, Mailbox
from nba_assets_tests.alerts.ledger import bare_session, record
from nba_assets_tests.alerts.servers import SECRET, Hook, MailServer

YESTERDAY = date(2021, 11, 7)
NOW = datetime(2026, 3, 1, 15, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
TABLE = "raw_team_boxscores"
DAGSTER, COVERAGE = "https://dagster.hoops.example", "https://coverage.hoops.example/page"


@pytest.fixture
def mail() -> Iterator[MailServer]:
    """A mail server that accepts everything."""
    with MailServer() as started:
        yield started


@pytest.fixture
def hook() -> Iterator[Hook]:
    """A webhook that accepts everything."""
    with Hook() as started:
        yield started


@pytest.fixture
def settings(mail: MailServer, hook: Hook) -> dict[str, Any]:
    """Both, for all tiers."""
    return mail.settings | {"alerts_to": [EVERYBODY], "alerts_webhook_url": hook.url()}


def with_a_gap(home: Path, settings: dict[str, Any]) -> Session:
    session = bare_session(home, **settings)
    record(session, TABLE, [YESTERDAY])
    return session


def only_message(session: Session) -> Message:
    (message,) = store.load(session.warehouse).messages
    return message


def test_one_that_is_down_gets_it_when_it_is_up_and_the_other_not_again(
    tmp_path: Path, settings: dict[str, Any], mail: MailServer, hook: Hook
) -> None:
    hook.status = 503
    waits = AlertRun(True, written=1, waiting=1, open_alerts=1)
    assert notify(with_a_gap(tmp_path, settings), now=NOW) == waits
    assert (len(mail.mails), hook.calls) == (1, 1)
    message = only_message(bare_session(tmp_path))
    assert (message.attempts, message.next_attempt_at, message.delivered_at) == (1, NOW + MINUTE, None)
    assert "webhook of 127.0.0.1 (NBA_ALERTS_WEBHOOK_URL): HTTP 503" in (message.error or "")
    assert (message.by("smtp").delivered_at, message.by("smtp").received) == (NOW, (EVERYBODY,))

    assert notify(bare_session(tmp_path, **settings), now=NOW + 30 * timedelta(seconds=1)).delivered == 0
    assert hook.calls == 1, "before its time"
    assert notify(bare_session(tmp_path, **settings), now=NOW + MINUTE).waiting == 1
    hook.status = 200
    assert notify(bare_session(tmp_path, **settings), now=NOW + 2 * MINUTE).waiting == 1, "two minutes after the second"
    assert notify(bare_session(tmp_path, **settings), now=NOW + 3 * MINUTE) == AlertRun(True, 0, 1, 0, 1)
    assert notify(bare_session(tmp_path, **settings), now=NOW + HOUR) == AlertRun(True, open_alerts=1)
    assert (len(mail.mails), len(hook.posted), hook.calls) == (1, 1, 3)
    message = only_message(bare_session(tmp_path))
    assert (message.delivered_at, message.delivered_to, message.error) == (
        NOW + 3 * MINUTE,
        f"{EVERYBODY}, webhook",
        None,
    )


def test_ses_smtp_and_two_webhooks_each_get_their_own(
    tmp_path: Path, settings: dict[str, Any], mailbox: Mailbox, mail: MailServer, hook: Hook
) -> None:
    session = with_a_gap(tmp_path, settings | mailbox.settings | {"alerts_critical_webhook_url": hook.url("/oncall")})
    record(session, "raw_player_boxscores", [date(2021, 10, 25)])
    assert notify(session, now=NOW).delivered == 2
    assert sorted(mailbox.subjects()) == sorted(mail.subjects())
    assert [(path, payload["text"].split(" ")[0]) for path, payload in hook.posted] == [
        ("/oncall", "CRITICAL"),
        (SECRET, "WARNING"),
    ]
    assert {tuple(d.channel for d in m.deliveries) for m in store.load(session.warehouse).messages} == {
        ("critical_webhook", "ses", "smtp"),
        ("ses", "smtp", "webhook"),
    }


def test_what_somebody_has_to_mend_is_tried_once_an_hour_and_never_given_up(
    tmp_path: Path, settings: dict[str, Any], mail: MailServer, hook: Hook, caplog: pytest.LogCaptureFixture
) -> None:
    hook.status, hook.text = 404, "no_service"
    session = with_a_gap(tmp_path, settings)
    record(session, "raw_player_boxscores", [date(2021, 10, 25)])
    for minutes in (0, 1, 5, 59):
        assert notify(session, now=NOW + minutes * MINUTE).waiting == 2
    assert hook.calls == 1, "asked once for both messages"
    assert "is the webhook still there, its channel not archived?" in caplog.text
    assert SECRET not in caplog.text
    hook.status = 200
    assert notify(bare_session(tmp_path, **settings), now=NOW + HOUR).delivered == 2
    assert (len(mail.mails), len(hook.posted)) == (2, 2)


def test_a_webhook_that_is_busy_is_not_asked_before_it_wants(
    tmp_path: Path, settings: dict[str, Any], mail: MailServer, hook: Hook
) -> None:
    hook.status, hook.headers = 429, {"Retry-After": "600"}
    session = with_a_gap(tmp_path, settings)
    record(session, "raw_player_boxscores", [date(2021, 10, 25)])
    notify(session, now=NOW)
    hook.status = 200
    assert notify(session, now=NOW + 9 * MINUTE).waiting == 2
    assert notify(session, now=NOW + 10 * MINUTE).delivered == 2
    assert (len(mail.mails), hook.calls) == (2, 3)


def test_a_recipient_who_is_refused_for_now_gets_it_later_and_alone(
    tmp_path: Path, settings: dict[str, Any], mail: MailServer
) -> None:
    late = "late@hoops.example"
    settings = settings | {"alerts_to": [EVERYBODY, late], "alerts_webhook_url": None}
    mail.to = {late: "450 greylisted"}
    assert notify(with_a_gap(tmp_path, settings), now=NOW).waiting == 1
    mail.to, mail.sender = {}, "550 not yours"
    assert notify(bare_session(tmp_path, **settings), now=NOW + MINUTE).waiting == 1
    mail.sender = "250 OK"
    assert notify(bare_session(tmp_path, **settings), now=NOW + MINUTE + HOUR).delivered == 1
    assert [to for _, to in mail.mails] == [[EVERYBODY], [late]]
    assert only_message(bare_session(tmp_path)).delivered_to == f"{EVERYBODY}, {late}"


def test_a_recipient_who_is_taken_off_the_list_is_waited_for_no_longer(
    tmp_path: Path, settings: dict[str, Any], mail: MailServer
) -> None:
    mail.to = {"late@hoops.example": "450 greylisted"}
    both = settings | {"alerts_to": [EVERYBODY, "late@hoops.example"]}
    assert notify(with_a_gap(tmp_path, both), now=NOW).waiting == 1
    assert notify(bare_session(tmp_path, **settings), now=NOW + MINUTE).waiting == 0
    assert [to for _, to in mail.mails] == [[EVERYBODY]]


def test_a_recipient_who_is_refused_for_good_is_told_of_and_holds_up_nobody(
    tmp_path: Path, settings: dict[str, Any], mail: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    settings = settings | {"alerts_to": [EVERYBODY, "nobody@hoops.example"]}
    mail.to = {"nobody@hoops.example": "550 no such user"}
    session = with_a_gap(tmp_path, settings)
    assert notify(session, now=NOW).delivered == 1
    assert notify(session, now=NOW + HOUR).delivered == 0
    assert "not delivered to everybody" in caplog.text
    assert "nobody@hoops.example: 550 no such user" in (only_message(session).by("smtp").error or "")


def test_a_channel_that_breaks_takes_no_other_with_it(
    tmp_path: Path, settings: dict[str, Any], mail: MailServer, hook: Hook
) -> None:
    broken = settings | {"alerts_to": ["every\nbody"]}  # no header can be made of it: an error of another kind
    assert notify(with_a_gap(tmp_path, broken), now=NOW).waiting == 1
    assert "ValueError" in (only_message(bare_session(tmp_path)).error or "")
    assert notify(bare_session(tmp_path, **settings), now=NOW + HOUR).delivered == 1
    assert (len(mail.mails), len(hook.posted)) == (1, 1)


def test_a_channel_that_is_taken_away_is_waited_for_no_longer(
    tmp_path: Path, settings: dict[str, Any], mail: MailServer, hook: Hook
) -> None:
    hook.status = 503
    assert notify(with_a_gap(tmp_path, settings), now=NOW).waiting == 1
    without = settings | {"alerts_webhook_url": None}
    assert notify(bare_session(tmp_path, **without), now=NOW + timedelta(seconds=1)).waiting == 0
    assert notify(bare_session(tmp_path, **settings), now=NOW + HOUR).waiting == 0, "and what is over stays so"
    assert (len(mail.mails), hook.calls) == (1, 1)


def test_a_channel_that_is_new_gets_what_waits_and_nothing_that_was_delivered(
    tmp_path: Path, settings: dict[str, Any], mail: MailServer, hook: Hook
) -> None:
    by_mail = settings | {"alerts_webhook_url": None}
    session = with_a_gap(tmp_path, by_mail)
    assert notify(session, now=NOW).delivered == 1
    mail.data = "451 later"
    record(session, "raw_player_boxscores", [date(2021, 10, 25)])
    assert notify(session, now=NOW + MINUTE).waiting == 1
    assert notify(bare_session(tmp_path, **settings), now=NOW + HOUR).waiting == 1
    (headline,) = hook.headlines()
    assert headline.startswith("WARNING · raw_player_boxscores")


def test_a_warehouse_of_the_version_before_loses_nothing_and_sends_nothing_twice(
    tmp_path: Path, settings: dict[str, Any], mail: MailServer, hook: Hook
) -> None:
    """One message was delivered by it, another waits; then the tables are migrated as the error says."""
    session = with_a_gap(tmp_path, settings | {"alerts_webhook_url": None})
    notify(session, now=NOW)
    mail.data = "451 later"
    record(session, "raw_player_boxscores", [date(2021, 10, 25)])
    notify(session, now=NOW)
    path = session.settings.warehouse_path
    with duckdb.connect(str(path)) as connection:
        for column in ("slack", "deliveries"):
            connection.execute(f"ALTER TABLE nba_processing.alert_messages DROP COLUMN {column}")
    with pytest.raises(WarehouseError, match=r"missing the column\(s\) deliveries, slack.*nba-assets migrate"):
        store.load(DuckDBWarehouse(path))
    migrated = DuckDBWarehouse(path).migrate(dry_run=False)
    assert {m.why for m in migrated} == {"slack is new in the contract", "deliveries is new in the contract"}

    mail.data = "250 OK"
    assert notify(bare_session(tmp_path, **settings), now=NOW + timedelta(seconds=59)).waiting == 1, "as it was claimed"
    assert notify(bare_session(tmp_path, **settings), now=NOW + MINUTE) == AlertRun(True, 0, 1, 0, 2)
    assert notify(bare_session(tmp_path, **settings), now=NOW + HOUR) == AlertRun(True, open_alerts=2)
    assert [subject.split(":")[0] for subject in mail.subjects()] == ["[nba_assets] CRITICAL", "[nba_assets] WARNING"]
    assert len(hook.posted) == 1
    assert "*" not in hook.posted[0][1]["blocks"][1]["text"]["text"][:3], "its text, as that version has written it"


class Unusable(DuckDBWarehouse):
    """A real warehouse whose file somebody else keeps open, as long as `is_held`."""

    is_held = True

    def ledger(self, *arguments: Any, **named: Any) -> Any:
        """The ledger, unless it is held."""
        if self.is_held:
            raise WarehouseError(f"{self.path} is held open by another process")
        return super().ledger(*arguments, **named)


@pytest.mark.parametrize("is_of_the_version_before", [False, True])
def test_a_ledger_that_cannot_be_used_is_told_once_by_each(
    tmp_path: Path, settings: dict[str, Any], mail: MailServer, hook: Hook, is_of_the_version_before: bool
) -> None:
    warehouse = Unusable(tmp_path / "warehouse.duckdb")
    session = Session(bare_session(tmp_path, **settings).settings, given_warehouse=warehouse)
    hook.status = 503
    for minutes in range(5):
        assert not notify(session, now=NOW + minutes * MINUTE).recorded
    assert len(mail.mails) == 1
    hook.status = 200
    remembered = session.settings.state / "alert-ledger.json"
    if is_of_the_version_before:
        remembered.write_text(json.dumps(json.loads(remembered.read_text()) | {"told": True}))
    for minutes in range(5, 8):
        notify(session, now=NOW + minutes * MINUTE)
    assert (len(mail.mails), len(hook.posted)) == (1, 0 if is_of_the_version_before else 1)

    warehouse.is_held, hook.status = False, 503
    notify(session, now=NOW + 8 * MINUTE)
    hook.status = 200
    for minutes in range(9, 12):
        notify(session, now=NOW + minutes * MINUTE)
    assert mail.subjects()[1:] == ["[nba_assets] RESOLVED: the ledger can be used again"]
    assert [headline[:8] for headline in hook.headlines()][-1:] == ["RESOLVED"]
    assert not remembered.exists()


# --- where messages lead, and the digest -----------------------------------------------------------------------


def test_every_message_of_every_channel_leads_to_the_partition(
    tmp_path: Path, settings: dict[str, Any], mailbox: Mailbox, mail: MailServer, hook: Hook
) -> None:
    pages = {"dagster_url": DAGSTER + "/", "coverage_url": COVERAGE}
    session = with_a_gap(tmp_path, mailbox.settings | settings | pages)
    assert notify(session, now=NOW).delivered == 1
    record(session, TABLE, [YESTERDAY], Status.NO_GAMES)
    assert notify(session, now=NOW + MINUTE).delivered == 1
    dagster = f"{DAGSTER}/assets/{TABLE}?view=partitions&partition=2021-11-07"
    cell = f"{COVERAGE}#2021-11-07/{TABLE}"
    escaped = dagster.replace("&", "&amp;")
    for message in store.load(session.warehouse).messages:
        assert f"Dagster   {dagster}\n" in message.text.replace("Dagster        ", "Dagster   ")
        assert f"{cell}\n" in message.text
    for sent in mailbox.mails():
        assert f'<a href="{escaped}">Dagster</a> · <a href="{cell}">Coverage</a>' in sent.body
    assert len(mail.mails) == 2
    for _, payload in hook.posted:
        assert f"<{escaped}|Dagster> · <{cell}|Coverage>" in payload["text"]


def test_without_their_settings_there_are_no_links(
    tmp_path: Path, settings: dict[str, Any], hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NBA_COVERAGE_URL", "NBA_DAGSTER_URL"):
        monkeypatch.delenv(name, raising=False)
    session = with_a_gap(tmp_path, settings)
    notify(session, now=NOW)
    message = only_message(session)
    assert "Dagster" not in message.text + message.html + hook.posted[0][1]["text"]
    assert "http" not in message.text + hook.posted[0][1]["text"]


def test_the_digest_has_the_matrix_in_order_in_every_channel(
    tmp_path: Path, settings: dict[str, Any], mailbox: Mailbox, hook: Hook
) -> None:
    session = bare_session(tmp_path, **(mailbox.settings | settings | {"dagster_url": DAGSTER}))
    for table, day in (("raw_shots", 6), ("raw_schedule", 6), (TABLE, 3)):
        record(session, table, [date(2021, 11, day)], backfill_id="bf")
    assert notify(session, finished_backfill="bf", now=NOW).delivered == 1
    text = only_message(session).text
    found = [line.split(" on ")[0] for line in text.splitlines() if " GAP on " in line]
    assert [line.split("- ")[1] for line in found] == [f"{TABLE} GAP", "raw_schedule GAP", "raw_shots GAP"]
    rows = [line[:10] for line in text.splitlines() if line.startswith("2021-11-")]
    assert rows == ["2021-11-03", "2021-11-04", "2021-11-05", "2021-11-06"]
    heads = next(line for line in text.splitlines() if line.startswith("date ")).split()
    assert heads[2:5] == ["SCHED", "TBOX", "PBOX"]
    assert f"{DAGSTER}/assets/{TABLE}?view=partitions&partition=2021-11-03" in text
    (sent,) = mailbox.mails()
    assert sent.body.index("2021-11-03</td>") < sent.body.index("2021-11-06</td>")
    matrix = hook.posted[0][1]["blocks"][-2]["text"]["text"]
    assert matrix.startswith("```\ndate ")
    assert [line[:10] for line in matrix.splitlines() if line.startswith("2021-11-")] == rows


def test_a_long_backfill_shows_the_first_dates_that_are_not_in_order(tmp_path: Path, settings: dict[str, Any]) -> None:
    session = bare_session(tmp_path, **settings)
    days = [date(2021, 10, 20) + timedelta(days=n) for n in range(19)]
    wrong = days[1::2]
    record(session, "raw_schedule", [day for day in days if day not in wrong], Status.NO_GAMES, backfill_id="bf")
    record(session, "raw_schedule", wrong, Status.GAP, backfill_id="bf")
    notify(session, finished_backfill="bf", now=NOW)
    rows = [line for line in only_message(session).text.splitlines() if line.startswith(("2021-10-", "2021-11-"))]
    assert len(rows) == 14


@pytest.mark.parametrize("status", [200, 503])
def test_the_log_has_no_secret_at_any_level(
    tmp_path: Path, hook: Hook, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    hook.status = status
    with caplog.at_level(logging.DEBUG):
        notify(with_a_gap(tmp_path, {"alerts_webhook_url": hook.url()}), now=NOW)
    assert hook.calls == 1
    assert SECRET not in caplog.text
