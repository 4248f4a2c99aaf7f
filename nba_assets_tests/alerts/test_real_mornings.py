"""Real dates through the pipeline into mails: a game that is missing, a night without shots, a backfill with gaps."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from nba_assets.alerts import store
from nba_assets.alerts.evaluate import PATIENCE
from nba_assets.alerts.notify import AlertRun, notify
from nba_assets.engine.materialize import RunInfo, materialize
from nba_assets.engine.run_options import RunOptions
from nba_assets.partition import Status
from nba_assets.schema.table import Phase
from nba_assets.session import Session
from nba_assets.sources.base import ResultSet
from nba_assets.tables import TABLES
from nba_assets_tests.alerts.conftest import CRITICAL, EVERYBODY, WARNING, Mailbox
from nba_assets_tests.engine import warehouses
from nba_assets_tests.engine.warehouses import EditedSource, build_range, cells, copy_of, healthy, session

DAY, NEXT_DAY = date(2021, 11, 7), date(2021, 11, 8)
MORNING, NEXT_MORNING = "2021-11-08T09:00", "2021-11-09T09:00"
MISSING_GAME = "0022100145"
BEFORE = date(2021, 11, 6)
NEEDED = tuple(name for name in warehouses.TABLES if name not in warehouses.UNSEEN_BY_GAMES)


def without(result_set: ResultSet, column: str, games: set[str]) -> EditedSource:
    """The real files without these games in one result set."""
    return EditedSource({result_set: lambda frame: frame[~frame[column].isin(games)]})


@pytest.fixture(scope="module")
def broken_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The warehouse as it stands on the morning after a game did not arrive."""
    home = copy_of(healthy(BEFORE, NEEDED), tmp_path_factory.mktemp("broken"))
    source = without(ResultSet.TEAM_LOG, "GAME_ID", {MISSING_GAME})
    build_range(session(home, source, now=MORNING), DAY, NEXT_DAY, tables=NEEDED)
    return home


@pytest.fixture
def opened(mailbox: Mailbox, tmp_path: Path) -> Callable[..., Session]:
    """Open the warehouse of the test anew, as a new process would."""

    def open_again(now: str) -> Session:
        return session(tmp_path, now=now, **mailbox.settings)

    return open_again


def test_a_missing_game_is_one_critical_mail_until_it_arrives(
    broken_home: Path, tmp_path: Path, mailbox: Mailbox, opened: Callable[..., Session]
):
    copy_of(broken_home, tmp_path)
    morning = opened(MORNING)
    assert len(warehouses.stored(morning, "upcoming_player_game_context", DAY)) == 270
    blocked = {
        day: {n for n, c in cells(morning, day).items() if c.status == Status.BLOCKED} for day in (DAY, NEXT_DAY)
    }
    assert blocked[NEXT_DAY] == {name for name, table in TABLES.items() if table.phase == Phase.PRE_GAME}
    assert notify(morning).delivered == 1
    (mail,) = mailbox.mails()
    assert mail.to == (CRITICAL,)
    assert mail.subject.startswith("[nba_assets] CRITICAL: raw_team_boxscores 2021-11-07 GAP: ")
    assert f"{MISSING_GAME} HOU@GSW" in mail.subject
    assert "nba-assets repair 2021-11-07 2021-11-08" in mail.body
    assert "nba-assets explain ml_feature_store_v2 2021-11-08" in mail.body
    assert f"{sum(map(len, blocked.values()))} partitions" in mail.body
    assert ">GAP</td>" in mail.body
    (message,) = store.load(morning.warehouse).messages
    assert re.search(r"^2021-11-07 +8 +8 +GAP +blk .*TBOX 7/8", message.text, re.MULTILINE), "the matrix in plain text"
    assert re.search(r"^Why {12}7/8 games .*: no box score$", message.text, re.MULTILINE)

    assert notify(opened(NEXT_MORNING)) == AlertRun(recorded=True, open_alerts=1)
    assert len(mailbox.mails()) == 1

    repaired = opened(NEXT_MORNING)
    build_range(repaired, DAY, NEXT_DAY, tables=NEEDED)
    assert notify(repaired).delivered == 1
    assert notify(opened(NEXT_MORNING)) == AlertRun(recorded=True)
    resolved = mailbox.mails()[1:]
    assert [(mail.subject, mail.to) for mail in resolved] == [
        ("[nba_assets] RESOLVED: raw_team_boxscores 2021-11-07 GAP", (CRITICAL,))
    ]


