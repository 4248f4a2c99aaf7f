"""What a webhook gets, and what each of its refusals means. Its address is told to nobody."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from nba_assets.alerts.alert import Event, Message, Tier
from nba_assets.alerts.email import Email
from nba_assets.alerts.transport import Receipt, RetriableError, TransportError, UndeliverableError
from nba_assets.alerts.webhook import WebhookTransport, webhooks
from nba_assets.settings import SettingsError, load_settings
from nba_assets_tests.alerts.servers import SECRET, Hook

NOW = datetime(2026, 3, 1, 15, tzinfo=UTC)


@pytest.fixture
def hook() -> Iterator[Hook]:
    """One that accepts everything."""
    with Hook() as started:
        yield started


def message(email: Email) -> Message:
    return email.message(Event.OPENED, [Tier.CRITICAL], NOW, ["alert"])


TRIAL = message(Email("about", "A headline", [("Why", "because")]))


def transport(hook: Hook) -> WebhookTransport:
    (found,) = webhooks(load_settings(alerts_webhook_url=hook.url()))
    return WebhookTransport("alerts_webhook_url", found._url, frozenset(Tier), timeout=0.3)


def test_each_tier_has_its_webhook_and_the_fallback(hook: Hook) -> None:
    oncall, everybody = hook.url("/oncall"), hook.url("/all")
    found = webhooks(load_settings(alerts_webhook_url=everybody, alerts_critical_webhook_url=oncall))
    assert {tier: [one.name for one in found if one.receivers([tier])] for tier in Tier} == {
        Tier.CRITICAL: ["critical_webhook"],
        Tier.WARNING: ["webhook"],
        Tier.INFO: ["webhook"],
    }
    for one in found:
        assert one.deliver(TRIAL, [one.name]) == Receipt((one.name,))
    assert {path: payload["blocks"][0]["text"]["text"] for path, payload in hook.posted} == {
        "/oncall": "A headline",
        "/all": "A headline",
    }


def test_one_address_in_two_settings_is_one_webhook(hook: Hook) -> None:
    urls = {f"alerts_{tier}_webhook_url": hook.url() for tier in ("critical", "warning")}
    (found,) = webhooks(load_settings(**urls))
    assert [tier for tier in Tier if found.receivers([tier])] == [Tier.WARNING, Tier.CRITICAL]
    assert webhooks(load_settings(alerts_webhook_url="")) == []


@pytest.mark.parametrize(
    ("status", "text", "error", "concerns_all"),
    [
        (400, "invalid_payload", UndeliverableError, False),
        (403, "action_prohibited", UndeliverableError, True),
        (404, "no_service", UndeliverableError, True),
        (410, "channel_is_archived", UndeliverableError, True),
        (302, "", UndeliverableError, True),
        (408, "", RetriableError, True),
        (429, "rate_limited", RetriableError, True),
        (500, "rollup_error", RetriableError, True),
        (503, f"<html>{SECRET}</html>", RetriableError, True),
        (None, "", RetriableError, True),
    ],
)
def test_what_lasts_and_what_passes(
    hook: Hook, status: int | None, text: str, error: type[TransportError], concerns_all: bool
) -> None:
    hook.status, hook.text, hook.headers = status, text, {"Location": hook.url("/elsewhere")}
    with pytest.raises(error, match="NBA_ALERTS_WEBHOOK_URL") as caught:
        transport(hook).deliver(TRIAL, ["webhook"])
    said = str(caught.value)
    assert caught.value.concerns_all is concerns_all
    assert (f"HTTP {status}" if status else "no answer within 0.3 s") in said
    assert text in said or "<html>" in text
    assert SECRET not in said + str(caught.getrepr(chain=True))
    assert (hook.posted, hook.calls) == ([], 1)
    hook.status = 200
    assert transport(hook).deliver(TRIAL, ["webhook"]) == Receipt(("webhook",))


def test_an_address_that_nobody_answers_at_is_not_told(caplog: pytest.LogCaptureFixture) -> None:
    with Hook() as gone:
        by = transport(gone)
    with (
        caplog.at_level(logging.INFO),
        pytest.raises(RetriableError, match=r"127\.0\.0\.1.*cannot be reached") as caught,
    ):
        by.deliver(TRIAL, ["webhook"])
    assert SECRET not in str(caught.getrepr(chain=True)) + by.describe() + caplog.text


@pytest.mark.parametrize(
    ("wait", "at_least", "at_most"),
    [
        ("30", 30, 30),
        ("999999999", 86_400, 86_400),
        (timedelta(hours=2), 3_600, 7_200),
        (timedelta(days=-9_000), 0, 0),
    ],
    ids=["seconds", "years of seconds", "a moment to come", "a moment that is past"],
)
def test_a_server_that_is_busy_says_how_long(hook: Hook, wait: str | timedelta, at_least: int, at_most: int) -> None:
    header = wait if isinstance(wait, str) else format_datetime(datetime.now(UTC) + wait, usegmt=True)
    hook.status, hook.headers = 429, {"Retry-After": header}
    with pytest.raises(RetriableError) as caught:
        transport(hook).deliver(TRIAL, ["webhook"])
    understood = caught.value.retry_after
    assert understood is not None
    assert at_least <= understood.total_seconds() <= at_most


def test_a_wait_that_cannot_be_read_is_none(hook: Hook) -> None:
    hook.status, hook.headers = 429, {"Retry-After": "soon"}
    with pytest.raises(RetriableError) as caught:
        transport(hook).deliver(TRIAL, ["webhook"])
    assert caught.value.retry_after is None


# --- what it says ----------------------------------------------------------------------------------------------


def test_what_an_error_says_calls_nobody_and_stays_within_the_limits(hook: Hook) -> None:
    reason = "<!channel> & <@U1> " * 1_000
    commands = [f"nba-assets repair ```<{n}>" for n in range(400)]
    transport(hook).deliver(message(Email("about", "headline " * 40, [("Why", reason)], commands)), ["webhook"])
    ((_, payload),) = hook.posted
    header, *sections = payload["blocks"]
    assert (header["type"], len(header["text"]["text"])) == ("header", 150)
    texts = [section["text"]["text"] for section in sections]
    assert all(len(text) <= 3_000 for text in texts)
    assert not [text for text in texts if re.search(r"<|>|&(?!amp;|lt;|gt;)", text)]
    assert texts[0].startswith("*Why*\n&lt;!channel&gt; &amp; &lt;@U1&gt;")
    assert texts[0].endswith("…")
    assert texts[1].startswith("```\nnba-assets repair '''&lt;0&gt;\n")
    assert texts[1].endswith("\n…\n```")
    assert all(text in payload["text"] for text in texts), "also for those who know no blocks"


def test_a_single_line_that_is_too_long_is_cut(hook: Hook) -> None:
    transport(hook).deliver(message(Email("about", "headline", [], ["x" * 5_000])), ["webhook"])
    text = hook.posted[0][1]["blocks"][1]["text"]["text"]
    assert (2_900 < len(text) <= 3_000, text[-5:]) == (True, "…\n```")


def test_a_message_of_an_older_version_goes_as_its_plain_text(hook: Hook) -> None:
    old = Message("id", Event.OPENED, (Tier.CRITICAL,), "[nba_assets] <subject>", "a <text>\n", "html", created_at=NOW)
    transport(hook).deliver(old, ["webhook"])
    ((_, payload),) = hook.posted
    assert payload["blocks"][1]["text"]["text"] == "```\na &lt;text&gt;\n```"
    assert payload["text"].startswith("[nba_assets] &lt;subject&gt;\n")


@pytest.mark.parametrize("url", ["file:///etc/passwd", "https://", "http://[", "https://h/s3cret x"])
def test_what_is_no_address_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(SettingsError, match=r"NBA_ALERTS_INFO_WEBHOOK_URL=\(not shown\): must be an address") as caught:
        load_settings(alerts_info_webhook_url=url)
    assert "s3cret" not in str(caught.value)
