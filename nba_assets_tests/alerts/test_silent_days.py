"""Days that nobody has asked the source for: each of them is in the one alert, and no other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from nba_assets.alerts.evaluate import PATIENCE
from nba_assets.alerts.notify import AlertRun, notify
from nba_assets.league import calendar
from nba_assets.league.calendar import days_between
from nba_assets.session import Session
from nba_assets.sources.base import ResultSet
from nba_assets.tables import RAW
from nba_assets_tests.alerts.conftest import CRITICAL, Mailbox
from nba_assets_tests.engine.warehouses import EditedSource, build_range, files, session

Opened = Callable[..., Session]
_DAY = timedelta(days=1)


@pytest.fixture
def opened(mailbox: Mailbox, tmp_path: Path) -> Opened:
    """The warehouse of the test as a process sees it that starts at nine, Eastern, of a day."""

    def at_nine(day: date, source: EditedSource | None = None) -> Session:
        return session(tmp_path, source, now=f"{day}T09:00", partitions_start=date(2021, 10, 1), **mailbox.settings)

    return at_nine


def lived(opened: Opened, first: date, last: date, source: EditedSource | None = None) -> None:
    """A pipeline that ran every morning up to that of `last`: its schedule is loaded, its results are not."""
    at = opened(last, source)
    build_range(at, first, last - _DAY, tables=RAW)
    build_range(at, last, last, tables=["raw_schedule"])


def alerted(at: Session) -> AlertRun:
    """What an hour of evaluations comes to."""
    now = datetime.now(UTC)
    notify(at, now=now)
    return notify(at, now=now + PATIENCE)


def with_games(days: Iterable[date], season: str = "2021-22") -> list[str]:
    schedule = files().read(ResultSet.SCHEDULE, season)
    assert schedule is not None
    regular = schedule[schedule["gameId"].str.startswith("002", na=False) & ~schedule["postponedStatus"].eq("Y")]
    played = set(regular["gameDateEst"].str[:10])
    return [str(day) for day in days if str(day) in played]


def test_every_day_of_an_outage_is_named_though_no_schedule_of_it_was_loaded(mailbox: Mailbox, opened: Opened) -> None:
    """The daemon was off from the noon of the 4th to the 10th."""
    lived(opened, date(2021, 11, 1), date(2021, 11, 4))
    back = opened(date(2021, 11, 10))
    assert alerted(back).delivered == 1
    silent = [str(day) for day in days_between(date(2021, 11, 4), date(2021, 11, 9))]
    (mail,) = mailbox.mails()
    assert mail.to == (CRITICAL,)
    assert "raw_team_boxscores 2021-11-04 … 2021-11-09 (6 dates) MISSING: the results of 6 dates" in mail.subject
    assert ", ".join(silent) in mail.body
    assert "nba-assets repair 2021-11-04 2021-11-09" in mail.body

    build_range(back, date(2021, 11, 4), date(2021, 11, 9), tables=RAW)
    assert notify(back).delivered == 1
    assert [subject[:23] for subject in mailbox.subjects()[1:]] == ["[nba_assets] RESOLVED: "]


def test_a_silence_that_goes_on_is_one_alert_that_gets_each_new_day(mailbox: Mailbox, opened: Opened) -> None:
    """Only the schedules do not run: the alerts' own sensor does, every morning for three weeks."""
    lived(opened, date(2021, 11, 1), date(2021, 11, 4))
    now = datetime.now(UTC)
    for number, day in enumerate(days_between(date(2021, 11, 5), date(2021, 11, 26))):
        notify(opened(day), now=now + number * _DAY)
    notify(opened(date(2021, 11, 26)), now=now + 22 * _DAY)
    silent = with_games(days_between(date(2021, 11, 4), date(2021, 11, 25)))
    assert len(silent) == 21, "none on Thanksgiving"
    assert len(mailbox.mails()) == 20, "the first one after an hour's patience, here a day; then one a day with games"
    last = mailbox.mails()[-1]
    assert f"2021-11-04 … 2021-11-24 ({len(silent)} dates)" in last.subject
    assert ", ".join(silent) in last.body
    assert "2021-11-25" not in last.body


def test_after_three_weeks_without_daemon_every_day_is_named(mailbox: Mailbox, opened: Opened) -> None:
    lived(opened, date(2021, 11, 1), date(2021, 11, 4))
    assert alerted(opened(date(2021, 11, 26))).delivered == 1
    silent = with_games(days_between(date(2021, 11, 4), date(2021, 11, 25)))
    (mail,) = mailbox.mails()
    assert f"({len(silent)} dates)" in mail.subject
    assert ", ".join(silent) in mail.body


