"""`nba-assets alerts test` and `nba-assets alerts list`, as a person types them."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from nba_assets.alerts.channels import NONE_IS_ON
from nba_assets.alerts.notify import notify
from nba_assets.cli.alerts import alerts_app
from nba_assets_tests.alerts.conftest import CRITICAL, EVERYBODY, SENDER, WARNING, Mailbox
from nba_assets_tests.alerts.ledger import bare_session, record
from nba_assets_tests.alerts.servers import SECRET, Hook, MailServer
from nba_assets_tests.cli.command import nba_assets, printed_json


@pytest.fixture
def env(tmp_path: Path, unverified_mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> Mailbox:
    """A `.env` in the working directory, where a person puts settings."""
    lines = [f"NBA_HOME={tmp_path}", "NBA_NOW=2021-11-08T09:00"]
    for name, value in unverified_mailbox.settings.items():
        key = name if name.startswith("AWS") else f"NBA_{name.upper()}"
        lines.append(f"{key}={','.join(value) if isinstance(value, list) else value}")
        monkeypatch.delenv(key, raising=False)
    Path(".env").write_text("\n".join(lines))
    return unverified_mailbox


def run(*words: str) -> Result:
    return CliRunner().invoke(alerts_app, words)


def test_one_message_per_tier_and_who_gets_it(env: Mailbox):
    env.verify()
    result = run("test")
    assert result.exit_code == 0
    assert f"Transport: Amazon SES, us-west-2, from {SENDER}" in result.output
    for tier, address in (("critical", CRITICAL), ("warning", WARNING), ("info", EVERYBODY)):
        assert f"{tier}: delivered to {address}" in result.output
    assert [mail.to for mail in env.mails()] == [(CRITICAL,), (WARNING,), (EVERYBODY,)]


def test_what_could_not_be_delivered_is_said_and_fails(env: Mailbox):
    result = run("test")
    assert result.exit_code == 1
    assert result.output.count("NOT delivered") == 3
    assert "Email address not verified" in result.output
    assert env.mails() == []


def test_without_a_channel_the_test_says_so_and_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("AWS_SES_FROM_EMAIL", raising=False)
    monkeypatch.setenv("NBA_HOME", str(tmp_path))
    result = run("test")
    assert result.exit_code == 0
    assert "Transport: the log (none of AWS_SES_FROM_EMAIL, NBA_ALERTS_SMTP_HOST and" in result.output
    assert result.output.count("delivered to log") == 3


def test_the_list_shows_what_is_open_and_all_shows_what_was(env: Mailbox, tmp_path: Path):
    assert "No open alerts." in run("list").output
    session = bare_session(tmp_path, **env.settings)
    record(session, "raw_team_boxscores", [date(2021, 11, 7)])
    record(session, "raw_shots", [date(2021, 11, 3)], backfill_id="bf")
    notify(session, finished_backfill="bf")
    listed = run("list").output
    assert "critical  open      raw_team_boxscores 2021-11-07 GAP" in listed
    assert listed.count("seen 1×, the message waits: 8/9 games") == 2
    alerts = {alert["table"]: alert for alert in json.loads(run("list", "--all", "--format", "json").stdout)["alerts"]}
    assert set(alerts) == {"raw_team_boxscores", "raw_shots", "backfill"}
    alert = alerts["raw_team_boxscores"]
    assert (alert["state"], alert["tier"], alert["dates"]) == ("open", "critical", "2021-11-07")
    assert (alert["undelivered"], alert["attempts"]) == (1, 1)
    assert "not verified" in alert["error"]
    assert [(one["channel"], one["delivered_at"], one["received"]) for one in alert["channels"]] == [("ses", None, [])]


# --- several channels ------------------------------------------------------------------------------------------


def test_every_channel_is_tried_and_one_that_fails_fails_the_test(tmp_path: Path):
    with MailServer() as mail, Hook() as hook:
        settings = _variables(mail, hook)
        well = nba_assets("alerts", "test", home=tmp_path, **settings)
        assert (well.exit_code, len(mail.mails), len(hook.posted)) == (0, 3, 3)
        assert f"Transport: SMTP, localhost:{settings['NBA_ALERTS_SMTP_PORT']} (unencrypted), from" in well.stdout
        assert f"info: delivered to {EVERYBODY}\nTransport: webhook of 127.0.0.1" in well.stdout
        assert "<https://dagster.hoops.example|Dagster>" in hook.posted[0][1]["text"]
        hook.status, hook.text = 410, "channel_is_archived"
        failed = nba_assets("alerts", "test", home=tmp_path, **settings)
        assert (failed.exit_code, len(mail.mails)) == (1, 6)
        assert failed.output.count("NOT delivered to webhook: webhook of 127.0.0.1") == 3
        assert "HTTP 410 channel_is_archived. Check NBA_ALERTS_WEBHOOK_URL" in failed.stderr
        assert SECRET not in well.output + failed.output


def test_the_list_says_which_channel_has_the_message_and_which_is_waited_for(tmp_path: Path):
    session = bare_session(tmp_path)
    record(session, "raw_team_boxscores", [date(2021, 11, 7)])
    with MailServer() as mail, Hook(status=503) as hook:
        settings = {name.lower().removeprefix("nba_"): value for name, value in _variables(mail, hook).items()}
        notify(bare_session(tmp_path, **settings | {"alerts_to": [EVERYBODY]}))
    place = {"home": tmp_path, "NBA_NOW": "2021-11-08T09:00", "NBA_DUCKDB_PATH": str(session.settings.warehouse_path)}
    listed = nba_assets("alerts", "list", **place)
    assert "reported by smtp, the message waits for webhook: 8/9 games" in listed.stdout
    (alert,) = printed_json(nba_assets("alerts", "list", "--format", "json", **place))["alerts"]
    by_mail, by_webhook = alert["channels"]
    assert (by_mail["channel"], by_mail["received"], by_mail["error"]) == ("smtp", [EVERYBODY], None)
    assert (by_webhook["channel"], by_webhook["attempts"], by_webhook["delivered_at"]) == ("webhook", 1, None)
    assert "HTTP 503" in by_webhook["error"]


def test_doctor_says_which_channels_are_on_and_whom_nobody_hears(tmp_path: Path):
    def found(**settings: str) -> list[tuple[str, str]]:
        told = printed_json(nba_assets("doctor", "--format", "json", home=tmp_path, **settings))
        return [(one["level"], one["what"]) for one in told["findings"] if one["about"] == "alerts"]

    assert found() == [("ok", f"they go to the log: {NONE_IS_ON}")]
    with MailServer() as mail, Hook() as hook:
        settings = _variables(mail, hook) | {"AWS_SES_FROM_EMAIL": SENDER}
        assert [(level, what.split(" ")[0]) for level, what in found(**settings)] == [
            ("ok", "Amazon"),
            ("ok", "SMTP,"),
            ("ok", "webhook"),
        ]
        unheard = found(NBA_ALERTS_CRITICAL_WEBHOOK_URL=hook.url())
        assert unheard[1:] == [("warning", "nobody gets what is warning or info: it goes to the log")]
        login = {"NBA_ALERTS_SMTP_USER": "me", "NBA_ALERTS_SMTP_PASSWORD": "hush"}
        said = nba_assets("doctor", home=tmp_path, **settings, **login).output
    assert "NBA_ALERTS_SMTP_PASSWORD=(set, not shown)" in said
    assert "hush" not in said
    assert SECRET not in said


def _variables(mail: MailServer, hook: Hook) -> dict[str, str]:
    """What a person sets for both."""
    by_mail = {f"NBA_{name.upper()}": str(value) for name, value in mail.settings.items()}
    pages = {"NBA_DAGSTER_URL": "https://dagster.hoops.example"}
    return by_mail | pages | {"NBA_ALERTS_WEBHOOK_URL": hook.url(), "NBA_ALERTS_TO": EVERYBODY}