def test_results_that_nobody_asked_for_are_one_critical_mail_until_they_are_there(
    tmp_path: Path, mailbox: Mailbox, opened: Callable[..., Session]
):
    """The schedule of the day was loaded in its morning; then no schedule ran any more."""
    copy_of(healthy(BEFORE, NEEDED), tmp_path)
    build_range(opened("2021-11-07T10:00-05:00"), DAY, DAY, tables=["raw_schedule"])
    early, nine, at = opened("2021-11-08T08:59-05:00"), opened("2021-11-08T09:00-05:00"), datetime.now(UTC)
    assert notify(early, now=at) == AlertRun(recorded=True)
    assert notify(nine, now=at) == AlertRun(recorded=True), "the next run may bring them"
    assert notify(nine, now=at + PATIENCE).delivered == 1
    (mail,) = mailbox.mails()
    assert mail.to == (CRITICAL,)
    assert mail.subject.startswith("[nba_assets] CRITICAL: raw_team_boxscores 2021-11-07 MISSING: its results were due")
    assert "nba-assets repair 2021-11-07 2021-11-07" in mail.body
    evening = opened("2021-11-08T22:00-05:00")
    assert notify(evening, now=at + timedelta(hours=13)) == AlertRun(recorded=True, open_alerts=1)
    build_range(evening, DAY, DAY, tables=SCORES)
    assert notify(evening, now=at + timedelta(hours=13)).delivered == 1
    assert mailbox.subjects()[1:] == ["[nba_assets] RESOLVED: raw_team_boxscores 2021-11-07 MISSING"]


def test_expected_absence_is_silent(tmp_path: Path, mailbox: Mailbox, opened: Callable[..., Session]):
    """Dates without games, of bootstrap, and not due."""
    copy_of(healthy(BEFORE, NEEDED), tmp_path)
    quiet = opened("2021-11-07T09:00")
    for first, last in ((date(2021, 10, 17), date(2021, 10, 18)), (DAY, DAY)):
        build_range(quiet, first, last, tables=["raw_schedule", "raw_team_boxscores"])
    found = {
        cell.status for day in (date(2021, 10, 18), date(2021, 10, 20), DAY) for cell in cells(quiet, day).values()
    }
    assert found >= {Status.NO_GAMES, Status.BOOTSTRAP, Status.NOT_DUE}
    assert notify(quiet) == AlertRun(recorded=True)
    assert mailbox.mails() == []


def test_unknown_shots_are_one_warning_with_everything_they_degrade(
    tmp_path: Path, mailbox: Mailbox, opened: Callable[..., Session]
):
    copy_of(healthy(BEFORE, NEEDED), tmp_path)
    after = [name for name in NEEDED if name not in SCORES]
    source = EditedSource({ResultSet.SHOTS: lambda frame: frame[~frame["GAME_DATE"].isin(["20211105", "20211106"])]})
    # Shots that stand are not replaced by none, unless somebody insists.
    at, insists = session(tmp_path, source, now="2021-11-07T09:00"), RunOptions(force=True)
    build_range(at, date(2021, 11, 5), BEFORE, tables=after, options=insists)
    degraded = [c.partition.table for c in cells(opened(MORNING), BEFORE).values() if c.status == Status.DEGRADED]
    assert {"raw_shots", "player_game_summary", "team_defense_zone_analysis", "ml_feature_store_v2"} <= set(degraded)
    assert notify(opened("2021-11-07T09:00")).delivered == 1
    (mail,) = mailbox.mails()
    assert mail.to == (WARNING,)
    assert mail.subject.startswith("[nba_assets] WARNING: raw_shots 2021-11-05, 2021-11-06 DEGRADED: ")
    assert "Degraded by it" in mail.body
    assert "nba-assets refresh 2021-11-05 2021-11-06" in mail.body


MONTH = [date(2021, 11, 1) + timedelta(days=n) for n in range(30)]
LACKING_A_TEAM_ROW = [date(2021, 11, 3), date(2021, 11, 4), date(2021, 11, 5), date(2021, 11, 12), date(2021, 11, 13)]
LACKING_PLAYERS = [date(2021, 11, 8), date(2021, 11, 9), date(2021, 11, 10), date(2021, 11, 15)]
SCORES = ("raw_schedule", "raw_team_boxscores", "raw_player_boxscores")