def test_a_range_that_was_backfilled_and_ends_in_the_past_accuses_nobody(mailbox: Mailbox, opened: Opened) -> None:
    at = opened(date(2021, 11, 26))
    build_range(at, date(2021, 11, 1), date(2021, 11, 4), tables=RAW)
    assert alerted(at) == AlertRun(recorded=True)
    assert mailbox.mails() == []


def test_the_days_of_the_all_star_break_are_no_silent_days(mailbox: Mailbox, opened: Opened) -> None:
    """No games from the 18th to the 23rd of February, and nothing was loaded from the 17th to the 25th."""

    def silent() -> list[str]:
        return [subject for subject in mailbox.subjects() if "MISSING" in subject]

    lived(opened, date(2022, 2, 15), date(2022, 2, 17))
    in_break = opened(date(2022, 2, 23))
    alerted(in_break)
    (one_day,) = silent()
    assert "raw_team_boxscores 2022-02-17 MISSING: its results" in one_day
    build_range(in_break, date(2022, 2, 17), date(2022, 2, 17), tables=RAW)
    build_range(in_break, date(2022, 2, 23), date(2022, 2, 23), tables=["raw_schedule"])
    alerted(in_break)
    assert silent()[1:] == ["[nba_assets] RESOLVED: raw_team_boxscores 2022-02-17 MISSING"], "what is left had no games"
    alerted(opened(date(2022, 2, 26)))
    (two_days,) = silent()[2:]
    assert "raw_team_boxscores 2022-02-24, 2022-02-25 MISSING: the results of 2 dates" in two_days


def _until(last: str) -> EditedSource:
    """A source whose schedule, fetched early, ends with a date."""
    return EditedSource({ResultSet.SCHEDULE: lambda games: games[games["gameDateEst"].str[:10] <= last]})


def test_a_day_taken_for_one_with_games_is_let_go_when_its_schedule_has_none(mailbox: Mailbox, opened: Opened) -> None:
    """The schedule at hand ends with the 23rd: the day before Thanksgiving and Thanksgiving may both have games."""
    lived(opened, date(2021, 11, 20), date(2021, 11, 24))
    unknown = opened(date(2021, 11, 26), _until("2021-11-23"))
    assert alerted(unknown).delivered == 1
    assert "2021-11-24, 2021-11-25 MISSING" in mailbox.subjects()[0]
    back = opened(date(2021, 11, 26))
    build_range(back, date(2021, 11, 24), date(2021, 11, 24), tables=RAW)
    build_range(back, date(2021, 11, 25), date(2021, 11, 25), tables=["raw_schedule"])
    assert notify(back).open_alerts == 0


@pytest.mark.parametrize("has_next_schedule", [True, False])
def test_nobody_is_told_of_the_summer(mailbox: Mailbox, opened: Opened, has_next_schedule: bool) -> None:
    """The schedules have not run since the 10th of July, before or after the new season's schedule is published."""
    source = None if has_next_schedule else EditedSource({ResultSet.SCHEDULE: _no_games_of_2022})
    build_range(opened(date(2022, 7, 10), source), date(2022, 7, 1), date(2022, 7, 10), tables=["raw_schedule"])
    before = len(mailbox.mails())
    for day in (date(2022, 7, 15), date(2022, 9, 1)):
        alerted(opened(day, source))
    assert [subject for subject in mailbox.subjects()[before:] if "MISSING" in subject] == []


def _no_games_of_2022(games: pd.DataFrame) -> pd.DataFrame | None:
    return games.head(0) if games["seasonYear"].eq("2022-23").any() else games


def test_a_season_that_no_list_knows_begins_with_its_schedule(
    mailbox: Mailbox, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opening night, 2022-10-18, is in no release: the daemon stopped on the day before, and is back on the 21st."""
    for name in ("2021-22", "2022-23"):
        monkeypatch.delitem(calendar.OPENING_NIGHTS, name)
    lived(opened, date(2022, 10, 10), date(2022, 10, 17))
    assert alerted(opened(date(2022, 10, 18))) == AlertRun(recorded=True), "preseason does not count"
    assert alerted(opened(date(2022, 10, 21))).delivered == 1
    (mail,) = mailbox.mails()
    assert "2022-10-18, 2022-10-19, 2022-10-20 MISSING: the results of 3 dates" in mail.subject


def test_a_season_of_which_nothing_is_at_hand_is_taken_for_begun_in_time(
    mailbox: Mailbox, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a list nor a schedule knows of it."""
    monkeypatch.delitem(calendar.OPENING_NIGHTS, "2022-23")
    source = EditedSource({ResultSet.SCHEDULE: _no_games_of_2022})
    build_range(opened(date(2022, 10, 10)), date(2022, 10, 1), date(2022, 10, 10), tables=["raw_schedule"])
    assert alerted(opened(date(2022, 10, 18), source)).delivered == 1
    assert "2022-10-15, 2022-10-16, 2022-10-17 MISSING" in mailbox.subjects()[0]
