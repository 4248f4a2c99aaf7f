"""The rules of one root cause, one alert: pure, on root causes made by hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from nba_assets.alerts.alert import RUN_FAILED, Alert, BackfillFacts, Event, RootCause, Tier
from nba_assets.alerts.email import write
from nba_assets.alerts.evaluate import PATIENCE, SILENCE, Evaluation, Snapshot, evaluate
from nba_assets.partition import Partition
from nba_assets.settings import load_settings
from nba_assets.warehouse.ledger import attempt_id_at

NOW = datetime(2021, 11, 8, 14, tzinfo=UTC)
DAY = date(2021, 11, 7)
TABLE = "raw_team_boxscores"


def gap(day: date = DAY, *, tier: Tier = Tier.WARNING, kind: str = "GAP: no_box_score", **more: object) -> RootCause:
    values: dict[str, object] = {"status": "GAP", "reason": f"no box score on {day}", "attempt": attempt_id_at(NOW)}
    return RootCause(Partition(TABLE, day), kind=kind, tier=tier, missing=2, **(values | more))  # type: ignore[arg-type]


def calendar_neighbours(partition: Partition) -> Iterable[Partition]:
    return [Partition(partition.table, partition.day + timedelta(days=n)) for n in (-1, 1)]


def at(causes: Sequence[RootCause], **more: object) -> Snapshot:
    return Snapshot(causes, neighbours=calendar_neighbours, **more)  # type: ignore[arg-type]


def events(evaluation: Evaluation) -> list[Event]:
    return [notice.event for notice in evaluation.notices]


def opened(*causes: RootCause) -> tuple[Alert, ...]:
    return evaluate((), at(causes), NOW).alerts


def test_a_thousand_outcomes_of_three_causes_are_three_notices():
    kinds = ("GAP: no_box_score", "GAP: not_final", "ERROR: source_failed")
    storm = [gap(DAY - timedelta(days=n // 3), kind=kinds[n % 3]) for n in range(1000)]
    result = evaluate((), at(storm), NOW)
    assert events(result) == [Event.OPENED] * 3
    assert sorted(len(notice.causes) for notice in result.notices) == [333, 333, 334]


def test_the_same_again_changes_nothing_at_all():
    alerts = opened(gap(), gap(DAY - timedelta(days=30)))
    again = evaluate(alerts, at([gap(), gap(DAY - timedelta(days=30))]), NOW + timedelta(days=1))
    assert again == Evaluation(alerts, ())


def test_a_new_attempt_with_the_same_end_is_counted_not_told():
    later = evaluate(opened(gap()), at([gap(attempt=attempt_id_at(NOW + timedelta(hours=1)))]), NOW)
    assert (events(later), later.alerts[0].times_seen) == ([], 2)


def test_resolution_is_told_once_and_to_the_tier_that_was_alarmed():
    alerts = opened(gap(tier=Tier.CRITICAL))
    older = evaluate(alerts, at([gap(tier=Tier.WARNING)]), NOW + timedelta(days=3))
    assert (events(older), older.alerts[0].tier) == ([], Tier.CRITICAL)
    resolved = evaluate(older.alerts, at([]), NOW + timedelta(days=4))
    assert [(n.event, n.alert.tier) for n in resolved.notices] == [(Event.RESOLVED, Tier.CRITICAL)]
    assert events(evaluate(resolved.alerts, at([]), NOW + timedelta(days=5))) == []


def test_what_returns_after_its_resolution_is_a_new_alert():
    resolved = evaluate(opened(gap()), at([]), NOW + timedelta(hours=1)).alerts
    again = evaluate(resolved, at([gap()]), NOW + timedelta(hours=2))
    assert events(again) == [Event.OPENED]
    assert len({alert.alert_id for alert in again.alerts}) == 2


def test_the_next_date_continues_the_cause_and_is_told_only_if_urgent():
    for tier, expected in ((Tier.CRITICAL, [Event.CHANGED]), (Tier.WARNING, [])):
        alerts = opened(gap(tier=tier))
        result = evaluate(alerts, at([gap(tier=Tier.WARNING), gap(DAY + timedelta(days=1), tier=tier)]), NOW)
        assert events(result) == expected
        assert [len(alert.partitions) for alert in result.alerts] == [2]


def test_a_warning_that_grows_is_told_again_when_it_has_doubled():
    alerts, told = opened(gap()), []
    for count in range(2, 60):
        result = evaluate(alerts, at([gap(DAY + timedelta(days=n)) for n in range(count)]), NOW)
        alerts = result.alerts
        told += [count] * len(result.notices)
    assert told == [7, 14, 28, 56]
    assert len(alerts) == 1


def test_the_same_kind_on_a_date_far_away_is_another_cause():
    far = gap(DAY + timedelta(days=9))
    assert events(evaluate(opened(gap()), at([gap(), far]), NOW)) == [Event.OPENED]


@pytest.mark.parametrize(
    "worse",
    [
        pytest.param({"tier": Tier.CRITICAL}, id="more urgent"),
        pytest.param({"tier": Tier.CRITICAL, "missing": 6}, id="more missing"),
        pytest.param({"kind": "ERROR: source_failed", "status": "ERROR"}, id="another reason"),
    ],
)
def test_worse_is_told_as_a_change_of_the_same_alert(worse: dict[str, object]):
    alerts = opened(gap(tier=Tier.CRITICAL if "missing" in worse else Tier.WARNING))
    result = evaluate(alerts, at([replace(gap(), **worse)]), NOW)  # type: ignore[arg-type]
    assert events(result) == [Event.CHANGED]
    assert [alert.alert_id for alert in result.alerts] == [alerts[0].alert_id]


def test_a_repaired_part_is_no_news():
    alerts = opened(gap(), gap(DAY + timedelta(days=1)), gap(DAY + timedelta(days=2)))
    result = evaluate(alerts, at([gap(DAY + timedelta(days=1))]), NOW)
    assert (events(result), len(result.alerts[0].partitions)) == ([], 1)


def missing(day: date = DAY) -> RootCause:
    return gap(day, tier=Tier.CRITICAL, status="MISSING", kind="MISSING: never_computed", attempt="")


def test_what_nobody_asked_for_stays_open_until_somebody_has_tried():
    watched = evaluate((), at([missing()]), NOW)
    told = evaluate(watched.alerts, at([missing()]), NOW + PATIENCE)
    assert (events(watched), events(told)) == ([], [Event.OPENED])
    both = at([missing(), missing(DAY + timedelta(days=1))])
    assert events(evaluate(told.alerts, both, NOW + timedelta(days=1))) == [Event.CHANGED]
    forgotten = evaluate(told.alerts, at([]), NOW + timedelta(days=30))
    assert forgotten == Evaluation(told.alerts, ())
    tried = at([], attempt_at=lambda _: (attempt_id_at(NOW), None))
    assert events(evaluate(told.alerts, tried, NOW + timedelta(days=31))) == [Event.RESOLVED]


def test_what_was_asked_for_at_last_and_did_not_come_has_changed():
    watched = evaluate((), at([missing()]), NOW)
    told = evaluate(watched.alerts, at([missing()]), NOW + PATIENCE)
    asked = at([gap(tier=Tier.CRITICAL)], attempt_at=lambda _: (attempt_id_at(NOW), None))
    assert events(evaluate(told.alerts, asked, NOW + 2 * PATIENCE)) == [Event.CHANGED]
    assert events(evaluate(watched.alerts, asked, NOW + 2 * PATIENCE)) == [Event.OPENED]


def stale(table: str, day: date = DAY) -> RootCause:
    return replace(gap(), partition=Partition(table, day), status="STALE", kind="STALE: input_changed")


def test_staleness_is_told_if_it_lasts_once_for_all_tables():
    causes = [stale("player_game_summary"), stale("player_daily_cache", DAY + timedelta(days=5))]
    watched = evaluate((), at(causes), NOW)
    assert events(watched) == []
    assert events(evaluate(watched.alerts, at([]), NOW + PATIENCE)) == []
    assert evaluate(watched.alerts, at([]), NOW + PATIENCE).alerts == ()
    lasting = evaluate(watched.alerts, at(causes), NOW + PATIENCE)
    assert events(lasting) == [Event.OPENED]
    assert events(evaluate(lasting.alerts, at([]), NOW + 2 * PATIENCE)) == [Event.RESOLVED]


# --- backfills -------------------------------------------------------------------------------------------------


def facts(*, is_over: bool | None = None, last: datetime = NOW) -> dict[str, BackfillFacts]:
    return {"bf": BackfillFacts("bf", DAY, DAY + timedelta(days=29), {"GAP": 2}, attempt_id_at(last), is_over)}


def test_a_backfill_is_told_of_when_it_is_over_and_not_before():
    causes = [gap(backfill_id="bf"), gap(kind="GAP: not_final", day=DAY + timedelta(days=1), backfill_id="bf")]
    running = evaluate((), at(causes, backfills=facts()), NOW)
    assert running == Evaluation((), ())
    over = evaluate((), at(causes, backfills=facts()), NOW + SILENCE + timedelta(seconds=1))
    assert events(over) == [Event.BACKFILL]
    assert over.notices[0].digest is not None
    assert len(over.notices[0].digest.opened) == 2
    assert over.notices[0].alert.tier is Tier.INFO
    after = evaluate(over.alerts, at(causes, backfills=facts()), NOW + timedelta(days=2))
    assert after == Evaluation(over.alerts, ())


def test_whoever_knows_is_believed_and_not_the_clock():
    causes = [gap(backfill_id="bf")]
    still = evaluate((), at(causes, backfills=facts(is_over=False)), NOW + timedelta(hours=5))
    assert events(still) == []
    assert events(evaluate((), at(causes, backfills=facts(is_over=True)), NOW)) == [Event.BACKFILL]


def test_a_digest_with_something_urgent_goes_to_those_who_are_to_be_woken():
    causes = [gap(backfill_id="bf", tier=Tier.CRITICAL)]
    assert evaluate((), at(causes, backfills=facts(is_over=True)), NOW).notices[0].alert.tier is Tier.CRITICAL


def test_a_backfill_tells_of_what_it_found_again_and_repaired_in_its_digest():
    kept, repaired = gap(), gap(DAY + timedelta(days=9))
    alerts = evaluate((), at([kept]), NOW).alerts
    alerts = evaluate(alerts, at([kept, repaired]), NOW).alerts
    assert len(alerts) == 2
    worse = replace(kept, backfill_id="bf", kind="ERROR: source_failed", status="ERROR")
    attempts = {repaired.partition: (attempt_id_at(NOW), "bf")}
    snapshot = at([worse], backfills=facts(is_over=True), attempt_at=lambda p: attempts.get(p, ("", None)))
    result = evaluate(alerts, snapshot, NOW)
    assert events(result) == [Event.BACKFILL]
    digest = result.notices[0].digest
    assert digest is not None
    assert ([a.kind for a in digest.continued], len(digest.resolved)) == (["ERROR: source_failed"], 1)


def test_a_backfill_names_what_was_open_in_its_range_before_and_nothing_else():
    blocked = Partition("player_game_summary", DAY)
    known, elsewhere = gap(affected=(blocked,)), gap(DAY + timedelta(days=20), kind="GAP: not_final")
    alerts = evaluate((), at([known, elsewhere]), NOW).alerts
    backfill = {"bf": BackfillFacts("bf", DAY, DAY, {"OK": 1}, attempt_id_at(NOW), True)}

    def in_full(facts: BackfillFacts) -> BackfillFacts:
        return replace(facts, asked=frozenset({blocked}), counts={"OK": 1, "BLOCKED": 1})

    result = evaluate(alerts, at([known, elsewhere], backfills=backfill, in_full=in_full), NOW)
    (notice,) = result.notices
    assert notice.digest is not None
    assert [alert.first_day for alert in notice.digest.already_open] == [DAY]
    assert notice.alert.tier is Tier.INFO
    email = write(notice, None, load_settings(), NOW)
    assert email.subject.endswith(f"Backfill bf of {DAY}: 1 blocked, 1 root cause")
    assert f"{TABLE} GAP {DAY}: no box score on {DAY}" in email.text
    assert evaluate(result.alerts, at([known, elsewhere], backfills=backfill, in_full=in_full), NOW).notices == ()


def test_all_is_not_well_where_a_backfill_has_left_something_undone():
    left = Partition(TABLE, DAY)
    backfill = {"bf": BackfillFacts("bf", DAY, DAY, {}, attempt_id_at(NOW), True, frozenset({left}), (left,))}
    backfill["bf"].counts.update({"OK": 3, "MISSING": 1})
    (notice,) = evaluate((), at([], backfills=backfill), NOW).notices
    email = write(notice, None, load_settings(), NOW)
    assert email.subject.endswith(": 1 missing")
    assert f"Not done    {TABLE} on {DAY}" in email.text


def test_a_backfill_long_past_gets_no_digest_but_its_gaps_are_told():
    causes = [gap(backfill_id="bf")]
    result = evaluate((), at(causes, backfills=facts(last=NOW - timedelta(days=3))), NOW)
    assert events(result) == [Event.OPENED]


def test_an_open_alert_waits_for_the_backfill_that_repairs_it():
    alerts = opened(gap())
    snapshot = at([], backfills=facts(is_over=False), attempt_at=lambda _: (attempt_id_at(NOW), "bf"))
    assert evaluate(alerts, snapshot, NOW) == Evaluation(alerts, ())


# --- runs that left nothing in the ledger ----------------------------------------------------------------------


def crash(table: str, attempt: datetime = NOW) -> RootCause:
    kind = f"{RUN_FAILED}: disk full"
    return RootCause(
        Partition(table, DAY), RUN_FAILED, kind, Tier.CRITICAL, "disk full", attempt=attempt_id_at(attempt)
    )


def test_a_failed_run_stays_open_until_its_partitions_were_tried_again():
    alerts = opened(crash("raw_shots"), crash("raw_schedule"))
    assert len(alerts) == 1
    untried = evaluate(alerts, at([]), NOW + timedelta(hours=1))
    assert untried == Evaluation(alerts, ())
    retried = at([], attempt_at=lambda _: (attempt_id_at(NOW + timedelta(hours=1)), None))
    assert events(evaluate(alerts, retried, NOW + timedelta(hours=2))) == [Event.RESOLVED]


def test_a_failed_job_without_partitions_is_resolved_by_its_next_success():
    alerts = opened(replace(crash("raw_shots"), partition=Partition("nightly_report", DAY)))
    assert events(evaluate(alerts, at([], job_recovered=lambda *_: False), NOW)) == []
    assert events(evaluate(alerts, at([], job_recovered=lambda *_: True), NOW)) == [Event.RESOLVED]


# --- alerts stored by versions that knew no causes -------------------------------------------------------------


def stored(kind: str, *causes: RootCause) -> tuple[Alert, ...]:
    """An alert about these causes as an older version has stored it: its kind is a sentence, or a status alone."""
    (alert,) = opened(*causes)
    return (replace(alert, kind=kind),)


@pytest.mark.parametrize(
    ("older", "status", "kind"),
    [
        pytest.param("GAP: no box score", "GAP", "GAP: no_box_score", id="gap"),
        pytest.param("GAP: no shots; only players played", "GAP", "GAP: no_shots, too_few_played", id="two causes"),
        pytest.param("ERROR: SourceError: timed out", "ERROR", "ERROR: source_failed", id="error"),
        pytest.param("DEGRADED", "DEGRADED", "DEGRADED: no_shots", id="status alone"),
        pytest.param(
            "contract violation: points ge", "ERROR", "ERROR: contract_violated (points ge)", id="contract violation"
        ),
    ],
)
def test_an_alert_of_an_older_version_goes_on_under_its_causes_in_silence(older: str, status: str, kind: str):
    now = [gap(day, status=status, kind=kind) for day in (DAY, DAY + timedelta(days=1))]
    before = stored(older, now[0])
    adopted = evaluate(before, at(now), NOW)
    assert events(adopted) == []
    (alert,) = adopted.alerts
    assert (alert.alert_id, alert.kind, alert.opened_at) == (before[0].alert_id, kind, before[0].opened_at)
    assert len(alert.partitions) == 2
    assert evaluate(adopted.alerts, at(now), NOW) == Evaluation(adopted.alerts, ())
    assert events(evaluate(adopted.alerts, at([]), NOW)) == [Event.RESOLVED]


def test_an_older_alert_keeps_its_kind_until_the_causes_of_all_its_dates_are_known_and_the_same():
    days = [DAY, DAY + timedelta(days=1)]
    before = stored("GAP: no box score", *map(gap, days))
    for kinds in (("GAP", "GAP"), ("GAP: no_box_score", "GAP"), ("GAP: no_box_score", "GAP: not_final")):
        causes = [gap(day, kind=kind) for day, kind in zip(days, kinds, strict=True)]
        assert evaluate(before, at(causes), NOW) == Evaluation(before, ())


def test_older_staleness_is_one_alert_across_tables_still():
    (known, elsewhere) = stale("player_game_summary"), stale("player_daily_cache", DAY + timedelta(days=5))
    (watched,) = evaluate((), at([known]), NOW).alerts
    before = (replace(watched, kind="STALE: inputs", opened_at=NOW),)
    result = evaluate(before, at([known, elsewhere]), NOW + PATIENCE)
    assert (events(result), [a.kind for a in result.alerts]) == ([], ["STALE: input_changed"])


def test_an_older_alert_is_reported_as_changed_for_a_real_reason_all_the_same():
    before = stored("GAP: no box score", gap())
    worse = gap(status="ERROR", kind="ERROR: source_failed")
    result = evaluate(before, at([worse]), NOW)
    assert (events(result), result.alerts[0].kind) == ([Event.CHANGED], "ERROR: source_failed")
    assert events(evaluate(before, at([gap(tier=Tier.CRITICAL)]), NOW)) == [Event.CHANGED]
