"""`nba-assets alerts test` and `nba-assets alerts list`, as a person types them."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from nba_assets.alerts.notify import notify
from nba_assets.cli.alerts import alerts_app
from nba_assets_tests.alerts.conftest import CRITICAL, EVERYBODY, SENDER, WARNING, Mailbox
from nba_assets_tests.alerts.ledger import bare_session, record


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