def _first_games(days: list[date]) -> set[str]:
    log = warehouses.files().read(ResultSet.TEAM_LOG, "2021-22")
    assert log is not None
    of_days = log[pd.to_datetime(log["GAME_DATE"]).dt.date.isin(days)]
    return set(of_days.groupby("GAME_DATE")["GAME_ID"].min())


def test_a_backfill_with_nine_gaps_of_two_causes_is_one_digest(tmp_path: Path, mailbox: Mailbox):
    lost_rows, lost_players = _first_games(LACKING_A_TEAM_ROW), _first_games(LACKING_PLAYERS)
    assert (len(lost_rows), len(lost_players)) == (5, 4)
    source = EditedSource(
        {
            ResultSet.TEAM_LOG: lambda frame: frame[~frame["GAME_ID"].isin(lost_rows)],
            ResultSet.PLAYER_LOG: lambda frame: frame[~frame["GAME_ID"].isin(lost_players)],
        }
    )
    backfill = session(tmp_path, source, **mailbox.settings)
    gaps = 0
    for table in SCORES:
        built = materialize(backfill, table, MONTH, RunInfo(backfill_id="bf1"))
        gaps += sum(b.outcome.status == Status.GAP for b in built)
        assert notify(backfill).written == 0, "a backfill is not told of before it is over"
    assert gaps == 9
    assert notify(backfill, finished_backfill="bf1").delivered == 1
    (digest,) = mailbox.mails()
    assert digest.to == (EVERYBODY,)
    assert digest.subject == (
        "[nba_assets] Backfill bf1 of 2021-11-01 … 2021-11-30: 9 failed, 5 blocked, 2 root causes"
    )
    assert digest.body.count("raw_team_boxscores GAP on") == 1
    assert digest.body.count("raw_player_boxscores GAP on") == 1
    assert notify(backfill) == AlertRun(recorded=True, open_alerts=2)

    for table in SCORES:
        materialize(backfill, table, MONTH, RunInfo(backfill_id="again"))
    assert notify(backfill, finished_backfill="again").delivered == 1
    again = mailbox.mails()[1]
    assert again.to == (EVERYBODY,)
    assert again.subject.endswith("9 failed, 5 blocked, 2 root causes")
    known = again.body[again.body.index("Still open") :]
    assert "raw_team_boxscores GAP 2021-11-03 … 2021-11-13: " in known
    assert f"{min(lost_rows)} " in known, "the game is named"
    assert "raw_player_boxscores GAP 2021-11-08 … 2021-11-15: " in known

    repair = session(tmp_path, **mailbox.settings)
    for table in SCORES:
        materialize(repair, table, MONTH, RunInfo(backfill_id="bf2"))
    assert notify(repair, finished_backfill="bf2").delivered == 1
    assert notify(repair) == AlertRun(recorded=True)
    assert len(mailbox.mails()) == 3
    assert mailbox.subjects()[2].endswith("all is well")
    assert "Resolved" in mailbox.mails()[2].body


def test_what_was_left_out_behind_a_gap_that_is_gone_is_one_alert(
    broken_home: Path, tmp_path: Path, mailbox: Mailbox, opened: Callable[..., Session]
):
    """The gap is mended, and nobody builds what waited for it: quiet must not look like fixed."""
    copy_of(broken_home, tmp_path)
    mended, at = opened(MORNING), datetime.now(UTC)
    assert notify(opened(MORNING), now=at).delivered == 1
    build_range(mended, DAY, DAY, tables=["raw_team_boxscores"])
    told = len(mailbox.mails())
    assert notify(mended, now=at + timedelta(minutes=1)).delivered == 1, "the gap is over"
    late = notify(mended, now=at + PATIENCE + timedelta(minutes=2))
    assert late.delivered == 1, [m.subject for m in mailbox.mails()]
    mail = mailbox.mails()[-1]
    assert mail.to == (WARNING,)
    assert mail.subject.startswith("[nba_assets] WARNING: raw_player_boxscores 2021-11-07 MISSING: never computed")
    assert "nba-assets repair 2021-11-07 2021-11-08" in mail.body
    assert len(mailbox.mails()) == told + 2

    build_range(mended, DAY, NEXT_DAY, tables=NEEDED)
    assert notify(mended, now=at + PATIENCE + timedelta(minutes=3)).open_alerts == 0
