"""What the source has corrected is told once for each date, with names, old and new values."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from nba_assets.alerts.alert import CORRECTED, BackfillFacts, Event, Tier
from nba_assets.alerts.email import write
from nba_assets.alerts.evaluate import SILENCE, Evaluation, Snapshot, evaluate
from nba_assets.alerts.notify import notify
from nba_assets.alerts.store import load
from nba_assets.partition import Partition
from nba_assets.settings import load_settings
from nba_assets.tables import TABLES
from nba_assets.warehouse.base import ledger_only
from nba_assets.warehouse.corrections import CorrectedCell, Correction
from nba_assets.warehouse.ledger import PROCESSOR_RUNS, attempt_id_at, rows_of
from nba_assets_tests.alerts.conftest import EVERYBODY, Mailbox
from nba_assets_tests.alerts.ledger import bare_session, record

DAY = date(2021, 11, 5)
AT = datetime(2021, 11, 8, 16, tzinfo=UTC)
LATER = AT + SILENCE + timedelta(minutes=1)
GAME = "0022100127"
POINTS = CorrectedCell(GAME, "James Harden (BKN)", "points", "13", "15", 2.0)


def correction(table: str = "raw_player_boxscores", day: date = DAY, **more: object) -> Correction:
    values: dict[str, object] = {"corrected_at": AT, "cells": 1, "rows_added": 0, "rows_removed": 0}
    values |= {"games": (GAME,), "largest": (POINTS,)}
    return Correction(Partition(table, day), **(values | more))  # type: ignore[arg-type]


def told(evaluation: Evaluation) -> list[tuple[date, date, int]]:
    assert {notice.event for notice in evaluation.notices} <= {Event.CORRECTED}
    return [(n.alert.first_day, n.alert.last_day, len(n.corrections)) for n in evaluation.notices]


def test_a_date_is_told_once_with_all_its_tables():
    of_date = [correction(), correction("raw_team_boxscores"), correction(day=DAY + timedelta(days=2))]
    first = evaluate((), Snapshot([], corrections=of_date), LATER)
    assert told(first) == [(DAY, DAY, 2), (DAY + timedelta(days=2), DAY + timedelta(days=2), 1)]
    assert {(a.tier, a.status, a.is_open) for a in first.alerts} == {(Tier.INFO, CORRECTED, False)}
    assert evaluate(first.alerts, Snapshot([], corrections=of_date), LATER + timedelta(days=1)) == Evaluation(
        first.alerts, ()
    )


def test_the_next_correction_of_a_date_is_news():
    first = evaluate((), Snapshot([], corrections=[correction()]), LATER)
    again = correction(corrected_at=AT + timedelta(days=2))
    second = evaluate(first.alerts, Snapshot([], corrections=[correction(), again]), LATER + timedelta(days=2))
    assert told(second) == [(DAY, DAY, 1)]


def test_a_date_that_is_still_being_worked_on_waits():
    soon = evaluate((), Snapshot([], corrections=[correction()]), AT + timedelta(minutes=2))
    assert soon == Evaluation((), ())
    facts = BackfillFacts("b", DAY, DAY, {}, attempt_id_at(AT), is_over=False)
    of_backfill = [correction(backfill_id="b")]
    assert told(evaluate((), Snapshot([], {"b": facts}, corrections=of_backfill), LATER)) == []
    over = evaluate((), Snapshot([], {"b": replace(facts, is_over=True)}, corrections=of_backfill), AT)
    assert [notice.event for notice in over.notices] == [Event.BACKFILL, Event.CORRECTED]


def test_many_dates_at_once_are_one_message():
    of_season = [correction(day=DAY + timedelta(days=n)) for n in range(30)]
    evaluation = evaluate((), Snapshot([], corrections=of_season), LATER)
    assert told(evaluation) == [(DAY, DAY + timedelta(days=29), 30)]
    assert told(evaluate(evaluation.alerts, Snapshot([], corrections=of_season), LATER)) == []
    message = write(evaluation.notices[0], None, load_settings(), LATER)
    assert message.subject.startswith("[nba_assets] INFO: the source has corrected 2021-11-05 … 2021-12-04 (30 dates)")
    assert message.text.count("James Harden") == 10
    assert "and 20 more cells" in message.text


def test_the_message_names_game_player_column_and_both_values():
    benched = CorrectedCell(GAME, "Bruce Brown (BKN)", "seconds_played", "124", None, 124 / 60)
    one = correction(cells=13, rows_removed=1, largest=(benched, POINTS))
    message = write(evaluate((), Snapshot([], corrections=[one]), LATER).notices[0], None, load_settings(), LATER)
    assert message.tiers == (Tier.INFO,)
    assert f"{GAME} · Bruce Brown (BKN): seconds_played 124 → NULL" in message.text
    assert f"{GAME} · James Harden (BKN): points 13 → 15" in message.text
    assert "and 11 more cells" in message.text
    assert "0 added, 1 removed" in message.text
    assert "nba-assets coverage 2021-11-05 2021-11-05" in message.text


def test_corrections_in_the_ledger_reach_people(tmp_path: Path, mailbox: Mailbox):
    session = bare_session(tmp_path, **mailbox.settings)
    record(session, "raw_schedule", [DAY])
    table, now = TABLES["raw_player_boxscores"], datetime.now(UTC)
    nothing = ledger_only(table, rows_of(PROCESSOR_RUNS, []))
    session.warehouse.publish(replace(nothing, corrections=[correction(corrected_at=now)]))
    notify(session, now=now + timedelta(minutes=1))
    mailbox.mails().clear()
    before = len(mailbox.mails())
    notify(session, now=now + SILENCE + timedelta(minutes=1))
    [mail] = mailbox.mails()[before:]
    assert mail.to == (EVERYBODY,)
    assert mail.subject == f"[nba_assets] INFO: the source has corrected {DAY}: {GAME}"
    assert "points 13 → 15" in mail.body
    assert [a.reason for a in load(session.warehouse).alerts if a.status == CORRECTED] == [
        "the source has corrected 1 cell of 1 game"
    ]
    notify(session, now=now + timedelta(days=1))
    assert len([m for m in mailbox.mails() if "corrected" in m.subject]) == 1
